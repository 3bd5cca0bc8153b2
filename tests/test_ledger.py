"""Does every lead end exactly once, with a reason, whatever happens to its crawl?"""

import os
import select
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest
from website import declare, rss, story

from pipelines import steps
from pipelines.errors import BatchError, CheckFailed, CrawlFailed
from pipelines.ledger import LedgerLine
from pipelines.store import batches, staging

HTML = {"Content-Type": "text/html"}
WORDS = "The river rose again today, and the council of the town met for another time to talk of it. " * 4


def page(headline):
    return story(headline, f"{headline}. {WORDS}", WORDS)


def ledger(crawled):
    """The whole line up to the check, which is red when the sum does not balance."""
    steps.extract(crawled.batch)
    lines = list(staging.read(steps.places().data / crawled.batch / batches.LEDGER, LedgerLine))
    assert len(lines) == len({line.url for line in lines}) == crawled.run.leads
    assert not any(f.check == "ledger_balances" for f in steps.check(crawled.batch))
    return {line.url.split("/", 3)[3]: line for line in lines}


def ends(crawled):
    return {path: line.outcome.value for path, line in ledger(crawled).items()}


@pytest.fixture
def wire(home, site):
    declare(home, "wire", site.base)
    return site


def test_duplicates_inside_one_feed_and_between_feeds_are_one_lead(wire, home):
    declare(home, "wire", wire.base, feeds=f'["{wire.base}/rss", "{wire.base}/other"]')
    wire.pages |= {
        "/rss": rss(wire.base, "/a", "/a", "/a/", "/a?utm_source=rss", "/a/amp", "/a#top", "/b"),
        "/other": rss(wire.base, "/b", "/a/index.html", "/a?print=1"),
        "/a": page("A"),
        "/b": page("B"),
    }
    assert ends(steps.crawl("wire")) == {"a": "new", "b": "new"}
    assert Counter(wire.paths())["/a"] == 1
    about_the_site = {"/robots.txt", "/.well-known/tdmrep.json"}
    assert set(wire.paths()) - about_the_site == {"/rss", "/other", "/a", "/b"}


def test_what_a_channel_found_is_what_is_fetched(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a/?utm_source=rss"), "/a/?utm_source=rss": page("A")}
    (line,) = ledger(steps.crawl("wire")).values()
    assert (line.url, line.outcome) == (f"{wire.base}/a", "new")
    assert line.final_url == f"{wire.base}/a/"


def test_a_redirect_onto_a_page_of_this_run_names_its_story(wire):
    wire.pages |= {
        "/rss": rss(wire.base, "/moved", "/a", "/again"),
        "/moved": (301, {"Location": "/a"}, b""),
        "/again": (302, {"Location": "/moved"}, b""),
        "/a": page("A"),
    }
    found = ledger(steps.crawl("wire"))
    assert {path: line.outcome for path, line in found.items()} == {
        "a": "new",
        "moved": "duplicate",
        "again": "duplicate",
    }
    assert found["moved"].story_id == found["a"].story_id is not None


def test_a_redirect_onto_a_page_of_an_earlier_run_names_its_story(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": page("A")}
    first = ledger(steps.crawl("wire"))
    wire.pages |= {"/rss": rss(wire.base, "/moved"), "/moved": (301, {"Location": "/a"}, b"")}
    second = ledger(steps.crawl("wire"))
    assert (second["moved"].outcome, second["moved"].story_id) == ("duplicate", first["a"].story_id)


def test_a_feed_of_redirects_is_rechecked_through_them(wire, home):
    declare(home, "wire", wire.base, recheck='["1ms"]')
    asked_with = []

    def moved(request):
        asked_with.append(request.headers.get("If-None-Match"))
        return 200, HTML | {"ETag": f'"{len(asked_with)}"'}, page(f"Rain {len(asked_with)}")

    wire.pages |= {
        "/rss": rss(wire.base, "/r/1"),
        "/r/1": (302, {"Location": "/rain"}, b""),
        "/rain": moved,
    }
    assert ends(steps.crawl("wire")) == {"r/1": "new"}
    assert ends(steps.crawl("wire")) == {"r/1": "updated"}
    assert asked_with == [None, '"1"']


def test_what_a_page_calls_its_own_address_is_in_the_ledger_and_not_fetched_again(wire):
    def linked(headline, own):
        return page(headline).replace(b"<title>", f'<link rel="canonical" href="{own}"><title>'.encode())

    wire.pages |= {
        "/rss": rss(wire.base, "/m/story-77114", "/wrong"),
        "/m/story-77114": linked("A", "/news/rain-77114"),
        "/wrong": linked("B", "/"),
    }
    found = ledger(steps.crawl("wire"))
    assert found["story-77114"].canonical_url == f"{wire.base}/news/rain-77114"
    assert found["wrong"].canonical_url == f"{wire.base}/"
    assert found["wrong"].story_id != found["story-77114"].story_id
    wire.pages["/rss"] = rss(wire.base, "/news/rain-77114")
    assert ends(steps.crawl("wire")) == {"news/rain-77114": "not_due"}


def test_stopped_while_a_page_does_not_answer_every_lead_ends_and_the_next_crawl_takes_up_the_rest(wire):
    stop = threading.Event()

    def silent(request):
        stop.set()
        request.connection.recv(1)  # until the other end gives up

    wire.pages |= {"/rss": rss(wire.base, "/a", "/silent", "/b"), "/silent": silent}
    wire.pages |= {"/a": page("A"), "/b": page("B")}
    crawled = steps.crawl("wire", stop=stop)
    assert crawled.run.finish_reason == "stopped"
    found = ledger(crawled)
    assert [found[path].outcome for path in ("a", "silent", "b")] == ["new", "over_budget", "over_budget"]
    assert "stopped" in found["b"].reason
    wire.pages["/silent"] = page("S")
    assert ends(steps.crawl("wire")) == {"silent": "new", "b": "new"}


def test_killed_with_its_parent_it_leaves_no_batch_and_the_next_crawl_finds_all(wire, home):
    here = threading.Event()
    go_on = threading.Event()

    def held(request):
        here.set()
        go_on.wait(30)
        return page("Held")

    paths = [f"/{n}" for n in range(5)]
    wire.pages |= {p: page(p) for p in paths} | {"/rss": rss(wire.base, *paths), "/2": held}
    parent = subprocess.Popen(
        [sys.executable, "-c", "from pipelines import steps; steps.crawl('wire')"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert here.wait(60)
        (spider,) = map(os.pidfd_open, _children(parent.pid))
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    assert select.select([spider], [], [], 30)[0], "the spider outlives its parent"
    os.close(spider)
    go_on.set()
    assert batches.of_source(steps.places().data, "wire") == []
    wire.pages["/2"] = page("Held")
    assert ends(steps.crawl("wire")) == {path[1:]: "new" for path in paths}


def test_what_only_a_killed_crawl_was_told_is_not_lost(wire):
    def rolls_on(request):
        for pid in _children(os.getpid()):
            os.kill(pid, signal.SIGKILL)

    paths = [f"/{n}" for n in range(30)]
    wire.pages |= {p: page(p) for p in paths} | {"/rss": rss(wire.base, *paths), "/29": rolls_on}
    with pytest.raises(CrawlFailed, match="killed by signal 9"):
        steps.crawl("wire")
    wire.pages |= {
        "/29": page("29"),
        "/new": page("New"),
        "/rss": rss(wire.base, "/new"),
    }  # the feed rolled on
    assert ends(steps.crawl("wire")) == {path[1:]: "new" for path in [*paths, "/new"]}


def test_a_ledger_that_does_not_balance_is_red(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a", "/b"), "/a": page("A"), "/b": page("B")}
    crawled = steps.crawl("wire")
    steps.extract(crawled.batch)
    path = steps.places().data / crawled.batch / batches.LEDGER
    lines = list(staging.read(path, LedgerLine))
    staging.write(path, LedgerLine, lines[:1])
    with pytest.raises(CheckFailed, match="2 leads were found, 1 are accounted for"):
        steps.check(crawled.batch)
    staging.write(path, LedgerLine, [*lines, lines[0]])
    with pytest.raises(CheckFailed, match="2 leads were found, 3 are accounted for"):
        steps.check(crawled.batch)
    staging.write(path, LedgerLine, [lines[0], lines[0]])
    with pytest.raises(CheckFailed, match="1 end more than once"):
        steps.check(crawled.batch)


def test_a_page_that_is_not_in_the_archive_is_an_error_of_its_batch(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": page("A")}
    crawled = steps.crawl("wire")
    log = steps.places().data / crawled.batch / batches.CRAWL_LOG
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join([*lines, lines[-1].replace("/a", "/lost").replace("urn:uuid:", "urn:uuid:0")]))
    with pytest.raises(BatchError, match="not in its archive"):
        steps.extract(crawled.batch)


def _children(parent):
    """Crawl programs that a process started."""
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline") as file, open(f"/proc/{entry}/stat") as stat:
                if (
                    int(stat.read().rsplit(") ", 1)[1].split()[1]) == parent
                    and "\0-m\0spiders\0" in file.read()
                ):
                    yield int(entry)
        except OSError:
            continue

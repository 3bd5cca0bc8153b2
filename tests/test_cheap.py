"""What does a crawl cost where little is new, and is nothing missed for it?"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from website import declare, rss, story

from pipelines import steps
from pipelines.frontier import ENOUGH
from pipelines.store import batches
from pipelines.store.state import open_memory


def lines(crawled, kind):
    log = batches.lines(steps.places().data / crawled.batch / batches.CRAWL_LOG)
    return [line for line in log if line["kind"] == kind]


def said(crawled):
    """How each channel's asking ended, by its path."""
    return {line["url"].rpartition("/")[2]: line.get("outcome") for line in lines(crawled, "channel")}


def found(crawled):
    return {line["url"].rpartition("/")[2] for line in lines(crawled, "lead") if line["outcome"] is None}


def memory():
    return open_memory(steps.places().data / "wire" / batches.FRONTIER)


def change(**values):
    """Make the memory think of another day."""
    with memory() as known:
        for table, name in ((t, n) for t in ("heard", "seen") for n in values):
            columns = {row[1] for row in known._db.execute(f"pragma table_info({table})")}
            if name in columns:
                known._db.execute(f"update {table} set {name} = {values[name]} where {name} is not null")
        known._db.commit()


@pytest.fixture
def wire(home, site):
    declare(home, "wire", site.base)
    return site


def answering(body, **headers):
    """A channel that knows whether it changed, and one count of how it was asked."""

    def feed(request):
        if headers.get("ETag") and request.headers.get("If-None-Match") == headers["ETag"]:
            return 304, {}, b""
        return 200, {"Content-Type": "text/xml", **headers}, body

    return feed


def test_an_unchanged_source_costs_one_request_per_channel_and_no_page(wire, home):
    more = {
        "feeds": f'["{wire.base}/rss", "{wire.base}/atom"]',
        "sitemaps": f'["{wire.base}/news.xml"]',
        "recheck": '["7d"]',
    }
    declare(home, "wire", wire.base, **more)
    paths = [f"/{n}" for n in range(9)]
    locs = "".join(f"<url><loc>{wire.base}{p}</loc></url>" for p in paths)
    wire.pages |= {p: story(p, "words") for p in paths}
    wire.pages |= {
        "/rss": answering(rss(wire.base, *paths)[2], ETag='"1"'),
        "/atom": rss(wire.base, *paths[:4]),  # without validators: the bytes tell
        "/news.xml": answering(f"<urlset>{locs}</urlset>".encode(), ETag='"2"'),
    }
    assert len(found(steps.crawl("wire"))) == 9
    wire.asked.clear()
    assert said(steps.crawl("wire")) == dict.fromkeys(["rss", "atom", "news.xml"], "unchanged")
    assert Counter(wire.paths()) == dict.fromkeys(["/robots.txt", "/rss", "/atom", "/news.xml"], 1)


def test_a_channel_that_says_304_for_ever_is_found_out(wire, home):
    declare(home, "wire", wire.base, feeds=f'["{wire.base}/stuck", "{wire.base}/rival"]')
    stories = [f"/{n}" for n in range(6)]
    wire.pages |= {p: story(p, "words") for p in [*stories, "/only-here"]}

    def both(n, *stuck):
        wire.pages |= {
            "/stuck": answering(rss(wire.base, *stuck)[2], ETag='"always"'),
            "/rival": rss(wire.base, *stories[:n]),
        }
        return steps.crawl("wire")

    both(1, "/0")
    change(rivals="2")
    assert said(both(2, "/only-here"))["stuck"] == "unchanged"  # that is what it says
    assert found(both(3, "/only-here")) == {"only-here", "2"}
    with memory() as known:
        assert known.channel(f"{wire.base}/stuck").lies


def test_a_channel_is_asked_for_its_body_once_a_day_whatever_it_says(wire):
    wire.pages |= {"/rss": answering(rss(wire.base, "/a")[2], ETag='"always"'), "/a": story("A", "a")}
    steps.crawl("wire")
    wire.pages |= {"/rss": answering(rss(wire.base, "/b")[2], ETag='"always"'), "/b": story("B", "b")}
    change(full_at="full_at - 90000")
    assert found(steps.crawl("wire")) == {"b"}


def test_a_channel_that_is_not_due_is_not_asked_and_says_so(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": story("A", "a")}
    steps.crawl("wire")
    change(last_asked_at="last_asked_at - 86400", due_at="due_at + 86400")
    wire.asked.clear()
    (line,) = lines(steps.crawl("wire"), "channel")
    assert (line["outcome"], line["reason"].startswith("asked again at ")) == ("not_due", True)
    assert wire.paths() == []


def test_what_a_feed_states_is_learned_from_its_answer(wire):
    status, headers, body = rss(wire.base, "/a")
    body = body.replace(b"<title>t</title>", b"<title>t</title><ttl>30</ttl>")
    wire.pages |= {"/rss": (status, headers | {"Cache-Control": "max-age=60"}, body), "/a": story("A", "a")}
    steps.crawl("wire")
    with memory() as known:
        heard = known.channel(f"{wire.base}/rss")
    assert heard.due_at - heard.last_asked_at == timedelta(minutes=30)


def test_a_known_page_is_asked_with_its_validators_and_costs_no_body(wire, home):
    declare(home, "wire", wire.base, recheck='["1ms"]')
    wire.pages |= {
        "/rss": rss(wire.base, "/a"),
        "/a": answering(story("A", "a"), **{"Content-Type": "text/html", "ETag": '"1"'}),
    }
    steps.crawl("wire")
    (line,) = lines(steps.crawl("wire"), "lead")
    assert (line["outcome"], line["http_status"]) == ("unchanged", 304)


def test_rechecks_that_never_find_an_edit_become_fewer(wire, home):
    declare(home, "wire", wire.base, recheck='["1ms", "7d"]')
    paths = [f"/{n}" for n in range(ENOUGH)]
    words = "The river rose again today, and the council met for another time this week to talk of it. " * 3
    wire.pages |= {p: story(p, f"{p} of many. {words}") for p in paths} | {"/rss": rss(wire.base, *paths)}

    steps.extract(steps.crawl("wire").batch)
    wire.asked.clear()
    steps.crawl("wire")
    assert set(paths) < set(wire.paths())
    new = [f"/new-{n}" for n in range(40)]
    wire.pages |= {p: story(p, words) for p in new} | {"/rss": rss(wire.base, *new)}
    steps.crawl("wire")
    with memory() as known:
        soon = [path for path in new if known.get(wire.base + path).due_at < datetime.now(UTC)]
    assert 0 < len(soon) < 20

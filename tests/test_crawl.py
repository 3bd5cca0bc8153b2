"""What does a real crawl over real HTTP leave behind, however it ends?"""

import gzip
import json
import os
import random
import resource
import signal
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from website import declare, rss, story

from pipelines import steps
from pipelines.errors import CrawlFailed, SourceError, UsageError
from pipelines.store import archive, batches

HTML = {"Content-Type": "text/html"}


def crawl(name="wire", **more):
    return steps.crawl(name, **more)


def log_of(crawled):
    folder = steps.places().data / crawled.batch
    return list(batches.lines(folder / batches.CRAWL_LOG))


def outcomes(crawled):
    return {
        line["url"].split("/", 3)[3]: line["outcome"] for line in log_of(crawled) if line["kind"] == "lead"
    }


def records(crawled):
    with (steps.places().data / crawled.batch / batches.PAGES).open("rb") as file:
        return list(archive.records(file, "pages"))


def fetches(crawled):
    return list(batches.lines(steps.places().data / crawled.batch / batches.FETCH_LOG))


@pytest.fixture
def wire(home, site):
    declare(home, "wire", site.base)
    return site


def test_each_lead_ends_in_its_outcome(wire):
    wire.pages |= {
        "/rss": rss(wire.base, "/good", "/packed", "/pdf", "/404", "/410", "/500", "/moved", "/to-good", "/loop",
                    "/away", "/inside", "/torn", "/closed", "/hangup"),
        "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /closed\n"),
        "/good": story("Rain", "It rained."),
        "/packed": (200, HTML | {"Content-Encoding": "gzip"}, gzip.compress(story("Wind", "It blew."))),
        "/pdf": (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7"),
        "/410": (410, HTML, b"gone"),
        "/500": (500, HTML, b"oops"),
        "/moved": (301, {"Location": "/2026/moved"}, b""),
        "/2026/moved": story("Sun", "It shone."),
        "/to-good": (302, {"Location": "/good"}, b""),
        "/loop": (302, {"Location": "/loop?n=0"}, b""),
        "/away": (302, {"Location": "http://elsewhere.example/"}, b""),
        "/inside": (302, {"Location": "http://169.254.169.254/latest/"}, b""),
        "/torn": (200, HTML | {"Content-Encoding": "gzip"}, gzip.compress(random.Random(1).randbytes(999))[:11]),
        "/hangup": lambda request: request.connection.shutdown(2),
    }  # fmt: skip
    for n in range(9):
        wire.pages[f"/loop?n={n}"] = (302, {"Location": f"/loop?n={n + 1}"}, b"")
    crawled = crawl()
    assert outcomes(crawled) == {
        "good": None,
        "packed": None,
        "pdf": "not_html",
        "404": "gone",
        "410": "gone",
        "500": "http_error",
        "moved": None,
        "to-good": "duplicate",
        "loop": "http_error",
        "away": "out_of_scope",
        "inside": "out_of_scope",
        "torn": "bad_content",
        "closed": "robots_denied",
        "hangup": "connection_error",
    }
    assert crawled.run.leads == 14
    assert crawled.run.finish_reason == "finished"


def test_the_archive_has_every_answer_as_it_was_received(wire):
    packed = gzip.compress(story("Wind", "It blew."))
    wire.pages |= {
        "/rss": rss(wire.base, "/packed", "/404", "/moved"),
        "/packed": (200, HTML | {"Content-Encoding": "gzip", "ETag": '"7"'}, packed),
        "/moved": (301, {"Location": "/wind"}, b""),
        "/wind": story("Wind", "It blew."),
    }
    crawled = crawl()
    kept = {r.url.removeprefix(wire.base): r for r in records(crawled)}
    assert {path: r.status for path, r in kept.items()} == {
        "/robots.txt": 404, "/rss": 200, "/packed": 200, "/404": 404, "/moved": 301, "/wind": 200,
        "/.well-known/tdmrep.json": 404,
    }  # fmt: skip
    assert kept["/packed"].payload == packed
    assert dict(kept["/packed"].headers)["etag"] == '"7"'
    noted = {(f["url"].removeprefix(wire.base), f["purpose"], f["outcome"]) for f in fetches(crawled)}
    assert ("/moved", "story", "redirect") in noted
    assert ("/robots.txt", "robots", "gone") in noted
    assert ("/rss", "channel", "ok") in noted
    assert {f["record_id"] for f in fetches(crawled)} == {r.record_id for r in records(crawled)}


def test_a_second_crawl_asks_only_for_what_is_new(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": story("A", "a")}
    crawl()
    wire.pages |= {"/rss": rss(wire.base, "/b", "/a"), "/b": story("B", "b")}
    wire.asked.clear()
    assert outcomes(crawl()) == {"b": None, "a": "not_due"}
    assert Counter(wire.paths()) == {"/robots.txt": 1, "/rss": 1, "/b": 1}


def test_an_unchanged_source_costs_one_question(wire):
    def feed(request):
        if request.headers.get("If-None-Match") == '"1"':
            return 304, {}, b""
        status, headers, body = rss(wire.base, "/a")
        return status, headers | {"ETag": '"1"'}, body

    wire.pages |= {"/rss": feed, "/a": story("A", "a")}
    crawl()
    wire.asked.clear()
    crawled = crawl()
    assert wire.paths() == ["/robots.txt", "/rss"]
    assert [(line["kind"], line["outcome"]) for line in log_of(crawled)] == [("channel", "unchanged")]


def test_we_say_who_we_are_and_send_no_cookies(wire):
    wire.pages |= {
        "/rss": rss(wire.base, "/a", "/b"),
        "/a": (200, HTML | {"Set-Cookie": "id=7"}, story("A", "a")),
        "/b": story("B", "b"),
    }
    crawl()
    agents = {headers["user-agent"] for _, headers in wire.asked}
    assert len(agents) == 1
    assert agents.pop().startswith("Wirehouse/")
    assert not any("cookie" in headers or "referer" in headers for _, headers in wire.asked)


@pytest.mark.parametrize("contact", ["desk@wire.example", "https://wire.example/bot"])
def test_the_user_agent_says_whom_to_write_to(wire, monkeypatch, contact):
    monkeypatch.setenv("WIREHOUSE_CONTACT", contact)
    crawl()
    agents = {headers["user-agent"] for _, headers in wire.asked}
    assert {agent.split("; ")[-1] for agent in agents} == {f"+{contact})"}


@pytest.mark.parametrize("contact", ["me", "a b@wire.example", "me@wire.example\r\nX: y", "file:///etc"])
def test_a_contact_that_is_none_is_refused(home, monkeypatch, contact):
    monkeypatch.setenv("WIREHOUSE_CONTACT", contact)
    with pytest.raises(UsageError, match="WIREHOUSE_CONTACT"):
        steps.places()


def test_without_a_contact_a_crawl_of_somebody_elses_server_warns(home, caplog):
    declare(home, "wire", "http://wire.invalid")
    crawl()
    assert "WIREHOUSE_CONTACT" in caplog.text


def test_it_asks_one_page_at_a_time_and_no_faster_than_robots_txt_wants(wire):
    moments, now_asking, most = [], threading.Semaphore(9), []

    def slow(request):
        moments.append(time.monotonic())
        now_asking.acquire()
        most.append(9 - now_asking._value)
        time.sleep(0.05)
        now_asking.release()
        return story("A", "a")

    paths = [f"/{n}" for n in range(4)]
    wire.pages |= dict.fromkeys(paths, slow) | {
        "/rss": rss(wire.base, *paths),
        "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nCrawl-delay: 0.5\n"),
    }
    crawl()
    assert len(moments) == 4
    assert max(most) == 1
    # The server notes when its thread is woken, which a busy machine does late: over all, that is nothing.
    assert moments[-1] - moments[0] >= 3 * 0.5 - 0.3


def test_a_source_that_cannot_be_reached_is_a_batch_that_says_so(home):
    declare(home, "wire", "http://127.0.0.1:9")  # discard: nobody listens
    (line,) = log_of(crawl())
    assert (line["kind"], line["outcome"]) == ("channel", "connection_error")


def test_a_feed_that_is_a_web_page_says_so(wire):
    wire.pages["/rss"] = b"<html><title>Sign in</title>"
    (line,) = log_of(crawl())
    assert (line["outcome"], "no feed" in line["reason"]) == ("bad_content", True)


def test_an_unknown_source_is_named(home):
    with pytest.raises(SourceError, match="no source named 'nobody'"):
        crawl("nobody")


def test_stopped_it_keeps_what_it_has_and_every_lead_has_an_end(wire):
    stop = threading.Event()

    def page(request):
        stop.set()
        return story("A", "a")

    paths = [f"/{n}" for n in range(30)]
    wire.pages |= dict.fromkeys(paths, page) | {"/rss": rss(wire.base, *paths)}
    wire.pages["/robots.txt"] = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nCrawl-delay: 0.2\n")
    crawled = crawl(stop=stop)
    counts = Counter(outcomes(crawled).values())
    assert crawled.run.finish_reason == "stopped"
    assert sum(counts.values()) == crawled.run.leads == 30
    assert counts["over_budget"] > 0  # it stopped before it was done
    assert counts[None] >= 1
    again = crawl()  # takes up what was left
    assert Counter(outcomes(again).values())[None] == counts["over_budget"]


def hangs(stop):
    def page(request):
        stop.set()
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n<p>")
        request.wfile.flush()
        request.connection.recv(1)  # until the other end gives up

    return page


@pytest.mark.parametrize("how", ["stopped", "deadline"])
def test_neither_a_page_that_hangs_nor_a_long_delay_holds_up_the_end(wire, home, how):
    declare(home, "wire", wire.base, delay='"1s"')
    stop = threading.Event()
    paths = ["/first", "/hangs", *(f"/{n}" for n in range(20))]
    wire.pages |= dict.fromkeys(paths, story("A", "a")) | {"/rss": rss(wire.base, *paths)}
    wire.pages["/hangs"] = hangs(stop)
    crawled = crawl(stop=stop) if how == "stopped" else crawl(deadline=timedelta(seconds=8))
    assert crawled.run.finish_reason == how
    assert outcomes(crawled)["first"] is None
    assert len(outcomes(crawled)) == crawled.run.leads == 22
    assert [r.url for r in records(crawled) if r.url.endswith("/first")]


def test_an_index_that_never_changes_hides_no_story(wire, home):
    declare(home, "wire", wire.base, feeds="[]", sitemaps=f'["{wire.base}/index.xml"]')
    index = f"<sitemapindex><sitemap><loc>{wire.base}/n.xml</loc></sitemap></sitemapindex>"
    wire.pages |= {"/index.xml": (200, {"ETag": '"1"', "Content-Type": "text/xml"}, index.encode())}

    def news(*paths):
        return f"<urlset>{''.join(f'<url><loc>{wire.base}{p}</loc></url>' for p in paths)}</urlset>".encode()

    wire.pages |= {"/n.xml": news("/a"), "/a": story("A", "a"), "/b": story("B", "b")}
    crawl()
    wire.pages["/n.xml"] = news("/a", "/b")
    assert outcomes(crawl()) == {"a": "not_due", "b": None}


def test_a_feed_that_was_sick_is_no_story_later(wire):
    wire.pages["/rss"] = b"<html><title>Sign in</title>"
    crawl()
    crawled = crawl()
    assert outcomes(crawled) == {}
    assert [f["purpose"] for f in fetches(crawled)] == ["robots", "channel"]


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:99999/x", "http://127.0.0.1:abc/x", "http://a\\@127.0.0.1/x"]
)
def test_one_bad_link_costs_only_itself(wire, link):
    status, headers, body = rss(wire.base, "/a", "/bad", "/moved")
    wire.pages |= {
        "/rss": (status, headers, body.replace(f"{wire.base}/bad".encode(), link.encode())),
        "/a": story("A", "a"),
        "/moved": (302, {"Location": link}, b""),
    }
    assert outcomes(crawl()) == {"a": None, "moved": "http_error"}


def test_two_leads_to_one_page_fetch_it_once(wire):
    wire.pages |= {
        "/rss": rss(wire.base, "/x", "/y"),
        "/x": (302, {"Location": "/t"}, b""),
        "/y": (302, {"Location": "/t"}, b""),
        "/t": story("T", "t"),
    }
    assert sorted(map(str, outcomes(crawl()).values())) == ["None", "duplicate"]
    wire.pages["/rss"] = rss(wire.base, "/t")
    assert outcomes(crawl()) == {"t": "not_due"}
    assert wire.paths().count("/t") == 1


def test_old_stories_do_not_starve_the_news(wire, home):
    declare(home, "wire", wire.base, budget="2", recheck='["1s"]')
    old = [f"/o{n}" for n in range(4)]
    wire.pages |= dict.fromkeys([*old, "/new"], story("A", "a")) | {"/rss": rss(wire.base, *old)}
    crawl()
    wire.pages["/rss"] = rss(wire.base, "/new")
    assert outcomes(crawl())["new"] is None


def test_a_robots_txt_in_trouble_allows_nothing(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": story("A", "a"), "/robots.txt": (503, {}, b"")}
    (line,) = log_of(crawl())
    assert (line["kind"], line["outcome"]) == ("channel", "http_error")
    assert line["reason"] == "robots.txt answered 503: nothing is allowed"
    assert "/rss" not in wire.paths()


def test_a_log_that_cannot_be_written_fails_the_crawl(wire):
    paths = [f"/{n}-{'x' * 900}" for n in range(300)]
    wire.pages["/rss"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(rss(wire.base, *paths)[2]))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(CrawlFailed, match="crawl log could not be written"):
            crawl()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert batches.of_source(steps.places().data, "wire") == []


def test_killed_it_leaves_nothing_that_looks_whole(wire):
    def page(request):
        for pid in _crawlers():
            os.kill(pid, signal.SIGKILL)
        return story("A", "a")

    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": page}
    with pytest.raises(CrawlFailed, match="crawl of wire: .*killed by signal 9"):
        crawl()
    assert batches.of_source(steps.places().data, "wire") == []
    assert [p.name for p in (steps.places().data / "wire").iterdir() if p.name.endswith(".part")] == []
    wire.pages["/a"] = story("A", "a")
    assert outcomes(crawl()) == {"a": None}


def test_a_full_disk_fails_the_crawl_and_leaves_no_half_batch(wire):
    paths = [f"/{n}" for n in range(6)]
    big = [(200, HTML, random.Random(n).randbytes(200_000)) for n in range(6)]
    wire.pages |= dict(zip(paths, big, strict=True)) | {"/rss": rss(wire.base, *paths)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))  # the crawl inherits it
    try:
        with pytest.raises(CrawlFailed, match="archive could not be written"):
            crawl()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert batches.of_source(steps.places().data, "wire") == []


def test_two_crawls_of_a_source_do_not_run_at_once(wire):
    seen = []

    def page(request):
        try:
            crawl()
        except CrawlFailed as error:
            seen.append(str(error))
        return story("A", "a")

    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": page}
    crawl()
    assert seen == ["another crawl of wire is running; wait for it to end"]


def test_tried_on_another_server_a_source_is_fetched_from_there(home, site):
    declare(home, "real", "https://wire.example")
    site.pages |= {"/rss": rss("https://wire.example", "/a"), "/a": story("A", "a")}
    assert outcomes(crawl("real", url_base=site.base)) == {"a": None}


def _crawlers():
    """Crawl programs that this process started."""
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline") as file, open(f"/proc/{entry}/stat") as stat:
                parent = int(stat.read().rsplit(") ", 1)[1].split()[1])
                if parent == os.getpid() and "\0-m\0spiders\0" in file.read():
                    yield int(entry)
        except (OSError, ValueError):
            continue


def test_the_run_says_what_it_did(wire):
    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": story("A", "a")}
    crawled = crawl()
    kept = json.loads((steps.places().data / crawled.batch / batches.RUN).read_text())
    assert (kept["leads"], kept["responses"], kept["kind"], kept["source_id"]) == (1, 4, "crawl", "wire")
    assert kept["bytes"] > 0

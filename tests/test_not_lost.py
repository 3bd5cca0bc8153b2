"""Is a story found though its server, its feed or our own crawl was not ready for it?"""

import os
import signal
import threading
from datetime import UTC, datetime

import pytest
from crawling import crawl, log_of, outcomes
from test_ledger import _children
from website import declare, rss, story

from pipelines import steps
from pipelines.errors import CrawlFailed


@pytest.fixture
def wire(home, site):
    declare(home, "wire", site.base)
    return site


def test_a_304_that_nobody_asked_for_is_no_answer(wire, home):
    declare(home, "wire", wire.base, feeds=f'["{wire.base}/rss", "{wire.base}/mute"]')
    nothing = 304, {}, b""
    wire.pages |= {"/rss": rss(wire.base, "/a"), "/a": nothing, "/mute": nothing}
    crawled = crawl()
    assert outcomes(crawled) == {"a": "http_error"}
    said = {line["url"].rsplit("/", 1)[1]: line.get("outcome") for line in log_of(crawled, "channel")}
    assert said == {"rss": None, "mute": "http_error"}


def test_what_led_nowhere_once_may_be_led_to_later(wire):
    wire.pages |= {"/rss": rss(wire.base, "/early")}
    assert outcomes(crawl()) == {"early": "gone"}
    wire.pages |= {
        "/rss": rss(wire.base, "/short"),
        "/short": (302, {"Location": "/early"}, b""),
        "/early": story("Early", "It is there now."),
    }
    assert outcomes(crawl())["short"] is None


def test_a_page_that_a_redirect_led_to_is_not_fetched_again_when_a_channel_names_it_later(wire, home):
    asked_for_target = threading.Event()

    def late(request):
        assert asked_for_target.wait(30)
        return rss(wire.base, "/target")

    def target(request):
        asked_for_target.set()
        return story("Target", "It is here.")

    other = wire.base.replace("127.0.0.1", "localhost")
    declare(
        home,
        "wire",
        wire.base,
        feeds=f'["{wire.base}/rss", "{other}/late"]',
        private_hosts='["127.0.0.1", "localhost"]',
    )
    wire.pages |= {
        "/rss": rss(wire.base, "/moved"),
        "/moved": (302, {"Location": "/target"}, b""),
        "/target": target,
        "/late": late,
    }
    assert outcomes(crawl()) == {"moved": None, "target": "duplicate"}
    assert wire.paths().count("/target") == 1


def test_what_waits_for_its_turn_does_not_starve_what_is_new(wire, home):
    def listed(*paths):
        locs = "".join(f"<url><loc>{wire.base}{p}</loc></url>" for p in paths)
        return f"<urlset>{locs}</urlset>".encode()

    declare(home, "wire", wire.base, feeds="[]", sitemaps=f'["{wire.base}/map"]', budget="4")
    old = [f"/o{n}" for n in range(20)]
    wire.pages |= dict.fromkeys([*old, "/new"], story("A", "a")) | {"/map": listed(*old)}
    crawl()
    wire.pages["/map"] = listed(*old, "/new")
    ends = outcomes(crawl())
    assert ends["new"] is None
    assert (
        sum(outcome is None for outcome in ends.values()) == 3
    )  # and half of the budget for those that wait


def test_a_host_that_wants_to_rest_does_so_though_the_crawl_was_killed(wire, home):
    """The second feed, on another host, holds the crawl until it is killed."""
    over = threading.Event()

    def kill(request):
        logs = (steps.places().data / "wire").glob(".*.part/crawl.jsonl")
        (log,) = logs
        while '"rest_until_at"' not in log.read_text():
            assert not over.wait(0.01)
        for pid in _children(os.getpid()):
            os.kill(pid, signal.SIGKILL)

    other = wire.base.replace("127.0.0.1", "localhost")
    declare(
        home,
        "wire",
        wire.base,
        feeds=f'["{wire.base}/rss", "{other}/last"]',
        private_hosts='["127.0.0.1", "localhost"]',
    )
    wire.pages |= {"/rss": (429, {"Retry-After": "3600"}, b""), "/last": kill}
    try:
        with pytest.raises(CrawlFailed, match="killed by signal 9"):
            crawl()
    finally:
        over.set()
    wire.pages |= {"/rss": rss(wire.base), "/last": rss(wire.base)}
    wire.asked.clear()
    crawl()
    assert "/last" in wire.paths()
    assert "/rss" not in wire.paths()


def test_what_one_channel_calls_changed_is_looked_at_though_another_named_it_before(wire, home):
    declare(
        home,
        "wire",
        wire.base,
        feeds=f'["{wire.base}/rss"]',
        sitemaps=f'["{wire.base}/map"]',
        recheck='["7d"]',
    )

    def listed(changed):
        return f"<urlset><url><loc>{wire.base}/a</loc><lastmod>{changed}</lastmod></url></urlset>".encode()

    wire.pages |= {
        "/rss": rss(wire.base, "/a"),
        "/map": listed("2026-03-05T12:00:00Z"),
        "/a": story("A", "a"),
    }
    assert outcomes(crawl()) == {"a": None}
    wire.pages |= {
        "/rss": rss(wire.base, "/a", "/a?utm_source=rss"),
        "/map": listed(datetime.now(UTC).isoformat()),
        "/a": story("A", "It was corrected."),
    }
    assert outcomes(crawl()) == {"a": "not_due"}
    assert outcomes(crawl()) == {"a": None}


def test_each_declared_channel_is_asked_however_many_there_are(wire, home):
    feeds = [f"/feed-{n}" for n in range(60)]
    declare(home, "wire", wire.base, feeds=str([wire.base + path for path in feeds]))
    wire.pages |= {path: rss(wire.base) for path in feeds}
    crawl()
    assert set(feeds) <= set(wire.paths())

"""Does a crawl find all that its channels announce, and a backfill the days it is asked for? Real HTTP."""

import asyncio
import itertools
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest
from scrapy import Request
from scrapy.http import XmlResponse
from website import declare, rss, story

from pipelines import steps
from pipelines.errors import CrawlFailed
from pipelines.records import Source
from pipelines.store import batches
from pipelines.store.state import open_memory
from spiders.channels import Call
from spiders.job import Job
from spiders.source import SourceSpider

XML = {"Content-Type": "application/xml"}
SLUGS = [f"/world/the-harbour-vote-is-delayed-again-{n}" for n in range(40, 60)]
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def log_of(crawled, kind):
    lines = batches.lines(steps.places().data / crawled.batch / batches.CRAWL_LOG)
    return [line for line in lines if line["kind"] == kind]


def outcomes(crawled):
    return {"/" + x["url"].split("/", 3)[3]: x["outcome"] for x in log_of(crawled, "lead")}


def front(*paths):
    links = "".join(f'<h2><a href="{path}">The harbour vote is delayed again</a></h2>' for path in paths)
    return f'<!doctype html><html><body><nav><a href="/world">World</a></nav>{links}</body></html>'.encode()


def sitemap(base, *places):
    """Each place is a path, or a path and what the sitemap says of it."""
    said = ((p, "") if isinstance(p, str) else p for p in places)
    return (
        200,
        XML,
        f"<urlset>{''.join(f'<url><loc>{base}{p}</loc>{more}</url>' for p, more in said)}</urlset>".encode(),
    )


def index(base, *parts):
    listed = "".join(
        f"<sitemap><loc>{base}{path}</loc><lastmod>{day}</lastmod></sitemap>" for path, day in parts
    )
    return 200, XML, f"<sitemapindex>{listed}</sitemapindex>".encode()


def paged(base, stories, per_page, *, newest=datetime(2026, 3, 20, 12, tzinfo=UTC)):
    """A blog's feed: a story a day, newest first, a few to a page; `?paged=` leads back."""

    def page(request):
        number = int(request.path.partition("paged=")[2] or 1)
        items = "".join(
            f"<item><title>Vote</title><link>{base}{path}</link>"
            f"<pubDate>{format_datetime(newest - timedelta(days=n))}</pubDate></item>"
            for n, path in enumerate(stories)
            if (number - 1) * per_page <= n < number * per_page
        )
        said = f"<title>w</title><generator>https://wordpress.org/?v=6.7</generator>{items}"
        return 200, XML, f'<rss version="2.0"><channel>{said}</channel></rss>'.encode()

    return page


@pytest.fixture
def wire(home, site):
    site.pages |= dict.fromkeys(SLUGS, story("Vote", "It was delayed."))
    return site


def asked(site, what):
    return [path for path in site.paths() if what in path]


def test_a_source_of_section_pages_alone_is_found(wire, home):
    declare(home, "wire", wire.base, feeds="[]", sections=f'["{wire.base}/world"]')
    wire.pages["/world"] = front(*SLUGS[:3])
    assert outcomes(steps.crawl("wire")) == dict.fromkeys(SLUGS[:3])
    wire.pages["/world"] = front(SLUGS[3], *SLUGS[:3])
    assert outcomes(steps.crawl("wire")) == {SLUGS[3]: None} | dict.fromkeys(SLUGS[:3], "not_due")


def test_feeds_that_the_home_page_names_are_followed_and_every_sighting_is_kept(wire, home):
    declare(home, "wire", wire.base, feeds="[]", sections=f'["{wire.base}/world"]', discover="true")
    named = b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>'
    wire.pages |= {"/": named, "/rss": rss(wire.base, *SLUGS[:2]), "/world": front(*SLUGS[1:3])}
    crawled = steps.crawl("wire")
    assert outcomes(crawled) == dict.fromkeys(SLUGS[:3])
    sighted = {(x["url"].removeprefix(wire.base), x["channel_kind"]) for x in log_of(crawled, "sighting")}
    assert sighted == {(SLUGS[0], "rss"), (SLUGS[1], "rss"), (SLUGS[1], "section"), (SLUGS[2], "section")}


def test_a_home_page_that_never_changes_hides_no_news_of_its_feeds(wire, home):
    declare(home, "wire", wire.base, feeds="[]", discover="true")
    named = b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss"></head></html>'
    wire.pages |= {
        "/": (200, {"Content-Type": "text/html", "ETag": '"1"'}, named),
        "/rss": rss(wire.base, SLUGS[0]),
    }
    assert outcomes(steps.crawl("wire")) == {SLUGS[0]: None}
    wire.pages["/rss"] = rss(wire.base, *SLUGS[:2])
    assert outcomes(steps.crawl("wire")) == {SLUGS[0]: "not_due", SLUGS[1]: None}


def test_entries_that_left_a_feed_between_two_crawls_are_found_on_its_earlier_pages(wire, home):
    declare(home, "wire", wire.base)
    wire.pages["/rss"] = paged(wire.base, SLUGS[10:], 3)
    wire.pages |= {f"/rss?paged={n}": wire.pages["/rss"] for n in range(2, 9)}
    assert set(outcomes(steps.crawl("wire"))) == set(SLUGS[10:13])  # of what was before, it is not asked
    wire.pages["/rss"] = paged(wire.base, SLUGS[3:], 3)
    wire.pages |= {f"/rss?paged={n}": wire.pages["/rss"] for n in range(2, 9)}
    wire.asked.clear()
    found = outcomes(steps.crawl("wire"))
    assert {path for path, outcome in found.items() if outcome is None} == set(SLUGS[3:10])
    assert asked(wire, "/rss") == ["/rss", "/rss?paged=2", "/rss?paged=3"]


def test_an_index_of_thousands_costs_what_is_new(wire, home):
    declare(home, "wire", wire.base, feeds="[]", sitemaps=f'["{wire.base}/index.xml"]')
    today = datetime.now(UTC).date()
    old = [(f"/map-{today - timedelta(days=n)}.xml", today - timedelta(days=n)) for n in range(1, 3_000)]
    new = f"/map-{today}.xml"
    wire.pages |= {
        "/index.xml": index(wire.base, *reversed(old), (new, today)),
        new: sitemap(wire.base, SLUGS[0]),
    }
    wire.pages |= {path: sitemap(wire.base, SLUGS[1]) for path, _ in old[:9]}
    assert outcomes(steps.crawl("wire")) == dict.fromkeys(SLUGS[:2])
    assert asked(wire, "/map")[0] == new
    assert len(asked(wire, "/map")) <= 5


@pytest.fixture
def archive(wire, home):
    """A source with a feed of today and archives by month, of which March and two days of it matter."""
    declare(home, "wire", wire.base, archives=f'["{wire.base}/{{year}}-{{month:02}}.xml"]', budget="3")
    days = [(path, f"<lastmod>2026-03-{n + 1:02}T12:00:00Z</lastmod>") for n, path in enumerate(SLUGS[:10])]
    dated = [f"/2026/03/{n:02}/rain-stops-play-in-leeds" for n in range(1, 7)]
    wire.pages |= dict.fromkeys(dated, story("Rain", "It rained.")) | {
        "/rss": (200, XML, rss(wire.base, "/live-1", "/live-2")[2].replace(b"05 Mar", b"05 May")),
        "/live-1": story("Live", "It is."),
        "/live-2": story("Live", "It is."),
        "/2026-03.xml": sitemap(wire.base, *days, *dated),
    }
    return wire


def test_a_backfill_fetches_the_stories_of_its_days_within_its_own_budget(archive):
    crawled = steps.crawl("wire", days=(date(2026, 3, 4), date(2026, 3, 5)), budget=50)
    found = outcomes(crawled)
    dated = {path for path in found if path.startswith("/2026")}
    assert dated == {
        f"/2026/03/0{n}/rain-stops-play-in-leeds" for n in (3, 4, 5, 6)
    }  # a day either way: zones
    assert set(found) - dated == set(SLUGS[3:10])  # changed since: of an earlier day, for all that is said
    assert set(found.values()) == {None}
    assert asked(archive, ".xml") == ["/2026-03.xml"]
    assert crawled.run.kind == "backfill"
    (line,) = (x for x in log_of(crawled, "channel") if x["url"].endswith(".xml"))
    assert (line["leads"], line["passed_over"]) == (11, 5)


def test_a_backfill_takes_up_what_it_left_and_takes_nothing_from_the_live_crawls(archive, caplog):
    days = (date(2026, 3, 8), date(2026, 3, 10))
    first = steps.crawl("wire", days=days, budget=2)
    assert Counter(outcomes(first).values()) == {None: 2, "over_budget": 1}
    assert "wire: 1 stories of these days are left; the same command takes them up" in caplog.messages
    live = steps.crawl("wire")
    assert outcomes(live) == {
        "/live-1": None,
        "/live-2": None,
    }  # of the feed it learned nothing, of what waits too
    again = steps.crawl("wire", days=days, budget=2)
    assert Counter(outcomes(again).values()) == {None: 1, "not_due": 2}
    fetched = [path for path in archive.paths() if path in SLUGS]
    assert len(fetched) == len(set(fetched)) == 3


def test_a_paged_feed_is_followed_only_as_far_as_the_days_need(wire, home):
    declare(home, "wire", wire.base)
    wire.pages["/rss"] = paged(wire.base, SLUGS, 3)  # a story a day: 20 March, 19 March …
    wire.pages |= {f"/rss?paged={n}": wire.pages["/rss"] for n in range(2, 9)}
    found = outcomes(steps.crawl("wire", days=(date(2026, 3, 14), date(2026, 3, 16))))
    assert found == dict.fromkeys(SLUGS[4:7])
    assert asked(wire, "/rss") == ["/rss", *(f"/rss?paged={n}" for n in (2, 3, 4))]


def test_a_server_that_answers_every_page_with_the_first_is_asked_twice(wire, home):
    declare(home, "wire", wire.base)
    first = paged(wire.base, SLUGS[:3], 3)

    def always(request):
        request.path = "/rss"
        return first(request)

    wire.pages |= {"/rss": first} | {f"/rss?paged={n}": always for n in range(2, 9)}
    steps.crawl("wire", days=(date(2020, 1, 1), date(2026, 3, 31)))
    assert asked(wire, "/rss") == ["/rss", "/rss?paged=2"]


def test_a_backfill_gives_way_to_a_live_crawl_and_keeps_what_it_has(archive):
    begun, live = threading.Event(), []

    def page(request):
        begun.set()
        return story("Vote", "It was delayed.")

    def crawl():
        begun.wait()
        live.append(steps.crawl("wire"))

    archive.pages |= dict.fromkeys(SLUGS, page)
    archive.pages["/robots.txt"] = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nCrawl-delay: 0.3\n")
    thread = threading.Thread(target=crawl, daemon=True)
    thread.start()
    backfilled = steps.crawl("wire", days=MARCH, budget=100)
    thread.join()
    assert backfilled.run.finish_reason == "stopped"
    ended = Counter(outcomes(backfilled).values())
    assert ended[None] >= 1
    assert ended["over_budget"] >= 1
    assert outcomes(live[0]) == {"/live-1": None, "/live-2": None}


def test_a_live_crawl_does_not_give_way(archive):
    refused = []

    def page(request):
        try:
            steps.crawl("wire", days=MARCH)
        except CrawlFailed as error:
            refused.append(str(error))
        return story("Live", "It is.")

    archive.pages["/live-1"] = page
    steps.crawl("wire")
    assert refused == ["another crawl of wire is running; wait for it to end"]


def test_a_very_long_feed_leaves_others_their_turns(tmp_path):
    base = "https://wire.example"
    source = Source(name="wire", title="W", home=base, feeds=(f"{base}/rss",), budget=10)
    body = rss(base, *(f"/{n}" for n in range(3_000)))[2]
    response = XmlResponse(f"{base}/rss", body=body, request=Request(f"{base}/rss"))
    taken, turns = [0], []

    async def read():
        async for item in spider.channels.read(response, Call(url=f"{base}/rss")):
            taken[0] += not isinstance(item, Request) and item["kind"] == "sighting"

    async def both():
        reading = asyncio.create_task(read())
        while not reading.done():
            turns.append(taken[0])
            await asyncio.sleep(0)

    with open_memory(tmp_path / "m.sqlite") as memory:
        job = Job(source=source, folder=tmp_path, memory=tmp_path, now=datetime.now(UTC))
        spider = SourceSpider(job, memory)
        asyncio.run(both())
    assert taken == [3_000]
    assert turns.count(0) > 100  # while it was parsed
    assert max(b - a for a, b in itertools.pairwise([*turns, 3_000])) <= 50  # while its leads were taken

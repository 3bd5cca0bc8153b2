"""What does the spider ask for, and how does each lead end? Without a network."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import HtmlResponse, Response, XmlResponse
from twisted.python.failure import Failure
from website import rss

from pipelines.records import Lead, Source
from pipelines.store.state import open_memory
from spiders.channels import Call
from spiders.job import Job
from spiders.source import SourceSpider

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
BASE = "https://wire.example"
SOURCE = Source(
    name="wire", title="Wire", home=f"{BASE}/", feeds=(f"{BASE}/rss",), deny=("/video/",), budget=3
)
FEED = f"{BASE}/rss"


def lead(path="/rain"):
    return Lead(url=BASE + path, found_url=BASE + path, channel=FEED, channel_kind="rss")


@pytest.fixture
def memory(tmp_path):
    with open_memory(tmp_path / "frontier.sqlite") as one:
        yield one


@pytest.fixture
def spider(memory, tmp_path):
    return SourceSpider(Job(source=SOURCE, folder=tmp_path, memory=Path("unused"), now=NOW), memory)


def answer(cls, url, *, status=200, body=b"", known=False, **headers):
    conditions = {"If-None-Match": '"1"'} if known else {}
    request = Request(
        url, headers=conditions, meta={"wirehouse_record": "<id>", "wirehouse_at": NOW, "wirehouse_hops": 0}
    )
    return cls(url, status=status, body=body, headers=headers, request=request)


def feed(spider, *paths):
    status, _, body = rss(BASE, *paths)
    yielded = read(spider, answer(XmlResponse, FEED, status=status, body=body))
    asked = [item for item in yielded if isinstance(item, Request)]
    ended = {
        item["url"]: item["outcome"]
        for item in yielded
        if not isinstance(item, Request) and item["kind"] == "lead"
    }
    return asked, ended


def only(items):
    (item,) = items
    return item


def read(spider, response):
    """What the spider makes of a channel's answer."""
    return asyncio.run(_all(spider.channels.read(response, Call(url=FEED))))


def test_a_feeds_new_stories_are_asked_for_newest_first(spider):
    asked, ended = feed(spider, "/a", "/b")
    assert [r.url for r in asked] == [f"{BASE}/a", f"{BASE}/b"]
    assert asked[0].priority > asked[1].priority
    assert ended == {}


def test_a_story_in_two_channels_is_one_lead(spider):
    feed(spider, "/a")
    assert feed(spider, "/a") == ([], {})
    assert len(spider.leads) == 1


def test_every_announcement_is_a_sighting(spider):
    body = rss(BASE, "/a", "/a", "/video/x")[2]
    lines = [x for x in read(spider, answer(XmlResponse, FEED, body=body)) if not isinstance(x, Request)]
    assert [x["url"] for x in lines if x["kind"] == "sighting"] == [
        f"{BASE}/a",
        f"{BASE}/a",
        f"{BASE}/video/x",
    ]


def test_what_is_out_of_scope_ends_there(spider):
    assert feed(spider, "/video/x") == ([], {f"{BASE}/video/x": "out_of_scope"})


def test_beyond_the_budget_a_lead_waits(spider):
    asked, ended = feed(spider, "/a", "/b", "/c", "/d")
    assert len(asked) == 3
    assert ended == {f"{BASE}/d": "over_budget"}


def test_what_was_just_fetched_is_not_due(spider, memory):
    memory.fold("wire/1", [{"kind": "lead", "url": f"{BASE}/a", "at": NOW, "outcome": None}], SOURCE)
    assert feed(spider, "/a") == ([], {f"{BASE}/a": "not_due"})


async def _all(items):
    return [item async for item in items]


def test_a_story_whose_hour_has_come_is_asked_for_without_a_channel(memory, tmp_path):
    from dataclasses import replace

    source = replace(SOURCE, recheck=(timedelta(minutes=15),))
    earlier = NOW - timedelta(minutes=20)
    line = {
        "kind": "lead",
        "url": f"{BASE}/a",
        "at": earlier,
        "outcome": None,
        "digest": "d",
        "etag": '"e"',
        "guid": "g",
        "published_raw": "Thu",
    }
    memory.fold("wire/1", [line], source)
    spider = SourceSpider(Job(source=source, folder=tmp_path, memory=Path("unused"), now=NOW), memory)
    channel, recheck = asyncio.run(_all(spider.start()))
    assert channel.url == FEED
    assert recheck.url == f"{BASE}/a"
    assert recheck.headers[b"If-None-Match"] == b'"e"'
    told = spider.leads[f"{BASE}/a"]
    assert (told.recheck, told.guid, told.published_raw) == (True, "g", "Thu")


def test_an_unchanged_feed_is_not_read_again(spider, memory):
    body = rss(BASE, "/a")[2]
    first = read(spider, answer(XmlResponse, FEED, body=body))[-1]
    memory.fold("wire/1", [first | {"at": NOW}], SOURCE)
    line = only(read(spider, answer(XmlResponse, FEED, body=body)))
    assert (line["outcome"], line["reason"]) == ("unchanged", "the same bytes")


def test_what_a_stopped_crawl_did_not_take_in_is_read_again(spider):
    body = rss(BASE, *(f"/{n}" for n in range(9)))[2]

    async def stopped():
        reading = spider.channels.read(answer(XmlResponse, FEED, body=body), Call(url=FEED))
        return [await anext(reading) for _ in range(5)]

    assert not [x for x in asyncio.run(stopped()) if not isinstance(x, Request) and x["kind"] == "channel"]


def test_a_channel_that_is_none_says_what_it_is(spider):
    line = only(read(spider, answer(HtmlResponse, FEED, body=b"<html>Sign in")))
    assert line["outcome"] == "bad_content"
    assert "no feed" in line["reason"]


def test_an_index_that_did_not_change_is_asked_for_its_sitemaps_all_the_same(spider, memory, tmp_path):
    body = f"<sitemapindex><sitemap><loc>{BASE}/n1.xml</loc></sitemap></sitemapindex>".encode()
    first = read(spider, answer(XmlResponse, FEED, body=body, ETag='"1"'))[-1]
    memory.fold("wire/1", [first | {"at": NOW}], SOURCE)
    again = SourceSpider(spider.job, memory)
    assert "If-None-Match" not in next(again.channels.ask(Call(url=FEED))).headers
    asked = [x for x in read(again, answer(XmlResponse, FEED, body=body)) if isinstance(x, Request)]
    assert [request.url for request in asked] == [f"{BASE}/n1.xml"]


def test_an_index_leads_to_its_sitemaps_once(spider):
    body = f"<sitemapindex><sitemap><loc>{BASE}/n1.xml</loc></sitemap></sitemapindex>".encode()
    channels = [x for x in read(spider, answer(XmlResponse, FEED, body=body)) if isinstance(x, Request)]
    assert [r.url for r in channels] == [f"{BASE}/n1.xml"]
    assert [x for x in read(spider, answer(XmlResponse, FEED, body=body)) if isinstance(x, Request)] == []


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (answer(HtmlResponse, f"{BASE}/rain", body=b"<p>rain"), None),
        (answer(HtmlResponse, f"{BASE}/rain", status=304, known=True), "unchanged"),
        (answer(HtmlResponse, f"{BASE}/rain", status=304), "http_error"),
        (answer(HtmlResponse, f"{BASE}/rain", status=404), "gone"),
        (answer(HtmlResponse, f"{BASE}/rain", status=410), "gone"),
        (answer(HtmlResponse, f"{BASE}/rain", status=503), "http_error"),
        (
            answer(Response, f"{BASE}/rain.pdf", body=b"%PDF", **{"Content-Type": "application/pdf"}),
            "not_html",
        ),
        (answer(Response, f"{BASE}/rain", status=302), "http_error"),
        (answer(Response, f"{BASE}/rain", status=302, Location="https://elsewhere.example/"), "out_of_scope"),
        (answer(Response, f"{BASE}/rain", status=302, Location="file:///etc/passwd"), "http_error"),
        (answer(Response, f"{BASE}/rain", status=302, Location="/wind"), "duplicate"),
    ],
)
def test_an_answer_ends_its_lead(spider, response, outcome):
    spider.asking.add(f"{BASE}/wind")
    line = only(spider.read_story(response, lead()))
    assert (line["kind"], line["url"], line["outcome"]) == ("lead", f"{BASE}/rain", outcome)


def test_a_redirect_is_followed_and_its_lead_not_lost(spider):
    response = answer(Response, f"{BASE}/rain", status=301, Location="/2026/rain")
    request = only(spider.read_story(response, lead()))
    assert (request.url, request.cb_kwargs["lead"].url) == (f"{BASE}/2026/rain", f"{BASE}/rain")


def test_a_lost_answer_ends_its_lead_with_the_reason(spider):
    failure = Failure(DownloadTimeoutError("took longer than 30.0 seconds"))
    failure.request = Request(f"{BASE}/rain", cb_kwargs={"lead": lead()})
    line = only(spider.lost_story(failure))
    assert (line["outcome"], "30.0 seconds" in line["reason"]) == ("timeout", True)


def test_a_fault_of_ours_is_not_blamed_on_the_server(spider):
    failure = Failure(AttributeError("meta"))
    failure.request = Request(f"{BASE}/rain", cb_kwargs={"lead": lead()})
    with pytest.raises(AttributeError):
        list(spider.lost_story(failure))


def test_a_stop_leaves_no_lead_without_an_end(spider):
    feed(spider, "/a", "/b")
    assert {line["url"]: line["outcome"] for line in spider.unended("stopped")} == {
        f"{BASE}/a": "over_budget",
        f"{BASE}/b": "over_budget",
    }
    assert list(spider.unended("stopped")) == []


def test_moved_to_another_server_the_feeds_own_links_move_too(memory, tmp_path):
    from pipelines.sources import rebased

    moved = rebased(SOURCE, "http://127.0.0.1:8000")
    job = Job(
        source=moved,
        declared=SOURCE,
        url_base="http://127.0.0.1:8000",
        folder=tmp_path,
        memory=Path("u"),
        now=NOW,
    )
    asked, _ = feed(SourceSpider(job, memory), "/a")
    assert [r.url for r in asked] == ["http://127.0.0.1:8000/a"]

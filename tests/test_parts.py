"""Which parts of an index, which archives and which leads does a crawl of some days need?"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.channels import Part, archives, parts
from pipelines.channels.archives import Days
from pipelines.channels.days import day_of, period
from pipelines.channels.said import latest
from pipelines.errors import SourceError
from pipelines.records import Lead
from pipelines.sources import parse_source

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
BASE = "https://wire.example"


def live(*named, visited=None):
    """Names of the parts that a live crawl asks: each `name` or `(name, lastmod)`."""
    index = [
        Part(f"{BASE}/{n}", latest(m)) for n, m in ((x, None) if isinstance(x, str) else x for x in named)
    ]
    chosen, left = parts.live(index, lambda url: (visited or {}).get(url.rsplit("/", 1)[1]), NOW)
    return [url.removeprefix(f"{BASE}/") for url in chosen], left


def test_of_thousands_of_days_only_the_last_are_asked():
    days = [f"sitemap-{NOW.date() - timedelta(days=n)}.xml" for n in range(3_000)]
    assert live(*days) == (days[:4], 0)
    assert live(*reversed(days)) == (days[:4], 0)


@pytest.mark.parametrize(
    "names",
    [
        ["sitemap-2026-03.xml", "sitemap-2026-02.xml", "sitemap-2025-12.xml"],
        ["2026/03/sitemap.xml", "2026/02/sitemap.xml", "2016/03/sitemap.xml"],
        [
            "sitemap.xml?yyyy=2026&mm=03&dd=05",
            "sitemap.xml?yyyy=2026&mm=03&dd=01",
            "sitemap.xml?yyyy=2025&mm=03&dd=05",
        ],
        ["map_202603.xml.gz", "map_202602.xml.gz", "map_202503.xml.gz"],
    ],
)
def test_what_names_past_days_is_left_out(names):
    assert live(*reversed(names)) == (names[:1], 0)


def test_the_newest_by_lastmod_come_first_and_the_old_not_at_all():
    named = [("p1.xml", "2024-01-01"), ("p3.xml", "2026-03-05T11:00:00Z"), ("p2.xml", "2026-03-04T11:00:00Z")]
    assert live(*named) == (["p3.xml", "p2.xml"], 0)


def test_a_part_unchanged_since_it_was_read_is_not_asked_but_the_newest_always():
    read = dict.fromkeys(("a.xml", "b.xml", "c.xml"), NOW - timedelta(hours=6))
    named = [("a.xml", "2026-03-04"), ("b.xml", "2026-03-05T02:00:00Z"), ("c.xml", "2026-03-05T05:30:00Z")]
    assert live(*named, visited=read) == (["a.xml", "c.xml"], 0)  # of a day nobody knows the hour
    assert live(("a.xml", "2020-01-01"), visited=read) == (["a.xml"], 0)


def test_news_comes_first_and_what_holds_no_stories_last():
    asked, _ = live("author-sitemap.xml", "post-sitemap.xml", "news-sitemap.xml", "category-sitemap.xml")
    assert asked == ["news-sitemap.xml", "post-sitemap.xml", "author-sitemap.xml", "category-sitemap.xml"]


def test_where_nothing_tells_the_days_both_ends_are_asked():
    asked, left = live(*(f"sitemap{n}.xml" for n in range(100)))
    assert (asked[:4], len(asked), left) == (
        ["sitemap0.xml", "sitemap99.xml", "sitemap1.xml", "sitemap98.xml"],
        10,
        90,
    )


def test_a_backfill_asks_the_parts_that_may_hold_its_days():
    index = [
        Part(f"{BASE}/{name}", latest(modified))
        for name, modified in [
            ("2026-03.xml", "2026-03-05"),
            ("2026-02.xml", "2026-03-01"),
            ("2026-01.xml", None),
            ("2025.xml", None),
            ("p1.xml", "2026-01-09"),
            ("p2.xml", "2026-02-20"),
            ("p3.xml", None),
        ]
    ]
    chosen, left = parts.of_days(index, date(2026, 2, 10), date(2026, 2, 12), most=10)
    assert sorted(url.removeprefix(f"{BASE}/") for url in chosen) == ["2026-02.xml", "p2.xml", "p3.xml"]
    assert left == 0


@given(
    st.lists(st.tuples(st.text(max_size=30), st.none() | st.datetimes(timezones=st.just(UTC))), max_size=40)
)
def test_no_index_makes_a_crawl_ask_more_than_it_may(named):
    index = [Part(f"{BASE}/{name}", modified) for name, modified in named]
    chosen, left = parts.live(index, lambda url: None, NOW)
    assert len(chosen) <= parts.MOST_LIVE
    assert len(chosen) + left <= len(index)


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/2026/03/05/rain", date(2026, 3, 5)),
        ("/2026-3-5/rain", date(2026, 3, 5)),
        ("/world/2026/mar/05/rain", date(2026, 3, 5)),
        ("/20260305/rain-1234567.html", date(2026, 3, 5)),
        ("/rain-2026-03-05/", date(2026, 3, 5)),
        ("/2026/0305/c1001.html", date(2026, 3, 5)),
        ("/2026/02/31/rain", None),
        ("/20261305/rain", None),
        ("/2026/03/rain", None),
        ("/rain-1202603051.html", None),
        ("/world-cup-2026", None),
    ],
)
def test_the_day_in_an_address(path, day):
    assert day_of(BASE + path) == day


@given(st.text(max_size=60))
def test_no_address_makes_the_calendar_fail(path):
    said = period(f"{BASE}/{path}")
    assert said is None or said[0] <= said[1]


def lead(path="/rain", published=None, updated=None):
    url = BASE + path
    return Lead(
        url=url,
        found_url=url,
        channel=BASE,
        channel_kind="sitemap",
        published_raw=published,
        updated_raw=updated,
    )


WANTED = Days(date(2026, 3, 4), date(2026, 3, 5), "America/New_York")


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (lead(published="2026-03-05T12:00:00Z"), True),
        (lead(published="Thu, 05 Mar 2026 23:30:00 EST"), True),
        (lead(published="2026-03-06T04:30:00Z"), True),  # there it is still the 5th
        (lead(published="2026-03-06T06:00:00Z"), False),
        (lead(published="2026-03-03"), False),
        (lead(published="2026-03-05"), True),
        (lead("/2026/03/05/rain"), True),
        (lead("/2026/02/05/rain"), False),
        (lead(updated="2026-03-09T12:00:00Z"), True),  # it may have been changed since
        (lead(updated="2026-03-01T12:00:00Z"), False),
        (lead(), True),
        (lead(published="on Thursday"), True),
    ],
)
def test_a_lead_is_of_the_days_wanted_unless_something_says_it_is_not(one, wanted):
    assert WANTED.may_hold(one) is wanted


def test_a_page_of_older_entries_ends_the_way_back():
    older = [lead(published="2026-02-01"), lead("/2026/01/31/x")]
    assert WANTED.all_before(older)
    assert not WANTED.all_before([*older, lead()])
    assert not WANTED.all_before([*older, lead(published="2026-03-04")])
    assert not WANTED.all_before([])


def test_archives_are_asked_for_the_days_newest_first_each_once():
    patterns = [f"{BASE}/{{year}}/{{month:02}}/{{day:02}}/", f"{BASE}/{{year}}.xml"]
    assert archives.addresses(patterns, date(2025, 12, 31), date(2026, 1, 1)) == [
        f"{BASE}/2026/01/01/",
        f"{BASE}/2025/12/31/",
        f"{BASE}/2026.xml",
        f"{BASE}/2025.xml",
    ]


@pytest.mark.parametrize(
    "pattern", ["x.xml", "{month}.xml", "{year}-{day}.xml", "{year.real}.xml", "{0}.xml", "{year"]
)
def test_an_archive_needs_its_year(pattern):
    with pytest.raises(SourceError, match="archives: "):
        parse_source(
            "wire", f'title = "W"\nhome = "{BASE}"\nsections = ["{BASE}"]\narchives = ["{BASE}/{pattern}"]'
        )


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("raw", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_the_calendar_stop_no_backfill(raw, zone):
    lead = Lead(url=BASE, found_url=BASE, channel=BASE, channel_kind="sitemap", published_raw=raw)
    days = Days(date(2026, 3, 1), date(2026, 3, 2), zone)
    said = days.day(raw)
    assert said is None or not days.may_hold(lead)

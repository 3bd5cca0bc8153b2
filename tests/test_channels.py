"""What does a channel announce? Real forms of feeds and sitemaps, invented copy."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import channels

URL = "https://wire.example/feed"

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Wire</title>
<item><title> Rain  in
 spring </title><link>/rain?utm_source=rss</link><guid isPermaLink="false">w-1</guid>
<pubDate>Thu, 05 Mar 2026 12:00:00 GMT</pubDate><description>It &lt;b&gt;rained&lt;/b&gt;.</description></item>
<item><title>No link</title></item>
<item><title>Mail</title><link>mailto:desk@wire.example</link></item>
<item><title>Wind</title><link>https://wire.example/wind</link></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title>
<entry><title>Rain</title><id>tag:wire.example,2026:1</id><link href="https://wire.example/rain"/>
<published>2026-03-05T12:00:00Z</published><updated>2026-03-05T13:30:00+01:00</updated></entry></feed>"""

JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "language": "de", "items": [
{"id": "7", "url": "https://wire.example/regen", "title": "Regen", "date_published": "2026-03-05T12:00:00+01:00",
 "date_modified": "2026-03-05T14:00:00+01:00"}, {"id": "8"}, "junk"]}"""

NEWS = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc> https://wire.example/rain </loc><lastmod>2026-03-05T13:00:00Z</lastmod><news:news><news:publication>
<news:name>Wire</news:name><news:language>fr</news:language></news:publication>
<news:publication_date>2026-03-05</news:publication_date><news:title>Pluie</news:title></news:news></url>
<url><news:news><news:title>no place</news:title></news:news></url></urlset>"""

INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://wire.example/news-1.xml</loc></sitemap><sitemap><loc>/news-2.xml</loc></sitemap></sitemapindex>"""


def read(text: str) -> channels.Channel:
    return channels.read(text.encode(), url=URL)


def test_rss_entries_are_leads_in_the_order_of_the_feed():
    rain, wind = read(RSS).leads
    assert (rain.url, rain.found_url) == (
        "https://wire.example/rain",
        "https://wire.example/rain?utm_source=rss",
    )
    assert (rain.title, rain.guid, rain.channel_kind, rain.position) == ("Rain in spring", "w-1", "rss", 0)
    assert rain.published_raw == "Thu, 05 Mar 2026 12:00:00 GMT"
    assert (wind.url, wind.position) == ("https://wire.example/wind", 3)


def test_atom_says_when_a_story_was_updated():
    (rain,) = read(ATOM).leads
    assert rain.channel_kind == "atom"
    assert rain.updated_at == datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
    assert rain.updated_raw == "2026-03-05T13:30:00+01:00"


def test_json_feed_keeps_what_is_usable():
    (rain,) = read(JSON).leads
    assert (rain.url, rain.guid, rain.language) == ("https://wire.example/regen", "7", "de")
    assert rain.updated_at == datetime(2026, 3, 5, 13, tzinfo=UTC)


def test_a_news_sitemap_gives_title_date_and_language():
    said = read(NEWS)
    (rain,) = said.leads
    assert said.kind == rain.channel_kind == "news_sitemap"
    assert (rain.title, rain.published_raw, rain.language) == ("Pluie", "2026-03-05", "fr")
    assert rain.updated_at == datetime(2026, 3, 5, 13, tzinfo=UTC)


def test_a_sitemap_index_names_further_channels():
    said = read(INDEX)
    assert [part.url for part in said.parts] == [
        "https://wire.example/news-1.xml",
        "https://wire.example/news-2.xml",
    ]
    assert said.leads == ()


def test_a_gzipped_sitemap_is_read():
    assert channels.read(gzip.compress(NEWS.encode()), url=URL).leads == read(NEWS).leads


@pytest.mark.parametrize("day", ["0000-00-00T00:00:00Z", "9999-12-31T24:00:00Z", "0001-01-01T00:00:00+23:00"])
def test_a_day_that_no_calendar_has_costs_only_itself(day):
    (rain,) = read(ATOM.replace("2026-03-05T13:30:00+01:00", day)).leads
    assert rain.title == "Rain"


def test_odd_values_in_a_json_feed_are_no_values():
    body = JSON.replace('"language": "de"', '"language": {"a": 1}').replace('"Regen"', r'"\ud800 Regen"')
    (rain,) = read(body).leads
    assert (rain.language, rain.title) == (None, "? Regen")


@pytest.mark.parametrize(
    "link",
    ["http://wire.example:99999/x", "http://wire.example:abc/x", "http://evil.example\\@wire.example/x"],
)
def test_a_link_that_cannot_be_fetched_is_left_out(link):
    leads = read(RSS.replace("https://wire.example/wind", link)).leads
    assert [lead.title for lead in leads] == ["Rain in spring"]


def test_a_broken_feed_is_read_as_far_as_feed_readers_do():
    cut = RSS[: RSS.index("<item><title>Mail")] + "<item><title>A & B</title><link>https://wire.example/ab"
    assert next(lead.url for lead in read(cut).leads) == "https://wire.example/rain"


def test_entities_are_not_expanded_and_no_file_is_read():
    bomb = (
        '<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        "<urlset><url><loc>https://wire.example/&x;</loc></url></urlset>"
    )
    assert all("root:" not in lead.found_url for lead in read(bomb).leads)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n",
        b"<!doctype html><title>Sign in</title><p>Sign in",
        b"plain words",
        b'{"items": 3}',
        b'{"items": [',
        gzip.compress(b"<html>Sign in</html>"),
        b"\x1f\x8b no gzip",
    ],
)
def test_what_is_no_channel_says_so(body):
    with pytest.raises(channels.NotAChannel):
        channels.read(body, url=URL)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_no_bytes_crash_it(body):
    try:
        channels.read(body, url=URL)
    except channels.NotAChannel as error:
        assert str(error)


@given(st.data())
def test_no_damage_to_a_real_feed_crashes_it(data):
    body = bytearray(data.draw(st.sampled_from([RSS, ATOM, JSON, NEWS, INDEX])).encode())
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        said = channels.read(bytes(body), url=URL)
    except channels.NotAChannel:
        return
    assert all(lead.found_url.startswith("http") for lead in said.leads)

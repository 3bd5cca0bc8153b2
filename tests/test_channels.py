"""What does a channel announce? Real forms of feeds and sitemaps, invented copy."""

import gzip
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import channels
from pipelines.channels.said import instant, latest

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


RSS_091 = """<?xml version="1.0" encoding="ISO-8859-1"?><rss version="0.91"><channel><title>Wire</title>
<language>en</language><item><title>Caf\u00e9 rain</title><link>https://wire.example/rain</link></item></channel></rss>"""

RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://wire.example/"><title>Wire</title>
<dc:language>ja</dc:language><items><rdf:Seq><rdf:li rdf:resource="https://wire.example/rain"/></rdf:Seq></items></channel>
<item rdf:about="https://wire.example/rain"><title>Rain</title><link>https://wire.example/rain</link>
<dc:date>2026-03-05T12:00:00+09:00</dc:date></item></rdf:RDF>"""


@pytest.mark.parametrize("version", ["0.90", "0.91", "0.92", "0.93", "0.94"])
def test_the_first_forms_of_rss_are_read_in_their_charset(version):
    said = channels.read(RSS_091.replace("0.91", version).encode("latin-1"), url=URL)
    (rain,) = said.leads
    assert (said.kind, rain.title, rain.language) == ("rss", "Caf\u00e9 rain", "en")


def test_rss_of_the_semantic_web_is_read():
    (rain,) = read(RSS_1).leads
    assert (rain.url, rain.title) == ("https://wire.example/rain", "Rain")
    assert rain.updated_at == datetime(2026, 3, 5, 3, tzinfo=UTC)


def test_an_entry_without_a_link_is_found_by_the_guid_that_is_one():
    feed = RSS.replace("<link>/rain?utm_source=rss</link>", "").replace(
        '<guid isPermaLink="false">w-1</guid>', "<guid>https://wire.example/rain</guid>"
    )
    assert read(feed).leads[0].url == "https://wire.example/rain"


def test_the_publishers_own_link_counts_not_that_of_its_distributor():
    own = "<feedburner:origLink>https://wire.example/wind</feedburner:origLink>"
    feed = RSS.replace(
        "<link>https://wire.example/wind</link>", f"<link>https://feeds.example/~r/7</link>{own}"
    ).replace("<rss ", '<rss xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" ')
    assert read(feed).leads[1].url == "https://wire.example/wind"


@pytest.mark.parametrize(
    ("feed", "following"),
    [
        (ATOM.replace("<entry>", '<link rel="next" href="/feed?page=2"/><entry>', 1), "https://wire.example/feed?page=2"),
        (ATOM.replace("<entry>", '<link rel="prev-archive" href="/2026/02"/><entry>', 1), "https://wire.example/2026/02"),
        (RSS.replace("<title>Wire</title>", '<title>Wire</title><atom:link rel="next" href="https://wire.example/p2"/>'),
         "https://wire.example/p2"),
        (RSS.replace("<title>Wire</title>", "<title>Wire</title><generator>https://wordpress.org/?v=6.7</generator>"),
         "https://wire.example/feed?paged=2"),
        (JSON.replace('"language"', '"next_url": "/feed.json?p=2", "language"'), "https://wire.example/feed.json?p=2"),
        (RSS, None), (ATOM, None), (JSON, None), (NEWS, None),
    ],
)  # fmt: skip
def test_a_feed_says_where_its_earlier_entries_are(feed, following):
    assert read(feed).next == following


def test_the_third_page_of_a_feed_follows_the_second():
    feed = RSS.replace(
        "<title>Wire</title>", "<title>Wire</title><generator>https://wordpress.org/</generator>"
    )
    said = channels.read(feed.encode(), url="https://wire.example/feed/?cat=3&paged=2")
    assert said.next == "https://wire.example/feed/?cat=3&paged=3"


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ("<ttl>30</ttl>", 0.5),
        ("<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 0.5),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 24),
        ("<ttl>0</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", None),
        ("", None),
    ],
)
def test_a_feed_says_how_often_it_need_be_asked(said, hours):
    feed = RSS.replace("<title>Wire</title>", f"<title>Wire</title>{said}").replace(
        "<rss ", '<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
    )
    ttl = read(feed).ttl
    assert (ttl and ttl.total_seconds() / 3600) == hours


def long(form: str, entries: int, before: str = "<item>", after: str = "</item>") -> bytes:
    """The same feed with its first entry many times, each under an address of its own."""
    first, last = form.index(before), form.index(after) + len(after)
    entry = form[first:last].replace("https://wire.example/rain", "/rain")
    assert "/rain" in entry
    body = "".join(entry.replace("/rain", f"/rain-{n}") for n in range(entries))
    return (form[:first] + body + form[form.rindex(after) + len(after) :]).encode()


@pytest.mark.parametrize(
    ("form", "ends"),
    [(RSS, ("<item>", "</item>")), (RSS_1, ("<item ", "</item>")), (ATOM, ("<entry>", "</entry>"))],
)
def test_a_long_feed_is_read_in_portions_with_the_same_result(form, ends, monkeypatch):
    from pipelines.channels import feed

    body = long(form, 40, *ends)
    whole = channels.read(body, url=URL)
    monkeypatch.setattr(feed, "LONG", 100)
    monkeypatch.setattr(feed, "PORTION", 7)
    assert len(list(feed._portions(body))) == 6
    assert channels.read(body, url=URL) == whole
    assert [lead.position for lead in whole.leads] == list(range(40))


MEASURE = """
import re, sys
from pipelines import channels
from pipelines.channels.said import instant, latest
def most():  # of getrusage the child would inherit its parent's
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1000
body = sys.stdin.buffer.read()
before = most()
leads = channels.read(body, url="https://wire.example/feed").leads
print(len(leads), most() - before)
"""


def test_a_very_long_feed_is_read_in_bounded_memory():
    said = subprocess.run(
        [sys.executable, "-c", MEASURE], input=long(RSS, 10_000), capture_output=True, check=True
    )
    leads, megabytes = map(int, said.stdout.split())
    assert leads == 10_000
    assert megabytes < 22  # the leads themselves take half of it; read at once it is 30


BOMBS = {
    "items": b'<rss version="2.0"><channel>' + b"<item/>" * 2_500_000,
    "items in capitals": b'<rss version="2.0"><channel>' + b"<ITEM>" * 2_500_000,
    "links of one entry": b'<feed xmlns="http://www.w3.org/2005/Atom"><entry>' + b"<link/>" * 1_000_000,
    "attributes": b'<rss version="2.0"><channel><item '
    + b" ".join(b'a%d="x"' % n for n in range(40_000))
    + b"/></channel></rss>",
    "values": b'{"items":[{}' + b",{}" * 1_000_000 + b"]}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_would_fill_the_memory_is_no_feed(bomb):
    with pytest.raises(channels.NotAChannel, match=r"\d+ (?:tags|attributes)|millions of values"):
        channels.read(BOMBS[bomb], url=URL)


@pytest.mark.parametrize("start", [b"<urlset>", b"<urlset><url>"])
def test_a_sitemap_of_millions_of_other_things_is_read_in_bounded_memory(start):
    bomb = start + b"<x/>" * 2_000_000
    said = subprocess.run([sys.executable, "-c", MEASURE], input=bomb, capture_output=True, check=True)
    leads, megabytes = map(int, said.stdout.split())
    assert leads == 0
    assert megabytes < 50  # as a tree it is 260


def test_a_sitemap_of_plain_lines_is_read():
    said = read("https://wire.example/a\nhttps://wire.example/b\n")
    assert (said.kind, [lead.found_url[-1] for lead in said.leads]) == ("sitemap", ["a", "b"])
    with pytest.raises(channels.NotAChannel):
        read("https://wire.example/a\nis where it is\n")


def test_a_broken_sitemap_is_read_as_far_as_it_goes():
    cut = NEWS.replace(
        "<url><news:news><news:title>no place",
        "<url><loc>https://wire.example/wind</loc></url><url><loc>http",
    )
    cut = cut[: cut.rindex("<url>") + 12]
    assert [lead.url[-4:] for lead in read(cut).leads][:2] == ["rain", "wind"]


def test_no_more_entries_are_read_than_a_sitemap_may_have(monkeypatch):
    from pipelines.channels import sitemap

    monkeypatch.setattr(sitemap, "LARGEST", 500)
    places = "".join(f"<url><loc>/{n}</loc></url>" for n in range(600))
    assert len(read(f"<urlset>{places}</urlset>").leads) == 500


def test_a_gzipped_sitemap_is_read():
    assert channels.read(gzip.compress(NEWS.encode()), url=URL).leads == read(NEWS).leads


def test_a_gzipped_sitemap_in_several_members_is_read_whole():
    packed = b"".join(gzip.compress(part.encode()) for part in (NEWS[:200], NEWS[200:]))
    assert channels.read(packed, url=URL).leads == read(NEWS).leads


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


BOMB = "<!DOCTYPE x [" + '<!ENTITY a0 "lol">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    "form",
    [RSS.partition("?>")[2].strip(), ATOM, NEWS.partition("?>")[2], INDEX],
    ids=["rss", "atom", "news", "index"],
)
def test_a_bomb_of_entities_does_not_go_off(form):
    body = BOMB + form.replace("Rain", "&a9;").replace("Pluie", "&a9;").replace("/news-2.xml", "/&a9;")
    try:
        said = read(body)
    except channels.NotAChannel:
        return
    assert all(len(lead.title or "") < 1000 for lead in said.leads)
    assert all(len(part.url) < 3000 for part in said.parts)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n",
        b"<!doctype html><title>Sign in</title><p>Sign in",
        b"plain words",
        b'{"items": 3}',
        b'{"items": [',
        gzip.compress(b"<html>Sign in</html>", mtime=0),
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


@given(st.text(alphabet="0123456789:-+/.,TZ eEnaifJanuaryUTCGMTpm", max_size=40) | st.text(max_size=60))
def test_no_words_for_a_time_crash_it(raw):
    for read_time in (instant, latest):
        moment = read_time(raw)
        assert moment is None or moment.utcoffset() == timedelta(0)

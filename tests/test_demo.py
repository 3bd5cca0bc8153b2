"""Can other tests trust the demo wire: is it the same each time, a wire, and its truth true?"""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import feedparser
import pytest
from lxml import etree, html

import demo
from demo import plan, prose
from demo.sites import NEWEST, SITES
from demo.truth import FIRST_OUTCOME
from pipelines import sources
from pipelines.ledger import Outcome
from pipelines.urls import address, in_scope

EPOCH = datetime(2026, 3, 5, 12, tzinfo=UTC)
WIRE = demo.Wire(epoch=EPOCH)
LATER = EPOCH + 40 * WIRE.interval
SPACES = re.compile(r"\s+")


@pytest.fixture(scope="module")
def served():
    with demo.serve(WIRE, port_base=0, clock=lambda: EPOCH, slow=timedelta(milliseconds=100)) as served:
        yield served


def by_fate(fate, now=EPOCH):
    return next(told for told in WIRE.stories_at(now) if told.fate == fate)


def page_of(told, now=EPOCH, wire=WIRE):
    return wire.answer(told.site, told.url.removeprefix(wire.origins[told.site]), now)


def text_of(answer, site):
    tree = html.fromstring(answer.body, parser=html.HTMLParser(encoding=SITES[site].charset))
    for script in tree.xpath("//script"):
        script.drop_tree()
    return SPACES.sub(" ", " ".join(tree.itertext()))


def get(served, told, **headers):
    request = urllib.request.Request(
        served.wire.origins[told.site] + urlsplit(told.url).path, headers=headers
    )
    return urllib.request.urlopen(request, timeout=20)


# The same each time


def test_the_same_seed_and_epoch_give_the_same_bytes():
    assert WIRE.pages_at(LATER) == demo.Wire(epoch=EPOCH).pages_at(LATER)


def test_another_seed_gives_other_stories():
    ours = {told.story.headline for told in WIRE.stories_at(EPOCH) if told.story}
    theirs = {told.story.headline for told in demo.Wire(epoch=EPOCH, seed=8).stories_at(EPOCH) if told.story}
    assert len(ours & theirs) < len(ours) / 2


def test_a_story_that_is_out_stays_out():
    assert set(WIRE.truth_at(EPOCH)) < set(WIRE.truth_at(LATER))


def test_no_two_of_ten_thousand_stories_have_the_same_body():
    languages = ("en", "de", "fr")
    bodies = {prose.write(7, n, languages[n % 3]).blocks for n in range(10_000)}
    assert len(bodies) == 10_000


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_copy_has_no_holes_and_four_to_twenty_paragraphs(language):
    for number in range(400):
        copy = prose.write(1, number, language)
        words = " ".join(
            [copy.headline, copy.short, copy.description, copy.caption, *(b.text for b in copy.blocks)]
        )
        assert not re.search(r"[{}\[\]|]", words)
        assert 4 <= len(copy.blocks) <= 20


# What a wire is


def test_all_fates_come_in_one_cycle_and_each_site_has_sound_stories():
    told = list(WIRE.stories_at(EPOCH))
    assert {t.fate for t in told} == {"none", "slow", *FIRST_OUTCOME, *plan.CHANGES}
    assert {t.site for t in told if t.outcome is Outcome.NEW} == set(SITES)


@pytest.mark.parametrize("now", [EPOCH, LATER])
def test_channels_are_well_formed_and_show_the_newest(now):
    for channel, urls in WIRE.announced_at(now).items():
        shown = list(read_channel(channel, now))
        assert [address(url) for url in shown] == urls
        truth = WIRE.truth_at(now)
        of_site = [t.published for t in truth.values() if channel in t.channels]
        assert max(truth[url].published for url in urls) == max(of_site)


def read_channel(channel, now):
    """Links of a channel, by the usual parsers."""
    site = next(key for key, base in WIRE.origins.items() if channel.startswith(base + "/"))
    body = WIRE.answer(site, channel.removeprefix(WIRE.origins[site]), now).body
    if channel.endswith(".json"):
        yield from (item["url"] for item in json.loads(body)["items"])
        return
    root = etree.fromstring(body)
    if "sitemap" in channel:
        locations = root.xpath("//*[local-name()='loc']/text()")
        if root.tag.endswith("sitemapindex"):
            yield from read_channel(locations[0], now)
            return
        for needed in ("title", "publication_date", "language"):
            assert len(root.xpath(f"//*[local-name()='{needed}']")) == len(locations)
        yield from locations
        return
    feed = feedparser.parse(body)
    assert not feed.bozo
    assert all(entry.published_parsed and entry.title for entry in feed.entries)
    assert all(bool(entry.get("id")) == SITES[site].guids for entry in feed.entries)
    yield from (entry.link for entry in feed.entries)


def test_a_feed_shows_no_more_than_its_length():
    many = replace(WIRE, backlog=400)
    assert len(many.announced_at(EPOCH)["http://127.0.0.1:8701/feeds/latest.rss"]) == NEWEST
    assert len(many.announced_at(EPOCH)["http://127.0.0.1:8705/sitemap.xml"]) > NEWEST


def test_section_pages_link_to_stories():
    front = html.fromstring(WIRE.answer("meridian", "/section/world", EPOCH).body)
    links = [
        f"{WIRE.origins['meridian']}{link}" if link[0] == "/" else link
        for link in front.xpath("//h2/a/@href")
    ]
    assert set(links) <= set(WIRE.truth_at(EPOCH))
    assert len(links) > 10


def test_robots_txt_forbids_exactly_the_stories_that_truth_says():
    for told in WIRE.stories_at(EPOCH):
        robots = RobotFileParser()
        robots.parse(WIRE.answer(told.site, "/robots.txt", EPOCH).body.decode().splitlines())
        assert robots.can_fetch("wirehouse", told.url) == (told.outcome is not Outcome.ROBOTS_DENIED)
        assert robots.crawl_delay("wirehouse") == SITES[told.site].crawl_delay


def test_the_shipped_sources_are_valid_and_hold_all_that_is_announced():
    declared = {name: source for name, source in sources.declared().items() if name.startswith("demo_")}
    assert set(declared) == {f"demo_{site}" for site in SITES}
    for told in WIRE.stories_at(EPOCH):
        source = declared[told.source_id]
        assert in_scope(told.url, source)
        assert set(told.channels) == {*source.feeds, *source.sitemaps}
        assert source.agency == SITES[told.site].agency
        assert source.timezone == SITES[told.site].zone


# Its truth


@pytest.mark.parametrize("now", [EPOCH, EPOCH + 3 * WIRE.interval, LATER])
def test_every_word_of_the_truth_stands_on_the_page(now):
    for told in WIRE.stories_at(now):
        if told.story is None:
            continue
        story, text = told.story, text_of(page_of(told, now), told.site)
        printed = [story.headline, story.byline, story.dateline, story.credit_line, story.copyright_notice]
        printed += [story.ed_note, story.correction_text, *story.authors, *story.body_text.split("\n\n")]
        if story.published_evidence == "html" and told.site != "courier":
            printed.append(story.published_raw)
        assert [words for words in printed if words and words not in text] == [], told.url


def test_a_story_begins_and_ends_where_the_truth_says():
    """Only a dateline stands between what comes before the body and its first word."""
    for told in WIRE.stories_at(LATER):
        if told.story and told.story.dateline:
            first = told.story.body_text.split("\n\n")[0]
            assert f"{told.story.dateline} - {first}" in text_of(page_of(told, LATER), told.site)


@pytest.mark.parametrize("site", ["meridian", "phare"])
def test_json_ld_says_what_the_truth_says(site):
    for told in WIRE.stories_at(LATER):
        if told.site != site or told.story is None:
            continue
        tree = html.fromstring(page_of(told, LATER).body)
        data = json.loads(tree.xpath("string(//script[@type='application/ld+json'])"))
        article = data["@graph"][1] if site == "meridian" else data
        story = told.story
        assert article["headline"] == story.headline
        assert tuple(a["name"] for a in article.get("author", ())) == story.authors
        assert article["datePublished"] == story.published_raw
        assert datetime.fromisoformat(article["datePublished"]) == story.published_at
        modified = article.get("dateModified")
        assert (datetime.fromisoformat(modified) if modified else None) == story.modified_at
        assert tuple(article.get("keywords", ())) == story.keywords
        assert article.get("description") == story.description


def test_a_cut_reprint_is_the_head_of_the_story_and_others_are_all_of_it():
    told = WIRE.truth_at(EPOCH)
    manners = set()
    for reprint in (t for t in told.values() if t.origin and told[t.origin].fate == "none"):
        ours, theirs = reprint.story.body_text, told[reprint.origin].story.body_text
        assert (ours == theirs) == reprint.word_for_word
        assert theirs.startswith(ours)
        assert (reprint.story.headline != told[reprint.origin].story.headline) == (
            reprint.manner == "retitled"
        )
        manners.add(reprint.manner)
    assert manners == {"word", "retitled", "cut"}


def test_urls_are_clean():
    assert all(address(told.url) == told.url for told in WIRE.stories_at(LATER))


# What changes


@pytest.mark.parametrize("fate", plan.CHANGES)
def test_a_story_changes_at_its_time_and_not_before(fate):
    first = by_fate(fate, LATER)
    for before, version in zip(first.versions, first.versions[1:], strict=False):
        earlier, now = version.at - timedelta(microseconds=1), version.at
        assert page_of(first, earlier) == page_of(first, before.at)
        assert page_of(first, now) != page_of(first, earlier)
        there = WIRE.truth_at(now)[first.url]
        assert there.story == version.story
        expected = Outcome.GONE if fate == "gone" else Outcome.UPDATED
        assert there.outcome_after(earlier) is expected
        if fate != "gone":
            assert there.outcome_after(now) is Outcome.UNCHANGED
            assert version.story.modified_at >= before.story.published_at
    assert [v.change_kind for v in first.versions] == ["new", *(kind for _, kind in plan.CHANGES[fate])]


@pytest.mark.parametrize(
    ("fate", "field", "words"),
    [
        ("writethru", "ed_note", "Eds: 2nd Ld-Writethru"),
        ("correction", "correction_text", "Correction: An earlier version"),
        ("kill", "headline", "ZURÜCKGEZOGEN: "),
    ],
)
def test_a_change_is_announced_on_the_page(fate, field, words):
    story = by_fate(fate, LATER).story
    assert getattr(story, field).startswith(words)
    assert story.signal == fate


def test_a_killed_story_is_gone_and_its_reprints_stand():
    killed = next(t for t in WIRE.stories_at(LATER) if t.fate == "kill" and t.number == 46)
    text = text_of(page_of(killed, LATER), killed.site)
    assert killed.story.pub_status == "canceled"
    assert killed.versions[0].story.body_text.split("\n\n")[0] not in text
    reprints = [t for t in WIRE.stories_at(LATER) if t.origin == killed.url]
    assert len(reprints) == 2
    assert all(t.story.body_text == killed.versions[0].story.body_text for t in reprints)


def test_a_page_may_change_while_its_story_does_not():
    told = next(t for t in WIRE.stories_at(EPOCH) if t.site == "saltmarsh" and t.fate == "none")
    assert page_of(told, LATER).body != page_of(told, EPOCH).body
    assert WIRE.truth_at(LATER)[told.url].outcome_after(EPOCH) is Outcome.UNCHANGED


# What is ugly


@pytest.mark.parametrize(("fate", "status"), [("missing", 404), ("error", 500)])
def test_an_announced_page_fails(served, fate, status):
    with pytest.raises(HTTPError) as failed:
        get(served, by_fate(fate))
    assert failed.value.code == status


def test_a_story_is_taken_down(served):
    gone = by_fate("gone")
    assert page_of(gone, EPOCH).status == 200
    assert page_of(gone, LATER).status == 410


def test_a_redirect_leads_to_another_announced_story(served):
    response = get(served, by_fate("redirect"))
    target = WIRE.origins["courier"] + urlsplit(response.url).path
    assert WIRE.truth_at(EPOCH)[target].outcome is Outcome.NEW


def test_a_redirect_loop_never_ends(served):
    with pytest.raises(HTTPError, match="infinite loop"):
        get(served, by_fate("loop"))


def test_a_pdf_is_announced_as_a_story(served):
    response = get(served, by_fate("pdf"))
    assert response.headers["content-type"] == "application/pdf"
    assert response.read().startswith(b"%PDF")


def test_broken_gzip_cannot_be_read(served):
    response = get(served, by_fate("garbled"))
    assert response.headers["content-encoding"] == "gzip"
    with pytest.raises(zlib.error):
        zlib.decompress(response.read(), wbits=31)


def test_an_empty_article_has_a_frame_and_no_text():
    text = text_of(page_of(by_fate("empty")), "saltmarsh")
    assert "Share this article" in text
    assert not re.search(r"said|told", text)


def test_a_slow_body_comes_in_pieces_and_whole(served):
    told = by_fate("slow")
    parts = urlsplit(served.wire.origins[told.site])
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.request("GET", urlsplit(told.url).path)
    response = connection.getresponse()
    first = response.read1()
    whole = first + response.read()
    assert 0 < len(first) < len(whole) == int(response.headers["content-length"])
    assert told.story.headline.encode() in whole


def test_whoever_reads_slowly_gets_the_rest_when_serving_ends():
    told = by_fate("slow")
    with demo.serve(WIRE, port_base=0, clock=lambda: EPOCH, slow=timedelta(minutes=1)) as served:
        response = get(served, told)
        first = response.read1()
    assert len(first + response.read()) == int(response.headers["content-length"])


def test_an_old_charset_is_named_in_the_page_alone(served):
    told = next(t for t in WIRE.stories_at(EPOCH) if t.site == "kuestenblatt" and t.story)
    response = get(served, told)
    body = response.read()
    assert response.headers["content-type"] == "text/html"
    assert told.story.copyright_notice in body.decode("windows-1252")
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


def test_the_amp_variant_names_its_story():
    told = next(t for t in WIRE.stories_at(EPOCH) if t.site == "phare" and t.story)
    page = html.fromstring(page_of(told).body)
    (amp,) = page.xpath("//link[@rel='amphtml']/@href")
    variant = html.fromstring(WIRE.answer("phare", urlsplit(amp).path, EPOCH).body)
    assert variant.xpath("//link[@rel='canonical']/@href") == [told.url]


# How it is served


def test_an_unchanged_page_is_not_sent_again():
    with demo.serve(WIRE, port_base=0, clock=lambda: EPOCH) as served:
        told = next(t for t in WIRE.stories_at(EPOCH) if t.fate == "update" and t.site == "courier")
        first = get(served, told)
        known = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}
        with pytest.raises(HTTPError) as unchanged:
            get(served, told, **known)
        assert unchanged.value.code == 304
        served.advance(told.versions[0].at + 4 * WIRE.interval - EPOCH)
        assert get(served, told, **known).status == 200
        asked = [(a.site, a.status, "if-none-match" in a.headers) for a in served.requests]
        assert asked == [("courier", 200, False), ("courier", 304, True), ("courier", 200, True)]


def test_gzip_is_sent_to_those_who_can_read_it(served):
    told = next(t for t in WIRE.stories_at(EPOCH) if t.site == "phare" and t.story)
    packed, plain = get(served, told, **{"Accept-Encoding": "gzip"}), get(served, told)
    assert zlib.decompress(packed.read(), wbits=31) == plain.read()
    assert "content-encoding" not in plain.headers


def test_sources_are_declared_with_the_real_ports(served, tmp_path):
    assert sorted(served.declare(tmp_path)) == sources.names(tmp_path)
    for name, source in sources.declared(tmp_path).items():
        base = served.origins[name.removeprefix("demo_")]
        assert all(url.startswith(base + "/") for url in (source.home, *source.feeds, *source.sitemaps))


def test_a_taken_port_is_named_and_the_others_are_free_again():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is taken"), demo.serve(WIRE, port - 1):
            pass
    with socket.socket() as again:
        again.bind(("127.0.0.1", port - 1))


def demo_program(*arguments):
    command = [sys.executable, "-m", "demo", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_serves_until_it_is_asked_to_stop(number):
    with demo_program("serve", "--port-base", "0", "--epoch", EPOCH.isoformat()) as program:
        base = program.stdout.readline().split()[0]
        assert urllib.request.urlopen(base + "/robots.txt", timeout=20).status == 200
        assert "serving since" in program.stderr.readline()
        program.send_signal(number)
        _, errors = program.communicate(timeout=20)
    assert (program.returncode, errors) == (0, "")


def test_the_program_says_in_one_line_which_port_is_taken():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with demo_program("serve", "--port-base", str(taken.getsockname()[1])) as program:
            out, errors = program.communicate(timeout=20)
    assert (program.returncode, out, errors.count("\n")) == (1, "", 1)
    assert "is taken" in errors


def test_the_program_prints_the_truth_as_json_lines():
    at = EPOCH.isoformat()
    with demo_program("truth", "--epoch", at, "--at", at) as program:
        out, _ = program.communicate(timeout=20)
    printed = {line["url"]: line for line in map(json.loads, out.splitlines())}
    assert set(printed) == set(WIRE.truth_at(EPOCH))
    told = next(t for t in WIRE.stories_at(EPOCH) if t.story)
    assert printed[told.url]["story"]["body_text"] == told.story.body_text


@pytest.mark.parametrize("hours", [0, 1])
@pytest.mark.parametrize("site", SITES)
def test_a_site_that_is_well_keeps_what_its_source_promises(site, hours):
    told = [t.story for t in WIRE.stories_at(EPOCH + timedelta(hours=hours)) if t.site == site and t.story]
    source = sources.declared(only=[f"demo_{site}"])[f"demo_{site}"]
    for field, promised in source.expect.filled.items():
        filled = sum(getattr(story, field) not in (None, ()) for story in told)
        assert filled >= promised * len(told), f"{field}: {filled} of {len(told)}"

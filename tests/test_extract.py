# a page is read best in one line
"""What becomes of one page: a story with the right facts, or a reason why not?"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.truth import NOT_OF_THE_PAGE
from demo.wire import Wire
from pipelines.errors import SourceError
from pipelines.extract import extract_page
from pipelines.ledger import Outcome, Reject
from pipelines.records import Capture, Lead, Rule, Source, Story
from pipelines.sources import load_source

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOURCE = Source(name="paper", title="Paper", home="https://www.paper.example/", timezone="Europe/Berlin")
TEXT = "".join(
    f"<p>The river rose again on day {n}, and the town council met for another time this week to talk.</p>"
    for n in range(6)
)


def extract(html: str | bytes, source: Source = SOURCE, **options: Any) -> Story | Reject:
    given_ = {
        "url": "https://www.paper.example/flood",
        "status": 200,
        "headers": (("content-type", "text/html"),),
    }
    content = html.encode() if isinstance(html, str) else html
    return extract_page(Capture(**(given_ | {"body": content, "fetched_at": NOW} | options)), source)


def story(html: str, source: Source = SOURCE, **options: Any) -> Story:
    found = extract(html, source, **options)
    assert isinstance(found, Story), found
    return found


def test_every_field_of_the_demo_wire_is_read() -> None:
    wire = Wire(epoch=NOW)
    wrong = []
    for told in wire.stories_at(NOW):
        if told.story is None:
            continue
        answer = wire.answer(told.site, told.url.removeprefix(wire.origins[told.site]), NOW)
        kind = "news_sitemap" if told.site == "kuestenblatt" else "rss"
        lead = Lead(
            url=told.url,
            found_url=told.url,
            channel=told.channels[0],
            channel_kind=kind,
            guid=None if kind == "news_sitemap" else told.guid,
            published_raw=told.story.published_raw if told.story.published_evidence == "feed" else None,
        )
        capture = Capture(
            url=told.url, status=200, headers=answer.headers, body=answer.body, fetched_at=NOW, lead=lead
        )
        found = extract_page(capture, load_source(told.source_id))
        for field in Story.__dataclass_fields__:
            if field not in NOT_OF_THE_PAGE and getattr(found, field, found) != getattr(told.story, field):
                wrong.append((told.url, field, getattr(found, field, found), getattr(told.story, field)))
    assert wrong == []


WIRE_COPY = "".join(
    f"<p>{line}</p>" for line in ["By Ana Ruiz, CNN", "Updated: Tue, 15 Nov 2022 15:49:10 GMT", "Source: CNN"]
)
STATIONS = {
    "lines of the text": f"<h1>Flood</h1><div id='story'>{WIRE_COPY}{TEXT}</div>",
    "a teaser that runs together": "<h1>Flood</h1><div class='summary'>By Ana Ruiz, CNNUpdated: Tue, 15 Nov 2022 15:49:10 GMT"
    f"Source: CNNThe river rose again</div><div>{WIRE_COPY}{TEXT}</div>",
    "one line": "<h1>Flood</h1><div>By Ana Ruiz, CNN<br>Updated: Tue, 15 Nov 2022 15:49:10 GMT<br>Source: CNN<br><br>"
    + TEXT.replace("<p>", "").replace("</p>", "<br><br>")
    + "</div>",
    "a headline above and a rights line below": f"<div><p>Flood</p>{WIRE_COPY}{TEXT}<p>The-CNN-Wire™ &amp; © 2022 Cable News "
    "Network, Inc. All rights reserved.</p><p>Share this</p></div>",
    "classes for all": "<h1>Flood</h1><div class='byline'>By Ana Ruiz, CNN</div><div class='timestamp'>Updated: Tue, 15 Nov "
    f"2022 15:49:10 GMT</div><article>{TEXT}<p>Source: CNN</p></article>",
    "tags and address below": f"<h1>Flood</h1><div>{WIRE_COPY}{TEXT}</div><div class='tags'>Tags:<a href='#'>to</a></div>"
    "<footer><p>123 Main St.</p></footer>",
}


@pytest.mark.parametrize("printed", STATIONS)
def test_wire_copy_is_read_however_a_station_prints_it(printed: str) -> None:
    found = story(f"<html><head><title>Flood - Paper</title></head><body>{STATIONS[printed]}</body></html>")
    assert found.headline == "Flood"
    assert found.authors == ("Ana Ruiz",)
    assert (found.credit_line, found.origin_agency, found.info_sources) == ("CNN", "CNN", ("CNN",))
    assert found.version_created == datetime(2022, 11, 15, 15, 49, 10, tzinfo=UTC)
    assert found.body_text.startswith("The river rose again on day 0")
    assert found.body_text.count("\n\n") == 5


NO_STORIES = {
    "section_front": (
        "/world/",
        "<ul>" + "<li><a href='/a'>A headline of some length here</a></li>" * 30 + "</ul>",
    ),
    "error_page": (
        "/a",
        "<h1>404 Page not found</h1><p>The page that you asked for is not here, we are sorry to say so.</p>",
    ),
    "consent_wall": (
        "/a",
        "<h1>Your privacy</h1><p>We use cookies. Accept all or manage preferences in the cookie settings.</p>",
    ),
    "login_wall": (
        "/a",
        "<h1>Flood</h1><p>Log in to continue reading this article. Already a subscriber? Create an account.</p>",
    ),
    "gallery": (
        "/gallery/flood",
        "<h1>Flood in pictures</h1><p>Twelve pictures of the flood in the lower town on Thursday.</p>",
    ),
    "video": (
        "/video/flood",
        "<h1>Flood</h1><p>Watch how the river rose again in the lower town on Thursday morning.</p>",
    ),
}


@pytest.mark.parametrize("reason", NO_STORIES)
def test_what_is_no_story_is_told_apart(reason: str) -> None:
    path, html = NO_STORIES[reason]
    found = extract(f"<html><body>{html}</body></html>", url=f"https://www.paper.example{path}")
    assert found == Reject(outcome=Outcome.NOT_STORY, reason=reason)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<html><body><h1>Flood</h1></body></html>", "empty"),
        ("<html><body><p>Rain fell.</p></body></html>", "too_short"),
    ],
)
def test_too_little_text_is_rejected(html: str, reason: str) -> None:
    assert extract(html) == Reject(outcome=Outcome.REJECTED, reason=reason)


GERMAN = "<p>Die Einwohner der Stadt haben am Sonntag dafür gestimmt, die alte Fähre zu behalten.</p>" * 3


@pytest.mark.parametrize(
    ("lang", "text", "rejected"),
    [
        ("de", GERMAN, True),
        ("de", TEXT, False),
        ("en", GERMAN, False),
        ("en-GB", TEXT, False),
        ("", GERMAN, False),
    ],
)
def test_another_language_is_rejected_if_page_and_text_agree_on_it(
    lang: str, text: str, rejected: bool
) -> None:
    found = extract(f"<html lang='{lang}'><body>{text}</body></html>", replace(SOURCE, language="en"))
    assert (found == Reject(outcome=Outcome.REJECTED, reason="wrong_language")) is rejected


def test_a_live_blog_is_kept_and_marked() -> None:
    head = '<script type=\'application/ld+json\'>{"@type": "LiveBlogPosting", "headline": "Flood"}</script>'
    assert "live" in story(f"<html><head>{head}</head><body>{TEXT}</body></html>").genres


def test_a_time_without_a_zone_is_read_in_the_sources_and_marked() -> None:
    found = story(f"<html><body><h1>Flood</h1><time>5.3.2026, 10:15 Uhr</time>{TEXT}</body></html>")
    assert found.published_at == datetime(2026, 3, 5, 9, 15, tzinfo=UTC)
    assert (found.published_tz_known, found.published_precision, found.published_evidence) == (
        False,
        "minute",
        "html",
    )
    assert found.published_raw == "5.3.2026, 10:15 Uhr"


def test_a_day_never_passes_for_midnight() -> None:
    found = story(f"<html><body><h1>Flood</h1><div class='date'>5.3.2026</div>{TEXT}</body></html>")
    assert (found.published_precision, found.published_at) == ("day", datetime(2026, 3, 5, tzinfo=UTC))


def test_rules_hold_until_their_day() -> None:
    old = Rule(until=date(2026, 3, 1), headline="h3", body="#old")
    new = Rule(headline="//h2", byline=".who", published_at=".when", drop=("p.x",))
    source = replace(SOURCE, rules=(old, new))
    html = f"<html><body><h1>A</h1><h2>B</h2><h3>C</h3><i class='who'>By Ana Ruiz</i><i class='when'>5.3.2026</i><div id='old'>{TEXT}</div><p class='x'>{TEXT[3:90]}</p></body></html>"
    before = story(html, source, fetched_at=datetime(2026, 2, 28, tzinfo=UTC))
    after = story(html, source)
    assert (before.headline, before.authors) == ("C", ())
    assert (after.headline, after.authors, after.published_precision) == ("B", ("Ana Ruiz",), "day")
    assert before.body_text == after.body_text


def test_a_rule_that_is_no_selector_is_an_error_of_the_source() -> None:
    with pytest.raises(SourceError, match="neither CSS nor XPath"):
        extract(f"<html><body>{TEXT}</body></html>", replace(SOURCE, rules=(Rule(body="p::!"),)))


@pytest.mark.parametrize(
    ("stated", "same"),
    [
        ("https://www.paper.example/flood", True),
        ("https://paper.example/flood?utm_source=x", True),
        ("https://www.paper.example/flood-of-the-century", False),
        ("https://www.paper.example/", True),
        ("https://elsewhere.example/flood", True),
    ],
)
def test_a_canonical_url_makes_the_key_only_if_it_can_be_meant(stated: str, same: bool) -> None:
    plain = story(f"<html><body>{TEXT}</body></html>")
    linked = story(f"<html><head><link rel='canonical' href='{stated}'></head><body>{TEXT}</body></html>")
    assert (linked.story_id == plain.story_id) is same


def test_the_guid_is_the_key_where_the_source_says_so() -> None:
    lead = Lead(url="https://a/", found_url="https://a/", channel="c", channel_kind="rss", guid="urn:1")
    by_guid = replace(SOURCE, same_by="guid")
    html = f"<html><body>{TEXT}</body></html>"
    moved = [story(html, by_guid, lead=lead, url=f"https://www.paper.example/{n}").story_id for n in (1, 2)]
    assert moved[0] == moved[1] != story(html, SOURCE, lead=lead).story_id


def test_typography_makes_no_other_content() -> None:
    one = story(f"<html><body>{TEXT}</body></html>")
    two = story(f"<html><body>{TEXT.replace('river', 'RIVER').replace(', and', ' — and')}</body></html>")
    assert one.content_hash == two.content_hash
    assert one.body_text != two.body_text


HOSTILE = {
    "null bytes": TEXT.replace("river", "ri\0ver").encode(),
    "a bomb of brackets": b"<script type='application/ld+json'>"
    + b"[" * 200_000
    + b"</script>"
    + TEXT.encode(),
    "a deep page": b"<div>" * 50_000 + TEXT.encode(),
    "broken UTF-8": b"<meta charset=utf-8>" + TEXT.encode().replace(b"river", b"ri\xff\xfever"),
    "an endless class": b"<div class='" + b"a-b " * 50_000 + b"'>" + TEXT.encode(),
    "a title without end": b"<title>" + b"a | b - " * 20_000 + b"</title>" + TEXT.encode(),
    "a thousand bylines": b"<span class='byline'>By A B, " * 2_000 + TEXT.encode(),
    "a frameset": b"<frameset><frame src='a'></frameset>",
    "fifty megabytes": b"<p>rain</p>" * 5_000_000,
    "nothing": b"",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_page_is_a_story_or_a_reasoned_reject(what: str) -> None:
    found = extract(HOSTILE[what])
    assert isinstance(found, Story) or found.reason


def test_bytes_that_are_no_text_are_no_story() -> None:
    noise = random.Random(5).randbytes(3_000)
    assert extract(b"<p>" + noise) == Reject(outcome=Outcome.BAD_CONTENT, reason="binary")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_story_or_a_reasoned_reject(content: bytes) -> None:
    found = extract(b"<html><body>" + content)
    assert isinstance(found, Story) or found.reason


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 10**9))
def test_a_page_that_was_cut_and_torn_is_one_too(seed: int) -> None:
    rnd = random.Random(seed)
    pages = sorted((Path(__file__).parent / "samples").glob("*/*/page.html.gz"))
    content = bytearray(gzip.decompress(rnd.choice(pages).read_bytes()))
    for _ in range(rnd.randrange(60)):
        content[rnd.randrange(len(content))] = rnd.randrange(256)
    start, end = sorted(rnd.randrange(len(content)) for _ in range(2))
    found = extract(bytes(content[:start] + content[end:] * rnd.randrange(1, 3)))
    assert isinstance(found, Story) or found.reason


DEVSET = Path(__file__).resolve().parents[2] / "shared" / "devset"


@pytest.mark.skipif(not DEVSET.is_dir(), reason="the saved pages are not ours to publish: ../shared/devset")
def test_every_real_page_is_a_story() -> None:
    items = json.loads((DEVSET / "truth.json").read_text("utf-8"))
    rejected = []
    for item in items:
        found = extract(gzip.decompress((DEVSET / item["file"]).read_bytes()), url=item["url"])
        if isinstance(found, Reject):
            rejected.append((item["id"], found.reason))
    assert rejected == []

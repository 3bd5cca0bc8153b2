"""Is what publishers reserve read, kept beside the story, and heeded as its source says?"""

import gzip
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crawling import crawl, log_of, outcomes
from lxml import html
from website import declare, rss, story

from pipelines import saved, steps
from pipelines.extract import extract_page
from pipelines.ledger import Outcome, Reject
from pipelines.page import rights
from pipelines.records import Capture, Lead, Source, Story
from pipelines.store import archive, batches, staging

TEXT = ["It rained all day in the harbour town, and nobody minded at all.", "It went on for nine hours more."]
URL = "https://wire.example/rain"
PLAIN = {"Content-Type": "text/html; charset=utf-8"}


def page(head="", **headers):
    body = story("Rain stops play", *TEXT).replace(b"<head>", f"<head>{head}".encode())
    named = (
        ("content-type", "text/html; charset=utf-8"),
        *((k.replace("_", "-"), v) for k, v in headers.items()),
    )
    return Capture(
        url=URL, status=200, headers=named, body=body, fetched_at=datetime(2026, 3, 5, 13, tzinfo=UTC)
    )


def read(capture, setting="keep"):
    found = extract_page(
        capture, Source(name="wire", title="Wire", home="https://wire.example/", rights=setting)
    )
    assert isinstance(found, Story), found
    return found


@pytest.mark.parametrize(
    ("head", "headers", "reserved", "evidence"),
    [
        ("", {}, None, ()),
        ('<meta name="tdm-reservation" content="1">', {}, True, ("tdm-reservation: 1 (meta)",)),
        ('<meta name="TDM-Reservation" content=" 0 ">', {}, False, ("tdm-reservation: 0 (meta)",)),
        ("", {"tdm_reservation": "1"}, True, ("tdm-reservation: 1 (header)",)),
        ('<meta name="robots" content="NOAI, noimageai">', {}, True, ("robots: NOAI, noimageai (meta)",)),
        ("", {"x_robots_tag": "noai"}, True, ("robots: noai (header)",)),
        ("", {"x_robots_tag": "wirehouse: noai"}, True, ("robots: noai (header)",)),
        ("", {"x_robots_tag": "otherbot: noai"}, None, ()),
        ("", {"x_robots_tag": "noindex, noarchive"}, None, ("robots: noindex, noarchive (header)",)),
        ('<meta name="robots" content="noimageai">', {}, None, ("robots: noimageai (meta)",)),
        ('<meta name="tdm-reservation" content="maybe">', {}, None, ("tdm-reservation: maybe (meta)",)),
    ],
)  # fmt: skip
def test_a_reservation_is_read_where_it_is_stated(head, headers, reserved, evidence):
    found = read(page(head, **headers))
    assert (found.rights_reserved, found.rights_evidence) == (reserved, evidence)


def test_terms_and_licences_are_kept_with_the_story():
    found = read(
        page(
            '<meta name="tdm-policy" content="https://wire.example/tdm.json"><link rel="license" href="/terms">',
            link='<https://wire.example/rsl.xml>; rel="license"; type="application/rsl+xml", </x>; rel=next',
            x_robots_tag="noarchive",
        )
    )
    assert (found.tdm_policy, found.license_url) == ("https://wire.example/tdm.json", "/terms")
    assert found.robots_meta == "noarchive"
    assert "license: https://wire.example/rsl.xml (header)" in found.rights_evidence


def test_what_the_page_says_counts_before_what_its_site_says():
    site = ("tdm-reservation: 1 (tdmrep.json)",)
    lead = Lead(url=URL, found_url=URL, channel="c", channel_kind="rss", rights=site)
    from dataclasses import replace

    assert read(replace(page(), lead=lead)).rights_reserved is True
    nearer = replace(page('<meta name="tdm-reservation" content="0">'), lead=lead)
    assert read(nearer).rights_reserved is False
    assert read(nearer).rights_evidence == ("tdm-reservation: 0 (meta)", *site)


def test_metadata_keeps_headline_url_and_dates_and_no_text():
    reserved = page(
        '<meta name="tdm-reservation" content="1"><meta name="description" content="Nine hours.">'
    )
    kept, bare = read(reserved), read(reserved, "metadata")
    assert (bare.headline, bare.url, bare.published_at) == (kept.headline, kept.url, kept.published_at)
    assert (kept.word_count > 10, bare.word_count, bare.body_text, bare.description) == (True, 0, "", None)
    assert bare.content_hash == kept.content_hash  # an edit is seen, though not what was edited
    assert read(page(), "metadata").body_text == "\n\n".join(TEXT)


def test_a_page_in_hand_is_read_whole_and_flagged():
    text = "<p>" + "The river rose again today, and the council met for another time. " * 5 + "</p>"
    page = (
        f"<html><head><meta name='tdm-reservation' content='1'></head><body><h1>Rain</h1>{text}</body></html>"
    )
    told = read_page_of(page.encode())
    assert told["rights_reserved"] is True
    assert told["body_text"].startswith("The river rose")


def read_page_of(page):
    with tempfile.NamedTemporaryFile(suffix=".html") as file:
        Path(file.name).write_bytes(page)
        return saved.read_page(Path(file.name), "https://wire.example/rain", "2026-03-05T12:00:00+00:00")


def test_skip_leaves_no_story():
    source = Source(name="wire", title="Wire", home="https://wire.example/", rights="skip")
    found = extract_page(page(tdm_reservation="1"), source)
    assert found == Reject(outcome=Outcome.RIGHTS_RESERVED, reason="tdm-reservation: 1 (header)")


@pytest.mark.parametrize(
    ("rules", "path", "said"),
    [
        ([{"location": "/", "tdm-reservation": 1}], "/rain", ["tdm-reservation: 1 (tdmrep.json)"]),
        ([{"location": "/", "tdm-reservation": "1"}], "/rain", ["tdm-reservation: 1 (tdmrep.json)"]),
        ([{"location": "/a/*/z$", "tdm-reservation": 1}], "/a/b/z", ["tdm-reservation: 1 (tdmrep.json)"]),
        ([{"location": "/a/*/z$", "tdm-reservation": 1}], "/a/b/zz", []),
        ([{"location": "/*.pdf", "tdm-reservation": 1}], "/rain", []),
        (
            [{"location": "/free", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}],
            "/free/x",
            ["tdm-reservation: 0 (tdmrep.json)"],
        ),
        (
            [{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://wire.example/p"}],
            "/rain",
            ["tdm-reservation: 1 (tdmrep.json)", "tdm-policy: https://wire.example/p (tdmrep.json)"],
        ),
        ({"location": "/", "tdm-reservation": 1}, "/rain", []),
        (
            [7, None, {"location": 7}, {"tdm-reservation": 1}, {"location": "/", "tdm-reservation": 7}],
            "/rain",
            [],
        ),
    ],
)
def test_a_tdmrep_json_is_read_by_its_first_rule_that_fits(rules, path, said):
    read_rules = rights.tdm_rules(json.dumps(rules).encode())
    assert rights.of_site(read_rules, f"https://wire.example{path}") == said


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"\xff\xfe", b'"x"'])
def test_a_tdmrep_json_that_is_none_reserves_nothing(body):
    assert rights.tdm_rules(body) == []


def test_a_pattern_of_a_stranger_cannot_keep_us_busy():
    rule = rights.Rule("/" + "*a" * 140 + "*b$", True, None)
    assert rights.of_site([rule], "https://wire.example/" + "a" * 1900) == []


def test_robots_txt_names_licences_and_content_signals():
    body = b"License: https://wire.example/rsl.xml\nUser-agent: *\nContent-Signal: search=yes, ai-train=no\n"
    assert rights.of_robots(body) == [
        "license: https://wire.example/rsl.xml (robots.txt)",
        "content-signal: search=yes, ai-train=no (robots.txt)",
    ]


def test_a_statement_without_end_is_left_out():
    tree = html.fromstring(f'<html><head><meta name="robots" content="{"noai, " * 200}"></head></html>')
    assert rights.of_page(tree) == []


@pytest.fixture
def wire(home, site):
    reserved = story("Rain", *TEXT).replace(b"<head>", b'<head><meta name="tdm-reservation" content="1">')
    site.pages |= {
        "/rss": rss(site.base, "/free/a", "/site/b", "/header", "/meta", "/packed"),
        "/robots.txt": (200, PLAIN, b"License: https://wire.example/rsl.xml\nUser-agent: *\nDisallow:\n"),
        "/.well-known/tdmrep.json": (
            200,
            {"Content-Type": "application/json"},
            json.dumps([{"location": "/site/*", "tdm-reservation": 1}]).encode(),
        ),
        "/free/a": story("Wind", *TEXT, "Unlike others, this one is free."),
        "/site/b": story("Sun", *TEXT, "Of the site."),
        "/header": (200, PLAIN | {"X-Robots-Tag": "noai"}, story("Hail", *TEXT, "In the header.")),
        "/meta": reserved,
        "/packed": (
            200,
            PLAIN | {"Content-Encoding": "gzip"},
            gzip.compress(reserved.replace(b"Rain", b"Fog")),
        ),
    }
    return site


def stories(batch):
    return {s.headline: s for s in staging.read(steps.places().data / batch / batches.STORIES, Story)}


def test_skip_neither_asks_for_nor_keeps_what_is_reserved(wire, home):
    declare(home, "wire", wire.base, rights='"skip"')
    crawled = crawl()
    assert outcomes(crawled) == {"free/a": None} | dict.fromkeys(
        ("site/b", "header", "meta", "packed"), "rights_reserved"
    )
    assert "/site/b" not in wire.paths()
    assert wire.paths().count("/.well-known/tdmrep.json") == 1
    reasons = {line["url"].rsplit("/", 1)[1]: line["reason"] for line in log_of(crawled, "lead")}
    assert "tdm-reservation: 1 (tdmrep.json)" in reasons["b"]
    assert "tdm-reservation: 1 (meta)" in reasons["packed"]
    with (steps.places().data / crawled.batch / batches.PAGES).open("rb") as file:
        kept = {r.url.rsplit("/", 1)[1]: r.payload for r in archive.records(file, "pages")}
    assert (kept["header"], kept["meta"], kept["packed"]) == (b"", b"", b"")
    assert b"Wind" in kept["a"]
    assert steps.extract(crawled.batch) == {"new": 1, "rights_reserved": 4}
    assert steps.check(crawled.batch) == []


def test_by_default_what_is_reserved_comes_without_its_text_and_is_flagged(wire, home):
    declare(home, "wire", wire.base)
    batch = crawl().batch
    assert steps.extract(batch) == {"new": 5}
    found = stories(batch)
    assert {h: (s.rights_reserved, bool(s.body_text)) for h, s in found.items()} == {
        "Wind": (None, True), "Sun": (True, False), "Hail": (True, False),
        "Rain": (True, False), "Fog": (True, False),
    }  # fmt: skip
    assert {s.license_url for s in found.values()} == {"https://wire.example/rsl.xml"}
    assert found["Sun"].tdm_reserved is True
    assert found["Hail"].tdm_reserved is None

    wire.asked.clear()  # what a site reserves is remembered for a day
    wire.pages |= {"/rss": rss(wire.base, "/site/c"), "/site/c": story("Dew", *TEXT, "Later.")}
    again = crawl().batch
    assert wire.paths() == ["/robots.txt", "/rss", "/site/c"]
    steps.extract(again)
    assert stories(again)["Dew"].rights_reserved is True

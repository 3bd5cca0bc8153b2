# a page is read best in one line
"""What does a page state of itself for machines, however badly it does so?"""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from pipelines.extract import extract_page
from pipelines.ledger import Outcome, Reject
from pipelines.page import headlines, jsonld, markup, masthead, structured
from pipelines.records import Capture, Source, Story

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def read(head: str, body: str = "<p>Rain</p>") -> structured.Stated:
    tree = markup.parse(f"<html lang='en'><head>{head}</head><body>{body}</body></html>")
    assert not isinstance(tree, Reject)
    return structured.read(tree)


def ld(script: str) -> str:
    return f"<script type='application/ld+json'>{script}</script>"


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "NewsArticle", "headline": "Rain", "author": "Ana Ruiz"}',
        '[{"@type": "WebPage"}, {"@type": ["Article"], "headline": "Rain", "author": {"name": "Ana Ruiz"}}]',
        '{"@graph": [{"@type": "ReportageNewsArticle", "headline": "Rain", "author": [{"name": ["Ana Ruiz"]}]}]}',
        '{"@type": "WebPage", "mainEntity": {"@type": "Article", "headline": "Rain", "author": "Ana Ruiz"}}',
        '<!-- {"@type": "NewsArticle", "headline": "Rain", "author": "Ana Ruiz",} -->',
        '//<![CDATA[\n{"@type": "NewsArticle", "headline": "Rain", "author": "Ana Ruiz"}\n//]]>',
        '{"@type": "NewsArticle", "headline": "Rain", "description": "a\nb", "author": "Ana Ruiz"};',
        "{&quot;@type&quot;: &quot;NewsArticle&quot;, &quot;headline&quot;: &quot;Rain&quot;, &quot;author&quot;: &quot;Ana Ruiz&quot;}",
        '{"@type": "https://schema.org/NewsArticle", "headline": "Rain", "author": "Ana Ruiz"} {"@type": "X"}',
        '{"@type": "NewsArticle", "headline": "Rain", "url": "a\\_b", "author": "Ana Ruiz"}',
    ],
)
def test_json_ld_is_read_in_every_shape_it_comes_in(script: str) -> None:
    stated = read(ld(script))
    assert stated.headlines["ld"] == "Rain"
    assert [name for name, _ in stated.authors] == ["Ana Ruiz"]


@pytest.mark.parametrize("script", ["", "{", "[" * 100_000, '{"a": ' * 5_000, "null", '"text"', "12", "{]"])
def test_hopeless_json_ld_is_no_json_ld(script: str) -> None:
    assert read(ld(script)).headlines == {}


@pytest.mark.parametrize("never", [r"\u0000", r"\ud83d", r"\ude00"])
def test_what_no_database_can_hold_is_in_no_text(never: str) -> None:
    stated = r"""{"@type": "NewsArticle", "headline": "Ra%in \ud83d\ude00", "author": "An%a Ruiz",
        "datePublished": "2026-03-05%", "articleSection": "Sp%ort", "keywords": ["ra%in"],
        "copyrightNotice": "(c) %Leeds", "contentLocation": "Le%eds"}""".replace("%", never)
    text = "".join(
        f"<p>Rain number {n} fell on the town, and nobody was surprised by it.</p>" for n in range(9)
    )
    page = f"<html><head>{ld(stated)}</head><body><h1>Ra&#0;in</h1>{text}</body></html>"
    read = told(page)
    assert (read.headline, read.authors, read.section) == ("Rain \N{GRINNING FACE}", ("Ana Ruiz",), "Sport")
    said = dataclasses.astuple(read)
    assert [text for text in map(repr, said) if "\\x00" in text or "\\ud" in text] == []


def test_the_fullest_article_is_the_pages_own() -> None:
    own = {"@type": "NewsArticle", "headline": "Own", "datePublished": "2026-03-05", "author": "Ana Ruiz"}
    nodes, kinds = jsonld.article_nodes(
        ['{"@type": "NewsArticle", "headline": "Related"}', str(own).replace("'", '"')]
    )
    assert jsonld.main_node(nodes)[0]["headline"] == "Own"
    assert kinds == {"NewsArticle"}


def test_an_author_that_is_an_address_is_no_name() -> None:
    assert read(ld('{"@type": "Article", "author": "https://x.example/ana"}')).authors == ()


def test_article_body_loses_its_markup() -> None:
    assert (
        jsonld.plain_text("&lt;p&gt;Rain &amp;amp; wind&lt;/p&gt;&lt;p&gt;Sun&lt;/p&gt;")
        == "Rain & wind\nSun"
    )


@pytest.mark.parametrize(
    ("head", "keywords"),
    [
        ("<meta name='keywords' content='rain, Lille,rain '>", ("rain", "Lille")),
        (
            "<meta name='news_keywords' content='rain; wind'><meta name='keywords' content='site'>",
            ("rain", "wind"),
        ),
        (
            "<meta property='article:tag' content='rain'><meta property='article:tag' content='wind'>",
            ("rain", "wind"),
        ),
        ("<meta property='article:tag' content='Business'><meta name='keywords' content='rain'>", ("rain",)),
        (ld('{"@type": "Article", "keywords": ["rain", {"name": "wind"}]}'), ("rain", "wind")),
        ("", ()),
    ],
)
def test_keywords_come_from_the_best_source_that_has_any(head: str, keywords: tuple[str, ...]) -> None:
    assert read(head).keywords == keywords


def test_microdata_is_read_from_what_the_reader_sees() -> None:
    stated = read(
        "",
        "<h1 itemprop='headline'>Rain</h1><span itemprop='author'><b itemprop='name'>Ana Ruiz</b></span>"
        "<span itemprop='author'><b itemprop='name'>Li Wei</b></span>",
    )
    assert stated.headlines["microdata"] == "Rain"
    assert [name for name, _ in stated.authors] == ["Ana Ruiz", "Li Wei"]


def test_what_is_not_stated_is_missing() -> None:
    stated = read("")
    assert (stated.free, stated.robots, stated.section, stated.image_url) == (None,) * 4


@pytest.mark.parametrize(
    ("value", "free"),
    [("true", True), ('"False"', False), ('"https://schema.org/True"', True), ('"maybe"', None)],
)
def test_free_or_not_is_read_in_all_spellings(value: str, free: bool | None) -> None:
    assert read(ld(f'{{"@type": "Article", "isAccessibleForFree": {value}}}')).free is free


HEADLINES = [
    (
        "printed and shared agree",
        {"ld": "Search form", "og": "Rain in Lille"},
        ["Rain in Lille"],
        "Rain in Lille",
    ),
    (
        "printed and stated agree",
        {"ld": "Rain in Lille", "og": "You won't believe it"},
        ["Rain in Lille"],
        "Rain in Lille",
    ),
    ("both stated ones agree", {"ld": "Rain in Lille", "og": "Rain in Lille"}, ["Log in"], "Rain in Lille"),
    (
        "a kicker is no headline",
        {"ld": "Flood: Rain falls in Lille", "og": "Rain falls in Lille"},
        [],
        "Rain falls in Lille",
    ),
    ("the site's name is none", {"og": "Rain in Lille | The Post"}, [], "Rain in Lille"),
    ("nor is the author's", {"og": "Rain in Lille | The Post | by Ana Ruiz"}, [], "Rain in Lille"),
    ("a dash within stays", {"og": "Rain - and no end of it"}, [], "Rain - and no end of it"),
    ("printed alone", {"title": "The Post"}, ["Rain in Lille"], "Rain in Lille"),
    ("nothing", {}, [], None),
]


@pytest.mark.parametrize(("why", "stated", "printed", "headline"), HEADLINES)
def test_the_headline_is_what_most_statements_agree_on(
    why: str, stated: dict[str, str], printed: list[str], headline: str | None
) -> None:
    assert headlines.choose(stated, printed, ["The Post"], "https://www.thepost.example/a") == headline, why


def test_the_masthead_is_what_stands_around_the_headline() -> None:
    tree = markup.parse(
        "<html><body><h1>Rain</h1><div class='byline'>By Ana Ruiz</div><time datetime='2026-03-05T10:15Z'>5 March</time>"
        "<p>Updated <time datetime='2026-03-06T10:15Z'>6 March</time></p><ul class='tags'><li><a href='#'>#rain</a></li></ul>"
        "<div class='comment-author'>Troll</div></body></html>"
    )
    assert not isinstance(tree, Reject)
    top = masthead.read(tree)
    assert top.titles == ("Rain",)
    assert top.bylines == ("By Ana Ruiz",)
    assert top.published[0] == "2026-03-05T10:15Z"
    assert top.modified[0] == "2026-03-06T10:15Z"
    assert top.tags == ("rain",)


CHARSETS = [
    ("the header says it", "café".encode("latin-1"), "text/html; charset=iso-8859-1"),
    ("the page says it", b"<meta charset=iso-8859-1>" + "café".encode("latin-1"), "text/html"),
    ("nobody says it", "café".encode(), None),
    ("both lie", b"<meta charset=iso-8859-1>" + "café".encode(), "text/html; charset=iso-8859-1"),
    ("a byte order mark", "\ufeffcafé".encode("utf-16"), "text/html"),
    ("a UTF-8 mark", b"\xef\xbb\xbf" + "café".encode(), "text/html; charset=iso-8859-1"),
    ("an unknown charset", "café".encode("cp1252"), "text/html; charset=klingon"),
]


@pytest.mark.parametrize(("why", "body", "content_type"), CHARSETS)
def test_pages_are_decoded_as_browsers_do_or_better(why: str, body: bytes, content_type: str | None) -> None:
    wide = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    page = body + ("<p>".encode("utf-16")[2:] if wide else b"<p>")
    text = markup.decode(page, content_type)
    assert isinstance(text, str), why
    assert "café" in text, why


@pytest.mark.parametrize(
    ("body", "content_type", "outcome"),
    [
        (b"%PDF-1.7 ...", "text/html", Outcome.NOT_HTML),
        (b"{}", "application/json", Outcome.NOT_HTML),
        (b"just words", "text/html", Outcome.NOT_HTML),
        (b"  \n ", "text/html", Outcome.REJECTED),
        (b"<p>" + b"a" * 10_000_001, "text/html", Outcome.TOO_LARGE),
        (b"<p>" + b"\x00a" * 2_000, "text/html", Outcome.BAD_CONTENT),
    ],
)
def test_what_is_no_page_is_rejected(body: bytes, content_type: str, outcome: Outcome) -> None:
    found = markup.decode(body, content_type)
    assert isinstance(found, Reject)
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("markup", "authors"),
    [
        ("<p>von <a href='/autoren/ana'>Dr. Ana Ruiz</a></p>", ("Dr. Ana Ruiz",)),
        ("<p>By <a href='/author/ana'>Ana Ruiz</a></p><a href='/author/bo'>Bo Berg</a>", ("Ana Ruiz",)),
        ("<a href='/authors'>Our authors</a>", ()),
        ("<div class=byline>Ana Ruiz</div><div class=byline>Bo Berg</div>", ("Ana Ruiz", "Bo Berg")),
        ("<p>By TPN, in News, Sport</p>", ("TPN",)),
        ("<p>By DPA, in News, Sport</p>", ()),
    ],
)
def test_authors_are_found_where_no_machine_is_told(markup: str, authors: tuple[str, ...]) -> None:
    text = "".join(
        f"<p>Rain number {n} fell on the town, and nobody there was surprised by it.</p>" for n in range(9)
    )
    page = f"<html><body><h1>Rain falls on the town</h1>{markup}<article>{text}</article></body></html>"
    assert told(page).authors == authors


@pytest.mark.parametrize(
    ("stated", "printed", "authors"),
    [
        (
            "Bo Berg",
            "<div class=by-line>Ana Ruiz</div><div class=by-line>Bo Berg</div>",
            ("Ana Ruiz", "Bo Berg"),
        ),
        ("Bo Berg", "<div class=byline>Bo Berg</div><p>x</p><div class=byline>Tom Ng</div>", ("Bo Berg",)),
        ("aru;tng", "", ("aru", "tng")),
    ],
)
def test_authors_stated_are_completed_by_those_printed(
    stated: str, printed: str, authors: tuple[str, ...]
) -> None:
    text = "".join(
        f"<p>Rain number {n} fell on the town, and nobody there was surprised by it.</p>" for n in range(9)
    )
    ld = json.dumps(
        {"@type": "NewsArticle", "headline": "Rain", "author": {"@type": "Person", "name": stated}}
    )
    head = f"<script type='application/ld+json'>{ld}</script>"
    assert (
        told(f"<html><head>{head}</head><body><h1>Rain</h1>{printed}{text}</body></html>").authors == authors
    )


def told(page: str) -> Story:
    capture = Capture(url="https://x.example/a", status=200, headers=(), body=page.encode(), fetched_at=NOW)
    story = extract_page(capture, Source(name="x", title="X", home="https://x.example/"))
    assert isinstance(story, Story)
    return story

# a page is read best in one line
"""Which of a page's text is the story?"""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.ledger import Reject
from pipelines.page import body, markup

STORY = [
    "The river rose again on Thursday, and the town council met for a third time this week to talk about it.",
    "Forty families left their houses in the lower town, the mayor said, and most of them found room with friends.",
    "The water is expected to fall from Saturday, when colder weather comes in from the north and the rain stops.",
    "Until then the bridge stays closed to cars, and the ferry runs every hour for those who have to cross.",
]
OTHER = "Somebody else wrote this longer text, which has nothing to do with the flood and stands in a box of its own."


def ps(texts: list[str] = STORY) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def read(html: str, **options: Any) -> body.Body:
    tree = markup.parse(f"<html><body>{html}</body></html>")
    assert not isinstance(tree, Reject)
    found = body.read(tree, options.pop("scripts", list), **options)
    assert found is not None
    return found


PAGES = [
    ("in an article", f"<nav><a href='#'>Home</a></nav><article>{ps()}</article><footer><p>{OTHER}</p></footer>"),
    ("in divs", "<div id='c'>" + "".join(f"<div class='t'><div>{t}</div></div>" for t in STORY) + "</div>"),
    ("in lines", "<div id='story'>" + "<br><br>".join(STORY) + "</div>"),
    ("in lines with single breaks", "<div>" + "<br>".join(STORY) + "</div>"),
    ("in spans of own elements", "<my-story>" + "".join(f"<my-para><span>{t}</span></my-para>" for t in STORY) + "</my-story>"),
    ("in a table", f"<table><tr><td><a href='#'>a</a></td><td>{ps()}</td></tr></table>"),
    ("in a form", f"<form>{ps()}</form>"),
    ("in two containers", f"<div class='b'>{ps(STORY[:2])}</div><div class='ad'>Ad</div><div class='b'>{ps(STORY[2:])}</div>"),
    ("in a wrapper named sidebar", f"<div class='has-sidebar'><div class='sidebar-content'>{ps()}</div></div>"),
    ("with a box in it", f"<div>{ps(STORY[:2])}<div class='info-box'><p>{OTHER}</p></div>{ps(STORY[2:])}</div>"),
    ("with an aside in it", f"<div>{ps(STORY[:2])}<aside><p>{OTHER}</p></aside>{ps(STORY[2:])}</div>"),
    ("with a caption", f"<div>{ps(STORY[:2])}<figure><img><figcaption>{OTHER}</figcaption></figure>{ps(STORY[2:])}</div>"),
    ("with a post", f"<div>{ps(STORY[:2])}<blockquote class='twitter-tweet'><p>{OTHER}</p></blockquote>{ps(STORY[2:])}</div>"),
    ("with comments", f"<div>{ps()}</div><div id='comments'>{ps([OTHER] * 9)}</div>"),
    ("with teasers", f"<div>{ps()}</div><ul>" + f"<li><a href='#'>{OTHER}</a></li>" * 9 + "</ul>"),
    ("with a promo line", f"<div>{ps(STORY[:2])}<p>Read more: <a href='#'>Rain</a></p>{ps(STORY[2:])}</div>"),
    ("with a hidden line", f"<div>{ps()}<div style='display: none'><p>{OTHER}</p></div></div>"),
    ("and another article", f"<article><h1>A</h1>{ps()}</article><article><h1>B</h1>{ps([OTHER] * 9)}</article>"),
    ("nested deep", "<div>" * 900 + ps() + "</div>" * 900),
]  # fmt: skip


@pytest.mark.parametrize(("where", "html"), PAGES)
def test_the_story_is_found(where: str, html: str) -> None:
    assert list(read(html).paragraphs) == STORY, where


def test_sub_headings_quotes_and_lists_of_the_story_are_kept() -> None:
    html = (
        f"<div><p>{STORY[0]}</p><h2>The lower town</h2><p>{STORY[1]}</p><blockquote><p>{STORY[2]}</p></blockquote>"
        f"<ul><li>The bridge is closed.</li><li>The ferry runs.</li></ul><p>{STORY[3]}</p></div>"
    )
    kept = ["The lower town", STORY[1], STORY[2], "The bridge is closed.", "The ferry runs.", STORY[3]]
    assert list(read(html).paragraphs) == [STORY[0], *kept]


def test_a_heading_without_its_text_is_dropped() -> None:
    html = f"<div>{ps(STORY[:2])}<h2>Related</h2><div class='box'><p>{OTHER}</p></div>{ps(STORY[2:])}<h2>More</h2></div>"
    assert list(read(html).paragraphs) == STORY


def test_words_in_pieces_are_put_together() -> None:
    html = f"<div><p>The ri<b>v</b>er rose a\u00adgain\u200b on <a href='#'>Thursday<span class='sr-only'>, new tab</span></a>{STORY[0][32:]}</p>{ps(STORY[1:])}</div>"
    assert read(html).paragraphs[0] == STORY[0]


def test_a_body_that_only_json_ld_has_is_taken_from_there() -> None:
    found = read("<p>The river rose…</p>", article_body="\n".join(STORY))
    assert (list(found.paragraphs), found.reader) == (STORY, "articleBody")


def test_a_body_that_only_a_script_has_is_taken_from_there() -> None:
    text = ps().replace("<", "\\u003c")
    found = read("<div id='app'></div>", scripts=lambda: ["var x = 1;", f'{{"html": "{text}"}}'])
    assert (list(found.paragraphs), found.reader) == (STORY, "script")


def test_a_rule_names_the_body() -> None:
    tree = markup.parse(f"<html><body><div id='x'><p>{OTHER}</p></div>{ps()}</body></html>")
    assert not isinstance(tree, Reject)
    found = body.read(tree, list, only=tree.find(".//div[@id='x']"))
    assert found is not None
    assert found.paragraphs == (OTHER,)


def test_a_rule_drops_a_part() -> None:
    tree = markup.parse(f"<html><body><div>{ps()}<p id='x'>{OTHER}</p></div></body></html>")
    assert not isinstance(tree, Reject)
    found = body.read(tree, list, drop=tree.findall(".//p[@id='x']"))
    assert found is not None
    assert list(found.paragraphs) == STORY


def test_a_page_without_text_has_no_body() -> None:
    tree = markup.parse("<html><body><img></body></html>")
    assert not isinstance(tree, Reject)
    assert body.read(tree, list) is None


def test_confidence_falls_where_the_text_stands_in_many_places() -> None:
    plain = read(f"<div>{ps(STORY * 3)}</div>")
    mixed = read(
        "".join(
            f"<div class='{name}'><p>{t}</p></div>" for t, name in zip(STORY * 3, "abcdefghijkl", strict=True)
        )
    )
    assert plain.plain == 1.0
    assert mixed.plain < 0.5

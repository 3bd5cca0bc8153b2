"""Body: the story's paragraphs, and how sure we are of them. The only file that knows trafilatura.

Two readers see the same pruned part of the page: `prose`, ours, which knows where a
story's paragraphs stand, and trafilatura. Where ours finds a story, its paragraphs are
taken; trafilatura's view (and JSON-LD's `articleBody`) says how sure that is, and
stands in where ours finds none.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import lxml.html
import trafilatura
from lxml import etree

from pipelines.ledger import Reject
from pipelines.page import furniture, prose
from pipelines.page.blocks import Block, clean
from pipelines.page.markup import Tree, parse
from pipelines.page.words import agreement

LEAST = 250
"""Characters below which a reading is doubted and the other readers are asked."""


_ENOUGH, _PLAIN = 800, 0.6
"""Where a story of that many characters stands to three fifths in one place, and is three
fifths of the page's prose, trafilatura has nothing to add: our confidence is as well
calibrated without it. It takes longer than we do, so it is asked about the others."""
_AS_A_RULE = 0.98
"""Its agreement where it is not asked: the mean of where it was."""
_NEAR = 15
"""Lines above and below a story in which its byline, times and credits are looked for."""


class Body(NamedTuple):
    paragraphs: tuple[str, ...]
    reader: str
    """prose, articleBody, script or trafilatura."""
    agreement: float
    """How far the second reader sees the same text, 0–1."""
    share: float
    """Of the page's prose, how much is the story, 0–1."""
    plain: float = 1.0
    """Of the story's text, how much stands in its most usual place and is no list, 0–1."""
    links: float = 0.0
    """Of all text on the page, how much is links, 0–1."""
    before: tuple[str, ...] = ()
    """Lines that stand above the story's first paragraph; `after`, below its last."""
    after: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    """Furniture lines that stood between paragraphs."""
    rights: tuple[str, ...] = ()
    """Lines of the whole page that mention a copyright."""


def read(
    tree: Tree,
    scripts: Callable[[], Iterable[str]],
    article_body: str | None = None,
    drop: Iterable[Tree] = (),
    only: Tree | None = None,
) -> Body | None:
    """The body of a page; None if no reader finds any text. Prunes the tree.

    `scripts` gives the page's inline scripts, asked only if its markup holds no story;
    `drop` and `only` are what a rule of the source names.
    """
    reading = prose.read(tree, drop, only)
    if reading is None:
        return _other(article_body, scripts)
    story = [block for block in reading.story if block.link_share < 0.7 or block.kind == "quote"]
    kept = [block for block in story if not furniture.is_furniture(block.text)]
    places = [block.place for block in kept]
    first, last = (places[0], places[-1]) if places else (10**9, 10**9)
    size = sum(len(block.text) for block in kept)
    plain = _plain(kept)
    letters = sum(len(block.text) for block in reading.around)
    links = sum(block.linked for block in reading.around) / letters if letters else 0.0
    if size >= _ENOUGH and plain >= _PLAIN and reading.share >= _PLAIN:
        second, agreed = "", _AS_A_RULE
    elif len(reading.around) >= prose.MOST_BLOCKS or size > 500_000:
        second, agreed = "", 0.5  # no story is so long; trafilatura would take seconds over it
    else:
        second = _trafilatura(reading.root)
        agreed = agreement(" ".join(block.text for block in kept), second)
    if size < LEAST and only is None:
        other = _other(article_body, scripts)
        if other is not None and sum(map(len, other.paragraphs)) > 2 * size:
            return other
        if len(second) > 2 * size + 100:
            lines = tuple(
                line for line in second.splitlines() if line.strip() and not furniture.is_furniture(line)
            )
            return Body(lines, "trafilatura", 0.3, reading.share, links=links, rights=tuple(reading.rights))
    between = set(range(first, last)) - set(places)
    return Body(
        paragraphs=tuple(block.text for block in kept),
        reader="prose",
        agreement=agreed,
        share=reading.share,
        plain=plain,
        links=links,
        before=tuple(block.text for block in reading.around if block.place < first)[-_NEAR:],
        after=tuple(block.text for block in reading.around if block.place > last)[:_NEAR],
        dropped=tuple(block.text for block in reading.around if block.place in between),
        rights=tuple(reading.rights),
    )


def _plain(kept: list[Block]) -> float:
    """Paragraphs of the commonest parent by tag and class, as a share of all but headings."""
    sizes: dict[tuple[str, ...], int] = {}
    whole = 0
    for block in kept:
        if block.kind == "h":
            continue
        parent = block.owner.getparent()
        names = (
            block.kind,
            block.owner.tag,
            block.owner.get("class") or "",
            (parent.get("class") or "") if parent is not None else "",
        )
        sizes[names] = sizes.get(names, 0) + len(block.text)
        whole += len(block.text)
    return max(sizes.values()) / whole if whole else 0.0


def _other(article_body: str | None, scripts: Callable[[], Iterable[str]]) -> Body | None:
    """The story out of JSON-LD, or out of data that a script would draw."""
    if article_body and len(article_body) >= LEAST:
        lines = [line for line in _lines(article_body) if not furniture.is_furniture(line)]
        return Body(tuple(lines), "articleBody", 0.5, 0.5)
    lines = _from_scripts(scripts())
    return Body(tuple(lines), "script", 0.4, 0.4) if lines else None


def _lines(text: str) -> list[str]:
    """Paragraphs of `articleBody`; one without line breaks stays one paragraph."""
    return [line for part in text.splitlines() if (line := clean(part))]


_STRING = re.compile(r'"((?:[^"\\]|\\.){400,})"')
_PARAGRAPHS = re.compile(r"(?:<|\\u003[cC])/?p\b")


def _from_scripts(scripts: Iterable[str]) -> list[str]:
    """The longest piece of HTML in a string of a script: pages that are drawn by the browser."""
    best: list[str] = []
    for script in scripts:
        if len(script) < 400 or len(script) > 3_000_000 or not _PARAGRAPHS.search(script):
            continue
        unwrapped = script.replace('\\\\"', "'").replace("\\\\u", "\\u") if '\\"' in script else script
        for source in dict.fromkeys((script, unwrapped)):
            for match in _STRING.finditer(source):
                if (
                    _PARAGRAPHS.search(match[1])
                    and len(lines := _lines_of(match[1]))
                    and _length(lines) > _length(best)
                ):
                    best = lines
    return best if _length(best) >= LEAST else []


def _lines_of(quoted: str) -> list[str]:
    try:
        markup = json.loads(f'"{quoted}"', strict=False)
    except ValueError:
        return []
    tree = parse(html.unescape(markup) if "&lt;p" in markup else markup)
    reading = None if isinstance(tree, Reject) else prose.read(tree)
    if reading is None:
        return []
    return [b.text for b in reading.story if b.link_share < 0.5 and not furniture.is_furniture(b.text)]


def _length(lines: list[str]) -> int:
    return sum(map(len, lines))


def _trafilatura(root: Tree) -> str:
    """trafilatura's view of a part of a page, without what we read ourselves."""
    # Small by now: written out and parsed again in a moment, since it wants lxml.html's own elements.
    part = etree.tostring(root, encoding="utf-8", method="html", with_tail=False)
    if len(part) > 1_000_000:
        return ""
    page = lxml.html.document_fromstring(
        b"<html><body><article>" + part + b"</article></body></html>",
        parser=lxml.html.HTMLParser(encoding="utf-8"),
    )
    try:
        found = trafilatura.bare_extraction(page, fast=True, with_metadata=False, include_comments=False)
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError, etree.LxmlError):
        return ""  # a second opinion that fails is none; ours stands, less sure
    text = getattr(found, "text", None)  # a Document; its type says it might be a dict
    return text or ""

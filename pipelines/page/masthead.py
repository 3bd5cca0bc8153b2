"""Masthead: what a page prints around a story's headline for readers: titles, byline, times. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from pipelines.page import pruning
from pipelines.page.bylines import is_person
from pipelines.page.markup import Tree


class Masthead(NamedTuple):
    titles: tuple[str, ...]
    """Texts of the page's `<h1>`, in order."""
    bylines: tuple[str, ...]
    """Texts of elements that are named or marked as byline, in order, doubles left out."""
    published: tuple[str, ...]
    """Times, machine-readable before printed, that are not marked as those of a change."""
    modified: tuple[str, ...]
    tags: tuple[str, ...]
    """Texts of the links that are marked, or stand in a list that is named, as the story's topics."""
    linked: tuple[str, ...]
    """Texts around links to an author's page after "by" and its like, where no element is named a byline."""


BESIDE = " · "
"""Between the texts of elements that stand side by side, each naming one author."""


_BYLINE = re.compile(
    r"(?<![a-z])(?:by-?line|author|authors|autor|autores|auteur|verfasser|writer|reporter|"
    r"journalist"
    r"|writtenby|postedby|posted-by|article-author|story-author|contributors?|signature|firma|"
    r"penulis)(?![a-z])"
)
_NOT_BYLINE = re.compile(
    r"comment|bio|about|related|teaser|card|avatar|image|img|photo|recommend|sidebar|follow|"
    r"social|share|promo|caption"
)
_TIME = re.compile(
    r"(?<![a-z])(?:date|time|datetime|timestamp|published|publish|pubdate|posted|datum|fecha|"
    r"updated|modified|dateline)(?![a-z])"
)
_NOT_TIME = re.compile(r"comment|related|teaser|card|sidebar|recommend|promo|update-nag|read|countdown|event")
_TAGS_NAME = re.compile(
    r"(?<![a-z])(?:tags?|tag-list|taglist|keywords?|keyword-list\d?|article-topics|"
    r"topics?)(?![a-z])"
)
_NOT_TAGS = re.compile(
    r"nav|menu|trend|popular|cloud|header-topic|footer-(?:nav|link)|teaser|sidebar|heading|"
    r"google|breaking|label-tag|price"
)
_ANY = re.compile(
    "by.?line|auth?or|auteur|verfasser|writ|reporter|journalist|posted|contrib|signature|firma|penulis|"
    "date|time|publish|datum|fecha|modified|tag|keyword|topic"
)
"""What each name that `_BYLINE`, `_TIME` or `_TAGS_NAME` finds has in it."""
_CHANGE = re.compile(
    r"updat|modif|aktualis|geändert|actualiz|mis à jour|aggiornat|bijgewerkt|oppdatert|"
    r"opdateret|uppdater|päivitet|обновл|更新|수정|lastmod",
    re.I,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAMED = "time span div p a address cite li section strong small em b td ul dd footer header"
_TAGS = tuple(_NAMED.split())
_HAS_PROPERTIES = etree.XPath("boolean(//*[@itemprop])")
_AUTHOR_LINKS = etree.XPath("//a[contains(@href, '/auto') or contains(@href, '/author')]")
_LEAD_IN = re.compile(r"(?:^|\s)(?:by|von|par|por|di|door|av|af):?\s*$", re.I)
"""Before a link to an author's page: then it is a byline, whatever the markup around it is called."""
_MOST = 100
"""Bylines and times that are looked at; the story's own are among the first."""
_LONGEST = 220
"""Characters; a byline or time line that is longer is something else."""


def read(tree: Tree) -> Masthead:
    """Headline, byline and times as printed, wherever on the page they stand.

    Takes out of the tree what never holds text, first: only a title may stand there
    too (in a `<nav>` that shows where the reader is).
    """
    titles = [_text(title) for title in tree.iter("h1")]
    pruning.strip(tree)
    bylines: list[str] = []
    published: list[str] = []
    modified: list[str] = []
    machine: list[str] = []
    tags: list[str] = []
    asked = 0
    seen: Tree | None = None
    marked_up = _HAS_PROPERTIES(tree)  # asked once: few pages have microdata
    for element in tree.iter(*_TAGS):
        tag = element.tag
        if tag == "time":
            stated = element.get("datetime") or element.get("content") or ""
            text = _text(element)
            change = _is_change(element, text)
            if stated:
                (modified if change else machine).append(stated)
            if text and any(c.isdigit() for c in text):
                (modified if change else published).append(text)
            continue
        names = element.get("class") or element.get("id")
        itemprop = element.get("itemprop") if marked_up else None
        rel = element.get("rel") if tag == "a" else None
        if itemprop in ("datePublished", "dateModified"):
            stated = element.get("content") or element.get("datetime") or _text(element)
            (machine if itemprop == "datePublished" else modified).append(stated)
            continue
        if rel and "tag" in rel.split():
            tags.append(_text(element))
            continue
        marked = itemprop == "author" or rel == "author"
        if not names and not marked:
            continue
        kind = _kind(names) if names else ""
        if kind == "tags" and len(tags) < 20:
            tags += [_text(link) for link in ([element] if tag == "a" else element.iter("a"))]
        if not (marked or kind) or asked >= _MOST or kind == "tags":
            continue
        asked += 1
        text = _text(element)
        if (marked or kind == "byline") and text and (seen is None or not _inside(element, seen)):
            if seen is not None and element.getprevious() is seen and is_person(text):
                bylines[-1] += BESIDE + text  # one element for each author
            else:
                bylines.append(text)
            seen = element
        if (kind == "time" or len(published) < 3) and any(c.isdigit() for c in text):
            (modified if _CHANGE.search(text) or _CHANGE.search(names or "") else published).append(text)
    links = [] if bylines else [a for a in _AUTHOR_LINKS(tree)[:5] if _LEAD_IN.search(_before(a))]
    return Masthead(
        tuple(dict.fromkeys(filter(None, titles))),
        tuple(dict.fromkeys(bylines))[:12],
        tuple(dict.fromkeys([*machine[:3], *published]))[:12],
        tuple(dict.fromkeys(modified))[:6],
        tuple({t.casefold(): t for t in (t.strip(" ,#") for t in tags) if 1 < len(t) < 50}.values())[:20],
        tuple(_text(link.getparent()) or _text(link) for link in links),
    )


@lru_cache(maxsize=20_000)
def _kind(names: str) -> str:
    if not _ANY.search(names[:300].lower()):
        return ""  # as of most elements
    lowered = _CAMEL.sub("-", names[:300]).lower().replace("_", "-")
    if _BYLINE.search(lowered) and not _NOT_BYLINE.search(lowered):
        return "byline"
    if _TAGS_NAME.search(lowered) and not _NOT_TAGS.search(lowered):
        return "tags"
    if _TIME.search(lowered) and not _NOT_TIME.search(lowered):
        return "time"
    return ""


def _is_change(element: Tree, text: str) -> bool:
    parent = element.getparent()
    around = f"{element.get('class') or ''} {element.get('itemprop') or ''} {text}"
    if parent is not None:
        around += f" {parent.get('class') or ''} {(parent.text or '')[-60:]}"
    before = element.getprevious()
    if before is not None:
        around += f" {(before.tail or '')[-60:]}"
        if len(before) == 0:
            around += f" {(before.text or '')[-60:]}"
    return bool(_CHANGE.search(around))


def _before(element: Tree) -> str:
    """Text that stands right before an element, within the same parent."""
    before = element.getprevious()
    parent = element.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else None
    return (text or "")[-60:]


def _inside(element: Tree, outer: Tree) -> bool:
    return any(ancestor is outer for ancestor in element.iterancestors())


def _text(element: Tree) -> str:
    """Text of an element with a space between its parts; empty if too long."""
    parts: list[str] = []
    size = 0
    for part in element.itertext(with_tail=False):
        size += len(part)
        if size > 4 * _LONGEST or len(parts) > 100:
            return ""
        parts.append(part)
    text = " ".join(" ".join(parts).replace("\u00ad", "").split())
    return text if len(text) <= _LONGEST or element.tag == "h1" else ""

"""Pruning: what cannot be a story is taken out of the tree, by tag, role, class and id. Pure."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from itertools import groupby, islice

from lxml import etree

from pipelines.page.blocks import Block
from pipelines.page.markup import Tree

_NEVER_TEXT = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "button",
    "input",
    "select",
    "textarea",
    "option",
    "object",
    "embed",
    "canvas",
    "audio",
    "video",
    "picture",
    "dialog",
    "menu",
    "map",
    "nav",
    "figcaption",
    "amp-ad",
    "amp-sidebar",
    "amp-consent",
    "link",
    "meta",
)


def _words(kind: str, joint: str) -> str:
    """The names of a kind as one pattern; grouped by their first letter, which is twice as fast."""
    table = tomllib.loads((resources.files("pipelines.page") / "furniture.toml").read_text("utf-8"))["names"]
    names = sorted(table[kind].split(), key=lambda name: (name[0], -len(name)))
    groups = groupby(names, key=lambda name: name[0])
    return "|".join(f"{first}(?:{'|'.join(n[1:] for n in found)})" for first, found in groups).replace(
        "-", joint
    )


_JUNK = re.compile(rf"(?<![a-z0-9])(?:{_words('never', '[-_]?')})(?![a-z0-9])")
_STORY = re.compile(rf"(?<![a-z0-9])(?:{_words('story', '[-_]?')})(?![a-z0-9])")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JUNK_ROLES = frozenset(
    (
        "navigation",
        "banner",
        "contentinfo",
        "search",
        "complementary",
        "dialog",
        "alertdialog",
        "menu",
        "menubar",
        "toolbar",
        "button",
        "tooltip",
    )
)

_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|clip\s*:\s*rect\(\s*[01]|width\s*:\s*1px", re.I
)
_COMMENTS = re.compile(
    r"(?<![a-z])(?:comments?|commentlist|disqus|livefyre|cookies?|consent|gdpr|newsletter|"
    r"footer|nav)(?![a-z])"
)
_INLINE = frozenset(["span", "a", "em", "i", "b", "strong", "small", "time", "abbr", "sup", "cite"])
_MAYBE_TEXT = frozenset(("aside", "footer", "header", "figure", "form"))
"""Elements that hold no story, unless they hold most of the page's prose."""


def strip(tree: Tree) -> None:
    """Take out, in place, all elements that never hold text."""
    etree.strip_elements(tree, *_NEVER_TEXT, with_tail=False)


def is_named_body(element: Tree) -> bool:
    """Does an element say that it holds the story?"""
    return (element.get("itemprop") or "").lower() in ("articlebody", "text") or bool(
        _STORY.search(_lowered(f"{element.get('class') or ''} {element.get('id') or ''}"))
    )


def suspects(body: Tree) -> list[Tree]:
    """Elements that are no story by tag, role, class or id, in document order.

    Small ones within lines are taken out at once, before the lines are read.
    """
    found = []
    for element in list(body.iter(etree.Element)):
        tag = element.tag
        if tag not in _MAYBE_TEXT and (tag in _WHOLE or not _is_junk(element)):
            continue
        if tag not in _INLINE:
            found.append(element)
        elif len(element) < 20 and sum(map(len, islice(element.itertext(), 50))) < 250:
            remove(element)
    return found


def prune(body: Tree, found: list[Block], doubtful: list[Tree]) -> list[Block]:
    """Take out what cannot be a story; gives the blocks that are left.

    A part that holds a third of the page's prose, or half of it together with its
    namesakes, stays whatever it is called: wrappers are named `has-sidebar` or
    `with-comments` too, and some pages split a body over several of them.
    """
    mass: dict[Tree, float] = {}
    whole = 0.0
    for block in found:
        value = block.weight
        if value < 30:
            continue
        whole += value
        element = block.owner
        while element is not None and element is not body:
            mass[element] = mass.get(element, 0.0) + value
            element = element.getparent()
    limit = 0.35 * whole
    named: dict[str, float] = {}
    for element, value in mass.items():
        if name := element.get("class"):
            named[name] = named.get(name, 0.0) + value
    gone: set[Tree] = set()
    for other in _other_articles(body):
        gone.update(other.iter())
        remove(other)
    for element in doubtful:
        if element in gone:
            continue
        share = max(mass.get(element, 0.0), 0.7 * named.get(element.get("class") or "", 0.0))
        if share <= (limit if not _is_comments(element) else 0.8 * whole):
            gone.update(element.iter())
            remove(element)
    return [block for block in found if block.owner not in gone]


def _other_articles(body: Tree) -> list[Tree]:
    """Whole articles after the page's own: pages that scroll on without end.

    A short first one is no story but a teaser above it; then nothing is taken out.
    """
    whole = [
        article
        for article in body.iter("article")
        if article.find(".//h1") is not None and not any(a.tag == "article" for a in article.iterancestors())
    ]
    if len(whole) < 2 or sum(len(text.strip()) for text in whole[0].itertext()) < 400:
        return []
    return whole[1:]


_WHOLE = frozenset(("body", "html", "article", "main"))


def _is_junk(element: Tree) -> bool:
    """By an element's attributes: named, hidden, or of a role that holds no story."""
    keys = element.keys()  # each element of a page comes here: what costs stands last
    if not keys:
        return False
    if ("class" in keys or "id" in keys) and _junk_name(element.get("class"), element.get("id")):
        return True
    if _TELLING.isdisjoint(keys):
        return False
    stated = dict(element.items())
    if stated.get("role", "").lower() in _JUNK_ROLES:
        return True
    if stated.get("itemprop", "").lower() in _JUNK_PROPERTIES:
        return True
    if element.tag == "p":
        return False  # hidden ones are behind a paywall, as often as not the story's own
    if "hidden" in stated or stated.get("aria-hidden") == "true":
        return True
    return "style" in stated and bool(_HIDDEN_STYLE.search(stated["style"]))


_TELLING = frozenset(("role", "itemprop", "hidden", "aria-hidden", "style"))
_JUNK_PROPERTIES = frozenset(("caption", "author", "datepublished", "datemodified", "keywords"))


@lru_cache(maxsize=20_000)
def _junk_name(classes: str | None, name: str | None) -> bool:
    lowered = _lowered(f"{classes or ''} {name or ''}")
    return bool(_JUNK.search(lowered)) and not _STORY.search(lowered)


def _is_comments(element: Tree) -> bool:
    return bool(_COMMENTS.search(f"{element.get('class') or ''} {element.get('id') or ''}".lower()))


def remove(element: Tree) -> None:
    """Take an element out of its tree; the text that follows it stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _lowered(names: str) -> str:
    return _CAMEL.sub("-", names[:300]).lower()

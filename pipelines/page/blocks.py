"""Blocks: a tree as the runs of text that a reader sees: paragraphs, headings, items. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from pipelines.page.markup import Tree

# One string, split: a list of forty lines would say no more.
_BLOCK_TAGS = """
    address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody td tfoot th thead tr ul
"""
_BLOCK = frozenset(_BLOCK_TAGS.split())
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_INLINE_PARENTS = frozenset(("p", "span", "a", "em", "i", "b", "strong"))

_WRAPPED = 60
"""Characters; old pages break lines by hand at 65 or more."""
_HEAD_LINE = re.compile(
    r"(?:by|von|par|updated|posted|published|source|aktualisiert|quelle)\b.{0,140}$", re.I
)

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SENTENCE = re.compile(r"[.!?…。！？।؟:»”\"]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Block:
    """One run of text between two block boundaries, in document order."""

    text: str
    kind: str
    """p, h (heading), li, quote, td or pre."""
    linked: int
    """Characters of it that are links."""
    owner: Tree
    """The block element that holds it."""
    place: int
    """Number in the document."""
    weight: float
    """How much it speaks for (or, below 0, against) its surroundings being the story."""

    @property
    def link_share(self) -> float:
        return self.linked / len(self.text) if self.text else 0.0


def clean(text: str) -> str:
    r"""One line, single spaces, nothing invisible.

    >>> clean(" Donau\xaddampf \n schiff ")
    'Donaudampf schiff'
    """
    return " ".join((text if text.isascii() else _INVISIBLE.sub("", text)).split())


def blocks(root: Tree) -> list[Block]:
    """All blocks below `root`. Iterative: real pages nest 1,000 levels deep."""
    found: list[Block] = []
    buffer: list[str] = []
    owners: list[Tree] = [root]
    kinds: list[str] = ["p"]
    linked = in_link = breaks = 0

    def flush() -> None:
        nonlocal linked
        if buffer and (text := clean("".join(buffer))):
            linked = min(linked, len(text))
            value = _weight(text, kinds[-1], linked)
            found.append(Block(text, kinds[-1], linked, owners[-1], len(found), value))
        buffer.clear()
        linked = 0

    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag == "br":
                breaks += 1
                if breaks >= 2 or _ends_line(buffer):
                    flush()
                buffer.append(" ")
                continue
            if tag == "a":
                in_link += 1
            elif tag in _BLOCK or ("-" in tag and _is_block(element)):
                if buffer:
                    flush()
                owners.append(element)
                kinds.append(_kind(tag, kinds[-1]))
            text = element.text
        else:
            if tag == "a":
                in_link -= 1
            elif owners[-1] is element and element is not root:
                if buffer:
                    flush()
                owners.pop()
                kinds.pop()
            text = None if element is root else element.tail
        if text:
            if not text.isspace():
                breaks = 0
                if in_link:
                    linked += len(text.strip())
                buffer.append(text)
            elif buffer:
                buffer.append(" ")
    flush()
    return found


def _weight(text: str, kind: str, linked: int) -> float:
    if kind == "h":
        return 0.0
    size = _size(text)
    share = linked / len(text)
    if share > 0.6:
        return -0.5 * min(size, 120) - 5
    if size < 25:
        return -8.0 if kind == "li" and linked else -1.0
    free = size * (1 - share)
    if not _SENTENCE.search(text):
        return -5.0 if size < 80 else 0.2 * free
    return (0.6 if kind in ("li", "td") else 1.0) * min(free, 1500.0)


def _size(text: str) -> float:
    """Length in characters of Latin text; an ideograph says as much as three letters."""
    return len(text) if text.isascii() else len(text) + 2 * len(_CJK.findall(text))


def _kind(tag: str, outer: str) -> str:
    if tag in HEADINGS:
        return "h"
    if tag in ("li", "dd", "dt"):
        return "li"
    if tag == "blockquote":
        return "quote"
    if tag in ("td", "th", "pre"):
        return "td" if tag != "pre" else "pre"
    return outer


def _is_block(element: Tree) -> bool:
    """Is an element of the page's own making (`<my-box>`) a block? Not within a line of text."""
    parent = element.getparent()
    return parent is None or parent.tag not in _INLINE_PARENTS


def _ends_line(buffer: list[str]) -> bool:
    """Does a single `<br>` end a paragraph? Yes after a sentence or a line too short for a wrapped one."""
    text = clean("".join(buffer))
    return bool(text) and (len(text) < _WRAPPED or text[-1] in '.!?…:"”»।。' or bool(_HEAD_LINE.match(text)))

"""Compare two versions of a story word by word, as an editor reads changes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

_TOKEN = re.compile(r"\w+|[^\w\s]|\s+")

_NAMES = """
    headline alternative_headline byline authors dateline credit_line origin_agency pub_status signal ed_note
    correction_text description section published_at modified_at copyright_notice usage_terms url
"""
FIELDS = tuple(_NAMES.split())
"""What is compared beside the body, in the order in which it is shown."""

LONGEST = 6_000
"""Words and marks of a paragraph that are compared one by one; a longer one is replaced whole."""


class Piece(NamedTuple):
    """A run of text that both versions have, or only one of them."""

    kind: str
    """same, cut or added."""
    text: str


def words(old: str, new: str) -> list[Piece]:
    """What became of a text, word by word.

    >>> words("Nine overs", "Ten overs")
    [Piece(kind='cut', text='Nine'), Piece(kind='added', text='Ten'), Piece(kind='same', text=' overs')]

    The pieces that are not `added` give the old text, those that are not `cut` the new one.
    """
    left, right = _TOKEN.findall(old), _TOKEN.findall(new)
    if max(len(left), len(right)) > LONGEST:
        return [*_piece("cut", left), *_piece("added", right)] if left != right else _piece("same", left)
    found: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            found += _piece("same", left[a:b])
        else:
            found += [*_piece("cut", left[a:b]), *_piece("added", right[c:d])]
    return found


def paragraphs(old: str, new: str) -> Iterator[list[Piece]]:
    """What became of a body: its paragraphs in order, each as pieces; those that stay are one piece.

    Paragraphs are put beside those that they most likely were, so that one that was
    added above does not make all that follow look rewritten.
    """
    left, right = old.split("\n\n"), new.split("\n\n")
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            yield from ([Piece("same", text)] for text in left[a:b])
        else:
            yield from _beside(left[a:b], right[c:d])


def fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Of the other fields, those that say something else: name → (before, after)."""
    return {name: (old.get(name), new.get(name)) for name in FIELDS if old.get(name) != new.get(name)}


def _beside(old: Sequence[str], new: Sequence[str]) -> Iterator[list[Piece]]:
    """Rewritten paragraphs: each new one beside the next old one that shares a third of its words."""
    waiting = list(old)
    for text in new:
        alike = next((n for n, other in enumerate(waiting) if _alike(other, text)), None)
        if alike is None:
            yield _piece("added", [text])
            continue
        yield from (_piece("cut", [gone]) for gone in waiting[:alike])
        yield words(waiting[alike], text)
        del waiting[: alike + 1]
    yield from (_piece("cut", [gone]) for gone in waiting)


def _alike(old: str, new: str) -> bool:
    one, two = set(re.findall(r"\w+", old.casefold())), set(re.findall(r"\w+", new.casefold()))
    return bool(one and two) and len(one & two) >= max(len(one), len(two)) / 3


def _piece(kind: str, tokens: Sequence[str]) -> list[Piece]:
    text = "".join(tokens)
    return [Piece(kind, text)] if text else []

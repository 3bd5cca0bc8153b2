"""Read what somebody searches for: words, "phrases", AND, OR, NOT, prefix*, brackets. Pure.

    rain snow            stories with both words
    "port ellery"        these words, next to each other
    rain OR snow         one of them, or both
    rain NOT cricket     (also `-cricket`)
    flood*               words that begin so; the last word of a phrase may have a star too
    (rain OR snow) leeds

AND, OR and NOT are operators in capital letters; AND may be left out, and binds closer than OR. Whatever
else is typed is words and what stands between words: there is no text that cannot be read, only one that
asks for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.errors import UsageError
from pipelines.search.words import words

MOST_WORDS = 64
"""Of a question; a longer one is a text, and every word of it costs."""

DEEPEST = 20
"""Brackets within brackets."""

_PIECE = re.compile(
    r"""
    (?P<minus>(?<![^\s(])-(?=[\w"(]))?
    (?: "(?P<phrase>[^"]*)(?:"(?P<star>\*?)|$)  # to the end, where no quote closes it
      | (?P<mark>[()])
      | (?P<word>[^\s"()]+) )""",
    re.X,
)


@dataclass(frozen=True)
class Words:
    """One word, or several next to each other; the last may be the beginning of one."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True)
class Both:
    """All of them; `none` of these."""

    parts: tuple[Node, ...]
    none: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Either:
    """One of them at least."""

    parts: tuple[Node, ...]


Node = Words | Both | Either


def read(text: str) -> Node:
    """What a question asks for; UsageError if it asks for no word, or for too many.

    >>> read('flood* NOT "port ellery"')
    Both(parts=(Words(words=('flood',), prefix=True),), none=(Words(words=('port', 'ellery'), prefix=False),))
    >>> read("rain OR (snow") == read("rain OR snow")
    True
    """
    text = text.replace("“", '"').replace("”", '"').replace("„", '"').replace("«", '"').replace("»", '"')
    reader = _Reader(list(_PIECE.finditer(text)))
    found = reader.either(0)
    if reader.count > MOST_WORDS:
        raise UsageError(f"that is {reader.count} words: search for {MOST_WORDS} at most")
    if found is None:
        raise UsageError("there is no word in that: say what the stories should have")
    if not _asks(found):
        raise UsageError("that only says what the stories should not have: say a word that they should")
    return found


def wanted(node: Node) -> list[Words]:
    """The words and phrases that a story is found by, in their order; for marking them in its text.

    >>> [w.words for w in wanted(read("rain (snow OR ice) NOT hail"))]
    [('rain',), ('snow',), ('ice',)]
    """
    if isinstance(node, Words):
        return [node]
    return [found for part in node.parts for found in wanted(part)]


def _asks(node: Node) -> bool:
    """Does every story that fits have some word of it? A bare NOT would be nearly all stories."""
    if isinstance(node, Words):
        return True
    return (any if isinstance(node, Both) else all)(_asks(part) for part in node.parts)


class _Reader:
    """Reads piece by piece; what is missing (an end, a word after OR) is taken as not asked for."""

    def __init__(self, pieces: list[re.Match[str]]) -> None:
        self.pieces, self.at, self.count = pieces, 0, 0

    def either(self, depth: int) -> Node | None:
        """Alternatives up to the bracket that closes, or the end."""
        parts = [self.both(depth)]
        while self.here() == "OR":
            self.at += 1
            parts.append(self.both(depth))
        found = tuple(part for part in parts if part is not None)
        return Either(found) if len(found) > 1 else found[0] if found else None

    def both(self, depth: int) -> Node | None:
        parts: list[Node] = []
        none: list[Node] = []
        refused = False
        while self.at < len(self.pieces) and self.here() != "OR" and (self.here() != ")" or not depth):
            if self.here() in ("AND", "NOT", ")"):  # (a bracket that closes none)
                refused = self.here() == "NOT"
                self.at += 1
                continue
            refused = refused or self.pieces[self.at]["minus"] is not None
            one = self.one(depth)
            if one is not None:
                (none if refused else parts).append(one)
            refused = False
        if not none:
            return Both(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
        return Both(tuple(parts), tuple(none))

    def one(self, depth: int) -> Node | None:
        piece = self.pieces[self.at]
        self.at += 1
        if piece["mark"] == "(":
            if depth == DEEPEST:
                raise UsageError(f"brackets may stand in {DEEPEST} others at most")
            found = self.either(depth + 1)
            while self.here() == "OR":  # (a stray one before the bracket that closes)
                self.at += 1
            if self.here() == ")":
                self.at += 1
            return found
        text = piece["phrase"] if piece["word"] is None else piece["word"]
        said = tuple(words(text or ""))
        self.count += len(said)
        starred = bool(piece["star"]) or (text or "").rstrip().endswith("*")
        return Words(said, prefix=starred) if said else None

    def here(self) -> str | None:
        """The operator or bracket at this place; None where a word stands, or nothing."""
        if self.at >= len(self.pieces):
            return None
        piece = self.pieces[self.at]
        if piece["mark"] is not None:
            return str(piece["mark"])
        return piece["word"] if piece["word"] in ("AND", "OR", "NOT") else None

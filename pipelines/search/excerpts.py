"""Show where in a text the words are. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.search.question import Words
from pipelines.search.words import places

LONG = 180
"""Characters of an excerpt, about."""


def excerpt(text: str, phrases: Sequence[Words], long: int = LONG) -> str:
    """The part of a text in which most of the words are, on one line; its beginning, if none is there.

    >>> excerpt("It rained. " * 30 + "Then the snow came.", [Words(("snow",))], 40)
    '… Then the snow came.'
    """
    found = marks(text, phrases)
    start, best = 0, 0
    for n, (at, _) in enumerate(found):
        within = len({what for _, what in _within(found[n:], at + long * 2 // 3, text)})
        if within > best:
            start, best = at, within
    start = _edge(text, max(0, start - long // 3)) if start > long // 3 else 0
    end = start + long
    if end < len(text):
        end = text.rfind(" ", start + 1, end) if " " in text[start + 1 : end] else end
    shown = " ".join(text[start:end].split())
    return ("… " if start else "") + shown + (" …" if end < len(text) else "")


def marks(text: str, phrases: Sequence[Words]) -> list[tuple[int, int]]:
    """Where words of the phrases begin in a text, and where they end; of a prefix, the whole word."""
    wanted = {word for phrase in phrases for word in phrase.words}
    begun = tuple(phrase.words[-1] for phrase in phrases if phrase.prefix)
    return [
        (start, end)
        for start, end, came_to in places(text)
        if any(word in wanted or word.startswith(begun) for word in came_to)
    ]


def _within(found: Sequence[tuple[int, int]], last: int, text: str) -> list[tuple[int, str]]:
    return [(start, text[start:end].casefold()) for start, end in found if end <= last]


def _edge(text: str, at: int) -> int:
    """The beginning of the next word, if one begins soon."""
    space = text.find(" ", at, at + 30)
    return space + 1 if space >= 0 else at

"""Show where in a text the words are. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from pipelines.search.question import Words
from pipelines.search.words import places

LONG = 180
"""Characters of an excerpt, about."""

MOST = 2_000
"""Marks that are looked at: of a text with more, the beginning has as good an excerpt as the rest."""


def excerpt(text: str, phrases: Sequence[Words], long: int = LONG) -> str:
    """The part of a text in which most of the words are, on one line; its beginning, if none is there.

    >>> excerpt("It rained. " * 30 + "Then the snow came.", [Words(("snow",))], 40)
    '… Then the snow came.'
    """
    found = marks(text, phrases, MOST)
    said = [text[at:end].casefold() for at, end in found]
    within: Counter[str] = Counter()
    start, best, beyond = 0, 0, 0
    for n, (at, _) in enumerate(found):
        while beyond < len(found) and found[beyond][1] <= at + long * 2 // 3:
            within[said[beyond]] += 1
            beyond += 1
        if len(within) > best:
            start, best = at, len(within)
        if n < beyond:
            within[said[n]] -= 1
            if not within[said[n]]:
                del within[said[n]]
        else:  # a word that is longer than an excerpt
            beyond = n + 1
    start = _edge(text, max(0, start - long // 3)) if start > long // 3 else 0
    end = start + long
    if end < len(text):
        end = text.rfind(" ", start + 1, end) if " " in text[start + 1 : end] else end
    shown = " ".join(text[start:end].split())
    return ("… " if start else "") + shown + (" …" if end < len(text) else "")


def marks(text: str, phrases: Sequence[Words], most: int | None = None) -> list[tuple[int, int]]:
    """Where words of the phrases begin in a text, and where they end; of a prefix, the whole word.

    Of many, the first `most`.
    """
    wanted = {word for phrase in phrases for word in phrase.words}
    begun = tuple(phrase.words[-1] for phrase in phrases if phrase.prefix)
    found = (
        (start, end)
        for start, end, came_to in places(text)
        if any(word in wanted or word.startswith(begun) for word in came_to)
    )
    return list(islice(found, most))


def _edge(text: str, at: int) -> int:
    """The beginning of the next word, if one begins soon."""
    space = text.find(" ", at, at + 30)
    return space + 1 if space >= 0 else at

"""Who writes story `number`, who carries it and what befalls it: a table that repeats."""

from __future__ import annotations

from dataclasses import dataclass

CYCLE = 48
"""Stories until every fate has come once; a backlog of as many has them all."""


@dataclass(frozen=True, slots=True)
class Carry:
    """A reprint."""

    site: str
    manner: str
    """word (as filed), retitled (own headline, same body) or cut (from the foot, no byline)."""


@dataclass(frozen=True, slots=True)
class Row:
    owner: str
    language: str
    carried: tuple[Carry, ...] = ()


def row(number: int) -> Row:
    return _ROWS[number % len(_ROWS)]


def fate(number: int) -> str:
    """What befalls the owner's page; reprints stand as they were printed.

    >>> fate(46), fate(46 + CYCLE), fate(1)
    ('kill', 'kill', 'none')
    """
    return _FATES.get(number % CYCLE, "none")


CHANGES: dict[str, tuple[tuple[int, str], ...]] = {
    "update": ((4, "update"), (9, "update")),
    "writethru": ((4, "writethru"), (8, "writethru")),
    "correction": ((5, "correction"),),
    "kill": ((6, "kill"),),
    "gone": ((6, "gone"),),
}
"""Fates that change a page, with their times in intervals after its publication."""


def _carry(*pairs: str) -> tuple[Carry, ...]:
    return tuple(Carry(*pair.split(":")) for pair in pairs)


_ROWS = (
    Row("meridian", "en", _carry("courier:word", "saltmarsh:retitled")),
    Row("veldra", "de", _carry("kuestenblatt:word")),
    Row("courier", "en"),
    Row("phare", "fr"),
    Row("meridian", "en", _carry("saltmarsh:word")),
    Row("kuestenblatt", "de"),
    Row("veldra", "fr", _carry("phare:retitled")),
    Row("saltmarsh", "en"),
    Row("meridian", "en", _carry("courier:cut")),
    Row("veldra", "de", _carry("kuestenblatt:cut")),
    Row("meridian", "en", _carry("courier:retitled", "saltmarsh:cut")),
    Row("courier", "en"),
    Row("kuestenblatt", "de"),
    Row("saltmarsh", "en"),
    Row("veldra", "fr", _carry("phare:word")),
    Row("phare", "fr"),
    Row("meridian", "en"),
    Row("courier", "en"),
    Row("veldra", "de"),
    Row("kuestenblatt", "de"),
    Row("courier", "en"),
    Row("saltmarsh", "en"),
    Row("meridian", "en", _carry("saltmarsh:word", "courier:word")),
    Row("veldra", "de", _carry("kuestenblatt:retitled")),
)

_FATES = {
    # ugly from the start: announced like any other story
    2: "missing",  # 404
    7: "error",  # 500
    11: "redirect",  # to an older story of the same site
    12: "pdf",
    13: "empty",  # the page's frame without a text
    15: "forbidden",  # by robots.txt
    16: "slow",  # the body trickles
    17: "loop",  # of redirects
    27: "garbled",  # says gzip, is not
    20: "front",  # a section's front page, announced as a story
    # changed before a fresh wire of one cycle begins
    32: "correction",
    33: "kill",
    34: "kill",
    38: "kill",
    39: "update",
    # changing soon after it has begun
    40: "writethru",
    42: "gone",  # 410
    43: "update",
    44: "update",
    45: "update",
    46: "kill",  # while two reprints stand
    47: "correction",
}

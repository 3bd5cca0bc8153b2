"""Edges: what wire copy carries above its first and below its last paragraph. Pure.

Bylines, times, credits, notes to editors, corrections and rights stand as lines of
their own at the two ends of a story's text; here they are taken off and told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from pipelines.page import bylines, furniture, signals, wire
from pipelines.page.words import squash

_DEPTH = 8
"""Lines from either end that may be no copy."""

_EDITORS = re.compile(r"^\W*(?:eds?\.?:|editors?[’']?s? note\s*[:—–-]|note to editors\s*[:—–-]|"
r"anmerkung der redaktion\s*:|"
                      r"(?:achtung )?redaktionen?\s*:|note (?:de la rédaction|aux rédactions)\s*:|"
r"nota (?:del editor|a los editores)\s*:)", re.I)  # fmt: skip
_IS = (
    r"(?:is|was|are|writes|covers|reports|reported|contributed|joined|has|ist|schreibt|"
    r"berichtet|arbeitet|leitet|est|es|è)"
)
_BIO = re.compile(
    r"(?:about the author\b|(?:the )?(?:author|writer) is\b|über (?:den|die) autor|"
    r"(?-i:[A-Z][\w.'’-]+ (?:[A-Z][\w.'’-]+ ){1,2})(?:is|was|writes|covers|ist) (?:an?|the|"
    r"for|from|about|eine?r?)?\b.{0,60}?"
    r"\b(?:editor|writer|reporter|correspondent|columnist|journalist|contributor|"
    r"redakteur(?:in)?|korrespondent(?:in)?)\b)",
    re.I,
)

_KINDS = ("byline", "time", "source", "note", "correction", "notice")
"""Of the lines that stand around a story."""


class Edges(NamedTuple):
    paragraphs: tuple[str, ...]
    bylines: tuple[str, ...]
    times: tuple[str, ...]
    sources: tuple[str, ...]
    """Who is credited in a line of its own ("Source: CNN"), as printed."""
    ed_note: str | None
    correction: str | None
    notices: tuple[str, ...]
    """Lines of rights."""


def trim(
    paragraphs: Sequence[str], headlines: Iterable[str | None], agency: str | None,
    persons: Iterable[str] = (),
) -> Edges:  # fmt: skip
    """Take off and tell apart the lines at both ends of a story's text.

    >>> trim(["Rain", "By Ana Ruiz, EFE", "Rain fell.", "Source: EFE"], ["Rain"], None)[:4]
    (('Rain fell.',), ('By Ana Ruiz, EFE',), (), ('EFE',))

    `headlines`, and a teaser that is cut from the text below it, are dropped where the
    text begins with them. `persons` are the authors if
    known: a last paragraph about one of them is no part of the story.
    """
    lines = list(paragraphs)
    known = {squash(h) for h in headlines if h} - {""}
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    first = 0
    while first < min(len(lines), _DEPTH):
        line = lines[first]
        key = squash(line)
        if (
            key in known
            or furniture.is_broken_teaser(line)
            or (len(key) > 40 and _begins(key, lines[first + 1 : first + 7]))
        ):
            first += 1
            continue
        kind = _kind(line, agency)
        if kind is None:
            break
        found[kind].append(line)
        first += 1
    last = len(lines)
    about = [name for name in persons if len(name.split()) > 1]
    while last > first + 1 and last > len(lines) - _DEPTH:
        line = lines[last - 1]
        kind = _kind(line, agency)
        if kind is None and (
            _BIO.match(line)
            or any(re.match(rf"{re.escape(name)}\b.{{0,40}}\b{_IS}\b", line) for name in about)
        ):
            last -= 1
            continue
        if kind is None and squash(line) in known:
            last -= 1
            continue
        if kind is None:
            break
        found[kind].append(line)
        last -= 1
    kept = []
    for line in lines[first:last]:
        kind = _kind(line, agency) if len(line) < 400 else None
        if kind in ("correction", "note"):
            found[kind].append(line)
        elif kind not in ("notice", "time"):
            kept.append(line)
    return _edges(kept, found, agency)


def _begins(key: str, lines: Sequence[str]) -> bool:
    """Does a text begin as the lines below it do? Then it is a teaser, cut from them and run together."""
    below = [squash(line) for line in lines]
    return "".join(below).startswith(key) or bool(below and len(below[0]) > 9 and key.startswith(below[0]))


def sort(lines: Iterable[str], agency: str | None) -> Edges:
    """Tell apart lines from around a story, wherever among them each stands."""
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for line in lines:
        if kind := _kind(line, agency):
            found[kind].append(line)
    return _edges((), found, agency)


def _edges(kept: Iterable[str], found: dict[str, list[str]], agency: str | None) -> Edges:
    sources = [wire.credit_of_line(line, agency) for line in found["source"]]
    return Edges(
        tuple(kept),
        tuple(found["byline"]),
        tuple(found["time"]),
        tuple(dict.fromkeys(s for s in sources if s)),
        found["note"][0] if found["note"] else None,
        found["correction"][0] if found["correction"] else None,
        tuple(found["notice"]),
    )


@lru_cache(maxsize=2_000)
def _kind(line: str, agency: str | None) -> str | None:
    if len(line) > 600:
        return None
    if signals.is_correction(line):
        return "correction"
    if _EDITORS.match(line):
        return "note"
    if len(line) <= _SHORT:
        if signals.is_note(line):
            return "note"
        if furniture.is_time_line(line):
            return "time"
        if wire.credit_of_line(line, agency):
            return "source"
        if bylines.looks_like_byline(line):
            return "byline"
    return "notice" if furniture.is_furniture(line) or furniture.is_desk_line(line) else None


_SHORT = 160
"""Characters; no note, time, credit or byline is longer."""

"""Attribution: who wrote a story, who sent it, and whose right it is, of all that a page says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pipelines.page import bylines, edges, furniture, masthead, structured, wire
from pipelines.page.words import squash
from pipelines.records import Source


def who(
    stated: structured.Stated,
    named: bylines.Byline,
    top: masthead.Masthead,
    ends: edges.Edges,
    around: Iterable[str],
    own_names: list[str],
    ruled: str | None,
) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
    """(byline as printed, persons in order, agencies as signed).

    Persons: JSON-LD before `<meta>` before the printed byline, unless a rule of the source
    (`ruled`) says where that is. Where nobody names a person, the newsroom or house name
    that stands as the author is given, since that is what the page says; agencies never are.
    """
    printed = (
        [ruled]
        if ruled
        else [*ends.bylines, *top.bylines, *(b for b in around if bylines.looks_like_byline(b)), *top.linked]
    )
    readings = [(text, bylines.take_apart(text, own_names)) for text in printed if text]
    meta = bylines.from_names([(name, "") for name in stated.meta_authors], own_names)
    known = {name.casefold() for name in named.persons or meta.persons}
    best = next(((t, r) for t, r in readings if known & {name.casefold() for name in r.persons}), None)
    if best is None or ruled:
        best = next(((t, r) for t, r in readings if r.persons or r.agencies), best)
    signed = tuple(dict.fromkeys([*(best[1].agencies if best else ()), *named.agencies, *meta.agencies]))
    persons: tuple[str, ...] = named.persons or meta.persons
    if best and masthead.BESIDE in best[0] and persons and set(persons) < set(best[1].persons):
        persons = best[1].persons  # some sites state only one of several authors to machines
    sites = {squash(name) for name in own_names}
    house = [name for name in named.others if squash(name) not in sites]
    if best and (ruled or (not persons and not house)):
        persons = best[1].persons
    if not persons and not named.agencies:
        signs = (name for _, r in readings for name in r.others[:1] if name.isupper() and len(name) < 6)
        persons = named.others[:3] or tuple(signs)[:1]
    byline = (
        furniture.without_times(best[0])
        if best and set(best[1].persons) & set(persons or best[1].persons)
        else None
    )
    if byline is None and best and (best[1].agencies and not persons):
        byline = furniture.without_times(best[0])
    return byline, persons, signed


def credit_and_agency(
    line: wire.Dateline | None,
    signed: Sequence[str],
    sources: Sequence[str],
    stated: structured.Stated,
    source: Source,
) -> tuple[str | None, str | None]:
    """(credit as printed, agency that the copy comes from)."""
    printed = [
        line.credit if line else None,
        *signed,
        *sources,
        stated.credit if wire.agency(stated.credit) else None,
    ]
    named = [credit for credit in printed if credit]
    agency = next((a for credit in named if (a := wire.agency(credit))), None)
    if agency is None and line and line.credit:
        agency = line.credit
    if agency is None and sources and _is_house(sources[0]):
        agency = sources[0]
    if agency is None and source.agency:
        agency = source.agency
    return (named[0] if named else None), agency


def _is_house(name: str) -> bool:
    return (name[:1].isupper() and len(name.split()) <= 4 and not bylines.is_person(name)) or bool(
        wire.agency(name)
    )


def notice(
    stated: structured.Stated,
    ends: edges.Edges,
    notes: edges.Edges,
    foot: Sequence[str],
    agency: str | None,
    credit: str | None,
) -> str | None:
    """The line of rights that is nearest to the story: an agency's own before the site's."""
    lines = [
        n
        for n in (*ends.notices, *notes.notices, *foot)
        if "©" in n or re.search(r"copyright|\(c\) ?\d{4}", n, re.I)
    ]
    for name in (credit, agency):
        if name and (of_agency := next((n for n in lines if name.casefold() in n.casefold()), None)):
            return of_agency
    return lines[0] if lines else stated.copyright_notice

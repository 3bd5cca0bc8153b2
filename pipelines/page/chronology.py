"""Chronology: when a story came out and was changed, of all that page, feed, address and server say. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from pipelines.page import dates, edges, furniture, masthead, structured
from pipelines.records import Capture, Dated, Evidence

_LATER = timedelta(days=1)
"""By how much a story may come out after its last change: systems stamp the two in any order."""


class Chronology(NamedTuple):
    published: dates.Moment | None
    modified: dates.Moment | None
    candidates: tuple[Dated, ...]
    """Every statement of when it came out, in the order of trust."""
    flags: tuple[str, ...]
    """What is wrong with them: see `Story.date_flags`."""


def read(
    stated: structured.Stated,
    top: masthead.Masthead,
    ends: edges.Edges,
    notes: edges.Edges,
    ruled: str | None,
    capture: Capture,
    zone: str,
) -> Chronology:
    """The two times that we believe, and the evidence; `ruled` is what a rule of the source points at."""
    dated = _published(stated, top, ends, notes, ruled, capture)
    published = dates.choose(dates.candidates(dated, capture.fetched_at, zone, all_=True))
    modified = dates.choose(dates.candidates(_modified(stated, top, ends, notes), capture.fetched_at, zone))
    if server_said := capture.header("last-modified"):
        dated.append((Evidence.HTTP.value, server_said))
    every, wrong = dates.judged(dated, capture.fetched_at, zone)
    flags = list(wrong)
    if published and published.at > capture.fetched_at:
        flags.append("ahead")
    if published and modified and published.at - modified.at > _LATER:
        flags.append("modified_before")
    if published and modified and modified.at < published.at and modified.precision == "day":
        modified = None
    return Chronology(published, modified, every, tuple(flags))


def _published(
    stated: structured.Stated,
    top: masthead.Masthead,
    ends: edges.Edges,
    notes: edges.Edges,
    ruled: str | None,
    capture: Capture,
) -> list[tuple[str, str]]:
    """All statements of when the story came out, in the order of trust."""
    lead = capture.lead
    found = [(Evidence.HTML, ruled)] if ruled else []
    found += [(Evidence(evidence), raw) for evidence, raw in stated.published]
    found += [(Evidence.HTML, raw) for raw in top.published]
    found += [
        (Evidence.HTML, raw) for raw in (*ends.times, *notes.times) if not furniture.is_change_time(raw)
    ]
    if lead and lead.published_raw:
        found.append(
            (Evidence.SITEMAP if "sitemap" in lead.channel_kind else Evidence.FEED, lead.published_raw)
        )
    if day := dates.from_url(capture.url):
        found.append((Evidence.URL, day))
    return [
        (evidence.value, furniture.time_of(raw) if evidence is Evidence.HTML else raw)
        for evidence, raw in found
    ]


def _modified(
    stated: structured.Stated, top: masthead.Masthead, ends: edges.Edges, notes: edges.Edges
) -> list[tuple[str, str]]:
    printed = [
        raw
        for raw in (*top.modified, *ends.times, *notes.times)
        if raw in top.modified or furniture.is_change_time(raw)
    ]
    return [*stated.modified, *(("html", furniture.time_of(raw)) for raw in printed)]

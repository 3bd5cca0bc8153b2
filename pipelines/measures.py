"""Measures: the numbers that a judged run leaves behind, with which later runs are compared.

A run is measured once, when it is judged; so learning what is usual for a source reads one
narrow row per run, and no story again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many of something there were, by its name."""

    name: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What came of asking one channel."""

    url: str
    outcome: str
    """ok, unchanged, or an `Outcome`."""
    named: int | None = None
    """Addresses that it announced; None where it said nothing new, or nothing at all."""
    arrived: int = 0
    """Stories that it was the first to announce."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What one judged run measured: the row of `measures.parquet` and of the table `measures`."""

    run_id: str
    source_id: str
    kind: str
    """crawl, backfill or replay."""
    started_at: datetime
    judged_at: datetime
    held: bool = False
    """A finding held the batch back: what it measured is no part of what is usual."""
    released: bool = False
    """It was held, and somebody released it: what it measured is usual from then on, whatever was found."""
    causes: tuple[str, ...] = ()
    """Of its warnings and errors."""

    arrived: int = 0
    """Leads that no run had read before, whatever their pages were: what the source has brought."""
    expected: float | None = None
    """What it brings in such a time by its past; None while that is not known."""
    channels: tuple[Asked, ...] = ()
    sections: tuple[Counted, ...] = ()
    """Of the stories, as the publisher files them; the twenty with most."""
    newest_said_at: datetime | None = None
    """Latest time of publication that a channel stated, and that can be."""

    fetched: int = 0
    """Story pages asked for."""
    blocked: int = 0
    """Of these, answered with 401, 403, 429 or 451, or forbidden by robots.txt."""
    failed: int = 0
    """No answer, or 5xx."""
    abroad: int = 0
    """Leads that are no address of this source, or led to none."""
    leads: int = 0
    seconds: float | None = None
    """Of an answer, the median."""
    timeouts: int = 0
    requests: int = 0

    pages: int = 0
    """That were read, as a story or in vain."""
    unread: int = 0
    """Of these, in vain: rejected, no story, bad content."""
    stories: int = 0
    confidence: float | None = None
    """Mean of the stories'."""
    words: float | None = None
    """Of a story, the median."""
    truncated: int = 0
    """Stories of which the page shows only the beginning."""
    paywalled: int = 0
    """Stories that say that they are not free to read."""
    repeated: int = 0
    """Stories with the text of another one of the run."""
    misdated: int = 0
    """Stories with a time of publication that cannot be."""
    undeciphered: int = 0
    """Stories with a date in a form that we do not know."""
    filled: tuple[Counted, ...] = ()
    """In how many stories a field is filled."""

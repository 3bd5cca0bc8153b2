"""Measures: the numbers that a judged run leaves behind, with which later runs are compared.

A run is measured once, when it is judged; so learning what is usual for a source reads one
narrow row per run, and no story again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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

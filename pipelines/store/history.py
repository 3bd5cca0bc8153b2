"""What a source was like before a run: the measures of its earlier runs, from the warehouse.

One query of narrow rows, bounded in time: it costs the same beside a thousand stories and
beside a million. It never fails a crawl: without a warehouse, or with one that cannot be
reached, the source has as much of a past as lies in batches that wait, or none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from upath import UPath

from pipelines.errors import WarehouseError
from pipelines.measures import Measures
from pipelines.store import findings, staging
from pipelines.store.warehouse import is_absent, opened

log = logging.getLogger("wirehouse")

REACH = timedelta(days=56)
"""Eight weeks: each hour of the week eight times, and what was usual before is forgotten."""


def past(attach: str, data: UPath, source: str, before: datetime) -> list[Measures]:
    """Measures of a source's crawls that began before a time, oldest first; those not loaded yet too."""
    known = {m.run_id: m for m in _loaded(attach, source, before)}
    known |= {m.run_id: m for m, _ in findings.untold(data, source)}
    mine = (m for m in known.values() if m.kind == "crawl" and before - REACH <= m.started_at < before)
    return sorted(mine, key=lambda m: (m.started_at, m.run_id))


def _loaded(attach: str, source: str, before: datetime) -> Sequence[Measures]:
    try:
        with opened(attach, read_only=True) as connection:
            asked = """
                SELECT * FROM measures
                WHERE source_id = ? AND kind = 'crawl' AND started_at BETWEEN ? AND ?"""
            rows = connection.execute(asked, [source, before - REACH, before]).to_arrow_table().to_pylist()
    except WarehouseError as error:
        if not is_absent(error):
            log.warning("%s: judged without its past: %s", source, error)
        return []
    return staging.records(Measures, rows)

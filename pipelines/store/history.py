"""What a source was like before a run: the measures of its earlier runs, from the warehouse.

Two queries of narrow rows, bounded in time: they cost the same beside a thousand stories and
beside a million. They never fail a crawl: without a warehouse, or with one that cannot be
reached, the source has as much of a past as lies in batches that wait, or none.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from upath import UPath

from pipelines.checks.overdue import Last
from pipelines.errors import WarehouseError
from pipelines.measures import Measures
from pipelines.store import findings, staging
from pipelines.store.warehouse import is_absent, opened

log = logging.getLogger("wirehouse")

REACH = timedelta(days=56)
"""Eight weeks: each hour of the week eight times, and what was usual before is forgotten."""


DETAILS = timedelta(days=15)
"""How far back the lists of a run are read: shares of fields and sections are compared with a fortnight's."""

_MINE = """
SELECT * REPLACE (
    CASE WHEN started_at > $details THEN filled ELSE [] END AS filled,
    CASE WHEN started_at > $details THEN sections ELSE [] END AS sections)
FROM measures
WHERE source_id = $source AND kind = 'crawl' AND started_at >= $since AND started_at < $before"""

_OTHERS = """
SELECT source_id, sum(arrived)::DOUBLE, sum(expected) FROM measures
WHERE source_id <> $source AND kind = 'crawl' AND started_at >= $day AND started_at < $before AND NOT held
  AND expected IS NOT NULL AND len(causes) = 0
GROUP BY source_id"""

_LAST = """
WITH crawls AS (
  SELECT source_id, max(started_at) AS run_at, NULL::TIMESTAMPTZ AS brought_at
  FROM runs WHERE kind = 'crawl' GROUP BY source_id
  UNION ALL
  SELECT source_id, max(started_at), max(started_at) FILTER (WHERE arrived > 0)
  FROM measures WHERE kind = 'crawl' GROUP BY source_id
)
SELECT source_id, any_value(enabled_at), max(run_at), max(brought_at)
FROM sources LEFT JOIN crawls USING (source_id) GROUP BY source_id"""


def past(
    attach: str, data: UPath, source: str, before: datetime
) -> tuple[list[Measures], dict[str, tuple[float, float]]]:
    """Measures of a source's crawls that began before a time, oldest first; those not loaded yet too.

    And what each other source brought in the day before, and what was expected of it.
    """
    known, others = _loaded(attach, source, before)
    known |= {m.run_id: m for m, _ in findings.untold(data, source)}
    mine = (m for m in known.values() if m.kind == "crawl" and before - REACH <= m.started_at < before)
    return sorted(mine, key=lambda m: (m.started_at, m.run_id)), others


def _loaded(
    attach: str, source: str, before: datetime
) -> tuple[dict[str, Measures], dict[str, tuple[float, float]]]:
    asked = {"source": source, "since": before - REACH, "before": before, "details": before - DETAILS}
    try:
        with opened(attach, read_only=True) as connection:
            rows = connection.execute(_MINE, asked).to_arrow_table().to_pylist()
            day = {"source": source, "day": before - timedelta(days=1), "before": before}
            others = {name: (came, due) for name, came, due in connection.execute(_OTHERS, day).fetchall()}
    except WarehouseError as error:
        if not is_absent(error):
            log.warning("%s: judged without its past: %s", source, error)
        return {}, {}
    return {m.run_id: m for m in staging.records(Measures, rows)}, others


def last(attach: str) -> dict[str, Last]:
    """When each source was switched on, crawled, and last brought something; held batches count too."""
    with opened(attach, read_only=True) as connection:
        return {
            name: Last(enabled_at=on, run_at=run, brought_at=brought)
            for name, on, run, brought in connection.execute(_LAST).fetchall()
        }

"""Which archived pages of a period are worth reading again, and what was read in them before.

Of each story the page that was last read, since what it says stands; and of each address
that never gave a story the page that was last rejected; what somebody discarded stays out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pipelines.readings import COMPARED, DERIVED, OF_THE_READER
from pipelines.store import warehouse

AT_ONCE = 200
"""Rows, with their bodies, that are in memory."""

_PAGES = """
CREATE OR REPLACE TEMP TABLE to_read AS
WITH read_before AS (
  SELECT story_id, arg_max(raw_ref, (fetched_at, run_id)) AS raw_ref, max(fetched_at) AS fetched_at
  FROM observations
  WHERE source_id = $source AND fingerprint IS NOT NULL AND raw_ref IS NOT NULL AND fetched_at >= $since
  GROUP BY story_id HAVING max(fetched_at) < $until
), rejected AS (
  SELECT NULL AS story_id, raw_ref, fetched_at
  FROM ledger l
  WHERE source_id = $source AND outcome IN ('rejected', 'not_story') AND raw_ref IS NOT NULL
    AND fetched_at >= $since AND fetched_at < $until AND story_id IS NULL
    AND NOT starts_with(coalesce(reason, ''), 'discarded: ')
    AND NOT EXISTS (FROM observations o WHERE o.source_id = $source AND o.fingerprint IS NOT NULL
      AND o.url = coalesce(l.final_url, l.url))
  QUALIFY row_number() OVER (PARTITION BY url ORDER BY fetched_at DESC) = 1
)
FROM (SELECT story_id, raw_ref, fetched_at FROM read_before SEMI JOIN stories USING (story_id)
  UNION ALL FROM rejected)
ORDER BY fetched_at DESC, raw_ref
LIMIT $most
"""

_OLD = f"""
SELECT t.raw_ref, regexp_extract(t.raw_ref, '^[^/]+/[^/]+') AS batch,
  regexp_extract(t.raw_ref, ':(\\d+):', 1)::BIGINT AS "offset", t.story_id, s.url,
  {", ".join(f's."{name}"' for name in (*COMPARED, *sorted(OF_THE_READER | DERIVED)))}
FROM to_read t LEFT JOIN stories s ON s.source_id = $source AND s.story_id = t.story_id
ORDER BY batch, "offset"
"""  # noqa: S608  our own names


@dataclass(frozen=True)
class Page:
    """One archived page, and the story that was read in it; None if none was."""

    raw_ref: str
    batch: str
    offset: int
    story_id: str | None
    old: dict[str, Any] | None


def days(
    attach: str, source: str, since: datetime, until: datetime, most: int | None
) -> Iterator[tuple[str, Iterator[Page]]]:
    """The pages of a source fetched from `since` to before `until`, by the day of their batch.

    `most` takes the newest. Pages come in the order in which they lie in the archive.
    """
    with warehouse.opened(attach, read_only=True) as connection:
        asked = {"source": source, "since": since, "until": until, "most": most or 2**62}
        connection.execute(_PAGES, asked)
        rows = connection.execute(_OLD, {"source": source}).fetch_record_batch(AT_ONCE)
        pages = (_page(row) for portion in rows for row in portion.to_pylist())
        yield from groupby(pages, key=lambda page: page.batch.split("/")[1][:8])


def _page(row: dict[str, Any]) -> Page:
    place = (row.pop("raw_ref"), row.pop("batch"), row.pop("offset"), row["story_id"])
    return Page(*place, row if row["story_id"] is not None else None)

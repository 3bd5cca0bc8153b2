"""Cluster waiting batches: look up what the warehouse knows of their bodies, write `clusters.parquet`.

What it reads of the warehouse are narrow columns, and only rows that share a story id,
a body or a cluster with the batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from upath import UPath

from pipelines import cluster
from pipelines.cluster import Copy
from pipelines.records import Membership
from pipelines.store import batches, staging
from pipelines.store.loading import name_of, stage
from pipelines.store.warehouse import Connection

_STAGED = """
SELECT s.story_id, s.content_hash, s.word_count, s.published_at, s.fetched_at AS first_seen_at,
  coalesce(lower(d.agency) = lower(coalesce(s.origin_agency, d.agency)), false) AS on_agency_site,
  s.run_id
FROM staged_stories s LEFT JOIN sources d USING (source_id)
ORDER BY s.fetched_at, s.run_id
"""

_KNOWN = """
WITH asked AS (SELECT DISTINCT story_id, content_hash FROM staged_stories), met AS (
  SELECT story_id, cluster_id FROM stories
  WHERE story_id IN (SELECT story_id FROM asked) OR content_hash IN (SELECT content_hash FROM asked)
)
SELECT s.story_id, s.content_hash, s.word_count, s.published_at, s.first_seen_at, s.cluster_id,
  coalesce(lower(d.agency) = lower(coalesce(s.origin_agency, d.agency)), false) AS on_agency_site,
  coalesce(c.similarity, 1.0) AS similarity
FROM stories s
LEFT JOIN sources d USING (source_id)
LEFT JOIN (FROM clusters WHERE cluster_id IN (SELECT cluster_id FROM met)) c USING (story_id)
WHERE s.story_id IN (SELECT story_id FROM met) OR s.cluster_id IN (SELECT cluster_id FROM met)
"""


def cluster_batches(connection: Connection, folders: Sequence[UPath]) -> None:
    """Write `clusters.parquet` of each batch (its folder): its stories, and in the last one what they moved.

    Batches that wait together are clustered together, so a copy and its reprint find
    each other whichever batch they are in.
    """
    if not folders:
        return
    stage(connection, folders)
    staged: dict[str, Copy] = {}
    in_batch: dict[str, set[str]] = {name_of(folder): set() for folder in folders}
    for row in _rows(connection, _STAGED):
        in_batch[row.pop("run_id")].add(row["story_id"])
        earlier = staged.get(row["story_id"])
        first = row["first_seen_at"] if earlier is None else earlier.first_seen_at
        staged[row["story_id"]] = Copy(**(row | {"first_seen_at": first}))
    known = [Copy(**row) for row in _rows(connection, _KNOWN)]
    found = cluster.memberships(staged.values(), known)
    for folder in folders:
        mine = in_batch[name_of(folder)]
        is_last = folder == folders[-1]
        rows = [m for m in found if m.story_id in mine or (is_last and m.story_id not in staged)]
        staging.write(folder / batches.CLUSTERS, Membership, rows)


def _rows(connection: Connection, sql: str) -> list[dict[str, Any]]:
    return [row for batch in connection.execute(sql).to_arrow_reader(2_000) for row in batch.to_pylist()]

"""Cluster waiting batches: look up whose keys they share, write `clusters.parquet` and `prints.parquet`.

    staged bodies ─▸ prints ─▸ holders of their keys (SQL) ─▸ candidates ─▸ what is known (SQL) ─▸ cluster

What it reads of the warehouse are narrow columns: of all prints of the year around the batch the keys,
everything else only of the few stories that share some. CHUNK stories are taken at a time, in the
order in which they were fetched, so memory stays the same for ten stories and a hundred thousand.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa
from upath import UPath

from pipelines.cluster import memberships
from pipelines.copies import FEWEST_WORDS, MOST_HOLDERS, Copy, Holders, candidates
from pipelines.prints import Print, printed, restored
from pipelines.records import Membership, StoredPrint
from pipelines.store import batches, plain, staging
from pipelines.store.attach import quoted
from pipelines.store.loading import name_of, stage
from pipelines.store.warehouse import Connection

CHUNK = 4_000
"""Stories at a time: their words take some 30 kB each in memory while they are compared."""

WINDOW = timedelta(days=365)
"""How long before and after it was fetched a story's copies are looked for."""

HOLDERS_IN_CLUSTER = 3
"""Stories of one cluster by which a key is found; of later ones it is not stored again, so that a story
that three hundred outlets print is found through few rows, and its phrases are not taken for common ones."""

# What names the agency: a page that has several is taken at its credit.
_NAMED_BY = """CASE
    WHEN s.origin_agency IS NULL THEN NULL
    WHEN s.credit_line IS NOT NULL THEN 'credit'
    WHEN s.dateline IS NOT NULL THEN 'dateline'
    WHEN coalesce(s.copyright_notice, s.copyright_holder) IS NOT NULL THEN 'copyright' END AS named_by"""

_STAGED = f"""
CREATE OR REPLACE TEMP TABLE to_place AS
SELECT s.story_id, s.content_hash, s.word_count, s.published_at, s.fetched_at, s.pub_status, s.body_text,
  s.raw_ref, s.run_id, s.origin_agency AS agency, s.is_syndicated,
  {_NAMED_BY},
  coalesce(lower(d.agency) = lower(coalesce(s.origin_agency, d.agency)), false) AS on_agency_site,
  row_number() OVER (ORDER BY s.fetched_at, s.run_id, s.story_id) AS place
FROM staged_stories s LEFT JOIN sources d USING (source_id)
"""  # noqa: S608  columns of ours

# `min(x, n)` gives the n least: of a phrase that all the world has, no more than we ask for.
_HOLDERS = f"""
SELECT k, min(story_key, {MOST_HOLDERS + 1}) AS story_keys
FROM (
  SELECT unnest(keys) AS k, story_key FROM prints
  WHERE seen_at BETWEEN getvariable('seen_from') AND getvariable('seen_to')
  UNION ALL
  SELECT unnest(keys), story_key FROM fresh_prints
)
WHERE k IN (SELECT k FROM asked)
GROUP BY k
"""  # noqa: S608  a number of ours

_KNOWN = f"""
WITH named AS (
  SELECT story_id FROM wanted WHERE story_id IS NOT NULL
  UNION SELECT story_id FROM prints WHERE story_key IN (SELECT story_key FROM wanted)
), met AS (
  SELECT cluster_id FROM clusters WHERE story_id IN (FROM named)
  UNION SELECT cluster_id FROM wanted WHERE cluster_id IS NOT NULL
), placed AS (
  SELECT story_id, cluster_id, role, similarity, also_from, origin_evidence
  FROM clusters WHERE cluster_id IN (FROM met)
), asked_for AS (
  SELECT story_id FROM named UNION SELECT story_id FROM placed
)
SELECT s.story_id, s.content_hash, s.word_count, s.published_at, s.first_seen_at, s.raw_ref,
  s.origin_agency AS agency, s.is_syndicated,
  {_NAMED_BY},
  coalesce(lower(d.agency) = lower(coalesce(s.origin_agency, d.agency)), false) AS on_agency_site,
  s.cluster_id, c.role, coalesce(c.similarity, 1.0) AS similarity, coalesce(c.also_from, []) AS also_from,
  c.origin_evidence
FROM stories s
LEFT JOIN sources d USING (source_id)
LEFT JOIN placed c USING (story_id)
WHERE s.story_id IN (FROM asked_for)
"""  # noqa: S608  columns of ours

_SEEN = "SELECT DISTINCT seen_at FROM prints WHERE story_key IN (SELECT story_key FROM wanted)"

# The times are written out: of an IN with few constants the engine opens no other part of a file,
# of a join it opens all, and words are most of what a print weighs.
_PRINTS = """
SELECT story_id, content_hash, words
FROM (
  SELECT story_key, story_id, content_hash, seen_at, words FROM prints WHERE {seen}
  UNION ALL
  SELECT story_key, story_id, content_hash, seen_at, words FROM fresh_prints
)
WHERE story_key IN (SELECT story_key FROM wanted)
ORDER BY seen_at DESC
"""

MOST_TIMES = 1_000
"""Times written out in one question; more take longer to plan than they save."""

_ASKED = pa.schema({"k": pa.int32()})
_WANTED = pa.schema(
    {
        "story_key": pa.int64(),
        "story_id": pa.string(),
        "cluster_id": pa.string(),
    }
)


def cluster_batches(connection: Connection, folders: Sequence[UPath]) -> None:
    """Write of each batch (its folder) where its stories belong, and in the last one what they moved.

    Batches that wait together are clustered together, so a copy and its reprint find
    each other whichever batch they are in.
    """
    if not folders:
        return
    stage(connection, folders)
    connection.execute(_STAGED)
    desk = _Desk(connection)
    in_batch: dict[str, set[str]] = {name_of(folder): set() for folder in folders}
    prints: dict[str, list[StoredPrint]] = {name: [] for name in in_batch}
    for first, last in _chunks(connection.execute("SELECT story_id FROM to_place ORDER BY place").fetchall()):
        chunk = list(
            _rows(connection, f"FROM to_place WHERE place BETWEEN {first} AND {last} ORDER BY place")
        )
        for row, stored in zip(chunk, desk.place(chunk), strict=True):
            in_batch[row["run_id"]].add(row["story_id"])
            if stored is not None:
                prints[row["run_id"]].append(stored)
    plain.forget(connection, "prints", "clusters", "stories")
    staged = set().union(*in_batch.values())
    for folder in folders:
        mine = in_batch[name_of(folder)]
        is_last = folder == folders[-1]
        found = [m for i, m in desk.placed.items() if i in mine or (is_last and i not in staged)]
        staging.write(folder / batches.CLUSTERS, Membership, found)
        staging.write(folder / batches.PRINTS, StoredPrint, prints[name_of(folder)])


def _chunks(stories: Sequence[tuple[str]]) -> Iterator[tuple[int, int]]:
    """First and last place of CHUNK stories at a time, and never one story twice: its words may have changed.

    >>> list(_chunks([("a",), ("b",), ("a",)]))
    [(1, 2), (3, 3)]
    """
    first, there = 1, set[str]()
    for place, (story_id,) in enumerate(stories, 1):
        if place - first == CHUNK or story_id in there:
            yield first, place - 1
            first, there = place, set()
        there.add(story_id)
    if there:
        yield first, len(stories)


class _Desk:
    """Places one chunk after the other; what it has placed is known to the next."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.placed: dict[str, Membership] = {}
        self.copies: dict[str, Copy] = {}
        """All that was placed here, as it stands now; without prints."""
        self.names: dict[int, str] = {}
        self.in_cluster: dict[str, set[str]] = defaultdict(set)
        self.with_body: dict[str, set[str]] = defaultdict(set)
        connection.execute("""
            CREATE OR REPLACE TEMP TABLE fresh_prints (story_key BIGINT, story_id VARCHAR,
              content_hash VARCHAR, seen_at TIMESTAMPTZ, keys INTEGER[], words BLOB)""")

    def place(self, chunk: Sequence[dict[str, Any]]) -> list[StoredPrint | None]:
        """Place the stories of a chunk; what is to be stored of each (None: nothing new)."""
        staged = {row["story_id"]: _staged(row) for row in chunk}
        self.names |= {story_key(story_id): story_id for story_id in staged}
        held = self._holders(staged, chunk)
        pairs = candidates(held, set(map(story_key, staged)))
        known = self._known(staged, {key for pair in pairs for key in pair}, chunk)
        names = self.names | {story_key(story_id): story_id for story_id in known}
        holders = {key: [names.get(one, f"#{one}") for one in keys] for key, keys in held.items()}
        for member in memberships(staged.values(), known.values(), holders):
            self._remember(member, staged.get(member.story_id), known.get(member.story_id))
        fellows: dict[str, set[str]] = defaultdict(set)
        for story_id, copy in known.items():
            fellows[self.copies.get(story_id, copy).cluster_id or ""].add(story_id)
        stored = [self._stored(row, staged[row["story_id"]], known, fellows, holders) for row in chunk]
        self._keep([s for s in stored if s is not None])
        return stored

    def _holders(self, staged: Mapping[str, Copy], chunk: Sequence[dict[str, Any]]) -> dict[int, list[int]]:
        """The stories that have the keys of these, themselves too: by key, as story keys."""
        found: dict[int, set[int]] = defaultdict(set)
        latest_first = sorted(staged.values(), key=lambda copy: copy.time, reverse=True)
        for copy in {copy.content_hash: copy for copy in latest_first}.values():  # of each body, the first
            for key in (key for one in copy.prints for key in one.keys.tolist()):
                found[key].add(story_key(copy.story_id))
        times = [row["fetched_at"] for row in chunk]
        self.connection.execute("SET VARIABLE seen_from = ?::TIMESTAMPTZ", [min(times) - WINDOW])
        self.connection.execute("SET VARIABLE seen_to = ?::TIMESTAMPTZ", [max(times) + WINDOW])
        plain.glimpse_holders(self.connection, list(found), min(times) - WINDOW, max(times) + WINDOW)
        self._register("asked", pa.table({"k": list(found)}, _ASKED))
        for key, story_keys in self.connection.execute(_HOLDERS).fetchall():
            found[key].update(story_keys)
        return {key: sorted(keys) for key, keys in found.items() if len(keys) <= MOST_HOLDERS}

    def _known(
        self, staged: Mapping[str, Copy], met: set[int], chunk: Sequence[dict[str, Any]]
    ) -> dict[str, Copy]:
        """What is known of the stories staged, of those met, and of all members of their clusters."""
        bodies = {copy.content_hash for copy in staged.values() if copy.word_count >= FEWEST_WORDS}
        here = {self.names[key] for key in met if key in self.names} | staged.keys()
        here |= {story_id for body in bodies for story_id in self.with_body.get(body, ())}
        clusters = {self.copies[story_id].cluster_id for story_id in here if story_id in self.copies}
        wanted: list[dict[str, Any]] = [{"story_key": key} for key in sorted(met)]
        wanted += [{"story_id": story_id} for story_id in sorted(here)]
        wanted += [{"cluster_id": one} for one in sorted(filter(None, clusters))]
        self._register("wanted", pa.Table.from_pylist(wanted, _WANTED))
        plain.glimpse_wanted(self.connection)
        reread = {row["raw_ref"] for row in chunk} - {None}
        known, again = {}, set()
        for row in _rows(self.connection, _KNOWN):
            story_id, same_page = row["story_id"], row.pop("raw_ref") in reread
            if same_page and story_id in staged and staged[story_id].content_hash != row["content_hash"]:
                again.add(story_id)
            known[story_id] = Copy(**row | {"also_from": tuple(row["also_from"])})
        for one in clusters | {copy.cluster_id for copy in known.values()}:
            known |= {i: self.copies[i] for i in self.in_cluster.get(one or "", ())}
        known |= {i: self.copies[i] for i in known.keys() & self.copies.keys()}
        return self._with_prints(known, again)

    def _with_prints(self, known: Mapping[str, Copy], again: set[str]) -> dict[str, Copy]:
        """Known stories with the prints that count: see `cluster.memberships`.

        Not what was read in the page of a story in `again`, which is now read otherwise: its
        publisher never said that.
        """
        wanted = [{"story_key": story_key(story_id)} for story_id in known]
        self._register("wanted", pa.Table.from_pylist(wanted, _WANTED))
        plain.glimpse(self.connection, "prints", {"story_key": [one["story_key"] for one in wanted]})
        current: dict[str, list[Print]] = defaultdict(list)
        earlier: dict[str, list[Print]] = defaultdict(list)
        for row in _rows(self.connection, _PRINTS.format(seen=self._seen())):
            if (copy := known.get(row["story_id"])) is not None:
                which = current if row["content_hash"] == copy.content_hash else earlier
                which[copy.story_id].append(restored(row["words"]))
        return {
            i: dataclasses.replace(
                copy, prints=() if i in again else _counting(copy, current[i][:1], earlier[i])
            )
            for i, copy in known.items()
        }

    def _seen(self) -> str:
        """The condition that the prints of the wanted stories meet, by when they were seen."""
        times = [time for (time,) in self.connection.execute(_SEEN).fetchall()]
        if len(times) > MOST_TIMES:
            return "true"
        return f"seen_at IN ({', '.join(quoted(time.isoformat()) for time in times)})" if times else "false"

    def _remember(self, member: Membership, staged: Copy | None, known: Copy | None) -> None:
        copy = staged or known
        assert copy is not None  # who is placed was given
        before = self.copies.get(member.story_id)
        if before is not None:
            self.in_cluster[before.cluster_id or ""].discard(member.story_id)
            self.with_body[before.content_hash].discard(member.story_id)
        self.placed[member.story_id] = member
        self.in_cluster[member.cluster_id].add(member.story_id)
        self.with_body[copy.content_hash].add(member.story_id)
        self.copies[member.story_id] = dataclasses.replace(
            copy, cluster_id=member.cluster_id, role=member.role, similarity=member.similarity,
            also_from=member.also_from, origin_evidence=member.origin_evidence, prints=(),
            first_seen_at=min(copy.first_seen_at, known.first_seen_at if known else copy.first_seen_at),
        )  # fmt: skip

    def _stored(
        self,
        row: Mapping[str, Any],
        copy: Copy,
        known: Mapping[str, Copy],
        fellows: Mapping[str, set[str]],
        holders: Holders,
    ) -> StoredPrint | None:
        before = known.get(copy.story_id)
        if not copy.prints or (before and before.prints and before.content_hash == copy.content_hash):
            return None
        mine = copy.prints[0].keys.tolist()
        others = fellows.get(self.placed[copy.story_id].cluster_id, set()) - {copy.story_id}
        return StoredPrint(
            story_key=story_key(copy.story_id),
            story_id=copy.story_id,
            content_hash=copy.content_hash,
            seen_at=row["fetched_at"],
            keys=tuple(
                key
                for key in mine
                if len(others) < HOLDERS_IN_CLUSTER
                or len(others.intersection(holders.get(key, ()))) < HOLDERS_IN_CLUSTER
            ),
            words=copy.prints[0].stored(),
        )

    def _keep(self, stored: Sequence[StoredPrint]) -> None:
        rows = pa.Table.from_pylist(list(map(dataclasses.asdict, stored)), staging.schema(StoredPrint))
        self._register("kept_prints", rows)
        self.connection.execute(
            "INSERT INTO fresh_prints BY NAME SELECT * REPLACE (keys::INTEGER[] AS keys) FROM kept_prints"
        )

    def _register(self, name: str, table: pa.Table) -> None:
        """Make a small table that the queries join with; a copy of DuckDB's own is planned better."""
        self.connection.register("given", table)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM given")
        self.connection.unregister("given")


def story_key(story_id: str) -> int:
    """A number for a story's id: numbers are found ten times faster than texts.

    >>> story_key("11a5fccf61fd0d14df3c")
    8241173190831689672
    """
    return int.from_bytes(hashlib.blake2b(story_id.encode(), digest_size=8).digest()) >> 1


def _staged(row: Mapping[str, Any]) -> Copy:
    says_it = row["pub_status"] == "usable" and row["word_count"] >= FEWEST_WORDS
    return Copy(
        story_id=row["story_id"],
        content_hash=row["content_hash"],
        word_count=row["word_count"],
        published_at=row["published_at"],
        first_seen_at=row["fetched_at"],
        on_agency_site=row["on_agency_site"],
        agency=row["agency"],
        named_by=row["named_by"],
        is_syndicated=row["is_syndicated"],
        prints=(printed(row["body_text"]),) if says_it else (),
    )


def _counting(copy: Copy, current: Sequence[Print], earlier: Sequence[Print]) -> tuple[Print, ...]:
    return (*current, *earlier) if copy.role == "origin" or not current else tuple(current)


def _rows(connection: Connection, sql: str) -> Iterator[dict[str, Any]]:
    for batch in connection.execute(sql).to_arrow_reader(2_000):
        yield from batch.to_pylist()

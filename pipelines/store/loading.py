"""Load batches: all in one transaction, each once, in any order with the same result.

    the batches' files ─▸ staged_* (views) ─▸ fold.sql ─▸ judge ─▸ load.sql ─▸ the tables

Words stay in DuckDB; Python sees only the pairs of versions that it has to judge.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from pipelines import versions
from pipelines.errors import BatchError
from pipelines.ledger import Fetch, LedgerLine, Run, Sighting
from pipelines.records import Membership, Source, StoredPrint, Story
from pipelines.store import batches, findings, plain, staging
from pipelines.store.attach import quoted
from pipelines.store.plain_tables import holdable
from pipelines.store.warehouse import Connection, committed, flush, one, run_script

_STAGED = (
    # table of the staged rows, their record, their file, must the batch have it
    ("stories", Story, batches.STORIES, True),
    ("ledger", LedgerLine, batches.LEDGER, True),
    ("fetches", Fetch, batches.FETCHES, False),
    ("sightings", Sighting, batches.SIGHTINGS, False),
    ("clusters", Membership, batches.CLUSTERS, False),
    ("prints", StoredPrint, batches.PRINTS, False),
)

_PAIRS = """
SELECT p.story_id, p.version,
  struct_pack(headline := a.headline, body_text := a.body_text, pub_status := a.pub_status,
    signal := a.signal, ed_note := a.ed_note, correction_text := a.correction_text,
    content_hash := a.content_hash, extractor_version := a.extractor_version,
    raw_ref := p.raw_ref_before) AS old,
  struct_pack(headline := b.headline, body_text := b.body_text, pub_status := b.pub_status,
    signal := b.signal, ed_note := b.ed_note, correction_text := b.correction_text,
    content_hash := b.content_hash, extractor_version := b.extractor_version,
    raw_ref := p.raw_ref) AS new
FROM pairs p
JOIN said a ON a.story_id = p.story_id AND a.fingerprint = p.before
JOIN said b ON b.story_id = p.story_id AND b.fingerprint = p.fingerprint
"""

_SOURCE_ROWS = pa.schema(
    {
        "source_id": pa.string(),
        "title": pa.string(),
        "home": pa.string(),
        "language": pa.string(),
        "timezone": pa.string(),
        "agency": pa.string(),
        "enabled": pa.bool_(),
        "every": pa.int64(),
        "tags": pa.list_(pa.string()),
        "stories_min": pa.int64(),
        "stories_max": pa.int64(),
    }
)


def load(
    connection: Connection,
    folders: Iterable[UPath],
    sources: Iterable[Source] = (),
    judged: Sequence[findings.Judged] = (),
    unreadable: Sequence[str] = (),
) -> dict[str, int]:
    """Load batches (their folders) in one transaction; returns the runs loaded and their leads by outcome.

        load(connection, [data / "ap/20260305T120000Z-3f2a"])   # {'runs': 1, 'new': 12, 'unchanged': 3}

    `sources` are those declared now: the table `sources` then says so, in the same
    transaction. A source that is switched off and never ran is left out, or a catalogue
    would drown the others; one that is no longer declared stays, switched off, but for those in
    `unreadable`, whose declaration is wrong just now. `judged` is what checks found, in these
    batches or in others: those that are held are told of too.

    A batch that is in `runs` already is left out, so loading twice changes nothing.
    BatchError if a file of a batch is missing or damaged: then none is loaded.
    """
    folders, sources = list(folders), list(sources)

    def work() -> dict[str, int]:
        _fetch_what_is_said_of_sources(connection, folders, sources)
        counts = _load(connection, folders)
        _put_sources(connection, sources, unreadable)
        findings.put(connection, judged)
        return counts

    counts = committed(connection, work)
    if counts:
        flush(connection)
    return counts


def _put_sources(connection: Connection, sources: Sequence[Source], unreadable: Sequence[str]) -> None:
    if not sources:
        return
    rows = [_source_row(s) for s in sources]
    connection.register("declared", pa.Table.from_pylist(rows, schema=_SOURCE_ROWS))
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE stated AS
        SELECT d.* REPLACE (to_microseconds(d.every) AS every),
          CASE WHEN d.enabled THEN CASE WHEN s.enabled THEN s.enabled_at ELSE now() END END AS enabled_at
        FROM declared d LEFT JOIN sources s USING (source_id)
        WHERE d.enabled OR s.source_id IS NOT NULL OR source_id IN (SELECT source_id FROM runs)""")
    connection.unregister("declared")
    connection.execute(
        """
        INSERT INTO stated BY NAME
        SELECT * REPLACE (false AS enabled, NULL AS enabled_at) FROM sources
        WHERE enabled AND source_id NOT IN (SELECT unnest(?::VARCHAR[]))""",
        [[*(s.name for s in sources), *unreadable]],
    )
    if one(connection, "SELECT count(*) FROM (FROM stated EXCEPT SELECT * FROM sources)"):
        connection.execute("DELETE FROM sources WHERE source_id IN (SELECT source_id FROM stated)")
        connection.execute("INSERT INTO sources BY NAME FROM stated")


def _fetch_what_is_said_of_sources(
    connection: Connection, folders: Sequence[UPath], sources: Sequence[Source]
) -> None:
    """Of plain Postgres tables: which of the batches are loaded, and which sources ever ran."""
    plain.fetch(connection, "sources", where="true")
    known = {row[0] for row in connection.execute("SELECT source_id FROM sources").fetchall()}
    resting = [s.name for s in sources if not s.enabled and s.name not in known]
    plain.fetch(connection, "runs", {"run_id": [name_of(folder) for folder in folders], "source_id": resting})


def _load(connection: Connection, folders: Sequence[UPath]) -> dict[str, int]:
    loaded = {row[0] for row in connection.execute("SELECT run_id FROM runs").fetchall()}
    in_time = sorted(folders, key=lambda folder: folder.name)
    waiting = {name: folder for folder in in_time if (name := name_of(folder)) not in loaded}
    if not waiting:
        return {}
    runs = [batches.read_run(folder) for folder in waiting.values()]
    connection.execute("SET VARIABLE now = ?::TIMESTAMPTZ", [datetime.now(UTC)])
    stage(connection, list(waiting.values()))
    _stage_runs(connection, list(waiting), runs)
    run_script(connection, "fold.sql", "before")
    plain.neighbourhood(connection)
    run_script(connection, "fold.sql", "after")
    plain.turned(connection)
    run_script(connection, "load.sql", "before")
    _judge(connection)
    run_script(connection, "load.sql", "after")
    return {"runs": len(waiting), **_outcomes(connection)}


def name_of(folder: UPath) -> str:
    """The name of a batch, which is its run's id, from its folder.

    >>> name_of(UPath("/srv/data/ap/20260305T120000Z-3f2a"))
    'ap/20260305T120000Z-3f2a'
    """
    return f"{folder.parent.name}/{folder.name}"


def stage(connection: Connection, folders: Sequence[UPath]) -> None:
    """Make the batches' files readable as staged_stories, staged_ledger …; nothing is copied."""
    for protocol in {folder.protocol for folder in folders} - {"", "file", "local"}:
        import fsspec  # only where batches are not on a local disk

        options = next(dict(f.storage_options) for f in folders if f.protocol == protocol)
        connection.register_filesystem(fsspec.filesystem(protocol, **options))
    for table, cls, file, needed in _STAGED:
        paths = [folder / file for folder in folders]
        there = [str(path) for path in paths if _exists(path, needed=needed)]
        view = _view(cls, there) if there else _empty(table, cls)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW staged_{table} AS {view}")


def refuse_damaged(folder: UPath) -> None:
    """BatchError if a file of a batch is missing or damaged, as `stage` would say of all of them."""
    for _, _, file, needed in _STAGED:
        if _exists(folder / file, needed=needed):
            _columns([str(folder / file)])


def _exists(path: UPath, *, needed: bool) -> bool:
    if path.exists():
        return True
    if needed:
        raise BatchError(f"{path}: no such file: extract the batch first (wirehouse extract)")
    return False


def _view(cls: type[Any], files: Sequence[str]) -> str:
    """A SELECT over the files with all columns of the record; those that older files lack are empty.

    `run_id` is the batch's name, as the path says: it is what makes a load repeatable.
    """
    there = _columns(files)
    columns = []
    for field in staging.schema(cls):
        if field.name == "run_id":
            continue
        if field.name in there:
            columns.append(_column(field))
        else:
            columns.append(("[]" if pa.types.is_list(field.type) else "NULL") + f" AS {field.name}")
    paths = ", ".join(map(quoted, files))
    run_id = "regexp_extract(filename, '([^/]+/[^/]+)/[^/]+$', 1) AS run_id"
    place = ["filename", "file_row_number"] if cls is Story else []
    options = "union_by_name := true, filename := true, file_row_number := true"
    columns = [run_id, *place, *columns]
    return f"SELECT {', '.join(columns)} FROM read_parquet([{paths}], {options})"  # noqa: S608  our columns, quoted paths


def _columns(files: Iterable[str]) -> set[str]:
    """Columns that any of the files has; reading their feet also finds the damaged ones."""
    names: set[str] = set()
    for path in files:
        try:
            with UPath(path).open("rb") as file:
                names.update(pq.read_schema(file).names)
        except (pa.ArrowException, OSError) as error:
            raise BatchError(
                f"{path}: damaged: {str(error).splitlines()[0]}: extract the batch again"
            ) from error
    return names


def _column(field: pa.Field) -> str:
    if pa.types.is_duration(field.type):  # Parquet has no such type: DuckDB sees the bare number
        return f"to_microseconds({field.name}) AS {field.name}"
    if pa.types.is_list(field.type):
        # A lake says few rows in SQL, where a NUL in a list ends the text: that would stop every load.
        of = field.type.value_type
        inner = [of.field(n) for n in range(of.num_fields)]
        named = ", ".join(f'"{f.name}" {_kind(f.type)}' for f in inner)
        kind = f"STRUCT({named})[]" if inner else f"{_kind(of)}[]"
        return f"{holdable(field.name, kind)} AS {field.name}"
    return str(field.name)


def _kind(kind: pa.DataType) -> str:
    return "VARCHAR" if pa.types.is_string(kind) else "OTHER"


def _empty(table: str, cls: type[Any]) -> str:
    columns = {f.name for f in staging.schema(cls)} | {"run_id"}
    return f"SELECT {', '.join(sorted(columns))} FROM {table} LIMIT 0"  # noqa: S608  our own names


def _stage_runs(connection: Connection, names: Sequence[str], runs: Sequence[Run]) -> None:
    rows = [dataclasses.asdict(run) | {"run_id": name} for name, run in zip(names, runs, strict=True)]
    connection.register("run_rows", pa.Table.from_pylist(rows, schema=staging.schema(Run)))
    connection.execute("CREATE OR REPLACE TEMP TABLE staged_runs AS FROM run_rows")
    connection.unregister("run_rows")


def _judge(connection: Connection) -> None:
    """Fill `judged`: what the publisher did between the versions of each pair."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE judged
        (story_id VARCHAR, version INTEGER, change_kind VARCHAR, diff_ratio DOUBLE)""")
    kinds: dict[str, list[Any]] = {"story_id": [], "version": [], "change_kind": [], "diff_ratio": []}
    for portion in connection.execute(_PAIRS).fetch_record_batch(200):  # so that few texts are in memory
        for row in portion.to_pylist():
            kind, ratio = _judged(row["old"], row["new"])
            for name, value in zip(kinds, (row["story_id"], row["version"], kind, ratio), strict=True):
                kinds[name].append(value)
    if kinds["story_id"]:
        connection.register("kinds", pa.table(kinds))
        connection.execute("INSERT INTO judged BY NAME FROM kinds")
        connection.unregister("kinds")


def _judged(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, float]:
    before, after = versions.Said(**old), versions.Said(**new)
    return versions.change_kind(before, after), versions.diff_ratio(before, after)


def _outcomes(connection: Connection) -> dict[str, int]:
    found = "SELECT outcome, count(*) FROM final_ledger GROUP BY 1 ORDER BY 1"
    return dict(connection.execute(found).fetchall())


def _source_row(source: Source) -> dict[str, Any]:
    return {
        "source_id": source.name,
        "title": source.title,
        "home": source.home,
        "language": source.language,
        "timezone": source.timezone,
        "agency": source.agency,
        "enabled": source.enabled,
        "every": round(source.every.total_seconds() * 1_000_000),
        "tags": list(source.tags),
        "stories_min": source.expect.stories_min,
        "stories_max": source.expect.stories_max,
    }

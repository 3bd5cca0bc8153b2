"""Hand stories on: choose them, write them in a form, and remember what went where.

    Choice ─▸ stories of one snapshot ─▸ a file or folder beside its name ─▸ table exports ─▸ its name

What was handed on is remembered before it gets its name: an export that nobody knows of could carry a
story that is killed later.
"""

from __future__ import annotations

import csv
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import ninjs
from pipelines.errors import UsageError, WirehouseError
from pipelines.store import plain
from pipelines.store.attach import parse_attach
from pipelines.store.reading import STEADY_TRIES, refuse_foreign, shut_in
from pipelines.store.warehouse import (
    Connection,
    committed,
    is_wrong_question,
    kinds_of_statement,
    one,
    opened,
    snapshot,
)
from pipelines.written import field

AT_ONCE = 5_000
"""Stories held in memory."""

_CHOSEN = """
CREATE OR REPLACE TEMP TABLE chosen AS
SELECT s.story_id FROM stories s
LEFT JOIN (
  SELECT story_id, arg_max(version, exported_at) AS version
  FROM exports WHERE target = $target AND form = $form GROUP BY ALL
) sent ON sent.story_id = s.story_id
LEFT JOIN story_versions before ON before.story_id = s.story_id AND before.version = sent.version
WHERE (s.story_id IN (SELECT story_id FROM stories_usable WHERE {asked})
    AND (NOT $changed OR sent.version IS DISTINCT FROM s.version))
  -- What was handed on and killed since is followed by its kill, whatever is asked for.
  OR (s.pub_status <> 'usable' AND before.pub_status = 'usable')"""

_ROWS = "SELECT s.* FROM stories s JOIN chosen USING (story_id) ORDER BY s.loaded_at, s.story_id"


@dataclass(frozen=True)
class Choice:
    """Which stories: those that may be used, and of what went to this place before, the kills."""

    sources: tuple[str, ...] = ()
    """All, if none is named."""
    since: datetime | None = None
    """Loaded at or after."""
    until: datetime | None = None
    """Loaded before."""
    where: str | None = None
    """A condition in SQL over the columns of `stories`."""
    changed: bool = False
    """Only what this place does not have yet in this version."""


@dataclass(frozen=True)
class Exported:
    """What an export came to."""

    export_id: str
    target: str
    stories: int
    kills: int
    """Of these, stories that had been handed on and were killed since."""


def export(
    attach: str, form: str, target: Path, choice: Choice, done: Callable[[int], None] = lambda stories: None
) -> Exported:
    """Write the chosen stories to `target` as ninjs, parquet or csv, and note it in `exports`.

        export(attach, "ninjs", Path("/srv/desk/in"), Choice(sources=("ap",), changed=True))

    ninjs goes into a folder, a file `<story_id>.json` each (a later version takes the place of the earlier
    one), or, where the name ends in `.jsonl`, into one file, a line each. A file appears whole or not at all.
    UsageError for a wrong condition, WirehouseError where the place cannot be written.
    """
    target = target.absolute()
    if choice.where is not None:
        refuse_foreign(choice.where, parse_attach(attach))
    made_at = datetime.now(UTC)
    export_id = f"{made_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    with _beside(target) as draft:
        with opened(attach, read_only=True) as connection:
            shut_in(connection, parse_attach(attach).files)
            with _saying(target):
                gone, kills = _written(connection, form, target, draft, choice, done)
        if gone:
            _remember(attach, export_id, made_at, form, target, gone)
        if gone or not choice.changed:  # what was delivered last stays, where nothing is new
            try:
                with _saying(target):
                    _put(draft, target)
            except WirehouseError:
                _forget(attach, export_id)
                raise
    return Exported(export_id, str(target), len(gone), kills)


def _written(
    connection: Connection, form: str, target: Path, draft: Path, choice: Choice, done: Callable[[int], None]
) -> tuple[list[tuple[str, int]], int]:
    """Write the draft; returns the stories in it with their versions, and how many of these are kills.

    A flush may hide rows from a question for a moment (see `reading.steady`): then it is written again.
    """
    for _ in range(STEADY_TRIES):
        chosen = _choose(connection, form, target, choice)
        gone: list[tuple[str, int]] = []
        kills: list[bool] = []

        def counted(
            rows: Iterable[dict[str, Any]], gone: list[tuple[str, int]] = gone, kills: list[bool] = kills
        ) -> Iterator[dict[str, Any]]:
            for row in rows:
                gone.append((row["story_id"], row["version"]))
                kills.append(row["pub_status"] != "usable")
                yield row
                done(len(gone))

        _clear(draft)
        reader = connection.execute(_ROWS).to_arrow_reader(AT_ONCE)
        _WRITERS[form](draft, reader.schema, (counted(b.to_pylist()) for b in reader))
        if len(gone) == chosen:
            return gone, sum(kills)
    raise WirehouseError(f"{target}: the warehouse is being tidied up while it is read: export again")


def _choose(connection: Connection, form: str, target: Path, choice: Choice) -> int:
    """Put into the table `chosen` which stories are meant; returns how many."""
    asked, values = ["true"], {"target": str(target), "form": form, "changed": choice.changed}
    if choice.sources:
        asked.append("list_contains($sources, source_id)")
        values["sources"] = list(choice.sources)
    if choice.since is not None:
        asked.append("loaded_at >= $since")
        values["since"] = choice.since
    if choice.until is not None:
        asked.append("loaded_at < $until")
        values["until"] = choice.until
    if choice.where is not None:
        # A condition alone: what closes our bracket and opens another would be something else.
        if kinds_of_statement(f"SELECT {choice.where}\n") != ["SELECT"]:
            raise UsageError("--where takes one condition, such as \"language = 'en'\"")
        asked.append(f"({choice.where}\n)")
    try:
        for _ in range(STEADY_TRIES):
            before = snapshot(connection)
            connection.execute(_CHOSEN.format(asked=" AND ".join(asked)), values)
            if snapshot(connection) == before:
                break
        return int(one(connection, "SELECT count(*) FROM chosen"))
    except Exception as error:
        if is_wrong_question(error):
            said = " ".join(str(error).split("LINE 1:")[0].split())
            raise UsageError(f"the warehouse does not understand that condition: {said}") from None
        raise


def _ninjs_folder(draft: Path, columns: pa.Schema, batches: Iterable[Iterable[Mapping[str, Any]]]) -> None:
    draft.mkdir()
    for rows in batches:
        for row in rows:
            (draft / f"{row['story_id']}.json").write_text(_json(row, indent=1), encoding="utf-8")


def _ninjs_lines(draft: Path, columns: pa.Schema, batches: Iterable[Iterable[Mapping[str, Any]]]) -> None:
    with draft.open("w", encoding="utf-8") as file:
        for rows in batches:
            file.writelines(_json(row) + "\n" for row in rows)


def _ninjs(draft: Path, columns: pa.Schema, batches: Iterable[Iterable[Mapping[str, Any]]]) -> None:
    (_ninjs_lines if draft.suffix == ".jsonl" else _ninjs_folder)(draft, columns, batches)


def _json(row: Mapping[str, Any], indent: int | None = None) -> str:
    return json.dumps(ninjs.item(row), ensure_ascii=False, indent=indent)


def _parquet(draft: Path, columns: pa.Schema, batches: Iterable[Iterable[Mapping[str, Any]]]) -> None:
    with pq.ParquetWriter(draft, columns, compression="zstd") as writer:
        for rows in batches:
            writer.write_table(pa.Table.from_pylist(list(rows), schema=columns))


def _csv(draft: Path, columns: pa.Schema, batches: Iterable[Iterable[Mapping[str, Any]]]) -> None:
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.names)
        for rows in batches:
            writer.writerows([field(value) for value in row.values()] for row in rows)


_WRITERS = {"ninjs": _ninjs, "parquet": _parquet, "csv": _csv}

FORMS = tuple(_WRITERS)


def _remember(
    attach: str, export_id: str, made_at: datetime, form: str, target: Path, gone: list[tuple[str, int]]
) -> None:
    stories, versions = zip(*gone, strict=True)
    rows = pa.table({"story_id": stories, "version": pa.array(versions, pa.int32())})
    with opened(attach) as connection:
        connection.register("gone", rows)

        def put() -> None:
            plain.fetch(connection, "exports")
            connection.execute(
                "INSERT INTO exports BY NAME SELECT ? AS export_id, ? AS exported_at, "
                "? AS form, ? AS target, * FROM gone",
                [export_id, made_at, form, str(target)],
            )

        committed(connection, put)


def _forget(attach: str, export_id: str) -> None:
    """Take back what was remembered of an export that was not delivered."""
    with opened(attach) as connection:

        def take_back() -> None:
            plain.fetch(connection, "exports", {"export_id": [export_id]})
            connection.execute("DELETE FROM exports WHERE export_id = ?", [export_id])

        committed(connection, take_back)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A name beside the target, gone afterwards; its ending stays, since the form may depend on it."""
    draft = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part{target.suffix}")
    with _saying(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield draft
    finally:
        _clear(draft)


def _clear(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)


def _put(draft: Path, target: Path) -> None:
    if draft.is_dir():
        target.mkdir(exist_ok=True)
        for file in draft.iterdir():
            os.replace(file, target / file.name)
    else:
        os.replace(draft, target)


@contextmanager
def _saying(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WirehouseError(f"{target}: cannot be written: {error.strerror or error}") from error

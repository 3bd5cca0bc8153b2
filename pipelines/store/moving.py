"""Copy a warehouse into another of any kind, whole, and hold the two against each other before it counts.

    a lake or Postgres, read as of one moment ─▸ rows, by the table ─▸ the other, in one transaction
                  └────────── count and checksum of every table, both sides ──────────┘

Until the last table agrees nothing of it is seen there; killed, it leaves nothing (in a lake, files that
upkeep removes). What stays behind are a lake's snapshots: the past before the move is told by versions, not
by `as_of`.
"""

from __future__ import annotations

from collections.abc import Callable

from pipelines.errors import UsageError, WarehouseError
from pipelines.store import forms, plain
from pipelines.store.attach import parse_attach
from pipelines.store.plain_tables import declared, holdable
from pipelines.store.warehouse import Connection, flush_all, one, opened, snapshot, transaction

AT_ONCE = 10_000
"""Rows in memory."""

_OF_THE_FORM = "schema_version"
"""Each warehouse has its own: it says how its tables were made."""

Sum = tuple[int, str]
"""Rows of a table, and the sum of their digests: the same whatever their order."""


def move(
    source: str, target: str, done: Callable[[str, int], None] = lambda table, rows: None
) -> dict[str, int]:
    """Copy all rows of a warehouse into an empty one; returns how many of each table.

    `done` is told of each table. UsageError if both are the same place, or the other is not empty;
    WarehouseError if a table does not agree afterwards, or a load came in meanwhile: then nothing was copied.
    """
    ours, theirs = parse_attach(source), parse_attach(target)
    if (ours.kind, ours.where) == (theirs.kind, theirs.where):
        raise UsageError(f"{theirs.shown} is the warehouse that is to be moved: name another place")
    with opened(source, read_only=True) as old, opened(target) as new, transaction(old):
        began = snapshot(old)
        if not forms.is_ours(old):
            raise WarehouseError(
                f"{ours.shown}: its tables are of an older form: load once (wirehouse load), then move"
            )
        found = list(declared())
        if filled := [
            t for t in found if t not in (_OF_THE_FORM, "turnstile") and one(new, f"FROM {t} LIMIT 1")
        ]:
            raise UsageError(f"{theirs.shown} is not empty: there are rows in {', '.join(filled)}")
        with transaction(new):
            plain.lock(new)
            sums = {}
            for table in found:
                if table != _OF_THE_FORM:
                    sums[table] = _copied(old, new, table)
                    done(table, sums[table])
            if snapshot(old.cursor()) != began:
                raise WarehouseError(
                    f"{ours.shown}: a load came in meanwhile: stop the loads, then move again"
                )
        flush_all(new)
    return sums


def _copied(old: Connection, new: Connection, table: str) -> int:
    """Copy a table; WarehouseError if what is there then is not what is here."""
    columns = list(declared()[table])
    theirs = {name: f'"{name}"' for name in columns}
    # What Postgres cannot hold is something else there, and is summed up as what it is there.
    ours = {n: holdable(n, declared()[table][n]) for n in columns} if plain.is_plain(new) else theirs
    if table == "turnstile":
        plain.empty(new, table)
    named = ", ".join(f'{value} AS "{name}"' for name, value in ours.items())
    rows = old.execute(f"SELECT {named} FROM {table}").to_arrow_reader(AT_ONCE)  # noqa: S608  our names
    new.register("moved_rows", rows)
    plain.insert(new, table, columns, "moved_rows")
    new.unregister("moved_rows")
    before, after = _sum(old, table, ours), _sum(new, table, theirs)
    if before != after:
        raise WarehouseError(
            f"{table}: {before[0]} rows were read and {after[0]} stand there"
            + (", but not the same" if before[0] == after[0] else "")
            + ": nothing was moved"
        )
    return after[0]


def _sum(connection: Connection, table: str, values: dict[str, str]) -> Sum:
    packed = ", ".join(f'"{name}" := {value}' for name, value in values.items())
    asked = f"SELECT count(*), coalesce(sum(hash(struct_pack({packed}))::HUGEINT), 0)::VARCHAR FROM {table}"  # noqa: S608
    found: Sum = connection.execute(asked).fetchone()  # type: ignore[assignment]  # a count has a row
    return found

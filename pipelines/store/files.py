"""Say of what files a table of the lake is made now, for engines that read Parquet but no DuckLake."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.errors import UsageError, WarehouseError
from pipelines.store.attach import parse_attach, quoted
from pipelines.store.warehouse import TRIES, is_conflict, one, opened, snapshot


@dataclass(frozen=True)
class Part:
    """A file of a table: all its rows hold, but for those at the positions that `deletes` has as `pos`."""

    data: str
    deletes: str | None


@dataclass(frozen=True)
class Snapshot:
    """A table as it stood after one commit; its files stay for a day after they are no longer needed."""

    number: int
    table: str
    columns: tuple[str, ...]
    """Names. A file may have more columns, which are the lake's own, and an older one fewer."""
    rows: int
    parts: tuple[Part, ...]


def snapshot_of(attach: str, table: str) -> Snapshot:
    """The files of a table as it stands; nothing is copied.

    Rows that wait in the catalog are put into files first, as upkeep does, so it takes the right to
    write. What the files hold is counted against what the table holds: an engine that reads them, less the
    deleted positions, reads the same rows as DuckDB. UsageError if there is no such table.
    """
    if not parse_attach(attach).is_lake:
        raise UsageError("plain Postgres has no files: read the tables there, or move them into a lake")
    with opened(attach) as connection:
        kinds = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'wh' AND table_name = ?"
        if one(connection, kinds, [table]) is None:
            raise UsageError(f"{table}: no such table (of a view, read the tables that it reads)")
        for _ in range(TRIES):
            try:
                connection.execute("CALL ducklake_flush_inlined_data('wh')")
            except Exception as error:
                if not is_conflict(error):
                    raise
                continue
            number = snapshot(connection)
            listed = connection.execute(
                f"SELECT data_file, delete_file FROM ducklake_list_files('wh', {quoted(table)})"  # noqa: S608
            ).fetchall()
            columns = tuple(row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall())
            rows = int(one(connection, f"SELECT count(*) FROM {table}"))  # noqa: S608  it is a table of ours
            parts = tuple(Part(data, deletes) for data, deletes in listed)
            held = _held(connection, [p.data for p in parts]) - _held(
                connection, [p.deletes for p in parts if p.deletes]
            )
            if held == rows and snapshot(connection) == number:
                return Snapshot(number, table, columns, rows, parts)
    raise WarehouseError(f"{table}: loads come one after the other: ask again when they have ended")


def _held(connection: object, files: list[str]) -> int:
    """Rows in all of the files, by their footers."""
    if not files:
        return 0
    paths = ", ".join(map(quoted, files))
    return int(one(connection, f"SELECT sum(num_rows) FROM parquet_file_metadata([{paths}])"))  # type: ignore[arg-type]  # noqa: S608

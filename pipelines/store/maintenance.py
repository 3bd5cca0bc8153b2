"""Tidy up the warehouse, beside loads and readers: few large files, no old snapshots, no orphans."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pipelines.store import plain
from pipelines.store.warehouse import Connection, is_conflict

KEPT = timedelta(days=30)
"""How far `as_of` reaches back."""

GRACE = timedelta(days=1)
"""How long a file that nobody needs is left lying: a reader may have just opened it."""

_TIDYING = (
    # (Called by CALL alone: within a SELECT they run, tell their figures, and nothing of it is kept.)
    ("rows_flushed", "rows_flushed", "ducklake_flush_inlined_data('wh')"),
    ("snapshots_forgotten", None, "ducklake_expire_snapshots('wh', older_than => $keep::TIMESTAMPTZ)"),
    ("files_rewritten", "files_processed", "ducklake_rewrite_data_files('wh', delete_threshold => 0.3)"),
    ("files_merged", "files_processed", "ducklake_merge_adjacent_files('wh')"),
    ("files_deleted", None, "ducklake_cleanup_old_files('wh', older_than => $grace::TIMESTAMPTZ)"),
    ("orphans_deleted", None, "ducklake_delete_orphaned_files('wh', older_than => $grace::TIMESTAMPTZ)"),
)
"""What `maintain` does, in this order, and the column that counts it; None: one row each."""

PATIENCE = 10
"""How often a step of `maintain` is tried again while loads are in its way, a second apart."""


def maintain(connection: Connection, *, keep: timedelta = KEPT) -> dict[str, int]:
    """Tidy up after many small loads; what can be read does not change. Returns what was done.

    Rows that wait in the catalog go into files, files of many small loads into few
    large ones, deleted rows out of files that are mostly such; snapshots older than
    `keep` are forgotten (so `as_of` reaches back that far), and files that no snapshot
    needs, or that a killed load has left, are removed. Loads and readers may go on: a
    file goes only after it has been unneeded for a day. Where a load is in the way of one of
    these, it is tried again; each is a transaction of its own, and each may be left out.
    Plain Postgres tidies up by itself (autovacuum): there it is only told to look at the tables again.
    """
    if plain.is_plain(connection):
        return plain.tidy(connection)
    moments = {"keep": datetime.now(UTC) - keep, "grace": datetime.now(UTC) - GRACE}
    before = _extent(connection)
    done = {name: _patiently(connection, call, moments, column) for name, column, call in _TIDYING}
    after = _extent(connection)
    return done | dict(
        zip(("files_before", "bytes_before", "files", "bytes"), (*before, *after), strict=True)
    )


def _patiently(connection: Connection, call: str, moments: Mapping[str, datetime], column: str | None) -> int:
    """Call it, and again while loads are in its way; how much it did."""
    used = {name: moment for name, moment in moments.items() if f"${name}" in call}
    for trial in range(1, PATIENCE + 1):
        try:
            rows = connection.execute(f"CALL {call}", used).to_arrow_table()
            return sum(rows[column].to_pylist()) if column else rows.num_rows
        except Exception as error:
            if trial == PATIENCE or not is_conflict(error):
                raise
            time.sleep(1)  # a load takes about that
    raise AssertionError("unreachable")


def _extent(connection: Connection) -> tuple[int, int]:
    """Files of the tables as they stand now, and their bytes."""
    row = connection.execute("""
        SELECT coalesce(sum(file_count + delete_file_count), 0),
          coalesce(sum(file_size_bytes + delete_file_size_bytes), 0)
        FROM ducklake_table_info('wh')""").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)

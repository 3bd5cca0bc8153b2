"""Findings in the warehouse: those of judged batches, those that stand, and what is wrong now.

<batch>/findings.parquet, measures.parquet ─▸ put ─▸ tables findings, measures ─▸ view troubles
checks of the warehouse ──────────────────▸ stand ─┘                                ▾
batches that no load has told of yet ─────────────────────────────────────────▸ troubles
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from upath import UPath

from pipelines.errors import BatchError, WarehouseError
from pipelines.ledger import Finding, Severity
from pipelines.measures import Measures
from pipelines.store import batches, forms, plain, staging
from pipelines.store.warehouse import Connection, is_absent, opened, scratch

log = logging.getLogger("wirehouse")

MOST_UNTOLD = 500
"""Batches that are read where the warehouse does not know of them; of more, the latest."""

Judged = tuple[Measures, list[Finding]]
"""What a judged run measured, and what was found in it."""


def read(folder: UPath) -> Judged:
    """What judging has left in a batch's folder; BatchError if it was not judged, or that is damaged."""
    measures = list(staging.read(folder / batches.MEASURES, Measures))
    if len(measures) != 1:
        raise BatchError(f"{folder / batches.MEASURES}: damaged: {len(measures)} rows: check the batch again")
    return measures[0], list(staging.read(folder / batches.FINDINGS, Finding))


def untold(data: UPath, source: str | None = None) -> list[Judged]:
    """What was judged and is not known to be in the warehouse, oldest first; damaged files are left out."""
    found = []
    for name in batches.untold(data, source)[-MOST_UNTOLD:]:
        try:
            found.append(read(data / name))
        except BatchError:  # a reading of it is not worth more than the crawl that asks
            continue
    return sorted(found, key=lambda judged: (judged[0].started_at, judged[0].run_id))


def told(data: UPath, judged: Sequence[Judged], marked: Mapping[str, float]) -> None:
    """Take the markers of what the warehouse now knows away, and of what is damaged: nobody will read it.

    `marked` says when each was marked before that was read: what was judged or decided anew since
    then is still to be told.
    """
    known = {measures.run_id for measures, _ in judged}
    now = batches.marked_at(data, batches.UNTOLD)
    same = [name for name, at in marked.items() if now.get(name) == at]
    batches.unmark(data, batches.UNTOLD, [n for n in same if n in known or _is_damaged(data / n)])


def _is_damaged(folder: UPath) -> bool:
    """Are there findings that cannot be read? What is being written has none yet."""
    if not (folder / batches.FINDINGS).exists():
        return False
    try:
        read(folder)
    except BatchError as error:
        log.error("what was found is lost: %s: `wirehouse check` finds it again", error)
        return True
    return False


def put(connection: Connection, judged: Sequence[Judged]) -> None:
    """Put what was judged into the tables, in place of what they say of these runs.

    In the caller's transaction.
    """
    if not judged:
        return
    _register_judged(connection, judged)
    for table in ("findings", "measures"):
        plain.fetch(connection, table, {"run_id": [m.run_id for m, _ in judged]})
        connection.execute(f"""
            DELETE FROM {table} WHERE run_id IN (SELECT run_id FROM judged_measures);
            INSERT INTO {table} BY NAME FROM judged_{table}""")  # noqa: S608  names of ours


def stand(connection: Connection, findings: Iterable[Finding], now: datetime) -> None:
    """Say what checks of the warehouse find now, in the caller's transaction.

    One that stood before keeps its `since`; one that is not found any more gets its `until`.
    Where nothing stood and nothing is found, nothing is written.
    """
    plain.fetch(connection, "findings", where="run_id IS NULL AND until IS NULL")
    plain.fetch(connection, "turnstile", where="true")
    found = {(f.check, f.source_id, f.cause): f for f in findings}  # of several of a kind, the last
    _make(connection, "findings", _found(list(found.values()), [now] * len(found)))
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE stood AS
        SELECT * FROM findings WHERE run_id IS NULL AND until IS NULL;
        CREATE OR REPLACE TEMP TABLE standing AS
        SELECT f.* REPLACE (coalesce(s.since, f.since) AS since)
        FROM judged_findings f LEFT JOIN stood s
          ON s.check_name = f.check_name AND s.cause = f.cause
            AND s.source_id IS NOT DISTINCT FROM f.source_id""")
    if connection.execute("FROM stood UNION ALL BY NAME FROM standing LIMIT 1").fetchone() is None:
        return
    connection.execute("UPDATE turnstile SET loads = loads")  # of two checks at once the second starts again
    connection.execute("DELETE FROM findings WHERE run_id IS NULL AND until IS NULL")
    connection.execute("INSERT INTO findings BY NAME FROM standing")
    connection.execute(
        """
        INSERT INTO findings BY NAME
        SELECT s.* REPLACE (?::TIMESTAMPTZ AS until) FROM stood s
        WHERE NOT EXISTS (FROM standing n WHERE n.check_name = s.check_name AND n.cause = s.cause
          AND n.source_id IS NOT DISTINCT FROM s.source_id)""",
        [now],
    )


def troubles(attach: str, data: UPath) -> list[dict[str, Any]]:
    """What is wrong now: rows of the view `troubles`, over what was judged since the last load too.

    Worst first, then those that have stood longest. No warehouse yet is no trouble.
    """
    judged = untold(data)
    try:
        with opened(attach, read_only=True) as connection:
            return troubles_in(connection, judged)
    except WarehouseError as error:
        if not is_absent(error):
            raise
    with scratch() as connection:
        for name in ("findings", "measures", "sources"):
            connection.execute(forms.statement(name))
        return troubles_in(connection, judged)


def troubles_in(connection: Connection, judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """The view's question, asked of the tables with the judged rows in them: read only, they take none.

    Afterwards this connection sees those rows in `findings` and `measures` too.
    """
    _register_judged(connection, judged)
    for table in ("findings", "measures"):
        connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW {table} AS
            SELECT * FROM wh.{table}
            WHERE run_id IS NULL OR run_id NOT IN (SELECT run_id FROM judged_measures)
            UNION ALL BY NAME FROM judged_{table}""")  # noqa: S608  names of ours
    rows: list[dict[str, Any]] = connection.execute(forms.question("troubles")).to_arrow_table().to_pylist()
    return sorted(rows, key=lambda r: (r["severity"] != Severity.ERROR, r["since"], r["source_id"] or ""))


def _register_judged(connection: Connection, judged: Sequence[Judged]) -> None:
    """Make temporary tables of what was judged, with the columns of ours."""
    measures = [m for m, _ in judged]
    since = {m.run_id: m.started_at for m in measures}
    _make(connection, "measures", _table(Measures, measures))
    findings = [f for _, found in judged for f in found]
    _make(connection, "findings", _found(findings, [since[str(f.run_id)] for f in findings]))


def _found(findings: Sequence[Finding], since: Sequence[datetime]) -> pa.Table:
    table = _table(Finding, findings)
    names = ["check_name" if name == "check" else name for name in table.column_names]
    return table.rename_columns(names).append_column("since", pa.array(since, pa.timestamp("us", tz="UTC")))


def _table(cls: type[Any], rows: Sequence[Any]) -> pa.Table:
    return pa.Table.from_pylist([dataclasses.asdict(row) for row in rows], schema=staging.schema(cls))


def _make(connection: Connection, name: str, table: pa.Table) -> None:
    connection.register("rows_of_ours", table)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE judged_{name} AS FROM rows_of_ours")
    connection.unregister("rows_of_ours")

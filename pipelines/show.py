"""Print results: tables for people, JSON for programs. Text from pages is shown as text."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from pipelines.errors import UsageError, WirehouseError
from pipelines.ledger import Finding, LedgerLine, Run
from pipelines.records import Source
from pipelines.written import apart, dump, field, printable, span

WIDEST = 60
"""Characters of a cell in a table at a terminal; elsewhere nothing is cut."""


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns under one another, numbers to the right; no markup, so no page can forge any.

    >>> print(table(["source", "stories"], [["ap", 3], ["afp", 12]]))
    source  stories
    ap            3
    afp          12
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(r[i]) for r in [list(columns), *cells]) for i in range(len(columns))]
    right = [
        bool(rows) and all(isinstance(r[i], int | float) or r[i] is None for r in rows)
        for i in range(len(columns))
    ]
    lines = [
        "  ".join(
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in [list(columns), *cells]
    ]
    return "\n".join(lines)


def crawled(batch: str, run: Run, *, as_json: bool) -> None:
    if as_json:
        click.echo(dump({"batch": batch, **asdict(run)}))
    else:
        click.echo(
            f"{batch}\n{run.leads} leads, {run.responses} answers, {run.bytes:,} bytes, {run.finish_reason}"
        )


def counts(numbers: Mapping[str, int], title: str, none: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(dump(numbers))
    elif not numbers:
        click.echo(none)
    else:
        click.echo(table([title, "count"], sorted(numbers.items())))


def names(words: Sequence[str], title: str, *, as_json: bool) -> None:
    click.echo(dump(words) if as_json else "\n".join(words) or f"nothing is {title}")


def ledger(lines: Sequence[LedgerLine], *, as_json: bool) -> None:
    """What became of each lead, counted; JSON has every line."""
    if as_json:
        click.echo(dump([asdict(line) for line in lines]))
        return
    per_source: dict[tuple[str, str, str], int] = {}
    for line in lines:
        key = (line.source_id, line.outcome.value, _reason(line.reason))
        per_source[key] = per_source.get(key, 0) + 1
    click.echo(
        table(["source", "outcome", "reason", "leads"], [[*k, n] for k, n in sorted(per_source.items())])
    )
    click.echo(f"\n{len(lines)} leads, each with one outcome")


def findings(found: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        click.echo(dump([asdict(f) for f in found]))
    elif not found:
        click.echo("all checks passed")
    else:
        for f in found:
            where = f.source_id or "warehouse"
            click.echo(
                f"{f.severity.value}: {where}: {f.check}: {f.message}\n"
                f"  cause: {f.cause.value}{f' ({f.evidence})' if f.evidence else ''}\n  next: {f.next_step}"
            )


def sources(known: Mapping[str, Source | WirehouseError], *, as_json: bool) -> None:
    if as_json:
        click.echo(
            dump(
                [
                    {"name": n, "error": str(s)} if isinstance(s, WirehouseError) else asdict(s)
                    for n, s in known.items()
                ]
            )
        )
        return
    if not known:
        click.echo("no such source is declared")
        return
    rows: list[list[Any]] = []
    for name, source in known.items():
        if isinstance(source, WirehouseError):
            rows.append([name, "WRONG", "", "", "", str(source)])
        else:
            channels = len(source.feeds) + len(source.sitemaps) + len(source.sections)
            state = "enabled" if source.enabled else "disabled"
            rows.append([name, state, source.language, _duration(source.every), channels, source.title])
    click.echo(table(["source", "state", "language", "every", "channels", "title"], rows))


def status(found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """One line per source; those that are switched off and never ran stand in the JSON alone."""
    if as_json:
        click.echo(dump(found))
        return
    shown = sorted(
        (row for row in found if row["enabled"] or row["last_run_at"]), key=lambda r: str(r["source_id"])
    )
    if not shown:
        click.echo("no source is enabled: see `wirehouse sources`")
        return
    columns = [
        "source",
        "last good run",
        "newest story",
        "stories",
        "new last day",
        "expected",
        "wrong since",
        "cause",
        "trouble",
    ]
    click.echo(table(columns, [_health(row) for row in shown]))


def _health(row: Mapping[str, Any]) -> list[Any]:
    least, most = row["expected_min"], row["expected_max"]
    promised = "" if least is None and most is None else f"{least or 0}–{'' if most is None else most}"
    return [
        row["source_id"],
        row["last_good_run_at"] or ("never" if not row["last_run_at"] else "none"),
        row["newest_story_at"],
        row["stories"],
        row["new_last_day"],
        promised,
        *_trouble(row["troubles"]),
    ]


def _trouble(troubles: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Since when, why and what, of the worst; and how many more there are."""
    if not troubles:
        return [None, None, None]
    first, more = troubles[0], len(troubles) - 1
    return [
        min(t["since"] for t in troubles),
        ", ".join(t["cause"] for t in troubles[:3]),
        first["message"] + (f" (and {more} more)" if more else ""),
    ]


def rows(result: Any, form: str, out: Path | None) -> None:
    """An Arrow table in the form asked for, on stdout or in a file."""
    if form == "parquet":
        if out is None and sys.stdout.isatty():
            raise UsageError("parquet is not for a terminal: name a file with --out")
        import pyarrow.parquet as pq

        sink = io.BytesIO()
        pq.write_table(result, sink)
        data = sink.getvalue()
    else:
        text = _text(result, form)
        data = text.encode("utf-8")
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    write(out, data)


def write(path: Path, data: bytes | str) -> None:
    """Write a file that was asked for; WirehouseError says why it cannot be."""
    try:
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    except OSError as error:
        raise WirehouseError(f"{path}: cannot be written: {error.strerror}") from error


def _text(result: Any, form: str) -> str:
    records = [{k: span(v) for k, v in record.items()} for record in result.to_pylist()]
    if form == "json":
        return dump(records) + "\n"
    if form == "csv":
        sheet = io.StringIO()
        writer = csv.writer(sheet, lineterminator="\n")  # as every other line here ends: shells keep a CR
        writer.writerow(result.column_names)
        writer.writerows([field(v) for v in record.values()] for record in records)
        return sheet.getvalue()
    body = table(result.column_names, [list(record.values()) for record in records])
    return f"{body}\n\n{len(records)} {'row' if len(records) == 1 else 'rows'}\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
    elif isinstance(value, timedelta):
        text = apart(value).partition(".")[0]
    elif isinstance(value, list | tuple):
        text = ", ".join(_cell(v) for v in value)
    else:
        text = str(value)
    text = printable(text)
    widest = WIDEST if sys.stdout.isatty() else len(text)
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _duration(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _reason(reason: str | None) -> str:
    """Reasons without what differs from page to page, so that they can be counted."""
    return (reason or "").split(": ")[0].split(" to http")[0][:40]

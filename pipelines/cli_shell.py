"""Ask the warehouse at a terminal, question after question: `wirehouse sql` without one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from pipelines import show, steps
from pipelines.errors import UsageError, WarehouseError
from pipelines.typed import moment
from pipelines.written import printable

MOST_ROWS = 200
"""Shown of an answer: more is for `--format csv` and its like."""

HELP = """\
A question ends with ; and may have several lines. Tab completes, arrows and Ctrl-R go back in history.
  .tables            tables and views, with what they are
  .columns TABLE     its columns, with their definitions
  .format FORM       table, csv or json
  .as-of T           the warehouse as it was then; without T, as it is now
  .help  .quit       (also Ctrl-D)"""

_TABLES = """
SELECT name, kind, split_part(coalesce(comment, ''), ' | ', 1) AS what FROM (
  SELECT table_name AS name, 'table' AS kind, comment FROM duckdb_tables() WHERE database_name = 'wh'
  UNION ALL
  SELECT view_name, 'view', comment FROM duckdb_views() WHERE database_name = 'wh' AND NOT internal)
ORDER BY kind DESC, name"""

_COLUMNS = """
SELECT table_name, column_name, data_type, split_part(coalesce(comment, ''), ' | ', 1) AS what
FROM duckdb_columns() WHERE database_name = 'wh' ORDER BY table_name, column_index"""

_WORDS = """
SELECT FROM WHERE GROUP ORDER BY ALL LIMIT HAVING JOIN LEFT USING ON AS AND OR NOT IN IS NULL LIKE ILIKE
BETWEEN DISTINCT COUNT SUM MIN MAX AVG MEDIAN CASE WHEN THEN ELSE END WITH UNION DESC ASC FILTER OVER
PARTITION INTERVAL DATE EXCLUDE QUALIFY SUMMARIZE DESCRIBE UNNEST COALESCE ROUND NOW""".split()

_TABLE_NEXT = re.compile(r"\b(?:from|join|describe|summarize|\.columns)\s+\w*$", re.I)


@dataclass
class Answering:
    """How answers are given from now on."""

    form: str = "table"
    as_of: datetime | None = None


class Names(Completer):
    """Completes what the warehouse has: tables where one must follow, else columns, tables and words of
    SQL."""

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self.columns = columns

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterable[Completion]:
        begun = document.get_word_before_cursor(pattern=re.compile(r"\w+")) or ""
        for word in fitting(self.columns, document.text, document.text_before_cursor, begun):
            yield Completion(word, start_position=-len(begun))


def fitting(columns: Mapping[str, Sequence[str]], text: str, before: str, begun: str) -> list[str]:
    """The names that a word which has begun may become.

    >>> known = {"stories": ["story_id", "headline"], "runs": ["run_id"]}
    >>> fitting(known, "SELECT h FROM stories", "SELECT h", "h")
    ['headline', 'HAVING']
    >>> fitting(known, "FROM s", "FROM s", "s")
    ['stories']
    """
    if _TABLE_NEXT.search(before):
        found = sorted(columns)
    else:
        named = [table for table in columns if re.search(rf"\b{table}\b", text)] or list(columns)
        found = [*sorted({c for table in named for c in columns[table]}), *sorted(columns), *_WORDS]
    return (
        [word for word in found if word.lower().startswith(begun.lower())]
        if begun or before[-1:] == " "
        else []
    )


def shell(home: Path, as_of: datetime | None, form: str) -> None:
    """Read questions until the end, and answer each; a wrong one ends nothing."""
    answering = Answering(form, as_of)
    known: dict[str, list[str]] = {}
    for row in steps.query(_COLUMNS).to_pylist():
        known.setdefault(row["table_name"], []).append(row["column_name"])
    session: PromptSession[str] = PromptSession(
        history=_history(home),
        completer=Names(known),
        complete_while_typing=False,
        auto_suggest=AutoSuggestFromHistory(),
        lexer=PygmentsLexer(SqlLexer),
        multiline=True,
        key_bindings=_keys(),
        prompt_continuation=lambda width, line, soft: "… ".rjust(width),
    )
    click.echo("The warehouse, read-only. A question ends with ; — .help says more, Ctrl-D leaves.")
    while True:
        try:
            typed = session.prompt("sql> ").strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if typed.rstrip(";") in (".quit", ".exit", "exit", "quit"):
            return
        try:
            _answer(typed, answering)
        except (UsageError, WarehouseError) as error:
            click.echo(f"wirehouse: {error}", err=True)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)


def _answer(typed: str, answering: Answering) -> None:
    if not typed.strip("; \n"):
        return
    if typed.startswith("."):
        _command(*typed.rstrip(";").split(None, 1), answering=answering)
        return
    result = steps.query(typed, as_of=answering.as_of)
    show.rows(result.slice(0, MOST_ROWS), answering.form, None)
    if result.num_rows > MOST_ROWS:
        click.echo(f"… of {result.num_rows:,}: for all, wirehouse sql … --format csv --out FILE", err=True)


def _command(name: str, said: str = "", *, answering: Answering) -> None:
    if name == ".help":
        click.echo(HELP)
    elif name == ".tables":
        show.rows(steps.query(_TABLES), "table", None)
    elif name == ".columns":
        rows = [row for row in steps.query(_COLUMNS).to_pylist() if row["table_name"] == said.strip()]
        if not rows:
            raise UsageError(f"{printable(said) or '.columns'}: no such table: .tables names them")
        click.echo(show.table(["column", "type", "what"], [_of(row) for row in rows]))
    elif name == ".format" and said in ("table", "csv", "json"):
        answering.form = said
    elif name == ".as-of":
        answering.as_of = moment(said.strip() or None)
    else:
        raise UsageError(f"{printable(name)}: no such command here: .help names them")


def _of(row: Mapping[str, Any]) -> list[Any]:
    return [row["column_name"], row["data_type"], row["what"]]


def _keys() -> KeyBindings:
    """Enter ends a question that is whole, and else begins its next line."""
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        typed = event.current_buffer.text.strip()
        if not typed or typed.startswith(".") or typed.endswith(";") or typed in ("exit", "quit"):
            event.current_buffer.validate_and_handle()
        else:
            event.current_buffer.insert_text("\n")

    return keys


def _history(home: Path) -> FileHistory | InMemoryHistory:
    """What was typed, kept for the owner alone; where nothing can be kept, of this session."""
    path = home / "history.sql"
    try:
        home.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))

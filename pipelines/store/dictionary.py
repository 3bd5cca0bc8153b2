"""Read the data dictionary out of `schema.sql`; make comments and docs/warehouse.md of it.

    python -m pipelines.store.dictionary            # writes docs/warehouse.md

Every column stands below a comment `definition | unit or form | source | example`, every
table and view below the sentence that says what a row of it is. A view's own columns stand below its
question; those that it has of `stories` are defined there. Pure, but for `main`.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from pipelines.store.attach import quoted

_DOC = r"((?:^[ ]*--[^\n]*\n)+)"
_TABLE = re.compile(_DOC + r"CREATE TABLE (\w+)(?: \((.*?)^\);| AS\n(.*?);$)", re.M | re.S)
_VIEW = re.compile(_DOC + r"CREATE (?:OR REPLACE )?VIEW (\w+) AS", re.M)
_OWN = re.compile(r"^--   (\w.*)\n", re.M)
_COLUMN = re.compile(_DOC + r"[ ]*(?:NULL::(\w+) AS (\w+)|(\w+) ([^\n]+?),?)$", re.M)


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    """As DuckDB writes it, NOT NULL included."""
    definition: str
    unit: str
    source: str
    """Who says so: page, server, channel, declared, or the step of ours that works it out."""
    example: str


@dataclass(frozen=True)
class Table:
    name: str
    definition: str
    columns: tuple[Column, ...]


def tables(schema: str) -> list[Table]:
    """All tables of `schema.sql`, in its order; ValueError names a column without its comment.

    >>> column = "  -- Its name | text | owner | Tom\\n  name VARCHAR\\n"
    >>> [t] = tables("-- One row per cat.\\nCREATE TABLE cats (\\n" + column + ");")
    >>> t.name, t.definition, t.columns[0].example
    ('cats', 'One row per cat.', 'Tom')
    """
    return [
        Table(name, _sentence(doc), _columns(name, own or derived))
        for doc, name, own, derived in _TABLE.findall(schema)
    ]


def views(script: str) -> list[Table]:
    """All views of `views.sql`, with their questions and the columns that are not those of `stories`.

    >>> own = "--   age | Its age | years | vet | 4\\n--   name = cats.name\\n"
    >>> [v] = views("-- How old?\\n" + own + "CREATE VIEW ages AS")
    >>> v.definition, v.columns[0].unit, v.columns[1].definition
    ('How old?', 'years', 'cats.name')
    """
    found = []
    for doc, name in _VIEW.findall(script):
        own = tuple(_stated(name, line) for line in _OWN.findall(doc))
        found.append(Table(name, _sentence(_OWN.sub("", doc)), own))
    return found


def question_of(view: Table) -> str:
    """The statement that gives a view its question as its comment; columns of views cannot have any."""
    return f"COMMENT ON VIEW {view.name} IS {quoted(view.definition)};"


def comments(table: Table) -> str:
    """The statements that give a table and its columns their comments."""
    lines = [f"COMMENT ON TABLE {table.name} IS {quoted(table.definition)};"]
    for c in table.columns:
        lines.append(f"COMMENT ON COLUMN {table.name}.{c.name} IS {quoted(words_of(c))};")
    return "\n".join(lines)


def words_of(column: Column) -> str:
    """What a column's comment says."""
    return f"{column.definition} ({column.unit}; from: {column.source}; e.g. {column.example})"


def page(schema: str, view_script: str) -> str:
    """The text of docs/warehouse.md."""
    parts = [_INTRODUCTION]
    for table in tables(schema):
        parts.append(f"## {table.name}\n\n{table.definition}\n\n{_HEAD}{''.join(map(_row, table.columns))}")
    parts.append("## Views\n\nColumns that are not named here are those of `stories`.\n")
    known = {f"{t.name}.{c.name}": c for t in tables(schema) for c in t.columns}
    for view in views(view_script):
        rows = "".join(_row(replace(known.get(c.definition, c), name=c.name, kind="")) for c in view.columns)
        parts.append(f"### {view.name}\n\n{view.definition}\n" + (f"\n{_VIEW_HEAD}{rows}" if rows else ""))
    return "\n".join(parts)


def main() -> None:
    """Write docs/warehouse.md below the current folder."""
    folder = resources.files("pipelines.store")
    text = page(
        folder.joinpath("schema.sql").read_text("utf-8"), folder.joinpath("views.sql").read_text("utf-8")
    )
    Path("docs/warehouse.md").write_text(text, "utf-8")
    sys.stdout.write("docs/warehouse.md\n")


def _columns(table: str, body: str) -> tuple[Column, ...]:
    columns = []
    for doc, null_kind, null_name, name, kind in _COLUMN.findall(body):
        parts = [p.strip() for p in _sentence(doc).split(" | ")]
        if len(parts) != 4 or not all(parts):
            raise ValueError(
                f"schema.sql: {table}.{name or null_name}: "
                "its comment is not: definition | unit | source | example"
            )
        columns.append(Column(name or null_name, kind or null_kind, *parts))
    return tuple(columns)


def _stated(view: str, line: str) -> Column:
    """A view's own column: with its definition, or as that of a table (`name = table.column`)."""
    same = re.fullmatch(r"(\w+) = (\w+\.\w+)", line)
    if same:
        return Column(same[1], "", same[2], "", "", "")
    name, *parts = (p.strip() for p in line.split(" | "))
    if len(parts) != 4 or not all(parts):
        raise ValueError(
            f"views.sql: {view}.{name}: its comment is not: name | definition | unit | source | example"
        )
    return Column(name, "", *parts)


def _sentence(doc: str) -> str:
    return " ".join(line.strip().removeprefix("--").strip() for line in doc.strip().splitlines())


def _row(column: Column) -> str:
    kind = (f"`{column.kind}`",) if column.kind else ()
    cells = (f"`{column.name}`", *kind, column.definition, column.unit, column.source, column.example)
    return f"| {' | '.join(map(_cell, cells))} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_HEAD = "| column | type | definition | unit or form | source | example |\n|---|---|---|---|---|---|\n"

_VIEW_HEAD = "| column | definition | unit or form | source | example |\n|---|---|---|---|---|\n"

_INTRODUCTION = """\
# The warehouse: every table and column

Made from `pipelines/store/schema.sql` and `views.sql` by `python -m pipelines.store.dictionary`; edit those.
The same words stand as comments in the warehouse itself:
`SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = 'wh'`.

- A column's source is who says so: the publisher's page, the server's answer, a channel (feed, sitemap,
  section page), rights (page, headers and the site's files), what is declared (`sources/*.toml`); or which of
  our steps works it out or notes it: crawl, extract, cluster, load, check, export.
- Times are `TIMESTAMPTZ` in UTC. `*_at` is what we observed or read as an instant,
  `*_raw` the publisher's own words.
- What the publisher does not say is NULL, never ''. A list that is not stated is empty.
- Names are IPTC ninjs 3.1 / NewsML-G2 in snake_case where one exists.
- Loads commute: batches in any order, late or repeated, give the same tables (but for `loaded_at`).
- As it was known then: `wirehouse sql --as-of T …`, or `FROM stories AT (TIMESTAMP => TIMESTAMPTZ '…')`.
- Any DuckDB client reads it, also while a load runs:
  `ATTACH 'ducklake:sqlite:…/catalog.sqlite' AS wh (READ_ONLY)`.
"""


if __name__ == "__main__":
    main()

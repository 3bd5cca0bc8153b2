"""Load into plain Postgres with the loader of the lakes: fetch what a load touches, put back what it changed.

    Postgres, attached as `pg` ◂─ views of the same names and types in `wh` ◂─ questions
         │  rows that share a key with the batch (`fetch`, by the server's indexes)
         ▾
    temporary tables of the same names ─▸ fold.sql, load.sql … ─▸ `put_back`: what went, what came

So a load costs what its batch touches, not what the warehouse holds; and the SQL that decides is the same for
all warehouses, since a temporary table stands before a view of its name. Where the warehouse is a lake, all
of this does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import resources
from typing import Any

from pipelines.errors import UsageError, WarehouseError
from pipelines.store import plain_past, plain_tables
from pipelines.store.attach import quoted
from pipelines.store.plain_tables import declared, holdable, is_json

Keys = Mapping[str, Iterable[str | int | None]]
"""Columns, and the values that rows are looked up by; NULL finds nothing."""

_THERE = """
SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
  AND NOT a.attisdropped
GROUP BY c.relname"""


def is_plain(connection: Any) -> bool:
    """Is the open warehouse one of plain Postgres tables?"""
    return bool(connection.execute("SELECT getvariable('pg_schema') IS NOT NULL").fetchone()[0])


def there(connection: Any) -> dict[str, list[str]]:
    """The tables of the server's schema with their columns, ours or not.

    (Asked of the server: DuckDB's own lists of tables walk through all that is attached.)
    """
    return dict(connection.execute(f"FROM postgres_query('pg', {quoted(_THERE)})").fetchall())


def face(connection: Any, as_of: datetime | None = None) -> None:
    """Show the attached Postgres as `wh`: our tables and views, with the types they have in a lake."""
    connection.execute("ATTACH ':memory:' AS wh; USE wh")
    schema = connection.execute("FROM postgres_query('pg', 'SELECT current_schema()::text')").fetchone()[0]
    connection.execute(f"SET VARIABLE pg_schema = {quoted(str(schema))}")
    look(connection)
    if as_of is not None:
        everything = {
            table: f"SELECT {_read(table, n)} FROM {_at(connection, table)}"
            for table, n in declared().items()
        }
        plain_past.look_back(connection, as_of, everything.__getitem__)


def look(connection: Any) -> None:
    """Make the views in `wh` of what is there now; those of a newer form than the tables are left out."""
    connection.execute("CALL pg_clear_cache()")
    tables = there(connection)
    known = {
        table: [n for n in columns if n in tables[table]]
        for table, columns in declared().items()
        if table in tables
    }
    for table, columns in known.items():
        rows = f"SELECT {_read(table, columns)} FROM {_at(connection, table)}"
        connection.execute(f"CREATE OR REPLACE VIEW wh.{table} AS {rows}")
    if all(list(columns) == known.get(table) for table, columns in declared().items()):
        connection.execute(_script("views.sql"))


def bring_up(connection: Any, sign: str) -> None:
    """Make our tables where there are none, give older ones what they lack; views and comments anew.

    `sign` is the statement that says which form they have now. In a transaction. WarehouseError where others
    are built on a view of ours that has to go.
    """
    tables = there(connection)
    statements = plain_tables.create(tables)
    if "turnstile" not in tables:
        statements.append("INSERT INTO turnstile VALUES (0)")
    statements += [plain_tables.view_statement(), *plain_tables.comments(), sign]
    try:
        _do(connection, ";\n".join(statements))
    except Exception as error:  # the engine's; all but this one goes on as it is
        if found := re.search(f"{plain_tables.OTHERS_DEPEND} <([^>%]+)>", str(error)):
            theirs = dict.fromkeys(re.findall(r"^(.+?) depends on ", found[1], re.M))
            raise WarehouseError(
                f"our views get other columns, but these are built on them: {', '.join(theirs)}: keep their "
                "definitions (pg_get_viewdef), drop them, load again, then make them again"
            ) from error
        raise


def lock(connection: Any) -> None:
    """Let one writer in at a time; to be called first in a transaction.

    LOCK TABLE takes no snapshot, so what this transaction then sees is what the one before it left.
    """
    if is_plain(connection):
        _remember(connection, {})  # (a variable is none of what a transaction that failed takes back)
        _do(connection, "LOCK TABLE turnstile IN SHARE ROW EXCLUSIVE MODE")


def fetch(connection: Any, table: str, keys: Keys | None = None, where: str = "false") -> None:
    """Fetch the rows of a table that have one of these keys, to be changed here and put back.

        fetch(connection, "ledger", {"run_id": ["ap/20260305T120000Z-3f2a"], "url": urls})

    Called again for a table it adds to what was fetched. Without keys there is an empty one, to insert into.
    """
    if not is_plain(connection):
        return
    columns = list(declared()[table])
    fetched, condition = _fetched(connection), _condition(where, keys or {})
    if condition == "false":
        if table not in fetched:
            kinds = ", ".join(
                f'"{n}" {kind.removesuffix(" NOT NULL")}' for n, kind in declared()[table].items()
            )
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({kinds})")
            _remember(connection, {**fetched, table: False})
        return
    asked = f"SELECT ctid::text AS place, {_names(columns)} FROM {table} WHERE {condition}"
    rows = f"SELECT place, {_read(table, columns)} FROM postgres_query('pg', {quoted(asked)})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE more AS {rows}")
    if fetched.get(table):
        connection.execute(f"DELETE FROM more WHERE place IN (SELECT place FROM fetched_{table})")
        connection.execute(f"INSERT INTO fetched_{table} FROM more")
    else:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE fetched_{table} AS FROM more")
    if table in fetched:
        connection.execute(f"INSERT INTO {table} SELECT * EXCLUDE (place) FROM more")
    else:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * EXCLUDE (place) FROM more")
    _remember(connection, {**fetched, table: True})


def glimpse(
    connection: Any, table: str, keys: Keys | None = None, where: str = "false", without: Iterable[str] = ()
) -> None:
    """Fetch such rows only to read them: a temporary table that is never put back; `forget` drops it."""
    if not is_plain(connection):
        return
    columns = [n for n in declared()[table] if n not in set(without)]
    asked = f"SELECT {_names(columns)} FROM {table} WHERE {_condition(where, keys or {})}"
    rows = f"SELECT {_read(table, columns)} FROM postgres_query('pg', {quoted(asked)})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {rows}")


def glimpse_holders(connection: Any, keys: Iterable[int], since: datetime, until: datetime) -> None:
    """Fetch the prints of a time that have some of these keys: clustering asks who holds them."""
    array = "{" + _joined(keys) + "}"
    seen = f"seen_at BETWEEN {quoted(since.isoformat())} AND {quoted(until.isoformat())}"
    glimpse(connection, "prints", where=f"keys && {quoted(array)}::int[] AND {seen}", without=["words"])


def glimpse_wanted(connection: Any) -> None:
    """Fetch what clustering asks of its `wanted`: of them, of their clusters, of all that are in these."""
    if not is_plain(connection):
        return
    met = _column(connection, "SELECT DISTINCT story_key FROM wanted")
    glimpse(connection, "prints", {"story_key": met}, without=["keys", "words"])
    stories = _column(connection, "SELECT story_id FROM wanted UNION SELECT story_id FROM prints")
    glimpse(connection, "clusters", {"story_id": stories})
    met = _column(connection, "SELECT cluster_id FROM clusters UNION SELECT cluster_id FROM wanted")
    glimpse(connection, "clusters", {"story_id": stories, "cluster_id": met})
    stories = _column(connection, "SELECT story_id FROM clusters UNION SELECT story_id FROM wanted "
        "UNION SELECT story_id FROM prints")  # fmt: skip
    glimpse(connection, "stories", {"story_id": stories}, without=["body_text", "description"])


def forget(connection: Any, *tables: str) -> None:
    """Drop what `glimpse` has fetched: these names mean the whole tables again."""
    if is_plain(connection):
        for table in tables:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def neighbourhood(connection: Any) -> None:
    """Fetch what the staged batches can touch; `fold.sql` has said which ids, urls and texts are in them."""
    if not is_plain(connection):
        return
    of_batch = {
        "story_key": "SELECT key(story_id) FROM ids",
        "url_key": "SELECT key(url) FROM urls",
        "text_key": "FROM keys",
    }
    fetch(connection, "observations", {name: _column(connection, sql) for name, sql in of_batch.items()})
    # … of the stories met there all else that was ever seen of them, and who else said what they said.
    for name in ("story_key", "text_key"):
        fetch(
            connection,
            "observations",
            {name: _column(connection, f"SELECT DISTINCT {name} FROM observations")},
        )
    stories = _column(
        connection, "SELECT story_id FROM observations UNION SELECT story_id FROM staged_clusters"
    )
    for table in ("stories", "past_versions", "clusters"):
        fetch(connection, table, {"story_id": stories})
    for table in ("turnstile", "sightings", "fetches", "prints", "ledger"):
        fetch(connection, table, where="true" if table == "turnstile" else "false")


def turned(connection: Any) -> None:
    """Fetch the lines of the ledger that the fold has judged anew."""
    if is_plain(connection):
        asked = {
            "raw_ref": "SELECT raw_ref FROM turned",
            "story_id": "SELECT story_id FROM turned WHERE raw_ref IS NULL",
            "url": "SELECT url FROM matched",
            "final_url": "SELECT url FROM matched",
        }
        fetch(connection, "ledger", {name: _column(connection, sql) for name, sql in asked.items()})


def put_back(connection: Any) -> None:
    """Write what was changed in the fetched tables: rows that went and came, in the transaction."""
    if not is_plain(connection):
        return
    fetched = _fetched(connection)
    for table in (table for table, had in fetched.items() if had):
        # Of equal rows, as many as there were: each is told from its equals by a number.
        for kind, place, rows in (("was", "place", f"fetched_{table}"), ("is", "rowid", table)):
            connection.execute(f"""
                CREATE OR REPLACE TEMP TABLE {kind}_{table} AS
                SELECT place, digest, row_number() OVER (PARTITION BY digest) AS nth
                FROM (SELECT f.{place} AS place, md5(struct_pack({_packed(table)})::VARCHAR) AS digest
                  FROM {rows} f)""")
        gone = _column(connection, f"SELECT place FROM was_{table} ANTI JOIN is_{table} USING (digest, nth)")
        if gone:
            _do(
                connection,
                f"DELETE FROM {table} WHERE ctid = ANY({quoted('{' + _joined(gone) + '}')}::tid[])",
            )
    for table, had in fetched.items():
        columns = list(declared()[table])
        new = (
            f"rowid IN (SELECT place FROM is_{table} ANTI JOIN was_{table} USING (digest, nth))"
            if had
            else "true"
        )
        if connection.execute(f"SELECT 1 FROM {table} WHERE {new} LIMIT 1").fetchone():
            rows = f"SELECT {_write(table, columns)} FROM {table} WHERE {new}"
            connection.execute(f"INSERT INTO {_at(connection, table)} ({_names(columns)}) {rows}")
        for kind in ("fetched_", "was_", "is_", "") if had else ("",):
            connection.execute(f"DROP TABLE temp.{kind}{table}")
    _remember(connection, {})


def insert(connection: Any, table: str, columns: list[str], rows: str) -> None:
    """Put the rows of a relation into one of our tables, of any warehouse; nothing is fetched."""
    if is_plain(connection):
        asked = f"SELECT {_write(table, columns)} FROM {rows}"
        connection.execute(f"INSERT INTO {_at(connection, table)} ({_names(columns)}) {asked}")
    else:
        connection.execute(f"INSERT INTO {table} BY NAME FROM {rows}")


def empty(connection: Any, table: str) -> None:
    """Take all rows out of one of our tables, of any warehouse."""
    if is_plain(connection):
        _do(connection, f"DELETE FROM {table}")
    else:
        connection.execute(f"DELETE FROM {table}")


def grant(connection: Any, role: str) -> None:
    """Let a role read all tables and views, later ones too; it is made, without login, if there is none.

    UsageError where the warehouse is a lake, or that is no plain name.
    """
    if not is_plain(connection):
        raise UsageError(
            "a lake's files and catalog are guarded where they are: only plain Postgres has roles"
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,50}", role):
        raise UsageError(f"{role!r}: a role is named in small letters, digits and _")
    (schema,) = connection.execute("SELECT getvariable('pg_schema')").fetchone()
    _do(
        connection,
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
        f'GRANT USAGE ON SCHEMA "{schema}" TO {role}; '
        f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO {role}; '
        f'ALTER DEFAULT PRIVILEGES IN SCHEMA "{schema}" GRANT SELECT ON TABLES TO {role}',
    )


def tidy(connection: Any) -> dict[str, int]:
    """Have the server count its tables anew, so that it plans well; returns the bytes that they take."""
    tables = ", ".join(declared())
    connection.execute(
        f"CALL postgres_execute('pg', {quoted(f'ANALYZE {tables}')}, use_transaction := false)"
    )
    asked = " + ".join(f"pg_total_relation_size('{table}')" for table in declared())
    (size,) = connection.execute(f"FROM postgres_query('pg', {quoted(f'SELECT {asked}')})").fetchone()
    return {"bytes": int(size)}


def _do(connection: Any, sql: str) -> None:
    connection.execute(f"CALL postgres_execute('pg', {quoted(sql)})")


def _at(connection: Any, table: str) -> str:
    (schema,) = connection.execute("SELECT getvariable('pg_schema')").fetchone()
    return f'pg."{schema}".{table}'


def _fetched(connection: Any) -> dict[str, bool]:
    """The tables that this transaction has made here, in that order; and were rows asked for?"""
    (tables,) = connection.execute("SELECT getvariable('fetched')").fetchone()
    return dict(tables or {})


def _remember(connection: Any, tables: dict[str, bool]) -> None:
    pairs = ", ".join(f"{quoted(table)}: {str(had).lower()}" for table, had in tables.items())
    connection.execute(f"SET VARIABLE fetched = MAP {{{pairs}}}")


def _condition(where: str, keys: Keys) -> str:
    parts = [where]
    for column, values in keys.items():
        given = [value for value in values if value is not None]
        kind = "bigint" if given and isinstance(given[0], int) else "text"
        if given:
            parts.append(f'"{column}" = ANY({quoted("{" + _joined(given) + "}")}::{kind}[])')
    return " OR ".join(parts)


def _joined(values: Iterable[str | int]) -> str:
    r"""Values as they stand in a Postgres array.

    >>> _joined([7, 'a"b', "c\\d"])
    '7,"a\\"b","c\\\\d"'
    """
    return ",".join(
        str(v)
        if isinstance(v, int)
        else '"' + v.replace("\0", "\ufffd").replace("\\", "\\\\").replace('"', '\\"') + '"'
        for v in values
    )


def _column(connection: Any, sql: str) -> list[Any]:
    return [value for (value,) in connection.execute(sql).fetchall() if value is not None]


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _packed(table: str) -> str:
    return ", ".join(f'"{name}" := f."{name}"' for name in declared()[table])


def _read(table: str, columns: Iterable[str]) -> str:
    """The columns as they are in a lake."""
    kinds = declared()[table]
    return ", ".join(
        f'"{n}"::JSON::{kinds[n].removesuffix(" NOT NULL")} AS "{n}"' if is_json(kinds[n]) else f'"{n}"'
        for n in columns
    )


def _write(table: str, columns: Iterable[str]) -> str:
    """The columns as they are in Postgres."""
    kinds = declared()[table]
    # (of a column of text the extension itself replaces a NUL; JSON would have \\u0000, which JSONB refuses)
    return ", ".join(f"to_json({holdable(n, kinds[n])})" if is_json(kinds[n]) else f'"{n}"' for n in columns)


def _script(name: str) -> str:
    return (resources.files("pipelines.store") / name).read_text("utf-8")

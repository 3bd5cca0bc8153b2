"""Forms: our tables as this program knows them, made where there are none, and older ones brought up.

Tables and columns are added, and one that we no longer fill stays where it is, so
what an older form needs is the difference between `schema.sql` and what is there. Rows of before
have an empty list, or NULL, in a new column: nothing was known of it then.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from importlib import metadata, resources
from typing import Any

from pipelines.store import plain
from pipelines.store.attach import quoted
from pipelines.store.dictionary import Table, comments, question_of, tables, views

SCHEMA_VERSION = 2
"""The form that this program knows; raised when an older program could no longer load into the tables."""

_OF_THE_WHOLE_STORY = ("first_seen_at", "last_seen_at", "cluster_id")
"""Columns of `stories` that `past_versions`, which is made like it, does not have."""

_KEYS = r"""
UPDATE observations SET
  story_key = (md5_number_lower(story_id) >> 1)::BIGINT, url_key = (md5_number_lower(url) >> 1)::BIGINT;
UPDATE observations SET
  text_key = (md5_number_lower(concat_ws(chr(31), t.source_id, t.words, t.content_hash)) >> 1)::BIGINT
FROM (
  SELECT *, trim(regexp_replace(lower(headline), '[^\p{L}\p{N}]+', ' ', 'g')) AS words
  FROM (
    SELECT story_id, fingerprint, source_id, headline, content_hash, word_count, pub_status FROM stories
    UNION ALL
    SELECT story_id, fingerprint, source_id, headline, content_hash, word_count, pub_status FROM past_versions
  )
) t
WHERE observations.story_id = t.story_id AND observations.fingerprint = t.fingerprint
  AND t.word_count >= 10 AND t.words <> '' AND t.pub_status = 'usable';
"""
"""The keys of `fold.sql`, of observations made before there were any: else all would be found anew."""

_STATEMENT = re.compile(r"^CREATE TABLE (\w+)\b.*?;$", re.M | re.S)

_VIEW = re.compile(r"^CREATE OR REPLACE VIEW (\w+) AS\n(.*?);$", re.M | re.S)


def script(name: str) -> str:
    """The text of one of our SQL files."""
    return (resources.files("pipelines.store") / name).read_text("utf-8")


def found(connection: Any) -> int | None:
    """The form of the tables there; None where there are none of ours."""
    there = _columns(connection, "schema_version")
    return connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] if there else None


def is_ours(connection: Any) -> bool:
    """Are the tables and views there exactly those of this program?"""
    if found(connection) != SCHEMA_VERSION or "digest" not in _columns(connection, "schema_version"):
        return False
    last = "SELECT digest FROM schema_version ORDER BY version DESC, applied_at DESC LIMIT 1"
    return bool(connection.execute(last).fetchone()[0] == digest())


def digest() -> str:
    """What tells one state of our SQL files from another."""
    scripts = ("schema.sql", "views.sql", "views_postgres.sql", "layout.sql")
    return sha256("".join(map(script, scripts)).encode()).hexdigest()


def make(connection: Any) -> None:
    """Make all tables and views of ours, with their comments, in the current database."""
    connection.execute(script("schema.sql"))
    for table in tables(script("schema.sql")):
        connection.execute(comments(table))
    connection.execute("INSERT INTO turnstile VALUES (0)")
    _sign(connection)
    _make_views(connection)


def lay_out(connection: Any) -> None:
    """Tell a lake in what order rows are to lie in its files."""
    connection.execute(script("layout.sql"))


def bring_up(connection: Any) -> None:
    """Give tables of a lake, of an older form, what they lack; to be called in a transaction."""
    lay_out(connection)  # (first: a lake refuses it after rows were changed)
    lacks_keys = "story_key" not in _columns(connection, "observations")
    if lacks_keys:  # a text then: the only column that was ever changed
        connection.execute("ALTER TABLE observations DROP COLUMN text_key")
    declared = tables(script("schema.sql"))
    statements = {match[1]: match[0] for match in _STATEMENT.finditer(script("schema.sql"))}
    for table in declared:
        there = _columns(connection, table.name)
        if not there:
            connection.execute(statements[table.name])
        lacking = {n: k for n, k in _wanted(table, declared).items() if there and n not in there}
        for name, kind in lacking.items():
            connection.execute(
                f'ALTER TABLE {table.name} ADD COLUMN "{name}" {kind.removesuffix(" NOT NULL")}'
            )
        lists = [name for name, kind in lacking.items() if kind.endswith("[] NOT NULL")]
        if lists:  # DuckLake knows no default for a list
            empty = ", ".join(f"{name} = []" for name in lists)
            connection.execute(f"UPDATE {table.name} SET {empty}")  # noqa: S608  our own names
        connection.execute(comments(table))
    if lacks_keys:
        connection.execute(_KEYS)
    _sign(connection)
    _make_views(connection)


def _make_views(connection: Any) -> None:
    connection.execute(script("views.sql"))
    for view in views(script("views.sql")):
        connection.execute(question_of(view))


def statement(table: str) -> str:
    """What makes one of our tables."""
    return next(m[0] for m in _STATEMENT.finditer(script("schema.sql")) if m[1] == table)


def question(view: str) -> str:
    """What one of our views asks, to be asked of other tables.

    >>> question("stories_usable").split()[:2]
    ['FROM', 'stories']
    """
    return next(m[2] for m in _VIEW.finditer(script("views.sql")) if m[1] == view)


def _wanted(table: Table, declared: list[Table]) -> dict[str, str]:
    own = {column.name: column.kind for column in table.columns}
    if table.name != "past_versions":
        return own
    stories = next(t for t in declared if t.name == "stories")
    return {c.name: c.kind for c in stories.columns if c.name not in _OF_THE_WHOLE_STORY} | own


def _columns(connection: Any, table: str) -> set[str]:
    """The columns of a table; none where there is no such table.

    Asked of the table itself: for `duckdb_columns()` a lake reads all that it knows of all its tables.
    """
    if plain.is_plain(connection):
        return set(plain.there(connection).get(table, ()))
    try:
        return {name for name, *_ in connection.execute(f"FROM wh.{table} LIMIT 0").description}
    except Exception as error:
        if "does not exist" in str(error):
            return set()
        raise


def signature() -> str:
    """The statement that says that the tables have our form now."""
    said = (datetime.now(UTC).isoformat(), metadata.version("wirehouse"), digest())
    return (
        "INSERT INTO schema_version (version, applied_at, wirehouse_version, digest) "  # noqa: S608  ours
        f"VALUES ({SCHEMA_VERSION}, {', '.join(map(quoted, said))})"
    )


def _sign(connection: Any) -> None:
    connection.execute(signature())

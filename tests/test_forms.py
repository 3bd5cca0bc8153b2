"""Does a warehouse of an older form open with this program, and keep what it has?"""

from __future__ import annotations

from pathlib import Path

import pytest
from press import batch, name, story

from pipelines.store import forms, loading, warehouse
from pipelines.store.dictionary import tables

OLDER = sorted((Path(__file__).parent / "forms").glob("*.sql"), key=lambda path: int(path.stem))
"""`schema.sql` as it was in each form before this one."""


@pytest.fixture(params=OLDER, ids=lambda path: f"form {path.stem}")
def older(request, tmp_path, monkeypatch):
    """A warehouse as an older program made it, with a story in it."""
    attach = f"ducklake:sqlite:{tmp_path}/warehouse/catalog.sqlite"
    schema = request.param.read_text("utf-8")
    with monkeypatch.context() as then:
        then.setattr(forms, "SCHEMA_VERSION", int(request.param.stem))
        views = "CREATE VIEW stories_usable AS FROM stories;"
        then.setattr(forms, "script", lambda which: schema if which == "schema.sql" else views)
        with warehouse.opened(attach) as connection:
            connection.execute(_row_of_before(schema))
    return attach


def _row_of_before(schema: str) -> str:
    """Statements that put one story into `stories`, with something in each column that must have it."""
    samples = {"VARCHAR": "'x'", "TIMESTAMPTZ": "'2026-03-05T12:00:00Z'", "BOOLEAN": "false", "DOUBLE": "0.9"}
    (stories,) = (t for t in tables(schema) if t.name == "stories")
    needed = [(c.name, c.kind.removesuffix(" NOT NULL")) for c in stories.columns if "NOT NULL" in c.kind]
    values = ["[]" if kind.endswith("[]") else samples.get(kind, "1") for _, kind in needed]
    return f"INSERT INTO stories ({', '.join(n for n, _ in needed)}) VALUES ({', '.join(values)})"


def test_it_gets_every_column_of_today_and_loses_no_row(older, tmp_path):
    with warehouse.opened(older) as connection:
        loading.load(connection, [batch(tmp_path / "data", name(1), [story("s1")])])
    with warehouse.opened(older, read_only=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM stories").fetchone()
        flags = connection.execute("SELECT story_id, date_flags FROM stories ORDER BY 1").fetchall()
        there = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'wh'"
        ).fetchall()
        assert forms.found(connection) == forms.SCHEMA_VERSION
    assert (count, flags) == (2, [("s1", []), ("x", [])])
    declared = {(t.name, c.name) for t in tables(forms.script("schema.sql")) for c in t.columns}
    assert declared - set(there) == set()


def test_bringing_it_up_twice_changes_nothing(older):
    for _ in range(2):
        with warehouse.opened(older) as connection:
            versions = connection.execute("SELECT version FROM schema_version ORDER BY 1").fetchall()
    assert len(versions) == 2
    assert versions[-1] == (forms.SCHEMA_VERSION,)


def test_the_form_before_this_one_is_kept_for_this_test():
    assert [int(path.stem) for path in OLDER] == list(range(1, forms.SCHEMA_VERSION))

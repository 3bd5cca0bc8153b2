"""Does a warehouse of an older form open with this program, and keep what it has?"""

from __future__ import annotations

import re
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
    schema = re.sub(r"(?m)^(  -- [^|]*\|[^|]*)\|", r"\1| page |", request.param.read_text("utf-8"))
    with monkeypatch.context() as then:
        then.setattr(forms, "SCHEMA_VERSION", int(request.param.stem))
        views = "CREATE VIEW stories_usable AS FROM stories;"
        then.setattr(forms, "script", lambda which: schema if which == "schema.sql" else views)
        signed = f"INSERT INTO schema_version VALUES ({request.param.stem}, now(), '0.1.0')"
        then.setattr(forms, "_sign", lambda connection: connection.execute(signed))
        then.setattr(forms, "is_ours", lambda connection: False)
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


def test_a_view_that_was_changed_is_made_again(tmp_path, monkeypatch):
    attach = f"ducklake:sqlite:{tmp_path}/warehouse/catalog.sqlite"
    with monkeypatch.context() as then:
        told = forms.script
        then.setattr(
            forms, "script", lambda name: told(name) + ("-- before\n" if name == "views.sql" else "")
        )
        with warehouse.opened(attach) as connection:
            connection.execute("CREATE OR REPLACE VIEW coverage AS SELECT 1 AS old")
    for _ in range(2):
        with warehouse.opened(attach) as connection:
            columns = [row[0] for row in connection.execute("DESCRIBE coverage").fetchall()]
            signed = connection.execute("SELECT version FROM schema_version").fetchall()
    assert "old" not in columns
    assert signed == [(forms.SCHEMA_VERSION,)] * 2


def test_the_form_before_this_one_is_kept_for_this_test():
    assert [int(path.stem) for path in OLDER] == list(range(1, forms.SCHEMA_VERSION))

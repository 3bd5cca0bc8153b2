"""Does a warehouse of an older form open with this program, and keep what it has?"""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest
from press import batch, name, story

from pipelines.errors import WarehouseError
from pipelines.store import forms, loading, warehouse
from pipelines.store.dictionary import tables

OLDER = sorted((Path(__file__).parent / "forms").glob("*.tar.xz"))
"""Warehouses made by the program as it was at each commit that changed its tables: see forms/make.py."""


@pytest.fixture(params=OLDER, ids=lambda path: path.name.removesuffix(".tar.xz"))
def older(request, tmp_path):
    """A warehouse as an older program made it, with two stories in it."""
    with tarfile.open(request.param) as packed:
        packed.extractall(tmp_path / "warehouse", filter="data")
    return f"ducklake:sqlite:{tmp_path}/warehouse/catalog.sqlite"


def test_it_is_brought_up_loses_no_row_and_is_loaded_into(older, tmp_path):
    with warehouse.opened(older) as connection:
        loading.load(connection, [batch(tmp_path / "data", name(1), [story("s1")])])
    with warehouse.opened(older, read_only=True) as connection:
        flags = connection.execute("SELECT story_id, date_flags FROM stories ORDER BY 1").fetchall()
        versions = connection.execute("SELECT count(*) FROM story_versions WHERE story_id = 's1'").fetchone()
        there = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'wh'"
        ).fetchall()
        uncommented = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE database_name = 'wh' AND NOT internal AND comment IS NULL"
        ).fetchall()
        assert forms.found(connection) == forms.SCHEMA_VERSION
        assert forms.is_ours(connection)
        signed = connection.execute("SELECT count(*) FROM schema_version").fetchone()
    assert [story_id for story_id, flag in flags if flag == []] == ["s1", "x1", "x2"]
    assert (versions, uncommented) == ((1,), [])
    declared = {(t.name, c.name) for t in tables(forms.script("schema.sql")) for c in t.columns}
    assert declared - set(there) == set()

    with warehouse.opened(older) as connection:  # a second time nothing is done
        assert connection.execute("SELECT count(*) FROM schema_version").fetchone() == signed


@pytest.mark.parametrize("older", OLDER[:1], indirect=True, ids=["of the first form"])
def test_what_was_observed_before_there_were_keys_is_found_by_them(older, tmp_path):
    with warehouse.opened(older) as connection:
        keys = connection.execute("SELECT story_id, story_key, url_key IS NULL FROM observations ORDER BY 1")
        assert keys.fetchall() == [("x1", key("x1"), False), ("x2", key("x2"), False)]


def key(text: str) -> int:
    """As `fold.sql` makes it."""
    return int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "little") >> 1


def test_one_that_only_reads_is_not_brought_up(older):
    with warehouse.opened(older, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM stories").fetchone() == (2,)


def test_one_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path):
    attach = f"ducklake:sqlite:{tmp_path}/warehouse/catalog.sqlite"
    with warehouse.opened(attach) as connection:
        connection.execute(
            f"INSERT INTO schema_version VALUES ({forms.SCHEMA_VERSION + 1}, now(), '9.0.0', 'of then')"
        )
    for read_only in (False, True):
        with (
            pytest.raises(WarehouseError, match="install a newer Wirehouse"),
            warehouse.opened(attach, read_only=read_only),
        ):
            pass


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


def test_there_is_a_warehouse_of_each_form():
    assert {int(path.name.split("-")[0]) for path in OLDER} == set(range(1, forms.SCHEMA_VERSION + 1))

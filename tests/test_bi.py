"""Does a BI tool that speaks SQLAlchemy read a lake through DuckDB, as docs/bi.md says?"""

from __future__ import annotations

import re

import pytest
import sqlalchemy
from press import batch, name, story

from pipelines.store import clients, loading, warehouse


@pytest.fixture
def engine(tmp_path):
    attach = f"ducklake:sqlite:{tmp_path}/catalog.sqlite"
    with warehouse.opened(attach) as connection:
        loading.load(connection, [batch(tmp_path / "data", name(1), [story("s1"), story("s2", 0, "snow")])])
    wheels = {"sqlite": "sqlite_scanner", "ducklake": "ducklake"}  # no test downloads an extension
    said = re.sub(r"INSTALL \w+; ", "", clients.attach_script(attach))
    said = re.sub(r"LOAD (\w+);", lambda m: f"LOAD '{warehouse.extension(wheels[m[1]])}';", said)
    engine = sqlalchemy.create_engine("duckdb:///:memory:")

    @sqlalchemy.event.listens_for(engine, "connect")
    def attached(connection, record):
        connection.execute(said)

    yield engine
    engine.dispose()


def test_it_reads_tables_and_views_with_their_types(engine):
    with engine.connect() as connection:
        rows = connection.execute(
            sqlalchemy.text("SELECT story_id, published_at, authors FROM stories_usable ORDER BY story_id")
        ).fetchall()
    assert [row.story_id for row in rows] == ["s1", "s2"]
    assert rows[0].published_at.utcoffset() is not None


def test_it_lists_what_there_is_and_may_not_write(engine):
    inspector = sqlalchemy.inspect(engine)
    assert "stories" in inspector.get_table_names(schema="wirehouse.main")
    assert "coverage" in inspector.get_view_names(schema="wirehouse.main")
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.DBAPIError, match="read-only"):
        connection.execute(sqlalchemy.text("DELETE FROM stories"))

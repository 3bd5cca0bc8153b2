"""Do other engines read the same rows out of the lake's files as DuckDB does?"""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta

import polars as pl
import pytest
from press import NOON, batch, name, story

from pipelines import engines
from pipelines.errors import UsageError
from pipelines.store import files, loading, maintenance, warehouse

NO_JAVA = "Spark needs Java 17 or 21, on Debian: apt install openjdk-17-jre-headless"


@pytest.fixture(scope="module")
def attach(tmp_path_factory):
    """A lake with rows in several files, merged ones too, rows deleted of them, and rows still in the catalog."""
    folder = tmp_path_factory.mktemp("lake")
    attach = f"ducklake:sqlite:{folder}/catalog.sqlite"
    hundreds = [story(f"s{n:04}", n % 50, says=f"words of {n}") for n in range(600)]
    loads = [
        hundreds[:300],
        hundreds[300:],
        [story(f"s{n:04}", 90, says=f"an edit of {n}") for n in range(0, 600, 7)],
        [story("last", 95, says="the last one"), story("s0001", 95, says="edited twice")],
    ]
    with warehouse.opened(attach) as connection:
        for n, stories in enumerate(loads):
            loading.load(connection, [batch(folder / "data", name(n), stories)])
            if n == 1:
                maintenance.maintain(connection, keep=timedelta(0))
    return attach


@pytest.fixture(scope="module")
def truth(attach):
    with warehouse.opened(attach, read_only=True) as connection:
        rows = connection.execute(
            "SELECT story_id, version, content_hash FROM stories ORDER BY ALL"
        ).fetchall()
    assert len(rows) == 601
    return rows


@pytest.fixture(scope="module")
def spark():
    """A Spark of the test's own, in this machine alone."""
    java = shutil.which("java")
    if java is None or subprocess.run([java, "-version"], capture_output=True, check=False).returncode:
        pytest.skip(NO_JAVA)
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    yield session
    session.stop()


def test_polars_reads_what_stands(attach, truth):
    found = engines.polars_frame("stories", warehouse=attach).select("story_id", "version", "content_hash")
    assert sorted(found.collect().rows()) == truth


def test_spark_reads_what_stands(attach, truth, spark):
    frame = engines.spark_frame(spark, "stories", warehouse=attach)
    assert sorted(map(tuple, frame.select("story_id", "version", "content_hash").collect())) == truth


def test_spark_reads_times_lists_and_structs(attach, spark):
    frame = engines.spark_frame(spark, "stories", warehouse=attach).where("story_id = 'last'")
    (row,) = frame.selectExpr("unix_micros(fetched_at) AS at", "authors", "published_candidates").collect()
    assert row["at"] == int((NOON + timedelta(minutes=95)).timestamp() * 1_000_000)
    assert isinstance(row["authors"], list)
    assert isinstance(row["published_candidates"], list)


def test_the_lake_of_the_test_has_deleted_rows_and_several_files(attach):
    parts = files.snapshot_of(attach, "stories").parts
    assert len(parts) > 1
    assert any(p.deletes for p in parts)


def test_a_frame_sees_the_table_as_it_stood(attach, tmp_path, truth):
    frame = engines.polars_frame("stories", warehouse=attach)
    with warehouse.opened(attach) as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM stories")
        connection.execute("COMMIT")
        assert frame.select(pl.len()).collect().item() == len(truth)
        number = connection.execute("SELECT id - 1 FROM ducklake_current_snapshot('wh')").fetchone()[0]
        connection.execute(f"INSERT INTO stories FROM stories AT (VERSION => {number})")


def test_a_view_has_no_files(attach):
    with pytest.raises(UsageError, match="no such table"):
        files.snapshot_of(attach, "coverage")

"""Do questions get answers from the warehouse, and nothing else?"""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from press import NOON, batch, fetch, line, member, name, story

from pipelines.errors import UsageError, WarehouseError
from pipelines.ledger import LedgerLine, Outcome, Severity
from pipelines.records import Source, Story
from pipelines.store import (
    batches,
    clustering,
    dictionary,
    forms,
    loading,
    maintenance,
    reading,
    staging,
    warehouse,
)

ROOT = Path(__file__).parent.parent
ONLY_A_LOAD_KNOWS = {
    "version", "first_seen_at", "last_seen_at", "loaded_at", "cluster_id",
    "fingerprint", "valid_from", "change_kind", "diff_ratio",
}  # fmt: skip


def load(attach, *folders, sources=()):
    with warehouse.opened(attach) as connection:
        return loading.load(connection, folders, sources)


def ask(attach, sql, **options):
    return [tuple(row.values()) for row in reading.query(attach, sql, **options).to_pylist()]


def test_every_catalog_keeps_versions_lists_and_structs(attach, tmp_path):
    for n in range(3):
        again = story("s1", n, f"text {n}", authors=("Ann Lee",))
        load(attach, batch(tmp_path / "data", name(n), [again, story(f"n{n}", says=f"other {n}")]))
    asked = (
        "SELECT version, change_kind, authors, subjects FROM story_versions WHERE story_id = 's1' ORDER BY 1"
    )
    assert ask(attach, asked) == [
        (1, "new", ["Ann Lee"], []),
        (2, "update", ["Ann Lee"], []),
        (3, "update", ["Ann Lee"], []),
    ]
    with warehouse.opened(attach) as connection:
        maintenance.maintain(connection, keep=timedelta(0))
    assert len(ask(attach, asked)) == 3
    assert reading.check(attach, NOON) == []


def test_as_of_shows_what_was_known_then(attach, tmp_path):
    load(attach, batch(tmp_path / "data", name(1), [story("s1")]))
    then = datetime.now(UTC)
    load(attach, batch(tmp_path / "data", name(2), [story("s1", 9, "snow"), story("s2", 9, "hail")]))
    asked = "SELECT count(*), max(version) FROM stories"
    assert ask(attach, asked, as_of=then) == [(1, 1)]
    assert ask(attach, asked) == [(2, 2)]


@pytest.mark.parametrize("attach", ["on_sqlite", "on_team"], indirect=True)
def test_as_of_can_be_written_in_sql(attach, tmp_path):
    load(attach, batch(tmp_path / "data", name(1), [story("s1")]))
    then = datetime.now(UTC)
    load(attach, batch(tmp_path / "data", name(2), [story("s2", says="hail")]))
    asked = f"SELECT count(*) FROM stories AT (TIMESTAMP => TIMESTAMPTZ '{then.isoformat()}')"
    assert ask(attach, asked) == [(1,)]


def test_any_duckdb_client_reads_it_by_one_line(on_sqlite, tmp_path):
    import duckdb

    many = [story(f"s{n}", says=f"{n}") for n in range(warehouse.INLINED_ROWS + 1)]
    load(on_sqlite, batch(tmp_path / "data", name(1), many))
    client = duckdb.connect()
    for extension in ("ducklake", "sqlite_scanner"):
        client.execute(f"LOAD '{warehouse.extension(extension)}'")
    client.execute(f"ATTACH '{on_sqlite}' AS wh (READ_ONLY)")
    assert client.execute("SELECT count(body_text) FROM wh.stories_usable").fetchall() == [(len(many),)]


def test_as_of_before_the_first_load_says_so(on_sqlite):
    load(on_sqlite)
    with pytest.raises(WarehouseError, match="nothing is known as of 2020-01-01"):
        reading.query(on_sqlite, "FROM stories", as_of=datetime(2020, 1, 1, tzinfo=UTC))


NOT_QUESTIONS = [
    "INSERT INTO stories SELECT * FROM stories",
    "DELETE FROM stories",
    "DROP TABLE stories",
    "COPY stories TO '{here}/stolen.csv'",
    "COPY stories TO '{here}/warehouse/catalog.sqlite.files/x.csv'",
    "EXPLAIN ANALYZE COPY stories TO '{here}/warehouse/catalog.sqlite.files/x.csv'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('{here}/secret.txt')",
    "SELECT * FROM '{here}/secret.csv'",
    "SELECT * FROM glob('{here}/*')",
    "FROM sqlite_scan('{here}/other.sqlite', 't')",
    "FROM query('FROM ' || 'sqlite' || '_scan(''{here}/other.sqlite'', ''t'')')",
    "FROM query /* so */ ('SELECT 1')",
    "FROM postgres_query('wh', 'SELECT 1')",
    "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "PRAGMA json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "PRAGMA database_list",
    "SELECT path FROM duckdb_databases()",
    'FROM "DuckDB_databases" /* so */ ()',
    "FROM 'duckdb_databases'",
    r"FROM e'duckdb_\x64atabases'",
    "FROM $x$duckdb_databases$x$",
    "FROM duckdb\u005fsecrets\u00a0()",
    "FROM pragma_database_list",
    "FROM __ducklake_metadata_wh.ducklake_metadata",
    'SUMMARIZE "__DUCKLAKE_metadata_wh".ducklake_metadata',
    "ATTACH '{here}/other.sqlite' (TYPE sqlite)",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "CREATE TEMP TABLE t AS SELECT 1",
    "INSTALL httpfs",
    "LOAD sqlite_scanner",
    "CALL ducklake_expire_snapshots('wh', older_than => now())",
    "SELECT 1; DROP TABLE stories",
    "EXPORT DATABASE '{here}/out'",
    "SELECT nothing FROM stories",
    "SELEC 1",
    "-- nothing",
    "FROM here",
]


@pytest.mark.parametrize("sql", NOT_QUESTIONS)
def test_is_refused(on_sqlite, tmp_path, sql):
    import sqlite3

    load(on_sqlite, batch(tmp_path / "data", name(1), [story("s1")]))
    for file in ("secret.txt", "secret.csv"):
        (tmp_path / file).write_text("secret\n1\n")
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE t (secret)")
    here = sorted(tmp_path.rglob("*.csv"))
    with pytest.raises(UsageError):
        reading.query(on_sqlite, sql.replace("{here}", str(tmp_path)))
    assert sorted(tmp_path.rglob("*.csv")) == here
    assert ask(on_sqlite, "SELECT count(*) FROM stories") == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "WITH s AS (FROM stories) SELECT count(*) FROM s",
        "DESCRIBE stories",
        "SHOW TABLES",
        "SUMMARIZE ledger",
        "EXPLAIN SELECT * FROM stories",
        "PIVOT stories ON source_id USING count(*) GROUP BY pub_status",
        "FROM ducklake_snapshots('wh')",
        "SELECT 'postgres' AS subject",
        "SELECT 'Who pays for postgres_query() and query()?' AS headline -- ducklake_commit()",
        "SELECT pg.url FROM stories pg",
        "SELECT 'é' AS \"set_option\"",
        "FROM wh.snapshots()",
        "FROM ducklake_table_info('wh')",
        "FROM ducklake_table_changes('wh', 'main', 'stories', 0, 1)",
    ],
)
def test_is_answered(on_sqlite, sql):
    load(on_sqlite)
    assert reading.query(on_sqlite, sql).num_columns >= 1


@pytest.mark.parametrize(
    "sql",
    [
        "FROM ducklake_cleanup_old_files('wh', cleanup_all => true)",
        "FROM \"DUCKLAKE_cleanup_old_files\" -- so\n ('wh', cleanup_all => true)",
        "EXPLAIN ANALYZE FROM ducklake_cleanup_old_files('wh', cleanup_all => true)",
        "FROM ducklake_flush_inlined_data('wh')",
        "FROM ducklake_merge_adjacent_files('wh')",
        "FROM ducklake_delete_orphaned_files('wh', cleanup_all => true)",
        "FROM wh.merge_adjacent_files()",
        "FROM merge_adjacent_files/**/()",
        "FROM wh.set_option('parquet_compression', 'snappy')",
        "FROM checkpoint('wh')",
    ],
)
def test_a_question_neither_deletes_nor_writes_a_file_of_the_lake(lake_with_old_files, sql):
    attach, folder = lake_with_old_files
    before = sorted(folder.rglob("*.parquet"))
    with pytest.raises(UsageError, match="not for questions"):
        reading.query(attach, sql)
    assert sorted(folder.rglob("*.parquet")) == before


@pytest.fixture(scope="module")
def lake_with_old_files(tmp_path_factory):
    """A lake with files that no snapshot needs any more, and with rows that are still in its catalog."""
    folder = tmp_path_factory.mktemp("lake")
    attach = f"ducklake:sqlite:{folder}/catalog.sqlite"
    load(attach)
    with warehouse.opened(attach) as connection:
        connection.execute("CREATE TABLE mine AS FROM range(300) t(n)")
        connection.execute("DELETE FROM mine; DROP TABLE mine; CREATE TABLE mine AS FROM range(300) t(n)")
        connection.execute("CALL ducklake_expire_snapshots('wh', older_than => now())")
        connection.execute("INSERT INTO mine VALUES (7)")
    return attach, folder


def test_the_ledger_of_a_run_comes_back_as_records(on_sqlite, tmp_path):
    load(
        on_sqlite,
        batch(tmp_path / "data", name(1), [story("s1")]),
        batch(tmp_path / "data", name(2), [story("s1", 5)]),
    )
    (found,) = reading.ledger(on_sqlite, [name(2)])
    assert isinstance(found, LedgerLine)
    assert (found.outcome, found.fetched_at) == (Outcome.UNCHANGED, NOON + timedelta(minutes=5))


def test_the_ledger_of_a_warehouse_that_is_not_there_is_empty(on_sqlite):
    assert reading.ledger(on_sqlite, [name(1)]) == []


# Views


def test_usable_stories_are_neither_killed_nor_under_embargo_nor_expired(on_sqlite, tmp_path):
    ages = timedelta(days=36500)
    stories = [
        story("usable", says="a"),
        story("killed", says="b", pub_status="canceled"),
        story("embargoed", says="c", embargoed_until=NOON + ages),
        story("released", says="d", embargoed_until=NOON - ages),
        story("expired", says="e", expires=NOON - ages),
    ]
    load(on_sqlite, batch(tmp_path / "data", name(1), stories))
    assert ask(on_sqlite, "SELECT story_id FROM stories_usable ORDER BY 1") == [("released",), ("usable",)]


def test_coverage_counts_ten_reprints_once(on_sqlite, tmp_path):
    copies = [story(f"s{n}", n, source_id=f"b{n}", headline=f"Local {n}") for n in range(10)]
    other = story("other", says="snow")
    members = [member(s, "c-rain", "origin" if n == 3 else "reprint") for n, s in enumerate(copies)]
    load(
        on_sqlite,
        batch(tmp_path / "data", name(1), [*copies, other], members=[*members, member(other, "c-snow")]),
    )
    found = ask(on_sqlite, "SELECT cluster_id, stories, headline FROM coverage ORDER BY 1")
    assert found == [("c-rain", 10, "Local 3"), ("c-snow", 1, "Rain in Leeds")]


def test_corrections_show_the_words_and_what_stood_before(on_sqlite, tmp_path):
    right = story("s1", 30, "snow", correction_text="Corrects rain to snow", headline="Snow in Leeds")
    load(
        on_sqlite,
        batch(tmp_path / "data", name(1), [story("s1")]),
        batch(tmp_path / "data", name(2), [right]),
    )
    asked = "SELECT version, headline_before, headline, correction_text FROM corrections"
    assert ask(on_sqlite, asked) == [(2, "Rain in Leeds", "Snow in Leeds", "Corrects rain to snow")]
    ((cut, added),) = ask(on_sqlite, "SELECT sentences_cut, sentences_added FROM corrections")
    assert ([one.split(" and ")[0] for one in cut], [one.split(" and ")[0] for one in added]) == (
        ["It says rain"],
        ["It says snow"],
    )


def test_reprints_of_a_killed_story_are_shown_until_they_go_too(on_sqlite, tmp_path):
    origin, kept, taken, other = (story(f"s{n}", n, source_id=f"b{n}") for n in range(4))
    members = [
        member(origin),
        member(kept, role="reprint"),
        member(taken, role="reprint"),
        member(other, "c-2"),
    ]
    killed = story("s0", 60, source_id="b0", pub_status="canceled", signal="kill")
    gone = story("s2", 60, source_id="b2", pub_status="canceled", signal="gone")
    asked = "SELECT killed_story_id, killed_by, story_id, role FROM kills_standing"
    load(on_sqlite, batch(tmp_path / "data", name(1), [origin, kept, taken, other], members=members))
    assert ask(on_sqlite, asked) == []
    load(on_sqlite, batch(tmp_path / "data", name(2), [gone]))
    assert ask(on_sqlite, asked) == []  # a reprint that was taken down says nothing against the others
    load(on_sqlite, batch(tmp_path / "data", name(3), [killed]))
    assert ask(on_sqlite, asked) == [("s0", "kill", "s1", "reprint")]


def test_source_health_tells_good_from_sick_from_never_run(on_sqlite, tmp_path):
    late = [line(name(2, "late"), f"https://late.example/{n}", Outcome.TIMEOUT) for n in range(3)]
    feed = line(name(3, "mute"), "https://mute.example/rss", Outcome.DNS_ERROR)
    silence = dataclasses.replace(fetch(feed), purpose="channel")
    absent = [
        dataclasses.replace(
            fetch(line(name(1, "good"), f"https://good.example/{file}", Outcome.GONE)), purpose=purpose
        )
        for file, purpose in (("robots.txt", "robots"), (".well-known/tdmrep.json", "rights"))
    ]
    load(
        on_sqlite,
        batch(tmp_path / "data", name(1, "good"), [story("s1", source_id="good")], fetches=absent),
        batch(tmp_path / "data", name(2, "late"), other=late),
        batch(tmp_path / "data", name(3, "mute"), fetches=[silence]),
        sources=[
            Source(name=n, title=n.upper(), home=f"https://{n}.example/")
            for n in ("good", "late", "mute", "new")
        ],
    )
    rows = {row["source_id"]: row for row in reading.status(on_sqlite)}
    assert {
        n: (r["last_run_at"] is not None, r["last_good_run_at"] is not None) for n, r in rows.items()
    } == {
        "good": (True, True),
        "late": (True, False),
        "mute": (True, False),
        "new": (False, False),
    }
    assert (rows["good"]["stories"], rows["good"]["last_trouble"]) == (1, None)
    assert rows["mute"]["last_trouble"] == "dns_error https://mute.example/rss"


def test_a_backfill_hides_no_sick_source(on_sqlite, tmp_path):
    late = [line(name(1, "late"), f"https://late.example/{n}", Outcome.TIMEOUT) for n in range(3)]
    crawled = batch(tmp_path / "data", name(1, "late"), other=late)
    filled = batch(tmp_path / "data", name(2, "late"), [story("s1", source_id="late")])
    run = batches.read_run(filled)
    batches.write_run(Path(str(filled / batches.RUN)), dataclasses.replace(run, kind="backfill"))
    load(on_sqlite, crawled, filled)
    assert ask(on_sqlite, "SELECT last_good_run_at, stories FROM source_health") == [(None, 1)]


def test_check_finds_a_ledger_that_does_not_balance(on_sqlite, tmp_path):
    load(on_sqlite, batch(tmp_path / "data", name(1), [story("s1")]))
    with warehouse.opened(on_sqlite) as connection:
        connection.execute("DELETE FROM ledger")
    (finding,) = reading.check(on_sqlite, NOON)
    assert (finding.check, finding.severity, finding.source_id) == ("ledger_balances", Severity.ERROR, "ap")


# The dictionary


def test_stories_are_the_fields_of_a_story_and_what_only_a_load_knows():
    (stories,) = (t for t in dictionary.tables(forms.script("schema.sql")) if t.name == "stories")
    columns = {c.name: c.kind for c in stories.columns}
    assert set(columns) == {f.name for f in fields(Story)} | ONLY_A_LOAD_KNOWS
    required = {f.name for f in staging.schema(Story) if not f.nullable} | {"run_id"}
    assert {c for c in required if "NOT NULL" not in columns[c]} == set()


@pytest.mark.parametrize("table", dictionary.tables(forms.script("schema.sql")), ids=lambda t: t.name)
def test_every_column_has_a_comment_in_the_warehouse(made, table):
    found = {
        row[0]: row[1]
        for row in made(
            f"SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '{table.name}'"
        )
    }
    assert {c.name for c in table.columns} <= set(found)
    assert table.columns
    if table.name != "past_versions":
        assert set(found) == {c.name for c in table.columns}
        assert all(found.values())
    assert not {"status", "date"} & set(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    attach = f"ducklake:sqlite:{tmp_path_factory.mktemp('made')}/catalog.sqlite"
    with warehouse.opened(attach) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def test_every_view_has_its_question_in_the_dictionary(made):
    found = {
        row[0]
        for row in made("SELECT view_name FROM duckdb_views() WHERE database_name = 'wh' AND NOT internal")
    }
    views = dictionary.views(forms.script("views.sql"))
    assert {v.name for v in views} == found
    assert [v.name for v in views if "?" not in v.definition] == []


@pytest.mark.parametrize("view", dictionary.views(forms.script("views.sql")), ids=lambda view: view.name)
def test_every_column_of_a_view_is_defined(made, view):
    of_stories = {row[0] for row in made("DESCRIBE stories")}
    named = {f"{t.name}.{c.name}" for t in dictionary.tables(forms.script("schema.sql")) for c in t.columns}
    own = {c.name for c in view.columns}
    there = {row[0] for row in made(f"DESCRIBE {view.name}")}
    assert there - of_stories <= own <= there
    assert [c.name for c in view.columns if not c.unit and c.definition not in named] == []


def test_a_view_tells_its_question_in_the_warehouse(made):
    told = dict(
        made("SELECT view_name, comment FROM duckdb_views() WHERE database_name = 'wh' AND NOT internal")
    )
    assert told == {v.name: v.definition for v in dictionary.views(forms.script("views.sql"))}


def test_a_comment_says_unit_source_and_example(made):
    ((said,),) = made(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'clusters' AND column_name = 'role'"
    )
    assert said.endswith("(word; from: cluster; e.g. reprint)")


def test_the_page_is_made_from_the_schema():
    page = dictionary.page(forms.script("schema.sql"), forms.script("views.sql"))
    assert (ROOT / "docs/warehouse.md").read_text("utf-8") == page, "run python -m pipelines.store.dictionary"


def test_a_column_without_its_comment_is_named():
    with pytest.raises(ValueError, match=r"cats\.name: its comment is not: definition"):
        dictionary.tables("-- One row per cat.\nCREATE TABLE cats (\n  -- Its name\n  name VARCHAR\n);")


# What is wrong with a warehouse


@pytest.mark.parametrize(
    ("attach", "says"),
    [
        ("mysql:wire", "is no warehouse: write ducklake:sqlite:PATH"),
        ("ducklake:sqlite:", "is no warehouse"),
        (
            "postgres:dbname=wire password=s3cret (DATA_PATH 'x')",
            r"password=\*\*\* \(DATA_PATH 'x'\): plain Postgres tables take no options in brackets",
        ),
        (
            "ducklake:sqlite:{here}/text.txt",
            "file is not a database: that file is no catalog: check the path",
        ),
        ("ducklake:sqlite:{here}", "no such place: check the path"),
        ("ducklake:sqlite:{here}/text.txt/catalog.sqlite", "cannot make the folder"),
        (
            "ducklake:postgres:dbname=w host=127.0.0.1 port=1 password=s3cret (DATA_PATH 'x')",
            "no server answers there",
        ),
    ],
)
def test_a_wrong_string_is_named_and_says_what_to_do(tmp_path, attach, says):
    (tmp_path / "text.txt").write_text("no catalog " * 100)
    with (
        pytest.raises(WarehouseError, match=says) as caught,
        warehouse.opened(attach.replace("{here}", str(tmp_path))),
    ):
        pass
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("dbname=wire", "dbname=nope_wire"), "the server has no such database: create it"),
        (("user=postgres", "user=ann"), "the server refuses the login"),
        ((" (DATA_PATH", " host=/nowhere (DATA_PATH"), "no server answers there"),
    ],
)
def test_a_server_that_refuses_is_named_without_the_password(on_postgres, change, says):
    with pytest.raises(WarehouseError, match=says) as caught, warehouse.opened(on_postgres.replace(*change)):
        pass
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("attach", ["on_sqlite", "on_postgres", "plain_empty"], indirect=True)
def test_reading_a_warehouse_that_is_not_there_says_load_first(attach):
    with pytest.raises(WarehouseError, match="there is no warehouse yet: load a batch first"):
        reading.query(attach, "FROM stories")


def test_a_newer_warehouse_is_refused(attach):
    load(attach)
    with warehouse.opened(attach) as connection:
        there = "pg.public." if attach.startswith("postgres:") else ""
        connection.execute(f"INSERT INTO {there}schema_version VALUES (99, now(), '9.0', 'x')")
    for options in ({}, {"read_only": True}):
        with pytest.raises(
            WarehouseError, match=f"have form 99, this program knows {forms.SCHEMA_VERSION}: install a newer"
        ):
            warehouse.opened(attach, **options).__enter__()


def test_a_warehouse_can_be_moved(on_sqlite, tmp_path):
    load(on_sqlite, batch(tmp_path / "data", name(1), [story(f"s{n}", says=f"{n}") for n in range(300)]))
    shutil.move(tmp_path / "warehouse", tmp_path / "elsewhere")
    moved = on_sqlite.replace("/warehouse/", "/elsewhere/")
    assert ask(moved, "SELECT count(body_text) FROM stories") == [(300,)]


def test_clustering_finds_the_copy_in_the_warehouse(attach, tmp_path):
    first = batch(tmp_path / "data", name(1), [story("s1", word_count=90)])
    later = batch(
        tmp_path / "data",
        name(2, "bp"),
        [story("s2", 5, source_id="bp", word_count=90), story("s3", says="snow")],
    )
    for folder in (first, later):
        with warehouse.opened(attach) as connection:
            clustering.cluster_batches(connection, [folder])
            loading.load(connection, [folder])
    found = ask(
        attach, "SELECT story_id, role, count(*) OVER (PARTITION BY cluster_id) FROM clusters ORDER BY 1"
    )
    assert found == [("s1", "origin", 2), ("s2", "reprint", 2), ("s3", "origin", 1)]
    assert ask(attach, "SELECT count(*) FROM stories WHERE cluster_id IS NULL") == [(0,)]

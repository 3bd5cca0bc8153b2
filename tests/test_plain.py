"""Is plain Postgres a warehouse of its own right: its views, comments, indexes, search, and its past?"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from press import NOON, batch, line, member, name, story

from pipelines.cli import main
from pipelines.errors import UsageError, WarehouseError
from pipelines.ledger import Cause, Finding, Outcome, Severity
from pipelines.measures import Measures
from pipelines.records import Dated, Source, Subject
from pipelines.store import (
    clustering,
    dictionary,
    forms,
    loading,
    maintenance,
    plain_tables,
    reading,
    warehouse,
)
from pipelines.store.attach import parse_attach

VIEWS = [view.name for view in dictionary.views(forms.script("views.sql"))]


def load(attach, *folders, **options):
    with warehouse.opened(attach) as connection:
        return loading.load(connection, folders, **options)


def served(attach, sql):
    """What the server itself answers, as JSON says it: no DuckDB has a part in it."""
    asked = f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM ({sql}) t"
    with warehouse.opened(attach, read_only=True) as connection:
        (text,) = connection.execute("SELECT * FROM postgres_query('pg', ?)", [asked]).fetchone()
    return json.loads(text)


@pytest.fixture
def eventful(plain, tmp_path):
    """A warehouse of which every view has something to say."""
    data = tmp_path / "data"
    sources = [
        Source(name=one, title=one.upper(), home=f"https://{one}.example/", agency=agency)
        for one, agency in (("ap", "Example Wire"), ("bp", None), ("cp", None))
    ]
    wire = {"origin_agency": "Example Wire", "published_precision": "minute", "published_tz_known": True}
    rain = story("s1", 0, section="Sport", language="en", located="LEEDS", keywords=("rain", "cricket"),
        subjects=(Subject(code="15000000", name="sport", scheme="medtop"), Subject(code="1", name="rain", scheme=None)), **wire)  # fmt: skip
    reprint = story("s2", 5, source_id="bp", published_at=NOON + timedelta(minutes=4), **wire)
    other = story(
        "s3", 6, "sun. And wind! Or hail", source_id="cp", correction_text="Corrects the wind", **wire
    )
    after = story("s4", 9, "sun. And wind!", source_id="bp", published_at=NOON + timedelta(minutes=2), **wire)
    members = [
        member(rain),
        member(reprint, role="reprint"),
        member(other, "c-2"),
        member(after, "c-2", "reprint"),
    ]
    load(
        plain, batch(data, name(1), [rain], members=members[:1]),
        batch(data, name(2, "bp"), [reprint, after], members=[members[1], members[3]], unchanged={"https://bp.example/gone": 7}),
        batch(data, name(3, "cp"), [other], members=members[2:3]), sources=sources,
    )  # fmt: skip
    corrected = story("s3", 60, "sun. And more wind! Or hail", source_id="cp", signal="correction", **wire)
    killed = story("s1", 90, "this story is withdrawn", pub_status="canceled", signal="kill", **wire)
    failed = line(name(5), "https://ap.example/x", Outcome.TIMEOUT)
    run = name(5)
    measures = Measures(run_id=run, source_id="ap", kind="crawl", started_at=NOON, judged_at=NOON)
    finding = Finding(
        check="channels_answer", severity=Severity.ERROR, cause=Cause.BLOCKED, source_id="ap", run_id=run,
        message="403", next_step="look", found_at=NOON,
    )  # fmt: skip
    with warehouse.opened(plain) as connection:
        folders = [batch(data, name(4, "cp"), [corrected]), batch(data, run, [killed], other=[failed])]
        loading.load(connection, folders, sources, [(measures, [finding])])

        def hand_on():
            from pipelines.store import plain as tables

            tables.fetch(connection, "exports")
            connection.execute(
                "INSERT INTO exports VALUES ('e', now(), 'ninjs', '/srv/in', 's1', 1), ('e', now(), 'ninjs', '/srv/in', 's2', 1)"
            )

        warehouse.committed(connection, hand_on)
    return plain


def plainly(value):
    """A value as JSON has it: times as numbers, lists of structs in the order of their names."""
    if isinstance(value, dict):
        return {key: plainly(one) for key, one in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [plainly(one) for one in value]
    if isinstance(value, float):
        return round(value, 9)
    return value


def rows_of(connection, sql):
    """Rows as comparable texts; times to the microsecond, in UTC."""
    found = connection.execute(f"SELECT * FROM ({sql})")
    columns = [column[0] for column in found.description]
    return sorted(repr(plainly(dict(zip(columns, row, strict=True)))) for row in found.fetchall())


def test_every_view_answers_as_it_does_in_a_lake(eventful):
    with warehouse.opened(eventful, read_only=True) as connection:
        silent = []
        for view in VIEWS:
            theirs = f"SELECT * FROM pg.public.{view}"
            if view == "completeness":
                kind = "STRUCT(channel VARCHAR, kind VARCHAR, stories BIGINT, alone BIGINT)[]"
                theirs = f"SELECT * REPLACE (channels::JSON::{kind} AS channels) FROM pg.public.{view}"
            whole = {
                column for column, kind in plain_tables.declared()["stories"].items() if "STRUCT" in kind
            }
            columns = {row[0] for row in connection.execute(f"DESCRIBE wh.{view}").fetchall()}
            if whole <= columns:
                kinds = plain_tables.declared()["stories"]
                named = ", ".join(
                    f'"{c}"::JSON::{kinds[c].removesuffix(" NOT NULL")} AS "{c}"' for c in sorted(whole)
                )
                theirs = f"SELECT * REPLACE ({named}) FROM pg.public.{view}"
            ours = rows_of(connection, f"SELECT * FROM wh.{view}")
            assert rows_of(connection, theirs) == ours, view
            silent += [view] * (not ours)
        assert silent == [], "nothing was compared"


def test_the_server_has_all_tables_views_and_columns_with_their_comments(plain):
    found = served(
        plain,
        "SELECT c.relname AS name, a.attname AS column, obj_description(c.oid, 'pg_class') AS about, "
        "col_description(c.oid, a.attnum) AS says FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0",
    )
    schema = dictionary.tables(forms.script("schema.sql"))
    about = {t.name: t.definition for t in [*schema, *dictionary.views(forms.script("views.sql"))]}
    assert {row["name"]: row["about"] for row in found} == about
    says = {(row["name"], row["column"]): row["says"] for row in found}
    assert {key for key, text in says.items() if key[0] not in VIEWS and not text} == set()
    for table in schema:
        for column in table.columns:
            assert says[(table.name, column.name)] == dictionary.words_of(column)


LOOKED_UP = {
    "stories WHERE story_id = 'x'": "stories_key",
    "stories WHERE url = 'https://x'": "stories_hash_url",
    "stories WHERE canonical_url = 'https://x'": "stories_hash_canonical_url",
    "stories WHERE source_id = 'x' ORDER BY published_at DESC LIMIT 9": "stories_source_id_published_at",
    "stories WHERE cluster_id = 'x'": "stories_cluster_id",
    "stories WHERE run_id = 'x'": "stories_run_id",
    "stories WHERE search_text @@ to_tsquery('simple', 'rain')": "stories_gin_search_text",
    "observations WHERE url_key = 1": "observations_url_key",
    "ledger WHERE url = 'https://x'": "ledger_hash_url",
    "prints WHERE keys && '{1,2}'": "prints_gin_keys",
}


def test_what_is_looked_up_is_found_by_an_index(plain, postgres):
    asked = "".join(f"EXPLAIN SELECT 1 FROM {table};\n" for table in LOOKED_UP)
    plans = postgres.running.psql(f"\\c {postgres.name_in(plain)}\nSET enable_seqscan = off;\n{asked}")
    assert [index for index in LOOKED_UP.values() if index not in plans] == []


def test_words_are_found_by_the_server_those_of_headlines_first(plain, tmp_path):
    in_body = story("s1", says="thunder", headline="Rain")
    in_headline = story("s2", says="sun", headline="Thunder over Leeds")
    load(plain, batch(tmp_path, name(1), [in_body, in_headline, story("s3", says="snow")]))
    found = served(
        plain,
        "SELECT story_id FROM stories, to_tsquery('simple', 'thunder') q WHERE search_text @@ q "
        "ORDER BY ts_rank(search_text, q) DESC",
    )
    assert [row["story_id"] for row in found] == ["s2", "s1"]


def test_words_with_accents_are_found_as_the_operators_page_asks_for_them(plain, tmp_path):
    page = (Path(__file__).parent.parent / "docs" / "operators.md").read_text("utf-8")
    asked = re.findall(r"`(SELECT headline FROM stories WHERE search_text[^`]+)`", page)
    load(plain, batch(tmp_path, name(1), [story("s1", headline="Strike in Łódź"), story("s2", says="sun")]))
    assert [row["headline"] for one in asked for row in served(plain, one)] == ["Strike in Łódź"]


def test_a_long_address_a_huge_body_and_a_nul_are_loaded(plain, tmp_path):
    words = " ".join(f"w{n}" for n in range(300_000))
    given = story(
        "s1", url="https://ap.example/" + "x" * 9_000, body_text=words, byline="By\0 Ann", authors=("A\0nn",),
        published_candidates=(Dated(evidence="jsonld", raw="2026\0\0", at=None), Dated(evidence="html", raw="soon", at=NOON)),
        subjects=(Subject(scheme=None, code="1\0", name="\\u0000"),),
    )  # fmt: skip
    load(plain, batch(tmp_path, name(1), [given]))
    (row,) = reading.query(plain, "FROM stories").to_pylist()
    assert (row["url"], row["body_text"], row["byline"]) == (given.url, words, "By\ufffd Ann")
    assert row["authors"] == ["A\ufffdnn"]
    assert [dated["raw"] for dated in row["published_candidates"]] == ["2026\ufffd\ufffd", "soon"]
    assert row["subjects"] == [{"scheme": None, "code": "1\ufffd", "name": "\\u0000"}]


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"{chr(0x10400 + n // 4096)}{chr(0x1E900 + n % 64)}{n}" for n in range(90_000)),
        " ".join("\ufdf2" * 20 + str(n) for n in range(8_000)),  # folded, one letter is four
        "".join(chr(0x20000 + n % 0xA000) for n in range(50_000)),  # a word each
    ],
    ids=["four_bytes", "one_is_four", "no_spaces"],
)
def test_no_text_is_too_much_for_the_index(plain, text):
    asked = f"SELECT length({plain_tables.SEARCH_TEXT}) AS n FROM (VALUES ('{text}', '{text}')) s(headline, body_text)"
    (row,) = served(plain, asked)
    assert row["n"] > 1_000


def test_a_database_that_is_not_in_utf8_is_told_what_it_should_be(postgres, tmp_path):
    postgres.running.psql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(WarehouseError, match="need a database in UTF8"):
        load(f"postgres:{postgres.attach('latin')}", batch(tmp_path, name(1), [story("s1")]))


def test_as_of_shows_the_versions_that_were_loaded_then(plain, tmp_path):
    load(plain, batch(tmp_path, name(1), [story("s1")]))
    then = datetime.now(UTC)
    load(plain, batch(tmp_path, name(2), [story("s1", 9, "snow"), story("s2", 9, "hail")]))
    asked = (
        "SELECT story_id, version, valid_to, body_text LIKE '%rain%' AS old FROM story_versions ORDER BY ALL"
    )
    (row,) = reading.query(plain, asked, as_of=then).to_pylist()
    assert row == {"story_id": "s1", "version": 1, "valid_to": None, "old": True}
    assert reading.query(plain, "FROM stories_usable", as_of=then).num_rows == 1
    assert reading.query(plain, "FROM runs", as_of=then).num_rows == 1
    with pytest.raises(UsageError, match="plain Postgres tables keep no past of clusters"):
        reading.query(plain, "FROM coverage", as_of=then)
    with pytest.raises(WarehouseError, match="before the first load"):
        reading.query(plain, "FROM stories", as_of=NOON - timedelta(days=9000))


def test_a_load_reads_and_writes_only_what_its_batch_touches(plain, tmp_path):
    others = [story(f"n{n}", n, f"text number {n}") for n in range(40)]
    load(plain, batch(tmp_path, name(1), [story("s1"), *others]))
    before = {r["story_id"]: r["xmin"] for r in served(plain, "SELECT story_id, xmin::text FROM stories")}
    later = batch(tmp_path, name(2), [story("s1", 90, "snow")])
    with warehouse.opened(plain) as connection:
        clustering.cluster_batches(connection, [later])
        fetched = []

        class Counting:
            def __getattr__(self, attribute):
                return getattr(connection, attribute)

            def execute(self, sql, *parameters):
                if sql.startswith("INSERT INTO pg."):  # what was fetched is still there
                    fetched.extend(
                        connection.execute("SELECT story_id FROM stories").fetchall()
                    ) if not fetched else None
                return connection.execute(sql, *parameters)

        loading.load(Counting(), [later])
    assert set(fetched) == {("s1",)}
    after = {r["story_id"]: r["xmin"] for r in served(plain, "SELECT story_id, xmin::text FROM stories")}
    assert {i for i in after if after[i] != before[i]} == {"s1"}


def test_a_reader_reads_all_views_and_writes_nothing(plain, postgres, tmp_path, home, monkeypatch):
    load(plain, batch(tmp_path, name(1), [story("s1")]))
    monkeypatch.setenv("WIREHOUSE_WAREHOUSE", plain)
    for _ in range(2):  # given again, it stays as it is
        done = CliRunner().invoke(main, ["grant", "wire_readers"])
        assert done.exit_code == 0, done.output
    assert CliRunner().invoke(main, ["grant", "a; DROP TABLE stories"]).exit_code == 2
    postgres.running.psql("CREATE ROLE ann LOGIN IN ROLE wire_readers")
    as_ann = plain.replace("user=postgres", "user=ann")
    with warehouse.opened(plain) as connection:  # a view that is made anew can still be read
        connection.execute(
            "CALL postgres_execute('pg', 'DROP VIEW volumes; UPDATE schema_version SET digest = NULL')"
        )
    load(plain)
    with warehouse.opened(as_ann, read_only=True) as connection:
        for view in VIEWS:
            connection.execute(f"SELECT count(*) FROM pg.public.{view}").fetchall()
    assert reading.query(as_ann, "SELECT story_id FROM stories_usable").num_rows == 1
    with pytest.raises(WarehouseError, match="permission"):
        load(as_ann, batch(tmp_path, name(2), [story("s2", says="snow")]))
    assert reading.query(plain, "FROM stories").num_rows == 1


@pytest.mark.parametrize(
    "sql",
    [
        "FROM pg.hr.salaries",
        'FROM "PG" /* so */ . "hr".salaries',
        "SELECT (SELECT max(pay) FROM pg.hr.salaries)",
        "FROM pg.pg_catalog.pg_authid",
        "DESCRIBE pg.hr.salaries",
        "SELECT path FROM duckdb_databases()",
        "FROM duckdb_secrets()",
    ],
)
def test_a_question_is_about_our_tables_and_no_others_of_the_server(plain, sql):
    with pytest.raises(UsageError, match="not for questions"):
        reading.query(plain, sql)


@pytest.mark.parametrize("kind", ["plain", "on_postgres"])
def test_the_password_stands_in_no_list_of_databases(request, kind):
    attach = request.getfixturevalue(kind)
    with warehouse.opened(attach) as connection:
        listed = connection.execute("SELECT * FROM duckdb_databases()").fetchall()
        listed += connection.execute("SELECT * FROM duckdb_secrets()").fetchall()
    assert "user=postgres" in str(listed)
    assert "s3cret" not in str(listed)


@pytest.mark.parametrize(
    "told",
    [
        r"password='it\'s (s3) \\cret'",
        r"password = it\'s\ (s3)\ \\cret",
        "password=x " r"password='it\'s (s3) \\cret'",
    ],
)
def test_the_password_is_told_to_the_server_as_it_was_written(told):
    target = parse_attach(f"postgres:dbname=w {told} host=db")
    assert target.password == r"it's (s3) \cret"
    assert target.statement(read_only=True, as_of=None) == (
        "ATTACH 'dbname=w host=db' AS pg (TYPE postgres, SECRET wirehouse_server, READ_ONLY)"
    )


def test_views_with_other_columns_are_made_anew_but_never_at_the_cost_of_others(plain, postgres, tmp_path):
    here = f"\\c {postgres.name_in(plain)}\n"
    postgres.running.psql(f"{here}CREATE ROLE bo; DROP VIEW coverage CASCADE; CREATE VIEW coverage AS SELECT 1 AS x; "
        "CREATE VIEW desk AS SELECT x FROM coverage; GRANT SELECT ON coverage TO bo; "
        "UPDATE schema_version SET digest = NULL")  # fmt: skip
    with pytest.raises(WarehouseError, match="built on them: view desk: keep their definitions"):
        load(plain)
    assert served(plain, "SELECT x FROM desk") == [{"x": 1}]
    postgres.running.psql(f"{here}DROP VIEW desk")
    load(plain, batch(tmp_path, name(1), [story("s1")]))
    assert served(
        plain, "SELECT has_table_privilege('bo', 'coverage', 'SELECT') AS may, stories FROM coverage"
    ) == [{"may": True, "stories": 1}]


def test_a_lake_has_no_roles(on_sqlite, home, monkeypatch):
    monkeypatch.setenv("WIREHOUSE_WAREHOUSE", on_sqlite)
    done = CliRunner().invoke(main, ["grant", "wire_readers"])
    assert (done.exit_code, "only plain Postgres has roles" in done.output) == (2, True)


def test_a_lake_keeps_its_files_on_object_storage(on_team, storage, tmp_path):
    load(on_team, batch(tmp_path, name(1), [story(f"s{n}", says=f"{n}") for n in range(300)]))
    place = on_team.split("s3://wire/")[1].split("'")[0]
    assert any("/stories/" in key for key in storage.keys(place))
    assert reading.query(on_team, "SELECT body_text FROM stories").num_rows == 300
    with warehouse.opened(on_team) as connection:
        assert maintenance.maintain(connection)["files"] > 0
    with pytest.raises(WarehouseError) as caught:  # no key is told
        reading.query(on_team.replace("dbname=", "dbname=no_"), "FROM stories")
    assert "knows-this" not in str(caught.value)

"""Does a warehouse that is moved say the same at its new place, to the last microsecond, or does nothing move?"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from click.testing import CliRunner
from press import NOON, batch, member, name, story

from pipelines.cli import main
from pipelines.errors import UsageError, WarehouseError
from pipelines.ledger import Cause, Finding, Severity
from pipelines.measures import Measures
from pipelines.records import Dated, Source, Subject
from pipelines.store import loading, moving, reading, warehouse
from pipelines.store.plain_tables import declared


@pytest.fixture
def full(request, tmp_path):
    """A warehouse with all that is hard to move, of the kind that the test names."""
    attach = request.getfixturevalue(request.param)
    odd = story(
        "s1", fetched_at=NOON + timedelta(microseconds=1), authors=("Ann Lee", "Bo “Åse”", "{a,b}"), urgency=3,
        subjects=(Subject(scheme="medtop", code="1", name='rain "heavy"'), Subject(scheme=None, code=None, name="雨")),
        published_candidates=(Dated(evidence="meta", raw="5 March", at=NOON + timedelta(microseconds=7)),
            Dated(evidence="html", raw="soon \\ later\n", at=None)),
        embargoed_until=NOON, tdm_reserved=None, is_accessible_for_free=False, extraction_confidence=0.1 + 0.2,
    )  # fmt: skip
    run = name(2)
    measures = Measures(
        run_id=run, source_id="ap", kind="crawl", started_at=NOON, judged_at=NOON, causes=("down",)
    )
    finding = Finding(
        check="channels_answer", severity=Severity.ERROR, cause=Cause.DOWN, source_id="ap", run_id=run,
        message="403", next_step="look", found_at=NOON,
    )  # fmt: skip
    with warehouse.opened(attach) as connection:
        first = batch(tmp_path / "data", name(1), [odd, story("s2", says="sun")], members=[member(odd)])
        loading.load(
            connection, [first], [Source(name="ap", title="A", home="https://ap.example/", tags=("x",))]
        )
        again = batch(tmp_path / "data", run, [story("s1", 30, "snow"), story("s3", 40)])
        loading.load(connection, [again], judged=[(measures, [finding])])
    return attach


def all_rows(attach):
    with warehouse.opened(attach, read_only=True) as connection:
        return {
            table: sorted(
                map(repr, connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall())
            )
            for table in declared()
            if table != "schema_version" and (columns := [f'"{c}"' for c in declared()[table]])
        }


@pytest.mark.parametrize(
    ("full", "other"),
    [("on_sqlite", "plain_empty"), ("plain", "on_postgres"), ("on_postgres", "on_sqlite")],
    indirect=["full"],
)
def test_all_rows_are_there_and_loads_go_on(full, other, request, tmp_path):
    other = request.getfixturevalue(other)
    counts = moving.move(full, other)
    before = all_rows(full)
    assert all_rows(other) == before
    assert counts == {table: len(rows) for table, rows in before.items()}
    assert counts["past_versions"] > 0
    assert counts["findings"] > 0
    later = batch(tmp_path / "data", name(3), [story("s1", 60, "hail"), story("s4", 60, "fog")])
    with warehouse.opened(other) as connection:
        assert loading.load(connection, [later]) == {"runs": 1, "new": 1, "updated": 1}
    assert reading.check(other, NOON) == []
    with pytest.raises(UsageError, match="is not empty: there are rows in stories"):
        moving.move(full, other)


def test_what_postgres_cannot_hold_does_not_keep_a_lake_from_being_moved(on_sqlite, plain, tmp_path):
    odd = story(
        "s1", authors=("Ann",), published_candidates=(Dated(evidence="jsonld", raw="5 March", at=NOON),)
    )
    with warehouse.opened(on_sqlite) as connection:
        loading.load(connection, [batch(tmp_path / "data", name(1), [odd, story("s2", says="sun")])])
        warehouse.flush_all(connection)
        connection.execute("CALL wh.set_option('data_inlining_row_limit', '0')")  # else it refuses a NUL
        connection.execute("""
            UPDATE stories SET byline = 'By' || chr(0) || ' Ann', authors = ['A' || chr(0) || 'nn'],
              published_candidates = [{'evidence': 'jsonld', 'raw': '5' || chr(0) || ' March', 'at': fetched_at}]
            WHERE story_id = 's1'""")
    assert moving.move(on_sqlite, plain)["stories"] == 2
    assert "\\x00" in "".join(all_rows(on_sqlite)["stories"])
    row = reading.query(plain, "FROM stories WHERE story_id = 's1'").to_pylist()[0]
    assert (row["byline"], row["authors"]) == ("By\ufffd Ann", ["A\ufffdnn"])
    assert row["published_candidates"] == [{"evidence": "jsonld", "raw": "5\ufffd March", "at": NOON}]


@pytest.mark.parametrize("full", ["on_sqlite"], indirect=True)
def test_what_does_not_arrive_as_it_left_moves_nothing(full, plain, monkeypatch):
    insert = moving.plain.insert

    def careless(connection, table, columns, rows):
        insert(connection, table, columns, rows)
        if table == "ledger":
            moving.plain._do(connection, "UPDATE ledger SET reason = 'other' WHERE story_id = 's1'")

    monkeypatch.setattr(moving.plain, "insert", careless)
    with pytest.raises(
        WarehouseError, match="ledger: 4 rows were read and 4 stand there, but not the same: nothing"
    ):
        moving.move(full, plain)
    assert reading.query(plain, "FROM stories").num_rows == 0


@pytest.mark.parametrize("full", ["on_sqlite"], indirect=True)
def test_a_load_that_comes_in_meanwhile_is_told_and_nothing_is_moved(full, plain, tmp_path):
    def load_another(table, rows):
        if table == "stories":
            loader = threading.Thread(target=load)
            loader.start()
            loader.join()

    def load():
        with warehouse.opened(full) as connection:
            loading.load(connection, [batch(tmp_path / "data", name(3), [story("s9", 60, "hail")])])

    with pytest.raises(WarehouseError, match="a load came in meanwhile: stop the loads"):
        moving.move(full, plain, load_another)
    assert reading.query(plain, "FROM stories").num_rows == 0


@pytest.mark.parametrize("full", ["on_sqlite"], indirect=True)
def test_the_command_says_how_many_rows_went_and_never_a_password(full, plain, home, monkeypatch):
    monkeypatch.setenv("WIREHOUSE_WAREHOUSE", full)
    done = CliRunner().invoke(main, ["move", "--to", plain, "--json"])
    assert done.exit_code == 0, done.output
    assert '"stories": 2' in done.output.replace("\n", " ")
    same = CliRunner().invoke(main, ["move", "--to", full])
    assert same.exit_code == 2
    again = CliRunner().invoke(main, ["move", "--to", plain])
    assert again.exit_code == 2
    assert "s3cret" not in done.output + same.output + again.output

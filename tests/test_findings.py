"""Is what checks found in the warehouse, once, with since when it stands, also of batches not loaded?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from press import NOON, batch, name, story
from upath import UPath

from pipelines.ledger import Cause, Finding, Severity
from pipelines.measures import Measures
from pipelines.records import Source
from pipelines.store import batches, findings, loading, reading, staging, warehouse


@pytest.fixture
def data(tmp_path):
    return UPath(tmp_path / "data")


def finding(cause=Cause.BLOCKED, severity=Severity.ERROR, *, run=None, source="ap", **more):
    given = {"check": "channels_answer", "message": "403", "next_step": "look", "found_at": NOON}
    return Finding(cause=cause, severity=severity, run_id=run, source_id=source, **(given | more))


def judged(data, number, *causes, source="ap", kind="crawl", severity=Severity.ERROR, **more):
    """The nth run of a source, an hour after the one before, and what was found in it."""
    run = name(number, source)
    at = NOON + timedelta(hours=number)
    measures = Measures(run_id=run, source_id=source, kind=kind, started_at=at, judged_at=at)
    found = [finding(c, severity, run=run, source=source, found_at=at, **more) for c in causes]
    batches.mark(data, batches.UNTOLD, run)
    staging.write(data / run / batches.MEASURES, Measures, [measures])
    staging.write(data / run / batches.FINDINGS, Finding, found)


def tell(attach, data, folders=()):
    """What the step `load` does."""
    with warehouse.opened(attach) as connection:
        marked = batches.marked_at(data, batches.UNTOLD)
        untold = findings.untold(data)
        loading.load(connection, folders, judged=untold)
    findings.told(data, untold, marked)


def standing(attach, data):
    """What is wrong now: the cause, and in which run it began."""
    return {
        (t["source_id"], t["cause"]): (t["since"] - NOON) // timedelta(hours=1)
        for t in findings.troubles(attach, data)
    }


def test_without_a_warehouse_nothing_is_wrong_until_a_batch_is_judged(attach, data):
    assert findings.troubles(attach, data) == []
    judged(data, 1, Cause.BLOCKED)
    assert standing(attach, data) == {("ap", "blocked"): 1}


@pytest.mark.parametrize("told", [0, 1, 2, 3, 4])
def test_a_trouble_stands_since_its_first_run_in_an_unbroken_row_told_or_not(attach, data, told):
    for number, causes in enumerate([["blocked"], [], ["blocked", "slow"], ["blocked"]], 1):
        judged(data, number, *map(Cause, causes))
        if number <= told:
            tell(attach, data)
    assert standing(attach, data) == {("ap", "blocked"): 3}


def test_a_trouble_is_over_with_a_run_that_does_not_show_it(attach, data):
    judged(data, 1, Cause.BLOCKED)
    tell(attach, data)
    judged(data, 2)
    assert standing(attach, data) == {}


def test_notes_and_runs_of_other_kinds_and_other_sources_change_nothing(attach, data):
    judged(data, 1, Cause.BLOCKED)
    judged(data, 1, Cause.QUIET_DAY, source="bp", severity=Severity.NOTE)
    judged(data, 2, kind="backfill")
    judged(data, 3, Cause.DOWN, kind="backfill")
    tell(attach, data)
    assert standing(attach, data) == {("ap", "blocked"): 1}


def test_a_run_that_is_judged_again_replaces_what_was_found_in_it(attach, data):
    judged(data, 1, Cause.BLOCKED, Cause.SLOW)
    tell(attach, data)
    judged(data, 1, Cause.SLOW)
    assert standing(attach, data) == {("ap", "slow"): 1}
    tell(attach, data)
    rows = reading.query(attach, "SELECT check_name, cause, run_id, since FROM findings").to_pylist()
    assert rows == [
        {
            "check_name": "channels_answer",
            "cause": "slow",
            "run_id": name(1),
            "since": NOON + timedelta(hours=1),
        }
    ]


def test_of_several_findings_of_one_cause_the_worst_speaks(attach, data):
    judged(data, 1, Cause.BLOCKED, severity=Severity.WARNING, message="some")
    run = data / name(1)
    found = list(staging.read(run / batches.FINDINGS, Finding))
    staging.write(
        run / batches.FINDINGS, Finding, [*found, finding(run=name(1), check="yields", message="all")]
    )
    for _ in range(2):
        (row,) = findings.troubles(attach, data)
        assert (row["severity"], row["message"], row["checks"]) == (
            "error",
            "all",
            ["channels_answer", "yields"],
        )
        tell(attach, data)


def test_a_held_batch_is_told_of_though_it_is_not_loaded(attach, data):
    judged(data, 1, Cause.LAYOUT_CHANGED, holds=True)
    tell(attach, data, [batch(data, name(2), [story("s1")])])
    assert reading.query(attach, "SELECT run_id, holds FROM findings").to_pylist() == [
        {"run_id": name(1), "holds": True}
    ]
    assert reading.query(attach, "SELECT run_id FROM runs").to_pylist() == [{"run_id": name(2)}]


def stand(attach, hour, *found):
    now = NOON + timedelta(hours=hour)
    with warehouse.opened(attach) as connection:
        warehouse.committed(connection, lambda: findings.stand(connection, found, now))


def test_what_stands_in_the_warehouse_keeps_its_since_and_gets_its_until(attach, data):
    stand(attach, 0)
    stand(attach, 1, finding(Cause.NOT_RUNNING), finding(Cause.OURS, source=None))
    stand(attach, 2, finding(Cause.NOT_RUNNING, message="403 again"))
    assert standing(attach, data) == {("ap", "not_running"): 1}
    (row,) = findings.troubles(attach, data)
    assert row["message"] == "403 again"
    stand(attach, 3)
    assert standing(attach, data) == {}
    rows = reading.query(
        attach, "SELECT cause, hour(since) - 12 AS a, hour(until) - 12 AS b FROM findings ORDER BY 1"
    )
    assert rows.to_pylist() == [
        {"cause": "not_running", "a": 1, "b": 3},
        {"cause": "ours", "a": 1, "b": 2},
    ]


@pytest.mark.parametrize("attach", ["on_sqlite", "on_team"], indirect=True)
def test_a_check_that_finds_nothing_where_nothing_stood_writes_nothing(attach):
    stand(attach, 0)
    with warehouse.opened(attach, read_only=True) as connection:
        before = warehouse.one(connection, "SELECT max(snapshot_id) FROM ducklake_snapshots('wh')")
    stand(attach, 1)
    with warehouse.opened(attach, read_only=True) as connection:
        assert warehouse.one(connection, "SELECT max(snapshot_id) FROM ducklake_snapshots('wh')") == before


def test_a_source_that_is_switched_off_or_gone_has_no_troubles(attach, data):
    for source in ("ap", "bp", "cp", "dp"):
        judged(data, 1, Cause.ROBOTS_CLOSED, source=source)
    here = [Source(name=n, title=n, home=f"https://{n}.example/") for n in ("ap", "bp", "cp", "dp")]
    with warehouse.opened(attach) as connection:
        loading.load(connection, [], sources=here, judged=findings.untold(data))
        loading.load(connection, [], [here[0], replace(here[1], enabled=False)], unreadable=["dp"])
    assert {source for source, _ in standing(attach, data)} == {"ap", "dp"}
    on = reading.query(
        attach, "SELECT source_id FROM sources WHERE enabled AND enabled_at IS NOT NULL ORDER BY 1"
    )
    assert on["source_id"].to_pylist() == ["ap", "dp"]


def test_damaged_findings_keep_nobody_from_working(attach, data):
    judged(data, 1, Cause.BLOCKED)
    judged(data, 2, Cause.SLOW)
    (data / name(1) / batches.FINDINGS).write_bytes(b"PAR1")
    tell(attach, data)
    assert batches.busy(data) == frozenset()
    assert standing(attach, data) == {("ap", "slow"): 2}

"""When is a source crawled? Every so often, but not when all the others are."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.up import embedded

sys.path.insert(0, str(embedded.part("plugins")))

from airflow.api.common.mark_tasks import get_run_ids
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.timetables.base import DataInterval, TimeRestriction
from in_turn import InTurn, turn
from pendulum import instance

QUARTER = timedelta(minutes=15)
FOR_EVER = TimeRestriction(earliest=None, latest=None, catchup=False)
EVERY = st.integers(min_value=1, max_value=7 * 86_400).map(lambda s: timedelta(seconds=s))
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)


def due(timetable: InTurn, last: datetime | None) -> datetime:
    interval = None if last is None else DataInterval.exact(instance(last))
    found = timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=FOR_EVER)
    assert found is not None
    assert found.run_after == found.logical_date  # so no run of the future has the logical date of a past one
    return found.run_after


def test_a_hundred_sources_are_due_all_over_the_interval():
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
    minutes = Counter((noon - turn(noon, QUARTER, f"source_{n}")) // timedelta(minutes=1) for n in range(100))
    assert len(minutes) == 15
    assert max(minutes.values()) <= 15


@given(NAMES, EVERY)
def test_what_never_ran_is_due_at_once(name, every):
    assert due(InTurn(every, name), None) <= datetime.now(UTC)


@given(NAMES, EVERY)
def test_then_every_so_often(name, every):
    timetable = InTurn(every, name)
    first = due(timetable, None)
    second = due(timetable, first)
    assert second - first == every
    assert due(timetable, second) - second == every


def test_what_missed_its_moments_is_due_once_and_then_in_turn():
    timetable = InTurn(QUARTER, "acme")
    next_one = due(timetable, datetime.now(UTC) - timedelta(days=1))
    assert timedelta(0) <= datetime.now(UTC) - next_one < QUARTER
    assert due(timetable, next_one) - next_one == QUARTER


@given(NAMES, EVERY, EVERY)
def test_a_source_with_another_interval_is_due_after_its_last_run_and_no_later_than_that(name, before, now):
    last = due(InTurn(before, name), None)
    next_one = due(InTurn(now, name), last)
    assert next_one > last
    assert next_one <= max(last + now, datetime.now(UTC))


@pytest.mark.parametrize("timetable", [InTurn(QUARTER, "acme"), InTurn(timedelta(seconds=0.5), "fast")])
def test_airflow_can_write_it_down(timetable):
    again = InTurn.deserialize(timetable.serialize())
    assert (again.every, again.name) == (timetable.every, timetable.name)


def test_what_was_between_two_moments_has_an_end():
    """Airflow asks it on until a moment; without an end its server would be busy for ever."""
    dag, now = SimpleNamespace(timetable=InTurn(QUARTER, "acme")), datetime.now(UTC)
    for first, last in ((now - timedelta(days=1), now - timedelta(days=1)), (now, now + timedelta(days=1))):
        found = list(islice(SerializedDAG.iter_dagrun_infos_between(dag, first, last), 1000))
        assert len(found) < 100
        assert all(info.run_after <= last for info in found)


def test_whoever_marks_a_run_means_that_one_and_nothing_is_backfilled():
    class Asked:
        """A session of Airflow's database that knows one moment."""

        def scalar(self, statement):
            return datetime.now(UTC) - timedelta(hours=1)

    dag = SimpleNamespace(timetable=InTurn(QUARTER, "acme"), dag_id="crawl_acme")
    assert get_run_ids(dag, "one", future=True, past=True, session=Asked()) == ["one"]
    assert not dag.timetable.periodic

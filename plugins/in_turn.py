"""A timetable by which sources take turns: each is crawled every so often, at moments of its own.

Airflow starts all DAGs of the same interval at the same moment: a hundred crawls every quarter of an hour
would stand in one queue, the last of them late, and nothing would be done between. Here each has its place
in the interval, by its name: always the same, whatever other sources there are.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from pendulum import DateTime, instance


class InTurn(Timetable):
    """Every `every`, at `name`'s moments.

    What never ran is due at once, and so is what missed its moments while nothing ran: once, not for each.
    A run has no data interval: a feed shows what it shows now.
    """

    description = "each source at moments of its own"
    # What it says depends on the clock, so Airflow must not ask which runs were between two moments: whoever
    # marks a run or a task means that one, and there is nothing to backfill.
    periodic = False

    def __init__(self, every: timedelta, name: str) -> None:
        self.every = every
        self.name = name

    @property
    def summary(self) -> str:
        return f"every {self.every}"

    def serialize(self) -> dict[str, Any]:
        return {"every": self.every.total_seconds(), "name": self.name}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> InTurn:
        return cls(timedelta(seconds=data["every"]), data["name"])

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        return DataInterval.exact(run_after)

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        due = turn(datetime.now(UTC), self.every, self.name)
        if last_automated_data_interval is not None:
            # (pendulum's moments have a remainder by pendulum's durations alone.)
            last = datetime.fromisoformat(last_automated_data_interval.end.isoformat())
            due = max(due, turn(last + self.every, self.every, self.name))
        if restriction.latest is not None and due > restriction.latest:
            return None  # whoever goes on asking until a moment, as for what is planned, comes to an end
        return DagRunInfo.exact(instance(due))


def turn(moment: datetime, every: timedelta, name: str) -> datetime:
    """The last of `name`'s moments that is not after `moment`.

    >>> quarter, noon = timedelta(minutes=15), datetime(2026, 3, 5, 12, tzinfo=UTC)
    >>> [f"{turn(noon, quarter, name):%H:%M:%S}" for name in ("acme", "other", "third")]
    ['11:45:14', '11:49:00', '11:56:08']
    >>> turn(turn(noon, quarter, "acme"), quarter, "acme") == turn(noon, quarter, "acme")
    True
    """
    first = datetime.fromtimestamp(zlib.crc32(name.encode()) % max(1, int(every.total_seconds())), UTC)
    return moment - (moment - first) % every


class InTurnPlugin(AirflowPlugin):
    name = "in_turn"
    timetables = [InTurn]  # noqa: RUF012  as Airflow reads it

"""A timetable of days on which nothing runs by itself: for a DAG that an operator backfills.

Airflow backfills only what has a schedule, and runs what has a schedule. This one has
a day for whoever asks for a range of days, and none for the scheduler.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.interval import CronDataIntervalTimetable


class DaysOnDemand(CronDataIntervalTimetable):
    """Each run's data interval is one whole day, in UTC; its start is the day meant.

    The scheduler asks without, a backfill with `catchup` (`iter_dagrun_infos_between`).
    """

    description = "days that an operator asks for"
    can_be_scheduled = False

    def __init__(self) -> None:
        super().__init__("@daily", timezone="UTC")

    @property
    def summary(self) -> str:
        return "on demand"

    def serialize(self) -> dict[str, Any]:
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> DaysOnDemand:
        return cls()

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        if not restriction.catchup:
            return None
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )


class OnDemandPlugin(AirflowPlugin):
    name = "on_demand"
    timetables = [DaysOnDemand]  # noqa: RUF012  as Airflow reads it

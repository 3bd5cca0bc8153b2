"""Put what the crawls have staged into the warehouse: cluster, load, check.

Starts when a crawl has extracted a batch, and takes all batches that wait, so ten crawls
that end together are loaded together. One run at a time: there is one writer. A run that
finds nothing waiting, because the one before it took all, skips all but its check: that runs
every quarter of an hour, or nobody would tell that nothing comes.

**cluster** or **load** is red: look at its log, mend the cause and clear the task, or leave it
to the next run, which takes what still waits. Loading a batch twice changes nothing, and a load that
died in the middle has changed nothing.

**check** is red: the rows are loaded, but a promise is broken; the findings are in its log.

**alert** tells people what is wrong, always, also when the others failed. It is red when a
message could not be delivered: its log says why. The run's colour is that of the others, and the
next run tries again; when it stays red, correct the connection `wirehouse_alerts`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from alerting import WATCHED, late
from step_task import step


@dag(
    dag_id="publish",
    description="Staged batches into the warehouse",
    # By the clock too: that a source brings nothing, or is not crawled, no batch will tell.
    # The asset itself, as crawl.py has it: Airflow adds a slash to an asset's URI but not
    # to that of an `Asset.ref`, so a reference by this URI would wait for ever.
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/15 * * * *", timezone="UTC"),
        assets=[Asset("wirehouse://staged")],
    ),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # loads are serialised
    is_paused_upon_creation=False,
    tags=["publish"],
    # It goes before all crawls that queue: there is one of it, and what they bring waits for it.
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30), "priority_weight": 10, **WATCHED},
    deadline=late(timedelta(hours=2)),
    doc_md=__doc__,
)
def publish() -> None:
    @step(execution_timeout=timedelta(minutes=30))
    def cluster() -> list[str]:
        """Find copies among the stories of the batches that wait.

        *Leave it* when it is pink: nothing waited. Red may wait for the next run, which takes the same
        batches. *Look at* its log: can the warehouse be reached? *Again*: clear it.
        """
        from pipelines import steps  # heavy: not while Airflow parses this file

        waiting = steps.cluster()
        if not waiting:
            raise AirflowSkipException("no batch waits")
        return waiting

    @step(execution_timeout=timedelta(hours=1))
    def load(batches: list[str]) -> dict[str, Any]:
        """Put the batches into the tables, in one transaction.

        *Leave it* when it is red once: the next run takes what still waits. *Look at* its log when two in a
        row are red: the warehouse, its disk, its rights. *Again*: clear it; loading twice changes nothing.
        """
        from pipelines import steps

        return steps.load(batches)

    @step(
        execution_timeout=timedelta(minutes=30), retries=0, trigger_rule="none_failed"
    )  # also if none waited
    def check() -> list[str]:
        """Say what is wrong in the warehouse: promises broken, sources overdue, rows that contradict.

        *Leave it* when the finding's cause may be left alone, says the runbook (`docs/operators.md`).
        *Look at* the findings in its log, or at `wirehouse status`. *Again*: clear it, or wait a quarter of
        an hour.
        """
        from pipelines import steps

        return [str(finding) for finding in steps.check()]

    # What failed to be delivered is due again in the next run; it must not hold this one up.
    @task(execution_timeout=timedelta(minutes=15), retries=0, on_failure_callback=[], on_success_callback=[])
    def alert() -> list[str]:
        """Tell whoever is to be told what is wrong now, and what is over.

        *Leave it* when it is red once: what was not delivered is due in the next run. *Look at* its log:
        it names where a message could not go, and why. *Again*: clear it; nobody is told twice.
        """
        from alerting import tell

        return tell()

    # As a teardown it runs whatever failed before, and does not decide the run's colour.
    load(cluster()) >> check() >> alert().as_teardown()


publish()

"""Keep what is kept small and tidy, once a day: files, memory, logs, the warehouse.

Each task is a step of its own, and all may run beside crawls, loads and readers. A task that is
killed, or fails, loses nothing: the next day does what is left. **Ignore** one red run; look at it
when it is red two days in a row. To run it again: clear the task, or `wirehouse upkeep STEP`.

**join** is red: pages could not be copied into the file of their day (a full disk), or the copy was
not what was written (a failing disk: nothing was deleted then). **retain** is red: pages that a source's
`keep` no longer keeps could not be deleted; what goes is in its log. **forget** is red: a
`frontier.sqlite` is damaged; the message says what to do. **sweep** and **logs** are red: somebody
else owns the files. **warehouse** is red: the warehouse cannot be reached, or loads were in the way
all the time. **tidy** does nothing: it is not green unless all steps are, and the run with it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, task
from airflow.timetables.trigger import CronTriggerTimetable
from alerting import WATCHED

STEPS = {
    "join": "Copy the pages of past days into one file each. *Look at* its log: full disk, failing disk?",
    "retain": "Delete the pages that a source's `keep` no longer keeps. *Look at* its log: it names them.",
    "forget": "Prune the memory of sources. *Look at* its log: a damaged `frontier.sqlite`, and what to do.",
    "sweep": "Remove what broken crawls left behind. *Look at* its log: whose are the files?",
    "logs": "Remove old logs. *Look at* its log: whose are the files?",
    "warehouse": "Compact the warehouse and let old snapshots go. *Look at* its log: can it be reached?",
}
LEAVE = "*Leave it* when it is red once: the next day does what is left. *Again*: clear it; it loses nothing."


@dag(
    dag_id="upkeep",
    description="Files, memory, logs and the warehouse, tidied once a day",
    schedule=CronTriggerTimetable("40 3 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["upkeep"],
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5), **WATCHED},
    doc_md=__doc__,
)
def upkeep() -> None:
    def step(name: str) -> Any:
        @task(
            task_id=name,
            execution_timeout=timedelta(hours=3),
            trigger_rule="all_done",
            doc_md=f"{STEPS[name]}\n\n{LEAVE}",
        )
        def work() -> dict[str, int]:
            from pipelines import upkeep as keeping  # heavy: not while Airflow parses this file

            (done,) = keeping.upkeep([name])
            return done.figures

        return work()

    steps = list(map(step, STEPS))
    for before, after in pairwise(steps):
        before >> after  # one after the other: it is not urgent, and crawls need the disk
    # The last task decides a run's colour, and each step runs whatever failed before it.
    steps >> EmptyOperator(
        task_id="tidy",
        execution_timeout=timedelta(minutes=5),
        doc_md=f"Green if every step is. *Look at* the step that is red. {LEAVE}",
        on_success_callback=[],
    )


upkeep()

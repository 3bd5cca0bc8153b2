"""Follow the DAG runs since we started: what ended, what failed, what is in the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from pipelines.up.airflow_api import AirflowApi, DagRun, TaskRun


@dataclass(frozen=True)
class Failure:
    """A run that failed: which task, and what its log says."""

    run: DagRun
    task: TaskRun
    log: list[str]

    def __str__(self) -> str:
        head = f"{self.run.dag_id}: {self.task.task_id} failed (run {self.run.run_id})"
        return "\n".join([head, *(f"  {line}" for line in self.log)])


class Progress:
    """What has happened since `since`, as far as anybody asked.

    `awaited`: the DAGs that must succeed once before all is published.
    """

    def __init__(
        self, api: AirflowApi, awaited: Iterable[str], since: datetime, say: Callable[[str], None]
    ) -> None:
        self.api = api
        self.missing = set(awaited)
        self.since = since
        self.failures: list[Failure] = []
        self.published = False
        """A publish has ended well that took everything the awaited DAGs had staged."""
        self._staged_at: datetime | None = None
        self._told: set[tuple[str, str]] = set()
        self._say = say

    def look(self) -> None:
        """Ask once: tell what ended since we last asked, keep what failed.

        Raises NoAnswerError; what could not be asked is asked again next time.
        """
        runs = self.api.runs_since(self.since)
        for run in runs:
            key = (run.dag_id, run.run_id)
            if run.ended_at is None or key in self._told:
                continue
            if run.state == "failed":
                self.failures += self._failed(run)
            elif run.dag_id in self.missing:
                self._staged(run)
                self.missing.discard(run.dag_id)
            self._told.add(key)
            self._say(told(run))
        self.published = not self.missing and any(self._took_all(run) for run in runs)

    def _staged(self, run: DagRun) -> None:
        ends = [task.ended_at for task in self.api.tasks(run) if task.task_id == "extract" and task.ended_at]
        self._staged_at = max([*ends, *([self._staged_at] if self._staged_at else [])])

    def _took_all(self, run: DagRun) -> bool:
        """A publish that began after the last staging took it, or found it taken already."""
        return (
            run.dag_id == "publish"
            and run.state == "success"
            and run.started_at is not None
            and self._staged_at is not None
            and run.started_at >= self._staged_at
        )

    def _failed(self, run: DagRun) -> list[Failure]:
        failed = [task for task in self.api.tasks(run) if task.state == "failed"]
        return [Failure(run, task, self.api.log(run, task)) for task in failed]


def told(run: DagRun) -> str:
    """One line about a run that has ended.

    >>> start, end = datetime(2026, 3, 5, 12), datetime(2026, 3, 5, 12, 0, 9)
    >>> told(DagRun(dag_id="publish", run_id="x", state="success", started_at=start, ended_at=end))
    '12:00:09  publish  success  9 s'
    """
    if run.ended_at is None or run.started_at is None:
        return f"          {run.dag_id}  {run.state}"
    seconds = (run.ended_at - run.started_at).total_seconds()
    return f"{run.ended_at:%H:%M:%S}  {run.dag_id}  {run.state}  {seconds:.0f} s"

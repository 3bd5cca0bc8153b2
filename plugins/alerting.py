"""Tell of troubles from Airflow: the notifier of failed tasks, late runs, and the task `alert`.

Where messages go says the connection `wirehouse_alerts`; without it they are only logged.
What is told, and when, decides `pipelines.alerts`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import AsyncCallback, BaseNotifier, Connection, Context, DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowNotFoundException

CONNECTION = "wirehouse_alerts"

DESK = "/plugin/desk"

BY_HAND = "operate"
"""The tag of DAGs whose runs people start."""

log = logging.getLogger(__name__)


def tell() -> list[str]:
    """Tell what is due; returns the subjects. AlertFailed if it could not be delivered."""
    return _tell(_to())


def _to() -> Any:
    """The channel; None where none is set."""
    try:
        found = Connection.get(CONNECTION)
    except AirflowNotFoundException:
        return None
    return _channel(found, found.extra_dejson)


class TroubleNotifier(BaseNotifier):
    """Note that a task failed for good, and tell at once what is due.

        @task(on_failure_callback=TroubleNotifier(), on_success_callback=all_well)

    Airflow calls it after the last try only. A red `check` is left to its findings, which name
    the cause. A crawl that fails is a warning, since the next one tries again; all else is an
    error. Of a DAG that people start (tag `operate`) there is nothing to wait for: its failure is
    told, and not remembered. It never raises: a message that was not delivered is logged, and due again.
    """

    def notify(self, context: Context) -> None:
        from pipelines.alerts import tell as telling  # heavy: not while Airflow parses
        from pipelines.errors import CheckFailed, WirehouseError

        try:
            if isinstance(context.get("exception"), CheckFailed):
                all_well(context)  # with the task; what it found is told as what it is
                return
            if BY_HAND in context["dag"].tags:
                telling.once(_to(), _trouble(context), desk=_link(DESK), log=log)
            elif _note(context):
                tell()
        except WirehouseError as error:
            log.error("%s", error)
        except Exception:  # Airflow itself may be what is broken
            log.exception("the failure could not be told")


def all_well(context: Context) -> None:
    """Take back what was noted when the task failed before."""
    from pipelines.alerts import marks

    marks.unmark(*_keys(context))


def late(after: timedelta) -> DeadlineAlert:
    """Tell of a run that has not ended so long after it was queued."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=after,
        callback=AsyncCallback(run_is_late, kwargs={"hours": after.total_seconds() / 3600}),
    )


async def run_is_late(hours: float, context: dict[str, Any]) -> None:
    """Note a run that does not end, and tell at once what is due.

    Runs in the triggerer, not as a task: hanging tasks may be why no task can run.
    """
    try:
        found = await Connection.async_get(CONNECTION)
        to = _channel(found, await found.aextra_dejson())
    except AirflowNotFoundException:
        to = None
    await asyncio.to_thread(_is_late, context["dag_run"], hours, to)


def _is_late(run: dict[str, Any], hours: float, to: Any) -> None:
    from pipelines.alerts import marks
    from pipelines.ledger import Cause, Severity

    dag_id = run["dag_id"]
    late = marks.trouble(
        source_id=_source(dag_id),
        cause=Cause.NOT_RUNNING,
        severity=Severity.ERROR,
        message=f"the run {run['dag_run_id']} of {dag_id} has not ended {hours:g} hours after it was queued",
        next_step=f"see in the grid of {dag_id} which task hangs, its log says on what; then mark it failed",
        link=_link(f"/dags/{dag_id}/runs/{run['dag_run_id']}"),
    )
    marks.mark(f"{dag_id}--run", late)
    _tell(to)


def _tell(to: Any) -> list[str]:
    from pipelines.alerts import tell as telling

    return [str(one["subject"]) for one in telling.tell(to, desk=_link(DESK), log=log)]


def _channel(found: Connection, extra: dict[str, Any]) -> Any:
    """Where the connection leads; `extra` was read by whoever has it, which masks its secrets."""
    from pipelines.alerts.channels import channel

    return channel(
        conn_type=found.conn_type,
        host=found.host,
        port=found.port,
        login=found.login,
        password=found.password,
        schema=found.schema,
        extra=extra,
    )


def _note(context: Context) -> bool:
    """Note the failure; is it one to tell of at once?"""
    from pipelines.alerts import marks
    from pipelines.alerts import tell as telling
    from pipelines.errors import WirehouseError
    from pipelines.ledger import Severity

    trouble = _trouble(context)
    own, *of_run = _keys(context)
    try:
        marks.mark(own, trouble)
        marks.unmark(*of_run)
    except WirehouseError as error:  # a full disk: what cannot be noted is told now, or never
        log.error("%s", error)
        telling.once(_to(), trouble, desk=_link(DESK), log=log)
        return False
    return trouble.severity is Severity.ERROR


def _trouble(context: Context) -> Any:
    from pipelines.alerts.marks import trouble
    from pipelines.ledger import Cause, Severity

    task, dag = context["ti"], context["dag"].dag_id
    crawl = task.task_id == "crawl"
    words = str(context.get("exception") or "it was ended from outside").strip().splitlines()
    return trouble(
        source_id=_source(dag),
        cause=Cause.UNKNOWN if crawl else Cause.OURS,
        severity=Severity.WARNING if crawl else Severity.ERROR,
        message=f"{task.task_id} of {dag} failed: {words[0] if words else 'no word why'}",
        next_step=f"see the log of the task, and the docs of {dag} on what a red {task.task_id} means",
        link=getattr(task, "log_url", None),
    )


def _keys(context: Context) -> list[str]:
    """The marks that this task's end decides: its own, and of the last one the run's."""
    dag, task = context["dag"].dag_id, context["task"]
    of_run = [] if [t for t in task.downstream_list if not t.is_teardown] else [f"{dag}--run"]
    return [f"{dag}--{task.task_id}", *of_run]


def _source(dag_id: str) -> str | None:
    return dag_id.removeprefix("crawl_") if dag_id.startswith("crawl_") else None


def _link(path: str) -> str | None:
    from airflow.sdk.configuration import conf

    base: str = conf.get("api", "base_url", fallback="") or ""
    return base.rstrip("/") + path if base else None


WATCHED: dict[str, list[Callable[[Context], None]]] = {
    "on_failure_callback": [TroubleNotifier()],
    "on_success_callback": [all_well],
    "on_skipped_callback": [all_well],
}
"""For `default_args` of a DAG: each of its tasks that fails is told of, until it goes well."""

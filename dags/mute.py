"""Tell nobody of a cause or a source for a while, or again. Started by hand, with a form.

*Trigger* asks for a cause (`blocked`, `feed_frozen` …) or the name of a source, and for how
many hours. What is muted is found, shown and red as ever; it is only not told. If it is still
there afterwards, it is told then. `wirehouse mutes` lists what is muted.

**mute** is red: there is no such source or cause; look at its log, which names the causes, and
trigger it again. Nothing was changed, so it may be ignored.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowFailException


@dag(
    dag_id="mute",
    description="Tell nobody of a cause or a source for a while",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["operate"],
    doc_md=__doc__,
    params={
        "name": Param(
            type="string",
            minLength=1,
            title="Cause or source",
            description="A word of the runbook, such as `blocked` or `feed_frozen`, or a source's name.",
        ),
        "hours": Param(
            4,
            type="number",
            minimum=0,
            maximum=2160,
            title="Hours",
            description="For so long nobody is told; 0 tells of it again.",
        ),
        "why": Param(
            None,
            type=["null", "string"],
            maxLength=300,
            title="Why",
            description="For the others: `wirehouse mutes` shows it.",
        ),
    },
)
def mute_() -> None:
    @task(execution_timeout=timedelta(minutes=5))
    def mute(*, params: dict[str, Any], dag_run: Any) -> str:
        """Write down who is not to be told, and until when.

        *Leave it* when it is red: nothing was changed. *Look at* its log: it names all causes.
        *Again*: trigger the DAG with another name; a second mute of the same name replaces the first.
        """
        from pipelines.alerts import mutes  # not while Airflow parses this file
        from pipelines.errors import UsageError

        try:
            if not params["hours"]:
                mutes.unmute(params["name"])
                return f"{params['name']} is not muted any more"
            by = getattr(dag_run, "triggering_user_name", None)
            one = mutes.mute(params["name"], timedelta(hours=params["hours"]), why=params["why"], by=by)
        except UsageError as error:  # a second try would ask for the same
            raise AirflowFailException(str(error)) from None
        return f"{one.name} is muted until {one.until:%Y-%m-%d %H:%M} UTC"

    mute()


mute_()

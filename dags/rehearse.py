"""Read a period's archived pages again with the present extractor, compare, and only then load. By hand.

Trigger it after a new version of Wirehouse, or a new rule in a source's file. The form asks for sources,
days and limits. Nothing is fetched, and nothing is loaded before the limits or somebody says so; it may
run beside crawls and loads.

**rehearse** reads and compares; its result (XCom `report`) and log have the report. Red: the warehouse
or the archive cannot be read, or a name is wrong; look at its last lines, clear it, and it goes on where
it was. **decide** looks at the limits. **approve** waits, without a worker, for *Approve* or *Reject*
(*Required actions* in the UI) where a limit is broken: read the report beside it, above all the worst
examples. After two weeks it counts as rejected. **promote** has what changed loaded by the next
`publish`. **drop** forgets what was not promoted. A run may be **ignored**, and triggered again: the
same form gives the same rehearsal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Asset, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException
from alerting import WATCHED

STAGED = Asset("wirehouse://staged")
SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}


@dag(
    dag_id="rehearse",
    description="A re-extraction: tried, compared, then loaded or not",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,  # each waits for its approval
    is_paused_upon_creation=False,
    tags=["operate"],
    default_args=WATCHED,
    doc_md=__doc__,
    params={
        "sources": Param(
            type="array",
            items={"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"},
            minItems=1,
            title="Sources",
            description="Names as in sources/, one a line.",
        ),
        "since": Param(type="string", format="date", title="First day", description="Fetched; UTC."),
        "until": Param(type="string", format="date", title="Last day", description="Fetched; UTC."),
        "limit": Param(None, type=["null", "integer"], minimum=1, title="Most pages of each source",
            description="The newest; empty: all."),
        "max_changed": Param(0.10, **SHARE, title="Most stories changed", description="Share, 0 to 1."),
        "max_lost": Param(0.01, **SHARE, title="Most stories lost", description="Share, 0 to 1."),
        "max_shorter": Param(0.02, **SHARE, title="Most stories that lose a fifth of their words",
            description="Share, 0 to 1."),
        "max_confidence_loss": Param(0.01, **SHARE, title="By how much mean confidence may fall",
            description="0 to 1."),
    },
)  # fmt: skip
def rehearse() -> None:
    @task(task_id="rehearse", execution_timeout=timedelta(hours=12), retries=2, multiple_outputs=True)
    def read_again() -> dict[str, Any]:
        """Read the pages of the period again and compare; loads nothing.

        *Leave it* when it is red and you need no rehearsal any more. *Look at* the last lines of its log: a
        wrong name, or an archive or warehouse that does not answer. *Again*: clear it; it goes on.
        """
        from pipelines import rehearse as rehearsing  # heavy: not while Airflow parses this file
        from pipelines.errors import SourceError, UsageError
        from pipelines.readings import Limits

        params = get_current_context()["params"]
        days = [datetime.fromisoformat(params[name]).replace(tzinfo=UTC) for name in ("since", "until")]
        limits = Limits(
            changed=params["max_changed"],
            lost=params["max_lost"],
            shorter=params["max_shorter"],
            confidence_loss=params["max_confidence_loss"],
        )
        until = days[1] + timedelta(days=1)
        try:
            found = rehearsing.rehearse(
                params["sources"], days[0], until, most=params["limit"], limits=limits
            )
        except (UsageError, SourceError) as error:  # a second try would ask for the same
            raise AirflowFailException(str(error)) from None
        report = found.as_markdown()
        print(report)
        return {"id": found.id, "is_inside": found.is_inside, "report": report[:20_000]}

    @task.branch
    def decide(is_inside: bool) -> str:
        """Promote inside the limits, ask beyond. *Leave it*, *look at* rehearse; *again*: clear it."""
        return "promote" if is_inside else "approve"

    approve = ApprovalOperator(
        task_id="approve",
        subject="Load what rehearsal {{ ti.xcom_pull(task_ids='rehearse', key='id') }} read again?",
        body="{{ ti.xcom_pull(task_ids='rehearse', key='report') }}",
        defaults=ApprovalOperator.REJECT,
        doc_md="Wait for somebody's decision. *Look at* the report in the form. *Leave it*: after two weeks "
        "it counts as rejected. *Again*: clear it, as long as nothing was dropped; then start the DAG anew.",
        response_timeout=timedelta(days=14),
    )

    @task(
        outlets=[STAGED],
        execution_timeout=timedelta(hours=1),
        retries=2,
        trigger_rule="none_failed_min_one_success",
    )
    def promote(name: str) -> list[str]:
        """Have what changed loaded by the next `publish`.

        Do not *leave it*: half may be promoted. *Look at* its log. *Again*: clear it; it does the rest.
        """
        from pipelines import rehearse as rehearsing

        return rehearsing.promote(name)

    @task(execution_timeout=timedelta(hours=1), retries=2, trigger_rule="none_failed")
    def drop(name: str) -> str:
        """Forget what was not promoted. *Leave it*: upkeep sweeps. *Look at* the disk; *again*: clear it."""
        from pipelines import rehearse as rehearsing

        if rehearsing.look(name).decision != "promoted":
            rehearsing.drop(name)
        return str(rehearsing.look(name).decision)

    found = read_again()
    chosen = decide(found["is_inside"])
    promoted = promote(found["id"])
    chosen >> [approve, promoted]
    approve >> promoted >> drop(found["id"])


rehearse()

"""Ask what shall become of a batch that would poison the tables. One run per held batch.

A check found that a batch's stories cannot be right (reading them failed, bodies all alike, impossible
dates …), so it is held: not loaded, not lost. The crawls of its source go on.

**Leave it** as long as you are in doubt: nothing is lost. **Look at** what the question shows.

**evidence** shows what it is held for, how its leads ended, and some of what was read. It is red if the
batch is not there.

**approve** waits for your word, for as long as it takes: *Required Actions*, on this run or on the home
page. *Approve*: the pages really are so, load them. *Reject*: they are a wall, an error page or a
misreading; leave them out. Say why in the field below: it is kept among the run's findings. In doubt
wait: nothing is lost.

**release** runs after *Approve*: the batch waits for `publish`, as any other.

**discard** runs after *Reject*: the ledger says of each page that it was discarded, the pages stay in
the archive, and the next crawl asks for each of them again. If the layout has changed, add a rule to the
source's file first; what was archived can be read again with it (DAG `replay`).

Pink (skipped) is the way not taken. On the command line: `wirehouse held`, `wirehouse release BATCH`,
`wirehouse discard BATCH`; a question that was answered there may be answered here the same way, or its
run marked as success. Clearing **approve** asks again; what was done stays done.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, TriggerRule, dag, task
from airflow.sdk.exceptions import AirflowFailException
from alerting import WATCHED
from staged import STAGED

APPROVE = """Wait for somebody's word, for as long as it takes; nothing runs meanwhile.

*Leave it* as long as you are in doubt. *Look at* the evidence: what it is held for, and what was read.
*Again*: clear it, and it asks once more; what was done stays done.
"""


class Approval(ApprovalOperator):
    """An approval that tells who answered what after *Reject* too.

    By then Airflow's own has skipped what follows, and leaves no result.
    """

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        if "error" not in event:
            user = event.get("responded_by_user") or {}
            said = {"by": user.get("name") or "somebody", "why": event["params_input"].get("why")}
            context["ti"].xcom_push(key="answer", value=said | {"chosen": event["chosen_options"]})
        return super().execute_complete(context, event)


@dag(
    dag_id="quarantine",
    description="Release or discard a batch that was held",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=500,  # each waits for somebody, and costs nothing meanwhile
    max_active_tasks=500,
    is_paused_upon_creation=False,
    tags=["operate"],
    default_args=WATCHED,
    params={
        "batch": Param(
            type="string",
            title="Batch",
            description="The held batch, `<source>/<stamp>`: crawls ask by themselves, this is to ask again.",
            pattern=r"^[a-z][a-z0-9_]*/\d{8}T\d{6}Z-[0-9a-f]{4}$",
        )
    },
    doc_md=__doc__,
)
def quarantine() -> None:
    @task(execution_timeout=timedelta(minutes=10), retries=1, retry_delay=timedelta(seconds=30))
    def evidence(params: dict[str, Any]) -> str:
        """Gather what to decide by: its result is shown with the question.

        *Leave it* when it is green. *Look at* its log when it is red: the batch is not held, or cannot be
        read. *Again*: clear it.
        """
        from pipelines import quarantine  # heavy: not while Airflow parses this file

        held = quarantine.one_held(params["batch"])
        return "It was decided already." if held is None else quarantine.evidence(held)

    approve = Approval(
        task_id="approve",
        doc_md=APPROVE,
        subject="Load {{ params.batch }}?",
        body=evidence(),  # resolved, not rendered: words of pages are no template
        # (May be null: else the UI lets nobody answer without it.)
        params={
            "why": Param(
                None, type=["null", "string"], title="Why", description="Kept with the run's findings."
            )
        },
    )

    @task(outlets=[STAGED], execution_timeout=timedelta(minutes=30), retries=1)
    def release(params: dict[str, Any], *, ti: Any, outlet_events: Any) -> None:
        """Let the batch be loaded.

        *Leave it* when it is pink: it was rejected. *Look at* its log when it is red: it was decided
        otherwise elsewhere, or cannot be written. *Again*: clear it; released twice is released.
        """
        from pipelines import quarantine

        said = ti.xcom_pull(task_ids="approve", key="answer")
        quarantine.release(params["batch"], by=said["by"], why=said["why"])
        outlet_events[STAGED].extra = {"batch": params["batch"]}

    # Approve skips nothing, Reject what comes right after: this comes after `release`, if that was skipped.
    @task(
        outlets=[STAGED],
        execution_timeout=timedelta(minutes=30),
        retries=1,
        trigger_rule=TriggerRule.ALL_SKIPPED,
    )
    def discard(params: dict[str, Any], *, ti: Any, outlet_events: Any) -> None:
        """Leave the batch's stories out, and have its pages asked for again.

        *Leave it* when it is pink: it was approved. *Look at* its log when it is red: it was decided
        otherwise elsewhere, or cannot be written. *Again*: clear it; a half is made whole.
        """
        from pipelines import quarantine

        said = ti.xcom_pull(task_ids="approve", key="answer")
        if said is None or said["chosen"] != [ApprovalOperator.REJECT]:  # `release` was skipped by hand
            raise AirflowFailException("nobody rejected the batch: nothing is discarded")
        quarantine.discard(params["batch"], by=said["by"], why=said["why"])
        outlet_events[STAGED].extra = {"batch": params["batch"]}

    approve >> release() >> discard()


quarantine()

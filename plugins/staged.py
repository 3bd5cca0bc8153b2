"""What follows every crawl, whoever started it: read its pages, ask about what is held, check.

    read(crawl.output)

Tasks of several DAGs, written once: `extract`, `quarantine` and `check` mean the same in all.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Asset
from alerting import WATCHED
from step_task import step

STAGED = Asset("wirehouse://staged")

READ_FIRST: dict[str, Any] = {**WATCHED, "weight_rule": "upstream"}
"""For `default_args` of a DAG that reads what it crawled. When tasks queue: what is crawled already is read
before the next is crawled, else the stories of the first wait for the last crawl."""

ASK = """Ask about what is held, in a run of the DAG `quarantine` for each batch.

*Leave it* when it is pink (skipped): nothing is held, or it was asked before. *Look at* it when it is green:
what came would poison the tables. *Again*: clear it; nobody is asked twice.
"""


@step(
    outlets=[STAGED],
    execution_timeout=timedelta(hours=1),
    retries=1,
    retry_delay=timedelta(seconds=30),
)
def extract(batch: str, *, outlet_events: Any, ti: Any) -> list[dict[str, Any]]:
    """Read the pages of the batch, and judge what came. Its result is what `quarantine` is to ask.

    *Leave it* never: a bug of ours, or a full disk. *Look at* the last lines of its log; how its leads
    ended is in the XCom `counts`. *Again*: clear it; it reads the same batch with today's rules, and
    nothing is fetched.
    """
    from pipelines import steps  # heavy: not while Airflow parses DAG files
    from pipelines.places import places
    from pipelines.store import batches

    counts = steps.extract(batch)
    ti.xcom_push(key="counts", value={str(outcome): count for outcome, count in counts.items()})
    held = batches.held(places().data, batch.split("/")[0])
    outlet_events[STAGED].extra = {"batch": batch} | ({"held": True} if batch in held else {})
    return [{"conf": {"batch": one}, "trigger_run_id": f"held__{one.replace('/', '--')}"} for one in held]


@step(execution_timeout=timedelta(minutes=10))
def check(batch: str) -> list[str]:
    """Say what was found in the batch; red where a finding is an error.

    *Leave it* when the finding's cause may be left alone, says the runbook (`docs/operators.md`).
    *Look at* the findings in its log, each with its cause, its evidence and the next step. *Again*:
    clear it; it judges the same batch anew.
    """
    from pipelines import steps

    return [str(finding) for finding in steps.check(batch)]


def read(batch: Any) -> None:
    """Extract a batch; ask what shall become of it if it is held; check it."""
    held = extract(batch)
    # For each held batch a run of a DAG of its own, so that waiting for an answer keeps no crawl waiting.
    # Mostly there is none: then the scheduler skips the task, and no worker is asked.
    TriggerDagRunOperator.partial(
        task_id="quarantine",
        trigger_dag_id="quarantine",
        skip_when_already_exists=True,  # it was asked before
        execution_timeout=timedelta(minutes=5),
        retries=2,
        doc_md=ASK,
    ).expand_kwargs(held)
    held >> check(batch)

"""Fetch the stories of days gone by. Never runs by itself: you name a source and its days.

**One run for some days**: *Trigger*, and fill in the form. Good for a gap of a few days.

**One run for each day**: *Trigger* → *Backfill*, choose the range, and name the source (and the budget)
in the same form; first and last day are not needed there. Good for weeks: each day is red, green or
cleared by itself. They run one after the other. Nothing else in Wirehouse is to be backfilled this way:
the runs of `crawl_…` have no days, since a feed of yesterday cannot be fetched today.

What can be had is what the source still serves: its `archives`, its sitemaps, the pages of its feeds. A
day is a day of the source's own zone. Stories that we have are asked for again only as far as they are
due.

**Leave it** while `crawl` is tried again. **Look at** its log when it is red. **Again**: trigger the
same days; what is known is not fetched twice.

**crawl** is red: wrong days, a source that does not exist, or a live crawl had the site. The last is
tried again by itself. When it *gave way* to a live crawl, or ran out of `budget`, it is green and says
in its log how many stories are left: run the same days again, and it takes them up.

**extract**, **quarantine**, **check**: as in the crawls. What was extracted, `publish` loads.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag
from airflow.sdk.exceptions import AirflowFailException
from days_on_demand import DaysOnDemand
from run_forms import budget, source
from scrapy_operator import ScrapyOperator
from staged import READ_FIRST, read

CRAWL = """Fetch the stories of these days into a new batch; a live crawl of the source goes first.

*Leave it* while it is tried again: the site was being crawled. *Look at* the last line of its log when it is
red (days, source), and when it is green: how many stories are left. *Again*: trigger the same days.
"""


@dag(
    dag_id="backfill",
    description="Stories of days gone by, of one source",
    schedule=DaysOnDemand(),
    start_date=datetime(1995, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["operate"],
    default_args=READ_FIRST,
    params={
        "source": source(),
        "first_day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="First day",
            description="Of a run by this form; in a backfill by date, the run's own day counts.",
        ),
        "last_day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Last day",
            description="The first day, if none is named.",
        ),
        "budget": budget(),
    },
    doc_md=__doc__,
)
def backfill() -> None:
    crawl = ScrapyOperator(
        task_id="crawl",
        doc_md=CRAWL,
        source="{{ params.source }}",
        more=asked,
        deadline=timedelta(hours=2),
        execution_timeout=timedelta(hours=2, minutes=5),  # the crawler stops by itself before
        retries=5,  # a live crawl of the source goes first
        retry_delay=timedelta(minutes=2),
    )
    read(crawl.output)


def asked(context: Any) -> dict[str, Any]:
    """The days of a run: its own in a backfill by date, else those of the form."""
    params, run = context["params"], context["dag_run"]
    if run.run_type == "backfill":
        first = last = run.data_interval_start.date()
    elif params["first_day"] is None:
        raise AirflowFailException("first_day: name the first day of the stories to be fetched")
    else:
        first = date.fromisoformat(params["first_day"])
        last = date.fromisoformat(params["last_day"] or params["first_day"])
    if last < first:
        raise AirflowFailException(f"first_day {first} is after last_day {last}")
    return {"days": (first, last), "budget": params["budget"]}


backfill()

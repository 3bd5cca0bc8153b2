"""Crawl a source, or some of its pages, now: whether or not they are due.

*Trigger*, and name the source. With addresses, one a line, only these pages are fetched: for a story
that was corrected, or that is missing. Without, all channels of the source are asked, and every story
that they name is fetched again: after an outage, or to see whether the site is well again.

Servers are asked for the whole page, not whether it changed. Otherwise it is a crawl like all:
robots.txt, delays and the source's `budget` hold, and pages of other hosts are refused. Words that are
as they were make no new version. To read again what is archived, nothing needs to be fetched: that is
what `rehearse` and `replay` are for.

**Leave it** while `crawl` is tried again. **Look at** its log when it is red. **Again**: trigger it.

**crawl** is red: an address that is not the source's, or another crawl of it is running; the latter is
tried again by itself.

**extract**, **quarantine**, **check**: as in the crawls. What was extracted, `publish` loads.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag
from run_forms import source
from scrapy_operator import ScrapyOperator
from staged import READ_FIRST, read

CRAWL = """Fetch the pages named, or all that the source's channels name, into a new batch.

*Leave it* while it is tried again: the site was being crawled. *Look at* the last line of its log when it is
red: it names the address that is not the source's. *Again*: trigger the DAG; a new batch is made.
"""


@dag(
    dag_id="recrawl",
    description="A source or some pages of it, now",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=4,
    is_paused_upon_creation=False,
    tags=["operate"],
    default_args=READ_FIRST,
    params={
        "source": source(),
        "urls": Param(
            [],
            type="array",
            items={"type": "string", "maxLength": 2000},
            maxItems=500,
            title="Addresses",
            description="Pages of this source, one a line; none: all that its channels name.",
        ),
    },
    doc_md=__doc__,
)
def recrawl() -> None:
    crawl = ScrapyOperator(
        task_id="crawl",
        doc_md=CRAWL,
        source="{{ params.source }}",
        more=asked,
        deadline=timedelta(minutes=30),
        execution_timeout=timedelta(minutes=35),  # the crawler stops by itself before
        retries=5,  # while another crawl of the source runs
        retry_delay=timedelta(minutes=1),
    )
    read(crawl.output)


def asked(context: Any) -> dict[str, Any]:
    return {"recrawl": context["params"]["urls"]}


recrawl()

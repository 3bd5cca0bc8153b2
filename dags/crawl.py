"""Crawl one source, extract its stories, check what came. One DAG per source that is switched on.

**crawl** is red: the site, the network or the source's TOML. It has been tried three
times; leave it, the next run tries again by itself. Look at its log when three runs in a row are
red, or at once when the message names a `sources/*.toml`.

**extract** is red: a bug of ours, or a full disk. The archive is safe: mend the cause and
clear the task; it reads the same batch again, and nothing is fetched twice.

**quarantine** is mostly pink (skipped): nothing is held. Green: what came would poison the tables, so
it is held and not loaded, and a run of the DAG `quarantine` asks you what shall become of it.

**check** is red: the batch is there, but does not keep the promises of the source's
`[expect]`, or its ledger does not balance. The findings are in the log. What was
extracted is published all the same, unless it is held; clearing the task only checks again. What each cause
means, when to leave it alone and what to do is in the runbook (`docs/operators.md`).

A task that fails for good is told of (docs/operators.md, *Alerts*), and so is a run that has not
ended two hours after it was queued.

A source that is switched off has no DAG: `wirehouse sources` lists all, and
`wirehouse sources --enable NAME` gives it one within a minute. A source whose file is
wrong has no DAG until it is mended: see the import error of `broken.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, dag, get_parsing_context
from alerting import late
from in_turn import InTurn
from scrapy_operator import ScrapyOperator
from staged import READ_FIRST, read

from pipelines.records import Source
from pipelines.steps import declared_sources

CRAWL = """Fetch what the source announces into a new batch.

*Leave it* when one run is red: the next one tries again, and loses nothing that is still announced.
*Look at* its log, filtered by *error* and *warning*, and at the XCom `stats`, when three in a row are red
or a message names a `sources/*.toml`. *Again*: clear it, or trigger the DAG; a new batch is made.
"""


def crawl_dag(source: Source) -> DAG:
    @dag(
        dag_id=f"crawl_{source.name}",
        description=source.title,
        schedule=InTurn(source.every, source.name),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,  # a feed of yesterday cannot be fetched today
        max_active_runs=1,  # one crawler at a time per site
        is_paused_upon_creation=False,  # that it is switched on decides, not a second switch
        tags=["crawl", *source.tags],
        default_args=READ_FIRST,
        deadline=late(timedelta(hours=2)),
        doc_md=f"{about(source)}\n\n{__doc__}",
    )
    def crawl_source() -> None:
        crawl = ScrapyOperator(
            task_id="crawl",
            source=source.name,
            deadline=timedelta(minutes=30),
            execution_timeout=timedelta(minutes=35),  # the crawler stops by itself before
            retries=2,
            retry_delay=timedelta(seconds=30),
            retry_exponential_backoff=True,
            doc_md=CRAWL,
        )

        read(crawl.output)

    return crawl_source()


def about(source: Source) -> str:
    """Describe the source to whoever looks at its DAG.

    Its title, what it reads and how often, as Markdown.
    """
    channels = [f"- <{url}>" for url in (*source.feeds, *source.sitemaps, *source.sections)]
    head = f"## {source.title}\n\n`sources/{source.name}.toml`, <{source.home}>, every {source.every}. Reads:"
    return "\n".join([head, "", *channels])


# A task reads this file too, and needs its own DAG alone: with many sources that saves seconds.
task_of = get_parsing_context().dag_id or ""
only = task_of.removeprefix("crawl_") if task_of.startswith("crawl_") else None

for declaration in declared_sources(only).values():
    # (What runs may be of a source that was switched off since; a broken one is shown by broken.py.)
    if isinstance(declaration, Source) and (declaration.enabled or only):
        crawl_dag(declaration)

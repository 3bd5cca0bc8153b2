"""Run the crawl of one source as a task, with the crawl process as its child.

A Scrapy crawl cannot live in the task's own process: its event loop would swallow
Airflow's signals and log lines. `steps.crawl` starts it as a process of its own; this
operator hands it the task's log and the task's end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from step_task import lineage, measure


class ScrapyOperator(BaseOperator):
    """Crawl a declared source; the name of the new batch is the task's result.

        crawl = ScrapyOperator(task_id="crawl", source="demo_meridian")
        extract(crawl.output)

    The crawler's lines appear in the task's log with their own levels, its figures in
    the XCom `stats`. When the task is ended (marked failed, cleared, timed out, or its
    worker shuts down), the crawler finishes the responses it is reading and closes its
    archive; when the task is killed outright, the crawler dies with it.

    A crawl that was stopped, or that reached its deadline, is a success: its batch is
    whole as far as it goes, and what it left out is due in the next crawl. Were it a
    failure, nobody would extract what has been fetched already.

    `more`: what else `steps.crawl` is told, from the context of the run: days, budget, pages.

    `deadline`: when the crawler stops by itself. Keep `execution_timeout` above it.
    """

    template_fields: Sequence[str] = ("source", "url_base")
    ui_color = "#dcecf5"

    def __init__(
        self,
        *,
        source: str,
        url_base: str | None = None,
        deadline: timedelta = timedelta(minutes=30),
        more: Callable[[Context], Mapping[str, Any]] = lambda context: {},
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.url_base = url_base
        self.deadline = deadline
        self._made: str | None = None
        self.more = more
        self._stop: threading.Event | None = None  # made in `execute`: Airflow copies operators

    def execute(self, context: Context) -> str:
        from pipelines import steps  # heavy: not while Airflow parses DAG files
        from pipelines.errors import SourceError, UsageError

        self._stop = threading.Event()
        began = time.monotonic()
        try:
            crawled = steps.crawl(
                self.source,
                url_base=self.url_base,
                deadline=self.deadline,
                stop=self._stop,
                log=self.log,
                **self.more(context),
            )
        except (SourceError, UsageError) as error:  # a second try would read the same file
            raise AirflowFailException(str(error)) from None
        context["ti"].xcom_push(key="stats", value=crawled.stats)
        if crawled.run.finish_reason != "finished":
            self.log.warning(
                "crawl ended early (%s) after %s responses; the rest is due in the next crawl",
                crawled.run.finish_reason,
                crawled.run.responses,
            )
        measure("crawl", [crawled.batch], crawled.batch, time.monotonic() - began)
        self._made = crawled.batch
        return crawled.batch

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What OpenLineage's provider asks of an operator: the channels that were read, and the pages."""
        return lineage("crawl", [self._made] if self._made else [])

    def on_kill(self) -> None:
        """Ask the crawl to stop. Airflow kills the task 5 seconds after calling this."""
        if self._stop is not None:
            # We are in a signal handler on top of `execute`, which may hold the event's
            # own lock just now: setting it from here could wait for itself.
            threading.Thread(target=self._stop.set, daemon=True).start()

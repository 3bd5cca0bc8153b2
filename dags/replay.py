"""Read the stories of a WARC file as if we had crawled it. Nothing is fetched.

Put the file into the folder of replays (`WIREHOUSE_REPLAY`, else `$WIREHOUSE_HOME/replay`), *Trigger*,
and name it. Any WARC will do: another crawler's, Common Crawl's news, or a batch of ours whose pages are
to be read again, such as a discarded one after a rule was added (copy its `pages.warc.gz`). No other
file of this machine can be named.

**Leave it** while `replay` is tried again. **Look at** its log when it is red. **Again**: trigger it; pages
of the same file are the same stories.

**replay** is red: no such file, or no WARC. A file that is cut off is refused, unless *salvage* asks for
what is whole. What it makes is a batch of its own, with a copy of the bytes: the file may go afterwards.

**extract**, **quarantine**, **check**: as in the crawls. What was extracted, `publish` loads; a story
that we had from the same bytes stays as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowFailException
from run_forms import source
from staged import READ_FIRST, read


@dag(
    dag_id="replay",
    description="Stories from a WARC file",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=2,
    is_paused_upon_creation=False,
    tags=["operate"],
    default_args=READ_FIRST,
    params={
        "file": Param(
            type="string",
            pattern=r"^\S.*\.warc(\.gz)?$",
            maxLength=1000,
            title="File",
            description="A .warc or .warc.gz in the folder of replays, such as `2026/march.warc.gz`.",
        ),
        "source": source(),
        "own": Param(
            False,
            type="boolean",
            title="Own hosts only",
            description="Leave out pages of hosts that are not the source's, as in archives of many.",
        ),
        "salvage": Param(
            False,
            type="boolean",
            title="Salvage",
            description="Of a damaged file, keep the records that are whole.",
        ),
    },
    doc_md=__doc__,
)
def replay() -> None:
    @task(
        task_id="replay",
        execution_timeout=timedelta(hours=2),
        retries=2,  # while a crawl of the source runs
        retry_delay=timedelta(minutes=2),
    )
    def copy(params: dict[str, Any]) -> str:
        """Copy the file into a batch of its own.

        *Leave it* while it is tried again: the source was being crawled. *Look at* the last line of its
        log when it is red: it says what is wrong with the file or its name. *Again*: trigger the DAG.
        """
        from pipelines import replay, steps  # heavy: not while Airflow parses this file
        from pipelines.errors import BatchError, SourceError, UsageError
        from pipelines.places import places

        try:
            file = replay.within(places().replay, params["file"])
            return steps.replay(file, params["source"], own=params["own"], salvage=params["salvage"])
        except (BatchError, SourceError, UsageError) as error:  # a second try would read the same file
            raise AirflowFailException(str(error)) from None

    read(copy())


replay()

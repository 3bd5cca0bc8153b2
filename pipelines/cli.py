"""The commands. Results go to stdout, the log to stderr; exit 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from pipelines import cli_operate, show
from pipelines.cli_alerts import alert, mute, mutes, unmute
from pipelines.cli_export import export
from pipelines.cli_move import grant, move
from pipelines.cli_search import search
from pipelines.cli_sources import probe, sources
from pipelines.cli_story import diff, show_story
from pipelines.cli_upkeep import drop, promote, rehearse, upkeep
from pipelines.errors import UsageError, WirehouseError
from pipelines.places import places
from pipelines.typed import DAY, PORT, as_json, moment, url_base
from pipelines.typed import days as days_of
from pipelines.written import dump

# Heavy modules are imported by the commands that need them: `--help`, `sql` and
# `status` answer at once.


class Wirehouse(click.Group):
    """Turns the errors that we raise on purpose into one line and an exit code."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except WirehouseError as error:
            click.echo(f"wirehouse: {error}", err=True)
            context.exit(2 if isinstance(error, UsageError) else 1)
        except BrokenPipeError:  # `wirehouse … | head`
            sys.stderr.close()
            context.exit(0)


@click.group(
    cls=Wirehouse, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(version("wirehouse"), message="%(prog)s %(version)s")
@click.option("-q", "--quiet", is_flag=True, help="Log errors only.")
def main(quiet: bool) -> None:
    """From the news wire to the warehouse.

    Where things are is set in the environment: WIREHOUSE_HOME (./var), WIREHOUSE_DATA,
    WIREHOUSE_WAREHOUSE, WIREHOUSE_SOURCES, WIREHOUSE_PROCESSES. WIREHOUSE_CONTACT is
    whom those we ask can write to.
    """
    logging.basicConfig(
        level=logging.ERROR if quiet else logging.INFO,
        format="%(levelname)s %(message)s",
        stream=sys.stderr,
    )


@main.command()
@click.option("--once", is_flag=True, help="Stop after every source is crawled and published.")
@click.option("--port", type=PORT, default=8080, show_default=True, help="Of the Airflow UI.")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Serve the demo wire too.")
@click.option(
    "--demo-port", type=PORT, default=8701, show_default=True, help="First of the demo wire's ports."
)
def up(once: bool, port: int, demo: bool, demo_port: int) -> None:
    """Run everything on this machine: Airflow's UI and scheduler, the DAGs, the demo wire."""
    from pipelines.up import launch

    launch.up(once=once, port=port, demo=demo, demo_port=demo_port, say=click.echo)


@main.command()
@click.argument("names", nargs=-1, required=True, metavar="SOURCE...")
@url_base
@as_json
def run(names: tuple[str, ...], url_base: str | None, as_json: bool) -> None:
    """Crawl, extract, check, cluster, load and check by hand; print the ledger.

    Sources are crawled at the same time, each as politely as alone. A source that
    fails does not keep the others from being loaded; the exit code tells.
    """
    from pipelines import steps

    batches, failed = steps.crawl_many(names, url_base=url_base)
    for batch in batches:
        try:
            with progress(f"extract {batch}") as done:
                steps.extract(batch, done=done)
        except WirehouseError as error:
            failed.append(error)
        else:
            failed += _checked(batch)
    if batches:
        steps.load(steps.cluster())
        failed += _checked(None)
    show.ledger(steps.ledger(batches), as_json=as_json)
    for other in failed[1:]:
        click.echo(f"wirehouse: {other}", err=True)
    if failed:
        raise failed[0]


@main.command()
@click.argument("name", metavar="SOURCE")
@url_base
@click.option(
    "--deadline",
    type=click.FloatRange(0.05, 1440),
    default=30.0,
    show_default=True,
    help="Minutes; what is not fetched by then waits.",
)
@click.option("--since", type=DAY, metavar="DAY", help="Backfill: only stories from this day on.")
@click.option("--until", type=DAY, metavar="DAY", help="Backfill: the last day; today, in the source's zone.")
@click.option("--budget", type=click.IntRange(1), help="Most stories to fetch; the source's own.")
@as_json
def crawl(
    name: str,
    url_base: str | None,
    deadline: float,
    since: date | None,
    until: date | None,
    budget: int | None,
    as_json: bool,
) -> None:
    """Fetch a source's channels and the stories that are due, into a new batch.

    With --since it is a backfill: the source's archives, sitemaps and paged feeds are
    asked for stories of these days, and it gives way to a live crawl of the source.
    Given again, the command takes up what was left.
    """
    from pipelines import steps

    days = days_of(since, until, lambda: steps.source(name).timezone)
    crawled = steps.crawl(
        name, url_base=url_base, deadline=timedelta(minutes=deadline), days=days, budget=budget
    )
    show.crawled(crawled.batch, crawled.run, as_json=as_json)


@main.command()
@click.argument("batch", required=False)
@click.option("--file", "page", type=click.Path(path_type=Path), help="One saved page, .html or .html.gz.")
@click.option("--url", help="Where the saved page was.")
@click.option("--source", help="The declared source that it is of; its rules and time zone are used.")
@click.option("--fetched-at", metavar="T", help="When it was fetched, ISO 8601; now.")
@click.option("--manifest", type=click.Path(path_type=Path), help="Many saved pages, a JSON line each.")
@click.option("--processes", type=click.IntRange(1), help="One per core.")
@as_json
def extract(
    batch: str | None,
    page: Path | None,
    url: str | None,
    source: str | None,
    fetched_at: str | None,
    manifest: Path | None,
    processes: int | None,
    as_json: bool,
) -> None:
    """Read the stories of a BATCH, of one saved page, or of many.

    A page gives one JSON object with the table's field names; a page without a story
    {"outcome": …, "reason": …}. A manifest's lines are {"file", "url", "fetched_at"?};
    the answers come in the same order, each with its `seconds`.
    """
    if sum(given is not None for given in (batch, page, manifest)) != 1:
        raise UsageError("extract: give one of BATCH, --file and --manifest")
    if page is not None:
        from pipelines import saved, steps

        if url is None:
            raise UsageError("extract --file: say with --url where the page was")
        click.echo(dump(saved.read_page(page, url, fetched_at, steps.source(source) if source else None)))
    elif manifest is not None:
        from pipelines import saved

        for answer in saved.read_manifest(manifest, processes or places().processes):
            click.echo(dump(answer, indent=None))
    else:
        from pipelines import steps

        with progress(f"extract {batch}") as done:
            counts = steps.extract(str(batch), processes=processes, done=done)
        show.counts(counts, "outcome", "no leads", as_json=as_json)


@main.command()
@as_json
def cluster(as_json: bool) -> None:
    """Group the stories of the waiting batches: the same wire copy, one cluster."""
    from pipelines import steps

    ready = steps.cluster()
    show.names(ready, "ready to load", as_json=as_json)


@main.command()
@click.argument("batches", nargs=-1)
@as_json
def load(batches: tuple[str, ...], as_json: bool) -> None:
    """Load the waiting batches (or those named) into the warehouse, in one transaction."""
    from pipelines import steps

    loaded = steps.load(steps.cluster(list(batches)))
    show.counts(loaded, "loaded", "nothing waits to be loaded", as_json=as_json)


@main.command()
@click.argument("batch", required=False)
@as_json
def check(batch: str | None, as_json: bool) -> None:
    """Check one batch, or the warehouse; exit 1 when a promise is broken."""
    from pipelines import steps

    show.findings(steps.check(batch), as_json=as_json)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", "name", required=True, help="The declared source that the stories are of.")
@click.option("--own", is_flag=True, help="Leave out pages of hosts that are not the source's.")
@click.option("--salvage", is_flag=True, help="Keep the whole records of a damaged file.")
@as_json
def replay(files: tuple[Path, ...], name: str, own: bool, salvage: bool, as_json: bool) -> None:
    """Load the stories of any WARC; nothing is fetched.

    All pages are taken for the source's; of an archive of many publishers (Common Crawl's
    news), `--own` takes those of its own hosts alone.
    """
    from pipelines import steps

    batches = []
    for file in files:
        batch = steps.replay(file, name, own=own, salvage=salvage)
        with progress(f"extract {file.name}") as done:
            steps.extract(batch, done=done)
        batches.append(batch)
    steps.load(steps.cluster(batches))
    show.ledger(steps.ledger(batches), as_json=as_json)


@main.command()
@click.argument("query", required=False)
@click.option("--as-of", metavar="T", help="The warehouse as it was then, ISO 8601.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
)
@click.option("--out", type=click.Path(path_type=Path), help="A file to write to, in place of stdout.")
@click.option(
    "--attach", is_flag=True, help="Print what any DuckDB client must be told to read the warehouse."
)
def sql(query: str | None, as_of: str | None, form: str, out: Path | None, attach: bool) -> None:
    """Ask the warehouse, read-only, also while a load runs.

    Without a QUERY a shell opens, with history and completion; where stdin is no terminal, the question is
    read from it.
    """
    if attach:
        from pipelines.store.clients import attach_script

        click.echo(attach_script(places().warehouse))
        return
    from pipelines import steps

    if query is None:
        if sys.stdin.isatty():
            if out or form == "parquet":
                raise UsageError("sql: --out and parquet are for one question: name it")
            from pipelines.cli_shell import shell

            shell(places().home, moment(as_of), form)
            return
        query = sys.stdin.read()
    show.rows(steps.query(query, as_of=moment(as_of)), form, out)


@main.command()
@as_json
def status(as_json: bool) -> None:
    """Per source: last good run, freshness, counts, last trouble."""
    from pipelines import steps

    show.status(steps.status(), as_json=as_json)


@contextmanager
def progress(title: str) -> Iterator[Callable[[int], None]]:
    """A counter on stderr while long work runs at a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda pages: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed} pages"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda pages: bar.update(task, completed=pages)


def _checked(batch: str | None) -> list[WirehouseError]:
    """Check, and put a failure off to the end, so that what is good is loaded."""
    from pipelines import steps
    from pipelines.errors import CheckFailed

    try:
        steps.check(batch)
    except CheckFailed as error:
        return [error]
    return []


for command in (
    alert, diff, drop, export, grant, move, mute, mutes, probe, promote, rehearse, search, show_story,
    sources, unmute, upkeep, *cli_operate.COMMANDS,
):  # fmt: skip
    main.add_command(command)


if __name__ == "__main__":
    main()

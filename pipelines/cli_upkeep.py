"""The commands that look after what is kept: upkeep, and a look at an archived page."""

from __future__ import annotations

import sys

import click

from pipelines import show, written
from pipelines.errors import UsageError
from pipelines.typed import as_json


@click.command()
@click.argument("names", nargs=-1, metavar="[STEP]...")
@as_json
def upkeep(names: tuple[str, ...], as_json: bool) -> None:
    """Tidy up: all steps, or those named: join, retain, forget, sweep, logs, warehouse.

    Safe at any time, beside crawls, loads and readers; Airflow does it once a day.
    """
    from pipelines import upkeep as keeping

    done = keeping.upkeep(names)
    if as_json:
        click.echo(written.dump(keeping.as_rows(done)))
    else:
        rows = [[one.step, name.replace("_", " "), n] for one in done for name, n in one.figures.items()]
        click.echo(show.table(["step", "done", "count"], rows) if rows else "nothing to do")


@click.command()
@click.argument("story")
@click.option("--version", type=click.IntRange(1), help="Of the story; the last one.")
@click.option("--head", is_flag=True, help="What the server said of it, as JSON, instead of the page.")
def page(story: str, version: int | None, head: bool) -> None:
    """Print the archived page that a story was read from, as the server sent it.

    STORY is a story_id, an address it was seen at, or a raw_ref.
    """
    from pipelines import steps
    from pipelines.places import places
    from pipelines.store import archive, pages

    ref = story
    if ".warc.gz:" not in story:
        told = {row["version"]: row["raw_ref"] for row in steps.versions(story) if row["version"]}
        if version is not None and version not in told:
            raise UsageError(f"{story} has no version {version}: {', '.join(map(str, sorted(told)))}")
        ref = told[version or max(told)]
    record = pages.read(places().data, ref)
    if head:
        said = {"url": record.url, "http_status": record.status, "fetched_at": record.fetched_at}
        click.echo(written.dump(said | {"raw_ref": ref, "headers": record.headers}))
    else:
        sys.stdout.buffer.write(archive.decoded(record))

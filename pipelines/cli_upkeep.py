"""The commands that look after what is kept: upkeep, and a re-extraction that is rehearsed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import click

from pipelines import show, written
from pipelines.readings import Limits
from pipelines.typed import DAY, as_json

SHARE = click.FloatRange(0, 1)


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
@click.argument("names", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--since", type=DAY, required=True, metavar="DAY", help="Pages fetched from this day on, UTC.")
@click.option("--until", type=DAY, metavar="DAY", help="The last day; today.")
@click.option("--limit", "most", type=click.IntRange(1), help="Most pages of each source, the newest.")
@click.option("--max-changed", type=SHARE, default=Limits.changed, show_default=True, help="Share of all.")
@click.option("--max-lost", type=SHARE, default=Limits.lost, show_default=True, help="Share of stories.")
@click.option(
    "--max-shorter", type=SHARE, default=Limits.shorter, show_default=True, help="That lose a fifth: share."
)
@click.option(
    "--max-confidence-loss",
    type=SHARE,
    default=Limits.confidence_loss,
    show_default=True,
    help="Mean.",
)
@click.option("--promote", is_flag=True, help="Inside the limits, have it loaded by the next load.")
@as_json
def rehearse(
    names: tuple[str, ...],
    since: date,
    until: date | None,
    most: int | None,
    max_changed: float,
    max_lost: float,
    max_shorter: float,
    max_confidence_loss: float,
    promote: bool,
    as_json: bool,
) -> None:
    """Read the archived pages of a period again and compare with what stands; loads nothing.

    With --promote, what stays inside the limits is loaded by the next load; else `wirehouse
    promote ID` does it, or `wirehouse drop ID` forgets it.
    """
    from pipelines import rehearse as rehearsing

    last = until or datetime.now(UTC).date()
    found = rehearsing.rehearse(
        names,
        datetime.combine(since, time(), UTC),
        datetime.combine(last, time(), UTC) + timedelta(days=1),
        most=most,
        limits=Limits(
            changed=max_changed, lost=max_lost, shorter=max_shorter, confidence_loss=max_confidence_loss
        ),
    )
    if promote and found.is_inside:
        rehearsing.promote(found.id)
        found = rehearsing.look(found.id)
    click.echo(written.dump(found.as_json()) if as_json else found.as_markdown(), nl=as_json)


@click.command()
@click.argument("name", metavar="ID")
def promote(name: str) -> None:
    """Have what a rehearsal read again loaded by the next load."""
    from pipelines import rehearse as rehearsing

    batches = rehearsing.promote(name)
    click.echo("\n".join(batches) or "nothing changed, so nothing waits to be loaded")


@click.command()
@click.argument("name", metavar="ID")
def drop(name: str) -> None:
    """Forget what a rehearsal read again; its report stays."""
    from pipelines import rehearse as rehearsing

    rehearsing.drop(name)
    click.echo(f"{name}: dropped")

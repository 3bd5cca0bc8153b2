"""The command that looks after what is kept: `wirehouse upkeep`."""

from __future__ import annotations

import click

from pipelines import show, written
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

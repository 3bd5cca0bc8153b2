"""The command that hands stories on: `wirehouse export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.places import places
from pipelines.typed import as_json, moment
from pipelines.written import dump


@click.command()
@click.argument("form", type=click.Choice(["ninjs", "parquet", "csv"]))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--source", "sources", multiple=True, help="Only stories of this source; may be given again.")
@click.option("--since", metavar="T", help="Only what was loaded at or after T, ISO 8601.")
@click.option("--until", metavar="T", help="Only what was loaded before T.")
@click.option("--where", metavar="SQL", help="Only what fits a condition, such as \"language = 'en'\".")
@click.option("--changed", is_flag=True, help="Only what OUT did not get yet, in this version.")
@as_json
def export(
    form: str,
    out: Path,
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    where: str | None,
    changed: bool,
    as_json: bool,
) -> None:
    """Hand usable stories on: ninjs 3.1 (a folder, or one file NAME.jsonl), parquet or csv.

    What went to OUT before and was killed since follows with its kill, whatever is asked for. Each
    export stands in the table `exports`; `kills_standing` names those that carried a story killed since.
    """
    from pipelines.store import exporting

    choice = exporting.Choice(sources, moment(since), moment(until), where, changed)
    made = exporting.export(places().warehouse, form, out, choice)
    if as_json:
        click.echo(dump(asdict(made)))
    else:
        kills = f", {made.kills} of them kills of what it had" if made.kills else ""
        click.echo(f"{made.target}: {made.stories} stories{kills} (export {made.export_id})")

"""`wirehouse move` and `grant`: where the warehouse is, and who may read it there."""

from __future__ import annotations

import click

from pipelines import show
from pipelines.typed import as_json


@click.command()
@click.option("--to", "target", required=True, metavar="ATTACH", help="What WIREHOUSE_WAREHOUSE will be.")
@as_json
def move(target: str, as_json: bool) -> None:
    """Copy the whole warehouse into another, empty one, and check every table.

    ATTACH is ducklake:sqlite:PATH, ducklake:postgres:dbname=… (DATA_PATH '…') or postgres:dbname=….
    The one that is set now stays as it is. Stop the loads first; then set WIREHOUSE_WAREHOUSE.
    """
    from pipelines import steps

    counts = steps.move(target, done=lambda table, rows: click.echo(f"{table}: {rows} rows", err=True))
    show.counts(counts, "table", "nothing was there to be moved", as_json=as_json)


@click.command()
@click.argument("role")
def grant(role: str) -> None:
    """Let a role of Postgres read the warehouse, and nothing else; made if there is none of that name.

    It has no login and no password: GRANT it to those who have. For plain Postgres tables.
    """
    from pipelines import steps

    steps.grant(role)
    click.echo(f"{role} may read all tables and views. For each analyst: GRANT {role} TO <their login>;")

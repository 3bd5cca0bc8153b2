"""The commands about alerts: what would be told, and what is muted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from pipelines import show
from pipelines.typed import SPAN, as_json
from pipelines.written import dump


class Printed:
    """The channel of somebody who reads what we print."""

    name = "whoever called `wirehouse alert --told`"

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []

    def send(self, message: Mapping[str, Any]) -> None:
        """Keep it, to be printed with all others."""
        self.messages.append(message)


@click.command()
@click.option("--told", is_flag=True, help="Remember it as told, so that the next call prints what is new.")
@as_json
def alert(told: bool, as_json: bool) -> None:
    """Print what is due to be told: what began, got worse, lasts for a day, or is over.

    Without Airflow, cron can send it, as it mails what a command prints: with --told each
    trouble is printed once. What was printed is remembered by itself: Airflow's own alerts go
    where the connection `wirehouse_alerts` says, whatever was printed here.
    """
    from pipelines.alerts import memory, tell

    if not told:
        _print(tell.due(who=memory.PRINTED), as_json, "nothing to tell")
        return
    reader = Printed()
    try:
        tell.tell(reader, who=memory.PRINTED)
    finally:  # what cannot be remembered as told is told all the same
        _print(reader.messages, as_json)


def _print(messages: Sequence[Mapping[str, Any]], as_json: bool, nothing: str = "") -> None:
    text = (
        dump(messages) if as_json else "\n\n".join(str(one["text"]).rstrip() for one in messages) or nothing
    )
    if text:  # cron mails whatever is printed
        click.echo(text)


@click.command()
@click.argument("name", metavar="CAUSE|SOURCE")
@click.option("--for", "span", type=SPAN, required=True, help="How long: 30m, 4h, 2d.")
@click.option("--why", help="For the others, in `wirehouse mutes`.")
def mute(name: str, span: timedelta, why: str | None) -> None:
    """Tell nobody of a cause or a source for a while.

    It is found, shown and red as ever. If it is still there afterwards, it is told then.
    """
    from pipelines.alerts import mutes as muting

    one = muting.mute(name, span, why=why)
    click.echo(f"{one.name} is muted until {one.until:%Y-%m-%d %H:%M} UTC")


@click.command()
@click.argument("name", metavar="CAUSE|SOURCE")
def unmute(name: str) -> None:
    """Tell of a cause or source again."""
    from pipelines.alerts import mutes as muting

    muting.unmute(name)
    click.echo(f"{name} is not muted any more")


@click.command()
@as_json
def mutes(as_json: bool) -> None:
    """What is muted, until when, and why."""
    from pipelines.alerts import mutes as muting

    found = muting.mutes()
    if as_json:
        click.echo(dump([asdict(one) for one in found]))
        return
    rows = [[one.name, f"{one.until:%Y-%m-%d %H:%M}", one.why or "", one.by or ""] for one in found]
    click.echo(show.table(["muted", "until (UTC)", "why", "by"], rows) if rows else "nothing is muted")

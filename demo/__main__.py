"""Run the demo wire by hand: `python -m demo serve`, or print what is true with `python -m demo truth`."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from demo import Wire, serve
from demo.plan import CYCLE
from demo.sites import FIRST_PORT, SITES
from demo.troubles import ALWAYS, TROUBLES, Trouble
from demo.truth import as_json


class Moment(click.ParamType[datetime]):
    """An ISO time; without an offset it is UTC."""

    name = "iso time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no ISO time like 2026-03-05T12:00:00Z", param, ctx)
        return moment.replace(tzinfo=moment.tzinfo or UTC)


class Sick(click.ParamType[Trouble]):
    """A trouble and the site that has it, perhaps from a later time on."""

    name = "name=site[@time]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Trouble:
        if isinstance(value, Trouble):
            return value
        name, _, rest = str(value).partition("=")
        site, _, since = rest.partition("@")
        try:
            return Trouble(name, site, Moment().convert(since or ALWAYS, param, ctx))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _this_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def _wire_options(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option(
            "--backlog",
            type=click.IntRange(min=0),
            default=CYCLE,
            show_default=True,
            help="Stories that are out at the epoch.",
        ),
        click.option(
            "--interval",
            type=click.FloatRange(min=0, min_open=True),
            default=30.0,
            show_default=True,
            help="Seconds between two stories.",
        ),
        click.option(
            "--epoch", type=Moment(), default=_this_minute, help="When the wire began; default: this minute."
        ),
        click.option("--seed", default=7, show_default=True),
        click.option(
            "--port-base",
            type=click.IntRange(0, 65536 - len(SITES)),
            default=FIRST_PORT,
            show_default=True,
            help="Port of the first site; 0: free ones.",
        ),
    ):
        command = option(command)
    return command


def _wire(port_base: int, seed: int, epoch: datetime, interval: float, backlog: int) -> Wire:
    origins = {site: f"http://127.0.0.1:{port_base + n}" for n, site in enumerate(SITES)}
    return Wire(
        seed=seed, epoch=epoch, interval=timedelta(seconds=interval), backlog=backlog, origins=origins
    )


@click.group(help=__doc__)
def main() -> None:
    pass


@main.command("serve")
@_wire_options
@click.option(
    "--trouble",
    "troubles",
    type=Sick(),
    multiple=True,
    help=f"Make a site sick, such as paywall=courier; may be given again. There are {', '.join(TROUBLES)}.",
)
def serve_command(troubles: tuple[Trouble, ...], **given: Any) -> None:
    """Serve the invented sites on 127.0.0.1 until SIGTERM or Ctrl-C.

    The same seed, epoch and interval give the same stories again: pass the epoch
    that was printed to go on where you were.
    """
    wire, port_base = replace(_wire(**given), troubles=troubles), given["port_base"]
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve(wire, port_base) as served:
            for site, base in served.origins.items():
                click.echo(f"{base}  {SITES[site].title}")
            click.echo(f"serving since {wire.epoch.isoformat()}, seed {wire.seed}; Ctrl-C ends it", err=True)
            stop.wait()
    except OSError as error:
        sys.exit(f"demo: {error.strerror}: stop what listens there, or choose another --port-base")


@main.command()
@_wire_options
@click.option(
    "--at", type=Moment(), default=lambda: datetime.now(UTC), help="Moment to speak of; default: now."
)
def truth(port_base: int, seed: int, epoch: datetime, interval: float, backlog: int, at: datetime) -> None:
    """Print what a perfect reader gets: one JSON line for each URL ever announced, oldest first."""
    for told in _wire(port_base, seed, epoch, interval, backlog).stories_at(at):
        click.echo(json.dumps(as_json(told), ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


if __name__ == "__main__":
    main(prog_name="python -m demo")

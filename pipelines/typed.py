"""What is typed at the commands: days, instants, and the options that several of them have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from pipelines.errors import UsageError
from pipelines.sources import duration


class Day(click.ParamType[date]):
    """A day as typed."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> date:
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; write it like 2026-03-05", param, context)


class Span(click.ParamType[timedelta]):
    """A length of time as typed, in the form that sources' files have."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> timedelta:
        try:
            return duration(value)
        except (ValueError, OverflowError) as error:
            self.fail(str(error), param, context)


DAY = Day()
SPAN = Span()
PORT = click.IntRange(1, 65_000)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
url_base = click.option("--url-base", metavar="URL", help="Ask this server in place of the source's own.")


def moment(text: str | None) -> datetime | None:
    """An instant as typed; a time without an offset is UTC, as in the tables."""
    if text is None:
        return None
    try:
        typed = datetime.fromisoformat(text)
        return typed if typed.tzinfo else typed.replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"{text!r} is no time; write it like 2026-03-05T12:00:00+00:00") from None


def days(since: date | None, until: date | None, zone: Callable[[], str]) -> tuple[date, date] | None:
    """First and last day of a backfill; None where no day is given."""
    if since is None:
        if until is not None:
            raise UsageError("--until needs --since")
        return None
    last = until or datetime.now(ZoneInfo(zone())).date()
    if last < since:
        raise UsageError(f"--since {since} is after --until {last}")
    return since, last

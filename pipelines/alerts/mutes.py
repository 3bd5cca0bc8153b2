"""Tell nobody of a cause or a source for a while: mute, unmute, and what is muted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines.alerts import memory
from pipelines.alerts.memory import Mute
from pipelines.errors import UsageError
from pipelines.ledger import Cause
from pipelines.places import places
from pipelines.sources import names as source_names

LONGEST = timedelta(days=90)
"""A mute that nobody remembers is a hole in the watch."""


def mute(name: str, span: timedelta, *, why: str | None = None, by: str | None = None) -> Mute:
    """Do not tell of a cause or source for a while; returns the mute."""
    where = places()
    if not timedelta(0) < span <= LONGEST:
        raise UsageError(f"a mute lasts at most {LONGEST.days} days, and longer than nothing")
    if name not in list(Cause) and name not in source_names(where.sources):
        raise UsageError(f"{name!r} is neither a declared source nor a cause: {', '.join(Cause)}")
    now = datetime.now(UTC)
    one = Mute(name=name, since=now, until=now + span, why=why or None, by=by or None)
    memory.mute(where.data, one)
    return one


def unmute(name: str) -> None:
    """Tell of it again."""
    memory.unmute(places().data, name)


def mutes() -> list[Mute]:
    """What is muted now, that which ends first first."""
    return memory.mutes(places().data, datetime.now(UTC))

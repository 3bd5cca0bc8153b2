"""Decide what to tell now: from what is wrong, what was told before, and the time. Pure.

    settled ─▸ due ─▸ (somebody sends a message) ─▸ after

An error is told at once, warnings together at most once an hour, notes never. All sources
with the same cause are one item, so thirty that are blocked at once are one message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pipelines.ledger import Severity

CALM = timedelta(minutes=30)
"""So long a trouble must be away to be over: one that comes and goes with every crawl is one trouble."""

MORE = timedelta(minutes=15)
"""So long after a cause was told more sources are told: a wave of them is two messages, not thirty."""

DIGEST = timedelta(hours=1)
"""Warnings are told together, at most so often."""

REMIND = timedelta(days=1)

OF_ALL = ""
"""Stands for the source where a trouble is of no single one."""


class Event(StrEnum):
    """Why something is told."""

    BEGINS = "begins"
    WORSE = "worse"
    LASTS = "lasts"
    OVER = "over"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong with one source now, by one cause: a row of `troubles`, or a task that failed."""

    source_id: str = OF_ALL
    cause: str
    severity: Severity
    since: datetime
    message: str
    next_step: str
    link: str | None = None
    """A page with more, where there is a better one than the desk."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was told of one source."""

    severity: Severity
    since: datetime
    gone_since: datetime | None = None
    """When it was first missed; None while it is there."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was told of one cause."""

    severity: Severity
    sources: Mapping[str, Known]
    last_at: datetime
    by: str
    """The channel; who was only told by the log may be told again by a better one."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What was told of all causes, and when warnings were last."""

    causes: Mapping[str, Told] = field(default_factory=dict)
    digest_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One cause, with all sources that have it."""

    event: Event
    cause: str
    severity: Severity
    since: datetime
    troubles: tuple[Trouble, ...] = ()
    """Worst first, then the longest; none when it is over."""
    recovered: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is told at once: one error, or all warnings that are due."""

    items: tuple[Item, ...]

    @property
    def severity(self) -> Severity:
        return self.items[0].severity


Muted = Callable[[str, str], bool]
"""Is this cause, of this source, muted?"""


def nobody(cause: str, source: str) -> bool:
    """Nothing is muted."""
    return False


def settled(memory: Memory, troubles: Iterable[Trouble], now: datetime, muted: Muted = nobody) -> Memory:
    """Note in memory which of the known troubles are not there any more, and which are back.

    One that is back after CALM is forgotten, so that it is told as a new one. What is
    muted is left as it is: that we do not look does not make it over.
    """
    there = {(t.cause, t.source_id) for t in troubles}
    causes = {}
    for cause, told in memory.causes.items():
        sources = {}
        for source, known in told.sources.items():
            if muted(cause, source):
                sources[source] = known
            elif (cause, source) not in there:
                sources[source] = known if known.gone_since else replace(known, gone_since=now)
            elif known.gone_since is None or now - known.gone_since < CALM:
                sources[source] = replace(known, gone_since=None)
        causes[cause] = replace(told, sources=sources)
    return replace(memory, causes=causes)


def due(memory: Memory, troubles: Iterable[Trouble], now: datetime, muted: Muted = nobody) -> list[Message]:
    """What is to be told now, errors first; `memory` is settled with the same troubles."""
    by_cause: dict[str, list[Trouble]] = {cause: [] for cause in memory.causes}
    for one in troubles:
        if one.severity is not Severity.NOTE and not muted(one.cause, one.source_id):
            by_cause.setdefault(one.cause, []).append(one)
    items = [
        item
        for cause, rows in by_cause.items()
        if (item := _item(memory.causes.get(cause), cause, rows, now, muted)) is not None
    ]
    errors = [Message(items=(item,)) for item in items if item.severity is Severity.ERROR]
    warnings = tuple(item for item in items if item.severity is not Severity.ERROR)
    if warnings and (memory.digest_at is None or now - memory.digest_at >= DIGEST):
        return [*errors, Message(items=warnings)]
    return errors


def _item(told: Told | None, cause: str, rows: list[Trouble], now: datetime, muted: Muted) -> Item | None:
    rows = sorted(rows, key=lambda t: (t.severity is not Severity.ERROR, t.since, t.source_id))
    recovered = _recovered(told, now) if told else ()
    if not rows:
        if told is None or len(recovered) < len(told.sources):
            return None  # another one is muted, or away for too short a time
        since = min((k.since for k in told.sources.values()), default=told.last_at)
        return Item(event=Event.OVER, cause=cause, severity=told.severity, since=since, recovered=recovered)
    severity = rows[0].severity
    event = _event(told, severity, rows, now)
    if event is None:
        return None
    return Item(
        event=event,
        cause=cause,
        severity=severity,
        since=min(t.since for t in rows),
        troubles=tuple(rows),
        recovered=recovered,
    )


def _recovered(told: Told, now: datetime) -> tuple[str, ...]:
    return tuple(
        s for s, k in told.sources.items() if k.gone_since is not None and now - k.gone_since >= CALM
    )


def _event(told: Told | None, severity: Severity, rows: list[Trouble], now: datetime) -> Event | None:
    if told is None:
        return Event.BEGINS
    if severity is Severity.ERROR and told.severity is not Severity.ERROR:
        return Event.WORSE
    if now - told.last_at >= REMIND:
        return Event.LASTS
    as_bad = {s for s, k in told.sources.items() if k.severity.rank >= severity.rank}
    joined = [t for t in rows if t.severity is severity and t.source_id not in as_bad]
    return Event.WORSE if joined and now - told.last_at >= MORE else None


def after(memory: Memory, message: Message, now: datetime, by: str) -> Memory:
    """The memory once a message was told."""
    causes = dict(memory.causes)
    for item in message.items:
        before = causes.pop(item.cause, None)
        if item.event is Event.OVER:
            continue
        left = before.sources if before else {}
        missed = {s: k for s, k in left.items() if s not in item.recovered}
        here = {t.source_id: Known(severity=t.severity, since=t.since) for t in item.troubles}
        causes[item.cause] = Told(severity=item.severity, sources=missed | here, last_at=now, by=by)
    digest = message.severity is not Severity.ERROR
    return replace(memory, causes=causes, digest_at=now if digest else memory.digest_at)

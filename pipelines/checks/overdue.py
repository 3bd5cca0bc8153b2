"""Is a source crawled at all, and does it bring something as soon as promised? Pure.

A crawl cannot tell that there was none: this is asked of the warehouse, after each publish and
every quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.ledger import Cause, Finding, Severity
from pipelines.records import Source

MISSED = 2
"""Beats that a source may miss."""

GRACE = timedelta(minutes=30)
"""Beyond them: a crawl may take so long, and then waits to be loaded."""


@dataclass(frozen=True, kw_only=True)
class Last:
    """When something last was so with a source."""

    enabled_at: datetime | None = None
    """That it was switched on; None where it was so before anybody wrote it down."""
    run_at: datetime | None = None
    brought_at: datetime | None = None
    """That a run brought a story, or a page in vain."""


def overdue(sources: Iterable[Source], last: Mapping[str, Last], now: datetime) -> Iterator[Finding]:
    """What is late, of the sources that are switched on."""
    for source in sources:
        known = last.get(source.name)
        if known is not None and source.enabled:
            yield from _of(source, known, now)


def _of(source: Source, last: Last, now: datetime) -> Iterator[Finding]:
    since = max((t for t in (last.run_at, last.enabled_at) if t is not None), default=None)
    if since is None:
        return
    if now - since > MISSED * source.every + GRACE:
        said = f"its last run began {_ago(now - last.run_at)}" if last.run_at else "it has never run"
        yield Finding(
            check="is_crawled",
            severity=Severity.WARNING,
            cause=Cause.NOT_RUNNING,
            source_id=source.name,
            run_id=None,
            message=f"{said}, though it is to be crawled every {_long(source.every)}",
            next_step=f"look at the DAG crawl_{source.name}: paused, queued, red? is the scheduler up?",
            evidence=f"switched on {_ago(now - last.enabled_at)}" if last.enabled_at else None,
            found_at=now,
        )
    elif (fresh := source.expect.fresh) is not None and last.brought_at and now - last.brought_at > fresh:
        yield Finding(
            check="is_fresh",
            severity=Severity.ERROR,
            cause=Cause.FEED_FROZEN,
            source_id=source.name,
            run_id=None,
            message=f"nothing new for {_long(now - last.brought_at)}, promised is {_long(fresh)} at most",
            next_step="open its front page in a browser: newer stories there? see what its last run was told",
            evidence=f"last run {_ago(now - last.run_at)}" if last.run_at else None,
            found_at=now,
        )


def _ago(span: timedelta) -> str:
    return f"{_long(span)} ago"


def _long(span: timedelta) -> str:
    """A length of time, roughly.

    >>> _long(timedelta(minutes=95)), _long(timedelta(days=3)), _long(timedelta(minutes=2))
    ('95 minutes', '3 days', '2 minutes')
    """
    minutes = round(span / timedelta(minutes=1))
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes / 60:.0f} hours" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"

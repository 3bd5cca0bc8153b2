"""What one answer of a channel said, and how its words and times are read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil import parser as dates

from pipelines.records import Lead

LARGEST = 50_000
"""Entries of one channel that are read; the sitemap protocol allows no more."""


class NotAChannel(ValueError):
    """The answer is no feed, no sitemap and no page of links; the message says what it looks like."""


@dataclass(frozen=True)
class Part:
    """A further channel that a sitemap index names."""

    url: str
    modified_by: datetime | None = None
    """Its `lastmod`, at the latest moment that this can mean; None where none is stated."""


@dataclass(frozen=True)
class Channel:
    """What one answer of a channel said."""

    kind: str
    """rss, atom, json, news_sitemap, sitemap, section or index."""

    leads: tuple[Lead, ...] = ()
    parts: tuple[Part, ...] = ()
    """Of a sitemap index."""

    feeds: tuple[str, ...] = ()
    """Feeds that a page names as its own."""

    next: str | None = None
    """Where the entries before these are: RFC 5005, JSON Feed's `next_url`, WordPress's `?paged=`."""

    ttl: timedelta | None = None
    """How long the channel says it need not be asked again: `<ttl>`, sy:updatePeriod."""


def words(value: Any) -> str | None:
    """Text with single spaces; half a surrogate pair, which no file can hold, becomes `?`, a NUL nothing."""
    if not isinstance(value, str):
        return None
    return " ".join(value.replace("\0", "").encode("utf-8", "replace").decode().split()) or None


def instant(raw: Any) -> datetime | None:
    """An instant that a channel states with its offset; None for anything less.

    >>> instant("2026-03-05T12:00:00+01:00")
    datetime.datetime(2026, 3, 5, 11, 0, tzinfo=datetime.timezone.utc)
    >>> instant("2026-03-05") is None  # a day is no instant
    True
    """
    if not isinstance(raw, str) or len(raw) > 100:
        return None
    try:
        parsed = dates.parse(raw)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def latest(raw: Any) -> datetime | None:
    """The latest instant that a stated time can mean: of a day its end, wherever on earth.

    >>> latest("2026-03-05")
    datetime.datetime(2026, 3, 6, 12, 0, tzinfo=datetime.timezone.utc)
    """
    if (exact := instant(raw)) is not None or not isinstance(raw, str) or len(raw) > 100:
        return exact
    try:
        stated = dates.parse(raw, default=datetime(2000, 1, 1, tzinfo=UTC))
        end = timedelta(hours=12) if ":" in raw else timedelta(hours=36)
        return stated.astimezone(UTC) + end
    except (ValueError, OverflowError, OSError, TypeError):
        return None

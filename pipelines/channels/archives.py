"""Backfill by date: a source's archive addresses, and which leads are of the days wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from pipelines.channels.days import day_of
from pipelines.channels.said import instant
from pipelines.records import Lead


@dataclass(frozen=True)
class Days:
    """The days wanted, first and last, in the source's own time zone."""

    since: date
    until: date
    zone: str = "UTC"

    def may_hold(self, lead: Lead) -> bool:
        """May this lead's story be of these days?

        By its day in the address or the channel's date. `lastmod` says only that the
        story is not younger, so it rules out what was last changed before. A lead that
        says nothing may be of any day.
        """
        if lead.published_raw and (day := self.day(lead.published_raw)):
            return self.since <= day <= self.until
        if day := day_of(lead.url):
            return self.since - timedelta(days=1) <= day <= self.until + timedelta(days=1)
        changed = self.day(lead.updated_raw) if lead.updated_raw else None
        return changed is None or changed >= self.since

    def all_before(self, leads: Iterable[Lead]) -> bool:
        """Are all of these known to be of days before? Then further pages need not be asked."""
        days = [self.day(lead.published_raw) if lead.published_raw else day_of(lead.url) for lead in leads]
        return bool(days) and all(day is not None and day < self.since - timedelta(days=1) for day in days)

    def day(self, raw: str) -> date | None:
        """The day, in the source's zone, that a channel's words for a time name."""
        moment = instant(raw) if raw[:4].isdecimal() else _of_mail(raw)
        try:
            if moment is not None:
                return moment.astimezone(ZoneInfo(self.zone)).date()
            return datetime.fromisoformat(raw.strip()).date()
        except (ValueError, OverflowError):  # the first day of the calendar, west of Greenwich
            return None


def _of_mail(raw: str) -> datetime | None:
    """An RFC 822 date, as RSS has it; with an offset or a zone that mail knows (GMT, EST …)."""
    try:
        moment = parsedate_to_datetime(raw)
        return moment if moment.tzinfo else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def addresses(patterns: Iterable[str], since: date, until: date) -> list[str]:
    """Addresses of the archives that hold these days, newest first, each once.

    >>> addresses(["https://wire.example/{year}-{month:02}.xml"], date(2025, 12, 30), date(2026, 1, 2))
    ['https://wire.example/2026-01.xml', 'https://wire.example/2025-12.xml']
    """
    days = [until - timedelta(days=n) for n in range((until - since).days + 1)]
    return list(
        dict.fromkeys(p.format(year=d.year, month=d.month, day=d.day) for p in patterns for d in days)
    )

"""Which leads are due, and what a crawl leaves in memory. Pure: `now` is passed in.

A story is looked at when it is new; when a channel says that it changed; and on a
ladder of ages (`Source.recheck`), since most edits come early and a kill may come
without any channel saying so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pipelines.records import Lead, Outcome, Seen, Source

FIRST_RETRY = timedelta(minutes=5)
LAST_RETRY = timedelta(days=1)
GIVE_UP = 8
"""Failures in a row after which only a channel's word makes us try again."""

ANNOUNCED = ("found_url", "channel", "channel_kind", "guid", "title", "published_raw", "language")
"""What a channel says of a story and its page may not; kept for the rechecks."""

TRY_AGAIN = frozenset(
    {
        Outcome.HTTP_ERROR,
        Outcome.TIMEOUT,
        Outcome.DNS_ERROR,
        Outcome.TLS_ERROR,
        Outcome.CONNECTION_ERROR,
        Outcome.BAD_CONTENT,
    }
)
"""Troubles that may pass; the others (gone, robots_denied …) are the server's word."""


def is_due(lead: Lead, seen: Seen | None, now: datetime) -> bool:
    """Is this lead to be fetched in a crawl at `now`?"""
    if seen is None or seen.last_visit_at is None:
        return True
    if lead.updated_at is not None and seen.last_visit_at < lead.updated_at <= now:
        return True
    return seen.due_at is not None and seen.due_at <= now


def next_rung(source: Source, first_seen_at: datetime, now: datetime) -> datetime | None:
    """When a story first seen then is looked at again; None past the last rung.

    With the ladder 15m, 1h, a story seen at 12:00 is due at 12:15 and 13:00; a
    crawl at 12:20 that finds it late leaves 13:00.
    """
    return next((first_seen_at + age for age in source.recheck if first_seen_at + age > now), None)


def remember(line: Mapping[str, Any], seen: Seen | None, source: Source) -> Seen | None:
    """Fold one line of a crawl log into what is known; None if it teaches nothing.

    Lines are `kind` lead or channel, as `spiders.source` writes them: a line with an
    `outcome` has ended without a page, one without has a page in the archive.
    """
    outcome = line.get("outcome")
    if line.get("backfill"):  # it read its channels for other entries than a live crawl does
        known = None if line["kind"] == "channel" else remember({**line, "backfill": False}, seen, source)
        return None if known is None else replace(known, due_at=None if seen is None else seen.due_at)
    asked = line.get("http_status") is not None
    if outcome == Outcome.NOT_DUE or (outcome == Outcome.OUT_OF_SCOPE and not asked and seen is None):
        return None
    at = line["at"]
    known = seen or Seen(url=line["url"], first_seen_at=at)
    if line["kind"] == "lead":
        known = replace(known, **{name: line[name] for name in ANNOUNCED if line.get(name) is not None})
    if outcome == Outcome.OVER_BUDGET and line["kind"] == "channel":  # every crawl asks the channels anyway
        return seen
    if outcome == Outcome.OVER_BUDGET:  # the next crawl takes it up
        return replace(known, due_at=at)
    if outcome == Outcome.OUT_OF_SCOPE and not asked:  # its source has a new rule: forget the recheck
        return replace(known, due_at=None)
    visited = replace(known, last_visit_at=at, visits=known.visits + 1)
    if line["kind"] == "channel" and outcome in TRY_AGAIN:  # every crawl asks the channels anyway
        return replace(visited, failures=visited.failures + 1)
    if outcome in TRY_AGAIN:
        return _failed(visited, at)
    good = replace(visited, failures=0)
    if line["kind"] == "lead":
        left = None if outcome not in (None, Outcome.UNCHANGED) else next_rung(source, good.first_seen_at, at)
        good = replace(good, due_at=left)
    if outcome == Outcome.UNCHANGED and line.get("http_status") == 304:
        return good
    if outcome in (None, Outcome.UNCHANGED):
        return replace(
            good,
            digest=line.get("digest"),
            etag=line.get("etag"),
            last_modified=line.get("last_modified"),
            channel_kind=line.get("channel_kind") or good.channel_kind,
        )
    return good


def recheck(seen: Seen) -> Lead:
    """The lead that our memory names by itself, with what its channel said of it."""
    return Lead(
        url=seen.url,
        found_url=seen.found_url or seen.url,
        channel=seen.channel or "recheck",
        channel_kind=seen.channel_kind or "recheck",
        recheck=True,
        guid=seen.guid,
        title=seen.title,
        published_raw=seen.published_raw,
        language=seen.language,
    )


def _failed(seen: Seen, at: datetime) -> Seen:
    """Wait twice as long after each failure in a row, up to a day; then give up."""
    failures = seen.failures + 1
    wait = min(FIRST_RETRY * 2 ** (failures - 1), LAST_RETRY)
    return replace(seen, failures=failures, due_at=at + wait if failures < GIVE_UP else None)

"""Which stories are due, and what a crawl leaves in memory of them. Pure: `now` is passed in.

A story is looked at when it is new; when a channel says that it changed; and on a
ladder of ages (`Source.recheck`), since most edits come early and a kill may come
without any channel saying so. The ladder bends to the source's habits: a rung at
which it never edits is left out for most stories, and where edits still come on the
last rung, further ones are added. Channels are `polling`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from pipelines.ledger import Outcome
from pipelines.records import Lead, Seen, Source
from pipelines.urls import canonical

FIRST_RETRY = timedelta(minutes=5)
LAST_RETRY = timedelta(days=1)
GIVE_UP = 8
"""Failures in a row after which only a channel's word makes us try again."""

PLACE = 5
"""Digits; some feeds number their entries from the top, which identifies nothing."""

AGAIN = (timedelta(minutes=65), timedelta(days=1))
"""When a story that is missing is asked for again: an hour apart, it is withdrawn (`store/fold.sql`)."""

EARLY = 5
"""404s in a row after which a page that never was there is given up, in more than an hour: feeds name
stories before their pages are there."""

SKEW = timedelta(minutes=5)
"""By how much a publisher's clock may be ahead of ours."""

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
"""Troubles that may pass, as may a 404; the others (410, robots_denied …) are the server's word."""

ENOUGH = 40
"""Looks at a rung after which we believe to know how often it finds an edit."""

RARE, OFTEN = 0.02, 0.10
"""Share of looks that find an edit: below the one a rung is left out, above the other
the ladder goes on."""

CURIOUS = 8
"""One story in so many keeps all its rungs, so that a change of habit is noticed."""

LAST_RUNG = timedelta(days=60)


@dataclass(frozen=True)
class Rung:
    """How often a source had edited its stories when they were looked at, at one age."""

    looks: int = 0
    edits: int = 0

    @property
    def share(self) -> float | None:
        """Share of looks that found an edit; None while too few are known."""
        return (self.edits + 0.5) / (self.looks + 1) if self.looks >= ENOUGH else None

    def looked(self, edited: bool) -> Rung:
        """One look more; old ones fade, as habits change."""
        looks, edits = (
            (self.looks, self.edits) if self.looks < 10 * ENOUGH else (self.looks // 2, self.edits // 2)
        )
        return Rung(looks + 1, edits + edited)


Habits = Mapping[timedelta, Rung]
"""What is learned of a source, by the ages of its ladder."""


def is_due(lead: Lead, seen: Seen | None, now: datetime, told_at: datetime | None = None) -> bool:
    """Is this lead to be fetched in a crawl at `now`, of which a channel spoke at `told_at`?

    A channel says but once that a story changed (then it is unchanged itself): also of what
    changed since the crawl began, or by a clock that is ahead of ours.
    """
    if seen is None or seen.last_visit_at is None:
        return True
    if lead.updated_at is not None and seen.last_visit_at < lead.updated_at <= (told_at or now) + SKEW:
        return True
    return seen.due_at is not None and seen.due_at <= now


def ladder(source: Source, habits: Habits) -> Iterator[timedelta]:
    """The ages at which this source's stories are worth a look, with those added by its habits.

    >>> from pipelines.sources import nameless
    >>> week = replace(nameless("https://wire.example/"), recheck=(timedelta(days=7),))
    >>> [age.days for age in ladder(week, {timedelta(days=7): Rung(looks=40, edits=20)})]
    [7, 14]
    """
    age = None
    for age in source.recheck:
        yield age
    while age is not None and (habits.get(age, Rung()).share or 0) > OFTEN and age * 2 <= LAST_RUNG:
        age *= 2
        yield age


def next_look(
    source: Source, habits: Habits, url: str, first_seen_at: datetime, now: datetime
) -> datetime | None:
    """When a story first seen then is looked at again; None past the last rung.

    With the ladder 15m, 1h, a story seen at 12:00 is due at 12:15 and 13:00; a crawl
    at 12:20 that finds it late leaves 13:00. A rung at which edits are RARE is left
    out, but not the last that was declared: what is killed long after is rare too.
    """
    kept = source.recheck[-1] if source.recheck else None
    curious = crc32(url.encode()) % CURIOUS == 0
    for age in ladder(source, habits):
        share = habits.get(age, Rung()).share
        worth = curious or age == kept or share is None or share >= RARE
        if worth and first_seen_at + age > now:
            return first_seen_at + age
    return None


def rung(source: Source, habits: Habits, seen: Seen, at: datetime) -> timedelta | None:
    """The rung that a visit at `at` is a look for; None if it was not due by the ladder."""
    if seen.due_at is None or seen.due_at > at or seen.failures or seen.words is None:
        return None
    age = at - seen.first_seen_at
    return max((a for a in ladder(source, habits) if a <= age), default=None)


def remember(
    line: Mapping[str, Any], seen: Seen | None, source: Source, habits: Habits | None = None
) -> Seen | None:
    """Fold a lead's line of a crawl log into what is known of it; None if it teaches nothing.

    A line with an `outcome` has ended without a page, one without has a page in the
    archive.
    """
    if line.get("backfill"):  # what it leaves, no live crawl is to take up
        known = remember({**line, "backfill": False}, seen, source, habits)
        return None if known is None else replace(known, due_at=None if seen is None else seen.due_at)
    outcome = line.get("outcome")
    asked = line.get("http_status") is not None
    if outcome == Outcome.NOT_DUE or (outcome == Outcome.OUT_OF_SCOPE and not asked and seen is None):
        return None
    at = line["at"]
    known = seen or Seen(url=line["url"], first_seen_at=at)
    known = replace(known, **{name: line[name] for name in ANNOUNCED if line.get(name) is not None})
    if outcome == Outcome.OVER_BUDGET:  # the next crawl takes it up
        return replace(known, due_at=at)
    if outcome == Outcome.OUT_OF_SCOPE and not asked:  # its source has a new rule: forget the recheck
        return replace(known, due_at=None)
    visited = replace(known, last_visit_at=at, visits=known.visits + 1)
    if outcome in TRY_AGAIN:
        return _failed(visited, at)
    if outcome == Outcome.GONE and known.digest is not None:
        return _missing(visited, at, line.get("http_status"))
    if outcome == Outcome.GONE and line.get("http_status") == 404:
        return _failed(visited, at, EARLY)
    ended = outcome not in (None, Outcome.UNCHANGED)
    due = None if ended else next_look(source, habits or {}, known.url, known.first_seen_at, at)
    good = replace(visited, failures=0, due_at=due)
    if ended or (outcome == Outcome.UNCHANGED and line.get("http_status") == 304):
        return good
    led_to = canonical(line["final_url"]) if line.get("final_url") else known.url
    return replace(
        good,
        digest=line.get("digest"),
        etag=line.get("etag"),
        last_modified=line.get("last_modified"),
        target=None if led_to == known.url else led_to,
    )


def same_story(lead: Lead, seen: Seen | None, under_guid: Sequence[Seen]) -> str | None:
    """The story that a lead is of, if it is known: a story stays the same whatever its page is called.

    Known by its URL, whatever the page's guid, headline or canonical address have become;
    else by its guid at another URL. A guid is believed if one story alone has it, it is
    no mere number of a place, and the time or a third of the words of the title are the same.
    """
    if seen is not None and seen.story_id is not None:
        return seen.story_id
    if lead.guid is None or (lead.guid.isdigit() and len(lead.guid) < PLACE):
        return None
    others = [other for other in under_guid if other.story_id is not None]
    if len({other.story_id for other in others}) != 1 or not any(_resemble(lead, other) for other in others):
        return None
    return others[0].story_id


def _resemble(lead: Lead, other: Seen) -> bool:
    if lead.published_raw and lead.published_raw == other.published_raw:
        return True
    one, two = ((text or "").casefold().split() for text in (lead.title, other.title))
    return len({*one} & {*two}) * 3 >= max(len({*one}), len({*two}), 1)


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


def _missing(seen: Seen, at: datetime, status: int | None) -> Seen:
    """A story that we had is not there: a 404 may be a slip, so it is asked for twice more, a 410 once."""
    waits = AGAIN if status == 404 else AGAIN[-1:]
    failures = seen.failures + 1
    return replace(
        seen, failures=failures, due_at=at + waits[failures - 1] if failures <= len(waits) else None
    )


def _failed(seen: Seen, at: datetime, most: int = GIVE_UP) -> Seen:
    """Wait twice as long after each failure in a row, up to a day; then give up."""
    failures = seen.failures + 1
    wait = min(FIRST_RETRY * 2 ** (failures - 1), LAST_RETRY)
    return replace(seen, failures=failures, due_at=at + wait if failures < most else None)

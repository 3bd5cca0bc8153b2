"""When a channel is asked again, and how; what its answers teach us. Pure: `now` is passed in.

The source's `every` is the beat: at each the spider looks at every channel, and asks
those that are due. One that brings news in every beat is asked in every beat; one
that has been silent for a day waits an hour. What the feed or its server states
(`<ttl>`, `sy:updatePeriod`, Cache-Control) counts until we know better. Retry-After is
its host's, and rests all of it (`spiders/rests.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pipelines.ledger import Outcome
from pipelines.records import Heard, Source

PATIENCE = 24
"""A channel is asked about this often in the time that it takes to bring news, so that
what a daily one brings waits an hour at most."""

LONGEST = timedelta(hours=6)
"""No channel is asked less often, however long it was silent."""

LONGEST_STATED = timedelta(hours=1)
"""Feeds state a day and bring news every hour: more than this is not believed."""

RIVALS = 3
"""So many crawls with news in other channels make us doubt a channel that says 304."""

FULL_EVERY = timedelta(days=1)
"""So often a channel is asked for its whole body, whatever it says."""

_NEWS = 0.3
"""Weight of the last gap in the mean of the gaps between news."""


def not_yet(heard: Heard | None, source: Source, now: datetime) -> str | None:
    """Why a channel is not asked in a crawl at `now`; None if it is.

    A crawl off the beat (the channel was asked less than half of `every` ago) was
    started by hand: somebody wants to know, so every channel is asked.
    """
    if heard is None:
        return None
    early = source.every / 4  # beats are not exact: better a little early than a beat late
    if heard.due_at is None or heard.due_at - early <= now or now - heard.last_asked_at < source.every / 2:
        return None
    return f"asked again at {_hour(heard.due_at)}: {_habit(heard)}"


def may_be_conditional(heard: Heard | None, now: datetime) -> bool:
    """May the server answer 304? Not where that was wrong before, or is in doubt.

    Many servers and caches say 304 for ever. So a channel is asked for its body once
    a day, and when rival channels of the source have had news in RIVALS crawls while
    this one had none. An index is always asked for it: what it names may have changed.
    """
    return (
        heard is not None
        and heard.digest is not None
        and heard.channel_kind != "index"
        and not heard.lies
        and heard.rivals < RIVALS
        and heard.full_at is not None
        and now - heard.full_at < FULL_EVERY
    )


def remember(
    line: Mapping[str, Any], heard: Heard | None, source: Source, *, news: int, rival_news: int
) -> Heard | None:
    """Fold a channel's line of a crawl log into what is known of it; None if it was not asked.

    A backfill reads its channels for other entries: that teaches nothing either.
    `news` counts the URLs that this channel announced and nobody knew before this
    run, `rival_news` those of the source's other channels.
    """
    outcome, at = line.get("outcome"), line["at"]
    if outcome in (Outcome.NOT_DUE, Outcome.OVER_BUDGET) or line.get("backfill"):
        return None
    known = heard or Heard(url=line["url"], first_asked_at=at, last_asked_at=at)
    known = replace(known, last_asked_at=at, asks=known.asks + 1)
    if outcome not in (None, Outcome.UNCHANGED):  # each beat asks a sick channel, so that the run shows it
        return replace(known, failures=known.failures + 1, due_at=None)
    known = replace(known, failures=0)
    is_304 = line.get("http_status") == 304
    if news:
        known = _with_news(known, at)
    known = replace(known, rivals=known.rivals + 1 if is_304 and rival_news else 0 if news else known.rivals)
    if not is_304:
        known = replace(
            known,
            lies=known.lies or _lied(known, line),
            rivals=0,
            full_at=at,
            digest=line.get("digest"),
            etag=line.get("etag"),
            last_modified=line.get("last_modified"),
            channel_kind=line.get("channel_kind") or known.channel_kind,
        )
    return replace(known, due_at=at + wait(known, stated(line), at))


def wait(heard: Heard, stated_: timedelta | None, at: datetime) -> timedelta:
    """How long a channel rests after a good answer."""
    silent = at - (heard.news_at or heard.first_asked_at)
    gap = heard.gap or timedelta(0)
    learned = min(max(silent, gap) / PATIENCE, LONGEST)
    if stated_ is None:
        return learned
    believed = min(stated_, LONGEST_STATED)
    if heard.gap is not None:
        believed = min(believed, heard.gap / 2)  # it brings news sooner than it says
    return max(learned, believed)


def stated(line: Mapping[str, Any]) -> timedelta | None:
    """How long the channel itself says that its answer holds: the longer of feed and server.

    >>> stated({"ttl": 1800, "cache_control": "public, max-age=60"})
    datetime.timedelta(seconds=1800)
    """
    age = re.search(r"\bmax-age\s*=\s*\"?(\d{1,9})", line.get("cache_control") or "", re.I)
    never = re.search(r"\bno-(?:cache|store)\b", line.get("cache_control") or "", re.I)
    seconds = [float(line.get("ttl") or 0), int(age[1]) if age and not never else 0]
    return timedelta(seconds=max(seconds)) if max(seconds) else None


def _with_news(heard: Heard, at: datetime) -> Heard:
    if heard.news_at is None:  # all is news in a first answer: that says nothing of a rhythm
        return replace(heard, news_at=at)
    gap = at - heard.news_at
    mean = gap if heard.gap is None else heard.gap * (1 - _NEWS) + gap * _NEWS
    return replace(heard, news_at=at, gap=mean)


def _lied(heard: Heard, line: Mapping[str, Any]) -> bool:
    """Did the body change while what a 304 would be decided by did not?"""
    if heard.digest is None or line.get("digest") == heard.digest:
        return False
    before, after = (heard.etag, heard.last_modified), (line.get("etag"), line.get("last_modified"))
    return any(before) and before == after


def _habit(heard: Heard) -> str:
    if heard.gap is not None:
        return f"it brings news about every {_long(heard.gap)}"
    return "it has brought none since we know it, or asks for that"


def _hour(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _long(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"

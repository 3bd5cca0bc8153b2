"""Learn how much a source brings at which hour of the week, and say what was to be expected. Pure.

    runs ─▸ hours (what came in each) ─▸ rates by hour of week ─▸ expected, and how it scatters

A source of a hundred stories a day has had few at Tuesdays at four, even after weeks. So each rate leans
on a coarser one, as much as a few hours of watching are worth (LEAN): that of the hour of the week on the
hour of working days or weekends, that on how much such days bring and on the shape of all days. What an
hour scatters is judged by the rates that the *other* hours give, or the law would seem tighter than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.checks import chance
from pipelines.measures import Measures

LEARNED = timedelta(days=14)
"""Of watching, before hours of the week mean anything: each was there twice, and two weekends."""

LEAN = 4.0
"""Hours that a coarser rate counts for."""

LAW = 4.0
"""Variance over mean of windows of which we know nothing yet, and for how many windows that counts."""
KNOWN = 2

CALMEST = 0.25
"""Least variance over mean: nobody is so regular that a few missing stories mean something."""

SPREAD = (0.02, 3.0)
"""Least and most spread of an hour: see `chance`."""

_HOUR = 3600.0
_DAY = timedelta(days=1)
_ANSWERED = frozenset({"ok", "unchanged"})

Array = Any
"""One value for each hour watched."""


@dataclass(frozen=True, eq=False)
class Rhythm:
    """What came in each hour that was watched, the last first, and what was to be expected then."""

    watched: timedelta
    """While nothing was wrong."""
    ends: Array
    """Of the hours, seconds of the epoch; the last is the run's own moment."""
    came: Array
    expected: Array
    as_on_weekends: Array
    """What a Saturday or Sunday would have brought."""
    teaches: Array
    """Whether it says what is usual: 1, or 0 where something was wrong."""
    spread: float
    of_run: float
    """What was to be expected since the run before."""
    hours: _Hours

    @property
    def is_learned(self) -> bool:
        return self.watched >= LEARNED

    @property
    def a_day(self) -> float:
        """Stories that came in a day, while nothing was wrong."""
        days = self.watched / timedelta(days=1)
        return float(np.sum(self.came * self.teaches)) / days if days else 0.0

    def silence(self) -> tuple[float, float, timedelta]:
        """Since anything last came: the surprise (nats), that by weekends' rates, and how long it is."""
        last = np.flatnonzero(self.came > 0)
        hours = slice(0, int(last[0]) if len(last) else len(self.came))
        quiet, sunday = self.expected[hours].tolist(), self.as_on_weekends[hours].tolist()
        return chance.silence(quiet, self.spread), chance.silence(sunday, self.spread), self._back(len(quiet))

    def _back(self, hours: int) -> timedelta:
        return (
            timedelta(seconds=float(self.ends[0] - self.ends[hours - 1]) + _HOUR) if hours else timedelta(0)
        )

    def window(self, length: timedelta) -> Window:
        """What came in the time up to now, beside what the time before it taught.

        By all hours alike, a drop would teach itself: after a day it is half of what is usual.
        """
        block = self._block(length)
        mine = block == 0
        rates = self.hours.rates(self.teaches * ~mine)
        usual, sundays = self.hours.by(rates, mine), self.hours.by_weekends(rates, mine)
        days = self._scatter(self._block(min(length, _DAY)))
        poorest = self._poorest_day(mine, usual)
        lumps = min(days, 1.0) + self.spread * float(np.sum(usual**2)) / max(float(np.sum(usual)), 1.0)
        weeks = float(np.sum(self.hours.watched[~mine] * self.teaches[~mine])) / (7 * 24)
        return Window(
            came=float(np.sum(self.came[mine])),
            expected=float(np.sum(usual)),
            on_weekends=float(np.sum(sundays)),
            with_holiday=float(np.sum(np.where(poorest, sundays, usual))),
            besides=(float(np.sum(self.came[mine][~poorest])), float(np.sum(usual[~poorest]))),
            # By the days that were, or by the lumps of these hours, if it is a busy day. And what is expected
            # of a Monday few Mondays have said: that scatters as well.
            scatter=max(days, lumps) * (1 + 1 / max(weeks, 1 / 7)),
            taught=timedelta(weeks=weeks),
        )

    def roughly(self, length: timedelta) -> float:
        """What came in the time up to now, as a share of what all hours together let expect: no new rates."""
        mine = self._block(length) == 0
        return float(np.sum(self.came[mine])) / max(float(np.sum(self.expected[mine])), 1e-6)

    def _poorest_day(self, mine: Array, usual: Array) -> Array:
        """Which of these hours are of that working day, by the source's own clock, that lacks most."""
        working = self.hours.day[mine] < 5
        if not working.any():
            return working
        date = self.hours.date[mine] - self.hours.date[mine].min()
        lacks = np.bincount(date[working], (usual - self.came[mine])[working])
        return working & (date == np.argmax(lacks))

    def on_working_days(self, length: timedelta) -> bool:
        """Is any of the time up to now no weekend's, by the source's own clock?"""
        return bool(np.any(self.hours.day[self._block(length) == 0] < 5))

    def _block(self, length: timedelta) -> Array:
        """Which time of so long, counted back from now, an hour belongs to."""
        return ((self.ends[0] - self.ends) // length.total_seconds()).astype(int)

    def _scatter(self, block: Array) -> float:
        """Variance over mean of times in which less came than expected: of bursts nothing follows."""
        came = np.bincount(block, self.came * self.teaches)[1:]
        expected = np.bincount(block, self.expected * self.teaches)[1:]
        told = expected >= 1
        less = np.minimum(came[told] - expected[told], 0)  # in half of them, if nothing is wrong
        scatter = float(np.sum(less**2 / expected[told]))
        return max(CALMEST, (LAW * KNOWN + scatter) / (KNOWN + int(np.sum(told)) / 2))

    def busiest_day(self) -> float:
        """What was to be expected on that one of the last seven days that had most."""
        days = ((self.ends[0] - self.ends) // (24 * _HOUR)).astype(int)
        return float(np.max(np.bincount(days, self.expected)[:7]))


@dataclass(frozen=True)
class Window:
    """What came in a time, and what was to be expected."""

    came: float
    expected: float
    on_weekends: float
    with_holiday: float
    """What was to be expected if that working day that lacks most brought as much as a weekend's."""
    besides: tuple[float, float]
    """What came on all the others, and what was to be expected then."""
    scatter: float
    """Variance over mean of what comes in such a time."""
    taught: timedelta
    """How long the time before it was watched."""

    @property
    def surprise(self) -> float:
        """In nats, that so little came."""
        return chance.less(self.came, self.expected, self.scatter)

    @property
    def surprise_on_weekends(self) -> float:
        return chance.less(self.came, self.on_weekends, self.scatter)

    @property
    def surprise_with_holiday(self) -> float:
        return chance.less(self.came, self.with_holiday, self.scatter)

    @property
    def off(self) -> float:
        """In standard deviations."""
        return chance.deviation(self.came, self.expected, self.scatter)


def learned(
    past: Sequence[Measures], run: Measures, zone: str, is_sound: Callable[[Measures], bool] = lambda m: True
) -> Rhythm | None:
    """The rhythm of a source up to and with a run; None where nothing was watched before it.

    Runs that are not sound are seen, and teach nothing.

    A time counts as watched from one run whose channels answered to the next; not where that
    took far longer than usual: what piled up meanwhile is no hour's, and some of it is lost.
    """
    runs = [m for m in (*past, run) if _was_told(m)]
    if len(runs) < 2 or runs[-1] is not run:
        return None
    times = np.array([m.started_at.timestamp() for m in runs])
    lengths = np.diff(times)
    kept = lengths <= _longest(lengths)
    kept[-1] = True  # the run's own time is judged, however long
    came = np.array([m.arrived for m in runs[1:]], dtype=float)
    sound = np.array(
        [*(is_sound(m) for m in runs[1:-1]), False], dtype=float
    )  # the run itself is to be judged
    brought = np.flatnonzero(came > 0)
    sound[int(brought[-1]) + 1 if len(brought) else 0 :] = 0  # a silence that goes on must not teach itself
    hours = _by_hour(times[1:][kept], lengths[kept], came[kept], sound[kept])
    watched = timedelta(seconds=float(np.sum((lengths * sound)[kept])))
    return fitted(*hours, zone, watched, float(lengths[-1]) / _HOUR)


def lately(past: Sequence[Measures], run: Measures, length: timedelta) -> tuple[float, timedelta]:
    """What all runs of the time up to now brought, and how much of that time was watched.

    After a pause of ours a run brings what piled up, and counts whole; but the pause was not watched: what a
    feed dropped meanwhile nobody saw. Of a run that reaches over the beginning, its part counts.
    """
    runs = [m for m in (*past, run) if _was_told(m)]
    times = np.array([m.started_at.timestamp() for m in runs])
    lengths = np.diff(times)
    if not len(lengths):
        return 0.0, timedelta(0)
    since = run.started_at.timestamp() - length.total_seconds()
    inside = np.clip(times[1:] - since, 0, lengths)
    came = np.array([m.arrived for m in runs[1:]], dtype=float)
    watched = float(np.sum(inside[lengths <= _longest(lengths)]))
    return float(np.sum(came * inside / np.maximum(lengths, 1e-6))), timedelta(seconds=watched)


def _longest(lengths: Array) -> float:
    """Seconds between two runs in which nothing is lost."""
    return float(max(3 * median(lengths.tolist()), 2 * _HOUR))


def _was_told(m: Measures) -> bool:
    """Did a channel answer? Else what came since waits for the next run."""
    return any(c.outcome in _ANSWERED for c in m.channels)


def _by_hour(ends: Array, lengths: Array, came: Array, sound: Array) -> tuple[Array, Array, Array, Array]:
    """Hours back from the last moment, the last first: end, how much was watched, what came, all sound?

    What came in a longer time is spread over its hours.
    """
    parts = np.maximum(1, np.round(lengths / _HOUR)).astype(int)
    run = np.repeat(np.arange(len(ends)), parts)
    nth = np.arange(len(run)) - np.repeat(np.cumsum(parts) - parts, parts)
    at = ends[run] - (nth + 0.5) * (lengths / parts)[run]
    hour = ((ends[-1] - at) // _HOUR).astype(int)
    watched = np.bincount(hour, (lengths / parts)[run] / _HOUR)
    counted = np.bincount(hour, (came / parts)[run])
    unsound = np.bincount(hour, 1 - sound[run])
    there = np.flatnonzero(watched > 0)
    return ends[-1] - there * _HOUR, watched[there], counted[there], (unsound[there] == 0).astype(float)


def fitted(
    ends: Array, watched_hours: Array, came: Array, sound: Array, zone: str, watched: timedelta, own: float
) -> Rhythm:
    """The rhythm of hours, the last first; `own` are the hours since the run before."""
    local = ZoneInfo(zone)
    when = [datetime.fromtimestamp(end - _HOUR / 2, UTC).astimezone(local) for end in ends.tolist()]
    hour, day = np.array([w.hour for w in when]), np.array([w.weekday() for w in when])
    date = np.array([w.toordinal() for w in when])
    hours = _Hours(date, hour, day, watched_hours, came)
    rates = hours.rates(sound)
    expected = rates.at(hour, day, watched_hours * sound, came * sound) * watched_hours
    off, mean = (came - expected)[sound > 0], expected[sound > 0]
    total = float(np.sum(mean**2))
    spread = float(np.sum(off**2 - mean)) / total if total else SPREAD[1]
    mine = slice(0, max(1, round(own)))
    return Rhythm(
        watched=watched,
        ends=ends,
        came=came,
        expected=expected,
        as_on_weekends=hours.by_weekends(rates),
        teaches=sound,
        spread=float(np.clip(spread, *SPREAD)),
        of_run=float(np.sum(expected[mine]) / np.sum(watched_hours[mine])) * own,
        hours=hours,
    )


@dataclass(frozen=True, eq=False)
class _Hours:
    """The hours that were watched, the last first: when by its own clock, how much of each, what came."""

    date: Array
    """Days counted as Python's ordinals."""
    hour: Array
    day: Array
    watched: Array
    came: Array

    def rates(self, teaches: Array) -> _Rates:
        return _Rates(self.hour, self.day, self.watched * teaches, self.came * teaches)

    def by(self, rates: _Rates, of: Array | slice = slice(None), day: int | None = None) -> Array:
        """What rates that others taught give for these hours, on their own days or all on one."""
        hour = self.hour[of]
        zeros = np.zeros(len(hour))
        days = self.day[of] if day is None else np.full(len(hour), day)
        return rates.at(hour, days, zeros, zeros) * self.watched[of]

    def by_weekends(self, rates: _Rates, of: Array | slice = slice(None)) -> Array:
        return np.minimum(self.by(rates, of, 5), self.by(rates, of, 6))


class _Rates:
    """Stories an hour by hour of the week, each leaning on coarser ones."""

    def __init__(self, hour: Array, day: Array, hours: Array, came: Array) -> None:
        self._sums = {
            name: (np.bincount(key, hours, size), np.bincount(key, came, size))
            for name, key, size in _keys(hour, day)
        }

    def at(self, hour: Array, day: Array, without_hours: Array, without_came: Array) -> Array:
        """Rates at hours of the week, as all watched hours but one each teach them."""

        def rate(name: str, key: Array, prior: Array) -> Array:
            hours, came = self._sums[name]
            return (came[key] - without_came + LEAN * prior) / (hours[key] - without_hours + LEAN)

        keys = {name: key for name, key, _ in _keys(hour, day)}
        hours, came = self._sums["all"]
        whole = (came[0] - without_came + 0.5) / (hours[0] - without_hours + LEAN)
        shape = rate("hour", keys["hour"], whole) / whole
        kind = rate("kind", keys["kind"], whole)
        in_kind = rate("kind_hour", keys["kind_hour"], kind * shape)
        of_day = rate("day", keys["day"], kind) / kind
        return rate("day_hour", keys["day_hour"], in_kind * of_day)


def _keys(hour: Array, day: Array) -> list[tuple[str, Array, int]]:
    weekend = (day > 4).astype(int)
    return [
        ("all", np.zeros(len(hour), dtype=int), 1),
        ("hour", hour, 24),
        ("kind", weekend, 2),
        ("kind_hour", weekend * 24 + hour, 48),
        ("day", day, 7),
        ("day_hour", day * 24 + hour, 168),
    ]

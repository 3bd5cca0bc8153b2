"""Does it bring as much as it should, now? Silence, drops, surges, sections that are lost. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import log

from pipelines.checks import chance, rhythm
from pipelines.checks.judging import FEW, Flow, Judging
from pipelines.checks.rhythm import Rhythm, Window
from pipelines.ledger import Cause, Finding, Severity

DAY = timedelta(hours=24)
WINDOWS = (
    (timedelta(hours=6), 8.0),
    (timedelta(hours=12), 7.0),
    (timedelta(hours=24), 6.5),
    (timedelta(hours=36), 6.5),
    (timedelta(hours=48), 5.5),
    (timedelta(hours=72), 5.0),
    (timedelta(hours=96), 4.5),
    (timedelta(hours=168), 4.5),
)
"""In which a drop is looked for, and from what surprise (nats) on it is one. The shorter, the more often
chance is asked, and the lumpier is what comes: the surer we must be. Tried on invented source-years that were
well (`python -m bench.drops`), which says how often they are wrong, and how soon a drop is told."""

TAUGHT = timedelta(days=10)
"""That the time before a window was watched, at least, to say what was to be expected in it."""

WATCHED = timedelta(hours=23)
"""Of a day, at least, to say whether it brought what is promised for one."""

DROPPED = 0.6
"""Of what was expected, at most; smaller drops are the publisher's own affair."""
LOOKED_AT = 0.85
"""Of what all hours let expect, those of the drop too: with more there is none, and new rates are dear."""
SURGED = 3.0

NOTICEABLE = 8.0
"""Stories that must have been expected for fewer to mean something."""

UNLEARNED = timedelta(days=4)
"""A source of less than two weeks may be silent for as long: a holiday before a weekend was not seen yet."""

ONE_DAY = timedelta(hours=36)
"""What looks like a Sunday may be a holiday, if it is no longer than that; of longer times, one day."""

SUNDAY = 6.0
"""Nats: less surprising than that by the rates of weekends, it may be a day like a Sunday."""

LIKE_A_SUNDAY = 4.5
"""Nats: what came in a time is less surprising than that, if weekends' rates were to be expected."""

QUIET, NORMAL, ASKED = 0.6, 0.75, 30.0
"""Shares of what was expected at which the others are quiet, or as ever; of how many stories at least."""

RESTING = (3.0, 1.5)
"""Variance over mean of what another brings in a day, and the surprise (nats) from which it brings less."""

LOST = 0.25
"""Share of the stories that sections brought, at least, to call it a loss."""
LUCK = 6.0
"""Nats: that many stories lately were by chance all of the other sections."""


def brings_as_much(j: Judging) -> Iterator[Finding]:
    """As much as at this hour of the week, and as promised for a day."""
    flow = j.rhythm
    if flow is None:
        return
    found = [*silent(j, flow)] or [*_dropped(j, flow)]
    yield from found
    yield from _promised(j, flow, bool(found))


def silent(j: Judging, flow: Rhythm) -> Iterator[Finding]:
    surprise, by_sundays, length = flow.silence()
    if not flow.is_learned:
        longest = _longest_pause(j)
        if length < max(UNLEARNED, 3 * longest):
            return
    elif surprise < chance.sure_of_silence(flow.a_day):
        return
    expected = float(sum(flow.expected[: int((flow.came > 0).argmax()) or len(flow.came)]))
    holiday = by_sundays < SUNDAY and length <= ONE_DAY and flow.on_working_days(length)
    quiet = _why_quiet(j, holiday)
    newest = max((p.newest_said_at for p in (*j.past, j.m) if p.newest_said_at), default=None)
    yield j.finding(
        "feeds_move",
        Severity.NOTE if quiet else Severity.ERROR,
        Cause.QUIET_DAY if quiet else Cause.FEED_FROZEN,
        f"nothing new for {_long(length)}, though its channels answer" + (f": {quiet}" if quiet else ""),
        "nothing: it looks like a quiet day"
        if quiet
        else "open a channel and the front page in a browser: stories there that the channel does not name? "
        "it is frozen: find the one that took its place, or tell the publisher",
        f"{expected:.0f} stories were expected"
        + (f"; the newest entry is of {_when(newest)}" if newest else ""),
    )


def _longest_pause(j: Judging) -> timedelta:
    arrivals = [p.started_at for p in j.past if p.arrived]
    return max((b - a for a, b in pairwise(arrivals)), default=timedelta(days=365))


def _dropped(j: Judging, flow: Rhythm) -> Iterator[Finding]:
    if not flow.is_learned:
        return
    drops = [_drop(j, flow, length, seen) for length, seen in low(flow)]
    if drops:  # what was taken for a Sunday is none after three days
        yield max(drops, key=lambda f: f.severity.rank)
        return
    day = flow.window(DAY)
    if day.expected >= NOTICEABLE and day.came >= SURGED * day.expected and day.off >= 5:
        yield j.finding(
            "brings_as_much",
            Severity.NOTE,
            Cause.VOLUME_SURGE,
            f"{day.came:.0f} stories in {_long(DAY)}, where {day.expected:.0f} are usual",
            "nothing: big news; or addresses that change: see whether they repeat",
        )


def low(flow: Rhythm) -> Iterator[tuple[timedelta, Window]]:
    """The times up to now in which so little came that it is a drop, the shortest first."""
    for length, least in WINDOWS:
        if flow.roughly(length) > LOOKED_AT:
            continue
        seen = flow.window(length)
        if seen.taught < TAUGHT or seen.expected < NOTICEABLE or seen.came > DROPPED * seen.expected:
            continue
        if seen.surprise >= least:
            yield length, seen


def _drop(j: Judging, flow: Rhythm, length: timedelta, seen: Window) -> Finding:
    quiet = _why_quiet(j, _may_be_a_holiday(flow, length, seen))
    lost, luck = _lost_sections(j, length)
    scatter = (seen.expected * seen.scatter) ** 0.5
    evidence = f"{seen.came:.0f} in {_long(length)}, expected {seen.expected:.0f} ± {scatter:.0f}"
    if quiet:
        return j.finding(
            "brings_as_much", Severity.NOTE, Cause.QUIET_DAY,
            f"{seen.came / seen.expected:.0%} of what is usual at this time: {quiet}",
            "nothing: it looks like a quiet day", evidence,
        )  # fmt: skip
    if lost:
        return j.finding(
            "brings_as_much", Severity.WARNING, Cause.SECTION_LOST,
            f"nothing from {', '.join(lost)}; {seen.came / seen.expected:.0%} of what is usual in all",
            "open these sections in a browser: renamed or given up? they may have channels of their own now",
            f"{evidence}; by chance once in {2.718**luck:,.0f}",
        )  # fmt: skip
    return j.finding(
        "brings_as_much", Severity.WARNING, Cause.VOLUME_DROP,
        f"{seen.came / seen.expected:.0%} of what is usual at this time",
        "compare the front page with its newest stories here: what is missing, which channel has it?",
        evidence,
    )  # fmt: skip


def _may_be_a_holiday(flow: Rhythm, length: timedelta, seen: Window) -> bool:
    """Is it as on its weekends, or, of a longer time, no drop if one working day of it were as they are?

    A holiday beside a weekend is followed, or led, by hours that bring little in any case. But the others
    must have brought what they should: a second day like it is none.
    """
    if length > ONE_DAY:
        is_none = (
            seen.came > DROPPED * seen.with_holiday or seen.surprise_with_holiday < dict(WINDOWS)[length]
        )
        came, expected = seen.besides
        return is_none and (expected < NOTICEABLE or came > DROPPED * expected)
    as_on_weekends = seen.surprise_on_weekends < LIKE_A_SUNDAY and seen.on_weekends < DROPPED * seen.expected
    return as_on_weekends and flow.on_working_days(length)


def _promised(j: Judging, flow: Rhythm, is_told: bool) -> Iterator[Finding]:
    """What `[expect]` promises for a day; one with less by its own rhythm, a Sunday say, breaks nothing."""
    least, most = j.source.expect.stories_min, j.source.expect.stories_max
    came, watched = rhythm.lately(j.past, j.m, DAY)
    if watched < WATCHED:
        return
    seen = replace(flow.window(DAY), came=came)
    if least is not None and seen.came < least and not is_told:
        usual = flow.is_learned and seen.expected < least <= flow.busiest_day() and seen.off > -3
        quiet = "its own rhythm has no more at this time" if usual else _why_quiet(j, by_sundays=False)
        yield j.finding(
            "keeps_its_promise",
            Severity.NOTE if quiet else Severity.ERROR,
            Cause.QUIET_DAY if quiet else Cause.VOLUME_DROP,
            f"{seen.came:.0f} stories in the last 24 hours, promised are {least}"
            + (f": {quiet}" if quiet else ""),
            "compare the front page with its newest stories here; if it brings less now, correct `[expect]`",
            f"learned are {seen.expected:.0f}",
        )
    if most is not None and seen.came > most:
        yield j.finding(
            "keeps_its_promise",
            Severity.WARNING,
            Cause.VOLUME_SURGE,
            f"{seen.came:.0f} stories in the last 24 hours, promised are at most {most}",
            "big news, or the same under ever new addresses? if it brings more now, correct `[expect]`",
            f"learned are {seen.expected:.0f}",
        )


def _why_quiet(j: Judging, by_sundays: bool) -> str | None:
    """What says that this is how it is today; None where nothing does, or the others are as ever."""
    flows = list(j.others.values())
    others = _others(flows)
    if others is not None:
        if others <= QUIET:
            return f"the other sources bring {others:.0%} of theirs too"
        if others >= NORMAL and not _some_rest(flows):
            return None
    if by_sundays:
        return "it is as on its own weekends: a holiday?"
    return None


def _others(flows: Sequence[Flow]) -> float | None:
    """What share the other sources bring of what was expected of them; None where too few can tell."""
    came, expected = sum(c for c, _ in flows), sum(e for _, e in flows)
    return came / expected if len(flows) >= 3 and expected >= ASKED else None


def _some_rest(flows: Sequence[Flow]) -> bool:
    """Do several of the others bring clearly less as well? Holidays are a country's, not the world's.

    >>> _some_rest([(100, 100)] * 12 + [(50, 100)] * 3), _some_rest([(100, 100)] * 14 + [(50, 100)])
    (True, False)
    """
    low = [c for c, e in flows if c <= NORMAL * e and chance.less(c, e, RESTING[0]) >= RESTING[1]]
    return len(low) >= max(3, 0.15 * len(flows))


def _lost_sections(j: Judging, length: timedelta) -> tuple[list[str], float]:
    """Sections that brought much and nothing in this time, and how surprising that is (nats)."""
    since = j.m.started_at - length
    before: Counter[str] = Counter()
    for p in j.usual:
        before.update({c.name: c.count for c in p.sections} if p.started_at <= since else {})
    now: Counter[str] = Counter({c.name: c.count for c in j.m.sections})
    for p in reversed(j.past):
        if p.started_at <= since:
            break
        now.update({c.name: c.count for c in p.sections})
    all_ = sum(before.values())
    lost = [name for name, n in before.most_common() if not now[name] and n >= 0.05 * all_]
    share = sum(before[name] for name in lost) / all_ if all_ else 0.0
    if all_ < 8 * FEW or share < LOST or share > 0.95 or not now:
        return [], 0.0
    luck = -sum(now.values()) * log(1 - share)
    return (lost, luck) if luck >= LUCK else ([], 0.0)


def _long(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"

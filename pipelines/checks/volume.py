"""Does it bring as much as it should, now? Silence, drops, surges, sections that are lost. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import log

from pipelines.checks import chance, rhythm
from pipelines.checks.judging import FEW, Flow, Judging, failing
from pipelines.checks.rhythm import Rhythm, Window
from pipelines.ledger import Cause, Finding, Severity

DAY = timedelta(hours=24)
WINDOWS = ((timedelta(hours=6), -5.0), (DAY, -4.0), (timedelta(hours=72), -4.0))
"""In which a drop is looked for, and from how many standard deviations on it is one. The shorter, the more
often chance is asked, and the surer we must be."""

WATCHED = timedelta(hours=23)
"""Of a day, at least, to say whether it brought what is promised for one."""

DROPPED = 0.6
"""Of what was expected, at most; smaller drops are the publisher's own affair."""
SURGED = 3.0

NOTICEABLE = 8.0
"""Stories that must have been expected for fewer to mean something."""

UNLEARNED = timedelta(days=4)
"""A source of less than two weeks may be silent for as long: a holiday before a weekend was not seen yet."""

ONE_DAY = timedelta(hours=36)
"""What looks like a Sunday may be a holiday, as long as it is not longer than that."""

SUNDAY = 6.0
"""Nats: less surprising than that by the rates of weekends, it may be a day like a Sunday."""

QUIET, NORMAL, ASKED = 0.6, 0.75, 30.0
"""Shares of what was expected at which the others are quiet, or as ever; of how many stories at least."""

LOST = 0.25
"""Share of the stories that sections brought, at least, to call it a loss."""
LUCK = 6.0
"""Nats: that many stories lately were by chance all of the other sections."""


def channels_name_stories(j: Judging) -> Iterator[Finding]:
    """A channel that answers and names nothing, though it used to; or half of them, or none at all."""
    channels = [c for c in j.m.channels if c.outcome != "redirect" and c.outcome != "over_budget"]
    named = {c.url: c for c in channels}
    empty = [url for url, c in named.items() if _names_nothing(j, url) and not failing(c.outcome)]
    if paused := [url for url in empty if j.past and _may_be_empty(j, url)]:
        yield j.finding(
            "channels_name_stories",
            Severity.NOTE,
            Cause.FEED_EMPTY,
            f"{', '.join(paused[:3])}: names no story, and none came for a day",
            "nothing: a news sitemap lists two days, and this is a pause as its source has them",
        )
        named = {url: c for url, c in named.items() if url not in paused}
        empty = [url for url in empty if url not in paused]
    gone = [url for url, c in named.items() if failing(c.outcome)]
    carriers = [url for url in named if url in gone or url in empty or _usually_named(j, url) > 0]
    if not empty and not gone:
        return
    # A front page may go on naming stories while the feeds beside it are empty: it is they that are sick.
    feeds = {url for url in carriers if url not in (*j.source.sections, j.source.home)}
    if empty and (len(empty) == len(carriers) or (feeds and feeds <= set(empty))):
        yield j.finding(
            "channels_name_stories",
            _of_empty(len(empty) < len(carriers), bool(j.past)),  # of a new source nobody knows what is usual
            Cause.FEED_EMPTY,
            f"{', '.join(empty[:3])}: answered, and names not one story",
            "open it in a browser: empty there too? it was moved or renamed: correct the source's TOML",
            f"usually it names {max(_usually_named(j, u) for u in empty):.0f}",
        )
    elif len(carriers) >= 2 and len(empty) + len(gone) < len(carriers):
        lost = empty + gone
        half = 2 * len(lost) >= len(carriers)
        yield j.finding(
            "channels_name_stories",
            Severity.WARNING,
            Cause.SECTION_LOST,
            f"{len(lost)} of {len(carriers)} channels are gone or empty: {', '.join(lost[:3])}",
            "open them in a browser: renamed or given up? correct the source's TOML",
            "half of what it was crawled for" if half else "the others go on",
        )


def _of_empty(others_go_on: bool, has_past: bool) -> Severity:
    if not has_past:
        return Severity.NOTE
    return Severity.WARNING if others_go_on else Severity.ERROR


def _usually_named(j: Judging, url: str) -> int:
    return max((c.named or 0 for p in j.usual for c in p.channels if c.url == url), default=0)


def _may_be_empty(j: Judging, url: str) -> bool:
    """Is it a sitemap with nothing to list: none came for a day, and that is no silence by its rhythm?

    A news sitemap lists the stories of the last two days: that of a paper without a Sunday is empty then.
    """
    source = j.source
    if not source.sitemaps or url in (*source.feeds, *source.sections, source.home):
        return False  # what is declared nowhere is a part of an index
    if any(p.arrived for p in j.past if p.started_at > j.m.started_at - DAY):
        return False
    flow = j.rhythm
    return flow is None or all(f.severity is Severity.NOTE for f in _silent(j, flow))


def _names_nothing(j: Judging, url: str) -> bool:
    """By its last full answer: an unchanged empty feed is as empty as it was."""
    for m in (j.m, *reversed(j.past)):
        for c in m.channels:
            if c.url == url and c.named is not None:
                return c.named == 0 and (_usually_named(j, url) > 0 or not j.past)
    return False


def brings_as_much(j: Judging) -> Iterator[Finding]:
    """As much as at this hour of the week, and as promised for a day."""
    flow = j.rhythm
    if flow is None:
        return
    found = [*_silent(j, flow)] or [*_dropped(j, flow)]
    yield from found
    yield from _promised(j, flow, bool(found))


def _silent(j: Judging, flow: Rhythm) -> Iterator[Finding]:
    surprise, by_sundays, length = flow.silence()
    if not flow.is_learned:
        longest = _longest_pause(j)
        if length < max(UNLEARNED, 3 * longest):
            return
    elif surprise < chance.sure_of_silence(flow.a_day):
        return
    expected = float(sum(flow.expected[: int((flow.came > 0).argmax()) or len(flow.came)]))
    quiet = _why_quiet(j, length, by_sundays < SUNDAY)
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
    drops = [
        _drop(j, length, seen)
        for length, least in WINDOWS
        if (seen := flow.window(length)).expected >= NOTICEABLE
        and seen.came <= DROPPED * seen.expected
        and seen.off <= least
    ]
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


def _drop(j: Judging, length: timedelta, seen: Window) -> Finding:
    quiet = _why_quiet(j, length, seen.off_from_weekends > -3 and seen.on_weekends < DROPPED * seen.expected)
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


def _promised(j: Judging, flow: Rhythm, is_told: bool) -> Iterator[Finding]:
    """What `[expect]` promises for a day; one with less by its own rhythm, a Sunday say, breaks nothing."""
    least, most = j.source.expect.stories_min, j.source.expect.stories_max
    came, watched = rhythm.lately(j.past, j.m, DAY)
    if watched < WATCHED:
        return
    seen = replace(flow.window(DAY), came=came)
    if least is not None and seen.came < least and not is_told:
        usual = flow.is_learned and seen.expected < least <= flow.busiest_day() and seen.off > -3
        quiet = "its own rhythm has no more at this time" if usual else _why_quiet(j, DAY, by_sundays=False)
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


def _why_quiet(j: Judging, length: timedelta, by_sundays: bool) -> str | None:
    """What says that this is how it is today; None where nothing does, or the others are as ever."""
    others = _others(list(j.others.values()))
    if others is not None:
        if others <= QUIET:
            return f"the other sources bring {others:.0%} of theirs too"
        if others >= NORMAL and j.others:
            return None
    if by_sundays and length <= ONE_DAY and j.m.started_at.weekday() < 5:
        return "it is as on its own weekends: a holiday?"
    return None


def _others(flows: Sequence[Flow]) -> float | None:
    """What share the other sources bring of what was expected of them; None where too few can tell."""
    came, expected = sum(c for c, _ in flows), sum(e for _, e in flows)
    return came / expected if len(flows) >= 3 and expected >= ASKED else None


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

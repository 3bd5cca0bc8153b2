"""Judge what was found: how much comes a day, in which language and zone, and what is in the way. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from statistics import median
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytz
from dateutil import parser as dates

from pipelines.channels.said import instant
from pipelines.ledger import LedgerLine, Outcome
from pipelines.probe.report import Example, Found, Problem, Report
from pipelines.records import Story

FIELDS = (
    "headline", "published_at", "byline", "authors", "description", "section", "keywords", "image_url",
    "dateline", "credit_line", "language", "modified_at", "canonical_url", "uri",
)  # fmt: skip
"""Whose coverage is shown: what a good site fills, and an agency besides."""

FEED_KINDS = ("rss", "atom", "json")
RECENT = timedelta(days=14)
STALE = timedelta(days=3)
MOST_STATEMENTS = 10
"""About rights, that are shown; a site that words each page differently is no list."""

ENOUGH = 10
"""Stories from which a share can be promised."""

_NEXT = {
    Outcome.ROBOTS_DENIED.value: "`deny` what robots.txt forbids, so that no crawl tries it",
    Outcome.RIGHTS_RESERVED.value: "read the publisher's terms, and what the key `rights` can do",
    Outcome.OUT_OF_SCOPE.value: "name the hosts of its stories in `hosts`",
    Outcome.NOT_STORY.value: "`deny` what such addresses have in common",
    Outcome.REJECTED.value: "look at one: no rule helps with a paywall or a page drawn by script; with "
    "another layout a rule with `body` does",
}
"""What to do when most pages end so."""

_OFFSET = re.compile(r"(Z|GMT|UTC|[+-]\d\d:?\d\d)\s*$")


def moment(raw: str | None) -> datetime | None:
    """When a channel says that a story came, near enough to count by: a time without a zone is UTC."""
    if not raw or len(raw) > 100:
        return None
    try:
        return instant(raw) or dates.parse(raw).replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def per_day(times: Iterable[datetime], now: datetime) -> float | None:
    """Stories a day by their dates: those of the newest two weeks, over the time between the first and last.

    >>> now = datetime(2026, 3, 5, 12, tzinfo=UTC)
    >>> per_day([now - timedelta(hours=6 * n) for n in range(9)], now)
    4.0
    >>> per_day([now], now) is None
    True
    """
    past = sorted(t for t in times if t <= now + timedelta(hours=1))
    recent = [t for t in past if t >= past[-1] - RECENT]
    span = recent[-1] - recent[0] if recent else timedelta(0)
    if len(recent) < 2 or not span:
        return None
    return (len(recent) - 1) / (span / timedelta(days=1))


def measured(channel: Found, times: Sequence[datetime], now: datetime) -> Found:
    """The channel with what the dates of its entries tell."""
    return replace(channel, dated=len(times), newest_at=max(times, default=None), per_day=per_day(times, now))


def chosen(channels: Sequence[Found]) -> tuple[Found, ...]:
    """Mark the channels to declare: feeds and news sitemaps; if there are none, sitemaps or the front page.

    An index is declared in place of the parts that it leads to, since parts come and go.
    """
    asked = [c for c in channels if not c.trouble]
    feeds = [c for c in asked if c.kind in FEED_KINDS and c.stories][:8]
    parts = [c for c in asked if c.named_by == "an index" and c.stories]
    is_news = any(c.kind == "news_sitemap" for c in parts)
    indexes = [c for c in asked if c.kind == "index" and parts][:2]
    maps = [c for c in asked if c.kind == "news_sitemap" and c.stories and c.named_by != "an index"][:4]
    used = {c.url for c in (*feeds, *maps, *(indexes if is_news else ()))}
    if not used:
        pages = [c for c in asked if c.kind == "section" and c.stories >= 3]
        plain = [c for c in asked if c.kind == "sitemap" and c.stories and c.named_by != "an index"]
        used = {c.url for c in (*pages, *(indexes or plain)[:2])}
    return tuple(replace(c, used=c.url in used) for c in channels)


def other_hosts(leads: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Hosts out of scope on which half of the announced stories or more are."""
    hosts = Counter(
        urlsplit(str(line["url"])).hostname or ""
        for line in leads
        if line.get("outcome") == Outcome.OUT_OF_SCOPE
    )
    return tuple(h for h, count in hosts.items() if h and count * 2 >= len(leads))


def sampled(report: Report, stories: Sequence[Story], ledger: Sequence[LedgerLine]) -> Report:
    """The report with what twenty stories, read for real, tell."""
    asked = [line for line in ledger if line.outcome not in (Outcome.OVER_BUDGET, Outcome.OUT_OF_SCOPE)]
    outcomes = Counter(f"{line.outcome}" + (f": {line.reason}" if line.reason else "") for line in asked)
    languages = Counter(s.language for s in stories if s.language)
    offsets = Counter(m[1] for s in stories if (m := _OFFSET.search(s.published_raw or "")))
    best = languages.most_common(1)
    agencies = Counter(s.origin_agency for s in stories if s.origin_agency).most_common(1)
    unzoned = [s for s in stories if s.published_at and s.published_tz_known is False]
    lengths = [s.word_count for s in stories if s.word_count]  # of a reserved story the text is not kept
    stated = dict.fromkeys((*report.stated, *(said for s in stories for said in s.rights_evidence)))
    zone, evidence = timezone(report.home, best[0][0] if best else None, offsets, stories)
    return replace(
        report,
        asked=len(asked),
        stories=len(stories),
        stated=tuple(stated)[:MOST_STATEMENTS],
        reserved=sum(s.rights_reserved is True for s in stories),
        outcomes=dict(outcomes.most_common()),
        filled={f: _share(stories, f) for f in FIELDS} if stories else {},
        median_words=round(median(lengths)) if lengths else None,
        median_confidence=round(median(s.extraction_confidence for s in stories), 2) if stories else None,
        languages=dict(languages.most_common()),
        language=best[0][0] if best and best[0][1] >= 0.9 * len(stories) else None,
        zones_stated=sum(s.published_tz_known is True for s in stories),
        offsets=dict(offsets.most_common()),
        agency=agencies[0][0] if agencies and agencies[0][1] * 2 >= len(stories) else None,
        credited=agencies[0][1] if agencies else 0,
        ahead=max(
            [s.published_at - report.looked_at for s in unzoned if s.published_at], default=timedelta(0)
        ),
        timezone=zone,
        timezone_evidence=evidence,
        barren=_barren(asked),
        examples=tuple(
            Example(url=s.url, headline=s.headline, published_at=s.published_at, words=s.word_count)
            for s in stories[:3]
        ),
    )


def _share(stories: Sequence[Story], field: str) -> float:
    return round(sum(getattr(s, field) not in (None, (), "") for s in stories) / len(stories), 2)


def timezone(
    home: str, language: str | None, offsets: Mapping[str, int], stories: Sequence[Story]
) -> tuple[str | None, str | None]:
    """The zone of the site's country, if it has one alone and nothing that is printed speaks against it.

    The country is told by the host's ending, else by the region of the language (`en-IE`).
    """
    ending = (urlsplit(home).hostname or "").rsplit(".", 1)[-1].upper()
    region = (language or "").partition("-")[2].upper()
    country = {"UK": "GB"}.get(ending, ending if ending in pytz.country_timezones else region)
    zones = pytz.country_timezones.get(country, [])
    said = f"the host ends in .{ending.lower()}" if country != region else f"the language is {language}"
    if len(zones) != 1:
        return None, f"{said}: a country of {len(zones)} time zones" if zones else None
    times = [s.published_at for s in stories if s.published_at]
    own = {datetime.astimezone(t, ZoneInfo(zones[0])).strftime("%z") for t in times}
    printed = {o.replace(":", "") for o in offsets} - {"Z", "GMT", "UTC", "+0000"}
    if printed and not printed <= own:
        return None, f"{said}, but times are printed with {', '.join(sorted(printed))}"
    also = f", and times are printed with {', '.join(sorted(printed))}" if printed else ""
    return zones[0], f"{said}, a country of one time zone{also}"


def _barren(ledger: Sequence[LedgerLine]) -> tuple[str, ...]:
    """First folders under which pages came, two or more, and not one was a story."""
    good: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for line in ledger:
        folder = urlsplit(line.url).path.split("/")[1:2]
        if folder and folder[0] and urlsplit(line.url).path.count("/") > 1:
            no_story = line.outcome in (Outcome.NOT_STORY, Outcome.REJECTED)
            (bad if no_story else good)[folder[0]] += 1
    return tuple(f"/{f}/" for f, count in bad.items() if count >= 2 and not good[f])


def expected(report: Report, times: Sequence[datetime]) -> Report:
    """The report with how many stories may be expected: at least what one channel tells, or all together."""
    rates = [c.per_day for c in report.channels if c.used and c.per_day is not None]
    together = per_day(times, report.looked_at)
    most = max(chain(rates, [together] if together is not None else []), default=None)
    recent = [t for t in times if max(times) - t <= RECENT]
    return replace(report, stories_per_day=most, dates_span=max(recent) - min(recent) if recent else None)


def problems(report: Report) -> tuple[Problem, ...]:
    """What is in the way, the gravest first, each with its next step."""
    return tuple(Problem(what=what, next_step=step) for what, step in _problems(report))


def _problems(r: Report) -> Iterable[tuple[str, str]]:
    used = [c for c in r.channels if c.used]
    if r.reached and not used:
        yield (
            "no feed, no sitemap and no page with links to stories was found",
            "look in the site's footer or help pages for its feeds, or name section pages in `sections`",
        )
    if r.reserved:
        yield (
            f"{r.reserved} of {r.stories} stories are reserved by their publisher",
            "read the publisher's terms, and ask; until `rights` says otherwise, their text is not kept",
        )
    if used and not any(c.kind in FEED_KINDS or c.kind in ("news_sitemap", "index") for c in used):
        yield (
            "no feed and no news sitemap: stories are found by the links of pages, without dates",
            "ask the publisher for a feed; else name more section pages, and `allow` what stories' addresses "
            "have in common",
        )
    newest = max((c.newest_at for c in used if c.newest_at), default=None)
    if newest is not None and newest < r.looked_at - STALE:
        yield (
            f"nothing new since {newest:%Y-%m-%d}: the channels are no longer kept, or the site rests",
            "look at the site by hand, and for other feeds",
        )
    if used and r.asked and r.stories < 0.8 * r.asked:
        worst = next((o for o in r.outcomes if not o.startswith(("new", "updated"))), "")
        yield (
            f"only {r.stories} of {r.asked} pages of the sample were stories (others: {worst})",
            f"`deny` the addresses that hold none: {', '.join(r.barren)}"
            if r.barren
            else _NEXT.get(worst.split(":")[0], "try again later, and look whether it stays"),
        )
    if used and not r.asked:
        yield ("no story could be asked for", "see the channels' troubles; robots.txt may forbid the stories")
    for name in ("headline", "published_at"):
        if r.stories and r.filled.get(name, 1) < 0.9:
            yield (
                f"{name} is read in {r.filled[name]:.0%} of the stories only",
                f"find it on a page and add a rule with `{name}`",
            )
    if (
        r.stories
        and r.filled.get("published_at", 0) > 0.5
        and r.zones_stated < 0.9 * r.stories
        and not r.timezone
    ):
        hours = round(r.ahead / timedelta(hours=1))
        told = f"taken for UTC they lie up to {hours} h ahead" if hours >= 1 else "nothing tells the site's"
        yield (
            f"{r.stories - r.zones_stated} of {r.stories} times state no zone, and {told}",
            "set `timezone`; until then they are taken for UTC",
        )
    if r.robots.crawl_delay and r.robots.crawl_delay >= 5:
        took = timedelta(seconds=round(500 * min(r.robots.crawl_delay, 1e9)))
        yield (
            f"robots.txt asks for {r.robots.crawl_delay:g} s between requests: 500 stories take {took}",
            "set `budget` so that a crawl ends before the next begins",
        )
    for channel in r.channels:
        if channel.trouble and channel.named_by in ("the front page", "robots.txt"):
            yield (
                f"{channel.named_by} names {channel.url}, which gives: {channel.trouble}",
                "nothing, if others do",
            )

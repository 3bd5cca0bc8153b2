"""What a probe found: the record that is printed, as words or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Robots:
    """What robots.txt says to us."""

    status: int | None = None
    """None: no answer."""
    crawl_delay: float | None = None
    """Seconds."""
    sitemaps: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """One channel that was asked."""

    url: str
    named_by: str
    """given, the front page, robots.txt, a usual place, or an index."""
    kind: str | None = None
    """As `Lead.channel_kind`, or index; None if it is no channel."""
    trouble: str | None = None
    """Why nothing came of it."""
    stories: int = 0
    """That it announces and that are in scope."""
    dated: int = 0
    newest_at: datetime | None = None
    per_day: float | None = None
    """Stories a day, by its own dates; None where they do not tell."""
    used: bool = False
    """It stands in the declaration."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One story of the sample."""

    url: str
    headline: str | None
    published_at: datetime | None
    words: int


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is in the way, and what to do next."""

    what: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a probe found, and the file that it proposes."""

    url: str
    """As asked for."""
    home: str
    """Where that led."""
    name: str
    looked_at: datetime
    reached: bool = False
    """The front page, or the channel asked for, came."""
    title: str | None = None
    requests: int = 0

    robots: Robots = Robots()
    stated: tuple[str, ...] = ()
    """What front page, robots.txt, tdmrep.json and stories state about their use: see `page.rights`."""
    reserved: int = 0
    """Stories of the sample that are reserved."""
    channels: tuple[Found, ...] = ()
    sections: tuple[str, ...] = ()
    """Addresses that look like topic pages, from the front page's navigation."""
    hosts: tuple[str, ...] = ()
    """Further hosts that stories are on."""
    stories_per_day: float | None = None
    dates_span: timedelta | None = None
    """Over which time the channels' dates tell that."""

    asked: int = 0
    """Pages of the sample."""
    stories: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """How the sample's leads ended: outcome, and reason if there is one."""
    filled: Mapping[str, float] = field(default_factory=dict)
    """Share of the sample's stories in which a field is filled, 0–1."""
    median_words: int | None = None
    median_confidence: float | None = None
    languages: Mapping[str, int] = field(default_factory=dict)
    zones_stated: int = 0
    """Stories whose time of publication states its zone."""
    offsets: Mapping[str, int] = field(default_factory=dict)
    """As printed: `+01:00`, `Z` …"""
    language: str | None = None
    """Proposed: that of nearly all stories."""
    agency: str | None = None
    """Whom most stories of the sample are credited to."""
    credited: int = 0
    """Stories of the sample that are credited to it."""
    ahead: timedelta = timedelta(0)
    """How far the times that state no zone, taken for UTC, lie ahead of the clock."""
    timezone: str | None = None
    """Proposed; None if there is no evidence."""
    timezone_evidence: str | None = None
    markup: Mapping[str, int] = field(default_factory=dict)
    """Pages of the sample with jsonld, opengraph, microdata, amp."""
    barren: tuple[str, ...] = ()
    """First folders of addresses under which no page of the sample held a story."""
    examples: tuple[Example, ...] = ()

    problems: tuple[Problem, ...] = ()
    toml: str | None = None
    """The declaration; None if there is nothing to declare."""

"""How it ended: the outcome of every lead, what a run asked and was told, and what checks found.

The same rules hold as for the nouns in `records`: frozen, UTC, None where nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How a lead ended. Every lead of a run ends in exactly one of these."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"  # 304, the same bytes, or the same story
    DUPLICATE = "duplicate"  # the story of another URL
    NOT_STORY = "not_story"  # a page, but no story: section front, gallery …
    REJECTED = "rejected"  # reason: empty, too_short, wrong_language …
    GONE = "gone"  # 404 or 410
    HTTP_ERROR = "http_error"
    TIMEOUT = "timeout"
    DNS_ERROR = "dns_error"
    TLS_ERROR = "tls_error"
    CONNECTION_ERROR = "connection_error"
    ROBOTS_DENIED = "robots_denied"
    RIGHTS_RESERVED = "rights_reserved"
    ADDRESS_BLOCKED = "address_blocked"
    TOO_LARGE = "too_large"
    NOT_HTML = "not_html"
    BAD_CONTENT = "bad_content"  # broken gzip, wrong charset …
    OUT_OF_SCOPE = "out_of_scope"
    OVER_BUDGET = "over_budget"
    NOT_DUE = "not_due"


def outcome_of_status(status: int) -> Outcome | None:
    """The outcome that an HTTP status alone decides; None for an answer with a page in it.

    >>> outcome_of_status(200) is None, outcome_of_status(410), outcome_of_status(503)
    (True, <Outcome.GONE: 'gone'>, <Outcome.HTTP_ERROR: 'http_error'>)
    """
    if status == 304:
        return Outcome.UNCHANGED
    if status in (404, 410):
        return Outcome.GONE
    return None if 200 <= status < 300 else Outcome.HTTP_ERROR


@dataclass(frozen=True, kw_only=True)
class Reject:
    """Why a capture gave no story: a value, not an error; it goes to the ledger."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """How one lead of one run ended."""

    run_id: str
    source_id: str
    url: str
    """The lead's key (canonical)."""
    final_url: str | None = None
    """Where redirects led, if anything was fetched."""
    canonical_url: str | None = None
    """What the page there calls its own address, believed or not: `story_id` tells."""
    story_id: str | None = None
    outcome: Outcome
    reason: str | None = None
    channel: str
    channel_kind: str
    position: int = 0
    http_status: int | None = None
    found_at: datetime
    fetched_at: datetime | None = None
    raw_ref: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One announcement of a URL by one channel, in one run."""

    run_id: str
    source_id: str
    url: str
    channel: str
    channel_kind: str
    position: int
    guid: str | None = None
    title: str | None = None
    published_raw: str | None = None
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """One request of a run, whether or not an answer came."""

    run_id: str
    source_id: str
    url: str
    purpose: str
    """robots, rights (tdmrep.json), channel or story."""
    outcome: str
    """ok, unchanged, redirect, or an `Outcome`."""
    reason: str | None = None
    http_status: int | None = None
    content_type: str | None = None
    bytes: int = 0
    """Of the body as received, before decompression."""
    seconds: float | None = None
    etag: str | None = None
    last_modified: str | None = None
    started_at: datetime
    raw_ref: str | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One crawl of one source: what `run.json` in the batch says."""

    run_id: str
    source_id: str
    kind: str
    """crawl, backfill, recrawl, replay or reread (a promoted rehearsal)."""
    started_at: datetime
    ended_at: datetime
    finish_reason: str
    """finished, stopped or deadline; discarded, of a batch whose stories were left out (`quarantine`)."""
    leads: int
    requests: int
    responses: int
    bytes: int
    """Received, before decompression."""
    wirehouse_version: str
    scrapy_version: str | None = None


class Severity(StrEnum):
    """What a finding does: an error makes its task red, a warning is shown, a note is kept."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """From 0, the mildest; for sorting.

        >>> max(Severity, key=lambda s: s.rank)
        <Severity.ERROR: 'error'>
        """
        return list(Severity).index(self)


class Cause(StrEnum):
    """What is likely behind a finding, judged by its evidence: what an operator looks for first."""

    BLOCKED = "blocked"  # the site answers us with 403, 429, a wall
    ROBOTS_CLOSED = "robots_closed"  # robots.txt forbids what it allowed
    FEED_FROZEN = "feed_frozen"  # channels answer, and say nothing new for too long
    FEED_EMPTY = "feed_empty"  # channels answer, and name nothing at all
    LAYOUT_CHANGED = "layout_changed"  # pages come, and our reader finds less in them than it did
    PAYWALL = "paywall"  # pages come, and show only the beginning of their stories
    MOVED = "moved"  # channels are gone, or stories lead to another host
    SLOW = "slow"  # answers come late or not in time
    DOWN = "down"  # no answer, or 5xx
    DUPLICATES = "duplicates"  # the same stories under ever new addresses
    DATES_WRONG = "dates_wrong"  # times of publication that cannot be
    SECTION_LOST = "section_lost"  # some channels are gone or silent, the others go on
    VOLUME_DROP = "volume_drop"  # fewer stories than always at this hour, for no better reason
    VOLUME_SURGE = "volume_surge"  # more than always
    QUIET_DAY = "quiet_day"  # fewer, and other evidence says that this is how it is today
    NOT_RUNNING = "not_running"  # nobody crawls it
    OURS = "ours"  # a fault of this program, or of what it runs on
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found, what it judged by, the likely cause, and the next step."""

    check: str
    """The check's name, also in the table (`check_name`)."""
    severity: Severity
    cause: Cause
    source_id: str | None
    """None: of the warehouse as a whole."""
    run_id: str | None
    """None: of no single run, found by a check of the warehouse."""
    message: str
    next_step: str
    evidence: str | None = None
    """The numbers it was judged by, as a short text."""
    holds: bool = False
    """Loaded, the batch would poison the tables: it is held (quarantine)."""
    found_at: datetime

"""The nouns: Source → Lead → Capture → Story → Cluster. How each lead ended stands in `ledger`.

Rules that hold for every record here:

- Frozen; a step returns new ones.
- `None` means that the page (feed, server) does not say. No empty strings, no
  guesses, no field standing in for another. A list that is not stated is empty.
- Times are UTC and aware. `*_at` is what *we* observed or read as an instant;
  a `*_raw` field keeps the publisher's own words beside what we read in them.
- Names are IPTC ninjs 3.1 / NewsML-G2 in snake_case where one exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum


class Evidence(StrEnum):
    """Where a date was read."""

    JSONLD = "jsonld"
    META = "meta"
    FEED = "feed"
    SITEMAP = "sitemap"
    HTML = "html"
    URL = "url"
    HTTP = "http"  # the Last-Modified header: kept beside the others, never believed


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How to read a source where the general reader fails, until a day.

    Selectors are CSS, or XPath when they begin with `/` or `./`.
    """

    until: date | None = None
    """Captures *before* this day are read with the rule; None holds today."""

    body: str | None = None
    headline: str | None = None
    byline: str | None = None
    published_at: str | None = None
    drop: tuple[str, ...] = ()
    """What is never part of the body."""


@dataclass(frozen=True, kw_only=True)
class Expect:
    """What a source promises; `checks` compares runs with it."""

    stories_min: int | None = None
    """Per day; fewer is an error."""

    stories_max: int | None = None
    """Per day; more is a warning."""

    fresh: timedelta | None = None
    """Longest time without anything new; longer is an error."""

    filled: Mapping[str, float] = field(default_factory=dict)
    """Least share of stories, 0–1, in which a field must be filled."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What we follow: one `sources/<name>.toml`. The keys are explained there."""

    name: str
    title: str
    home: str
    language: str | None = None
    timezone: str = "UTC"
    every: timedelta = timedelta(minutes=15)
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    """Patterns with {year}, {month:02}, {day:02}; asked in a backfill only."""
    discover: bool = False
    enabled: bool = True
    tags: tuple[str, ...] = ()
    agency: str | None = None
    same_by: str = "url"
    hosts: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    budget: int = 500
    recheck: tuple[timedelta, ...] = ()
    delay: timedelta = timedelta(seconds=1)
    private_hosts: tuple[str, ...] = ()
    rights: str = "metadata"
    """What becomes of a story that its publisher reserves: keep, metadata or skip."""
    keep: timedelta | None = None
    """How long its archived pages are kept; None: for ever."""
    expect: Expect = Expect()
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lead:
    """A URL worth fetching, as a channel of the source announced it."""

    url: str
    """Canonical: the key under which we remember it (`urls.canonical`)."""

    found_url: str
    """As the channel printed it, made absolute: what is fetched."""

    channel: str
    """URL of the feed, sitemap or page that first announced it; of a replay, the file's name."""

    channel_kind: str
    """rss, atom, json, news_sitemap, sitemap, section or replay."""

    recheck: bool = False
    """Our own memory named it, not the channel; what the channel once said still stands."""

    position: int = 0
    """Place in the channel, from 0."""

    guid: str | None = None
    title: str | None = None
    published_raw: str | None = None
    updated_raw: str | None = None
    updated_at: datetime | None = None
    """`updated_raw` as an instant, if it states one."""
    summary: str | None = None
    language: str | None = None
    rights: tuple[str, ...] = ()
    """What files of the site state about its use: `page.rights`."""
    story_id: str | None = None
    """The story that was read at this URL before, or under its guid at another: `frontier.same_story`."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the frontier remembers of a story's URL."""

    url: str
    first_seen_at: datetime
    last_visit_at: datetime | None = None
    """None: announced, but never asked for."""

    due_at: datetime | None = None
    """When to look again though no channel asks for it; None: not by ourselves."""

    visits: int = 0
    failures: int = 0
    """Since the last good answer."""

    digest: str | None = None
    """sha256 of the last good body, Content-Encoding undone."""

    etag: str | None = None
    last_modified: str | None = None
    target: str | None = None
    """The key of the page that its redirects led to, if they led anywhere else."""
    story_id: str | None = None
    """Of the story that was read there."""
    words: str | None = None
    """Which reader read which words there: the reader's version and the `content_hash`."""

    @property
    def is_read(self) -> bool:
        """Was there ever a page, here or under another address of the same story?"""
        return self.digest is not None or self.story_id is not None

    # What the channel said of a story, for the rechecks: see `Lead`.
    found_url: str | None = None
    channel: str | None = None
    channel_kind: str | None = None
    guid: str | None = None
    title: str | None = None
    published_raw: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the frontier remembers of a channel; `polling` says what it makes of it."""

    url: str
    first_asked_at: datetime
    last_asked_at: datetime
    due_at: datetime | None = None
    """Not asked before, except by hand; None: in the next crawl."""

    asks: int = 0
    failures: int = 0
    """Since the last good answer."""

    news_at: datetime | None = None
    """When it last named a URL that was unknown."""

    gap: timedelta | None = None
    """Mean time between news, the last ones counting most."""

    full_at: datetime | None = None
    """When it last answered with a body."""

    rivals: int = 0
    """Crawls since then in which it said 304 and another channel had news."""

    lies: bool = False
    """Its body changed while its validators did not: it is never asked with them."""

    digest: str | None = None
    """sha256 of the last good body, Content-Encoding undone."""

    etag: str | None = None
    last_modified: str | None = None
    channel_kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class Capture:
    """What the server answered for one lead."""

    url: str
    """After redirects, as requested."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in order, repeated where the server repeated them."""

    body: bytes
    """Content-Encoding undone; the charset is not."""

    fetched_at: datetime
    raw_ref: str | None = None
    """Where the bytes are: `<source>/<stamp>/pages.warc.gz:<offset>:<digest>`."""

    lead: Lead | None = None

    def header(self, name: str) -> str | None:
        """First value of a header, by its name in lower case."""
        return next((v for k, v in self.headers if k == name), None)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A topic as the publisher codes it, e.g. scheme `medtop`, code `20000002`."""

    scheme: str | None
    code: str | None
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Dated:
    """One statement of when a story came out."""

    evidence: str
    """An `Evidence`."""
    raw: str
    """The publisher's own words."""
    at: datetime | None
    """As an instant; None where it cannot be read, or cannot be true."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """What one captured page says: a row of `stories.parquet` and of the warehouse.

    `schema.sql` defines the same fields, with unit and example for each; the
    columns that only a load can know (version, first_seen_at …) stand there alone.
    """

    # identity
    story_id: str
    """Constant for the chain of versions: `urls.story_id`."""
    source_id: str
    url: str
    """After redirects, cleaned: `urls.address`."""
    uri: str | None = None
    canonical_url: str | None = None
    """As the page's own rel=canonical states it."""
    amp_url: str | None = None

    # life
    pub_status: str = "usable"
    signal: str | None = None
    first_created: datetime | None = None
    version_created: datetime | None = None
    embargoed_until: datetime | None = None
    expires: datetime | None = None

    # dates
    published_at: datetime | None = None
    published_raw: str | None = None
    published_precision: str | None = None
    """second, minute, hour or day."""
    published_evidence: str | None = None
    published_tz_known: bool | None = None
    published_candidates: tuple[Dated, ...] = ()
    """Every statement of when it came out, in the order of trust."""
    date_flags: tuple[str, ...] = ()
    """disagree, impossible, unreadable, ahead, modified_before: see `schema.sql`."""
    modified_at: datetime | None = None
    fetched_at: datetime

    # words
    headline: str | None = None
    alternative_headline: str | None = None
    slugline: str | None = None
    byline: str | None = None
    authors: tuple[str, ...] = ()
    dateline: str | None = None
    located: str | None = None
    credit_line: str | None = None
    info_sources: tuple[str, ...] = ()
    description: str | None = None
    body_text: str
    """Paragraphs with one blank line between; no headline, byline, dateline,
    credit or page furniture."""
    word_count: int
    is_truncated: bool = False
    language: str | None = None

    # topics
    section: str | None = None
    keywords: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    genres: tuple[str, ...] = ()
    urgency: int | None = None
    ed_note: str | None = None
    correction_text: str | None = None
    image_url: str | None = None

    # rights
    copyright_holder: str | None = None
    copyright_notice: str | None = None
    usage_terms: str | None = None
    tdm_reserved: bool | None = None
    tdm_policy: str | None = None
    license_url: str | None = None
    rights_reserved: bool | None = None
    rights_evidence: tuple[str, ...] = ()
    robots_meta: str | None = None
    is_accessible_for_free: bool | None = None

    # lineage
    origin_agency: str | None = None
    is_syndicated: bool | None = None
    content_hash: str
    """sha256 of the body's words: case, space and typography make no difference."""

    # provenance
    extractor: str
    extractor_version: str
    extraction_confidence: float
    raw_ref: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Membership:
    """A story's place in a cluster of the same wire copy."""

    cluster_id: str
    story_id: str
    role: str
    """origin, reprint, or merged: made of this copy and of that of `also_from`."""
    similarity: float
    """Share of the story's text that the origin has, 0–1."""
    lag: timedelta | None = None
    """After the origin; None when either has no time of publication, or the story's is earlier."""
    also_from: tuple[str, ...] = ()
    """Stories, one of each other wire whose copy is in it too."""
    origin_evidence: str | None = None
    """What tells whose copy the cluster is, see `cluster.evidence`; None of a lone story that names none."""


@dataclass(frozen=True, kw_only=True)
class StoredPrint:
    """What is kept of a text to find its copies: see `prints`."""

    story_key: int
    """Digest of the story's id."""
    story_id: str
    content_hash: str
    seen_at: datetime
    """When the text was fetched."""
    keys: tuple[int, ...]
    """By which it is found."""
    words: bytes
    """With which it is compared."""

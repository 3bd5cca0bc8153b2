"""Read RSS (0.9x, 1.0, 2.0) and Atom as feed readers do, however broken. Pure.

feedparser reads them. A long one is given to it in portions, so that memory holds our
leads and not its dictionaries of 50,000 entries.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import feedparser

from pipelines.channels.said import LARGEST, Channel, NotAChannel, words
from pipelines.records import Lead
from pipelines.urls import absolute, canonical

LONG = 500_000
"""Bytes; a longer feed is read in portions."""

PORTION = 500
"""Entries that are in memory as feedparser makes them."""

_FAULTS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""What feedparser raises over damage that it does not expect, such as a NUL in the name of a charset."""

MOST_TAGS = 2_000_000
"""Of one feed: 50,000 entries have half of that; feedparser needs minutes for more."""

AT_ONCE = 200_000
"""Tags in memory as feedparser makes them: up to a kilobyte each."""

_ATTRIBUTES = re.compile(rb"""<[\w:](?:[^<>"']++|"[^"<]*+"|'[^'<]*+'){2000,}+""")
"""A tag of a thousand attributes: for ten thousand the XML parser needs a second, for a million hours."""

_ENTRY = re.compile(rb"<(?:[\w-]+:)?(?:item|entry)[\s/>]", re.I)
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
"""sy:updatePeriod, in hours."""


def read(body: bytes, url: str, content_type: str) -> Channel:
    """Entries with a usable link; NotAChannel for what feedparser makes nothing of."""
    first: Any = None
    leads: list[Lead] = []
    position = 0
    for portion in _portions(body):
        parsed = _parsed(portion, url, content_type)
        if first is None:
            if not parsed.version and not parsed.entries:
                raise NotAChannel(f"no feed: begins with {body.lstrip()[:40]!r}")
            first = parsed
        kind = "atom" if first.version.startswith("atom") else "rss"
        for entry in parsed.entries[: LARGEST - position]:
            if lead := _lead(entry, position, kind, url, words(first.feed.get("language"))):
                leads.append(lead)
            position += 1
        if position >= LARGEST:
            break
    return Channel(kind, tuple(leads), next=_next(first.feed, url), ttl=_ttl(first.feed))


def _portions(body: bytes) -> Iterator[bytes]:
    """The feed; a long one as several with the same head and some of its entries each.

    What stands between entries is left to the entry before; feedparser closes what is
    open. A long feed in UTF-16, whose tags are no ASCII, is one portion. NotAChannel for
    what is no feed but a bomb of tags.
    """
    tags = body.count(b"<")
    if tags > MOST_TAGS:
        raise NotAChannel(f"{tags} tags: more than any feed has")
    if _ATTRIBUTES.search(body):
        raise NotAChannel("a tag of more than 1000 attributes")
    for portion in [body] if len(body) <= LONG else _split(body, tags):
        if (tags := portion.count(b"<")) > AT_ONCE:
            raise NotAChannel(f"{tags} tags in a few entries: more than any feed has")
        yield portion


def _split(body: bytes, tags: int) -> Iterator[bytes]:
    starts = [m.start() for m in _ENTRY.finditer(body)]
    # Fewer at once where they are large, more where each portion repeats a large head.
    fit = len(starts) * AT_ONCE // (2 * tags) if tags else 0
    head = body[: starts[0]] if starts else b""
    portions = MOST_TAGS // (head.count(b"<") + len(head) // 100 + 1)
    step = max(1, min(PORTION, fit), len(starts) // max(1, portions))
    if len(starts) <= step:
        yield body
        return
    foot = b"</feed>" if body[starts[0] :].startswith(b"<entry") else b""
    foot = foot or (b"</rdf:RDF>" if b"<rdf:RDF" in head else b"</channel></rss>")
    for n in range(0, len(starts), step):
        end = starts[n + step] if n + step < len(starts) else None
        yield head + (body[starts[n] : end] + foot if end else body[starts[n] :])


def _parsed(body: bytes, url: str, content_type: str) -> Any:
    # sanitize_html and relative URIs cost most of the time and serve no lead of ours.
    headers = {"content-type": content_type or "application/xml", "content-location": url}
    try:
        return feedparser.parse(
            body, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except _FAULTS as error:
        raise NotAChannel(f"no feed that can be read: {error}") from error


def _lead(entry: Any, position: int, kind: str, channel: str, language: str | None) -> Lead | None:
    # FeedBurner's links lead through its own server; it says where to.
    link = entry.get("feedburner_origlink") or entry.get("link")
    link = link or (entry.get("id") if str(entry.get("id", "")).startswith("http") else None)
    found = absolute(link, channel) if link else None
    if found is None:
        return None
    return Lead(
        url=canonical(found),
        found_url=found,
        channel=channel,
        channel_kind=kind,
        position=position,
        guid=words(entry.get("id")),
        title=words(entry.get("title")),
        published_raw=words(entry.get("published")),
        updated_raw=words(entry.get("updated")),
        updated_at=_moment(entry.get("updated_parsed")),
        summary=words(entry.get("summary")),
        language=words(entry.get("language")) or language,
    )


def _moment(parsed: Any) -> datetime | None:
    """feedparser's UTC tuple; None for days that no calendar has (0000-00-00)."""
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _next(feed: Any, url: str) -> str | None:
    """Where the earlier entries are: as the feed says (RFC 5005), or as WordPress is known to do."""
    links = {link.get("rel"): link.get("href") for link in feed.get("links", ()) if isinstance(link, dict)}
    for rel in ("next", "prev-archive"):
        if link := links.get(rel):
            return absolute(str(link), url)
    if "wordpress" in str(feed.get("generator", "")).lower():
        parts = urlsplit(url)
        asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        page = int(asked["paged"]) if asked.get("paged", "").isdecimal() else 1
        return urlunsplit(parts._replace(query=urlencode(asked | {"paged": str(page + 1)}), fragment=""))
    return None


def _ttl(feed: Any) -> timedelta | None:
    """`<ttl>` (minutes), or sy:updatePeriod divided by sy:updateFrequency; at most a year."""
    try:
        if feed.get("ttl"):
            hours = float(feed["ttl"]) / 60
        elif feed.get("sy_updateperiod"):
            often = float(feed.get("sy_updatefrequency") or 1)
            hours = _PERIODS[str(feed["sy_updateperiod"]).strip().lower()] / often
        else:
            return None
        return timedelta(hours=min(hours, 8760)) if hours > 0 else None
    except (ValueError, KeyError, ZeroDivisionError, OverflowError):
        return None

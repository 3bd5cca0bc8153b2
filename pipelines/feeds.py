"""What a channel announces: RSS, Atom, JSON Feed, news sitemaps → leads. Pure."""

from __future__ import annotations

import calendar
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import feedparser
from dateutil import parser as dates
from lxml import etree

from pipelines.records import Lead
from pipelines.urls import absolute, canonical

LARGEST_BYTES = 50 * 2**20
"""Of a gzipped sitemap, unpacked: the sitemap protocol's own limit."""

LARGEST = 50_000
"""Entries of one channel that are read; the sitemap protocol allows no more."""


@dataclass(frozen=True)
class Channel:
    """What one answer of a channel said."""

    kind: str
    """rss, atom, json, news_sitemap, sitemap or index."""

    leads: tuple[Lead, ...] = ()
    channels: tuple[str, ...] = ()
    """Further channels that a sitemap index names."""


class NotAChannel(ValueError):
    """The answer is no feed and no sitemap; the message says what it looks like."""


def read(body: bytes, *, url: str, content_type: str = "") -> Channel:
    """Read any channel by what it *is*, not by what its server calls it.

    `body` has its Content-Encoding undone. Broken feeds are read as far as feed
    readers do (feedparser); an entry without a usable link is left out. No entity
    is fetched, none is expanded into a bomb: XML is hostile input.

    NotAChannel for HTML, plain text, truncated JSON and the like.
    """
    if body.startswith(b"\x1f\x8b"):  # sitemaps may be gzipped files
        body = _unzipped(body)
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000]
    if not start:
        raise NotAChannel("empty answer, no feed")
    if start.startswith(b"{"):
        return _json_feed(body, url)
    if b"<urlset" in start or b"<sitemapindex" in start:
        return _sitemap(body, url)
    return _feed(body, url, content_type)


def _feed(body: bytes, url: str, content_type: str) -> Channel:
    # sanitize_html and relative URIs cost most of the time and serve no lead of ours.
    parsed = feedparser.parse(
        body,
        response_headers={"content-type": content_type or "application/xml", "content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not parsed.version and not parsed.entries:
        raise NotAChannel(f"no feed: begins with {body.lstrip()[:40]!r}")
    kind = "atom" if parsed.version.startswith("atom") else "rss"
    entries = parsed.entries[:LARGEST]
    return Channel(kind, tuple(lead for n, e in enumerate(entries) if (lead := _entry(e, n, kind, url))))


def _entry(entry: Any, position: int, kind: str, channel: str) -> Lead | None:
    link = entry.get("link") or (entry.get("id") if str(entry.get("id", "")).startswith("http") else None)
    found = absolute(link, channel) if link else None
    if found is None:
        return None
    return Lead(
        url=canonical(found),
        found_url=found,
        channel=channel,
        channel_kind=kind,
        position=position,
        guid=_words(entry.get("id")),
        title=_words(entry.get("title")),
        published_raw=_words(entry.get("published")),
        updated_raw=_words(entry.get("updated")),
        updated_at=_moment(entry.get("updated_parsed")),
        summary=_words(entry.get("summary")),
        language=_words(entry.get("language")),
    )


def _json_feed(body: bytes, url: str) -> Channel:
    """https://www.jsonfeed.org/version/1.1/"""
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAChannel(f"begins like JSON, but is not: {error}") from error
    items = feed.get("items")
    if not isinstance(items, list):
        raise NotAChannel("JSON without `items`, no JSON Feed")
    leads = []
    for position, item in enumerate(items[:LARGEST]):
        link = isinstance(item, dict) and (item.get("url") or item.get("external_url"))
        found = absolute(link, url) if isinstance(link, str) else None
        if found is None:
            continue
        leads.append(
            Lead(
                url=canonical(found),
                found_url=found,
                channel=url,
                channel_kind="json",
                position=position,
                guid=_words(str(item["id"])) if item.get("id") else None,
                title=_words(item.get("title")),
                published_raw=_words(item.get("date_published")),
                updated_raw=_words(item.get("date_modified")),
                updated_at=instant(item.get("date_modified")),
                summary=_words(item.get("summary")),
                language=_words(item.get("language")) or _words(feed.get("language")),
            )
        )
    return Channel("json", tuple(leads))


def _sitemap(body: bytes, url: str) -> Channel:
    """https://www.sitemaps.org/protocol.html and Google's news extension."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise NotAChannel(f"begins like a sitemap, but is not XML: {error}") from error
    if root is None:
        raise NotAChannel("begins like a sitemap, but is not XML")
    if etree.QName(root).localname == "sitemapindex":
        links = (absolute(link, url) for link in root.xpath("//*[local-name()='loc']/text()")[:LARGEST])
        return Channel("index", channels=tuple(link for link in links if link))
    entries = [_place(e, n, url) for n, e in enumerate(_children(root, "url")) if n < LARGEST]
    leads = tuple(lead for lead in entries if lead)
    news = any(lead.channel_kind == "news_sitemap" for lead in leads)
    return Channel("news_sitemap" if news else "sitemap", leads)


def _place(entry: Any, position: int, channel: str) -> Lead | None:
    found = absolute(_child(entry, "loc") or "", channel) if _child(entry, "loc") else None
    if found is None:
        return None
    news = next(_children(entry, "news"), None)
    publication = next(_children(news, "publication"), None) if news is not None else None
    modified = _child(entry, "lastmod")
    return Lead(
        url=canonical(found),
        found_url=found,
        channel=channel,
        channel_kind="sitemap" if news is None else "news_sitemap",
        position=position,
        title=None if news is None else _child(news, "title"),
        published_raw=None if news is None else _child(news, "publication_date"),
        updated_raw=modified,
        updated_at=instant(modified),
        language=None if publication is None else _child(publication, "language"),
    )


def _children(element: Any, name: str) -> Iterator[Any]:
    return (c for c in element if isinstance(c.tag, str) and etree.QName(c).localname == name)


def _child(element: Any, name: str) -> str | None:
    return next((_words(c.text) for c in _children(element, name)), None)


def _words(value: Any) -> str | None:
    """Text with single spaces; half a surrogate pair, which no file can hold, becomes `?`."""
    if not isinstance(value, str):
        return None
    return " ".join(value.encode("utf-8", "replace").decode().split()) or None


def _moment(parsed: Any) -> datetime | None:
    """feedparser's UTC tuple; None for days that no calendar has (0000-00-00)."""
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _unzipped(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(body, LARGEST_BYTES)
    except zlib.error as error:
        raise NotAChannel(f"begins like gzip, but is not: {error}") from error


def instant(raw: Any) -> datetime | None:
    """An instant that a channel states with its offset; None for anything less.

    >>> instant("2026-03-05T12:00:00+01:00")
    datetime.datetime(2026, 3, 5, 11, 0, tzinfo=datetime.timezone.utc)
    >>> instant("2026-03-05") is None  # a day is no instant
    True
    """
    if not isinstance(raw, str):
        return None
    try:
        parsed = dates.parse(raw)
        return parsed.astimezone(UTC) if parsed.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None

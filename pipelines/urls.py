"""URLs: one page, one key; what is in scope; the identity of a story. Pure."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urljoin, urlsplit, urlunsplit

from courlan import normalize_url
from w3lib.url import safe_url_string

from pipelines.records import Source
from pipelines.sources import scope_hosts

LONGEST = 2_000
"""Characters, percent-encoded; a longer URL is taken for a trap, not for a page."""


def canonical(url: str) -> str:
    """The key of a page: without tracking, fragment, default port or user.

    >>> canonical("HTTP://Wire.Example:80/rain/?utm_source=x&b=2&a=1#top")
    'http://wire.example/rain/?a=1&b=2'

    Path and the order of what remains in it are the publisher's; a trailing slash
    is kept, since some servers answer only one of the two. Tracking parameters are
    those that courlan knows. A URL that cannot be read comes back unchanged.
    """
    try:
        parts = urlsplit(normalize_url(url.strip()))
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return url
    return urlunsplit((parts.scheme, host + port, parts.path or "/", parts.query, ""))


def absolute(link: str, base: str) -> str | None:
    """A link as printed on `base`, made absolute; None if it is no http(s) link.

    It comes back percent-encoded, exactly as it will be fetched: what `in_scope`
    judges must be what is asked for.

    >>> absolute(" ../rain ", "https://wire.example/world/feed.xml")
    'https://wire.example/rain'
    >>> absolute("javascript:void(0)", "https://wire.example/") is None
    True
    """
    if "\\" in link:  # browsers and libraries disagree on whose host that is
        return None
    try:
        url = str(safe_url_string(urljoin(base, link.strip())))  # as Scrapy will ask for it
        parts = urlsplit(url)
        parts.port  # noqa: B018  # a ValueError where there is none that can be
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    return url if len(url) <= LONGEST else None


def in_scope(url: str, source: Source) -> bool:
    """Is this URL one of the source's own stories, by host and allow/deny patterns?"""
    host = _bare(urlsplit(url).hostname or "")
    if not any(host == h or host.endswith("." + h) for h in map(_bare, scope_hosts(source))):
        return False
    if any(re.search(pattern, url) for pattern in source.deny):
        return False
    return not source.allow or any(re.search(pattern, url) for pattern in source.allow)


def story_id(source_id: str, key: str) -> str:
    """The identity of a story over all its versions: 20 hex digits.

    `key` is what `same_by` of the source names: the canonical URL or the guid.

    >>> story_id("ap", "https://ap.example/rain")
    '11a5fccf61fd0d14df3c'
    """
    return hashlib.sha256(f"{source_id}\n{key}".encode()).hexdigest()[:20]


def _bare(host: str) -> str:
    return host.lower().removeprefix("www.")

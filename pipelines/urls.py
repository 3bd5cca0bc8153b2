"""URLs: one page, one key; what is in scope; the identity of a story. Pure."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from urllib.parse import unquote_plus, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

from pipelines import url_parts
from pipelines.records import Source
from pipelines.sources import scope_hosts

LONGEST = 2_000
"""Characters, percent-encoded; a longer URL is taken for a trap, not for a page."""

DEEPEST = 20
"""Views within views that are undone; a URL made of hundreds would cost a fifth of a second."""

_PORTS = {"http": 80, "https": 443}
_CACHE = re.compile(
    r"https?://(?:[^/]+\.cdn\.ampproject\.org/[a-z]/|(?:www\.)?(?:google|bing)\.[a-z.]+/amp/)(s/)?"
)
"""An AMP cache; behind it stands the address of the page, `s/` for https."""


@lru_cache(maxsize=20_000)
def canonical(url: str) -> str:
    """The key of a page: what its addresses have in common, itself written as an address.

    >>> canonical("HTTP://www.Wire.Example:80/rain/?utm_source=x&b=2&a=1#top")
    'https://wire.example/rain?a=1&b=2'
    >>> canonical("https://amp.wire.example/world/rain/amp?outputType=amp")
    'https://wire.example/world/rain'

    It is for memory, the ledger and `story_id`, never for fetching: the host without
    `www.`, the path without its last slash or `index.html`, AMP, mobile and print
    views as the page itself, and https, since no news site has other pages there.
    (Where the host is a number or has a port of its own, the scheme stays: that is
    somebody's machine, not a site.) What chooses a page stays: `url_parts` says what
    does not. A URL that cannot be read comes back unchanged.
    """
    for _ in range(DEEPEST):  # a view within a view: until nothing changes
        before, url = url, _canonical(url)
        if url == before:
            break
    return url


def address(url: str) -> str:
    """The same address, cleaned: it still leads to the page, by the publisher's own path.

    >>> address("https://www.wire.example:443/rain/?utm_source=x#top")
    'https://www.wire.example/rain/'

    Scheme and host in lower case, IDN as ASCII, no user, default port, tracking,
    session or fragment; `#!` and `#/` choose a page and stay. A URL that cannot be
    read comes back unchanged.
    """
    cleaned = _cleaned(url)
    return url if cleaned is None else urlunsplit(cleaned)


def _canonical(url: str) -> str:
    cleaned = _cleaned(url)
    if cleaned is None:
        return url
    cached = _CACHE.match(urlunsplit(cleaned))
    if cached and (page := urlunsplit(cleaned)[cached.end() :]):
        return ("https://" if cached[1] else "http://") + page
    scheme, netloc, path, query, fragment = cleaned
    host, _, port = netloc.rpartition(":") if not netloc.endswith("]") else (netloc, "", "")
    if not port.isdecimal():
        host, port = netloc, ""
    is_site = "." in host and not host[-1].isdigit() and not host.endswith("]")
    if is_site:
        netloc = url_parts.main_host(host) + (f":{port}" if port else "")
        scheme = scheme if port else "https"
    pairs = [pair for pair in query.split("&") if pair and not url_parts.is_view(*_named(pair))]
    return urlunsplit((scheme, netloc, url_parts.main_path(path), "&".join(pairs), fragment))


def _cleaned(url: str) -> tuple[str, str, str, str, str] | None:
    try:
        parts = urlsplit(url.strip())
        if parts.scheme.lower() not in _PORTS or not parts.hostname:
            return None
        host = parts.hostname.rstrip(".")
        host = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
        port = parts.port
        scheme = parts.scheme.lower()
        netloc = host if port is None or port == _PORTS[scheme] else f"{host}:{port}"
        pairs = [p for p in parts.query.split("&") if p and not url_parts.tells_nothing(*_named(p))]
        query = "&".join(pair.removeprefix("amp;") for pair in pairs)
        path = url_parts.without_session(parts.path) or "/"
        # Percent-encoding, dot segments and the order of the query, as Scrapy's own authors have them.
        made = urlsplit(canonicalize_url(urlunsplit((scheme, netloc, path, query, ""))))
    except (ValueError, UnicodeError):
        return None
    fragment = parts.fragment if parts.fragment.startswith(("!", "/")) else ""
    query = "&".join(pair.removesuffix("=") for pair in made.query.split("&"))  # `?1234` stays as it was
    return scheme, made.netloc or netloc, made.path or "/", query, fragment


def _named(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return unquote_plus(name), unquote_plus(value)


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
    if not is_at_home(url, source):
        return False
    if any(re.search(pattern, url) for pattern in source.deny):
        return False
    return not source.allow or any(re.search(pattern, url) for pattern in source.allow)


def is_at_home(url: str, source: Source) -> bool:
    """Is this URL at a host of the source, whatever it is there: a story, a channel, a section?

    >>> from pipelines.sources import nameless
    >>> is_at_home("https://rss.ap.example/all", nameless("https://ap.example/"))
    True
    """
    host = _bare(urlsplit(url).hostname or "")
    return any(host == h or host.endswith("." + h) for h in map(_bare, scope_hosts(source)))


def story_id(source_id: str, key: str) -> str:
    """The identity of a story over all its versions: 20 hex digits.

    `key` is what `same_by` of the source names: the canonical URL or the guid.

    >>> story_id("ap", "https://ap.example/rain")
    '11a5fccf61fd0d14df3c'
    """
    return hashlib.sha256(f"{source_id}\n{key}".encode()).hexdigest()[:20]


def _bare(host: str) -> str:
    return host.lower().removeprefix("www.")

"""Read what a site says of itself: robots.txt, its front page, its markup. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from pipelines.channels.said import words
from pipelines.errors import UsageError
from pipelines.page import jsonld
from pipelines.page.markup import Tree
from pipelines.probe.report import Robots
from pipelines.urls import absolute

AGENT = "Wirehouse"
"""The name under which robots.txt speaks to us: `ROBOTSTXT_USER_AGENT`."""

USUAL_FEEDS = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "feed.json")
USUAL_SITEMAPS = ("news-sitemap.xml", "sitemap-news.xml", "sitemap.xml")
"""Asked only where the site names none: each costs its server a request."""

MOST_LINKED = 5
"""Links of the front page that are tried because they look like a feed's."""

_FEED_PATH = re.compile(r"(?:^|/)(?:rss|feeds?|atom)(?:/|$|[._-])|\.(?:rss|atom)$", re.I)
_NO_SECTION = re.compile(
    r"login|sign|account|abo|subscri|newsletter|privacy|datenschutz|impressum|imprint|contact|kontakt|"
    r"about|terms|cookie|help|faq|shop|jobs|search|suche|video|podcast|app",
    re.I,
)


def address(url: str) -> str:
    """The address that was typed, https where nothing is said; UsageError if it is none.

    >>> address("wire.example")
    'https://wire.example/'
    """
    text = url if "://" in url else f"https://{url}"
    try:
        parts_of = urlsplit(text)
        parts_of.port  # noqa: B018  # a ValueError where there is none that can be
    except ValueError as error:
        raise UsageError(f"{url!r} is no address: {error}") from None
    host = parts_of.hostname or ""
    if parts_of.scheme not in ("http", "https") or not host or " " in text or parts_of.username is not None:
        raise UsageError(f"{url!r} is no http(s) address of a site")
    return text if parts_of.path else f"{text}/"


def name_of(url: str) -> str:
    """A source's name from its address.

    >>> name_of("https://www.bbc.co.uk/news"), name_of("http://127.0.0.1:8701/")
    ('bbc', 'site_127_0_0_1_8701')
    """
    parts = urlsplit(url)
    host = (parts.hostname or "site").removeprefix("www.")
    if re.fullmatch(r"[\d.]+|.*:.*|[^.]+", host):
        host = f"site.{host}.{parts.port or ''}" if not host[:1].isalpha() else host
    else:
        labels = host.split(".")[:-1]
        if len(labels) > 1 and labels[-1] in ("co", "com", "org", "net", "gov", "ac", "or", "ne"):
            labels.pop()
        host = ".".join(labels)
    plain = unicodedata.normalize("NFKD", host).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return (name if name[:1].isalpha() else f"site_{name}")[:63]


def robots(text: str, status: int | None) -> Robots:
    """What robots.txt asks of us; whether it lets us in, the crawl itself has shown."""
    if status is None or status >= 400:
        return Robots(status=status)
    parser = RobotFileParser()
    # Its own reader stumbles over digits that are no decimals.
    plain = text.lstrip("\ufeff")
    parser.parse("".join(c for c in plain if c.isascii() or not c.isdigit()).splitlines())
    # Its own reader takes whole seconds only.
    delay = parser.crawl_delay(AGENT)
    stated = re.search(r"(?im)^\s*crawl-delay\s*:\s*(\d+\.\d+)", text) if delay is None else None
    return Robots(
        status=status,
        crawl_delay=float(delay) if delay is not None else float(stated[1]) if stated else None,
        sitemaps=tuple(dict.fromkeys(parser.site_maps() or ())),
    )


def title(tree: Tree) -> str | None:
    """The site's own name: og:site_name, else its title up to the first dash or bar."""
    name = next(iter(tree.xpath("//meta[@property='og:site_name']/@content")), None)
    said = words(name) or words("".join(tree.xpath("(//title)[1]//text()")))
    return re.split(r"\s+[|–—-]\s+", said)[0][:80] or None if said else None


def linked_feeds(tree: Tree, base: str) -> list[str]:
    """Links of the front page that look like a feed's, though nothing says that they are."""
    found = (absolute(href, base) for href in tree.xpath("//a/@href"))
    return list(dict.fromkeys(u for u in found if u and _FEED_PATH.search(urlsplit(u).path)))[:MOST_LINKED]


def sections(tree: Tree, base: str) -> list[str]:
    """Topic pages, by the navigation of the front page: short addresses on its own host."""
    host = urlsplit(base).hostname
    found: dict[str, None] = {}
    for href in tree.xpath("//nav//a/@href | //header//a/@href | //*[@role='navigation']//a/@href"):
        url = absolute(href.partition("#")[0], base)
        parts = urlsplit(url) if url else None
        if url is None or parts is None or parts.hostname != host or parts.query:
            continue
        folders = [f for f in parts.path.split("/") if f]
        named = all(re.fullmatch(r"[^\W\d][\w.-]{1,30}", f) and f.count("-") < 3 for f in folders)
        if 1 <= len(folders) <= 2 and named and not _NO_SECTION.search(parts.path):
            found[url] = None
    return list(found)[:20]


def markup_of(tree: Tree) -> set[str]:
    """The kinds of structured data that a page has about its story."""
    scripts = tree.xpath("//script[contains(@type, 'ld+json')]/text()")
    found = {
        "jsonld": bool(jsonld.article_nodes(scripts)[0]),
        "opengraph": bool(tree.xpath("//meta[starts-with(@property, 'og:')]")),
        "microdata": bool(tree.xpath("//*[contains(@itemtype, 'Article')]")),
        "amp": tree.get("amp") is not None or tree.get("⚡") is not None,
    }
    return {kind for kind, there in found.items() if there}


def usual(home: str, paths: Iterable[str]) -> list[str]:
    """Usual places on the host of `home`."""
    return [urljoin(home, f"/{path}") for path in paths]

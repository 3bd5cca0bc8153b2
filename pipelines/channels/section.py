"""Read a section or topic page: its links to stories, and the feeds that it names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from pipelines.channels.links import Link, stories
from pipelines.channels.said import Channel, NotAChannel, words
from pipelines.ledger import Reject
from pipelines.page import markup
from pipelines.page.markup import Tree
from pipelines.records import Lead, Source
from pipelines.urls import absolute, canonical, in_scope

MOST_LINKS = 5_000
"""Of one page that are looked at; the largest fronts have a thousand."""

_FEED_TYPES = re.compile(r"application/(?:x-)?(?:rss|atom|rdf)\+xml|application/feed\+json", re.I)
_COMMENTS = re.compile(r"comment|kommentar|commentaire|comentario", re.I)
_NAVIGATION = re.compile(
    r"(?:^|[\s_-])(?:nav|navigation|navbar|menu|footer|breadcrumbs?|masthead|toolbar|social|share|sharing|"
    r"cookie|skiplinks?)(?:$|[\s_-])",
    re.I,
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5"})


class _Place(NamedTuple):
    """Where on the page an element stands."""

    heading: bool = False
    article: bool = False
    navigation: bool = False


def begins(start: bytes) -> bool:
    """Do these first bytes look like a web page?"""
    if re.search(rb"<(?:rss|feed|rdf:rdf)[\s>]", start, re.I):
        return False
    return re.search(rb"<(?:!doctype\s+html|html|head|body|title|meta|div)\b", start, re.I) is not None


def read(body: bytes, url: str, content_type: str, source: Source) -> Channel:
    """The links of a page that lead to stories of its source.

    First the hosts in scope and the source's `deny`, then its `allow`; where it has no
    `allow`, the links' shape decides (`pipelines.channels.links`).
    """
    text = markup.decode(body, content_type)
    tree = text if isinstance(text, Reject) else markup.parse(text)
    if isinstance(tree, Reject):
        raise NotAChannel(f"no page that can be read: {tree.reason}")
    base = next((absolute(b, url) for b in tree.xpath("//base/@href")[:1]), None) or url
    anywhere = replace(source, allow=())
    here = canonical(url)
    links = [x for key, x in _links(tree, base).items() if key != here and in_scope(x.url, anywhere)]
    chosen = [x for x in links if in_scope(x.url, source)] if source.allow else stories(links)
    leads = tuple(
        Lead(
            url=canonical(link.url),
            found_url=link.url,
            channel=url,
            channel_kind="section",
            position=position,
            title=link.text if link.in_heading or len(link.text.split()) > 3 else None,
        )
        for position, link in enumerate(chosen)
    )
    return Channel("section", leads, feeds=tuple(_feeds(tree, base)), next=_next(tree, base))


def _links(tree: Tree, base: str) -> dict[str, Link]:
    """Each page once, by its key, with what all links to it say; the first is how it is asked for."""
    places: dict[Tree, _Place] = {}
    found: dict[str, Link] = {}
    for anchor in tree.xpath("//a[@href]")[:MOST_LINKS]:
        address = absolute(anchor.get("href").partition("#")[0], base)
        if address is None:
            continue
        place = _place(anchor, places)
        heading = next((h for h in anchor.iter(*_HEADINGS)), None)
        text = words("".join((anchor if heading is None else heading).itertext())) or words(
            anchor.get("title")
        )
        link = Link(
            url=address,
            text=(text or "")[:300],
            in_heading=place.heading or heading is not None,
            in_article=place.article,
            in_navigation=place.navigation,
            rel=frozenset((anchor.get("rel") or "").lower().split()),
        )
        key = canonical(address)
        found[key] = _both(found[key], link) if key in found else link
    return found


def _both(one: Link, other: Link) -> Link:
    better = max((one, other), key=lambda link: (link.in_heading, len(link.text)))
    return replace(
        better,
        url=one.url,
        in_heading=one.in_heading or other.in_heading,
        in_article=one.in_article or other.in_article,
        in_navigation=one.in_navigation and other.in_navigation,
        rel=one.rel & other.rel,
    )


def _place(element: Any, known: dict[Tree, _Place]) -> _Place:
    """Where an element stands, from its nearest ancestors up; an article's own header is no navigation."""
    chain = []
    place = _Place()
    while element is not None:
        if element in known:
            place = known[element]
            break
        chain.append(element)
        element = element.getparent()
    for one in reversed(chain):
        name = one.tag
        signs = f"{one.get('class') or ''} {one.get('id') or ''} {one.get('role') or ''}"
        if name == "article":
            place = _Place(article=True)
        elif name == "main" or one.get("role") == "main":
            place = _Place()
        elif name in _HEADINGS:
            place = place._replace(heading=True)
        elif (
            name in ("nav", "footer")
            or (name not in ("html", "body") and _NAVIGATION.search(signs))
            or (name == "header" and not place.article)
        ):
            place = place._replace(navigation=True)
        known[one] = place
    return place


def _feeds(tree: Tree, base: str) -> Iterator[str]:
    """Feeds that the page names as its own, each once; not those of its comments."""
    seen = set()
    for link in tree.xpath("//link[@href] | //a[@href and @type]")[:MOST_LINKS]:
        rel = (link.get("rel") or "").lower().split()
        typed = _FEED_TYPES.match((link.get("type") or "").strip()) is not None
        if not (typed and (link.tag == "a" or "alternate" in rel or "feed" in rel)):
            continue
        found = absolute(link.get("href"), base)
        if found and found not in seen and not _COMMENTS.search(f"{found} {link.get('title') or ''}"):
            seen.add(found)
            yield found


def _next(tree: Tree, base: str) -> str | None:
    for link in tree.xpath("//link[@rel and @href] | //a[@rel and @href]")[:MOST_LINKS]:
        if "next" in link.get("rel").lower().split():
            return absolute(link.get("href"), base)
    return None

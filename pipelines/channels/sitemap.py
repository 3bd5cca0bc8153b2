"""Read sitemaps, news sitemaps and their indexes: https://www.sitemaps.org/protocol.html. Pure.

They are read entry by entry, so that 50,000 of them never stand in memory as a tree.
A broken one is read as far as it goes. Entities stay unexpanded, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from lxml import etree

from pipelines.channels.said import LARGEST, Channel, NotAChannel, Part, instant, latest, words
from pipelines.records import Lead
from pipelines.urls import absolute, canonical

MOST_INSIDE = 20_000
"""Elements of one entry; Google's extensions allow 1,000 pictures."""

_ENTRIES = {"urlset": "url", "sitemapindex": "sitemap"}


def begins(start: bytes) -> bool:
    """Do these first bytes look like a sitemap, of one form or another?"""
    return re.search(rb"<(?:\w+:)?(?:urlset|sitemapindex)\b", start) is not None


def read(body: bytes, url: str) -> Channel:
    """Places of a sitemap, with what Google's news extension says of each; or an index's parts."""
    leads: list[Lead] = []
    parts: list[Part] = []
    root = ""
    position = -1
    inside = 0
    news = False
    try:
        for event, element in _elements(body):
            if not isinstance(element.tag, str):
                continue
            name = _local(element)
            if event == "start":
                root = root or name
                inside += 1
                if inside > MOST_INSIDE:  # of no sitemap; a tree of them would fill the memory
                    break
                continue
            if name == _ENTRIES.get(root):
                position += 1
                if root == "sitemapindex":
                    parts += _part(element, url)
                elif lead := _place(element, position, url):
                    leads.append(lead)
                    news = news or lead.channel_kind == "news_sitemap"
                if position + 1 == LARGEST:
                    break
            elif not _is_of_root(element):
                continue
            inside = 0
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        if position < 0:
            raise NotAChannel(f"begins like a sitemap, but is not XML: {error}") from error
    if root not in _ENTRIES:
        raise NotAChannel("begins like a sitemap, but is not XML")
    if root == "sitemapindex":
        return Channel("index", parts=tuple(parts))
    return Channel("news_sitemap" if news else "sitemap", tuple(leads))


def read_lines(body: bytes, url: str) -> Channel | None:
    """A sitemap of plain text, an address a line; None if any line is none."""
    lines = body.decode("utf-8", "replace").lstrip("\ufeff").split()[: LARGEST + 1]
    if not lines or not all(re.match(r"https?://", line) for line in lines):
        return None
    found = ((n, absolute(line, url)) for n, line in enumerate(lines[:LARGEST]))
    return Channel("sitemap", tuple(_lead(link, n, url, "sitemap") for n, link in found if link))


def _is_of_root(element: Any) -> bool:
    parent = element.getparent()
    return parent is not None and parent.getparent() is None


def _elements(body: bytes) -> Iterator[tuple[str, Any]]:
    elements: Iterator[tuple[str, Any]] = etree.iterparse(
        BytesIO(body),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return elements


def _part(entry: Any, url: str) -> Iterator[Part]:
    link = absolute(_child(entry, "loc") or "", url) if _child(entry, "loc") else None
    if link:
        yield Part(link, latest(_child(entry, "lastmod")))


def _place(entry: Any, position: int, channel: str) -> Lead | None:
    found = absolute(_child(entry, "loc") or "", channel) if _child(entry, "loc") else None
    if found is None:
        return None
    news = next(_children(entry, "news"), None)
    modified = _child(entry, "lastmod")
    if news is None:
        return _lead(found, position, channel, "sitemap", updated_raw=modified, updated_at=instant(modified))
    publication = next(_children(news, "publication"), None)
    return _lead(
        found,
        position,
        channel,
        "news_sitemap",
        title=_child(news, "title"),
        published_raw=_child(news, "publication_date"),
        updated_raw=modified,
        updated_at=instant(modified),
        language=None if publication is None else _child(publication, "language"),
    )


def _lead(found: str, position: int, channel: str, kind: str, **more: Any) -> Lead:
    return Lead(
        url=canonical(found), found_url=found, channel=channel, channel_kind=kind, position=position, **more
    )


def _children(element: Any, name: str) -> Iterator[Any]:
    return (c for c in element if isinstance(c.tag, str) and _local(c) == name)


def _local(element: Any) -> str:
    """The name without its namespace; not lxml's way, which raises over a damaged name (`news:`)."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def _child(element: Any, name: str) -> str | None:
    return next((words(c.text) for c in _children(element, name)), None)

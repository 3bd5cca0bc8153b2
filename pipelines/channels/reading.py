"""Read any channel by what it *is*, not by what its server calls it. Pure."""

from __future__ import annotations

import zlib

from pipelines.channels import feed, jsonfeed, section, sitemap
from pipelines.channels.said import Channel, NotAChannel
from pipelines.records import Source

LARGEST_BYTES = 50 * 2**20
"""Of a gzipped sitemap, unpacked: the sitemap protocol's own limit."""


def read(body: bytes, *, url: str, content_type: str = "", page_of: Source | None = None) -> Channel:
    """What one answer announces.

    `body` has its Content-Encoding undone. Broken feeds are read as far as feed
    readers do; an entry without a usable link is left out. No entity is fetched,
    none is expanded into a bomb: XML is hostile input.

    With `page_of` a web page is read too, for its links to stories of that source and
    the feeds it names. Without it a web page is NotAChannel, as are plain text,
    truncated JSON and the like: a feed that turned into a sign-in page must say so.
    """
    if body.startswith(b"\x1f\x8b"):  # sitemaps may be gzipped files
        body = _unzipped(body)
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:2000]
    if not start:
        raise NotAChannel("empty answer, no feed")
    if start.startswith(b"{"):
        return jsonfeed.read(body, url)
    if sitemap.begins(start):
        return sitemap.read(body, url)
    if start.startswith((b"http://", b"https://")) and (lines := sitemap.read_lines(body, url)):
        return lines
    if page_of is not None and section.begins(start):
        return section.read(body, url, content_type, page_of)
    return feed.read(body, url, content_type)


def _unzipped(body: bytes) -> bytes:
    """A gzipped file, of one member or several, as far as it is whole and no longer than it may be."""
    text = b""
    while body.startswith(b"\x1f\x8b") and len(text) < LARGEST_BYTES:
        member = zlib.decompressobj(31)
        try:
            text += member.decompress(body, LARGEST_BYTES - len(text))
        except zlib.error as error:
            if not text:
                raise NotAChannel(f"begins like gzip, but is not: {error}") from error
            break
        body = member.unused_data
    return text

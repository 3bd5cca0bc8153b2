"""Answer a request as the site would at that moment, sound or ugly. Pure: no socket, no clock."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from demo import channels, forms, markup
from demo.press import Press, Printing
from demo.prose import sections
from demo.sites import NEWEST, SITEMAP, SITES, Channel, Site

SECTION = "/section/"


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    trickles: bool = False
    """The body comes in drops; how slowly is the server's choice."""

    def header(self, name: str) -> str | None:
        """First value of a header, by its name in lower case."""
        return next((v for k, v in self.headers if k == name), None)

    @property
    def is_html(self) -> bool:
        return (self.header("content-type") or "").startswith("text/html")


def answer(press: Press, key: str, path: str, now: datetime) -> Answer:
    """What the site `key` answers to a GET of `path`; 404 for what it does not have."""
    site, base = SITES[key], press.origins[key]
    if path == "/robots.txt":
        return _text(channels.robots(site, base), "text/plain; charset=utf-8")
    if path == "/":
        return _page(site, channels.section(site, site.title, press.latest(key, now, NEWEST)))
    if path.startswith(SECTION):
        name = path.removeprefix(SECTION).capitalize()
        return _page(site, channels.section(site, name, _front(press, site, name, now)))
    for channel in site.channels:
        if path in (channel.path, *((channels.NEWS_LIST,) if _has_index(channel) else ())):
            return _channel(press, site, base, channel, path, now)
    if path.startswith("/img/"):
        return _text(_IMAGE.format(shade=sum(path.encode()) % 360), "image/svg+xml")
    amp = site.form == "amp" and path.startswith("/amp/")
    story = press.find(key, path.removeprefix("/amp") if amp else path.removesuffix(_ROUND), now)
    if story is None or (path.endswith(_ROUND) and story.fate != "loop"):
        return _text("Not found\n", "text/plain; charset=utf-8", status=404)
    return _page(site, forms.amp_page(story)) if amp else _story(press, story, path, now)


def announced(press: Press, key: str, now: datetime) -> dict[str, list[Printing]]:
    """What each channel of a site shows, newest first, by the channel's URL as it is declared."""
    return {
        press.origins[key] + channel.path: press.latest(key, now, _length(channel))
        for channel in SITES[key].channels
    }


def paths(press: Press, now: datetime) -> Iterator[tuple[str, str]]:
    """Every (site, path) that answers something of its own: channels, fronts and all stories so far."""
    for key, site in SITES.items():
        yield from ((key, path) for path in ("/robots.txt", "/", SECTION + "world"))
        for channel in site.channels:
            yield key, channel.path
            if _has_index(channel):
                yield key, channels.NEWS_LIST
    for number in press.numbers(now):
        for story in press.printings(number, now):
            yield story.site.key, story.path
            if story.site.form == "amp":
                yield story.site.key, markup.amp_path(story)


def printed(press: Press, story: Printing, now: datetime) -> str:
    """The story's page as the site prints it at a moment."""
    return forms.page(story, _around(press, story, now))


def _front(press: Press, site: Site, name: str, now: datetime) -> list[Printing]:
    """The stories of a section; of all, where it is none that the site's writers file under."""
    if name not in sections(site.language):
        return press.latest(site.key, now, NEWEST)
    return [p for p in press.latest(site.key, now, 3 * NEWEST) if p.copy.section == name][:NEWEST]


def _story(press: Press, story: Printing, path: str, now: datetime) -> Answer:
    match story.fate:
        case "missing":
            return _text("<h1>404</h1>", "text/html; charset=utf-8", status=404)
        case "error":
            return _text("<h1>Internal Server Error</h1>", "text/html; charset=utf-8", status=500)
        case "gone" if story.change == "gone":
            return _text("<h1>410 Gone</h1>", "text/html; charset=utf-8", status=410)
        case "redirect":
            return _redirect(press.earlier(story).url)
        case "loop":
            return _redirect(story.path if path.endswith(_ROUND) else story.path + _ROUND)
        case "pdf":
            return Answer(headers=(("content-type", "application/pdf"),), body=_PDF)
        case "front":
            return _redirect(channels.announced_url(story))
    html = printed(press, story, now)
    if story.fate == "garbled":
        broken = gzip.compress(html.encode(), mtime=0)[:64] + b"\x00broken\xff" * 40
        return Answer(
            headers=(("content-type", "text/html; charset=utf-8"), ("content-encoding", "gzip")), body=broken
        )
    page = _page(story.site, html)
    if story.site.validators:
        changed = format_datetime((story.modified or story.published).replace(microsecond=0), usegmt=True)
        validators = (("etag", f'"{sha256(page.body).hexdigest()[:16]}"'), ("last-modified", changed))
        page = Answer(headers=page.headers + validators, body=page.body)
    return Answer(headers=page.headers, body=page.body, trickles=story.fate == "slow")


def _around(press: Press, story: Printing, now: datetime) -> forms.Around:
    older = [p for p in press.latest(story.site.key, story.published, 6) if p.number != story.number]
    most_read = press.latest(story.site.key, now, 5) if story.site.form == "lines" else ()
    return forms.Around(related=older[:5], most_read=most_read)


def _channel(press: Press, site: Site, base: str, channel: Channel, path: str, now: datetime) -> Answer:
    if _has_index(channel) and path == channel.path:
        return _text(channels.sitemap_index(base), "application/xml")
    stories = press.latest(site.key, now, _length(channel))
    match channel.kind:
        case "rss":
            return _text(channels.rss(site, base, path, stories), "application/rss+xml; charset=utf-8")
        case "atom":
            return _text(channels.atom(site, base, path, stories), "application/atom+xml; charset=utf-8")
        case "json":
            return _text(channels.json_feed(site, base, path, stories), "application/feed+json")
    return _text(channels.news_sitemap(site, stories), "application/xml")


def _has_index(channel: Channel) -> bool:
    return channel.kind == "news_sitemap" and channel.path == "/sitemap.xml"


def _length(channel: Channel) -> int:
    return SITEMAP if channel.kind == "news_sitemap" else NEWEST


def _page(site: Site, html: str) -> Answer:
    """A page in the site's charset; only the old one leaves it to the page to say which."""
    kind = "text/html; charset=utf-8" if site.charset == "utf-8" else "text/html"
    return Answer(headers=(("content-type", kind),), body=html.encode(site.charset, "xmlcharrefreplace"))


def _text(text: str, kind: str, status: int = 200) -> Answer:
    return Answer(status=status, headers=(("content-type", kind),), body=text.encode())


def _redirect(url: str) -> Answer:
    return Answer(status=302, headers=(("location", url), ("content-type", "text/html")))


_ROUND = "?round=1"
"""The other half of a redirect loop."""

_PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"

_IMAGE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360">'
    '<rect width="640" height="360" fill="hsl({shade} 30% 60%)"/></svg>'
)

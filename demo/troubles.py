"""Make a site of the demo wire sick: twelve troubles as real sites have them, each from a moment on. Pure.

```
the timeline is another (feed, dates, sections, duplicates)  a `Press` that shows other stories
the page is another     (layout, paywall)                     the same story, printed otherwise
the server is another   (wall, robots, moved, slow)           the same answer, given otherwise
```

`Wire(troubles=(Trouble("paywall", "courier"),))`, or while it is served `served.trouble("paywall",
"courier")`. The truth of a story stays what it was: a trouble is between it and its reader.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from html import escape as esc
from urllib.parse import urlsplit

from demo import channels, pages, wording
from demo.markup import furniture, links, nav, texts
from demo.pages import SECTION, Answer
from demo.press import Press, Printing
from demo.prose import sections
from demo.sites import SITES

EDITIONS = 4
"""Addresses under which a storm of duplicates announces each story."""

NEW_HOST = "localhost"
"""Where a site that moved is found: the same port under another name, which must be no host of its source."""


ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Trouble:
    name: str
    """One of `TROUBLES`."""
    site: str
    since: datetime = ALWAYS

    def __post_init__(self) -> None:
        for what, said, known in (("trouble", self.name, TROUBLES), ("site", self.site, SITES)):
            if said not in known:
                raise ValueError(f"no such {what}: {said}; there are {', '.join(known)}")


def answer(press: Press, trouble: Trouble, path: str, now: datetime, host: str) -> Answer:
    """What the site answers while it has the trouble; `host` is the name under which it was asked."""
    return TROUBLES[trouble.name](_Asked(press, trouble, path, now, host))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request to a sick site."""

    press: Press
    trouble: Trouble
    path: str
    now: datetime
    host: str

    def sound(self, press: Press | None = None) -> Answer:
        """What the healthy site answers; or one with another timeline."""
        return pages.answer(press or self.press, self.trouble.site, self.path, self.now)

    def view(self, kind: type[_View]) -> Answer:
        values = {f.name: getattr(self.press, f.name) for f in fields(Press)}
        return self.sound(kind(**values, trouble=self.trouble, now=self.now))

    @property
    def is_channel(self) -> bool:
        site = SITES[self.trouble.site]
        return self.path in (channels.NEWS_LIST, *(channel.path for channel in site.channels))

    def page(self, printed: Callable[[Printing, Press], str]) -> Answer:
        """Story pages printed otherwise; what is no sound story's page stays as it is."""
        sound, site = self.sound(), SITES[self.trouble.site]
        story = self.press.find(site.key, self.path, self.now)
        if story is None or story.fate == "empty" or sound.status != 200 or not sound.is_html:
            return sound
        body = printed(story, self.press).encode(site.charset, "xmlcharrefreplace")
        return replace(sound, headers=(sound.headers[0],), body=body)


@dataclass(frozen=True, kw_only=True)
class _View(Press):
    """A timeline seen through a trouble."""

    trouble: Trouble
    now: datetime

    def is_struck(self, p: Printing) -> bool:
        return p.site.key == self.trouble.site and p.published >= self.trouble.since


class _Frozen(_View):
    def latest(self, site: str, now: datetime, count: int) -> list[Printing]:
        return super().latest(site, min(now, self.trouble.since), count)


class _Empty(_View):
    def latest(self, site: str, now: datetime, count: int) -> list[Printing]:
        return []


class _Again(_View):
    """Each story under several addresses, each of which it calls its own."""

    def latest(self, site: str, now: datetime, count: int) -> list[Printing]:
        once = super().latest(site, now, count)
        return [_moved(p, edition) for p in once for edition in range(EDITIONS)]

    def find(self, site: str, path: str, now: datetime) -> Printing | None:
        first, _, rest = path.removeprefix("/").partition("/")
        edition = first.removeprefix(_EDITION)
        if edition == first or not edition.isdecimal():
            return super().find(site, path, now)
        found = super().find(site, "/" + rest, now)
        return found and _moved(found, int(edition))


class _Undated(_View):
    """What is published now says that it is of 1970, or of a year that is far away."""

    def latest(self, site: str, now: datetime, count: int) -> list[Printing]:
        return [self._dated(p) for p in super().latest(site, min(now, self.now), count)]

    def find(self, site: str, path: str, now: datetime) -> Printing | None:
        found = super().find(site, path, now)
        return found and self._dated(found)

    def earlier(self, printing: Printing) -> Printing:
        return super().earlier(replace(printing, published=self.now))

    def _dated(self, p: Printing) -> Printing:
        if not self.is_struck(p):
            return p
        wrong = _EPOCH if p.number.bit_count() % 2 else p.published.replace(year=p.published.year + 73, day=1)
        return replace(p, published=wrong, modified=p.modified and wrong)


class _Halved(_View):
    """Every second section of the site is there no more, nor in its feeds."""

    def latest(self, site: str, now: datetime, count: int) -> list[Printing]:
        lost = {name for names in map(sections, ("en", "de", "fr")) for name in names[::2]}
        found = super().latest(site, now, 3 * count)
        return [p for p in found if p.copy.section not in lost][:count]


class _Thinned(_View):
    """Of what is published now, three in five are announced nowhere."""

    def latest(self, site: str, now: datetime, count: int) -> list[Printing]:
        # 7 and 24, the length of the plan, share no factor: all kinds of stories are struck alike.
        found = super().latest(site, now, 3 * count)
        return [p for p in found if not self.is_struck(p) or p.number * 7 % 5 > 2][:count]


def _channels_of(kind: type[_View]) -> Callable[[_Asked], Answer]:
    return lambda asked: asked.view(kind) if asked.is_channel else asked.sound()


def _wall(asked: _Asked) -> Answer:
    """A firewall's challenge before everything but robots.txt."""
    if asked.path == "/robots.txt":
        return asked.sound()
    return Answer(status=403, headers=_HTML, body=_CHALLENGE)


def _robots(asked: _Asked) -> Answer:
    if asked.path != "/robots.txt":
        return asked.sound()
    return replace(asked.sound(), body=b"User-agent: *\nDisallow: /\n")


def _moved_away(asked: _Asked) -> Answer:
    """The old host sends everybody to the new one, where all links lead to the new one too."""
    site = asked.trouble.site
    there = f"http://{NEW_HOST}:{urlsplit(asked.press.origins[site]).port}"
    if asked.host.partition(":")[0] == NEW_HOST:
        return asked.sound(replace(asked.press, origins={**asked.press.origins, site: there}))
    return Answer(status=301, headers=(("location", there + asked.path), ("content-type", "text/html")))


def _halved(asked: _Asked) -> Answer:
    name = asked.path.removeprefix(SECTION).casefold()
    lost = [s.casefold() for s in sections(SITES[asked.trouble.site].language)[::2]]
    if asked.path.startswith(SECTION) and name in lost:
        return Answer(status=404, headers=_HTML, body=b"<h1>404</h1>")
    return asked.view(_Halved) if asked.is_channel else asked.sound()


def _redesigned(p: Printing, press: Press) -> str:
    """A page made by scripts: hashed classes, no structured data, no words that name a byline or a date."""
    share, news, more, read, cookies, comments = furniture(p)
    around = press.latest(p.site.key, p.published, 6)
    told = "".join(f'<div class="css-1q8dd3e"><span>{esc(text)}</span></div>' for _, text in texts(p))
    names = " · ".join(wording.authors(p))
    cards = "".join(
        f'<div class="css-9fk2la"><div class="css-77ab01">{esc(r.headline)}</div>'
        f'<div class="css-1q8dd3e"><span>{esc(r.copy.description)}</span></div></div>'
        for r in around
    )
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="{p.site.charset}"><title>{esc(p.site.title)}</title>'
        f'<script src="/static/app.4f2c.js"></script></head><body><div id="root">{nav(p)}'
        f'<div class="css-9fk2la"><div class="css-1q8dd3e"><span>{esc(cookies)}</span></div></div>'
        f'<div class="css-0hd7"><div class="css-77ab01">{esc(p.headline)}</div>'
        f'<div class="css-2ll">{esc(names)}</div><div class="css-2ll">{share}</div>{told}</div>'
        f'<div class="css-0hd7"><div class="css-77ab01">{esc(more)}</div>{cards}</div>'
        f'<div class="css-0hd7"><div class="css-1q8dd3e"><span>{esc(news)}</span></div>'
        f'<div class="css-1q8dd3e"><span>{esc(comments)}</span></div>{esc(read)}{links(around[:3])}</div>'
        f"</div></body></html>\n"
    )


def _walled(p: Printing, press: Press) -> str:
    """The first paragraph, an offer, and in the markup what search engines want to be told."""
    html = pages.printed(press, replace(p, blocks=p.blocks[:1]), p.published)
    said = {"@context": "https://schema.org", "@type": "NewsArticle", "isAccessibleForFree": False}
    said |= {"hasPart": {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".premium"}}
    html = html.replace('"isAccessibleForFree": true', '"isAccessibleForFree": false')
    marked = f'<script type="application/ld+json">{json.dumps(said)}</script></head>'
    offer = f'<div class="premium paywall"><p>{_OFFER[p.site.language]}</p></div></body>'
    return html.replace("</head>", marked, 1).replace("</body>", offer, 1)


def _moved(p: Printing, edition: int) -> Printing:
    path = f"/{_EDITION}{edition}{p.path}"
    return replace(p, path=path, url=p.url.removesuffix(p.path) + path)


TROUBLES: dict[str, Callable[[_Asked], Answer]] = {
    "feed_frozen": _channels_of(_Frozen),
    "feed_empty": _channels_of(_Empty),
    "wall_403": _wall,
    "layout_change": lambda asked: asked.page(_redesigned),
    "paywall": lambda asked: asked.page(_walled),
    "moved_domain": _moved_away,
    "slow_server": lambda asked: replace(asked.sound(), trickles=True),
    "duplicate_storm": lambda asked: asked.view(_Again),
    "date_nonsense": lambda asked: asked.view(_Undated),
    "robots_closed": _robots,
    "half_sections_gone": _halved,
    "silent_drop_60": _channels_of(_Thinned),
}
"""What a sick site answers, by the name of its trouble."""


def of_site(troubles: Iterable[Trouble], site: str, now: datetime) -> Trouble | None:
    """The trouble that a site has: of those that have begun the one named last."""
    return next((t for t in reversed(tuple(troubles)) if t.site == site and t.since <= now), None)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EDITION = "edition-"
_HTML = (("content-type", "text/html; charset=utf-8"),)
_CHALLENGE = b"<!DOCTYPE html><html><title>Just a moment</title><body>Checking your browser</body></html>"
_OFFER = {
    "en": "Subscribe to read the whole story. Already a subscriber? Sign in.",
    "de": "Lesen Sie weiter mit einem Abonnement. Bereits Abonnent? Anmelden.",
    "fr": "La suite est réservée aux abonnés. Déjà abonné ? Connectez-vous.",
}

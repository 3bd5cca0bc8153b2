"""The invented agencies and outlets: what each is called, how it prints and where it announces."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PORT = 8701
"""Of the first site in `SITES`; the others follow, one port each, as each has its own robots.txt."""

NEWEST = 30
"""Stories that a feed shows."""

SITEMAP = 1_000
"""Stories that a news sitemap shows: the most that its standard allows."""


@dataclass(frozen=True, slots=True)
class Channel:
    kind: str
    """rss, atom, json or news_sitemap."""
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    key: str
    title: str
    language: str
    """Of its furniture; a story says its own."""
    zone: str
    """Of the times it prints."""
    form: str
    """Of its markup: a function of `demo.forms`."""
    path: str
    """Of a story, from `slug`, `number` (the last digits in it) and `day`."""
    channels: tuple[Channel, ...]
    agency: str | None = None
    """The name with which it signs, if it is an agency."""
    job: str = ""
    """What it prints after its own reporters' names."""
    guids: bool = True
    """Its channels name each story by a URN beside the link."""
    charset: str = "utf-8"
    gzip: bool = False
    validators: bool = False
    """Sends ETag and Last-Modified, and answers 304."""
    seconds: bool = False
    """Its times have seconds."""
    crawl_delay: int | None = None
    """Seconds."""


SITES = {
    site.key: site
    for site in (
        Site(
            key="meridian",
            title="Meridian Wire",
            language="en",
            zone="UTC",
            form="jsonld",
            path="/article/{slug}-{number}",
            channels=(Channel("rss", "/feeds/latest.rss"),),
            agency="Meridian Wire",
            seconds=True,
        ),
        Site(
            key="veldra",
            title="Veldra",
            language="de",
            zone="Europe/Zurich",
            form="meta",
            path="/meldung/{day:%Y-%m-%d}/{slug}-{number}",
            channels=(Channel("atom", "/atom.xml"),),
            agency="Veldra",
            seconds=True,
        ),
        Site(
            key="courier",
            title="The Ellery Courier",
            language="en",
            zone="America/Halifax",
            form="microdata",
            path="/{day:%Y/%m/%d}/{slug}-{number}.html",
            channels=(Channel("rss", "/rss.xml"), Channel("news_sitemap", "/news-sitemap.xml")),
            job="Courier Staff Writer",
            guids=False,
            validators=True,
        ),
        Site(
            key="saltmarsh",
            title="Channel 9 Saltmarsh",
            language="en",
            zone="America/New_York",
            form="lines",
            path="/story/{slug}/{number}",
            channels=(Channel("json", "/feed.json"),),
        ),
        Site(
            key="kuestenblatt",
            title="Küstenblatt",
            language="de",
            zone="Europe/Berlin",
            form="soup",
            path="/nachrichten/{slug},{number}.php",
            channels=(Channel("news_sitemap", "/sitemap.xml"),),  # an index: the list itself is behind it
            guids=False,
            charset="windows-1252",
        ),
        Site(
            key="phare",
            title="Le Phare de Brévenne",
            language="fr",
            zone="Europe/Paris",
            form="amp",
            path="/actu/{slug}-{number}/",
            channels=(Channel("atom", "/flux/atom.xml"),),
            gzip=True,
            crawl_delay=1,
        ),
    )
}
"""By key, in the order of their ports. `sources/demo_<key>.toml` declares each to Wirehouse."""


def default_origins() -> dict[str, str]:
    """Base URLs at the ports that the declared sources name.

    >>> default_origins()["veldra"]
    'http://127.0.0.1:8702'
    """
    return {key: f"http://127.0.0.1:{FIRST_PORT + n}" for n, key in enumerate(SITES)}

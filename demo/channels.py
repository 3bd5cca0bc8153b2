"""Print what a site announces: RSS, Atom, JSON Feed, news sitemap, section pages, robots.txt. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape as esc

from demo.press import Printing
from demo.sites import Site

NEWS_LIST = "/sitemap-news.xml"
"""Behind the index, where a site has one at its channel's path."""


def rss(site: Site, base: str, path: str, stories: Sequence[Printing]) -> str:
    items = "".join(
        f"<item><title>{esc(p.headline)}</title><link>{announced_url(p)}</link>"
        f"{_guid_element(p)}"
        f"<pubDate>{format_datetime(p.local(p.published))}</pubDate>"
        f"<category>{esc(p.copy.section)}</category><description>{esc(p.copy.description)}</description></item>\n"
        for p in stories
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" '
        'xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{esc(site.title)}</title><link>{base}/</link><description>{esc(site.title)}</description>"
        f'<language>{site.language}</language><atom:link rel="self" href="{base}{path}"/>\n'
        f"{items}</channel></rss>\n"
    )


def atom(site: Site, base: str, path: str, stories: Sequence[Printing]) -> str:
    entries = "".join(
        f'<entry xml:lang="{p.copy.language}"><title>{esc(p.headline)}</title>'
        f'<link rel="alternate" type="text/html" href="{announced_url(p)}"/><id>{guid(p)}</id>'
        f"<published>{_iso(p, p.published)}</published>"
        f"<updated>{_iso(p, p.modified or p.published)}</updated>"
        f"<author><name>{esc(site.title)}</name></author>"
        f'<category term="{esc(p.copy.section)}"/><summary>{esc(p.copy.description)}</summary></entry>\n'
        for p in stories
    )
    newest = max((_iso(p, p.modified or p.published) for p in stories), default="1970-01-01T00:00:00Z")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{esc(site.title)}</title><id>{base}/</id><updated>{newest}</updated>"
        f'<link rel="self" href="{base}{path}"/>\n{entries}</feed>\n'
    )


def json_feed(site: Site, base: str, path: str, stories: Sequence[Printing]) -> str:
    items = [
        {
            "id": guid(p),
            "url": announced_url(p),
            "title": p.headline,
            "summary": p.copy.description,
            "date_published": _iso(p, p.published),
            **({"date_modified": _iso(p, p.modified)} if p.modified else {}),
            "language": p.copy.language,
        }
        for p in stories
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": site.title,
        "home_page_url": f"{base}/",
        "feed_url": base + path,
        "language": site.language,
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1)


def news_sitemap(site: Site, stories: Sequence[Printing]) -> str:
    urls = "".join(
        f"<url><loc>{announced_url(p)}</loc><lastmod>{_sitemap_date(p, p.modified or p.published)}</lastmod>"
        f"<news:news><news:publication><news:name>{esc(site.title)}</news:name>"
        f"<news:language>{p.copy.language}</news:language></news:publication>"
        f"<news:publication_date>{_sitemap_date(p, p.published)}</news:publication_date>"
        f"<news:title>{esc(p.headline)}</news:title></news:news></url>\n"
        for p in stories
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n{urls}</urlset>\n'
    )


def sitemap_index(base: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{base}{NEWS_LIST}</loc></sitemap></sitemapindex>\n"
    )


def section(site: Site, name: str, stories: Sequence[Printing]) -> str:
    """A front: headlines and teasers of many stories, the text of none."""
    teasers = "".join(
        f'<div class="teaser"><h2><a href="{announced_url(p)}">{esc(p.headline)}</a></h2>'
        f"<p>{esc(p.copy.description)}</p></div>\n"
        for p in stories
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{site.language}"><head><meta charset="{site.charset}">'
        f"<title>{esc(name)} | {esc(site.title)}</title>{_feeds(site)}</head><body><h1>{esc(name)}</h1>\n"
        f"{teasers}</body></html>\n"
    )


def _feeds(site: Site) -> str:
    """The feeds that its fronts name: where a reader of feeds, or a probe, finds them."""
    types = {"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json"}
    return "".join(
        f'<link rel="alternate" type="{types[channel.kind]}" href="{channel.path}">'
        for channel in site.channels
        if channel.kind in types
    )


def robots(site: Site, base: str) -> str:
    delay = f"Crawl-delay: {site.crawl_delay}\n" if site.crawl_delay else ""
    maps = "".join(f"Sitemap: {base}{c.path}\n" for c in site.channels if c.kind == "news_sitemap")
    return f"User-agent: *\n{delay}Disallow: /reserve/\n{maps}"


def guid(p: Printing) -> str | None:
    """`urn:demo:veldra:17`, the same through all versions; None where channels give the link alone."""
    return f"urn:demo:{p.site.key}:{p.number}" if p.site.guids else None


def announced_url(p: Printing) -> str:
    """The story's own URL; or, for one fate, a section front that was announced as if it were one."""
    return p.url.removesuffix(p.path) + "/section/world" if p.fate == "front" else p.url


def _guid_element(p: Printing) -> str:
    return f'<guid isPermaLink="false">{guid(p)}</guid>' if p.site.guids else ""


def _iso(p: Printing, moment: datetime) -> str:
    return p.local(moment).isoformat(timespec="seconds")


def _sitemap_date(p: Printing, moment: datetime) -> str:
    """A W3C date: the old paper's sitemap has days only."""
    return _iso(p, moment)[:10] if p.site.form == "soup" else _iso(p, moment)

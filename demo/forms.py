"""Print a story as HTML in each site's own form, with the furniture that real pages have around it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from html import escape as esc
from urllib.parse import quote

from demo import wording
from demo.markup import (
    amp_path,
    article,
    byline,
    day_only,
    figure,
    flow,
    furniture,
    html,
    image_url,
    json_ld,
    line,
    links,
    nav,
    rights,
    standfirst,
    stated,
    station_rights,
    texts,
)
from demo.press import Printing


@dataclass(frozen=True, slots=True)
class Around:
    """What else stands on the page."""

    related: Sequence[Printing]
    """Older stories of the site: the same whenever the page is asked for."""
    most_read: Sequence[Printing]
    """Changes while the story does not."""


def page(p: Printing, around: Around) -> str:
    """The story's page; for the fate `empty`, all of it but the text."""
    return _FORMS[p.site.form](p, around)


def amp_page(p: Printing) -> str:
    """The AMP variant; its canonical link names the story's own page."""
    return html(
        p,
        f'<meta charset="utf-8"><link rel="canonical" href="{p.url}">{json_ld(article(p))}',
        f"<h1>{esc(p.headline)}</h1>{byline(p, 'p')}"
        f'<amp-img src="{image_url(p)}" width="640" height="360"></amp-img>'
        f"<article>{flow(texts(p))}</article><footer>{rights(p)}</footer>",
        attributes=" amp",
    )


def _jsonld(p: Printing, around: Around) -> str:
    """Meridian: a JSON-LD graph, `<article>`, standfirst, notes to editors."""
    share, news, more, *_ = furniture(p)
    graph: dict[str, object] = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "@id": "/#site", "name": p.site.title},
            article(p) | {"dateCreated": stated(p, "published")},
        ],
    }
    tags = " ".join(f'<a href="/section/{quote(k)}">{esc(k)}</a>' for k in p.copy.keywords)
    return html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} | {p.site.title}</title>'
        f'<link rel="canonical" href="{p.url}">{json_ld(graph)}',
        f"{nav(p)}<main><article><header><h1>{esc(p.headline)}</h1>"
        f"{standfirst(p, 'p')}{byline(p, 'p')}"
        f'<time datetime="{stated(p, "published")}">{wording.spoken(p, p.published)}</time></header>'
        f'<ul class="share"><li>{share}</li></ul>{figure(p)}'
        f"{line(wording.editors_note(p), 'p', 'ednote')}"
        f"{flow(texts(p))}{line(wording.correction(p), 'p', 'correction')}"
        f'<p class="tags">{tags}</p></article>'
        f'<aside class="newsletter"><p>{news}</p></aside>'
        f'<aside class="related"><h2>{more}</h2>{links(around.related)}</aside></main>'
        f"<footer>{rights(p)}</footer>",
    )


def _meta(p: Printing, around: Around) -> str:
    """Veldra: OpenGraph and other `<meta>` only."""
    share, news, more, _, cookies, _ = furniture(p)
    metas: list[tuple[str, str | None]] = [
        ("og:type", "article"),
        ("og:site_name", p.site.title),
        ("og:title", p.headline),
        ("og:description", None if p.is_kill else p.copy.description),
        ("og:image", image_url(p)),
        ("article:published_time", stated(p, "published")),
        ("article:modified_time", stated(p, "modified")),
        ("article:section", p.copy.section),
        *(("article:tag", k) for k in p.copy.keywords if not p.is_kill),
    ]
    names = "".join(f'<meta name="author" content="{esc(a)}">' for a in wording.authors(p))
    head = "".join(f'<meta property="{key}" content="{esc(value)}">' for key, value in metas if value)
    return html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)}</title><link rel="canonical" href="{p.url}">'
        f'<meta name="robots" content="index,follow,max-image-preview:large">'
        f'<meta name="tdm-reservation" content="0">{head}{names}',
        f'<div id="cookie-banner">{cookies}</div>{nav(p)}<div class="page"><h1>{esc(p.headline)}</h1>'
        f'{standfirst(p, "h2")}{byline(p, "div")}<div class="share">{share}</div>{figure(p)}'
        f'<div class="content">{flow(texts(p))}{line(wording.correction(p), "p", "note")}</div>'
        f'<div class="teaser"><h3>{more}</h3>{links(around.related)}</div>'
        f'<div class="nl"><p>{news}</p></div></div><footer>{rights(p)}</footer>',
    )


def _microdata(p: Printing, around: Around) -> str:
    """The Courier: schema.org microdata, a promo between the paragraphs, comments."""
    share, news, more, read, _, comments = furniture(p)
    authors = "".join(
        f'<span itemprop="author" itemscope itemtype="https://schema.org/Person">'
        f'<meta itemprop="name" content="{esc(a)}"></span>'
        for a in wording.authors(p)
    )
    modified = stated(p, "modified")
    updated = f'<time itemprop="dateModified" datetime="{modified}">Updated</time>' if modified else ""
    written = texts(p)
    promo = "".join(
        f'<p class="promo">{more}: <a href="{r.url}">{esc(r.headline)}</a></p>' for r in around.related[:1]
    )
    return html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} - {p.site.title}</title>'
        f'<link rel="canonical" href="{p.url}"><meta property="og:image" content="{image_url(p)}">',
        f'{nav(p)}<div itemscope itemtype="https://schema.org/NewsArticle">'
        f'<meta itemprop="articleSection" content="{esc(p.copy.section)}">'
        f'<meta itemprop="keywords" content="{esc(", ".join(p.copy.keywords))}">'
        f'<h1 itemprop="headline">{esc(p.headline)}</h1>'
        f'<p class="deck" itemprop="description">{esc(p.copy.description)}</p>'
        f'{authors}{byline(p, "div")}<div class="dates"><time itemprop="datePublished" '
        f'datetime="{stated(p, "published")}">{wording.spoken(p, p.published)}</time> {updated}</div>'
        f'<div class="share-tools">{share}</div>{figure(p)}<div itemprop="articleBody">'
        f"{flow(written[:3])}{promo}{flow(written[3:])}"
        f"{line(wording.source_line(p), 'p', 'source')}</div></div>"
        f'<div class="newsletter-box"><p>{news}</p></div><div class="rail"><h4>{read}</h4>'
        f'{links(around.related)}</div><div id="comments"><p>{comments}</p></div>'
        f"<footer>{rights(p)}</footer>",
    )


def _lines(p: Printing, around: Around) -> str:
    """Channel 9: bare lines with `<br>`; a broken teaser in the description; no structured data."""
    share, _, _, read, _, _ = furniture(p)
    top = [wording.byline(p)]
    if p.is_reprint:
        top.append(f"Updated: {wording.gmt(p.local(p.published).astimezone(UTC))}")
    else:
        top.append(f"Posted: {wording.spoken(p, p.published)}")
        if p.modified:
            top.append(f"Updated: {wording.gmt(p.local(p.modified).astimezone(UTC))}")
    top.append(wording.source_line(p))
    above = [line for line in top if line]
    lines = [esc(text) if b.kind != "h2" else f"<b>{esc(text)}</b>" for b, text in texts(p)]
    foot = station_rights(p) or ""
    teaser = "".join(above) + "".join(text for _, text in texts(p)[:1])[:120]
    return html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} - {p.site.title}</title>'
        f'<meta name="description" content="{esc(teaser)}">',
        f'{nav(p)}<h1>{esc(p.headline)}</h1><div class="summary">{esc(teaser)}</div>'
        f'<div id="story">{"<br>".join(map(esc, above))}<br><br>'
        f"{'<br><br>'.join(lines)}<br><br>{esc(foot)}</div>"
        f'<div class="social">{share}</div><div class="side"><b>{read}</b>{links(around.most_read)}</div>'
        f'<div class="foot">{"" if foot else rights(p)}</div>',
    )


def _soup(p: Printing, around: Around) -> str:
    """The Küstenblatt: layout tables and `<div>` soup in windows-1252."""
    share, news, more, read, _, _ = furniture(p)
    when = wording.spoken(p, p.published)
    when = when.split(",")[0] if day_only(p) else when
    updated = f"Aktualisiert: {wording.spoken(p, p.modified)}" if p.modified else None
    rows = "".join(f'<div class="t"><div>{esc(text)}</div></div>' for _, text in texts(p))
    return html(
        p,
        f'<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">'
        f"<title>{p.site.title}: {esc(p.headline)}</title>"
        f'<meta name="description" content="{esc(p.copy.description)}">'
        f'<link rel="canonical" href="{p.url}">',
        f'<table width="100%"><tr><td colspan="3">{nav(p)}</td></tr><tr><td width="160" valign="top">'
        f'<div class="box">{read}</div>{links(around.related)}</td>'
        f'<td valign="top"><div class="c"><div class="c2">'
        f'<h1>{esc(p.headline)}</h1>{byline(p, "div")}<div class="d">{when}</div>'
        f'{line(updated, "div", "d")}<div class="txt">{rows}</div>'
        f"{line(wording.source_line(p), 'div', 'q')}"
        f'<div class="soc">{share}</div></div></div></td>'
        f'<td width="200" valign="top"><div class="box">{news}</div>'
        f'<div>{more}</div></td></tr><tr><td colspan="3">{rights(p)}</td></tr></table>',
    )


def _amp(p: Printing, around: Around) -> str:
    """The Phare: one JSON-LD object, and a link to an AMP variant."""
    share, news, more, read, cookies, _ = furniture(p)
    amp = p.url.removesuffix(p.path) + amp_path(p)
    return html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} – {p.site.title}</title>'
        f'<link rel="canonical" href="{p.url}"><link rel="amphtml" href="{amp}">{json_ld(article(p))}',
        f'<div class="consent"><p>{cookies}</p></div>{nav(p)}<article><h1>{esc(p.headline)}</h1>'
        f"{standfirst(p, 'div')}{byline(p, 'div')}<div>{wording.spoken(p, p.published)}</div>{figure(p)}"
        f'<div class="texte">{flow(texts(p))}</div>{line(wording.source_line(p), "div", "source")}'
        f'<div class="partage">{share}</div></article><aside><h3>{more}</h3>{links(around.related)}'
        f"<p>{news}</p><h3>{read}</h3></aside><footer>{rights(p)}</footer>",
    )


_FORMS: dict[str, Callable[[Printing, Around], str]] = {
    "jsonld": _jsonld,
    "meta": _meta,
    "microdata": _microdata,
    "lines": _lines,
    "soup": _soup,
    "amp": _amp,
}

"""Print a story as HTML in each site's own form, with the furniture that real pages have around it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from html import escape as esc
from urllib.parse import urlsplit

from demo import wording
from demo.press import Printing
from demo.prose import Block, labels


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


def amp_path(p: Printing) -> str:
    return "/amp" + p.path


def amp_page(p: Printing) -> str:
    """The AMP variant; its canonical link names the story's own page."""
    return _html(
        p,
        f'<meta charset="utf-8"><link rel="canonical" href="{p.url}">{_json_ld(_article(p))}',
        f"<h1>{esc(p.headline)}</h1>{_byline(p, 'p')}"
        f'<amp-img src="{image_url(p)}" width="640" height="360"></amp-img>'
        f"<article>{_flow(_texts(p))}</article><footer>{_rights(p)}</footer>",
        attributes=" amp",
    )


def image_url(p: Printing) -> str:
    parts = urlsplit(p.url)
    return f"{parts.scheme}://{parts.netloc}/img/{p.number}.svg"


def stated(p: Printing, which: str) -> str | None:
    """The time `published` or `modified` as the site's machine-readable parts have it."""
    moment = p.published if which == "published" else p.modified
    if moment is None:
        return None
    return p.local(moment).isoformat(timespec="seconds" if p.site.seconds else "minutes")


def other_headline(p: Printing) -> str:
    """What a page with two headlines prints as the second."""
    return p.copy.headline if p.headline == p.copy.short else p.copy.short


def station_rights(p: Printing) -> str | None:
    """The foot line that a station sets under an agency's story, in place of its own."""
    if p.site.form != "lines" or p.agency is None:
        return None
    return f"The {p.agency} & © {p.published.year} {p.agency}. All rights reserved."


def day_only(p: Printing) -> bool:
    """The Küstenblatt prints a day without a time on every second story of its own."""
    return p.site.form == "soup" and not p.is_reprint and p.number % 2 == 1


def _jsonld(p: Printing, around: Around) -> str:
    """Meridian: a JSON-LD graph, `<article>`, standfirst, notes to editors."""
    share, news, more, *_ = _furniture(p)
    graph: dict[str, object] = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "@id": "/#site", "name": p.site.title},
            _article(p) | {"dateCreated": stated(p, "published")},
        ],
    }
    tags = " ".join(f'<a href="/section/{esc(k)}">{esc(k)}</a>' for k in p.copy.keywords)
    return _html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} | {p.site.title}</title>'
        f'<link rel="canonical" href="{p.url}">{_json_ld(graph)}',
        f"{_nav(p)}<main><article><header><h1>{esc(p.headline)}</h1>"
        f"{_standfirst(p, 'p')}{_byline(p, 'p')}"
        f'<time datetime="{stated(p, "published")}">{wording.spoken(p, p.published)}</time></header>'
        f'<ul class="share"><li>{share}</li></ul>{_figure(p)}'
        f"{_line(wording.editors_note(p), 'p', 'ednote')}"
        f"{_flow(_texts(p))}{_line(wording.correction(p), 'p', 'correction')}"
        f'<p class="tags">{tags}</p></article>'
        f'<aside class="newsletter"><p>{news}</p></aside>'
        f'<aside class="related"><h2>{more}</h2>{_links(around.related)}</aside></main>'
        f"<footer>{_rights(p)}</footer>",
    )


def _meta(p: Printing, around: Around) -> str:
    """Veldra: OpenGraph and other `<meta>` only."""
    share, news, more, _, cookies, _ = _furniture(p)
    metas: list[tuple[str, str | None]] = [
        ("og:type", "article"),
        ("og:site_name", p.site.title),
        ("og:title", p.headline),
        ("og:description", None if p.is_kill else p.copy.description),
        ("og:image", image_url(p)),
        ("article:published_time", stated(p, "published")),
        ("article:modified_time", stated(p, "modified")),
        ("article:section", p.copy.section),
        *(("article:tag", k) for k in p.copy.keywords),
    ]
    names = "".join(f'<meta name="author" content="{esc(a)}">' for a in wording.authors(p))
    head = "".join(f'<meta property="{key}" content="{esc(value)}">' for key, value in metas if value)
    return _html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)}</title><link rel="canonical" href="{p.url}">'
        f'<meta name="robots" content="index,follow,max-image-preview:large">'
        f'<meta name="tdm-reservation" content="0">{head}{names}',
        f'<div id="cookie-banner">{cookies}</div>{_nav(p)}<div class="page"><h1>{esc(p.headline)}</h1>'
        f'{_standfirst(p, "h2")}{_byline(p, "div")}<div class="share">{share}</div>{_figure(p)}'
        f'<div class="content">{_flow(_texts(p))}{_line(wording.correction(p), "p", "note")}</div>'
        f'<div class="teaser"><h3>{more}</h3>{_links(around.related)}</div>'
        f'<div class="nl"><p>{news}</p></div></div><footer>{_rights(p)}</footer>',
    )


def _microdata(p: Printing, around: Around) -> str:
    """The Courier: schema.org microdata, a promo between the paragraphs, comments."""
    share, news, more, read, _, comments = _furniture(p)
    authors = "".join(
        f'<span itemprop="author" itemscope itemtype="https://schema.org/Person">'
        f'<meta itemprop="name" content="{esc(a)}"></span>'
        for a in wording.authors(p)
    )
    modified = stated(p, "modified")
    updated = f'<time itemprop="dateModified" datetime="{modified}">Updated</time>' if modified else ""
    texts = _texts(p)
    promo = "".join(
        f'<p class="promo">{more}: <a href="{r.url}">{esc(r.headline)}</a></p>' for r in around.related[:1]
    )
    return _html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} - {p.site.title}</title>'
        f'<link rel="canonical" href="{p.url}"><meta property="og:image" content="{image_url(p)}">',
        f'{_nav(p)}<div itemscope itemtype="https://schema.org/NewsArticle">'
        f'<meta itemprop="articleSection" content="{esc(p.copy.section)}">'
        f'<meta itemprop="keywords" content="{esc(", ".join(p.copy.keywords))}">'
        f'<h1 itemprop="headline">{esc(p.headline)}</h1>'
        f'<p class="deck" itemprop="description">{esc(p.copy.description)}</p>'
        f'{authors}{_byline(p, "div")}<div class="dates"><time itemprop="datePublished" '
        f'datetime="{stated(p, "published")}">{wording.spoken(p, p.published)}</time> {updated}</div>'
        f'<div class="share-tools">{share}</div>{_figure(p)}<div itemprop="articleBody">'
        f"{_flow(texts[:3])}{promo}{_flow(texts[3:])}"
        f"{_line(wording.source_line(p), 'p', 'source')}</div></div>"
        f'<div class="newsletter-box"><p>{news}</p></div><div class="rail"><h4>{read}</h4>'
        f'{_links(around.related)}</div><div id="comments"><p>{comments}</p></div>'
        f"<footer>{_rights(p)}</footer>",
    )


def _lines(p: Printing, around: Around) -> str:
    """Channel 9: bare lines with `<br>`; a broken teaser in the description; no structured data."""
    share, _, _, read, _, _ = _furniture(p)
    top = [wording.byline(p)]
    if p.is_reprint:
        top.append(f"Updated: {wording.gmt(p.local(p.published).astimezone(UTC))}")
    else:
        top.append(f"Posted: {wording.spoken(p, p.published)}")
        if p.modified:
            top.append(f"Updated: {wording.gmt(p.local(p.modified).astimezone(UTC))}")
    top.append(wording.source_line(p))
    above = [line for line in top if line]
    lines = [esc(text) if b.kind != "h2" else f"<b>{esc(text)}</b>" for b, text in _texts(p)]
    foot = station_rights(p) or ""
    teaser = "".join(above) + "".join(text for _, text in _texts(p)[:1])[:120]
    return _html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} - {p.site.title}</title>'
        f'<meta name="description" content="{esc(teaser)}">',
        f'{_nav(p)}<h1>{esc(p.headline)}</h1><div class="summary">{esc(teaser)}</div>'
        f'<div id="story">{"<br>".join(map(esc, above))}<br><br>'
        f"{'<br><br>'.join(lines)}<br><br>{esc(foot)}</div>"
        f'<div class="social">{share}</div><div class="side"><b>{read}</b>{_links(around.most_read)}</div>'
        f'<div class="foot">{"" if foot else _rights(p)}</div>',
    )


def _soup(p: Printing, around: Around) -> str:
    """The Küstenblatt: layout tables and `<div>` soup in windows-1252."""
    share, news, more, read, _, _ = _furniture(p)
    when = wording.spoken(p, p.published)
    when = when.split(",")[0] if day_only(p) else when
    updated = f"Aktualisiert: {wording.spoken(p, p.modified)}" if p.modified else None
    rows = "".join(f'<div class="t"><div>{esc(text)}</div></div>' for _, text in _texts(p))
    return _html(
        p,
        f'<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">'
        f"<title>{p.site.title}: {esc(p.headline)}</title>"
        f'<meta name="description" content="{esc(p.copy.description)}">'
        f'<link rel="canonical" href="{p.url}">',
        f'<table width="100%"><tr><td colspan="3">{_nav(p)}</td></tr><tr><td width="160" valign="top">'
        f'<div class="box">{read}</div>{_links(around.related)}</td>'
        f'<td valign="top"><div class="c"><div class="c2">'
        f'<h1>{esc(p.headline)}</h1>{_byline(p, "div")}<div class="d">{when}</div>'
        f'{_line(updated, "div", "d")}<div class="txt">{rows}</div>'
        f"{_line(wording.source_line(p), 'div', 'q')}"
        f'<div class="soc">{share}</div></div></div></td>'
        f'<td width="200" valign="top"><div class="box">{news}</div>'
        f'<div>{more}</div></td></tr><tr><td colspan="3">{_rights(p)}</td></tr></table>',
    )


def _amp(p: Printing, around: Around) -> str:
    """The Phare: one JSON-LD object, and a link to an AMP variant."""
    share, news, more, read, cookies, _ = _furniture(p)
    amp = p.url.removesuffix(p.path) + amp_path(p)
    return _html(
        p,
        f'<meta charset="utf-8"><title>{esc(p.headline)} – {p.site.title}</title>'
        f'<link rel="canonical" href="{p.url}"><link rel="amphtml" href="{amp}">{_json_ld(_article(p))}',
        f'<div class="consent"><p>{cookies}</p></div>{_nav(p)}<article><h1>{esc(p.headline)}</h1>'
        f"{_standfirst(p, 'div')}{_byline(p, 'div')}<div>{wording.spoken(p, p.published)}</div>{_figure(p)}"
        f'<div class="texte">{_flow(_texts(p))}</div>{_line(wording.source_line(p), "div", "source")}'
        f'<div class="partage">{share}</div></article><aside><h3>{more}</h3>{_links(around.related)}'
        f"<p>{news}</p><h3>{read}</h3></aside><footer>{_rights(p)}</footer>",
    )


_FORMS: dict[str, Callable[[Printing, Around], str]] = {
    "jsonld": _jsonld,
    "meta": _meta,
    "microdata": _microdata,
    "lines": _lines,
    "soup": _soup,
    "amp": _amp,
}


def _article(p: Printing) -> dict[str, object]:
    """The `NewsArticle` of the two sites that have one; a kill notice says less."""
    said: dict[str, object] = {
        "@type": "NewsArticle",
        "headline": p.headline,
        "datePublished": stated(p, "published"),
        "dateModified": stated(p, "modified"),
        "inLanguage": p.copy.language,
        "articleSection": p.copy.section,
        "mainEntityOfPage": p.url,
        "image": image_url(p),
        "publisher": {"@type": "NewsMediaOrganization", "name": p.site.title},
        "isAccessibleForFree": True,
    }
    if not p.is_kill:
        said |= {
            "description": p.copy.description,
            "keywords": list(p.copy.keywords),
            "author": [{"@type": "Person", "name": a} for a in wording.authors(p)],
        }
        if p.site.agency:
            said["alternativeHeadline"] = other_headline(p)
    return {key: value for key, value in said.items() if value}


def _texts(p: Printing) -> list[tuple[Block, str]]:
    """Each block with the text that is printed: the dateline stands before the lede."""
    if p.fate == "empty":
        return []
    line = wording.dateline(p)
    first, *rest = p.blocks
    return [(first, f"{line} - {first.text}" if line else first.text), *((b, b.text) for b in rest)]


def _flow(texts: Sequence[tuple[Block, str]]) -> str:
    out = "".join(_TAGS[b.kind].format(esc(text, quote=False)) for b, text in texts)
    return out.replace("</ul><ul>", "")


_TAGS = {
    "p": "<p>{}</p>\n",
    "h2": "<h2>{}</h2>\n",
    "quote": "<blockquote><p>{}</p></blockquote>\n",
    "li": "<ul><li>{}</li></ul>",
}


def _html(p: Printing, head: str, body: str, attributes: str = "") -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{p.copy.language}"{attributes}><head>{head}</head>\n'
        f"<body>{body}</body></html>\n"
    )


def _json_ld(data: dict[str, object]) -> str:
    data = {"@context": "https://schema.org", **data}
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'


def _nav(p: Printing) -> str:
    sections = {
        "en": ("World", "Business", "Sport"),
        "de": ("Politik", "Wirtschaft"),
        "fr": ("Économie", "Société"),
    }
    links = "".join(f'<li><a href="/section/{s.lower()}">{s}</a></li>' for s in sections[p.site.language])
    return f'<nav><a href="/">{p.site.title}</a><ul>{links}</ul></nav>'


def _furniture(p: Printing) -> tuple[str, ...]:
    return labels(p.site.language).furniture


def _byline(p: Printing, tag: str) -> str:
    return _line(wording.byline(p), tag, "byline")


def _standfirst(p: Printing, tag: str) -> str:
    return _line(None if p.is_kill else p.copy.description, tag, "standfirst")


def _line(text: str | None, tag: str, name: str) -> str:
    return f'<{tag} class="{name}">{esc(text, quote=False)}</{tag}>\n' if text else ""


def _figure(p: Printing) -> str:
    return f'<figure><img src="{image_url(p)}" alt=""><figcaption>{esc(p.copy.caption)}</figcaption></figure>'


def _links(printings: Sequence[Printing]) -> str:
    return "<ul>" + "".join(f'<li><a href="{r.url}">{esc(r.headline)}</a></li>' for r in printings) + "</ul>"


def _rights(p: Printing) -> str:
    return f"<p>{esc(wording.copyright_line(p))}</p>"

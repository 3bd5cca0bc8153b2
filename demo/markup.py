"""The pieces of which all forms of a page are put together: text, byline, JSON-LD, furniture. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape as esc
from urllib.parse import urlsplit

from demo import wording
from demo.press import Printing
from demo.prose import Block, labels


def amp_path(p: Printing) -> str:
    return "/amp" + p.path


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
    """The Küstenblatt gives no time on every second story of its own."""
    return p.site.form == "soup" and not p.is_reprint and p.number % 2 == 1


def article(p: Printing) -> dict[str, object]:
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


def texts(p: Printing) -> list[tuple[Block, str]]:
    """Each block with the text that is printed: the dateline stands before the lede."""
    if p.fate == "empty":
        return []
    line = wording.dateline(p)
    first, *rest = p.blocks
    return [(first, f"{line} - {first.text}" if line else first.text), *((b, b.text) for b in rest)]


def flow(texts: Sequence[tuple[Block, str]]) -> str:
    out = "".join(_TAGS[b.kind].format(esc(text, quote=False)) for b, text in texts)
    return out.replace("</ul><ul>", "")


_TAGS = {
    "p": "<p>{}</p>\n",
    "h2": "<h2>{}</h2>\n",
    "quote": "<blockquote><p>{}</p></blockquote>\n",
    "li": "<ul><li>{}</li></ul>",
}


def html(p: Printing, head: str, body: str, attributes: str = "") -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{p.copy.language}"{attributes}><head>{head}</head>\n'
        f"<body>{body}</body></html>\n"
    )


def json_ld(data: dict[str, object]) -> str:
    data = {"@context": "https://schema.org", **data}
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'


def nav(p: Printing) -> str:
    sections = {
        "en": ("World", "Business", "Sport"),
        "de": ("Politik", "Wirtschaft"),
        "fr": ("Économie", "Société"),
    }
    links = "".join(f'<li><a href="/section/{s.lower()}">{s}</a></li>' for s in sections[p.site.language])
    return f'<nav><a href="/">{p.site.title}</a><ul>{links}</ul></nav>'


def furniture(p: Printing) -> tuple[str, ...]:
    return labels(p.site.language).furniture


def byline(p: Printing, tag: str) -> str:
    return line(wording.byline(p), tag, "byline")


def standfirst(p: Printing, tag: str) -> str:
    return line(None if p.is_kill else p.copy.description, tag, "standfirst")


def line(text: str | None, tag: str, name: str) -> str:
    return f'<{tag} class="{name}">{esc(text, quote=False)}</{tag}>\n' if text else ""


def figure(p: Printing) -> str:
    return f'<figure><img src="{image_url(p)}" alt=""><figcaption>{esc(p.copy.caption)}</figcaption></figure>'


def links(printings: Sequence[Printing]) -> str:
    return "<ul>" + "".join(f'<li><a href="{r.url}">{esc(r.headline)}</a></li>' for r in printings) + "</ul>"


def rights(p: Printing) -> str:
    return f"<p>{esc(wording.copyright_line(p))}</p>"

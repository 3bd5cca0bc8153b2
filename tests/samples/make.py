# a page is read best in one line
"""Make the samples: invented copy (`copy.toml`) printed in the forms of real pages.

    python tests/samples/make.py

writes `<form>/<language>/{page.html.gz, capture.toml, story.json}`. The forms are what was
seen on real sites, each with its own ugliness; its function's docstring names it. A new
form is a new function here; a new language is a new table in `copy.toml`.
"""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Callable
from html import escape as esc
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PUBLISHED = "2026-03-05T10:15:30+01:00"
URL = "https://www.paper.example/2026/03/05/ferry-{lang}.html"

Copy = dict[str, Any]
Page = tuple[str, dict[str, Any]]
"""HTML, and what the story has beyond headline and body."""


def jsonld_graph(c: Copy) -> Page:
    """JSON-LD as a graph with a related article in it; share list, aside and footer around the text."""
    graph = [
        {"@type": "WebSite", "name": c["site"]},
        article(c),
        {"@type": "NewsArticle", "headline": "Another story", "url": "/other"},
    ]
    return page(
        c,
        ld({"@context": "https://schema.org", "@graph": graph}),
        f"<nav><a href='/'>Home</a></nav><article><header><h1>{t(c, 'headline')}</h1><p class='byline'>{byline(c)}</p>"
        f"</header><ul class='share'><li><a href='#'>Facebook</a></li></ul>{figure(c)}{ps(c)}"
        f"<p class='tags'><a href='/t'>tag</a></p></article><aside><h2>{t(c, 'more')}</h2>{teasers(c)}</aside>",
    ), facts(c)


def opengraph_only(c: Copy) -> Page:
    """No JSON-LD: OpenGraph and article tags; the site's name behind the headline."""
    head = (
        f"<meta property='og:title' content='{t(c, 'headline')} | {t(c, 'site')}'>"
        f"<meta property='og:site_name' content='{t(c, 'site')}'><meta property='og:type' content='article'>"
        f"<meta property='article:published_time' content='{PUBLISHED}'>"
        + "".join(f"<meta property='article:tag' content='{esc(k)}'>" for k in c["keywords"])
        + "".join(f"<meta name='author' content='{esc(a)}'>" for a in c["authors"])
    )
    return page(
        c,
        head,
        f"<h1>{t(c, 'headline')}</h1><div class='article-text'>{ps(c)}</div><div class='promo'><p>{t(c, 'promo')}</p></div>",
    ), facts(c)


def microdata(c: Copy) -> Page:
    """schema.org microdata; a related line with a link between the paragraphs."""
    people = "".join(
        f"<span itemprop='author' itemscope><span itemprop='name'>{esc(a)}</span></span>, "
        for a in c["authors"]
    )
    inner = ps(c).replace("</p>", f"</p><p>{t(c, 'more')} <a href='/x'>{t(c, 'kicker')} 2025</a></p>", 1)
    return page(
        c,
        "",
        f"<div itemscope itemtype='https://schema.org/NewsArticle'><h1 itemprop='headline'>{t(c, 'headline')}</h1>"
        f"<div class='meta'>{people}<time itemprop='datePublished' datetime='{PUBLISHED}'>5.3.</time></div>"
        f"<meta itemprop='keywords' content='{esc(', '.join(c['keywords']))}'><div itemprop='articleBody'>{inner}</div></div>",
    ), facts(c)


def bare_lines(c: Copy) -> Page:
    """A station's page: lines with <br>, byline, time and source as lines of the text."""
    text = "<br><br>".join(esc(p) for p in c["paragraphs"])
    return page(
        c,
        "",
        f"<h1>{t(c, 'headline')}</h1><div id='story'>{byline(c)}, CNN<br>{t(c, 'updated')} Thu, 05 Mar 2026 09:15:30 GMT<br>"
        f"{t(c, 'source')} CNN<br><br>{text}</div><div class='foot'>© 2026 {t(c, 'site')}. {t(c, 'rights')}</div>",
    ), {"credit_line": "CNN", "origin_agency": "CNN", "modified_at": "2026-03-05T09:15:30+00:00"}


def layout_tables(c: Copy) -> Page:
    """Tables for layout, font tags, paragraphs in divs: a page of 2003."""
    rows = "".join(f"<div><font size='2'>{esc(p)}</font></div>" for p in c["paragraphs"])
    return page(
        c,
        f"<meta name='keywords' content='{esc(', '.join(c['keywords']))}'>",
        f"<table><tr><td width='160'><a href='/'>Home</a><br><a href='/s'>{t(c, 'section')}</a></td><td>"
        f"<h1>{t(c, 'headline')}</h1><div>{byline(c)}</div><div>2026-03-05</div><div class='txt'>{rows}</div></td>"
        f"<td><div>{t(c, 'promo')}</div></td></tr></table>",
    ), {"keywords": c["keywords"], "published_at": "2026-03-05T00:00:00+00:00", "published_precision": "day"}


def amp(c: Copy) -> Page:
    """AMP: its own elements for pictures, advertisements and consent."""
    return page(
        c,
        "<link rel='canonical' href='https://www.paper.example/ferry'>" + ld(article(c)),
        f"<amp-consent><div>We use cookies</div></amp-consent><header>{t(c, 'site')}</header><article>"
        f"<h1>{t(c, 'headline')}</h1><figure><amp-img src='a.jpg'></amp-img><figcaption>{t(c, 'caption')}</figcaption></figure>"
        f"{ps(c).replace('</p>', '</p><amp-ad><div>Advertisement</div></amp-ad>', 2)}</article>",
    ), facts(c)


def split_body(c: Copy) -> Page:
    """The body in several containers of the same class, advertisements between them."""
    parts = "".join(
        f"<div class='sidebar-grid'><div class='sidebar-grid__content'>{p(x)}</div><div class='ad'>Advertisement</div></div>"
        for x in c["paragraphs"]
    )
    return page(c, ld(article(c)), f"<main><h1>{t(c, 'headline')}</h1>{parts}</main>"), facts(c)


def many_comments(c: Copy) -> Page:
    """A wrapper named with-comments around the story; more text in the comments than in the story."""
    comments = "".join(
        f"<div class='comment'><p>{esc(x)} {esc(x)}</p></div>" for x in reversed(c["paragraphs"])
    )
    return page(
        c,
        ld(article(c)),
        f"<div class='wrap with-sidebar'><h1>{t(c, 'headline')}</h1><div class='entry-content'>{ps(c)}</div>"
        f"<section id='comments'>{comments}</section></div>",
    ), facts(c)


def drawn_by_script(c: Copy) -> Page:
    """No text in the markup: a script holds the body as a string of HTML."""
    data = json.dumps({"props": {"story": {"contentHtml": ps(c)}}}).replace("<", "\\u003c")
    script = f"<script id='__DATA__' type='application/json'>{data}</script>"
    return page(c, ld(article(c)), f"<div id='app'></div>{script}"), facts(c)


def body_in_jsonld(c: Copy) -> Page:
    """The whole body in `articleBody`, a teaser and a login box on the page."""
    data = article(c) | {"articleBody": "\n".join(c["paragraphs"])}
    return page(
        c, ld(data), f"<h1>{t(c, 'headline')}</h1><p>{esc(c['paragraphs'][0][:60])}…</p><form>Login</form>"
    ), facts(c)


def broken_jsonld(c: Copy) -> Page:
    """JSON-LD with a comment around it, a trailing comma and a raw line break; authors in one string."""
    together = f" {c['and']} ".join(c["authors"]) if c["and"].isalpha() else ", ".join(c["authors"])
    data = json.dumps(article(c) | {"author": {"@type": "Person", "name": together}}, ensure_ascii=False)
    broken = "<!--\n" + data[:-1] + ",\n}\n-->"
    return page(
        c,
        f"<script type='application/ld+json'>{broken}</script>",
        f"<h1>{t(c, 'headline')}</h1><div class='story-body'>{ps(c)}</div>",
    ), facts(c)


def hashed_names(c: Copy) -> Page:
    """Class names without meaning, a box with its own paragraphs, hidden words in links."""
    linked = ps(c, "sc-1a2b p3").replace(
        "</p>",
        " <a href='/b'><span style='position:absolute;clip:rect(0 0 0 0);width:1px'>, opens new tab</span></a></p>",
        1,
    )
    box = f"<div class='x9 info-box'><p>{esc(c['paragraphs'][1])}</p><p>{esc(c['paragraphs'][2])}</p></div>"
    head, middle, rest = linked.partition("</p>\n")
    return page(
        c,
        ld(article(c)),
        f"<div class='q1'><h1>{t(c, 'headline')}</h1><div class='z7'>{head}{middle}{box}{rest}</div></div>",
    ), (facts(c))


def endless_scroll(c: Copy) -> Page:
    """A second whole article below the first."""
    other = "".join(p(x[::-1]) for x in c["paragraphs"])
    return page(
        c,
        ld(article(c)),
        f"<main><article><h1>{t(c, 'headline')}</h1><div class='bodytext'>{ps(c)}</div></article>"
        f"<div class='under'><article><h1>Another story</h1><div class='bodytext'>{other}</div></article></div></main>",
    ), facts(c)


def embeds(c: Copy) -> Page:
    """A post from a social network, a newsletter box and an appeal between the paragraphs."""
    tweet = "<blockquote class='twitter-tweet'><p>So happy about our ferry, see you at the landing stage tonight!</p>&mdash; Edda (@edda)</blockquote>"
    first, rest = ps(c).split("\n", 1)
    return page(
        c,
        ld(article(c)),
        f"<article><h1>{t(c, 'headline')}</h1>{first}{tweet}<div class='newsletter-signup'><p>Your weekly letter, free</p></div>"
        f"{rest}<p>{t(c, 'promo')}</p></article>",
    ), facts(c)


def agency_reprint(c: Copy) -> Page:
    """A wire story as a member prints it: dateline, agency in the byline, the agency's rights line."""
    first, *rest = c["paragraphs"]
    text = p(f"PORT ELLERY, March 5 (AP) — {first}") + "".join(map(p, rest))
    return page(
        c,
        ld(article(c)),
        f"<article><h1>{t(c, 'headline')}</h1><div class='byline'>{byline(c)}, Associated Press</div>{text}"
        "<p>Copyright 2026 The Associated Press. All rights reserved.</p></article>",
    ), facts(c) | {
        "dateline": "PORT ELLERY, March 5 (AP)",
        "located": "PORT ELLERY",
        "credit_line": "AP",
        "origin_agency": "AP",
    }


def hidden_by_paywall(c: Copy) -> Page:
    """Paragraphs hidden by style for readers who have not paid, marked as schema.org says."""
    data = article(c) | {
        "isAccessibleForFree": False,
        "hasPart": {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".paywall"},
    }
    text = "".join(
        f"<p class='paywall' style='display:none'>{esc(x)}</p>" if i > 1 else p(x)
        for i, x in enumerate(c["paragraphs"])
    )
    return page(c, ld(data), f"<article><h1>{t(c, 'headline')}</h1>{text}</article>"), facts(c) | {
        "is_accessible_for_free": False
    }


FORMS: tuple[Callable[[Copy], Page], ...] = (
    jsonld_graph, opengraph_only, microdata, bare_lines, layout_tables, amp, split_body, many_comments, drawn_by_script,
    body_in_jsonld, broken_jsonld, hashed_names, endless_scroll, embeds, agency_reprint, hidden_by_paywall,
)  # fmt: skip
EACH = 5
"""Forms that each language is printed in; which ones goes round."""

CHARSETS = {
    "ru": "windows-1251",
    "pl": "iso-8859-2",
    "ja": "shift_jis",
    "ko": "euc-kr",
    "de": "windows-1252",
    "tr": "iso-8859-9",
}
"""Of every other page in a language; only the page itself says so."""


def t(c: Copy, key: str) -> str:
    return esc(str(c[key]))


def p(text: str, classes: str = "") -> str:
    return f"<p class='{classes}'>{esc(text)}</p>\n" if classes else f"<p>{esc(text)}</p>\n"


def ps(c: Copy, classes: str = "") -> str:
    return "".join(p(x, classes) for x in c["paragraphs"])


def byline(c: Copy) -> str:
    if c["by"] == "기자":
        return ", ".join(f"{esc(a)} 기자" for a in c["authors"])
    joint = f" {c['and']} " if c["and"].isalpha() else c["and"]
    return f"{c['by']} {esc(joint.join(c['authors']))}"


def figure(c: Copy) -> str:
    return f"<figure><img src='a.jpg' alt=''><figcaption>{t(c, 'caption')}</figcaption></figure>"


def teasers(c: Copy) -> str:
    return (
        "<ul>"
        + "".join(f"<li><a href='/{i}'>{esc(x[:50])}</a></li>" for i, x in enumerate(c["paragraphs"]))
        + "</ul>"
    )


def article(c: Copy) -> dict[str, Any]:
    return {
        "@type": "NewsArticle",
        "headline": c["headline"],
        "datePublished": PUBLISHED,
        "author": [{"@type": "Person", "name": a} for a in c["authors"]],
        "publisher": {"@type": "NewsMediaOrganization", "name": c["site"]},
        "keywords": c["keywords"],
        "articleSection": c["section"],
    }


def facts(c: Copy) -> dict[str, Any]:
    return {
        "keywords": c["keywords"],
        "published_at": "2026-03-05T09:15:30+00:00",
        "published_precision": "second",
    }


def ld(data: dict[str, Any]) -> str:
    return f"<script type='application/ld+json'>{json.dumps(data, ensure_ascii=False)}</script>"


def page(c: Copy, head: str, body: str) -> str:
    return (
        f"<!DOCTYPE html><html lang='{c['lang']}'><head><meta charset='{c['charset']}'>"
        f"<title>{t(c, 'headline')} - {t(c, 'site')}</title>{head}</head><body>{body}"
        f"<footer><p>© 2026 {t(c, 'site')}. {t(c, 'rights')}</p></footer></body></html>"
    )


def main() -> None:
    copies = tomllib.loads((HERE / "copy.toml").read_text("utf-8"))
    for row, (lang, copy) in enumerate(copies.items()):
        for column in range(EACH):
            form = FORMS[(row * EACH + column) % len(FORMS)]
            charset = CHARSETS.get(lang, "utf-8") if column % 2 else "utf-8"
            copy = {**copy, "lang": lang, "charset": charset}
            html, said = form(copy)
            write(HERE / form.__name__ / lang, html, copy, said)


def write(folder: Path, html: str, copy: Copy, said: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = html.encode(copy["charset"], "xmlcharrefreplace")
    (folder / "page.html.gz").write_bytes(gzip.compress(data, mtime=0))
    url = URL.format(lang=copy["lang"])
    (folder / "capture.toml").write_text(
        f'url = "{url}"\nfetched_at = 2026-03-05T12:00:00Z\ncontent_type = "text/html"\n'
    )
    story = {"headline": copy["headline"], "authors": copy["authors"], "language": copy["lang"]} | said
    story |= {"body": copy["paragraphs"]}
    text = json.dumps(story, ensure_ascii=False, indent=1)
    (folder / "story.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""Structured data: all that a page states of itself for machines, read in one pass. Pure.

JSON-LD, `<meta>` (OpenGraph, Parse.ly, Sailthru, Dublin Core …), `<link>` and microdata.
Nothing is decided here between sources that disagree; `extract` and `dates` do that.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from pipelines.page import jsonld
from pipelines.page.markup import Tree


def _keys(listed: str) -> tuple[str, ...]:
    return tuple(listed.split())


_AUTHOR_KEYS = _keys(
    """
    author article:author parsely-author sailthru.author dc.creator dcterms.creator dcsext.author byl
    article:author_name cxenseparse:author og:article:author authors bt:author citation_author vr:author
    """
)
_PUBLISHED_KEYS = _keys(
    """
    article:published_time og:article:published_time article:published datepublished parsely-pub-date
    published_time og:published_time publishdate publish_date publish-date pubdate article.published
    article:publish_date dc.date.issued dcterms.issued dcterms.created dc.date.created dc.date
    dcterms.date sailthru.date cxenseparse:publishtime cxenseparse:recs:publishtime rnews:datepublished
    article_date_original ptime displaydate cxenseparse:pageclass:date date date.issued
    originalpublicationdate firstpublished last-published citation_publication_date vr:published_time
    bt:pubdate article:date regdate
    """
)
_MODIFIED_KEYS = _keys(
    """
    article:modified_time og:article:modified_time og:updated_time article:modified article:updated_time
    datemodified dc.date.modified dcterms.modified lastmod last-modified modified_time updated_time
    article.updated utime moddate revision_date cxenseparse:updatetime
    """
)
_WITH_PROPERTY = etree.XPath("//*[@itemprop]")
_MICRODATA = frozenset(
    (
        "headline",
        "alternativeheadline",
        "description",
        "articlesection",
        "keywords",
        "copyrightholder",
        "copyrightnotice",
        "dateline",
    )
)
"""Read from microdata on visible elements; authors and printed times are `masthead`'s."""
_KEYWORD_KEYS = (
    ("parsely-tags",),
    ("news_keywords",),
    ("article:tag", "og:article:tag"),
    ("keywords",),
    ("sailthru.tags",),
    ("cxenseparse:keywords",),
    ("classification-tags",),
)
_SECTION_KEYS = _keys(
    """
    article:section articlesection og:article:section parsely-section section sailthru.section
    cxenseparse:category category cg
    """
)
_SITE_KEYS = _keys(
    """
    og:site_name application-name apple-mobile-web-app-title publisher dc.publisher article:publisher
    cxenseparse:site copyright twitter:site al:ios:app_name al:android:app_name dcterms.publisher
    twitter:app:name:iphone
    """
)
_KEYWORD_LABEL = re.compile(r"^(?:tag|topic|keyword|subject|section|category)\s*:\s*", re.I)
_LABELLED = re.compile(r"^(?:subject|topic|tag|keyword)\s*:\s*\S", re.I)
_OTHER_LABEL = re.compile(r"^[A-Z][\w ]{1,20}:\s*\S")


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What the page states, by source; all texts in the publisher's own words."""

    headlines: dict[str, str] = field(default_factory=dict)
    """By where it stands: ld, og, twitter, meta, title."""
    alternative_headline: str | None = None
    authors: tuple[tuple[str, str], ...] = ()
    """(name, schema.org type or '') as JSON-LD has them."""
    meta_authors: tuple[str, ...] = ()
    """As `<meta>` has them, not yet taken apart."""
    published: tuple[tuple[str, str], ...] = ()
    """(evidence, raw) in the order of trust; same for the next two."""
    modified: tuple[tuple[str, str], ...] = ()
    created: str | None = None
    expires: str | None = None
    article_body: str | None = None
    description: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image_url: str | None = None
    language: str | None = None
    canonical: str | None = None
    canonicals: tuple[str, ...] = ()
    """All that the page calls its own address: one, if it is in order."""
    amp: str | None = None
    site_names: tuple[str, ...] = ()
    publisher: str | None = None
    copyright_holder: str | None = None
    copyright_notice: str | None = None
    usage_terms: str | None = None
    credit: str | None = None
    free: bool | None = None
    correction: str | None = None
    located: str | None = None
    word_count: int | None = None
    types: frozenset[str] = frozenset()
    og_type: str | None = None
    robots: str | None = None
    genres: tuple[str, ...] = ()


def read(tree: Tree) -> Stated:
    """Everything stated in the tree, in one pass over its machine-readable elements."""
    metas: dict[str, list[str]] = {}
    links: dict[str, str] = {}
    own: list[str] = []
    scripts: list[str] = []
    title = None
    for element in tree.iter("meta", "link", "script", "title"):
        if element.tag == "meta":
            value = (element.get("content") or "").strip()
            key = element.get("property") or element.get("name") or element.get("itemprop")
            if key and value and len(value) < 20_000:
                metas.setdefault(key.strip().lower(), []).append(_text(value))
            elif (element.get("http-equiv") or "").lower() == "content-language" and value:
                metas.setdefault("content-language", []).append(value)
        elif element.tag == "link":
            for relation in (element.get("rel") or "").lower().split():
                links.setdefault(relation, (element.get("href") or "").strip())
                if relation == "canonical":
                    own.append((element.get("href") or "").strip())
        elif element.tag == "script":
            if "ld+json" in (element.get("type") or "") and element.text:
                scripts.append(element.text)
        elif (
            title is None
            and element.getparent() is not None
            and element.getparent().tag in ("head", "html", "body")
        ):
            title = _text(" ".join(element.itertext())) or None
    micro: dict[str, list[str]] = {}
    people: list[tuple[str, str]] = []
    scope: Tree | None = None
    for element in _WITH_PROPERTY(tree):
        name = element.get("itemprop").strip().lower()
        if name == "author":
            thing = next((a for a in element.iterancestors() if a.get("itemscope") is not None), tree)
            scope = scope if scope is not None else thing
            if thing is not scope:
                continue  # of another article on the page
            inner = element.find(".//*[@itemprop='name']")
            named = element if inner is None else inner
            text = _text(named.get("content") or " ".join(named.itertext()))
            if 0 < len(text) < 100:
                people.append((text, "Person" if inner is not None else ""))
            continue
        if name in _MICRODATA and element.tag != "meta":
            text = element.get("content") or element.get("datetime") or " ".join(element.itertext())
            if 0 < len(text) < 2_000:
                micro.setdefault(name, []).append(_text(text))
    for name, values in micro.items():
        metas.setdefault(name, values)
    nodes, kinds = jsonld.article_nodes(scripts)
    stated = _stated(tree, metas, links, jsonld.main_node(nodes), kinds, title, people)
    return replace(stated, canonicals=tuple(own) or tuple(metas.get("og:url", [])))


def _text_of(value: Any) -> Any:
    """A comment's text out of the node that it may be."""
    nodes = value if isinstance(value, list) else [value]
    return [node.get("text") or node if isinstance(node, dict) else node for node in nodes]


def _stated(
    tree: Tree,
    metas: dict[str, list[str]],
    links: dict[str, str],
    nodes: list[jsonld.Node],
    kinds: set[str],
    title: str | None,
    people: list[tuple[str, str]],
) -> Stated:
    def meta(*keys: str) -> str | None:
        return next((metas[k][0] for k in keys if k in metas), None)

    def ld(*keys: str) -> str | None:
        return jsonld.one(jsonld.pick(nodes, *keys))

    publisher = jsonld.named(jsonld.pick(nodes, "publisher"))
    headlines = {
        "ld": ld("headline") or ld("name"),
        "og": meta("og:title"),
        "twitter": meta("twitter:title"),
        "microdata": meta("headline"),
        "meta": meta("dc.title", "parsely-title", "sailthru.title", "dcterms.title", "cxenseparse:title"),
        "title": title,
    }
    live = [("jsonld", raw) for key in ("datePublished", "dateCreated") if (raw := ld(key))]
    return Stated(
        headlines={where: text for where, text in headlines.items() if text},
        alternative_headline=ld("alternativeHeadline", "alternateName"),
        authors=tuple(_authors(nodes) or dict.fromkeys(people)),
        meta_authors=tuple(_first_list(metas, _AUTHOR_KEYS)),
        published=tuple(live + [("meta", v) for k in _PUBLISHED_KEYS for v in metas.get(k, [])[:1]]),
        modified=tuple(
            [("jsonld", raw) for raw in (ld("dateModified"),) if raw]
            + [("meta", v) for k in _MODIFIED_KEYS for v in metas.get(k, [])[:1]]
        ),
        created=ld("dateCreated"),
        expires=ld("expires") or meta("article:expiration_time"),
        article_body=jsonld.plain_text(jsonld.pick(nodes, "articleBody")),
        description=ld("description") or meta("og:description", "description", "twitter:description"),
        section=ld("articleSection") or meta(*_SECTION_KEYS),
        keywords=tuple(_keywords(nodes, metas)),
        image_url=meta("og:image", "og:image:url", "twitter:image", "twitter:image:src") or _image(nodes),
        language=_language(tree, ld("inLanguage"), meta),
        canonical=links.get("canonical") or meta("og:url"),
        amp=links.get("amphtml"),
        site_names=tuple(
            dict.fromkeys(
                [n for n, _ in publisher] + [v.lstrip("@") for k in _SITE_KEYS for v in metas.get(k, [])]
            )
        ),
        publisher=publisher[0][0] if publisher else None,
        copyright_holder=jsonld.one(jsonld.pick(nodes, "copyrightHolder")) or meta("copyrightholder"),
        copyright_notice=ld("copyrightNotice") or meta("copyright", "dc.rights", "dcterms.rights", "rights"),
        usage_terms=ld("usageInfo", "license", "conditionsOfAccess"),
        credit=ld("creditText", "sourceOrganization")
        or meta("syndication-source", "article:source", "source"),
        free=_truth(jsonld.pick(nodes, "isAccessibleForFree"), [n.get("isAccessibleForFree") for n in nodes]),
        correction=jsonld.one(_text_of(jsonld.pick(nodes, "correction"))),
        located=ld("dateline", "locationCreated"),
        word_count=_number(jsonld.pick(nodes, "wordCount")),
        types=frozenset(kinds),
        og_type=meta("og:type"),
        robots=", ".join(v for k in ("robots", "googlebot", "googlebot-news") for v in metas.get(k, []))
        or None,
        genres=tuple(name for name, _ in jsonld.named(jsonld.pick(nodes, "genre"))),
    )


def _authors(nodes: list[jsonld.Node]) -> list[tuple[str, str]]:
    for key in ("author", "creator"):
        found = jsonld.named(jsonld.pick(nodes, key))
        if found:
            return found
    return []


def _keywords(nodes: list[jsonld.Node], metas: dict[str, list[str]]) -> list[str]:
    """Keywords of the first source that has any; several sources are several vocabularies."""
    stated = keyword_list(jsonld.pick(nodes, "keywords"))
    if stated:
        return stated
    for keys in _KEYWORD_KEYS:
        found = keyword_list([v for k in keys for v in metas.get(k, [])])
        if len(found) > (
            len(keys) > 1
        ):  # one lone `article:tag` is more often a category of an advertising system
            return found
    return keyword_list(metas.get("article:tag", []))


def keyword_list(value: Any) -> list[str]:
    """Keywords out of a text, a list, or things with names.

    >>> keyword_list("rain, Rain ,floods;")
    ['rain', 'floods']
    >>> keyword_list(["Day: Friday", "WC: 500", "Subject: Justice"])
    ['Justice']

    A list that mixes labels ("Subject: …", "Day: …") keeps only the subjects.
    """
    items = value if isinstance(value, list) else [value]
    texts = [text for item in items if (text := jsonld.one(item))]
    parts = [p.strip() for text in texts for p in _split_keywords(text)]
    labelled = [p for p in parts if _LABELLED.match(p)]
    if labelled and sum(bool(_OTHER_LABEL.match(p)) for p in parts) * 2 >= len(parts):
        parts = labelled
    cleaned = [_KEYWORD_LABEL.sub("", part).lstrip("#").strip() for part in parts]
    found: dict[str, str] = {}
    for part in cleaned:
        if 0 < len(part) <= 100:
            found.setdefault(part.casefold(), part)
    return list(found.values())


def _split_keywords(text: str) -> list[str]:
    separator = (
        ";" if text.count(";") > text.count(",") else "|" if "|" in text and "," not in text else "[,、，;]"
    )
    return re.split(separator, text)


def _image(nodes: list[jsonld.Node]) -> str | None:
    image = jsonld.pick(nodes, "image")
    first = image[0] if isinstance(image, list) and image else image
    url = first.get("url") or first.get("@id") if isinstance(first, dict) else first
    return jsonld.one(url)


def _language(tree: Tree, ld: str | None, meta: Any) -> str | None:
    """BCP 47 as stated, `_` read as `-`; OpenGraph's locale only if nothing else is there.

    `<html lang>` first: JSON-LD comes from the template of the publishing system, and
    is more often left at English.
    """
    for stated in (
        tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or tree.get("xml:lang"),
        ld,
        meta("content-language", "dc.language", "language"),
        meta("og:locale"),
    ):
        tag = (stated or "").strip().split(",")[0].replace("_", "-")
        if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag):
            return tag
    return None


def _truth(value: Any, also: Iterable[Any]) -> bool | None:
    for candidate in (value, *also):
        if isinstance(candidate, bool):
            return candidate
        word = (jsonld.one(candidate) or "").rsplit("/", 1)[-1].lower()
        if word in ("true", "1", "yes"):
            return True
        if word in ("false", "0", "no"):
            return False
    return None


def _number(value: Any) -> int | None:
    digits = re.sub(r"[^\d]", "", str(value or ""))[:7]
    return int(digits) if digits else None


def _first_list(metas: dict[str, list[str]], keys: tuple[str, ...]) -> list[str]:
    for key in keys:
        if found := [v for v in metas.get(key, []) if not re.match(r"(https?:)?//|www\.", v)]:
            return list(dict.fromkeys(found))
    return []


def _text(value: str) -> str:
    return " ".join(html.unescape(value).split())

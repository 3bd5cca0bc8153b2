"""Tell links to stories from links to sections, topics and services, by their shape. Pure.

No list of publishers: what counts is what an address and its link look like. A story's
address has a day, a slug of several words or an identifier; its link has the words of a
headline, stands in a heading or an article, and not in the navigation; and many others
on the page have the same shape.

Each sign gives or takes points; `LEAST` of them make a story. A miss costs a request
(the page is then `not_story` in the ledger) or a story, so a source's own `allow` and
`deny` come first, in `pipelines.channels.section`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pipelines.channels.days import day_of

LEAST = 5
"""Points of a link that is taken for a story's."""

_IDENTIFIER = re.compile(r"\d{5,}|[0-9a-f]{8}-[0-9a-f]{4}-|(?<![a-z0-9])(?=[a-z]*\d)[a-z0-9]{8,}(?![a-z0-9])")
_NUMBER = re.compile(r"(?<!\d)\d{1,4}$")
_PAGE = re.compile(r"\.(?:[sxj]?html?|ghtml|php\d?|aspx?|jsp|ece|cms|story|do|c)$", re.I)
_FILE = re.compile(
    r"\.(?:pdf|jpe?g|png|gif|svg|webp|mp[34]|m3u8?|zip|xml|rss|json|js|css|docx?|xlsx?|ics)$", re.I
)
_WIDE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that put no spaces between words: Thai, Lao, kana, Han."""

_STORIES = frozenset(
    re.findall(
        r"\S+",
        """story stories article articles artikel articolo articulo artigo noticia noticias nota news-story
        actu actualite meldung nachricht news nyheter uutiset wiadomosci haber view""",
    )
)
_NO_STORIES = frozenset(
    re.findall(
        r"\S+",
        """tag tags topic topics thema themen theme themes tema temas category categories kategorie categoria
        author authors autor autoren autores auteur auteurs autori by profile profiles people person staff
        team search suche recherche buscar busca ricerca zoeken login signin sign-in logout register account
        konto compte cuenta subscribe subscription subscriptions abo abonnement abonnements suscripcion assine
        newsletter newsletters about about-us impressum imprint contact contact-us kontakt contacto privacy
        privacy-policy datenschutz terms terms-of-use terms-of-service agb legal cookies cookie-policy help
        hilfe aide ayuda faq faqs job jobs careers karriere advertise advertising werbung publicidad shop
        store boutique rss feed feeds sitemap page seite weather wetter meteo horoscope
        horoskop crossword crosswords puzzles games podcast podcasts video videos watch gallery galleries
        shopping vouchers coupons deals donate app apps share print user users members comments schedule
        programme programm tv-guide live-tv events""",
    )
)
_SERVICES = frozenset(
    re.findall(
        r"\S+",
        """newsletter newsletters subscribe privacy cookie cookies login datenschutz datenschutzerklaerung
        impressum agb nutzungsbedingungen conduct""",
    )
)
_NO_RELS = frozenset({"tag", "author", "nofollow", "sponsored", "search", "license", "prev", "next"})


@dataclass(frozen=True, kw_only=True)
class Link:
    """One address that a page links, with all that its links there say of it."""

    url: str
    text: str = ""
    """The longest of its links' texts."""
    in_heading: bool = False
    in_article: bool = False
    in_navigation: bool = False
    """All its links stand in navigation, header or footer."""
    rel: frozenset[str] = frozenset()


def stories(links: Sequence[Link]) -> list[Link]:
    """Those of a page's links that look like stories, in the page's order."""
    shapes = Counter(shape(link.url) for link in links)
    return [link for link in links if points(link, alike=shapes[shape(link.url)]) >= LEAST]


def points(link: Link, alike: int = 1) -> int:
    """How much a link looks like one to a story; `alike` links of the page have its shape.

    >>> rain = Link(url="https://wire.example/rain-stops-play-in-leeds", text="Rain stops play in Leeds")
    >>> points(rain) >= LEAST, points(Link(url="https://wire.example/world", text="World")) >= LEAST
    (True, False)
    """
    return _of_address(link.url) + _of_link(link) + (1 if alike >= 3 else 0)


def shape(url: str) -> str:
    """What addresses of the same kind have in common: their words and numbers left out.

    >>> shape("https://wire.example/2026/03/05/rain-stops-play-17.html")
    '/0/0/0/a-a.html'
    """
    path = unquote(urlsplit(url).path).lower()
    ending = match[0] if (match := _PAGE.search(path)) else ""
    kinds = re.sub(r"[^\W_]+", lambda m: _kind(m[0]), path.removesuffix(ending))
    return re.sub(r"\w(?:[-_,.+~ ]+\w)+", "a-a", kinds) + ending


def _kind(word: str) -> str:
    return "0" if word.isdecimal() else "a" if word.isalpha() else "x"


def _of_address(url: str) -> int:
    parts = urlsplit(url)
    path = unquote(parts.path).lower()
    segments = [s for s in path.split("/") if s]
    if segments and re.fullmatch(r"index\.\w+", segments[-1]):
        segments.pop()
    if not segments or _FILE.search(path):
        return -10
    page = _PAGE.search(segments[-1])
    last = [_PAGE.sub("", s) for s in segments[-3:]]
    day = day_of(url) is not None
    words = max(map(_slug_words, last))
    identified = any(map(_IDENTIFIER.search, last)) or re.search(r"=\w*\d{5,}", parts.query) is not None
    total = (4 if day else 0) + {0: 0, 1: 0, 2: 1, 3: 3}.get(words, 4) + (2 if identified else 0)
    total += (1 if page else 0) + (1 if _STORIES.intersection(segments[:-1]) else 0)
    if words >= 2 and not identified and _NUMBER.search(last[-1]):
        total += 1
    if words <= 1 and not (day or identified):
        total -= 3
    if _NO_STORIES.intersection(segments):
        total -= 5
    if _SERVICES.intersection(re.split(r"\W+", last[-1])):
        total -= 3
    if re.search(r"(?:^|&)(?:page|paged|q|s|sort|order|share|replytocom)=", parts.query):
        total -= 3
    return total


def _slug_words(segment: str) -> int:
    """Words of a slug; of scripts that write without spaces, four letters count as one."""
    if wide := len(_WIDE.findall(segment)):
        return wide // 4
    return sum(len(word) > 1 and not any(map(str.isdigit, word)) for word in re.split(r"[-_,.+~ ]", segment))


def _of_link(link: Link) -> int:
    words, wide = len(link.text.split()), len(_WIDE.findall(link.text))
    if words >= 5 or wide >= 10:
        total = 2
    elif words >= 3 or wide >= 6:
        total = 1
    else:
        total = -1 if link.text else 0
    total += (2 if link.in_heading else 0) + (1 if link.in_article else 0)
    total -= 4 if link.in_navigation else 0
    total -= 4 if _said(link.rel, _NO_RELS) else 0
    return total + (2 if "bookmark" in link.rel else 0)


def _said(rel: Collection[str], words: frozenset[str]) -> bool:
    return not words.isdisjoint(rel)

"""Not a story: fronts, topic pages, galleries, videos, walls and errors, told apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pipelines.page.structured import Stated

_ERROR = re.compile(
    r"^\W*(?:error\s*)?(?:40[34]|410|50[0-9])\b|page (?:not found|cannot be found|"
r"doesn.t exist|unavailable)|not found|access denied|"
    r"seite (?:wurde )?nicht gefunden|page (?:introuvable|non trouvée)|página no encontrada|"
r"pagina non trovata|nie znaleziono|"
    r"just a moment|attention required|are you a robot|verify you are (?:a )?human|"
r"service unavailable|internal server error|"
    r"something went wrong|page is no longer available|forbidden|страница не найдена|"
r"ページが見つかりません|페이지를 찾을 수 없", re.I)  # fmt: skip
_CONSENT = re.compile(
    r"\b(?:accept all|reject all|manage (?:cookies|preferences|options)|cookie (?:policy|"
r"settings|preferences)|we (?:and our \d* ?partners )?use cookies|"
    r"alle akzeptieren|cookies? akzeptieren|zustimmen und weiter|mit werbung weiterlesen|"
r"tout accepter|paramétrer|aceptar (?:todo|todas|cookies)|"
    r"accetta tutt[oi]|alles accepteren|godta alle|your privacy|datenschutzeinstellungen|"
r"ihre privatsphäre)\b", re.I)  # fmt: skip
_LOGIN = re.compile(
    r"\b(?:(?:log|sign) ?in to (?:continue|read|view)|(?:subscribe|register) to (?:continue|"
r"read|unlock)|already (?:a )?(?:subscriber|have an account|member)|"
    r"to continue reading|this (?:content|article) is (?:for|available to) (?:subscribers|"
r"members)|forgot(?:ten)? (?:your )?password|create (?:a free|an) account|"
    r"bitte (?:melden sie sich an|einloggen)|jetzt anmelden|abonnés|réservé aux abonnés|"
r"contenido exclusivo para suscriptores|solo per gli abbonati)\b", re.I)  # fmt: skip
_FRONT_PATH = re.compile(
    r"^/?(?:index\.\w+|home|startseite|news|[a-z]{2}(?:-[a-z]{2})?)?/?$|^/(?:section|sections|"
r"category|categories|rubrik|ressort|rubrique|seccion|topics?|tags?|themen?|thema|"
    r"author|authors|autor|search|suche|archive|archiv|keyword)(?:/|$)", re.I)  # fmt: skip
_GALLERY_PATH = re.compile(
    r"/(?:galler(?:y|ies)|photos?|pictures|in-pictures|slideshows?|bildergalerie|fotostrecke|"
    r"bilder|fotos|galeria|fotogalerias?|diaporama)(?:[/-]|$)",
    re.I,
)
_VIDEO_PATH = re.compile(r"/(?:videos?|watch|mediathek|av|clips?|vidéos?|tv)(?:/|$)", re.I)

_FRONT_TYPES = {"CollectionPage", "SearchResultsPage", "ProfilePage", "ItemList", "AboutPage", "ContactPage"}
_ARTICLE_TYPES = re.compile(r"(?:Article|BlogPosting|Report|Review)$")
_THIN = 600
"""Characters; with less text a page may be something that has a few words beside it."""


def reason(
    url: str, stated: Stated, titles: Sequence[str], paragraphs: Sequence[str], link_share: float, dated: bool
) -> str | None:
    """Why this page is no story; None if nothing speaks against it.

    `link_share` is the share of links in the text around the body, 0–1. A page that
    says it is an article is believed, unless it has next to no text.
    """
    size = sum(map(len, paragraphs))
    text = "\n".join(paragraphs)
    says_article = any(_ARTICLE_TYPES.search(t) for t in stated.types) or (stated.og_type or "").lower() in (
        "article",
        "news",
    )
    path = urlsplit(url).path
    if size < _THIN:
        heads = [*titles[:2], stated.headlines.get("title", "")]
        if not says_article and any(_ERROR.search(h) for h in heads if len(h) < 90):
            return "error_page"
        if len(_CONSENT.findall(text)) >= 2 or (len(_CONSENT.findall(text)) and size < 300):
            return "consent_wall"
        if _LOGIN.search(text) and size < 400:
            return "login_wall"
    if says_article and size >= 80:
        return None
    if size < _THIN and (stated.types & {"ImageGallery", "MediaGallery"} or _GALLERY_PATH.search(path)):
        return "gallery"
    if (
        size < _THIN
        and ("VideoObject" in stated.types or (stated.og_type or "").startswith("video"))
        and not says_article
    ):
        return "video"
    if says_article:
        return None
    if size < 300 and _VIDEO_PATH.search(path):
        return "video"
    if _FRONT_PATH.match(path) and not dated:
        return "section_front"
    if not dated and stated.types & _FRONT_TYPES and size < 1500:
        return "topic_page"
    if not dated and 0 < size < 1500 and link_share > (0.5 if size < _THIN else 0.8):
        return "section_front"
    return None

"""What publishers do to a story, and what only their pages do: tables of both, on invented copy.

An edit says what the second page prints: another `headline`, a line `above` or `below` the text,
another `text`, a `body` of its own, or a `notice` (a page that has nothing but it).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

HEADLINE = "Ferry runs aground off Port Ellery, 140 taken off"
TEXT = (
    "A ferry with 140 people aboard ran aground off Port Ellery early on Thursday, the harbour office said.",
    "All passengers were taken off within two hours and nobody was hurt, harbour master Lena Brandt told reporters.",
    "The ship had left Veldra at 4:10 a.m. and lost its engine in heavy swell near the Gannet rocks, she said.",
    "Two tugs held the vessel in place until noon, when divers began to look at its hull below the waterline.",
    "The operator, Saltmarsh Lines, cancelled all crossings until Saturday and offered refunds to 600 travellers.",
    "It was the third grounding on this coast since October, according to the harbour office's own records.",
)
NEW_PARAGRAPH = "The transport minister said on Thursday evening that an inquiry would begin within a week."


@dataclass(frozen=True)
class Edit:
    """What the second page says in place of the first."""

    headline: str = HEADLINE
    above: str = ""
    below: str = ""
    text: tuple[str, ...] = TEXT
    notice: str = ""
    ld: dict[str, object] = field(default_factory=dict)


def page(edit: Edit, around: str = "", stamp: str = "2026-03-05T08:00:00Z") -> str:
    """A page of the one story, as edited; `around` stands below the text."""
    import json

    ld = {
        "@type": "NewsArticle",
        "headline": edit.headline,
        "datePublished": "2026-03-05T08:00:00Z",
        "dateModified": stamp,
        "author": {"@type": "Person", "name": "Mara Lindqvist"},
    } | edit.ld
    lines = (edit.notice,) if edit.notice else (edit.above, *edit.text, edit.below)
    body = "".join(f"<p>{line}</p>" for line in lines if line)
    return (
        f"<html lang='en'><head><title>{edit.headline}</title><script type='application/ld+json'>{json.dumps(ld)}"
        f"</script></head><body><nav><a href='/'>Home</a></nav><article><h1>{edit.headline}</h1>"
        f"<p class='byline'>By Mara Lindqvist, Meridian Wire</p><div class='article-body'>{body}</div>{around}"
        "</article><footer><p>© 2026 Meridian Wire</p></footer></body></html>"
    )


def _swap(old: str, new: str) -> tuple[str, ...]:
    changed = tuple(line.replace(old, new) for line in TEXT)
    assert changed != TEXT
    return changed


_UPDATED = (*TEXT[:2], NEW_PARAGRAPH, *TEXT[2:])
_FIXED = _swap("140 people", "104 people")
_RECAST = (NEW_PARAGRAPH, "Saltmarsh Lines said it would help.", *TEXT[1:3], TEXT[5])

_CORRECTION_LINES = """
Correction: An earlier version of this story gave a wrong number of passengers.
CORRECTION: The ferry had 104 people aboard, not 140.
Corrects number of passengers in first paragraph.
Corrected: the ferry had 104 people aboard.
Clarification: The ferry had 104 people aboard, crew included.
This story has been corrected to show that 104 people were aboard, not 140.
This story was corrected on March 5 to give the right number of passengers.
This article has been corrected to reflect that 104 people were aboard.
An earlier version of this article misstated the number of passengers.
A previous version of this story incorrectly said that 140 people were aboard.
(This March 5 story has been corrected to say 104 people in paragraph 1)
Editor's note: An earlier version of this story misstated the number of people aboard.
Eds: Corrects number of passengers to 104.
Korrektur: In einer früheren Fassung stand eine falsche Zahl von Fahrgästen.
Berichtigung: Es waren 104 Menschen an Bord.
In einer früheren Version dieses Artikels hieß es, 140 Menschen seien an Bord gewesen. Das haben wir korrigiert.
Anmerkung der Redaktion: In einer früheren Version stand eine falsche Zahl.
Correctif : le ferry transportait 104 personnes.
Rectificatif : il y avait 104 personnes à bord.
Une version antérieure de cet article indiquait à tort 140 passagers.
Corrección: a bordo iban 104 personas.
Fe de erratas: a bordo iban 104 personas.
Una versión anterior de este artículo daba una cifra equivocada de pasajeros.
Errata corrige: a bordo erano 104 persone.
Correzione: a bordo erano 104 persone.
Rectificatie: er waren 104 mensen aan boord.
In een eerdere versie van dit artikel stond een verkeerd aantal passagiers.
Rettelse: Der var 104 personer om bord.
Rättelse: Det var 104 personer ombord.
Correção: havia 104 pessoas a bordo.
"""
_CORRECTION_HEADLINES = """
CORRECTED-Ferry runs aground off Port Ellery, 104 taken off
CORRECTED: Ferry runs aground off Port Ellery, 104 taken off
CORRECTION: Ferry runs aground off Port Ellery, 104 taken off
CORRECTED-UPDATE 2-Ferry runs aground off Port Ellery, 104 taken off
"""
_WRITETHRU_LINES = """
Eds: 2nd Ld-Writethru, updates with minister
2nd Ld-Writethru
(3rd Ld-Writethru: with quotes, details)
Eds: Writethru with comment from the minister.
Eds: Recasts throughout with minister, details.
Eds: Write-thru.
(Recasts with minister, adds background)
4th lead, writethru
Eds: Recasts.
"""
_WRITETHRU_HEADLINES = """
2nd Ld-Writethru Minister orders inquiry after ferry grounding
LEADALL Minister orders inquiry after ferry grounding
"""
_UPDATE_LINES = """
Eds: UPDATES: With minister.
(Adds minister, background)
(Updates with inquiry)
Updates with comment from the minister.
This story has been updated with a comment from the minister.
This is a developing story and has been updated.
Update: The minister has spoken.
UPDATE: The minister has spoken.
Aktualisiert: mit Stellungnahme des Ministers.
Mise à jour : avec la réaction du ministre.
Actualización: con la reacción del ministro.
"""
_UPDATE_HEADLINES = """
UPDATE 1-Ferry runs aground off Port Ellery, 140 taken off
WRAPUP 2-Minister orders inquiry after ferry grounding
UPDATE 3-Minister orders inquiry after ferry grounding
Minister orders inquiry after ferry runs aground off Port Ellery
Ferry runs aground off Port Ellery, inquiry ordered
"""
_REFILE_LINES = """
(Refiles to fix typo in headline)
Refiles to add dateline.
Eds: Resending to additional categories.
REFILE: adds dropped word in paragraph 3.
Eds: Refiles with byline.
(Repeats story first published on Thursday, no changes to text)
"""
_REFILE_HEADLINES = """
REFILE-Ferry runs aground off Port Ellery, 140 taken off
RPT-Ferry runs aground off Port Ellery, 140 taken off
REFILE-UPDATE 1-Ferry runs aground off Port Ellery, 140 taken off
"""
_KILL_NOTICES = """
KILL: This story has been withdrawn. Do not use it.
KILL NOTICE: The story about a ferry off Port Ellery is killed.
This story has been withdrawn.
This story has been withdrawn because it did not meet our standards.
This article has been removed.
This article has been withdrawn by the publisher.
This story has been retracted.
This report has been deleted because its facts could not be confirmed.
Eds: Kill the story about a ferry off Port Ellery. A kill is mandatory.
MANDATORY KILL: ferry off Port Ellery.
Meridian Wire has withdrawn its story about a ferry off Port Ellery.
The story was removed because its source could not be confirmed.
Meridian withdraws this story; a substitute will not be filed.
Dieser Artikel wurde zurückgezogen.
Die Meldung über eine Fähre vor Port Ellery wurde zurückgezogen.
Dieser Beitrag wurde gelöscht.
ZURÜCKGEZOGEN: Fähre vor Port Ellery auf Grund gelaufen
Cet article a été retiré.
Cette dépêche est annulée.
ANNULATION : la dépêche sur un ferry au large de Port Ellery est annulée.
Esta noticia ha sido retirada.
ANULACIÓN: se anula la noticia sobre un ferry frente a Port Ellery.
Questo articolo è stato rimosso.
ANNULLAMENTO: la notizia su un traghetto è annullata.
Esta reportagem foi retirada do ar.
Dit artikel is ingetrokken.
"""
_WITHHOLD_LINES = """
HOLD FOR RELEASE: Do not use before 6 p.m.
Eds: Withhold this story until further notice.
"""


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()


PLAIN_EDITS = (
    Edit(text=_UPDATED),
    Edit(text=_swap("nobody was hurt", "two were slightly hurt")),
    Edit(text=_swap("Saturday", "Monday")),
    Edit(text=TEXT[:4]),
    Edit(text=_RECAST),
    Edit(text=(*TEXT, NEW_PARAGRAPH)),
    Edit(text=_swap("600 travellers", "640 travellers")),
    Edit(headline="Ferry aground off Port Ellery: all aboard are safe"),
    Edit(text=_UPDATED, ld={"dateModified": "2026-03-05T19:00:00Z"}),
    Edit(text=_swap("Lena Brandt", "Lena Brand")),
)

CHANGES: list[tuple[str, Edit]] = [
    *(("correction", Edit(above=line, text=_FIXED)) for line in _lines(_CORRECTION_LINES)),
    *(("correction", Edit(below=line, text=_FIXED)) for line in _lines(_CORRECTION_LINES)),
    *(("correction", Edit(headline=line, text=_FIXED)) for line in _lines(_CORRECTION_HEADLINES)),
    ("correction", Edit(text=_FIXED, ld={"correction": "An earlier version gave a wrong number."})),
    (
        "correction",
        Edit(text=_FIXED, ld={"correction": {"@type": "CorrectionComment", "text": "It was 104."}}),
    ),
    *(("writethru", Edit(above=line, text=_RECAST)) for line in _lines(_WRITETHRU_LINES)),
    *(("writethru", Edit(headline=line, text=_RECAST)) for line in _lines(_WRITETHRU_HEADLINES)),
    *(("update", Edit(above=line, text=_UPDATED)) for line in _lines(_UPDATE_LINES)),
    *(("update", Edit(headline=line, text=_UPDATED)) for line in _lines(_UPDATE_HEADLINES)),
    *(("update", edit) for edit in PLAIN_EDITS),
    *(("refile", Edit(above=line)) for line in _lines(_REFILE_LINES)),
    *(("refile", Edit(headline=line)) for line in _lines(_REFILE_HEADLINES)),
    *(("kill", Edit(notice=line)) for line in _lines(_KILL_NOTICES)),
    *(("kill", Edit(headline=f"KILL: {HEADLINE}", notice=line)) for line in _lines(_KILL_NOTICES)[:3]),
    *(("kill", Edit(above=line)) for line in _lines(_WITHHOLD_LINES)),
]
"""What the publisher did, and the page after it."""


def _typed(html: str) -> str:
    return (
        html.replace("office's", "office’s")
        .replace(" aboard ", "&nbsp;aboard ")
        .replace("harbour", "har&shy;bour")
    )


def _spaced(html: str) -> str:
    return re.sub(r"</p><p>", "</p>\n\n  <p>\t", html).replace(". ", ".  ")


def _renamed(html: str) -> str:
    return html.replace("article-body", "article-body css-1x9f3 sc-bdVaJa").replace(
        "<p>", '<p class="css-77ab">'
    )


def _around(markup: str) -> Callable[[str], str]:
    return lambda html: html.replace("</article>", f"{markup}</article>")


def _within(markup: str) -> Callable[[str], str]:
    return lambda html: html.replace(TEXT[2] + "</p>", f"{TEXT[2]}</p>{markup}")


def _on_top(markup: str) -> Callable[[str], str]:
    return lambda html: html.replace("<div class='article-body'>", f"{markup}<div class='article-body'>")


NOISE: dict[str, Callable[[str], str]] = {
    "the same bytes": lambda html: html,
    "white space": _spaced,
    "typography": _typed,
    "class names of a new build": _renamed,
    "comments in the markup": lambda html: html.replace("<p>", "<!-- ad slot 7 --><p>"),
    "a session in links": lambda html: html.replace("href='/'", "href='/?sid=8f2c'"),
    "an inline element": lambda html: html.replace("Gannet rocks", "<em>Gannet</em> rocks"),
    "a link in the text": lambda html: html.replace("Saltmarsh Lines", "<a href='/s'>Saltmarsh Lines</a>"),
    "attributes in another order": lambda html: html.replace("<article>", "<article id=a data-x='9'>"),
    "time ago": _on_top("<time datetime='2026-03-05T08:00:00Z'>5 minutes ago</time>"),
    "time ago, in a line": _on_top("<p class='meta'>Published 3 hours ago</p>"),
    "updated, in a line": _on_top("<p>Updated: March 5, 2026 at 9:15 AM</p>"),
    "updated, first line of the text": lambda html: html.replace(
        "<div class='article-body'>", "<div class='article-body'><p>Updated: Thu, 5 Mar 2026 10:15:00 GMT</p>"
    ),
    "last updated, in a line below": _around("<p>Last updated on Thursday 5 March 2026, 10:15</p>"),
    "modified, for machines": lambda html: html.replace(
        '"dateModified": "2026-03-05T08:00:00Z"', '"dateModified": "2026-03-05T10:15:00Z"'
    ),
    "minutes to read": _on_top("<p>4 min read</p>"),
    "views": _around("<p class='views'>12,847 views</p>"),
    "views, in the text": _within("<p>12,847 views</p>"),
    "time ago, in the text": _within("<p>5 minutes ago</p>"),
    "time ago, in German": _within("<p>vor 3 Stunden</p>"),
    "readers now, in the text": _within("<p>214 people are reading this</p>"),
    "shares": _around("<ul class='share'><li>Share 311</li><li>Tweet 17</li></ul>"),
    "a count of comments": _around("<a href='#comments'>23 comments</a>"),
    "comments": _around(
        "<section class='comments'><p>I was aboard and it was frightening, says Tom.</p></section>"
    ),
    "likes": _around("<button>Like 88</button>"),
    "related stories": _around(
        "<aside><h2>Related</h2><ul><li><a href='/x'>Storm nears Veldra</a></li></ul></aside>"
    ),
    "most read": _around(
        "<div class='most-read'><ol><li><a href='/y'>Mayor of Veldra resigns</a></li></ol></div>"
    ),
    "read more, in the text": _within("<p>Read more: <a href='/z'>Storm nears Veldra</a></p>"),
    "also read, in the text": _within(
        "<p><strong>Also read:</strong> <a href='/z'>Storm nears Veldra</a></p>"
    ),
    "a promo for a newsletter": _within("<p>Sign up for our morning newsletter here.</p>"),
    "a box for a newsletter": _within("<div class='newsletter'><p>Get the day's news by mail.</p></div>"),
    "an advertisement": _within("<div class='ad-slot'><span>Advertisement</span></div>"),
    "an advertisement, bare": _within("<p>Advertisement</p>"),
    "a video player": _within("<div class='video-player'><p>Watch: the ferry at dawn</p></div>"),
    "another picture": _within(
        "<figure><img src='/2.jpg'><figcaption>Tugs at noon. Photo: T. Ng</figcaption></figure>"
    ),
    "a poll": _around("<div class='poll'><p>Should ferries sail in winter? Yes 64 % No 36 %</p></div>"),
    "a ticker of shares": lambda html: html.replace(
        "<nav>", "<div class='ticker'>VELX 2,311.4 +0.4 %</div><nav>"
    ),
    "the weather": lambda html: html.replace("<nav>", "<div class='weather'>Port Ellery 7 °C</div><nav>"),
    "breaking news above": lambda html: html.replace(
        "<nav>", "<div class='breaking-banner'><a href='/b'>Breaking: storm warning for Veldra</a></div><nav>"
    ),
    "a menu with another entry": lambda html: html.replace("</nav>", "<a href='/storm'>Storm</a></nav>"),
    "a consent banner": lambda html: html.replace(
        "</body>",
        "<div class='cookie-consent'><p>We use cookies.</p><button>Accept all</button></div></body>",
    ),
    "a new year below": lambda html: html.replace("© 2026 Meridian Wire", "© 2026–2027 Meridian Wire"),
    "another title in the tab": lambda html: html.replace("</title>", " | Meridian Wire</title>"),
    "tags": _around("<div class='tags'><a rel='tag' href='/t/ferry'>ferry</a></div>"),
    "keywords": lambda html: html.replace("<head>", "<head><meta name='keywords' content='ferry, Ellery'>"),
    "a description": lambda html: html.replace(
        "<head>", "<head><meta name='description' content='A ferry ran aground.'>"
    ),
    "another picture for sharing": lambda html: html.replace(
        "<head>", "<head><meta property='og:image' content='/3.jpg'>"
    ),
    "a script": lambda html: html.replace("</body>", "<script>var views = 12848;</script></body>"),
    "an author's box": _around("<div class='author-bio'><p>Mara Lindqvist covers the coast.</p></div>"),
    "the text in capitals": lambda html: html.replace("A ferry with", "A FERRY with"),
    "entities": lambda html: html.replace("office", "&#111;ffice"),
    "an editor's picks box": _around(
        "<div class='recommended'><a href='/q'>Ten walks on the coast</a></div>"
    ),
    "live: readers now": _on_top("<p class='live-count'>214 people are reading this</p>"),
}
"""What only the page does: no version may come of it."""

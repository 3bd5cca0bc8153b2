"""Signals: what a line tells editors and readers about this version of a story. Pure.

Wires and papers say what they did to a story in a few set phrases: a kill, a correction, a
write-thru. They are tables here, by kind and language; `edges` finds the lines, `versions`
judges by them. Sources: the AP's and Reuters's style for write-thrus, refiles and corrections,
and what papers print under their stories.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PIECE = r"(?:story|article|report|post|piece|item|dispatch|column|headline|video|page)"

_KILL = {
    "any": r"^\W*(?:mandatory\s+)?kill\s*[:\-–—]"
    r"|\b(?:kill(?:ed)? (?:notice|mandatory|bulletin)|mandatory kill)\b|^\W*eds?\.?:?\s+kill\b",
    "en": rf"\b(?:this|the) {_PIECE} (?:has been|is|was) (?:withdrawn|retracted|killed)\b"
    rf"|\bwithdraws? (?:this|the) {_PIECE}\b"
    rf"|\bthis {_PIECE} has been (?:removed|deleted|unpublished|taken down)\b",
    "de": r"^\W*(?:zurückgezogen|zurückziehung)\s*:"
    r"|\bdiese[rs]? (?:artikel|beitrag|meldung|bericht|text)\b.{0,60}\b(?:zurückgezogen|gelöscht|entfernt)\b",
    "fr": r"^\W*(?:annulation|annulé)\s*:|\bcett?e? (?:article|dépêche)\b.{0,60}"
    r"\b(?:annulée?|retirée?|supprimée?|dépubliée?)\b",
    "es": r"^\W*anulación\s*:"
    r"|\besta (?:noticia|nota|información)\b.{0,60}\b(?:retirada|eliminada|anulada)\b",
    "it": r"^\W*annullamento\s*:"
    r"|\bquest[oa] (?:articolo|notizia)\b.{0,60}\b(?:rimoss|ritirat|annullat)[oa]\b",
    "pt": r"^\W*retirada\s*:"
    r"|\besta (?:reportagem|matéria|notícia)\b.{0,60}\b(?:retirada|removida|excluída)\b",
    "nl": r"\bdit (?:artikel|bericht)\b.{0,60}\b(?:ingetrokken|verwijderd)\b",
}
_GONE = {
    "en": rf"\b(?:has|have) withdrawn (?:its|this|the|an?) {_PIECE}\b"
    rf"|\b(?:this|the) {_PIECE} (?:was|has been) (?:removed|deleted|unpublished|taken down|pulled)\b",
    "de": r"\b(?:artikel|beitrag|meldung|bericht)\b.{0,80}\bwurden? (?:zurückgezogen|gelöscht|entfernt)\b",
    "fr": r"\b(?:article|dépêche)\b.{0,80}\b(?:est|a été) (?:annulée?|retirée?|supprimée?)\b",
    "es": r"\b(?:se anula|queda anulada) la (?:noticia|nota|información)\b",
}
"""Said of itself by a page that has next to nothing else; in a story it may be news of another's."""

_SECOND = {
    "en": rf"\b(?:an?|the) (?:earlier|previous|prior|original) version of (?:this|the) {_PIECE}\b",
    "de": r"\bin einer (?:früheren|ersten|vorherigen|älteren) (?:version|fassung)\b"
    r"(?=.*\b(?:hieß|stand|haben wir|korrigiert|artikels|textes|beitrags|berichtet)\b)",
    "fr": r"\bune (?:première|précédente|version (?:antérieure|précédente|initiale))\b"
    r".{0,20}\b(?:article|dépêche|texte)\b",
    "es": r"\b(?:una|la) (?:versión|primera versión) (?:anterior|previa|inicial)? ?de (?:este|esta)\b",
    "it": r"\b(?:una|nella) (?:precedente versione|versione precedente)\b",
    "pt": r"\b(?:uma|na) versão anterior d(?:este|esta|o texto|a reportagem)\b",
    "nl": r"\bin een (?:eerdere|vorige) versie\b(?=.*\b(?:artikel|bericht|stond|stuk)\b)",
    "nordic": r"\bi? ?en (?:tidligere|tidigare) (?:versjon|version|utgave)\b",
}
"""What speaks of another version of itself corrects it."""

_LABEL = (
    r"^\W*(?:correction|corrects|corrected|clarification|clarified|korrektur|berichtigung|richtigstellung|"
    r"corrección|fe de erratas|rectificación|correctif|rectificatif|correzione|errata corrige|rectificatie|"
    r"rettelse|rättelse|"
    r"oikaisu|correção|erramos|sprostowanie|исправление|訂正|정정)\b[^.]{0,40}?\s*[:：—–-]\s*\S"
)
_CORRECTED = {
    "label": _LABEL,
    "sentence": rf"\b(?:this|the)\b.{{0,20}}\b{_PIECE} (?:has been|was|is) (?:corrected|amended|clarified)\b",
} | _SECOND
_CORRECTION = _CORRECTED | {"note": r"^\W*(?:eds?\.?:.{0,40}\b)?corrects\b"}

_REFILE = {
    "any": r"^\W*(?:eds?\.?:\s*)?(?:refil(?:e[sd]?|ing)|rpt|repeat(?:s|ing)?(?= story|\s*[:\-–—])"
    r"|re-?send(?:s|ing)?|resent)\b"
}
_WRITETHRU = {
    "any": r"\bwrite-?\s?thr(?:u|ough)\b|\b\d+(?:st|nd|rd|th)\s+ld\b|\blead-?all\b"
    r"|^\W*(?:eds?\.?:\s*)?recasts\b"
}
_UPDATE = {
    "any": r"^\W*(?:update[ds]?\b(?:\s*\d+)?\s*[:\-–—(]|updates? (?:with|to|throughout)\b"
    r"|adds?\b(?! up)|wrapup \d)|^\W*eds:? updates"
    r"|\bthis .{0,30}\bhas been updated\b|^\W*(?:aktualisiert|mise à jour|actualización)\s*:"
}
_HOLD = {"any": r"\b(?:withhold|hold for release|embargoed until)\b"}
_ALERT = {"any": r"^\W*(?:newsalert|newsbreak|bulletin|flash|urgent|eilmeldung|alerte)\b\s*[:\-–—]"}
_ADVISORY = {"any": r"^\W*(?:advisory|eds?:|editors?[’']?s? note|note to editors)\b"}


def _joined(forms: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{form})" for form in forms.values()), re.I)


_SIGNALS = {
    # In the order in which they count: a correction in a write-thru is a correction.
    "kill": _joined(_KILL),
    "withhold": _joined(_HOLD),
    "correction": _joined(_CORRECTION),
    "refile": _joined(_REFILE),
    "writethru": _joined(_WRITETHRU),
    "update": _joined(_UPDATE),
    "alert": _joined(_ALERT),
    "advisory": _joined(_ADVISORY),
}
ORDER = tuple(_SIGNALS)
_OF_ITSELF = _joined(_GONE)
_SELF = (
    "corrected",
    "amended",
    "clarified",
    "version",
    "versión",
    "versão",
    "versie",
    "versjon",
    "fassung",
    "utgave",
)
"""One of them is in each line that corrects without beginning by saying so."""
_IS_CORRECTION = _joined(_CORRECTED)
_IS_LABELLED = re.compile(_LABEL, re.I)
_STEMS = {
    "kill": "kill|withdraw|retracted|removed|deleted|unpublished|taken down|pulled|zurück|gelöscht|entfernt|"
    "annul|retir|supprim|dépubli|anula|eliminada|rimoss|ritirat|removida|excluída|ingetrokken|verwijderd",
    "withhold": "withhold|hold for|embargoed",
    "correction": "corr|amended|clarifi|berichtigung|richtigst|rectif|errat|rettelse|rättelse|oikaisu|"
    "erramos|sprostow|исправ|訂正|정정|version|versión|versão|versie|versjon|fassung|utgave",
    "refile": "refil|rpt|repeat|resen|re-sen",
    "writethru": "write|d ld|h ld|t ld|lead|recasts",
    "update": "updat|add|wrapup|aktualis|mise à|actualiz",
    "alert": "newsalert|newsbreak|bulletin|flash|urgent|eilmeldung|alerte",
    "advisory": "advisory|eds:|editor",
}
_HINTS = {kind: tuple(stems.split("|")) for kind, stems in _STEMS.items()}
"""One of them is in each line that a pattern finds: all lines are asked, and words are found quickly."""
_NOTE = re.compile(
    r"^\((?:adds?|updates?|recasts|refil(?:es?|ing)|repeats|re-?sends?|corrects|clarifies|removes|fixes|changes|"
    r"write-?\s?thr|\d+(?:st|nd|rd|th) (?:ld|lead)).*\)$"
    r"|^(?:updates? with|recasts|refil(?:es?|ing) (?:to|with)|refile:|re-?send(?:s|ing) |corrects|clarifies|"
    r"write-?\s?thr|\d+(?:st|nd|rd|th) (?:ld|lead))\b",
    re.I,
)


def signal(line: str) -> str | None:
    """What a line says was done: one of `ORDER`; None if it is plain copy.

    >>> signal("CORRECTION: An earlier version misspelled the town."), signal("Eds: 2nd Ld-Writethru")
    ('correction', 'writethru')
    >>> signal("KILL NOTICE: This story has been withdrawn."), signal("Rain fell on Lille.")
    ('kill', None)
    """
    lowered = line.lower()
    return next((k for k, pattern in _SIGNALS.items() if _hinted(lowered, k) and pattern.search(line)), None)


def _hinted(lowered: str, kind: str) -> bool:
    return any(stem in lowered for stem in _HINTS[kind])


def is_withdrawal(text: str) -> bool:
    """Does a page that says no more than this say that its story is gone?

    >>> is_withdrawal("The story was removed because its source could not be confirmed.")
    True
    """
    if not _hinted(text.lower(), "kill"):
        return False
    return bool(_SIGNALS["kill"].search(text) or _OF_ITSELF.search(text))


def is_correction(line: str) -> bool:
    """Does a line of its own say what was wrong before?

    >>> is_correction("This story has been corrected to show that nine were aboard.")
    True
    """
    if _IS_LABELLED.match(line):
        return True
    lowered = line.lower()
    return any(word in lowered for word in _SELF) and bool(_IS_CORRECTION.search(line))


def is_note(line: str) -> bool:
    """Is this a wire's own line on what it did, above the text?

    >>> is_note("(Adds minister, background)"), is_note("Refiles to add dateline."), is_note("Rain.")
    (True, True, False)
    """
    return len(line) < 160 and bool(_NOTE.match(line))

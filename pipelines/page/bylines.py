"""Bylines: the words under a headline, taken apart into persons and agencies. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from pipelines.page import wire


class Byline(NamedTuple):
    persons: tuple[str, ...]
    agencies: tuple[str, ...]
    """As printed, in order."""
    others: tuple[str, ...]
    """Newsrooms, desks, house names: whoever is named and neither of the above."""
    unknown: tuple[str, ...] = ()
    """What else stands there: a place, a title, an agency that we don't know."""


_LEAD_IN = re.compile(
    r"^\s*(?:(?:story|report(?:ing|ed)?|written|words|text|analysis|opinion|interview|"
r"exclusive|photos?|reviewed)\s+(?:by)\b"
    r"|by\b|von\b|par\b|por\b|di\b|da\b|door\b|av\b|af\b|przez\b|autor(?:en|es|a|in)?\b|"
r"author(?:s)?\b|auteurs?\b"
    r"|autore\b|автор(?:ы)?\b|текст\b|tekst\b|tekst og foto\b|foto\b|ein(?:e)? \w+ von\b|"
r"interview\s*:|oleh\b|penulis\b|yazan\b|haber\b|reporter\b"
    r"|tác giả\b|文[/／:：]|記者|记者|【?(?:本報)?記者|bởi\b|szerző\b|"
    r"كتبت?\b|بقلم\b|إعداد\b|लेखक\b|napsal\b|napísal\b)\s*[:：]?\s*",
    re.I,
)  # fmt: skip
_JOINED = re.compile(
    r"\s*(?:[;|•·／()]|\s/\s|\s[-–—]\s|,?\s+(?:and|und|et|og|och|with|mit|avec|con|और|ve|và)\s(?!\s*$)"
    r"|,?\s+(?:y|e|en|i|и|та|ja|dan|és|a|و)(?=\s+[^\W\d_a-z])|\s*&\s*|、)\s*"
)
_SUFFIX = re.compile(r"^(?:jr|sr|ii|iii|iv|m\.?d|ph\.?d|esq|mba|mp|mep|cfp|cfa|md|phd|rn|obe|cbe)\.?$", re.I)
_IN_PLACE = re.compile(r"\s+(?:in|aus|à|en|from|reporting from)\s+[^\W\d_][\w .,'’-]+$")
_AT_END = re.compile(
    r"\s*(?:[,|–—(-]\s*|\s)(?:(?:the\s+)?associated press(?:\s+(?:writer|reporter))?|ap\s+\w*\s*writer|"
    r"(?:senior |chief |staff |special |freelance |political |local |sports |science |"
    r"business |deputy |assistant |national |foreign |investigative |guest |contributing )*"
    r"(?:correspondent|reporter|writer|editor|columnist|contributor|producer|journalist|korrespondent(?:in)?|"
    r"reporter(?:in)?|redakteur(?:in)?|journaliste|redactora?|corresponsal|periodista|"
    r"inviat[oa]|giornalista|korrespondens|journalist|redacteur)"
    r"|기자|특파원|記者|记者|編集委員|通讯员)\b\)?\s*$",
    re.I,
)
_TIME_TAIL = re.compile(
    r"\s*(?:[,|•·–—-]\s*)?(?:(?:last\s+)?(?:updated|published|posted|modified|aktualisiert|"
    r"veröffentlicht|stand|actualizado|publié|"
    r"mis à jour|publicado|pubblicato|aggiornato|bijgewerkt|gepubliceerd|oppdatert|publisert|"
    r"opublikowano|обновлено)\b.*"
    r"|(?:on\s+)?\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|\d{1,2}:\d{2}.*|(?:on\s+)?(?:mon|tues?|"
    r"wednes|thurs|fri|satur|sun)day\b.*)$",
    re.I,
)
_NOT_A_NAME = re.compile(
    r"\b(?:staff|news|press|agency|agencies|agencia|redaktion|redaktionen|redaktionens|"
    r"redacción|redazione|rédaction|redactie|redakcja|redakce|redacao|redação|"
    r"editorial|editors?|editora|team|desk|bureau|media|times|post|daily|tv|radio|online|"
    r"digital|correspondents?|reporters?|"
    r"writers?|wire|service|newsroom|nachrichten|zeitung|magazin|magazine|journal|group|gmbh|"
    r"inc|ltd|llc|corp|"
    r"contributors?|guest|admin|administrator|webmaster|department|office|university|"
    r"institute|foundation|network|"
    r"newspaper|tribune|gazette|herald|chronicle|headlines?|live|web|publishing|publications?|"
    r"associated|deutsche|"
    r"редакция|редакція|новости|агентство|編集部|新聞|通信|デジタル|뉴스|신문|일보|方通信|समाचार|भास्कर|न्यूज|डेस्क)\b"
    r"|編集|新聞|通信|現代|デジタル|뉴스|일보|신문|\.(?:com|de|org|net|fr|es|it|ch|at|co\.uk|no|se|dk|pl|ru|ua|"
    r"tv)\b|@|https?:|www\.",
    re.I,
)
_PARTICLES = frozenset(
    [
        "de",
        "del",
        "della",
        "di",
        "da",
        "das",
        "do",
        "dos",
        "du",
        "den",
        "der",
        "des",
        "van",
        "von",
        "vom",
        "zu",
        "zur",
        "zum",
        "ter",
        "ten",
        "te",
        "af",
        "av",
        "el",
        "al",
        "bin",
        "ibn",
        "la",
        "le",
        "los",
        "las",
        "y",
        "e",
        "i",
        "of",
        "'t",
        "op",
        "lo",
        "san",
        "st",
        "abu",
        "ben",
        "dal",
        "d",
    ]
)
_LETTER = re.compile(r"[^\W\d_]")
_HANGUL = re.compile(r"^[\uac00-\ud7a3]{2,4}$")
_HAN = re.compile(r"^[\u4e00-\u9fff々\u3040-\u30ff]{1,5}[ \u3000・]?[\u4e00-\u9fff々\u3040-\u30ff]{1,6}$")


def take_apart(text: str, own_names: Iterable[str] = ()) -> Byline:
    """Persons, agencies and others that a printed byline names, in order.

    >>> take_apart("By Kylie Atwood and John Doe, CNN")
    Byline(persons=('Kylie Atwood', 'John Doe'), agencies=('CNN',), others=(), unknown=())
    >>> take_apart("Von Anna van der Berg und dpa, Berlin").persons
    ('Anna van der Berg',)
    >>> take_apart("SARAH O'NEILL, Staff Writer").persons
    ("SARAH O'NEILL",)
    >>> take_apart("By Martin Luther King, Jr.").persons
    ('Martin Luther King, Jr.',)

    Job titles, places and times are dropped. `own_names` are names of the site: never persons.
    """
    persons: list[str] = []
    agencies: list[str] = []
    others: list[str] = []
    unknown: list[str] = []
    own = {_squash(name) for name in own_names}
    for part in _parts(_without_lead_in(_TIME_TAIL.sub("", text.strip()))):
        name = _bare(part)
        if not name:
            continue
        if sign := wire.agency(name) or wire.agency(part.strip()):
            agencies.append(name if wire.agency(name) else part.strip() or sign)
        elif _SUFFIX.match(name) and persons:
            persons[-1] = f"{persons[-1]}, {name}"
        elif _squash(name) in own or _squash(name.split()[0]) in own:
            others.append(name)
        elif is_person(name):
            persons.append(name)
        elif _is_house(name) and not _AT_END.search(" " + name):
            others.append(name)
        else:
            unknown.append(name)
    return Byline(_unique(persons), _unique(agencies), _unique(others), _unique(unknown))


def from_names(names: Iterable[tuple[str, str]], own_names: Iterable[str] = ()) -> Byline:
    """The same out of names as JSON-LD states them: (name, type), one name each, we hope.

    >>> from_names([("Lee Baker, CFP", "Person"), ("dpa", "Organization")])
    Byline(persons=('Lee Baker, CFP',), agencies=('dpa',), others=(), unknown=())
    >>> from_names([("By Ana Ruiz, Li Wei and Tom Ng", "Person")]).persons
    ('Ana Ruiz', 'Li Wei', 'Tom Ng')
    >>> from_names([("aru;tng", "Person")]).persons
    ('aru', 'tng')

    A name is split only where what results are names: nothing is torn at dots and commas.
    """
    persons: list[str] = []
    agencies: list[str] = []
    others: list[str] = []
    own = {_squash(name) for name in own_names}
    for stated, kind in ((name, kind) for several, kind in names for name in several.split(";")):
        stated = re.sub(r"^(?:By|BY|by|Von|Par|Por)\s+(?=\S+\s+\S)", "", stated.strip())
        name = _bare(stated)
        if not name or len(name) > 200:
            continue
        parts = _parts(stated)
        if wire.agency(name):
            agencies.append(name)
        elif "Organization" in kind or _squash(name) in own:
            others.append(name)
        elif len(parts) > 1 and not _SUFFIX.match(parts[1]):
            apart = take_apart(stated, own_names)
            if apart.persons or apart.agencies:
                persons += apart.persons
                agencies += apart.agencies
            else:
                others.append(name)
        elif _NOT_A_NAME.search(name):
            others.append(name)
        else:
            persons.append(name)
    return Byline(_unique(persons), _unique(agencies), _unique(others))


def is_person(name: str) -> bool:
    """Could this be one person's full name, in any script?

    >>> is_person("Ana Ruiz de la Prada"), is_person("Staff Writer"), is_person("Rain fell in Lille")
    (True, False, False)
    """
    if not 2 <= len(name) <= 50 or _NOT_A_NAME.search(name) or any(c.isdigit() for c in name):
        return False
    if _HANGUL.match(name) or _HAN.match(name):
        return True
    words = name.split()
    if not 2 <= len(words) <= 6:
        return False
    return all(_name_word(word, i) for i, word in enumerate(words)) and not words[-1].islower()


def _is_house(name: str) -> bool:
    """A newsroom or a house: by its words, or a sign in capitals, as desks have them (`TPN`)."""
    if not _LETTER.search(name) or len(name) >= 60:
        return False
    return bool(_NOT_A_NAME.search(name)) or (2 < len(name) < 6 and name.isalpha() and name.isupper())


def looks_like_byline(line: str) -> bool:
    """Is this line of text a byline and nothing else?

    >>> looks_like_byline("By Kylie Atwood, CNN"), looks_like_byline("By all accounts it rained.")
    (True, False)
    """
    if len(line) > 160:
        return False
    match = _LEAD_IN.match(line)
    if not match or match.end() == len(line) or (line.rstrip().endswith((".", "?", "!")) and len(line) > 60):
        return False
    parts = [p for p in (_bare(part) for part in _parts(_without_lead_in(_TIME_TAIL.sub("", line)))) if p]
    if not parts:
        return False
    known = [is_person(p) or wire.agency(p) is not None or _is_house(p) for p in parts]
    return known[0] and all(known[:2])


def _without_lead_in(text: str) -> str:
    while (lead := _LEAD_IN.match(text)) and lead.end() < len(text):
        text = text[lead.end() :]
    return text


def _parts(text: str) -> list[str]:
    pieces = [p for p in _JOINED.split(text) if p and p.strip()]
    found: list[str] = []
    for piece in pieces:
        for i, part in enumerate(piece.split(",")):
            part = part.strip()
            if i and found and _SUFFIX.match(part) and "," not in found[-1]:
                found[-1] = f"{found[-1]}, {part}"
            elif part:
                found.append(part)
    return found


def _bare(part: str) -> str:
    """A part without "By", job title and place."""
    name = " ".join(part.split()).strip(' .,;:|-–—•·()[]<>"“”')
    without_place = _IN_PLACE.sub("", name)
    if len(without_place.split()) >= 2 or wire.agency(without_place):
        name = without_place
    shorter = _AT_END.sub("", name)
    name = (
        shorter if shorter != name and (len(shorter.split()) >= 2 or _HANGUL.match(shorter.strip())) else name
    )
    name = name.strip(" .,;:|-–—•·")
    return f"{name}." if re.search(r",? (?:Jr|Sr)$", name) and f"{name}." in part else name


def _name_word(word: str, position: int) -> bool:
    bare = word.strip(".,'’\"“”()-")
    if not bare:
        return False
    if bare.casefold() in _PARTICLES or bare.startswith(("d'", "d’", "l'", "al-", "el-")):
        return True
    first = next((c for c in bare if c.isalpha()), "")
    return bool(first) and (first.isupper() or not first.islower())


def _squash(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return tuple(found.values())

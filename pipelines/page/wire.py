# patterns that are read best in one line
"""Wire copy: datelines, credits, signatures and the marks that agencies put on a story. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import NamedTuple


class Dateline(NamedTuple):
    place: str | None
    day: str | None
    credit: str | None
    length: int


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], tuple[str, ...]]:
    """Agency by each of its signatures, and the words of agencies' rights lines."""
    agencies = tomllib.loads((resources.files("pipelines.page") / "agencies.toml").read_text("utf-8"))[
        "agency"
    ]
    by_sign = {_key(sign): agency["signs"][0] for agency in reversed(agencies) for sign in agency["signs"]}
    return by_sign, tuple(words.casefold() for agency in agencies for words in agency.get("rights", ()))


def agency(text: str | None) -> str | None:
    """The agency that signs with exactly this text.

    >>> agency("The Associated Press"), agency("Deutsche Presse-Agentur"), agency("Rain")
    ('AP', 'dpa', None)

    Two agencies joined by a stroke count as the first: `dpa/AFP`.
    """
    if not text or len(text) > 60:
        return None
    by_sign, _ = _table()
    stripped = text.strip(" .,;:()[]/-–—|©")
    found = by_sign.get(_key(stripped))
    if found is None and "/" in stripped:
        parts = [by_sign.get(_key(part)) for part in stripped.split("/")]
        found = parts[0] if all(parts) else None
    return found


def is_rights_line(line: str) -> bool:
    """Does an agency (or anybody) only state its rights in this line?

    >>> is_rights_line("The-CNN-Wire™ & © 2026 Cable News Network, Inc., a company. All rights reserved.")
    True
    """
    if len(line) >= 400:
        return False
    lowered = line.casefold().replace("™", "")
    return any(words in lowered for words in _table()[1])


_CAPS_WORD = r"(?:(?![^\W\d_]*[a-zß-öø-ÿа-яё])[^\W\d_][^\W\d_.'’]*\.?)"
_CAPS_PLACE = rf"{_CAPS_WORD}(?:[ /\-](?!\(){_CAPS_WORD})*"
_REGION = r"(?:,\s+(?:[^\W\d_][\w.'’\-]*)(?:\s+(?:of|the|and|de|del)?\s*[^\W\d_][\w.'’\-]*){0,3})"
_MIXED_PLACE = (
    r"[^\W\d_][\w.'’\-]*(?:[ /](?:(?:am|an|der|de|del|la|el|di|of|den|du|im|ob|"
    r"bei)\s+){0,2}[^\W\d_][\w.'’\-]*){0,4}"
)
_DAY = (r"(?:(?:[^\W\d_]{3,12}\.?\s+\d{1,2}|"
r"\d{1,2}\.?\s+(?:de\s+)?[^\W\d_]{3,12}\.?)(?:,?\s+(?:de\s+)?\d{4})?"
        r"|\d{1,2}[./]\d{1,2}\.?(?:\d{2,4})?)")  # fmt: skip
_CREDIT = r"[^\W\d_](?:[^()\n]{0,58}[^\s()])?"
_DASH = r"(?:\s*(?:\.\s?[-–—]|[-–—]{1,2}|―|:|=|\.)\s*)"

_FORMS = tuple(
    re.compile(form)
    for form in (
        # PARIS, March 5 (Reuters) - · Berlin (dpa) - · Madrid, 5 mar (EFE).- · KYIV, Ukraine (AP) —
        rf"(?P<place>{_MIXED_PLACE}{_REGION}?)(?:[,.]?\s+(?P<day>{_DAY})[,.]?)?\s*\((?P<credit>{_CREDIT})\){_DASH}",
        # MOSCOW, November 22. /TASS/. · LONDON, Nov. 22, 2026 /PRNewswire/ --
        rf"(?P<place>{_MIXED_PLACE}{_REGION}?)(?:,\s+(?P<day>{_DAY})[,.]?)?\s*/(?P<credit>{_CREDIT})/{_DASH}",
        # (ANSA) - ROMA, 22 NOV - · (Reuters) - · Nov. 22 (UPI) --
        rf"\((?P<credit>{_CREDIT})\)\s*[-–—]+\s*(?P<place>{_CAPS_PLACE}),\s+(?P<day>{_DAY})\s*[-–—]+\s*",
        rf"(?P<place>)(?:(?P<day>{_DAY})\s+)?\((?P<credit>{_CREDIT})\)(?:\s*[-–—]{{1,2}}\s*)",
        # (서울=연합뉴스) 홍길동 기자 =
        r"[(\[](?P<place>[^=\s()]{1,12})=(?P<credit>[^()\s]{2,12})[)\]]\s*(?P<day>)(?:[^=]{2,30}=\s*)?",
        # МОСКВА, 22 ноя — РИА Новости.
        rf"(?P<place>{_CAPS_PLACE}),\s+(?P<day>{_DAY})\s*[-–—]+\s*(?P<credit>РИА Новости|"
        rf"{_CAPS_PLACE})[.,]\s*",
        # PARIS, March 5 - · KYIV, Ukraine — · DUBLIN —
        rf"(?P<place>{_CAPS_PLACE}{_REGION}?)(?:,\s+(?P<day>{_DAY}))?(?P<credit>)\s*(?:[-–—]{{1,2}}|―)\s+",
    )
)
_GLUED = re.compile(r"\((?P<credit>CNN|AP|AFP|Reuters|UPI|CNN Business)\)\s*(?=[A-Z“\"'])")


def dateline(text: str, known: Iterable[str | None] = ()) -> Dateline | None:
    """Read the dateline at the start of a story's first paragraph.

    >>> dateline("PARIS, March 5 (Reuters) - The euro rose on Thursday.")
    Dateline(place='PARIS', day='March 5', credit='Reuters', length=27)
    >>> dateline("KYIV, Ukraine (AP) — Rain fell.").place
    'KYIV, Ukraine'
    >>> dateline("MOSCOW, November 22. /TASS/. Snow fell.")
    Dateline(place='MOSCOW', day='November 22', credit='TASS', length=29)
    >>> dateline("The euro - a currency - rose.") is None
    True

    `day` stays text: it names no year. `length` counts characters of `text`, dash and
    space included: `text[length:]` is the first sentence. A place in mixed case needs a
    credit that we know (from `agencies.toml`, or `known`: names that the page credits
    elsewhere) or a day beside it; without a credit the place must be in capitals. A credit that we don't know
    comes back as printed.
    """
    head = text[:200]
    also = frozenset(_key(name) for name in known if name)
    for form in _FORMS:
        match = form.match(head)
        if match is None:
            continue
        found = match.groupdict()
        place, day, credit = found["place"] or None, found["day"] or None, found["credit"] or None
        if _believable(place, day, credit, also):
            return Dateline(place, day, credit, match.end())
    if match := _GLUED.match(head):
        return Dateline(None, None, match["credit"], match.end())
    return None


_CREDIT_LINE = re.compile(
    r"^[(\[]?\s*(?:source|quelle|fuente|fonte|bron|kilde|källa|źródło|lähde|kaynak|sumber|credit|crédit"
    r"|with (?:material|files|reporting|information) from|mit material (?:von|der)|"
    r"mit agenturmaterial|con información de"
    r"|com informações d[aeo]s?|avec)\s*[:：]?\s+(?P<who>[^.]{2,60})\.?\s*[)\]]?$"
    r"|^(?:источник|джерело|出典|来源|來源|출처|स्रोत|المصدر)\s*[:：]\s*(?P<who2>.{2,40})$",
    re.I,
)
_SIGNED = re.compile(r"^[(\[]?\s*(?P<who>[^()\[\]]{2,40}?)\s*[)\]]?\.?$")


def credit_of_line(line: str, known: str | None = None) -> str | None:
    """Who is credited, if the line does nothing but that.

    >>> credit_of_line("Source: CNN"), credit_of_line("(dpa)"), credit_of_line("Rain fell.")
    ('CNN', 'dpa', None)

    A bare name counts only if an agency signs so; `known` is one more such name.
    """
    if len(line) > 90:
        return None
    if match := _CREDIT_LINE.match(line):
        return (match["who"] or match["who2"]).strip()
    match = _SIGNED.match(line)
    if match and (agency(match["who"]) or (known and _key(match["who"]) == _key(known))):
        return match["who"].strip(" .")
    return None


_COPYRIGHT = re.compile(r"(?:^|\s)(?:©|\(c\)\s*(?:19|20)\d\d|copyright\b|&copy;)\s*(?P<rest>.*)", re.I)
_RESERVED = re.compile(
    r"(?:rights? reserved|alle rechte|droits (?:de reproduction )?réservés|"
    r"derechos reservados|direitos reservados|diritti riservati|riproduzione riservata|"
    r"alle rechten)",
    re.I,
)
_YEARS = re.compile(r"^(?:©|copyright|\(c\)|by|\s|,|[-–]|(?:19|20)\d\d)+", re.I)


def copyright_holder(notice: str) -> str | None:
    """Whose right a notice states.

    >>> copyright_holder("© 2022 Station Example. All rights reserved.")
    'Station Example'
    """
    match = _COPYRIGHT.search(notice)
    if not match:
        return None
    name = _YEARS.sub("", match["rest"])
    name = re.split(
        r"\.\s|\.$|,\s*(?:inc|all rights)|\s+[-–—|]\s|\s*(?:all rights|alle rechte|todos los|"
        r"tous droits|via)\b",
        name,
        flags=re.I,
    )[0]
    return name.strip(" .,;") or None


def is_notice(line: str) -> bool:
    """Does the line state a copyright and nothing else?"""
    if len(line) >= 300 or not ("©" in line or "(c" in line.lower() or "copy" in line.lower()):
        return False  # the search below would look at each space
    if not _COPYRIGHT.search(line):
        return False
    return bool(_RESERVED.search(line)) or bool(
        _COPYRIGHT.match(line) and re.search(r"(?:19|20)\d\d|©", line)
    )


def _believable(place: str | None, day: str | None, credit: str | None, also: frozenset[str]) -> bool:
    known = bool(credit) and (agency(credit) is not None or _key(credit or "") in also)
    if place is None:
        return known
    if len(place) > 60:
        return False
    name = place.split(",")[0]
    capitals = name.isupper() and sum(c.isalpha() for c in name) >= 3
    if credit is None:
        return capitals and len(name.split()) <= 4
    return known or capitals or (day is not None and _looks_like_credit(credit))


def _looks_like_credit(credit: str) -> bool:
    return len(credit) <= 40 and credit[:1].isupper() and not credit.endswith(".")


def _key(text: str) -> str:
    return " ".join(text.split()).casefold().rstrip(".")

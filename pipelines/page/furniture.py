"""Furniture: lines that stand inside a story's text on a page and are no part of it. Pure.

Tables by language stand in `furniture.toml`; a line is judged alone, by its words, so a
rule there must be one that no sentence of a story can match. What stands *where* is
judged in `prose` and `edges`.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources

from pipelines.page import wire

_SHORT = 180
"""Characters; a longer line is copy, whatever it begins with."""


def _load() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], dict[str, re.Pattern[str]]]:
    table = tomllib.loads((resources.files("pipelines.page") / "furniture.toml").read_text("utf-8"))
    pointers = "|".join(table["pointers"].values())
    markers = "|".join(table["markers"].values())
    return (
        re.compile(rf"^\W*(?:{pointers})", re.I | re.X),
        re.compile(rf"^\W*(?:{markers})\W*$", re.I | re.X),
        re.compile("|".join(f"(?:{pattern})" for pattern in table["captions"].values()), re.I),
        {key: re.compile(pattern, re.I) for key, pattern in table["appeals"].items()},
    )


_POINTERS, _MARKERS, _CAPTION, _APPEALS = _load()
_CAPTION_MARKS = (":", "：", "(", "/", "|", "©", ",", "Getty", "Photo", "Foto")
"""Every caption that we can know has one of these; looking for them is quick."""
_TIMES = re.compile(
    r"^\W*(?:(?:last\s+)?(?:updated?|published|posted|modified|first\s+published|aktualisiert|"
    r"veröffentlicht|stand|erstellt|geändert|"
    r"actualizado|publicado|publié|mis\s+à\s+jour|modifié|pubblicato|aggiornato|bijgewerkt|"
    r"gepubliceerd|oppdatert|publisert|opdateret|"
    r"publicerad|uppdaterad|julkaistu|päivitetty|opublikowano|aktualizacja|publikacja|"
    r"publikováno|опубликовано|обновлено|оновлено|"
    r"atualizado|diterbitkan|güncelleme|yayınlanma|更新|公開|配信|掲載|입력|수정|등록|发布|發布|प्रकाशित|"
    r"अपडेट|تحديث|نشر)(?!\w)\W*(?:on|at|am|le|el|il|op|em|:)?\W*)+"
    r"(?:\W*.{0,90})$",
    re.I,
)
_BARE_TIME = re.compile(
    r"^\W*(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|"
    r"sun)(?:day)?,?\s+)?(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|"
    r"\d{4}[-./年]\s?\d{1,2}[-./月]\s?\d{1,2}日?|"
    r"\d{1,2}\.?\s+[^\W\d_]{3,12}\.?,?\s+\d{4}|"
    r"[^\W\d_]{3,12}\.?\s+\d{1,2},?\s+\d{4})(?:\W{0,4}(?:\d{1,2}[:.h時]\d{2}(?:[:.]\d{2})?分?)?(?:\s*(?:uhr|"
    r"[ap]\.?m\.?|[A-Z]{2,5}))?)?\W*$",
    re.I,
)


@lru_cache(maxsize=2_000)
def is_furniture(line: str) -> bool:
    """Is this line furniture by its words alone?

    >>> is_furniture("Read more: Rain in Lille"), is_furniture("Sign up for our newsletter here")
    (True, True)
    >>> is_furniture("Read more books, the minister said, and you will see why rain fell on Lille.")
    False
    """
    if len(line) > 400:
        return False
    if len(line) <= 3 and not any(c.isalpha() for c in line):
        return True
    if len(line) <= _SHORT and (_MARKERS.match(line) or _POINTERS.match(line)):
        return True
    if len(line) <= 320 and not _quoted(line):
        lowered = line.casefold()
        for word, appeal in _APPEALS.items():
            if word in lowered and appeal.search(line):
                return True
    return is_time_line(line) or is_caption(line) or wire.is_notice(line) or wire.is_rights_line(line)


def is_time_line(line: str) -> bool:
    """Does the line only say when the page was published or changed?

    >>> is_time_line("Updated: Tue, 15 Nov 2022 15:49:10 GMT"), is_time_line("Updated figures show rain.")
    (True, False)
    """
    if len(line) > 130:
        return False
    if _BARE_TIME.match(line):
        return True
    return bool(_TIMES.match(line)) and bool(re.search(r"\d", line)) and not re.search(r"[a-z]{3,}\.$", line)


_GLUED = re.compile(r"[\w.)](?:Updated|Posted|Published|Source|Aktualisiert|Quelle)\s?:\s")


def is_broken_teaser(line: str) -> bool:
    """Are a page's first lines run together here, byline, time and credit with them?

    >>> is_broken_teaser("By Ana Ruiz, CNNUpdated: Tue, 15 Nov 2022 15:49:10 GMTSource: CNNRain fell")
    True
    """
    return bool(_GLUED.search(line[:160]))


def is_caption(line: str) -> bool:
    """Is the line the caption or credit of a picture that is not there?"""
    if len(line) > 400 or not any(mark in line for mark in _CAPTION_MARKS):
        return False
    # All forms end with the line, and the one that begins it is no longer than this.
    return bool(_CAPTION.search(line, max(0, len(line) - 180)))


def is_desk_line(line: str) -> bool:
    """Does the line only say who worked on the story at a desk?

    >>> is_desk_line("(Reporting by Ana Ruiz; editing by Tom Ng)"), is_desk_line("Rain fell.")
    (True, False)
    """
    return bool(_DESK.match(line))


_DESK = re.compile(
    r"^\(?(?:(?:additional |with )?reporting (?:by|from)|writing by|edit(?:ing|ed) by|"
    r"compiled by|translated by|written by|with (?:inputs|files) from|"
    r"redaktion|bearbeitet von|mit agenturmaterial|mitarbeit)\s*[: ].{3,200}\)?$",
    re.I,
)


def _quoted(line: str) -> bool:
    return line[:1] in "\"“„«'‘" and len(line) > 60


_CHANGE = re.compile(
    r"updat|modif|aktualis|geändert|actualiz|mis à jour|aggiornat|bijgewerkt|oppdatert|"
    r"opdateret|uppdater|päivitet|обновл|оновл|更新|수정|अपडेट|تحديث|güncelle",
    re.I,
)
_TIME_WORDS = re.compile(
    r"^\W*(?:(?:last\s+)?[^\W\d_]+(?:\s+(?:on|at|am|le|el|il|op|em|à jour))?\s*:\s*|"
    r"(?:last\s+)?(?:updated?|published|posted|veröffentlicht|aktualisiert|publié|publicado|"
    r"actualizado|publicerad|stand)\s+(?:(?:on|at|am|le|el)\s+)?)",
    re.I,
)
_TIMES_TAIL = re.compile(
    r"\s*(?:[|•·–—,-]\s*)?(?:(?:last\s+)?(?:updated|published|posted|modified|aktualisiert|"
    r"veröffentlicht|stand|publié|actualizado|publicado|pubblicato|aggiornato)\b.*|"
    r"\d{1,2}[./]\d{1,2}[./]\d{2,4}.*)$",
    re.I,
)


def is_change_time(line: str) -> bool:
    """Does a time line say when the page was changed, not when it came out?"""
    return bool(_CHANGE.search(line))


def time_of(line: str) -> str:
    """The time in a time line, without the words before it.

    >>> time_of("Posted: Tuesday, November 15, 2022 at 3:49 PM")
    'Tuesday, November 15, 2022 at 3:49 PM'
    """
    return _TIME_WORDS.sub("", line).strip() or line


def without_times(byline: str) -> str:
    """A printed byline without a time that runs on from it."""
    return _TIMES_TAIL.sub("", byline).strip() or byline

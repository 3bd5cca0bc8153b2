"""Say what a word is, for texts and questions alike: folded, and apart where a script does not part them.
Pure."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby

LONGEST = 100
"""Characters of a word; what is longer is no word but data, and is cut."""

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
"""Scripts that are written without spaces: Thai, Lao, Burmese, Khmer, kana and the Chinese characters."""

_POINTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")
"""Accents, Hebrew and Arabic points and the stroke that stretches Arabic letters: print leaves them out at
will."""

_ALIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ς": "σ",
     "ی": "ي", "ک": "ك", "ى": "ي"}
)  # fmt: skip
"""Letters that are no accented form of others, yet are typed as these; and Persian forms of Arabic ones."""


def words(text: str) -> list[str]:
    """The words of a text, folded, in their order.

    >>> words("L'Été à São Paulo: the U.S. won’t wait")
    ['l', 'ete', 'a', 'sao', 'paulo', 'the', 'u', 's', 'won', 't', 'wait']
    >>> words("東京で雨"), words("मौसम की खबर")
    (['東', '京', 'で', '雨'], ['मौसम', 'की', 'खबर'])

    Scripts that put no spaces between words come as single letters, each with its marks: a word of them
    is then a phrase of letters, found wherever it stands, also inside of another word.
    """
    folded = fold(text)
    if folded.isascii():
        return _ascii().findall(folded) if len(folded) < LONGEST else _cut(_ascii().findall(folded))
    return _cut(_any().findall(folded))


def fold(text: str) -> str:
    """A text as it is compared: small letters, without accents and points, widths and forms made alike.

    >>> fold("ÅRHUS Straße Łódź ﬁnal ＡＢＣ Ελλάς")
    'arhus strasse lodz final abc ελλασ'
    """
    if text.isascii():
        return text.lower()
    bare = _POINTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", _POINTS.sub("", unicodedata.normalize("NFKD", bare))).translate(
        _ALIKE
    )


def places(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Where in a text its words are: from, to, and the folded words that this stretch comes to.

    >>> list(places("Île-de-France"))
    [(0, 3, ['ile']), (4, 6, ['de']), (7, 13, ['france'])]
    """
    for match in _any().finditer(text):
        came_to = words(match[0])
        if came_to:
            yield match.start(), match.end(), came_to


def _cut(found: list[str]) -> list[str]:
    return [word[:LONGEST] for word in found]


@cache
def _ascii() -> re.Pattern[str]:
    return re.compile(r"[a-z0-9]+")


@cache
def _any() -> re.Pattern[str]:
    """One letter with its marks in a spaceless script; a run of letters, digits and marks in any other.

    A mark is none to `re`, though without its vowel signs a word of Hindi is another one.
    """
    marks = _marks()
    return re.compile(
        rf"[{_SPACELESS}](?:[{marks}])*|(?:(?![{_SPACELESS}_])\w)(?:(?![{_SPACELESS}_])[\w{marks}])*"
    )


@cache
def _marks() -> str:
    """All combining marks and joiners, as ranges for a character class."""
    codes = [c for c in range(0x300, min(sys.maxunicode, 0x1FFFF)) if unicodedata.category(chr(c))[0] == "M"]
    runs = [list(run) for _, run in groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0])]
    ranges = [f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs]
    return "".join(ranges) + "\u200c\u200d"

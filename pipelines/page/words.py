"""Words: texts compared and identified by what they say, not by how they are typed. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|"
    r"[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
_PLAIN_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SOFT = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_APOSTROPHE = re.compile("['’‘`´ʼ](?<=\\w.)(?=\\w)")  # in this order: most places are passed by at once


def words(text: str) -> list[str]:
    """Words of a text, casefolded, typography taken away; an ideograph is a word.

    >>> words("“It’s rain,” she said — 雨 …")
    ['its', 'rain', 'she', 'said', '雨']
    """
    pattern = _WORD if _CJK.search(text) else _PLAIN_WORD
    return pattern.findall(_APOSTROPHE.sub("", _SOFT.sub("", unicodedata.normalize("NFKC", text))).casefold())


def content_hash(found: Sequence[str]) -> str:
    """sha256 of a body's words: case, space and typography make no difference.

    >>> content_hash(words("“Rain” fell.")) == content_hash(words('"RAIN" fell'))
    True
    """
    return hashlib.sha256(" ".join(found).encode()).hexdigest()


def agreement(a: str, b: str) -> float:
    """How far two readings of a text agree, 0–1: F1 of their words as they stand, counted.

    >>> agreement("Rain fell on Lille.", "Rain fell.")
    0.3333333333333333

    Rough and fast; of a text without spaces the characters are its words.
    """
    one, two = _tokens(a), _tokens(b)
    shared = sum((Counter(one) & Counter(two)).values())
    return 2 * shared / (len(one) + len(two)) if one and two else 0.0


def _tokens(text: str) -> list[str]:
    found = text.split()
    return list(text) if found and len(text) > 30 * len(found) else found


def squash(text: str | None) -> str:
    """Letters and digits only, casefolded: for comparing headlines and names.

    >>> squash("Rain – in Lille!")
    'raininlille'
    """
    return "".join(_PLAIN_WORD.findall(unicodedata.normalize("NFKC", text).casefold())) if text else ""

"""Words: texts compared and identified by what they say, not by how they are typed. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
_SOFT = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_APOSTROPHE = re.compile("(?<=\\w)['’‘`´ʼ](?=\\w)")


def words(text: str) -> list[str]:
    """Words of a text, casefolded, typography taken away; an ideograph is a word.

    >>> words("“It’s rain,” she said — 雨 …")
    ['its', 'rain', 'she', 'said', '雨']
    """
    return _WORD.findall(_APOSTROPHE.sub("", _SOFT.sub("", unicodedata.normalize("NFKC", text))).casefold())


def content_hash(paragraphs: Iterable[str]) -> str:
    """sha256 of a body's words: case, space and typography make no difference.

    >>> content_hash(["“Rain”", "fell."]) == content_hash(['"RAIN" fell'])
    True
    """
    return hashlib.sha256(" ".join(words(" ".join(paragraphs))).encode()).hexdigest()


def simhash(paragraphs: Iterable[str]) -> int:
    """64 bits, signed, of which similar texts share most; over pairs of words.

    >>> bin(simhash(["rain fell on Lille"]) ^ simhash(["Rain fell on Lille."])).count("1")
    0
    """
    pairs = bigrams(" ".join(paragraphs))
    hashes = b"".join(hashlib.blake2b(pair.encode(), digest_size=8).digest() for pair in pairs)
    value = 0
    for place in range(8):
        column = hashes[place::8]
        for bit, table in enumerate(_BITS):
            if 2 * column.translate(table).count(1) > len(pairs):
                value |= 1 << (8 * (7 - place) + bit)
    return value - (1 << 64) if value >> 63 else value


_BITS = [bytes(byte >> bit & 1 for byte in range(256)) for bit in range(8)]
"""For each bit of a byte, what it is in each byte: counting columns this way is 20 times as fast."""


def bigrams(text: str) -> set[str]:
    """All pairs of neighbouring words (the one word of a text that has one)."""
    found = words(text)
    return {f"{a} {b}" for a, b in zip(found, found[1:], strict=False)} or set(found)


def overlap(a: set[str], b: set[str]) -> float:
    """F1 of two sets: 1 for the same, 0 for nothing in common."""
    return 2 * len(a & b) / (len(a) + len(b)) if a and b else 0.0


def squash(text: str | None) -> str:
    """Letters and digits only, casefolded: for comparing headlines and names.

    >>> squash("Rain – in Lille!")
    'raininlille'
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text or "").casefold())

"""Make a story's print: its words as small numbers, from which copies are found and compared. Pure.

A print is what the warehouse keeps of a text for clustering: two bytes a word (`Print.words`) and,
of all its runs of three words, the KEYS whose hashes are least (`Print.keys`, a bottom-k MinHash).
Of a copy that has kept a share of a text, the same share of keys is expected in both, however long
the texts are and whatever was put around it. So keys find candidates; words then tell how alike.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

KEYS = 64
"""Of a copy cut to a fifth, a dozen are expected in both; at one in a hundred stories fewer than five."""

MOST_WORDS = 3_000
"""Of a longer text, its head: reprints are cut from the foot."""

_HASH = 0x3FFF
_PLAIN, _CAPITAL, _FIGURE, _MARK = 0 << 14, 1 << 14, 2 << 14, 3 << 14
PARAGRAPH, SENTENCE, QUOTE = _MARK | 1, _MARK | 2, _MARK | 3

_SOFT = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_APOSTROPHE = re.compile("(?<=\\w)['’‘`´ʼ](?=\\w)")
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|"  # an ideograph is a word
    r"[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|"
    r'[.!?:;。！？](?=\s|["”»’)]|$)|["“”„«»]|\n'
)
_MARKS = dict.fromkeys(".!?:;。！？", SENTENCE) | dict.fromkeys('"“”„«»', QUOTE) | {"\n": PARAGRAPH}

Codes = npt.NDArray[np.uint16]
Flags = npt.NDArray[np.bool_]


class _Coded(dict[str, int]):
    """The number of each word, worked out once: case makes no difference but to its two highest bits."""

    def __missing__(self, token: str) -> int:
        kind = _FIGURE if any(c.isdigit() for c in token) else _CAPITAL if token[0].isupper() else _PLAIN
        code = kind | zlib.crc32(token.casefold().encode()) & _HASH
        if len(self) < 500_000:
            self[token] = code
        return code


_CODES = _Coded(_MARKS)


@dataclass(frozen=True, eq=False)
class Print:
    """A text's words, in order, with what was between them.

    >>> rain = printed('“Rain fell on Lille,” she said.\\n\\nIt was the 3rd day.')
    >>> rain.size, rain.names.nonzero()[0].tolist(), rain.quoted.nonzero()[0].tolist()
    (11, [3, 9], [0, 1, 2, 3])
    """

    marked: Codes = field(repr=False)
    """Words and marks as they are stored: see `printed`."""

    @cached_property
    def is_word(self) -> Flags:
        return self.marked < _MARK

    @cached_property
    def words(self) -> npt.NDArray[np.int64]:
        """Each word's hash; one number in 16,384 stands for several words."""
        return (self.marked[self.is_word] & _HASH).astype(np.int64)

    @property
    def size(self) -> int:
        return len(self.words)

    @cached_property
    def sentences(self) -> npt.NDArray[np.int64]:
        """The number of each word's sentence; a paragraph ends one too."""
        ends = np.cumsum((self.marked == SENTENCE) | (self.marked == PARAGRAPH))
        found: npt.NDArray[np.int64] = ends[self.is_word]
        return found

    @cached_property
    def quoted(self) -> Flags:
        """Which words stand between quotation marks; a quotation ends with its paragraph at the latest."""
        marks = np.cumsum(self.marked == QUOTE)
        opened = np.where(self.marked == PARAGRAPH, marks, 0)
        found: Flags = ((marks - np.maximum.accumulate(opened)) % 2 == 1)[self.is_word]
        return found

    @cached_property
    def names(self) -> Flags:
        """Which words are figures, or have a capital that no beginning of a sentence explains."""
        kind = self.marked & _MARK
        after_mark = np.concatenate(([True], kind[:-1] == _MARK)) if len(kind) else np.zeros(0, bool)
        found: Flags = ((kind == _FIGURE) | ((kind == _CAPITAL) & ~after_mark))[self.is_word]
        return found

    @cached_property
    def figures(self) -> Flags:
        found: Flags = ((self.marked & _MARK) == _FIGURE)[self.is_word]
        return found

    @cached_property
    def runs(self) -> npt.NDArray[np.uint32]:
        """A number for each run of three words: `runs[n]` begins at word n."""
        return runs_of(self.words)

    @cached_property
    def keys(self) -> npt.NDArray[np.uint32]:
        """The least of `runs`, ascending."""
        return np.unique(self.runs)[:KEYS]

    def anchors(self, length: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """Runs of three (or two) words that the text has once, ascending, and where each begins."""
        return self._threes if length == 3 else self._twos

    @cached_property
    def _threes(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        return _once(self.runs)

    @cached_property
    def _twos(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        return _once(self.words[:-1] << 14 | self.words[1:])

    def stored(self) -> bytes:
        return self.marked.tobytes()


def printed(text: str) -> Print:
    """Make the print of a text whose paragraphs have a line break between them.

    Case, typography and spaces make no difference to words; a capital, a digit,
    quotation marks and the ends of sentences and paragraphs are kept beside them.
    """
    plain = _APOSTROPHE.sub("", _SOFT.sub("", unicodedata.normalize("NFKC", text)))
    codes = np.fromiter(map(_CODES.__getitem__, _TOKEN.findall(plain)), np.uint16)
    return Print(codes[: MOST_WORDS * 5 // 4])


def restored(stored: Any) -> Print:
    """The print that `Print.stored` gave."""
    return Print(np.frombuffer(stored, np.uint16))


def runs_of(words: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """A number for each run of three words, along the last axis."""
    w = words.astype(np.uint64)
    return _mixed((w[..., :-2] << np.uint64(28)) | (w[..., 1:-1] << np.uint64(14)) | w[..., 2:])


def _once(runs: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    found, where, times = np.unique(runs, return_index=True, return_counts=True)
    return found[times == 1], where[times == 1]


def _mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """Spread numbers over 31 bits, so that the least of them are a fair sample (the mixer of splitmix64)."""
    with np.errstate(over="ignore"):
        x = numbers * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x >> np.uint64(33)).astype(np.uint32)

"""Tell what many unrelated stories share, and leave it out of a text before it is compared. Pure.

An outlet's lines about itself, that an extractor left in, are in all its stories: they make unrelated
ones alike, and a wire cut to a fifth unlike itself. What is common is judged by who has it now, anew each
time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence, Set

import numpy as np

from pipelines.copies import FEWEST_WORDS, Holders
from pipelines.prints import Flags, Print

WIDE = 5
"""Unrelated groups of stories that have a phrase which is nobody's."""


def widespread(holders: Holders, group_of: Callable[[str], str]) -> set[int]:
    """Keys that stories of many groups have, none of which has most of them.

    >>> sorted(widespread({1: ["a", "b", "c", "d", "e"], 2: ["a", "a2", "a3", "b"]}, lambda story: story[0]))
    [1]
    """
    found = set()
    for key, stories in holders.items():
        if len(stories) >= WIDE:
            groups = Counter(map(group_of, stories))
            if len(groups) >= WIDE and max(groups.values()) * 2 <= groups.total():
                found.add(key)
    return found


def own_words(text: Print, common: Set[int]) -> Flags | None:
    """Which words are not in sentences that are common: those of whose keys, two or more, all are.

    None if there is no such sentence, or too little would be left.
    """
    if not common or common.isdisjoint(keys := text.keys.tolist()) or text.size < FEWEST_WORDS:
        return None
    sentence = text.sentences
    start = np.flatnonzero(np.isin(text.runs, text.keys))
    start = start[sentence[start] == sentence[start + 2]]
    is_common = np.isin(text.runs[start], _numbers(common & set(keys)))
    size = int(sentence[-1]) + 1
    all_keys = np.bincount(sentence[start], minlength=size)
    common_keys = np.bincount(sentence[start], is_common, minlength=size)
    kept: Flags = ~((common_keys >= 2) & (common_keys == all_keys))[sentence]
    return None if kept.all() or kept.sum() < FEWEST_WORDS else kept


def _numbers(keys: Collection[int]) -> np.ndarray:
    return np.fromiter(keys, np.uint32, len(keys))


def only(text: Print, kept: Flags) -> Print:
    """A text without the words that are not kept; what was between words stays.

    >>> from pipelines.prints import printed
    >>> only(printed("Rain fell. It stopped."), np.array([False, False, True, True])).size
    2
    """
    return Print(np.delete(text.marked, np.flatnonzero(text.is_word)[~kept]))


def spread(same: Flags, kept: Sequence[Flags | None]) -> Flags:
    """Flags of the words that were kept, as flags of all words."""
    if not kept or kept[0] is None:
        return same
    found: Flags = np.zeros(len(kept[0]), bool)
    found[kept[0]] = same
    return found

"""What clustering looks at: a story as a copy of something, and which stories to compare. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TypeVar

import numpy as np

from pipelines.prints import Print

FEWEST_WORDS = 20
"""Shorter bodies say too little: "Subscribe to read on" is in every story of some sources."""

MOST_HOLDERS = 60
"""A key that more texts have is a phrase, not a trace."""

LEAST_KEYS = 2
"""Keys that two texts must share to be compared."""

MOST_COMPARED = 30
"""Texts with which one is compared at most, those with the most keys in common."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One story, as far as clustering looks at it: staged, or known to the warehouse."""

    story_id: str
    content_hash: str
    word_count: int
    published_at: datetime | None
    first_seen_at: datetime
    on_agency_site: bool
    """Its source is the own site of the agency whose copy it is."""

    agency: str | None = None
    """Whose copy it says it is: dateline, credit or copyright line."""

    named_by: str | None = None
    """What says so: credit, copyright or dateline."""

    is_syndicated: bool | None = None
    prints: tuple[Print, ...] = field(default=(), compare=False, repr=False)
    """Of its text, then of earlier texts; none if it is too short, or no longer the story (a kill)."""

    # Of a known story, as it stands in `clusters`:
    cluster_id: str | None = None
    role: str | None = None
    similarity: float = 1.0
    also_from: tuple[str, ...] = ()
    origin_evidence: str | None = None

    @property
    def time(self) -> tuple[datetime, str]:
        """When it was there at the latest: a page was published no later than we saw it."""
        known = min(self.published_at, self.first_seen_at) if self.published_at else self.first_seen_at
        return known, self.story_id


_Name = TypeVar("_Name", str, int)
Holders = Mapping[int, Sequence[str]]
"""The stories whose texts have a key, for each key that at most MOST_HOLDERS texts have."""


def candidates(holders: Mapping[int, Sequence[_Name]], asked: set[_Name]) -> list[tuple[_Name, _Name]]:
    """Pairs of stories to compare, at least one of them in `asked`: those that share LEAST_KEYS keys or more.

    Each story stands once among the holders of a key.

    >>> candidates({1: ["a", "b"], 2: ["a", "b", "c"], 3: ["c", "d"]}, {"a", "c"})
    [('a', 'b')]
    """
    several = [stories for stories in holders.values() if len(stories) > 1]
    if not several:
        return []
    names = sorted(set().union(*several))
    number = {story: n for n, story in enumerate(names)}
    is_asked = np.array([story in asked for story in names], bool)
    keys = np.repeat(np.arange(len(several)), [len(stories) for stories in several])
    held_by = np.fromiter(map(number.__getitem__, chain.from_iterable(several)), np.int64, len(keys))
    table = np.column_stack((keys, held_by))[np.lexsort((held_by, keys))]
    pairs = []
    for step in range(1, MOST_HOLDERS):  # each holder of a key with the one `step` places after it
        same = table[:-step, 0] == table[step:, 0]
        one, other = table[:-step, 1][same], table[step:, 1][same]
        wanted = is_asked[one] | is_asked[other]
        if not same.any():
            break
        pairs.append(one[wanted] * len(names) + other[wanted])
    codes, shared = np.unique(np.concatenate(pairs), return_counts=True) if pairs else (np.zeros(0, int),) * 2
    compared = [0] * len(names)
    chosen = []
    for n in np.argsort(-shared, kind="stable"):
        if shared[n] < LEAST_KEYS:
            break
        one, other = divmod(int(codes[n]), len(names))
        if any(is_asked[x] and compared[x] < MOST_COMPARED for x in (one, other)):
            compared[one] += 1
            compared[other] += 1
            chosen.append((names[one], names[other]))
    return sorted(chosen)


def holders_of(copies: Mapping[str, Copy]) -> Holders:
    found: dict[int, list[str]] = defaultdict(list)
    for copy in copies.values():
        for key in sorted({k for p in copy.prints for k in p.keys.tolist()}):
            found[key].append(copy.story_id)
    return {key: stories for key, stories in found.items() if len(stories) <= MOST_HOLDERS}


def merged(one: Holders, other: Holders) -> Holders:
    both = {key: sorted({*one.get(key, ()), *other.get(key, ())}) for key in one.keys() | other.keys()}
    return {key: stories for key, stories in both.items() if len(stories) <= MOST_HOLDERS}

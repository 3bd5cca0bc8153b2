"""Compare two texts by their prints: is one made of the other? Pure.

Both containments count, not resemblance: a reprint is cut, has a lede of its own, or local paragraphs.
What speaks against: names and figures that differ where all else agrees (the same template filled
twice), only quotations in common (two reporters heard the same words), only the foot in common
(background that an agency repeats), too little in common for texts so long (a roundup's item).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.prints import Flags, Print

Places = npt.NDArray[np.int64]

GAP, SHIFT, SHORTEST = 40, 4, 8
"""Words between two anchors of one stretch, by how many the two texts may differ there, and words of the
shortest stretch."""

NOISY = 0.85
"""Of the words along each other, the share that is the same: below it, runs of two words are anchors too."""

SCATTERED = 0.75

STRONG = 0.6
"""Strength from which the common words alone leave no doubt."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where two texts run along each other: flags for the words of each."""

    along: tuple[Flags, Flags]
    """Words in stretches that the two have in common, whether or not each word is the same."""
    same: tuple[Flags, Flags]
    """Of these, the words that are the same."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Kinship:
    """What a comparison came to."""

    strength: float
    """The greater share, 0–1, of the two texts that is also in the other; 0 where they are no copies."""
    shares: tuple[float, float]
    """Of each text, the share that is in the other."""
    contradict: bool
    """They run along each other, but name other names and figures."""
    same: tuple[Flags, Flags]
    """Which words of each are in the other."""

    @property
    def whole(self) -> bool:
        """Is each of them nearly all of the other?"""
        return self.strength > 0 and min(self.shares) > 0.8


def kinship(one: Print, other: Print) -> Kinship:
    """Compare two texts.

    >>> from pipelines.prints import printed
    >>> rain = ("Nine overs were bowled at Leeds on Friday before rain stopped play for the day. "
    ...         "Ann Lee had made 41 runs for the home side when the covers came on.")
    >>> copy = kinship(printed(rain), printed(rain + " Local buses will run until midnight."))
    >>> copy.strength, copy.shares[1] < 0.9
    (1.0, True)
    >>> other = rain.replace("Leeds", "York").replace("Ann Lee", "Bo Berg").replace("41", "7")
    >>> kinship(printed(rain), printed(other)).contradict
    True
    """
    found = align(one, other)
    if _total(found.same) < NOISY * _total(found.along):
        found = align(one, other, 2)
    contradict = _contradict(one, other, found)
    shares = _shares(found.same)
    return Kinship(
        strength=0.0 if contradict else _strength(one, other, found, shares),
        shares=shares,
        contradict=contradict,
        same=found.same,
    )


def _contradict(one: Print, other: Print, found: Alignment) -> bool:
    """Do names and figures differ more often than other words do, where the texts run along each other?"""
    names, others = _differing(one, other, found)
    if names[1] < 2:
        return False
    name_rate, other_rate = names[1] / names[0], others[1] / max(1, others[0])
    if names[1] < 3:
        return name_rate > 0.3
    if other_rate < 0.2:  # an edited text, or a template
        return name_rate > 0.1 + other_rate / 2
    scattered = _scattered(found)
    if scattered < 0.5:
        return True
    if scattered < SCATTERED:  # letters wrong everywhere, or a template that was varied
        return name_rate > other_rate + 0.15
    return bool(name_rate > 0.12 + 1.25 * other_rate + names[0] ** -0.5)


def _differing(one: Print, other: Print, found: Alignment) -> tuple[tuple[int, int], tuple[int, int]]:
    """Names and figures along, and how many of them differ; then the other words: of both texts."""
    counts = np.zeros(4, np.int64)
    for text, along, same in zip((one, other), found.along, found.same, strict=True):
        names, wrong = along & text.names, along & ~same
        counts += (names.sum(), (wrong & names).sum(), along.sum() - names.sum(), (wrong & ~names).sum())
    a, b, c, d = map(int, counts)
    return (a, b), (c, d)


def _strength(one: Print, other: Print, found: Alignment, shares: tuple[float, float]) -> float:
    same = min(_counts(found.same))
    greater, lesser = max(shares), min(shares)
    if same < SHORTEST or greater < 0.1:
        return 0.0
    starts = [float(s.argmax()) / len(s) for s in found.same]
    ends = [float(s[::-1].argmax()) / len(s) for s in found.same]
    if (
        lesser < STRONG
        and max(starts) > 0.5
        and (min(starts) > 0.5 or (min(starts) > 0.25 and max(ends) < 0.1))
    ):
        return 0.0  # only the foot of both
    if same < NOISY * min(
        _counts(found.along)
    ):  # letters wrong everywhere: then it must be nearly all of a text
        along = max(_shares(found.along))
        return along if along >= 0.65 and same >= 15 else 0.0
    spoken = max(int((s & t.quoted).sum()) for s, t in zip(found.same, (one, other), strict=True))
    if same - spoken < 10 and not (same >= 80 or (greater > 0.9 and min(starts) == 0)):
        return 0.0
    if same < 12 and not (greater > 0.85 and max(one.size, other.size) < 60):
        return 0.0
    if is_firm(shares):
        return greater
    names, _ = _differing(one, other, found)
    item = any(
        starts[a] < 0.03 and shares[b] < (0.4 if starts[b] > 0.1 else 0.3) for a, b in ((0, 1), (1, 0))
    )
    doubtful = greater + lesser < 0.5 or lesser < 0.15 or same < 20 or names[1] > max(1, 0.05 * names[0])
    return 0.0 if item or doubtful or _nameless(one, other, found) else greater


def is_firm(shares: tuple[float, float]) -> bool:
    """Do shares of two texts leave no doubt, whatever else the two are?"""
    return max(shares) >= STRONG or (max(shares) >= 0.4 and min(shares) >= 0.25)


def _scattered(found: Alignment) -> float:
    """How evenly differing words are scattered: 1 where each differs by chance, less where they cluster."""
    least = 1.0
    for along, same in zip(found.along, found.same, strict=True):
        here = same[along]
        share = here.mean()
        least = min(least, float((here[1:] != here[:-1]).mean() / max(2 * share * (1 - share), 0.01)))
    return least


def _nameless(one: Print, other: Print, found: Alignment) -> bool:
    """Are there far fewer names and figures in what they share than in the texts?"""
    shared = sum(int((s & t.names).sum()) for s, t in zip(found.same, (one, other), strict=True))
    usual = min(t.names.mean() for t in (one, other))
    return bool(shared < usual * _total(found.same) / 3)


def align(one: Print, other: Print, length: int = 3) -> Alignment:
    """Find the stretches in which two texts run along each other.

    Runs of `length` words that each text has once are anchors. Anchors that follow each other in
    both texts at (nearly) the same distance make a stretch; stretches of fewer than SHORTEST
    words are chance.
    """
    ours, theirs = one.anchors(length), other.anchors(length)
    _, at, there = np.intersect1d(ours[0], theirs[0], assume_unique=True, return_indices=True)
    i, j = ours[1][at], theirs[1][there]
    order = np.argsort(i)
    i, j = i[order], j[order]
    step, shift = np.diff(i), np.diff(j)
    linked = (step <= GAP) & (shift > 0) & (np.abs(shift - step) <= SHIFT)
    first = np.flatnonzero(np.concatenate((np.ones(min(1, len(i)), bool), ~linked)))
    last = np.append(first[1:], len(i))[: len(first)] - 1
    long = np.minimum(i[last] - i[first], j[last] - j[first]) + length >= SHORTEST
    kept = np.repeat(long, last - first + 1)
    first, last = first[long], last[long]
    along = (
        _spans(one.size, i[first], i[last] + length),
        _spans(other.size, j[first], j[last] + length),
    )
    i, j = i[kept], j[kept]
    by_second = np.argsort(j)
    same = (
        _same(one, other, i, j) & along[0],
        _same(other, one, j[by_second], i[by_second]) & along[1],
    )
    return Alignment(along, same)


def _spans(size: int, start: Places, end: Places) -> Flags:
    edges = np.zeros(size + 1, np.int64)
    np.add.at(edges, start, 1)
    np.add.at(edges, end, -1)
    found: Flags = np.cumsum(edges[:-1]) > 0
    return found


def _same(one: Print, other: Print, i: Places, j: Places) -> Flags:
    """Which words of `one` are in `other` too, as far from the anchor before them, or from the one after."""
    found: Flags = np.zeros(one.size, bool)
    if not len(i):
        return found
    n = np.arange(one.size)
    after = np.minimum(np.searchsorted(i, n), len(i) - 1)
    before = np.maximum(np.searchsorted(i, n, "right") - 1, 0)
    for anchor in (before, after):
        place = np.clip(n + j[anchor] - i[anchor], 0, other.size - 1)
        found |= other.words[place] == one.words
    return found


def _counts(flags: tuple[Flags, Flags]) -> tuple[int, int]:
    return int(flags[0].sum()), int(flags[1].sum())


def _total(flags: tuple[Flags, Flags]) -> int:
    return sum(_counts(flags))


def _shares(flags: tuple[Flags, Flags]) -> tuple[float, float]:
    one, other = _counts(flags)
    return one / max(1, len(flags[0])), other / max(1, len(flags[1]))

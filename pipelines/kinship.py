"""Compare two texts by their prints: is one made of the other? Pure.

Both containments count, not resemblance: a reprint is cut, has a lede of its own, or local paragraphs.
What speaks against: names and figures that differ where all else agrees (the same template filled
twice), only quotations in common (two reporters heard the same words), only the foot in common
(background that an agency repeats), too little in common for texts so long (a roundup's item).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipelines.prints import Flags, Print

Places = npt.NDArray[np.int64]

GAP, SHIFT, SHORTEST = 40, 4, 8
"""Words between two anchors of one stretch, by how many the two texts may differ there, and words of the
shortest stretch."""

NOISY = 0.85
"""Of the words along each other, the share that is the same: below it, runs of two words are anchors too."""

BRIEF = 45
"""Words: of shorter texts all must agree."""

SURE = 0.85

STRONG = 0.6
"""Strength from which the common words alone leave no doubt."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where two texts run along each other: flags for the words of each."""

    along: tuple[Flags, Flags]
    """Words in stretches that the two have in common, whether or not each word is the same."""
    same: tuple[Flags, Flags]
    """Of these, the words that are the same."""
    stretches: tuple[Places, Places, Places, Places]
    """Where each begins and ends in the one, and in the other."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Kinship:
    """What a comparison came to."""

    strength: float
    """The greater share, 0–1, of the two texts that is also in the other; 0 where they are no copies."""
    shares: tuple[float, float]
    """Of each text, the share that is in the other."""
    same: tuple[Flags, Flags]
    """Which words of each are in the other."""
    contradict: bool = False
    """They run along each other, but name other names and figures."""
    doubtful: bool = False
    """There are far fewer names and figures in what they share than in the texts, or a part contradicts."""
    at_head: bool = False
    at_foot: bool = False
    """What they share stands at the head, or at the foot, of both."""
    item: bool = False
    """Only the head of one stands in the other, as one thing among others."""
    told: bool = False
    """Names and figures in what they share agree: a template filled twice would differ there."""
    slight: bool = False
    """They share little, though where a reprint would have it: a copy if nobody else has these words."""


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
    if min(one.size, other.size) < SHORTEST:
        return Kinship(
            strength=0.0, shares=(0.0, 0.0), same=(np.zeros(one.size, bool), np.zeros(other.size, bool))
        )
    found = align(one, other)
    if _total(found.same) < NOISY * _total(found.along):
        found = align(one, other, 2)
    cleaned = _contradict(one, other, found)
    if cleaned:
        found = _without_contradictions(one, other, found)
    shares, nameless = _shares(found.same), _nameless(one, other, found)
    if _contradict(one, other, found) or (cleaned and nameless):
        return Kinship(strength=0.0, shares=shares, same=found.same, contradict=True)
    likely = _strength(one, other, found, shares)
    item = max(shares) < STRONG and _is_item(found, shares)
    slight = likely == 0 and not item and _is_slight(one, other, found, shares)
    return Kinship(
        strength=0.0 if item else max(shares) if slight else likely,
        shares=shares,
        same=found.same,
        doubtful=cleaned or nameless,
        at_head=all(bool(s[:8].any()) for s in found.same),
        at_foot=all(bool(s[-8:].any()) for s in found.same),
        item=item,
        told=_is_told(one, other, found),
        slight=slight,
    )


def nearest(ours: Sequence[Print], theirs: Sequence[Print]) -> Kinship:
    """The nearest kinship of texts of two stories, with regions of the first text of each."""
    tried = [(kinship(p, q), p, q) for p in ours for q in theirs]
    kin, p, q = max(tried, key=lambda t: (t[0].strength, not t[0].contradict))
    now = [
        same if text is texts[0] else np.ones(texts[0].size, bool)
        for same, text, texts in zip(kin.same, (p, q), (ours, theirs), strict=True)
    ]
    return replace(kin, same=(now[0], now[1]))


def is_sure(kin: Kinship) -> bool:
    """Is (nearly) all of one text in the other, or most of both?"""
    return kin.strength > 0 and not kin.slight and (kin.strength > SURE or min(kin.shares) > 0.7)


def is_firm(shares: tuple[float, float]) -> bool:
    """Do shares of two texts leave no doubt, whatever else the two are?"""
    return max(shares) >= STRONG or (max(shares) >= 0.4 and min(shares) >= 0.25)


def _contradict(one: Print, other: Print, found: Alignment) -> bool:
    """Do names and figures differ more often than other words do, where the texts run along each other?"""
    names, others = _differing(one, other, found)
    if min(one.size, other.size) < BRIEF:  # one name makes another story of it
        return names[1] >= 2
    name_rate, other_rate = names[1] / max(1, names[0]), others[1] / max(1, others[0])
    if max(_shares(found.same)) < SURE and other_rate < 0.2:
        return names[1] >= 2 and name_rate > 0.07
    if names[1] < 3:
        return False
    if other_rate < 0.2:  # an edited text, or a template
        return name_rate > 0.1 + other_rate / 2
    # Letters wrong everywhere, or a template that was varied: there the differences cluster in its slots.
    if other_rate < 0.3:
        return _scattered(found) < 0.8 or name_rate > 0.1 + 1.6 * other_rate
    return _scattered(found) < 0.64 or bool(name_rate > 0.12 + 1.25 * other_rate + names[0] ** -0.5)


def _without_contradictions(one: Print, other: Print, found: Alignment) -> Alignment:
    """Leave out the stretches in which names and figures differ, if they are the smaller part.

    A reprint may have, in an outlet's own paragraph, a phrase that the wire has of another person.
    """
    kept = tuple(np.zeros(text.size, bool) for text in (one, other))
    for a, b, c, d in zip(*found.stretches, strict=True):
        here = (slice(a, b), slice(c, d))
        wrong = sum(
            int((~s[h] & t.names[h]).sum()) for t, s, h in zip((one, other), found.same, here, strict=True)
        )
        if wrong < 2:
            for flags, part in zip(kept, here, strict=True):
                flags[part] = True
    same = (found.same[0] & kept[0], found.same[1] & kept[1])
    left_out = _total(found.along) - sum(int((a & k).sum()) for a, k in zip(found.along, kept, strict=True))
    if _total(same) < max(80, 2 * left_out):
        return found
    along = (found.along[0] & kept[0], found.along[1] & kept[1])
    return Alignment(along, same, found.stretches)


def _differing(one: Print, other: Print, found: Alignment) -> tuple[tuple[int, int], tuple[int, int]]:
    """Names and figures along, and how many of them differ; then the other words: of both texts."""
    counts = np.zeros(4, np.int64)
    for text, along, same in zip((one, other), found.along, found.same, strict=True):
        names, wrong = along & text.names, along & ~same
        counts += (names.sum(), (wrong & names).sum(), along.sum() - names.sum(), (wrong & ~names).sum())
    a, b, c, d = map(int, counts)
    return (a, b), (c, d)


def _strength(one: Print, other: Print, found: Alignment, shares: tuple[float, float]) -> float:
    same, along = min(_counts(found.same)), min(_counts(found.along))
    greater, lesser = max(shares), min(shares)
    if same < SHORTEST or greater < 0.1 or (lesser < STRONG and _only_foot(found)):
        return 0.0
    if same < NOISY * along:  # letters wrong everywhere: then it must be nearly all of a text
        reach = max(_shares(found.along))
        return reach if reach >= 0.7 and same >= 30 else 0.0
    starts = [float(s.argmax()) for s in found.same]
    spoken = max(int((s & t.quoted).sum()) for s, t in zip(found.same, (one, other), strict=True))
    if same - spoken < 10 and not (same >= 80 or (greater > 0.9 and min(starts) == 0)):
        return 0.0
    if min(one.size, other.size) < BRIEF and greater < 0.9:
        return 0.0
    if same < 12 and max(one.size, other.size) >= BRIEF:
        return 0.0
    weak = greater + lesser < 0.5 or lesser < 0.15 or same < 20
    return 0.0 if weak and not is_firm(shares) else greater


def _is_told(one: Print, other: Print, found: Alignment) -> bool:
    """Do names and figures agree in a stretch of some length?

    Not at the foot of both, where outlets give their address, and their readers' number.
    """
    (names, differ), _ = _differing(one, other, found)
    figures = min(int((s & t.figures).sum()) for s, t in zip(found.same, (one, other), strict=True))
    longest = max((int(b - a) for a, b in zip(*found.stretches[:2], strict=True)), default=0)
    ends = [float(s[::-1].argmax()) / len(s) for s in found.same]
    starts = [float(s.argmax()) / len(s) for s in found.same]
    at_foot = max(ends) < 0.02 and min(starts) > 0.1
    return (
        not at_foot
        and names - differ >= 12
        and differ * 8 <= names - differ
        and figures >= 2
        and longest >= 20
    )


def _is_slight(one: Print, other: Print, found: Alignment, shares: tuple[float, float]) -> bool:
    """Is what they share twenty words and more of one wire's upper part, not only quoted, and not edges?

    A wire is cut from the foot. What stands at the foot of both, or at the head of both, may be what an
    outlet says of itself, or an agency's background.
    """
    starts = [float(s.argmax()) / len(s) for s in found.same]
    ends = [float(s[::-1].argmax()) / len(s) for s in found.same]
    same = min(_counts(found.same))
    spoken = max(int((s & t.quoted).sum()) for s, t in zip(found.same, (one, other), strict=True))
    is_edge = max(starts) < 0.03 or max(ends) < 0.05
    return (
        same >= max(20, NOISY * min(_counts(found.along)))
        and same - spoken >= 15
        and max(shares) > 0.15
        and min(starts) < 0.35
        and not is_edge
    )


def _only_foot(found: Alignment) -> bool:
    """Does what is shared begin late in both, or late in one and reach to the end of both?"""
    starts = [float(s.argmax()) / len(s) for s in found.same]
    ends = [float(s[::-1].argmax()) / len(s) for s in found.same]
    return max(starts) > 0.5 and (min(starts) > 0.5 or (min(starts) > 0.25 and max(ends) < 0.1))


def _is_item(found: Alignment, shares: tuple[float, float]) -> bool:
    """Is the head of one text, lede and all, less than a third of the other?"""
    one, other = (float(s.argmax()) / max(1, len(s)) for s in found.same)
    enough = min(_counts(found.same)) >= 20
    return enough and ((one < 0.06 and shares[1] < 0.3) or (other < 0.06 and shares[0] < 0.3))


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
    stretches = (i[first], i[last] + length, j[first], j[last] + length)
    along = (_spans(one.size, *stretches[:2]), _spans(other.size, *stretches[2:]))
    i, j = i[kept], j[kept]
    by_second = np.argsort(j)
    same = (
        _same(one, other, i, j) & along[0],
        _same(other, one, j[by_second], i[by_second]) & along[1],
    )
    return Alignment(along, same, stretches)


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

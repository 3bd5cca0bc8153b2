"""Group stories by whose copy they are: from pairs that share keys to groups. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipelines.copies import FEWEST_WORDS, LEAST_KEYS, Copy, Holders, candidates, holders_of, merged
from pipelines.kinship import SURE, Kinship, is_firm, kinship
from pipelines.prints import KEYS, Flags

RARE = {(True, False): 0.0, (True, True): 0.2, (False, False): 0.06, (False, True): 0.5}
"""Least share, of the keys of two texts, that few others have: by whether kinship is firm, is doubtful."""


class Groups:
    """Which stories hang together: they are taken in the order of time, so that reprints find their wire."""

    def __init__(self, copies: Mapping[str, Copy], moved: set[str], holders: Holders) -> None:
        self.copies = copies
        self.parent = {story_id: story_id for story_id in copies}
        self.first = dict(self.parent)
        """The earliest story of each group, by the group's root."""
        self.mixed: set[str] = set()
        """Stories made of several wires: they lead nobody to a group."""
        self.mentions: dict[str, dict[str, Flags]] = defaultdict(dict)
        self.kin: dict[tuple[str, str], Kinship] = {}
        self.refused: set[tuple[str, str]] = set()
        """Pairs that have in common what many others have too."""
        self.also_from: dict[str, tuple[str, ...]] = {i: c.also_from for i, c in copies.items()}
        self.holders = holders
        loose = {copies[i].cluster_id for i in moved} | self._disturbed(moved)
        free = {i for i, c in copies.items() if i in moved or c.cluster_id is None or c.cluster_id in loose}
        if free - moved:
            self.holders = merged(holders, holders_of({i: copies[i] for i in free}))
        self._join_known(free)
        self._join_equal()
        self.edges = self._edges(self._compared(free))
        for story_id in sorted(self.edges.keys() | self.mentions.keys(), key=lambda i: copies[i].time):
            if self.said_first.get(copies[story_id].content_hash, story_id) == story_id:
                self._take(story_id)
        for story_id in free:
            first = self.said_first.get(copies[story_id].content_hash, story_id)
            self.also_from[story_id] = self.also_from[first]

    def _disturbed(self, moved: set[str]) -> set[str | None]:
        """Known clusters to be divided anew: what comes in was there first, or has what all have."""
        found: set[str | None] = set()
        pairs = self._compared(moved)
        self._edges(pairs)
        for pair in pairs:
            for one, other in (pair, pair[::-1]):
                if one in moved and other not in moved and self.kin[pair].strength > 0:
                    is_late = self.copies[one].time < self.copies[other].time
                    if is_late or pair in self.refused:
                        found.add(self.copies[other].cluster_id)
        return found

    def _join_known(self, free: set[str]) -> None:
        first: dict[str, str] = {}
        for story_id, copy in self.copies.items():
            if copy.cluster_id is not None and story_id not in free:
                self._join(first.setdefault(copy.cluster_id, story_id), story_id)

    def _join_equal(self) -> None:
        """Stories with one body belong together; the first of them speaks for all."""
        self.said_first: dict[str, str] = {}
        for copy in sorted(self.copies.values(), key=lambda c: c.time):
            if copy.word_count >= FEWEST_WORDS:
                self._join(self.said_first.setdefault(copy.content_hash, copy.story_id), copy.story_id)

    def _compared(self, free: set[str]) -> list[tuple[str, str]]:
        """Compare the pairs worth it: stories of one known cluster are taken as they are."""
        pairs = [p for p in candidates(self.holders, free) if p[0] in self.copies and p[1] in self.copies]
        apart = [(a, b) for a, b in pairs if self.root(a) != self.root(b)]
        for a, b in apart:
            self._kinship(a, b)
        return apart

    def _kinship(self, a: str, b: str) -> Kinship:
        """The nearest kinship of any texts of two stories; its regions are of the texts they have now."""
        if (a, b) not in self.kin:
            ours, theirs = self.copies[a].prints, self.copies[b].prints
            tried = [(kinship(p, q), p, q) for p in ours for q in theirs]
            kin, p, q = max(tried, key=lambda t: (t[0].strength, not t[0].contradict))
            now = [
                same if text is texts[0] else np.ones(texts[0].size, bool)
                for same, text, texts in zip(kin.same, (p, q), (ours, theirs), strict=True)
            ]
            self.kin[a, b] = replace(kin, same=(now[0], now[1]))
        return self.kin[a, b]

    def _edges(self, pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, Flags]]:
        """Each story's copies, with the words of it that they have."""
        for a, b in pairs:
            if self.kin[a, b].item:
                self.mentions[a][b], self.mentions[b][a] = self.kin[a, b].same
        alike = [(p, self.kin[p]) for p in pairs if self.kin[p].strength > 0]
        sure = dict(self.parent)
        for (a, b), kin in alike:
            if kin.strength > SURE or min(kin.shares) > 0.7:
                sure[_root(sure, a)] = _root(sure, b)
        self.sure = {i: _root(sure, i) for i in sure}
        self.following = Counter(self.sure.values())
        found: dict[str, dict[str, Flags]] = defaultdict(dict)
        for (a, b), kin in alike:
            if kin.strength > SURE or min(kin.shares) > 0.7 or not self._is_everywhere(a, b, sure):
                found[a][b], found[b][a] = kin.same
            else:
                self.refused.add((a, b))
        return found

    def _is_everywhere(self, a: str, b: str, sure: dict[str, str]) -> bool:
        """Do many unrelated stories have what these two share, phrase by phrase or all of it?"""
        kin = self.kin[a, b]
        both = self._keys(a) & self._keys(b)
        shared = both & self.holders.keys()
        if len(shared) < LEAST_KEYS:
            return True
        rare = 0
        held: Counter[str] = Counter()
        for key in shared:
            groups = Counter(_root(sure, story) if story in sure else story for story in self.holders[key])
            rare += len(groups) <= 4 or max(groups.values()) * 2 >= groups.total()
            held.update(self.holders[key])
        if rare < len(both) * RARE[is_firm(kin.shares), kin.doubtful]:
            return True
        groups = Counter(
            _root(sure, story) if story in sure else story
            for story, times in held.items()
            if times >= 0.7 * self._expected(story, shared) and not self._contradict(story, a, b)
        )
        enough = 3 if kin.at_head else 4 if kin.at_foot else 5  # where outlets speak of themselves
        return len(groups) >= enough and max(groups.values()) <= groups.total() / 2

    def _expected(self, story_id: str, keys: set[int]) -> int:
        """How many of these keys a story that has the words would have: only its least are kept."""
        known = self._keys(story_id) if story_id in self.copies else set()
        return sum(key <= max(known) for key in keys) if len(known) >= KEYS else len(keys)

    def _keys(self, story_id: str) -> set[int]:
        return {k for p in self.copies[story_id].prints for k in p.keys.tolist()}

    def _contradict(self, story: str, a: str, b: str) -> bool:
        pairs = ((min(story, x), max(story, x)) for x in (a, b))
        return any(p in self.kin and self.kin[p].contradict for p in pairs)

    def _take(self, story_id: str) -> None:
        """Join a story to the groups of earlier stories whose copy it is."""
        parts: dict[str, list[str]] = defaultdict(list)
        for other in self._earlier(story_id, self.edges):
            if other not in self.mixed and not self._is_bridge(other, story_id):
                parts[self.root(other)].append(other)
        parts.pop(self.root(story_id), None)
        admitted = [part for part in parts.values() if self._is_admitted(story_id, part)]
        main, *rest = sorted(admitted, key=lambda p: (-self._covered(story_id, p).sum(), min(p))) or [[]]
        region, others = self._covered(story_id, main), []
        for part in rest:
            here = self._covered(story_id, part)
            if _overlap(region, here) < 0.5:
                others.append(part)
            elif self._is_firm(story_id, part) or here.sum() * 2 >= region.sum():
                self._join(main[0], part[0])
        named = [min(part, key=lambda i: self.copies[i].time) for part in others]
        if others:
            self.mixed.add(story_id)
            all_of_it = self._covered(story_id, [i for part in (main, *others) for i in part])
            if all_of_it.mean() < 0.6:  # the day in brief: nobody's copy
                named, main = [min(main, key=lambda i: self.copies[i].time), *named], []
        if main:
            self._join(main[0], story_id)
        named += self._mentioned(story_id, region)
        self.also_from[story_id] = tuple(dict.fromkeys(named))

    def _earlier(self, story_id: str, edges: Mapping[str, Mapping[str, Flags]]) -> list[str]:
        mine = self.copies[story_id].time
        return [other for other in edges.get(story_id, ()) if self.copies[other].time < mine]

    def _is_bridge(self, between: str, story_id: str) -> bool:
        """Does an earlier story share other words with this one than with the group that it is in?

        Then it is made of both, though it claims to be older. The first of a group is not: it is
        the wire, of which one outlet took the head and another the rest.
        """
        first = self.first[self.root(between)]
        if first == between:
            return False
        group = [i for i in self.edges[between] if i != story_id and self.root(i) == self.root(between)]
        if group:
            theirs = self._covered(between, group)
        else:
            kin = self._kinship(min(first, between), max(first, between))
            theirs = kin.same[0 if between < first else 1]
        if not theirs.any() or _overlap(theirs, self.edges[between][story_id]) >= 0.5:
            return False
        self.also_from[between] = tuple(dict.fromkeys((*self.also_from[between], story_id)))
        return True

    def _mentioned(self, story_id: str, region: Flags) -> list[str]:
        """Wires whose head is an item in this story, beside what it was joined for."""
        found: dict[str, str] = {}
        for other in self._earlier(story_id, self.mentions):
            root = self.root(other)
            if root != self.root(story_id) and _overlap(region, self.mentions[story_id][other]) < 0.5:
                found[root] = min(other, found.get(root, other), key=lambda i: self.copies[i].time)
        return sorted(found.values()) if region.any() or len(found) > 1 else []

    def _is_admitted(self, story_id: str, part: Sequence[str]) -> bool:
        """On weak evidence no story joins that has copies of its own, or is said to be another agency's."""
        if self._is_firm(story_id, part):
            return True
        mine = self.sure[story_id]
        if self.following[mine] > 1 and all(self.sure[other] != mine for other in part):
            return False
        agency = self.copies[story_id].agency
        theirs = {self.copies[other].agency for other in part} - {None}
        return not (agency and theirs) or agency in theirs

    def _covered(self, story_id: str, part: Iterable[str]) -> Flags:
        """Which of its words are in any of these."""
        found: Flags = np.zeros(sum(p.size for p in self.copies[story_id].prints[:1]), bool)
        for other in part:
            found = found | self.edges[story_id][other]
        return found

    def _is_firm(self, story_id: str, part: Iterable[str]) -> bool:
        return any(is_firm(self._kinship(min(story_id, o), max(story_id, o)).shares) for o in part)

    def root(self, story_id: str) -> str:
        return _root(self.parent, story_id)

    def _join(self, a: str, b: str) -> None:
        one, other = sorted((self.root(a), self.root(b)))
        self.parent[other] = one
        self.first[one] = min(self.first[one], self.first[other], key=lambda i: self.copies[i].time)

    def share(self, story: Copy, origin: Copy) -> float:
        """Of a story's text, the share that the origin has."""
        if story.content_hash == origin.content_hash:
            return 1.0
        if not (story.prints and origin.prints):
            return story.similarity
        a, b = sorted((story.story_id, origin.story_id))
        return self._kinship(a, b).shares[0 if a == story.story_id else 1]

    def groups(self) -> list[list[Copy]]:
        """All stories, in their groups."""
        found: dict[str, list[Copy]] = defaultdict(list)
        for story_id, copy in self.copies.items():
            found[self.root(story_id)].append(replace(copy, also_from=self.also_from[story_id]))
        return list(found.values())


def _overlap(one: Flags, other: Flags) -> float:
    """Of the smaller region, the share that is in the other too."""
    return float((one & other).sum() / max(1, min(one.sum(), other.sum())))


def _root(parent: dict[str, str], story_id: str) -> str:
    while parent[story_id] != story_id:
        parent[story_id] = story_id = parent[parent[story_id]]
    return story_id

"""Group stories by whose copy they are: from pairs that share keys to groups. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipelines.commons import only, own_words, spread, widespread
from pipelines.copies import FEWEST_WORDS, LEAST_KEYS, Copy, Holders, candidates, holders_of
from pipelines.kinship import STRONG, Kinship, is_firm, is_sure, nearest
from pipelines.prints import KEYS, Flags

RARE = {(True, False): 0.0, (True, True): 0.2, (False, False): 0.06, (False, True): 0.5}
"""Least share, of the keys of two texts, that few others have: by whether kinship is firm, is doubtful."""

RARE_IF_SLIGHT = 0.8


class Groups:
    """Which stories hang together: they are taken in the order of time, so that reprints find their wire."""

    def __init__(
        self, copies: Mapping[str, Copy], moved: set[str], holders: Holders, asked: set[int]
    ) -> None:
        """`holders` says of all keys in `asked` which stories have them, but for those that too many have."""
        self.copies = copies
        self.parent = {story_id: story_id for story_id in copies}
        self.first = dict(self.parent)
        """The earliest story of each group, by the group's root."""
        self.members = {story_id: {story_id} for story_id in copies}
        """By the group's root too."""
        self.against: dict[str, set[str]] = defaultdict(set)
        """Of which stories each is no copy, though they are much alike: a template that was filled twice."""
        self.mixed: set[str] = set()
        """Stories made of several wires: they lead nobody to a group."""
        self.mentions: dict[str, dict[str, Flags]] = defaultdict(dict)
        self.kin: dict[tuple[str, str], Kinship] = {}
        self.whole: dict[tuple[str, str], Kinship] = {}
        """The same, of whole texts; in `kin` what is common may be left out."""
        self.kept: dict[str, list[Flags | None]] = {}
        """Of each text, the words that are not common."""
        self.all_keys: dict[str, set[int]] = {}
        self.own_keys: dict[str, set[int]] = {}
        self.cleaned: set[tuple[str, str]] = set()
        """Pairs in whose `kin` it is left out."""
        self.refused: set[tuple[str, str]] = set()
        """Pairs that have in common what many others have too."""
        self.apart: set[tuple[str, str]] = set()
        """Pairs that were in two clusters before, of whose keys not all holders are known."""
        self.also_from: dict[str, tuple[str, ...]] = {i: c.also_from for i, c in copies.items()}
        self.holders = holders
        self.asked = asked
        self.dropped = asked - holders.keys()
        """Keys of what comes in that too many have."""
        self.common = self.dropped
        # (A story whose page was read again, and is too short now, has no text to be compared.)
        self.with_text = {story_id for story_id, copy in copies.items() if copy.prints}
        pairs = [pair for pair in candidates(holders, moved) if self.with_text.issuperset(pair)]
        loose = {copies[i].cluster_id for i in moved} | self._disturbed(moved, pairs)
        free = {i for i, c in copies.items() if i in moved or c.cluster_id is None or c.cluster_id in loose}
        pairs = list(dict.fromkeys([*pairs, *self._again(free, moved)]))
        self.still_from = self._still_from(free - moved)
        self.mixed.update(i for i, others in self.still_from.items() if others)
        self.mixed.update(i for i, copy in copies.items() if i not in free and copy.also_from)
        self._join_known(free)
        self._join_equal()
        pairs = [(a, b) for a, b in pairs if self.root(a) != self.root(b)]
        self._compare(pairs)
        self.edges = self._edges(pairs)
        for story_id in sorted(self.edges.keys() | self.mentions.keys(), key=lambda i: copies[i].time):
            # What stays in its cluster is not taken again: its other wires would draw it to theirs.
            if story_id in free and self.said_first.get(copies[story_id].content_hash, story_id) == story_id:
                self._take(story_id)
        for story_id in free:
            first = self.said_first.get(copies[story_id].content_hash, story_id)
            self.also_from[story_id] = self.also_from[first]

    def _disturbed(self, moved: set[str], pairs: Sequence[tuple[str, str]]) -> set[str | None]:
        """Known clusters to be divided anew: what comes in was there first, or has what all have."""
        found: set[str | None] = set()
        self._compare(pairs)
        self._edges(pairs)
        for pair in pairs:
            for one, other in (pair, pair[::-1]):
                kin = self.kin[pair]
                if one in moved and other not in moved and (kin.strength > 0 or kin.item):
                    is_late = self.copies[one].time < self.copies[other].time
                    if is_late or pair in self.refused:
                        found.add(self.copies[other].cluster_id)
        times: Counter[str] = Counter()
        for key in self.common & self.holders.keys():
            known = Counter(self.copies[i].cluster_id for i in self.holders[key] if i in self.copies)
            times.update(cluster for cluster, n in known.items() if cluster is not None and n > 1)
        return found | {cluster for cluster, n in times.items() if n >= LEAST_KEYS}

    def _still_from(self, known: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Of the other wires that known stories are made of, those with which they are not compared again."""
        compared = {pair for a, b in self.kin for pair in ((a, b), (b, a))}
        return {
            i: tuple(
                o for o in self.copies[i].also_from if (i, o) not in compared and not self._are_fellows(i, o)
            )
            for i in known
        }

    def _are_fellows(self, a: str, b: str) -> bool:
        return b in self.copies and self.copies[a].cluster_id == self.copies[b].cluster_id

    def _again(self, free: set[str], moved: set[str]) -> list[tuple[str, str]]:
        """Pairs of stories to compare again, since the cluster that they are in is divided anew.

        Keys that nobody asked for count as theirs alone; those that too many have stay out. So what is common
        may look rare here: stories that were in two clusters need more than that to come together.
        """
        beside = holders_of({i: self.copies[i] for i in free})
        self.holders = {**{k: v for k, v in beside.items() if k not in self.asked}, **self.holders}
        pairs = [pair for pair in candidates(self.holders, free) if self.with_text.issuperset(pair)]
        self.apart.update(p for p in pairs if moved.isdisjoint(p) and not self._are_fellows(*p))
        return pairs

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

    def _compare(self, pairs: Sequence[tuple[str, str]]) -> None:
        for a, b in pairs:
            self._kinship(a, b)
        self._leave_out_commons(pairs)

    def _kinship(self, a: str, b: str) -> Kinship:
        """The nearest kinship of any texts of two stories; its regions are of the texts they have now."""
        if (a, b) not in self.kin:
            self.kin[a, b] = self.whole[a, b] = nearest(self.copies[a].prints, self.copies[b].prints)
        return self.kin[a, b]

    def _leave_out_commons(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Compare stories that are no copies by their whole texts without what many unrelated ones have."""
        sure = self._sure(pairs)
        common = self.common = widespread(self.holders, lambda i: sure.get(i, i)) | self.dropped
        for pair in pairs:
            whole = self.whole[pair]
            if pair in self.cleaned or whole.contradict or (whole.strength > 0 and not whole.slight):
                continue
            shared = self._keys(pair[0]) & self._keys(pair[1])
            if len(shared - common) < LEAST_KEYS:
                continue
            own = [self._own(i, common) for i in pair]
            if any(k is not None for kept in own for k in kept):
                texts = [
                    [p if k is None else only(p, k) for p, k in zip(self.copies[i].prints, kept, strict=True)]
                    for i, kept in zip(pair, own, strict=True)
                ]
                kin = nearest(*texts)
                if max(kin.shares) < STRONG or (kin.at_foot and not kin.at_head):
                    continue
                same = [spread(s, kept[:1]) for s, kept in zip(kin.same, own, strict=True)]
                self.kin[pair] = replace(kin, same=(same[0], same[1]))
                self.cleaned.add(pair)

    def _own(self, story_id: str, common: set[int]) -> list[Flags | None]:
        if story_id not in self.kept:
            self.kept[story_id] = [own_words(p, common) for p in self.copies[story_id].prints]
        return self.kept[story_id]

    def _sure(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """What hangs together beyond doubt: each story's root."""
        sure = dict(self.parent)
        for a, b in pairs:
            if is_sure(self.kin[a, b]):
                sure[_root(sure, a)] = _root(sure, b)
        return {i: _root(sure, i) for i in sure}

    def _edges(self, pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, Flags]]:
        """Each story's copies, with the words of it that they have."""
        self.sure = self._sure(pairs)
        self.following = Counter(self.sure.values())
        self.mentions.clear()
        self.against.clear()
        found: dict[str, dict[str, Flags]] = defaultdict(dict)
        for a, b in pairs:
            kin = self.kin[a, b]
            if kin.contradict:
                self.against[a].add(b)
                self.against[b].add(a)
            elif (a, b) in self.apart and not (kin.told or is_sure(kin)):
                continue
            elif (kin.strength or kin.item) and (is_sure(kin) or not self._is_everywhere(a, b)):
                where = self.mentions if kin.item else found
                where[a][b], where[b][a] = kin.same
            elif kin.strength:
                self.refused.add((a, b))
        return found

    def _is_everywhere(self, a: str, b: str) -> bool:
        """Do many unrelated stories have what these two share, phrase by phrase or all of it?"""
        kin = self.kin[a, b]
        # Names and figures tell a copy, but for what several groups begin or end with, word for word.
        told = kin.told and not kin.slight
        if told and not (kin.at_head or kin.at_foot):
            return False
        cleaned = (a, b) in self.cleaned
        both = self._keys(a, cleaned=cleaned) & self._keys(b, cleaned=cleaned)
        shared = both & self.holders.keys()
        if len(shared) < LEAST_KEYS:
            return True
        rare = 0
        held: Counter[str] = Counter()
        for key in shared:
            groups = Counter(self.sure.get(story, story) for story in self.holders[key])
            rare += len(groups) <= 4 or max(groups.values()) * 2 >= groups.total()
            held.update(self.holders[key])
        least = RARE_IF_SLIGHT if kin.slight else RARE[is_firm(kin.shares), kin.doubtful]
        if rare < len(both) * least and not told:
            return True
        groups = Counter(
            self.sure.get(story, story)
            for story, times in held.items()
            if times >= 0.7 * self._expected(story, shared) and not self._contradict(story, a, b)
        )
        enough = 3 if kin.at_head else 4 if kin.at_foot else 5  # where outlets speak of themselves
        return len(groups) >= enough and max(groups.values()) <= groups.total() / 2

    def _expected(self, story_id: str, keys: set[int]) -> int:
        """How many of these keys a story that has the words would have: only its least are kept."""
        known = self._keys(story_id) if story_id in self.copies else set()
        return sum(key <= max(known) for key in keys) if len(known) >= KEYS else len(keys)

    def _keys(self, story_id: str, *, cleaned: bool = False) -> set[int]:
        """The keys of its texts; `cleaned`: but for those in what is common."""
        prints = self.copies[story_id].prints
        if not cleaned:
            if story_id not in self.all_keys:
                self.all_keys[story_id] = {key for text in prints for key in text.keys.tolist()}
            return self.all_keys[story_id]
        if story_id not in self.own_keys:
            kept = self.kept[story_id]
            found = [
                text.keys if own is None else np.intersect1d(text.keys, only(text, own).runs)
                for text, own in zip(prints, kept, strict=True)
            ]
            self.own_keys[story_id] = {key for keys in found for key in keys.tolist()}
        return self.own_keys[story_id]

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
        region, others, same = self._covered(story_id, main), [], []
        for part in rest:
            here = self._covered(story_id, part)
            if _overlap(region, here) < 0.5:
                others.append(part)
            elif self._is_firm(story_id, part) or here.sum() * 2 >= region.sum():
                same.append(part)
        named = [min(part, key=lambda i: self.copies[i].time) for part in others]
        items = self._mentioned(story_id, region)
        if others:
            self.mixed.add(story_id)
        if main and self._is_brief(story_id, main, others, items):
            self.mixed.add(story_id)
            named, main = [min(main, key=lambda i: self.copies[i].time), *named], []
        if main:
            for part in same:
                if not self._are_apart(main[0], part[0]):
                    self._join(main[0], part[0])
            self._join(main[0], story_id)
        self.also_from[story_id] = tuple(dict.fromkeys([*self.still_from.get(story_id, ()), *named, *items]))

    def _is_brief(self, story_id: str, main: Sequence[str], others: Sequence[Sequence[str]],
                  items: Sequence[str]) -> bool:  # fmt: skip
        """Is a story the day in brief, made of several wires, so that it is nobody's copy?

        Or it has less than half of the wire that it has most of, and beside that items.
        """
        if others and self._covered(story_id, [i for part in (main, *others) for i in part]).mean() < 0.6:
            return True
        region = self._covered(story_id, main)
        of_wire = max(min(self._kinship(min(i, story_id), max(i, story_id)).shares) for i in main)
        return (
            bool(items) and of_wire < 0.5 and region.mean() < (0.5 if len(items) + len(others) > 1 else 0.4)
        )

    def _are_apart(self, a: str, b: str) -> bool:
        """Do stories of two groups contradict each other? One that has words of both then joins them not.

        Their wires alone tell it too: a cut reprint has lost the names and figures by which they differ.
        """
        wires = sorted((self.first[self.root(a)], self.first[self.root(b)]))
        if self.with_text.issuperset(wires) and self._kinship(*wires).contradict:
            return True
        ours, theirs = self.members[self.root(a)], self.members[self.root(b)]
        if len(theirs) < len(ours):
            ours, theirs = theirs, ours
        against = sum(other in theirs for i in ours for other in self.against.get(i, ()))
        return against > sum(other in theirs for i in ours for other in self.edges.get(i, ()))

    def _earlier(self, story_id: str, edges: Mapping[str, Mapping[str, Flags]]) -> list[str]:
        mine = self.copies[story_id].time
        return [other for other in edges.get(story_id, ()) if self.copies[other].time < mine]

    def _is_bridge(self, between: str, story_id: str) -> bool:
        """Does an earlier story share other words with this one than with the group that it is in?

        Then it is made of both, though it claims to be older. The first of a group is not: it is
        the wire, of which one outlet took the head and another the rest; unless what the group has of it
        stands on the site of an agency, which takes from no outlet.
        """
        first = self.first[self.root(between)]
        group = [i for i in self.edges[between] if i != story_id and self.root(i) == self.root(between)]
        if first == between and (
            self.copies[between].on_agency_site or not any(self.copies[i].on_agency_site for i in group)
        ):
            return False
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
        against = len(self.against.get(story_id, set()) & self.members[self.root(part[0])])
        if against > len(part):
            return False
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
        if one == other:
            return
        self.parent[other] = one
        self.members[one] |= self.members.pop(other)
        self.first[one] = min(self.first[one], self.first[other], key=lambda i: self.copies[i].time)

    def share(self, story: Copy, origin: Copy) -> float:
        """Of a story's text, the share that the origin has."""
        if story.content_hash == origin.content_hash:
            return 1.0
        if not (story.prints and origin.prints):
            return story.similarity
        a, b = sorted((story.story_id, origin.story_id))
        self._kinship(a, b)
        return self.whole[a, b].shares[0 if a == story.story_id else 1]

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

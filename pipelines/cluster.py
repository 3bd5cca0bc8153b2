"""Find which stories are the same wire copy, and which of them was first. Pure.

    pairs that share keys ─▸ kinship ─▸ edges ─▸ clusters, in the order of time ─▸ origin, shares, lags

Not by chains of likeness alone: what many unrelated stories share (an outlet's words about itself)
is no copy, and a story made of two wires joins one of them, never the two to each other.
A story's cluster follows from what it says and when, not from the order in which batches come in.
Translations are not found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from pipelines.kinship import STRONG, Kinship, is_firm, kinship
from pipelines.prints import Flags, Print
from pipelines.records import Membership

FEWEST_WORDS = 20
"""Shorter bodies say too little: "Subscribe to read on" is in every story of some sources."""

MOST_HOLDERS = 60
"""A key that more texts have is a phrase, not a trace."""

LEAST_KEYS = 2
"""Keys that two texts must share to be compared."""

RARE = 0.09

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

    is_syndicated: bool | None = None
    prints: tuple[Print, ...] = field(default=(), compare=False, repr=False)
    """Of its text, then of earlier texts; none if it is too short, or no longer the story (a kill)."""

    # Of a known story, as it stands in `clusters`:
    cluster_id: str | None = None
    role: str | None = None
    similarity: float = 1.0
    also_from: tuple[str, ...] = ()

    @property
    def time(self) -> tuple[datetime, str]:
        """When it was there at the latest: a page was published no later than we saw it."""
        known = min(self.published_at, self.first_seen_at) if self.published_at else self.first_seen_at
        return known, self.story_id


_Name = TypeVar("_Name", str, int)
Holders = Mapping[int, Sequence[str]]
"""The stories whose texts have a key, for each key that at most MOST_HOLDERS texts have."""


def memberships(
    staged: Iterable[Copy], known: Iterable[Copy], holders: Holders | None = None
) -> list[Membership]:
    """Place every staged story, and again the known members of clusters that it touches.

    `known` must hold the staged stories that the warehouse knows, all stories that share keys or
    a body with a staged one, and all members of their clusters; `holders` says which stories those
    keys are in (left out, it is made of the stories given).

    - A known story keeps its cluster while its words stay the same; with other words it is placed anew.
      The earlier words of an origin, and of a story that was withdrawn, still count: its reprints stand.
    - Clusters that a story proves to be one become one; a cluster whose members no longer hang
      together is divided. The id stays with the greater part, else with the lesser id.
    - A new cluster's id is made of the origin's body, so the same copy gets the same id
      whoever brings it first.

    The origin is the member on its agency's own site; else one that does not say to be another's; of
    these the one that was published, or seen, first.
    """
    before = {copy.story_id: copy for copy in known}
    now = {copy.story_id: _continued(copy, before.get(copy.story_id)) for copy in staged}
    copies = before | now
    moved = {i for i, copy in now.items() if i not in before or before[i].content_hash != copy.content_hash}
    groups = _Groups(copies, moved, _holders(copies) if holders is None else holders)
    found = [
        m for cluster, members in groups.named() for m in _placed(cluster, members, groups.also_from, groups)
    ]
    touched = {m.cluster_id for m in found if m.story_id in now}
    touched |= {copy.cluster_id for copy in now.values() if copy.cluster_id}
    return [m for m in found if m.cluster_id in touched or before[m.story_id].cluster_id in touched]


def cluster_id(copy: Copy) -> str:
    """The id of the cluster that a story founds.

    >>> from datetime import UTC, datetime
    >>> rain = Copy(story_id="s1", content_hash="5f2a9c01d4e7b3a8ff", word_count=90, published_at=None,
    ...     first_seen_at=datetime(2026, 3, 5, tzinfo=UTC), on_agency_site=False)
    >>> cluster_id(rain)
    'c-5f2a9c01d4e7b3a8'
    """
    return f"c-{copy.content_hash[:16]}" if copy.word_count >= FEWEST_WORDS else f"s-{copy.story_id}"


def candidates(holders: Mapping[int, Sequence[_Name]], asked: set[_Name]) -> list[tuple[_Name, _Name]]:
    """Pairs of stories to compare, at least one of them in `asked`: those that share LEAST_KEYS keys or more.

    >>> candidates({1: ["a", "b"], 2: ["a", "b", "c"], 3: ["c", "d"]}, {"a", "c"})
    [('a', 'b')]
    """
    names = sorted({story for stories in holders.values() for story in stories})
    number = {story: n for n, story in enumerate(names)}
    is_asked = np.array([story in asked for story in names], bool)
    rows = [(k, number[s]) for k, stories in enumerate(holders.values()) for s in set(stories)]
    if not rows:
        return []
    table = np.array(rows, np.int64)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    pairs = []
    for step in range(1, MOST_HOLDERS):  # each holder of a key with the one `step` places after it
        same = table[:-step, 0] == table[step:, 0]
        one, other = table[:-step, 1][same], table[step:, 1][same]
        wanted = is_asked[one] | is_asked[other]
        if not same.any():
            break
        pairs.append(one[wanted] * len(names) + other[wanted])
    codes, shared = np.unique(np.concatenate(pairs), return_counts=True) if pairs else (np.zeros(0, int),) * 2
    compared: Counter[int] = Counter()
    chosen = []
    for n in np.argsort(-shared, kind="stable"):
        if shared[n] < LEAST_KEYS:
            break
        one, other = divmod(int(codes[n]), len(names))
        if any(is_asked[x] and compared[x] < MOST_COMPARED for x in (one, other)):
            compared.update((one, other))
            chosen.append((names[one], names[other]))
    return sorted(chosen)


def _continued(copy: Copy, before: Copy | None) -> Copy:
    if before is None:
        return copy
    keeps = before.role == "origin" or not copy.prints
    return replace(
        copy,
        published_at=copy.published_at or before.published_at,
        first_seen_at=min(copy.first_seen_at, before.first_seen_at),
        cluster_id=before.cluster_id,
        role=before.role,
        similarity=before.similarity,
        also_from=before.also_from,
        prints=before.prints if before.content_hash == copy.content_hash and before.prints
        else (*copy.prints, *(before.prints if keeps else ())),
    )  # fmt: skip


def _holders(copies: Mapping[str, Copy]) -> Holders:
    found: dict[int, list[str]] = defaultdict(list)
    for copy in copies.values():
        for key in sorted({k for p in copy.prints for k in p.keys.tolist()}):
            found[key].append(copy.story_id)
    return {key: stories for key, stories in found.items() if len(stories) <= MOST_HOLDERS}


def _merged(one: Holders, other: Holders) -> Holders:
    both = {key: sorted({*one.get(key, ()), *other.get(key, ())}) for key in one.keys() | other.keys()}
    return {key: stories for key, stories in both.items() if len(stories) <= MOST_HOLDERS}


class _Groups:
    """Which stories hang together: they are taken in the order of time, so that reprints find their wire."""

    def __init__(self, copies: Mapping[str, Copy], moved: set[str], holders: Holders) -> None:
        self.copies = copies
        self.parent = {story_id: story_id for story_id in copies}
        self.kin: dict[tuple[str, str], Kinship] = {}
        self.also_from: dict[str, tuple[str, ...]] = {i: c.also_from for i, c in copies.items()}
        self.holders = holders
        loose = {copies[i].cluster_id for i in moved} | self._found_late(moved)
        free = {i for i, c in copies.items() if i in moved or c.cluster_id is None or c.cluster_id in loose}
        if free - moved:
            self.holders = _merged(holders, _holders({i: copies[i] for i in free}))
        self._join_known(free)
        self._join_equal()
        self.edges = self._edges(self._compared(free))
        for story_id in sorted(self.edges, key=lambda i: copies[i].time):
            if self.said_first.get(copies[story_id].content_hash, story_id) == story_id:
                self._take(story_id)
        for story_id in free:
            first = self.said_first.get(copies[story_id].content_hash, story_id)
            self.also_from[story_id] = self.also_from[first]

    def _found_late(self, moved: set[str]) -> set[str | None]:
        """Clusters with copies of a story that was there before them, and is found only now."""
        found: set[str | None] = set()
        for pair in self._compared(moved):
            for one, other in (pair, pair[::-1]):
                early, late = self.copies[one], self.copies[other]
                is_late = one in moved and other not in moved and early.time < late.time
                if is_late and self.kin[pair].strength > 0:
                    found.add(late.cluster_id)
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
        if (a, b) not in self.kin:
            tried = [kinship(p, q) for p in self.copies[a].prints for q in self.copies[b].prints]
            self.kin[a, b] = max(tried, key=lambda k: (k.strength, not k.contradict))
        return self.kin[a, b]

    def _edges(self, pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, Flags]]:
        """Each story's copies, with the words of it that they have."""
        alike = [(p, self.kin[p]) for p in pairs if self.kin[p].strength > 0]
        sure = dict(self.parent)
        for (a, b), kin in alike:
            if kin.strength > 0.75 or min(kin.shares) > 0.6:
                sure[_root(sure, a)] = _root(sure, b)
        self.sure = {i: _root(sure, i) for i in sure}
        self.following = Counter(self.sure.values())
        found: dict[str, dict[str, Flags]] = defaultdict(dict)
        for (a, b), kin in alike:
            if min(kin.shares) > STRONG or not self._is_everywhere(a, b, sure):
                found[a][b], found[b][a] = kin.same
        return found

    def _is_everywhere(self, a: str, b: str, sure: dict[str, str]) -> bool:
        """Do many unrelated stories have what these two share, phrase by phrase or all of it?"""
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
        if rare < RARE * len(both):
            return True
        groups = Counter(
            _root(sure, story) if story in sure else story
            for story, times in held.items()
            if times >= 0.7 * len(shared) and not self._contradict(story, a, b)
        )
        return len(groups) >= 4 and max(groups.values()) <= groups.total() / 2

    def _keys(self, story_id: str) -> set[int]:
        return {k for p in self.copies[story_id].prints for k in p.keys.tolist()}

    def _contradict(self, story: str, a: str, b: str) -> bool:
        pairs = ((min(story, x), max(story, x)) for x in (a, b))
        return any(p in self.kin and self.kin[p].contradict for p in pairs)

    def _take(self, story_id: str) -> None:
        """Join a story to the groups of earlier stories whose copy it is."""
        mine = self.copies[story_id].time
        parts: dict[str, list[str]] = defaultdict(list)
        for other in self.edges[story_id]:
            if self.copies[other].time < mine and len(self.also_from[other]) == 0:
                parts[self.root(other)].append(other)
        parts.pop(self.root(story_id), None)
        admitted = [p for p in parts.values() if self._is_admitted(story_id, p)]
        ranked = sorted(admitted, key=lambda p: (-self._covered(story_id, p).sum(), min(p)))
        if not ranked:
            return
        main, *rest = ranked
        region, others = self._covered(story_id, main), []
        for part in rest:
            here = self._covered(story_id, part)
            overlap = (region & here).sum() / max(1, min(region.sum(), here.sum()))
            if overlap < 0.5:
                others.append(part)
            elif self._strongest(story_id, part) >= STRONG or here.sum() * 2 >= region.sum():
                self._join(main[0], part[0])
        sources = [min(p, key=lambda i: self.copies[i].time) for p in (main, *others)]
        if (
            others and self._covered(story_id, [i for p in (main, *others) for i in p]).mean() < 0.6
        ):  # the day in brief: nobody's copy
            self.also_from[story_id] = tuple(sources)
            return
        self.also_from[story_id] = tuple(sources[1:])
        self._join(main[0], story_id)

    def _is_admitted(self, story_id: str, part: Sequence[str]) -> bool:
        """On weak evidence no story joins that has copies of its own, or is said to be another agency's."""
        if any(is_firm(self._kinship(*sorted((story_id, other))).shares) for other in part):
            return True
        mine = self.sure[story_id]
        if self.following[mine] > 1 and all(self.sure[other] != mine for other in part):
            return False
        agency = self.copies[story_id].agency
        theirs = {self.copies[other].agency for other in part} - {None}
        return not (agency and theirs) or agency in theirs

    def _covered(self, story_id: str, part: Iterable[str]) -> Flags:
        found: Flags = np.logical_or.reduce([self.edges[story_id][other] for other in part])
        return found

    def _strongest(self, story_id: str, part: Iterable[str]) -> float:
        return max(self._kinship(min(story_id, o), max(story_id, o)).strength for o in part)

    def root(self, story_id: str) -> str:
        return _root(self.parent, story_id)

    def _join(self, a: str, b: str) -> None:
        one, other = sorted((self.root(a), self.root(b)))
        self.parent[other] = one

    def share(self, story: Copy, origin: Copy) -> float:
        """Of a story's text, the share that the origin has."""
        if story.content_hash == origin.content_hash:
            return 1.0
        if not (story.prints and origin.prints):
            return story.similarity
        a, b = sorted((story.story_id, origin.story_id))
        return self._kinship(a, b).shares[0 if a == story.story_id else 1]

    def named(self) -> list[tuple[str, list[Copy]]]:
        """The groups with their ids, a known id at most once."""
        groups: dict[str, list[Copy]] = defaultdict(list)
        for story_id, copy in self.copies.items():
            groups[self.root(story_id)].append(copy)
        claims = [
            (-count, known, root)
            for root, members in groups.items()
            for known, count in Counter(m.cluster_id for m in members if m.cluster_id).items()
        ]
        names: dict[str, str] = {}
        given: set[str] = set()
        for _, known, root in sorted(claims):
            if root not in names and known not in given:
                names[root] = known
                given.add(known)
        taken = {copy.cluster_id for copy in self.copies.values()}
        for root, members in groups.items():
            if root not in names:
                origin = _origin(members)
                fresh = cluster_id(origin)
                names[root] = f"s-{origin.story_id}" if fresh in taken else fresh
                taken.add(names[root])
        return sorted((names[root], members) for root, members in groups.items())


def _root(parent: dict[str, str], story_id: str) -> str:
    while parent[story_id] != story_id:
        parent[story_id] = story_id = parent[parent[story_id]]
    return story_id


def _origin(members: Sequence[Copy]) -> Copy:
    """Whose the copy is: by whose site it is on and what its members say, then by time."""
    credited = Counter(m.agency for m in members if not m.on_agency_site)
    return min(
        members,
        key=lambda m: (
            bool(m.also_from),
            not m.on_agency_site,
            -credited[m.agency] if m.on_agency_site else 0,
            bool(m.is_syndicated),
            m.time,
        ),
    )


def _placed(
    cluster: str, members: Sequence[Copy], also_from: Mapping[str, tuple[str, ...]], groups: _Groups
) -> list[Membership]:
    members = [replace(m, also_from=also_from[m.story_id]) for m in members]
    origin = _origin(members)
    return [
        Membership(
            cluster_id=cluster,
            story_id=copy.story_id,
            role="origin" if copy is origin else "merged" if copy.also_from else "reprint",
            similarity=round(groups.share(copy, origin), 4),
            lag=_lag(copy, origin),
            also_from=copy.also_from,
        )
        for copy in members
    ]


def _lag(copy: Copy, origin: Copy) -> timedelta | None:
    """How long after its origin; None too where it says it came first: Parquet has no negative interval."""
    if copy.published_at is None or origin.published_at is None or copy.published_at < origin.published_at:
        return None
    return copy.published_at - origin.published_at

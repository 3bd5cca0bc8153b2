"""Find which stories are the same wire copy, and which of them was first. Pure.

    pairs that share keys ─▸ kinship ─▸ edges ─▸ groups, in the order of time ─▸ ids, origin, shares, lags

Not by chains of likeness alone: what many unrelated stories share (an outlet's words about itself)
is no copy, and a story made of two wires joins one of them, never the two to each other.
A story's cluster follows from what it says and when, not from the order in which batches come in; but
what many stories share is known only once there are many of them. Translations are not found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from pipelines.copies import FEWEST_WORDS, Copy, Holders, holders_of
from pipelines.groups import Groups
from pipelines.records import Membership


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
    staged = list(staged)
    asked = {key for copy in staged for text in copy.prints for key in text.keys.tolist()}
    before = {copy.story_id: copy for copy in known}
    now = {copy.story_id: _continued(copy, before.get(copy.story_id)) for copy in staged}
    copies = before | now
    moved = {i for i, copy in now.items() if i not in before or before[i].content_hash != copy.content_hash}
    groups = Groups(copies, moved, holders_of(copies) if holders is None else holders, asked)
    named = _named(groups.groups(), {copy.cluster_id for copy in copies.values()})
    found = [m for cluster, members in named for m in _placed(cluster, members, groups)]
    touched = {m.cluster_id for m in found if m.story_id in now}
    touched |= {copy.cluster_id for copy in now.values() if copy.cluster_id}
    touched |= {m.cluster_id for m in found if m.story_id in before and _has_moved(m, before[m.story_id])}
    return [m for m in found if m.cluster_id in touched or before[m.story_id].cluster_id in touched]


def _has_moved(now: Membership, before: Copy) -> bool:
    return now.cluster_id != before.cluster_id or set(now.also_from) != set(before.also_from)


def cluster_id(copy: Copy) -> str:
    """The id of the cluster that a story founds.

    >>> from datetime import UTC, datetime
    >>> rain = Copy(story_id="s1", content_hash="5f2a9c01d4e7b3a8ff", word_count=90, published_at=None,
    ...     first_seen_at=datetime(2026, 3, 5, tzinfo=UTC), on_agency_site=False)
    >>> cluster_id(rain)
    'c-5f2a9c01d4e7b3a8'
    """
    return f"c-{copy.content_hash[:16]}" if copy.word_count >= FEWEST_WORDS else f"s-{copy.story_id}"


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
        origin_evidence=before.origin_evidence,
        prints=before.prints if before.content_hash == copy.content_hash and before.prints
        else (*copy.prints, *(before.prints if keeps else ())),
    )  # fmt: skip


def _named(groups: Iterable[Sequence[Copy]], taken: set[str | None]) -> list[tuple[str, Sequence[Copy]]]:
    """Give the groups their ids: a known id goes on once, with most of those that had it."""
    groups = list(groups)
    claims = [
        (-count, known, n)
        for n, members in enumerate(groups)
        for known, count in Counter(m.cluster_id for m in members if m.cluster_id).items()
    ]
    names: dict[int, str] = {}
    given: set[str] = set()
    for _, known, n in sorted(claims):
        if n not in names and known not in given:
            names[n] = known
            given.add(known)
    for n, members in enumerate(groups):
        if n not in names:
            origin = _origin(members)
            fresh = cluster_id(origin)
            names[n] = f"s-{origin.story_id}" if fresh in taken else fresh
            taken.add(names[n])
    return sorted(((names[n], members) for n, members in enumerate(groups)), key=lambda named: named[0])


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


def evidence(origin: Copy, members: Sequence[Copy]) -> str | None:
    """What tells that a cluster is its origin's copy: the strongest of what speaks for it.

    own_site, then what names the agency (credit, copyright, dateline), then that all others are said
    to be an agency's, then time; None of a story alone that names nobody.

    >>> from datetime import UTC, datetime
    >>> seen = datetime(2026, 3, 5, tzinfo=UTC)
    >>> rain = Copy(story_id="s1", content_hash="5f", word_count=90, published_at=None, first_seen_at=seen,
    ...     on_agency_site=False)
    >>> evidence(rain, [rain]), evidence(rain, [rain, replace(rain, story_id="s2")])
    (None, 'first_seen')
    >>> evidence(replace(rain, agency="Example Wire", named_by="dateline"), [rain])
    'dateline'
    """
    if origin.on_agency_site:
        return "own_site"
    if origin.agency and origin.named_by:
        return origin.named_by
    others = [m for m in members if m.story_id != origin.story_id]
    if not others:
        return None
    if not origin.is_syndicated and all(m.is_syndicated for m in others):
        return "uncredited"
    return "first_published" if origin.published_at == origin.time[0] else "first_seen"


def _placed(cluster: str, members: Sequence[Copy], groups: Groups) -> list[Membership]:
    origin = _origin(members)
    why = evidence(origin, members)
    return [
        Membership(
            cluster_id=cluster,
            story_id=copy.story_id,
            role="origin" if copy is origin else "merged" if copy.also_from else "reprint",
            similarity=round(groups.share(copy, origin), 4),
            lag=_lag(copy, origin),
            also_from=copy.also_from,
            origin_evidence=why,
        )
        for copy in members
    ]


def _lag(copy: Copy, origin: Copy) -> timedelta | None:
    """How long after its origin; None too where it says it came first: Parquet has no negative interval."""
    if copy.published_at is None or origin.published_at is None or copy.published_at < origin.published_at:
        return None
    return copy.published_at - origin.published_at

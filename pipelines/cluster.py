"""Find which stories are the same wire copy. Pure; today by equal bodies.

A story's cluster is found from what a batch brings and what the warehouse already
knows of its story ids and bodies (`store.clustering` looks that up), so the cost
grows with the batch. Near copies (cut, with a new lede) are not found yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pipelines.records import Membership

FEWEST_WORDS = 20
"""Shorter bodies say too little: "Subscribe to read on" is in every story of some sources."""

_LATE = datetime.max.replace(tzinfo=UTC)


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

    cluster_id: str | None = None
    """Of a known story."""

    similarity: float = 1.0
    """Of a known story: as it stands in `clusters`."""


def memberships(staged: Iterable[Copy], known: Iterable[Copy]) -> list[Membership]:
    """Place every staged story, and again the known members of clusters that it joins.

    `known` must hold the staged stories that the warehouse knows, all stories with one
    of the staged bodies, and all members of their clusters.

    - A known story keeps its cluster, even when its words change.
    - A new story joins the stories that have its body; if these are in several clusters
      (they had other words once), the one whose id is least. Bodies under FEWEST_WORDS
      words join nobody.
    - A new cluster's id is made of the body's hash, so the same copy gets the same id
      whoever brings it first.

    The origin is the member on its agency's own site; else the one published first;
    else the one seen first.
    """
    before = {copy.story_id: copy for copy in known}
    now = {copy.story_id: _continued(copy, before.get(copy.story_id)) for copy in staged}
    copies = before | now
    home = _homes(copies)
    members: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies.values():
        members[home[copy.story_id]].append(copy)
    found = [m for cluster_id, group in sorted(members.items()) for m in _placed(cluster_id, group)]
    touched = {home[story_id] for story_id in now}
    return [m for m in found if m.cluster_id in touched]


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
    return Copy(
        **{f: getattr(copy, f) for f in ("story_id", "content_hash", "word_count", "on_agency_site")},
        published_at=copy.published_at or before.published_at,
        first_seen_at=min(copy.first_seen_at, before.first_seen_at),
        cluster_id=before.cluster_id,
        similarity=before.similarity,
    )


def _homes(copies: Mapping[str, Copy]) -> dict[str, str]:
    """The cluster of each story."""
    known: dict[str, str] = {}
    for copy in copies.values():
        if copy.cluster_id is not None and copy.word_count >= FEWEST_WORDS:
            known[copy.content_hash] = min(copy.cluster_id, known.get(copy.content_hash, copy.cluster_id))

    def home(copy: Copy) -> str:
        if copy.cluster_id is not None:
            return copy.cluster_id
        joins = known.get(copy.content_hash) if copy.word_count >= FEWEST_WORDS else None
        return joins or cluster_id(copy)

    return {copy.story_id: home(copy) for copy in copies.values()}


def _placed(cluster_id: str, group: list[Copy]) -> list[Membership]:
    origin = min(
        group,
        key=lambda c: (not c.on_agency_site, c.published_at or _LATE, c.first_seen_at, c.story_id),
    )
    placed = []
    for copy in group:
        lag = None
        if copy.published_at is not None and origin.published_at is not None:
            lag = copy.published_at - origin.published_at
        placed.append(
            Membership(
                cluster_id=cluster_id,
                story_id=copy.story_id,
                role="origin" if copy is origin else "reprint",
                similarity=1.0 if copy.content_hash == origin.content_hash else copy.similarity,
                lag=lag,
            )
        )
    return placed

"""Invented batches: stories that say what a test wants, staged as extract would stage them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from upath import UPath

from pipelines.ledger import Fetch, LedgerLine, Outcome, Run, Sighting
from pipelines.records import Membership, Story
from pipelines.store import batches, staging

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
FILLER = " and the rain went on over all of the town until the evening came at last"


def story(story_id: str, minute: int = 0, says: str = "rain", **fields: Any) -> Story:
    """A story seen `minute` minutes after noon, whose body says something in sixteen words or more."""
    source = fields.get("source_id", "ap")
    given = {
        "story_id": story_id,
        "source_id": source,
        "url": f"https://{source}.example/{story_id}",
        "fetched_at": NOON + timedelta(minutes=minute),
        "published_at": NOON,
        "headline": "Rain in Leeds",
        "body_text": f"It says {says}{FILLER}.",
        "word_count": 16 + len(says.split()),
        "content_hash": f"hash-of-{says.replace(' ', '-')}",
        "extractor": "press",
        "extractor_version": "1",
        "extraction_confidence": 0.9,
    }
    return Story(**(given | fields))


def batch(
    data: Path,
    name: str,
    stories: Iterable[Story] = (),
    *,
    unchanged: Mapping[str, int] | None = None,
    other: Iterable[LedgerLine] = (),
    members: Iterable[Membership] | None = None,
    fetches: Iterable[Fetch] = (),
) -> UPath:
    """Stage a batch; `unchanged` are addresses that answered 304, and how many minutes after noon.

    `members` None leaves it unclustered; `fetches` are requests beside those of the leads.
    """
    folder, source, at = UPath(data / name), name.split("/")[0], NOON
    placed, lines = [], list(other)
    for n, one in enumerate(stories):
        placed.append(dataclasses.replace(one, run_id=name, raw_ref=f"{name}/pages.warc.gz:{n}:{name}-{n}"))
        lines.append(line(name, one.url, Outcome.NEW, story=placed[-1]))
    for n, (url, minute) in enumerate((unchanged or {}).items()):
        lines.append(
            line(
                name,
                url,
                Outcome.UNCHANGED,
                http_status=304,
                fetched_at=NOON + timedelta(minutes=minute),
                n=n,
            )
        )
    staging.write(folder / batches.STORIES, Story, placed)
    staging.write(folder / batches.LEDGER, LedgerLine, lines)
    staging.write(folder / batches.FETCHES, Fetch, [*fetches, *map(fetch, lines)])
    staging.write(folder / batches.SIGHTINGS, Sighting, [sighting(one) for one in lines])
    if members is not None:
        staging.write(folder / batches.CLUSTERS, Membership, members)
    run = Run(
        run_id=name, source_id=source, kind="crawl", started_at=at, ended_at=at + timedelta(minutes=2),
        finish_reason="finished", leads=len(lines), requests=len(lines), responses=len(lines), bytes=1000,
        wirehouse_version="0",
    )  # fmt: skip
    batches.write_run(Path(str(folder / batches.RUN)), run)
    return folder


def line(
    name: str, url: str, outcome: Outcome, *, story: Story | None = None, n: int = 0, **fields: Any
) -> LedgerLine:
    given = {
        "run_id": name,
        "source_id": name.split("/")[0],
        "url": url,
        "final_url": url,
        "story_id": story.story_id if story else None,
        "outcome": outcome,
        "channel": "https://ap.example/rss",
        "channel_kind": "rss",
        "http_status": 200 if story else None,
        "found_at": NOON,
        "fetched_at": story.fetched_at if story else None,
        "raw_ref": story.raw_ref if story else f"{name}/pages.warc.gz:{1000 + n}:none-{n}",
    }
    return LedgerLine(**(given | fields))


def fetch(of: LedgerLine) -> Fetch:
    return Fetch(
        run_id=of.run_id, source_id=of.source_id, url=of.url, purpose="story", http_status=of.http_status,
        outcome="ok" if of.fetched_at else of.outcome.value, started_at=of.found_at,
    )  # fmt: skip


def sighting(of: LedgerLine) -> Sighting:
    return Sighting(
        run_id=of.run_id, source_id=of.source_id, url=of.url, channel=of.channel, channel_kind="rss",
        position=0, seen_at=of.found_at,
    )  # fmt: skip


def member(of: Story, cluster_id: str = "c-1", role: str = "origin") -> Membership:
    return Membership(
        cluster_id=cluster_id, story_id=of.story_id, role=role, similarity=1.0, lag=timedelta(minutes=3)
    )


def name(number: int, source: str = "ap") -> str:
    """The nth batch of a source.

    >>> name(2)
    'ap/20260305T120002Z-0002'
    """
    return f"{source}/{NOON + timedelta(seconds=number):%Y%m%dT%H%M%SZ}-{number:04x}"

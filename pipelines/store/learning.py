"""Teach the frontier's memory what a source's batches have learned since it was last asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upath import UPath

from pipelines import urls
from pipelines.errors import BatchError
from pipelines.page.own_address import own_address
from pipelines.records import Source
from pipelines.store import batches, state

MOST_WAITING = 100
"""Batches that nobody has read yet; of more the oldest are not looked for any longer."""


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What of a staged story the memory needs."""

    story_id: str
    canonical_url: str | None = None
    content_hash: str
    extractor_version: str
    raw_ref: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """What of a ledger's line the memory needs."""

    url: str
    raw_ref: str | None = None


def learn(data: UPath, source: Source, memory: Path) -> None:
    """Fold every batch that is not in the memory yet, and every reading of one that is.

    A new or deleted memory is made again so, from all batches that there are. What was
    read in a held batch is not believed while it is held; of a discarded one, the pages are
    asked for again.
    """
    held, discarded = batches.held(data, source.name), batches.discarded(data, source.name)
    with state.open_memory(memory) as known:
        folded = known.folded()
        for batch in batches.of_source(data, source.name, but=folded):
            known.fold(batch, _log(data / batch), source)
            if batch in discarded:  # at its place: what later batches fetched is known again
                known.unlearn(batch, _log(data / batch))
        for batch in set(discarded) & folded - known.unlearned():
            known.unlearn(batch, _log(data / batch))
        waiting = []
        for batch in known.unread():
            if batch in held:
                continue
            readings = _readings(data / batch, source)
            if readings is None:
                waiting.append(batch)
            else:
                known.fold_readings(batch, readings)
        for batch in waiting[:-MOST_WAITING]:
            known.fold_readings(batch, ())


def rescue(left: Path, memory: Path) -> None:
    """Remember what a killed crawl was told by channels and hosts: the next one may not be told again.

    Its folder is no batch and goes. A backfill's leads are left to the next backfill.
    """
    if not (left / batches.CRAWL_LOG).exists():
        return
    told = []
    with suppress(BatchError):  # the last line may be torn
        for line in batches.lines(UPath(left / batches.CRAWL_LOG)):
            if line["kind"] == "site" or (line["kind"] == "sighting" and not line.get("backfill")):
                told.append(line)
    with suppress(BatchError), state.open_memory(memory) as known:  # the disk may be full: why the crawl died
        known.announce(told)


def _log(folder: UPath) -> Iterable[Mapping[str, Any]]:
    """The crawl log; a replay, or pages read again, say nothing of what the server would answer now."""
    crawled = batches.read_run(folder).kind not in ("replay", "reread")
    return batches.lines(folder / batches.CRAWL_LOG) if crawled else ()


def _readings(folder: UPath, source: Source) -> list[state.Reading] | None:
    """What was found in a batch's pages; None while nobody has read them, or they are damaged."""
    if not (folder / batches.LEDGER).exists():
        return None
    from pipelines.store import staging  # heavy: not where nothing was read

    try:
        said = {story.raw_ref: story for story in staging.read(folder / batches.STORIES, _Said)}
        ended = list(staging.read(folder / batches.LEDGER, _Ended))
    except BatchError:
        return None
    return [_reading(line.url, said[line.raw_ref], source) for line in ended if line.raw_ref in said]


def _reading(url: str, said: _Said, source: Source) -> state.Reading:
    own = urls.canonical(said.canonical_url) if said.canonical_url else None
    believed = said.canonical_url is not None and own_address(url, [said.canonical_url]) is not None
    return state.Reading(
        url=url,
        story_id=said.story_id,
        words=f"{said.extractor_version}:{said.content_hash}",
        own_url=own if believed else None,
    )

"""Extract: read a batch's archived pages into staged stories, and end every lead.

Written last, `ledger.parquet` says that a batch is extracted. The ledger's sum is the
number of leads of the crawl log, always: a page that cannot be read is a reasoned
reject, and a page that the archive does not have is an error of the whole batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from upath import UPath

from pipelines import urls
from pipelines.errors import BatchError
from pipelines.ledger import Fetch, LedgerLine, Outcome, Sighting
from pipelines.pool import read_pages
from pipelines.records import Capture, Lead, Source, Story
from pipelines.store import archive, batches, pages, staging

LIMIT_SECONDS = 10.0
"""For one page; the slowest real ones take 2."""


def extract(
    data: UPath,
    batch: str,
    source: Source,
    processes: int,
    done: Callable[[int], None] = lambda pages: None,
) -> dict[str, int]:
    """Write the four staged files of a batch; returns the ledger's counts.

    Nobody is told of them yet: whether the batch waits to be loaded or is held, its
    findings decide (`quarantine.stage`). `done` is called with the number of pages read so
    far, for a progress bar.
    """
    reading = _Reading(data, batch, source)
    folder = reading.folder
    with pages.opened(folder):  # BatchError, and nothing touched, if a rule has deleted them
        pass
    batches.mark(data, batches.UNREAD, batch)
    batches.unmark(data, batches.WAITING, [batch])
    (folder / batches.LEDGER).unlink(missing_ok=True)  # read again, it is not extracted until it is
    staging.write(folder / batches.STORIES, Story, reading.stories(processes, done))
    missing = len(reading.leads) - len(reading.ledger)
    if missing:
        raise BatchError(f"{batch}: {missing} pages of its crawl log are not in its archive; crawl again")
    staging.write(folder / batches.SIGHTINGS, Sighting, reading.sightings())
    staging.write(folder / batches.FETCHES, Fetch, reading.fetches())
    staging.write(folder / batches.LEDGER, LedgerLine, reading.ledger)
    return dict(Counter(line.outcome.value for line in reading.ledger))


@dataclass
class _Reading:
    """One pass over a batch: what is read leaves its line in the ledger."""

    data: UPath
    batch: str
    source: Source
    ledger: list[LedgerLine] = field(default_factory=list)
    refs: dict[str, str] = field(default_factory=dict)
    """Where each archived record is, by its id: `raw_ref`."""

    def __post_init__(self) -> None:
        self.folder = batches.existing(self.data, self.batch)
        self.log = list(batches.lines(self.folder / batches.CRAWL_LOG))
        self.leads = [line for line in self.log if line["kind"] == "lead"]
        self.pages = {line["record_id"]: line for line in self.leads if line["outcome"] is None}

    def stories(self, processes: int, done: Callable[[int], None]) -> Iterator[Story]:
        by_ref: dict[str, Mapping[str, Any]] = {}
        captures = self._captures(by_ref)
        reads = read_pages(
            captures, self.source, processes=processes, limit_seconds=LIMIT_SECONDS, packed=True
        )
        for count, read in enumerate(reads, 1):
            line = self._line(by_ref.pop(read.capture_ref), read.capture_ref)
            if isinstance(read.result, Story):
                said = read.result
                self.ledger.append(replace(line, story_id=said.story_id, canonical_url=said.canonical_url))
                yield replace(read.result, run_id=self.batch)
            else:
                self.ledger.append(replace(line, outcome=read.result.outcome, reason=read.result.reason))
            done(count)
        # What ended without a page comes last: only now is it known where each answer is, and which story.
        stories = {line.url: line.story_id for line in self.ledger}
        for lead in self.leads:
            if lead["outcome"] is not None:
                line = self._line(lead, self.refs.get(lead.get("record_id") or ""))
                self.ledger.append(
                    replace(line, story_id=line.story_id or stories.get(lead.get("same_as") or ""))
                )

    def _captures(self, by_ref: dict[str, Mapping[str, Any]]) -> Iterator[Capture]:
        with pages.opened(self.folder) as file:
            for record in archive.records(file, str(self.folder / batches.PAGES)):
                ref = f"{self.batch}/{batches.PAGES}:{record.offset}:{record.digest}"
                self.refs[record.record_id] = ref
                line = self.pages.get(record.record_id)
                if line is None:
                    continue
                by_ref[ref] = line
                yield Capture(
                    url=record.url,
                    status=record.status,
                    headers=record.headers,
                    body=record.payload,  # still packed: the workers unpack it
                    fetched_at=record.fetched_at,
                    raw_ref=ref,
                    lead=as_lead(line),
                )

    def _line(self, line: Mapping[str, Any], ref: str | None) -> LedgerLine:
        """The ledger line of a lead; of a page that was read until something else is known."""
        fetched = line.get("record_id") is not None
        known = Outcome.UPDATED if line.get("known") else Outcome.NEW
        return LedgerLine(
            run_id=self.batch,
            source_id=self.source.name,
            url=line["url"],
            final_url=urls.address(line["final_url"]) if line.get("final_url") else None,
            story_id=line.get("story_id"),
            outcome=Outcome(line["outcome"]) if line["outcome"] else known,
            reason=line.get("reason"),
            channel=line["channel"],
            channel_kind="recheck" if line.get("recheck") else line["channel_kind"],
            position=line["position"],
            http_status=line.get("http_status"),
            found_at=line["found_at"],
            fetched_at=line["at"] if fetched else None,
            raw_ref=ref,
        )

    def sightings(self) -> Iterator[Sighting]:
        for line in self.log:
            if line["kind"] == "sighting":
                values = {k: v for k, v in line.items() if k in Sighting.__dataclass_fields__}
                yield Sighting(run_id=self.batch, source_id=self.source.name, **values)

    def fetches(self) -> Iterator[Fetch]:
        """Every request; one that a channel answered with something else ended badly all the same."""
        channels = {line.get("record_id"): line for line in self.log if line["kind"] == "channel"}
        for line in batches.lines(self.folder / batches.FETCH_LOG):
            said = channels.get(line["record_id"]) if line["record_id"] else None
            if said is not None and said.get("outcome"):
                line |= {"outcome": said["outcome"], "reason": said["reason"]}
            ref = self.refs.get(line.pop("record_id") or "")
            yield Fetch(run_id=self.batch, source_id=self.source.name, raw_ref=ref, **line)


def as_lead(line: Mapping[str, Any]) -> Lead:
    """The lead of a crawl log's line."""
    names = Lead.__dataclass_fields__.keys() - {"updated_at"}
    return Lead(**{name: line[name] for name in names if name in line})

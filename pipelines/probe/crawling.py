"""Crawl for a probe: the real spider, a declaration of the moment, a folder without any memory."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from upath import UPath

from pipelines import crawl_step
from pipelines.ledger import Reject
from pipelines.page import markup
from pipelines.records import Source
from pipelines.sources import load_source
from pipelines.store import archive, batches
from pipelines.store.archive import Record

DEADLINE = timedelta(minutes=5)
"""Of each of the three crawls."""

SILENT = logging.getLogger("wirehouse.probe.crawls")
"""What the crawls say: the report tells it in its own words."""
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


@dataclass
class Crawl:
    """What one of the three crawls left."""

    lines: list[dict[str, Any]]
    records: list[Record]
    batch: str
    data: UPath
    source: Source

    @property
    def channels(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == "channel"]

    def sightings(self, channel: str, *also: str) -> list[dict[str, Any]]:
        """What a channel announced; it may be known by where it was redirected to."""
        names = {channel, *also}
        return [line for line in self.lines if line["kind"] == "sighting" and line["channel"] in names]

    def leads(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == "lead"]

    def record(self, record_id: str | None) -> Record | None:
        return next((r for r in self.records if r.record_id == record_id), None) if record_id else None


@dataclass
class Looker:
    """One probe: its folder, and how its crawls behave."""

    folder: Path
    name: str
    delay: timedelta | None
    private: bool
    contact: str | None = None
    requests: int = 0
    crawls: int = 0

    def crawl(self, text: str, *, budget: int) -> Crawl:
        """Crawl what a declaration says, into a folder of its own: no memory of the crawl before."""
        self.crawls += 1
        place = self.folder / str(self.crawls)
        (place / "sources").mkdir(parents=True)
        (place / "sources" / f"{self.name}.toml").write_text(text, "utf-8")
        source = load_source(self.name, place / "sources")
        data = UPath(place / "data")
        done = crawl_step.crawl(
            data,
            source,
            sources=place / "sources",
            url_base=None,
            deadline=DEADLINE,
            stop=None,
            log=SILENT,
            budget=budget,
            contact=self.contact,
        )
        if done.run.finish_reason == "stopped":  # Ctrl-C ended the crawl, and means the probe
            raise KeyboardInterrupt
        self.requests += done.run.requests
        folder = data / done.batch
        with (folder / batches.PAGES).open("rb") as file:
            records = list(archive.records(file, batches.PAGES))
        return Crawl(list(batches.lines(folder / batches.CRAWL_LOG)), records, done.batch, data, source)


def tree_of(record: Record | None) -> markup.Tree | None:
    """The tree of an archived page; None if there is none."""
    if record is None or record.status != 200:
        return None
    text = markup.decode(body_of(record), dict(record.headers).get("content-type"))
    tree = text if isinstance(text, Reject) else markup.parse(text)
    return None if isinstance(tree, Reject) else tree


def body_of(record: Record) -> bytes:
    """The body of an archived answer; nothing where it is broken."""
    try:
        return archive.decoded(record)
    except (archive.BadBody, archive.BodyTooLarge):
        return b""

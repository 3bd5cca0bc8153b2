"""Batches: one crawl's folder `<data>/<source>/<stamp>/`, and which of them wait.

A file under its final name is whole: it is written under a temporary name first. A
batch exists once its `run.json` does, which is written last. A batch waits for the
warehouse while a marker of its name lies in `<data>/.waiting/`, so that finding
what waits costs as much as what waits, not as much as all that was ever crawled.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upath import UPath

from pipelines.errors import BatchError, UsageError
from pipelines.records import Run

PAGES = "pages.warc.gz"
CRAWL_LOG = "crawl.jsonl"
FETCH_LOG = "fetches.jsonl"
RUN = "run.json"
STORIES = "stories.parquet"
LEDGER = "ledger.parquet"
FETCHES = "fetches.parquet"
SIGHTINGS = "sightings.parquet"
CLUSTERS = "clusters.parquet"

FRONTIER = "frontier.sqlite"
"""Beside the batches of a source: `<data>/<source>/frontier.sqlite`."""

_NAME = re.compile(r"[a-z][a-z0-9_]*/\d{8}T\d{6}Z-[0-9a-f]{4}")
_WAITING = ".waiting"


def new_name(source: str, now: datetime) -> str:
    """A name that no other batch has: `demo_harbour/20260305T120000Z-3f2a`."""
    return f"{source}/{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def folder(data: UPath, batch: str) -> UPath:
    """Where a batch is; UsageError if that is no batch's name."""
    if not _NAME.fullmatch(batch):
        raise UsageError(f"{batch!r} is no batch: a batch's name is <source>/<stamp>, as `crawl` prints it")
    return data / batch


def existing(data: UPath, batch: str) -> UPath:
    """Where a batch is; BatchError if it is not there, or its crawl never ended."""
    place = folder(data, batch)
    if not (place / RUN).exists():
        raise BatchError(f"no batch {batch} under {data}: it was never crawled, or its crawl broke off")
    return place


def of_source(data: UPath, source: str) -> list[str]:
    """Names of a source's finished batches, oldest first."""
    home = data / source
    if not home.exists():
        return []
    names = (f"{source}/{p.name}" for p in home.iterdir() if not p.name.startswith("."))
    return sorted(n for n in names if _NAME.fullmatch(n) and (data / n / RUN).exists())


def mark_waiting(data: UPath, batch: str) -> None:
    """Announce that a batch is ready for the warehouse (to be called before it is)."""
    marker = data / _WAITING / batch.replace("/", "--")
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


def waiting(data: UPath) -> list[str]:
    """Batches that are extracted and not known to be loaded, oldest first."""
    markers = data / _WAITING
    if not markers.exists():
        return []
    names = (p.name.replace("--", "/") for p in markers.iterdir())
    ready = (n for n in names if _NAME.fullmatch(n) and (data / n / LEDGER).exists())
    return sorted(ready, key=lambda n: n.split("/")[1])


def mark_loaded(data: UPath, batches: Iterable[str]) -> None:
    """Take the markers of loaded batches away; that they are loaded, the warehouse knows."""
    for batch in batches:
        (data / _WAITING / batch.replace("/", "--")).unlink(missing_ok=True)


def write_run(path: Path, run: Run) -> None:
    """Write `run.json`, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(asdict(run), default=datetime.isoformat, indent=1), "utf-8")
    part.rename(path)


def read_run(batch: UPath) -> Run:
    """What `run.json` says; BatchError if it is damaged."""
    try:
        values = json.loads((batch / RUN).read_text("utf-8"))
        for name in ("started_at", "ended_at"):
            values[name] = datetime.fromisoformat(values[name])
        return Run(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BatchError(f"{batch / RUN}: damaged: {error}") from error


def lines(path: UPath) -> Iterator[dict[str, Any]]:
    """The lines of a log, times read; BatchError names file and line if one is damaged."""
    try:
        with path.open("r", encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                try:
                    line = json.loads(text)
                    yield {k: _time(k, v) for k, v in line.items()}
                except (ValueError, AttributeError) as error:
                    raise BatchError(f"{path}:{number}: damaged: {error}") from error
    except OSError as error:
        raise BatchError(f"{path}: cannot be read: {error}") from error


def _time(key: str, value: Any) -> Any:
    if isinstance(value, str) and (key == "at" or key.endswith("_at")):
        return datetime.fromisoformat(value)
    return value

"""Batches: one crawl's folder `<data>/<source>/<stamp>/`, and which of them wait.

A file under its final name is whole: it is written under a temporary name first. A
batch exists once its `run.json` does, which is written last. While a batch is to be
extracted a marker of its name lies in `<data>/.unread/`, while it is to be loaded in
`<data>/.waiting/`, while it is not to be, until somebody decides about it, in
`<data>/.held/`, while the warehouse does not know what checks found in it in
`<data>/.untold/`: so finding what waits costs as much as what waits, not as much as all
that was ever crawled. A marker may be there too early, never too late. The markers in
`<data>/.discarded/` stay.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import BatchError, UsageError
from pipelines.ledger import Run

if TYPE_CHECKING:
    from upath import UPath  # slow to import, and the spider needs only names

PAGES = "pages.warc.gz"
CRAWL_LOG = "crawl.jsonl"
FETCH_LOG = "fetches.jsonl"
RUN = "run.json"
STORIES = "stories.parquet"
LEDGER = "ledger.parquet"
FETCHES = "fetches.parquet"
SIGHTINGS = "sightings.parquet"
CLUSTERS = "clusters.parquet"
PRINTS = "prints.parquet"
FINDINGS = "findings.parquet"
MEASURES = "measures.parquet"
DISCARDED_STORIES = "discarded.parquet"
DECISION = "decision.json"
"""What somebody decided about a held batch; see `pipelines.quarantine`."""

FRONTIER = "frontier.sqlite"
"""Beside the batches of a source: `<data>/<source>/frontier.sqlite`."""

_NAME = re.compile(r"[a-z][a-z0-9_]*/\d{8}T\d{6}Z-[0-9a-f]{4}")
REHEARSALS = ".rehearsals"
"""Beside the sources: what was read again to be compared, and is not to be loaded yet."""

UNREAD = ".unread"
WAITING = ".waiting"
UNTOLD = ".untold"
HELD = ".held"
DISCARDED = ".discarded"
BUSY = (UNREAD, WAITING, UNTOLD, HELD)
"""Of batches that somebody will still read, load or decide on; `.discarded` stays for good."""


def new_name(source: str, now: datetime) -> str:
    """A name that no other batch has: `demo_harbour/20260305T120000Z-3f2a`."""
    return f"{source}/{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def is_name(text: str) -> bool:
    """Could that be a batch's name?"""
    return _NAME.fullmatch(text) is not None


def folder(data: UPath, batch: str) -> UPath:
    """Where a batch is; UsageError if that is no batch's name."""
    if not is_name(batch):
        raise UsageError(f"{batch!r} is no batch: a batch's name is <source>/<stamp>, as `crawl` prints it")
    return data / batch


def existing(data: UPath, batch: str) -> UPath:
    """Where a batch is; BatchError if it is not there, or its crawl never ended."""
    place = folder(data, batch)
    if not (place / RUN).exists():
        raise BatchError(f"no batch {batch} under {data}: it was never crawled, or its crawl broke off")
    return place


def of_source(data: UPath, source: str, but: Collection[str] = ()) -> list[str]:
    """Names of a source's finished batches, oldest first; `but` those that are known."""
    home = data / source
    if not home.exists():
        return []
    names = (f"{source}/{p.name}" for p in home.iterdir() if not p.name.startswith("."))
    new = (n for n in names if _NAME.fullmatch(n) and n not in but)
    return sorted(n for n in new if (data / n / RUN).exists())


def mark(data: UPath, kind: str, batch: str) -> None:
    """Announce that a batch is to be read (UNREAD), loaded (WAITING) or told of (UNTOLD), before it is."""
    marker = data / kind / batch.replace("/", "--")
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()


def unmark(data: UPath, kind: str, names: Iterable[str]) -> None:
    """Take the markers of batches away; where they were none, nothing happens."""
    for batch in names:
        (data / kind / batch.replace("/", "--")).unlink(missing_ok=True)


def unread(data: UPath, source: str) -> list[str]:
    """Batches of a source that were crawled and not extracted, oldest first."""
    marked = _marked(data, UNREAD)
    return [n for n in marked if n.startswith(f"{source}/") and (data / n / RUN).exists()]


def waiting(data: UPath) -> list[str]:
    """Batches that are extracted and not known to be loaded, oldest first."""
    return [n for n in _marked(data, WAITING) if (data / n / LEDGER).exists()]


def untold(data: UPath, source: str | None = None) -> list[str]:
    """Batches whose findings are not known to be in the warehouse, oldest first; of one source, or of all."""
    marked = [n for n in _marked(data, UNTOLD) if source is None or n.startswith(f"{source}/")]
    return [n for n in marked if (data / n / FINDINGS).exists()]


def marked_at(data: UPath, kind: str) -> dict[str, float]:
    """Batches that are marked, and when that was last."""
    found = {}
    for name in _marked(data, kind):
        with suppress(FileNotFoundError):  # gone meanwhile
            found[name] = (data / kind / name.replace("/", "--")).stat().st_mtime
    return found


def busy(data: UPath) -> frozenset[str]:
    """Batches that are to be read, loaded, told of or decided on."""
    return frozenset(name for kind in BUSY for name in _marked(data, kind))


def markers(data: UPath) -> Iterator[tuple[UPath, str]]:
    """Every marker of any kind, with the batch that it names."""
    for folder in data.iterdir() if data.exists() else ():
        if folder.name.startswith(".") and folder.is_dir():
            for marker in folder.iterdir():
                if _NAME.fullmatch(name := marker.name.replace("--", "/")):
                    yield marker, name


def held(data: UPath, source: str | None = None) -> list[str]:
    """Batches in quarantine, oldest first; of one source, or of all."""
    return [n for n in _marked(data, HELD) if source is None or n.startswith(f"{source}/")]


def refuse_held(data: UPath, names: Collection[str]) -> None:
    """BatchError if one of these batches is in quarantine."""
    for batch in sorted(set(names) & set(held(data))) if names else ():
        raise BatchError(f"{batch} is held: look at `wirehouse held`, then `wirehouse release {batch}`")


def discarded(data: UPath, source: str) -> list[str]:
    """Batches of a source that were discarded, oldest first."""
    return [n for n in _marked(data, DISCARDED) if n.startswith(f"{source}/")]


def _marked(data: UPath, kind: str) -> list[str]:
    markers = data / kind
    if not markers.exists():
        return []
    names = (p.name.replace("--", "/") for p in markers.iterdir())
    return sorted((n for n in names if _NAME.fullmatch(n)), key=lambda n: n.split("/")[1])


def write_run(path: Path, run: Run) -> None:
    """Write `run.json`, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(asdict(run), file, default=datetime.isoformat, indent=1)
        file.flush()
        os.fsync(file.fileno())
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

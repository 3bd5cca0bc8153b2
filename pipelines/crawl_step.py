"""Crawl: run the spider as a child, and make its folder a batch.

The child writes into `<data>/<source>/.<stamp>.part` (elsewhere, where `<data>` is
remote); only a crawl that closed its files becomes a batch. What it learned is then
folded into the frontier's memory. A crash between the two is mended by the next
crawl, which folds what was not folded yet.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from upath import UPath

from pipelines import giveway, program
from pipelines.channels.archives import Days
from pipelines.errors import CrawlFailed
from pipelines.ledger import Run
from pipelines.records import Source
from pipelines.store import batches, learning

CLOSING = timedelta(seconds=15)
"""The program's own deadline comes first; this much later it is taken for hung."""

_REASONS = {"finished": "finished", "deadline": "deadline"}


@dataclass(frozen=True)
class Crawled:
    """One finished crawl."""

    batch: str
    run: Run
    stats: dict[str, Any]


def crawl(
    data: UPath,
    source: Source,
    *,
    sources: Path | None,
    url_base: str | None,
    contact: str | None = None,
    deadline: timedelta,
    stop: threading.Event | None,
    log: logging.Logger,
    days: Days | None = None,
    budget: int | None = None,
    recrawl: Sequence[str] | None = None,
) -> Crawled:
    """Run one crawl, or with `days` a backfill, with `recrawl` one out of turn; see `steps.crawl`."""
    stop = stop or threading.Event()
    with workplace(data, source.name, backfill_stop=stop if days else None) as home:
        now = datetime.now(UTC)
        batch = batches.new_name(source.name, now)
        memory = home / batches.FRONTIER
        learning.learn(data, source, memory)
        work = home / f".{batch.split('/')[1]}.part"
        work.mkdir()
        try:
            job = {
                "source": source.name,
                "sources": str(sources) if sources else None,
                "folder": str(work),
                "memory": str(memory),
                "now": now.isoformat(),
                "url_base": url_base,
                "contact": contact,
                "deadline": deadline.total_seconds(),
                "parent": os.getpid(),
                "days": [days.since.isoformat(), days.until.isoformat(), days.zone] if days else None,
                "budget": budget,
                "recrawl": recrawl,
            }
            command = [sys.executable, "-m", "spiders", json.dumps(job)]
            ended = program.run(command, deadline=deadline + CLOSING, stop=stop, log=log)
            if ended.returncode != 0:
                raise CrawlFailed(f"crawl of {source.name}: {_why(ended)}")
            stats = ended.result.get("stats") or {}
            kind = "backfill" if days else "crawl" if recrawl is None else "recrawl"
            run = _run(batch, source, now, ended.result, kind)
            batches.write_run(work / batches.RUN, run)
            log.info(
                "%s: %s leads, %s answers, %s bytes, %s",
                batch,
                run.leads,
                run.responses,
                run.bytes,
                run.finish_reason,
            )
            batches.mark(data, batches.UNREAD, batch)
            publish(work, data / batch)
        finally:
            _clear(work, memory)
        learning.learn(data, source, memory)
        if not _is_local(data):
            (data / source.name / batches.FRONTIER).write_bytes(memory.read_bytes())
    return Crawled(batch, run, stats)


def _run(batch: str, source: Source, now: datetime, result: Mapping[str, Any], kind: str) -> Run:
    stats = result.get("stats") or {}
    return Run(
        run_id=batch,
        source_id=source.name,
        kind=kind,
        started_at=now,
        ended_at=datetime.now(UTC),
        finish_reason=_REASONS.get(str(result.get("reason")), "stopped"),
        leads=int(result.get("leads") or 0),
        requests=int(stats.get("downloader/request_count", 0)),
        responses=int(stats.get("downloader/response_count", 0)),
        bytes=int(stats.get("downloader/response_bytes", 0)),
        wirehouse_version=version("wirehouse"),
        scrapy_version=version("scrapy"),
    )


def _why(ended: program.Ended) -> str:
    """One line on why a crawl is not to be used."""
    if ended.result.get("broken"):
        return str(ended.result["broken"])
    if ended.overdue:
        return "did not end in time and was killed"
    how = f"killed by signal {-ended.returncode}" if ended.returncode < 0 else f"exit code {ended.returncode}"
    last = f"; it last said: {ended.said[-1].splitlines()[0][:200]}" if ended.said else ""
    return f"the spider ended with {how}{last}"


def publish(work: Path, target: UPath) -> None:
    """Make the folder a batch: by one rename, or by an upload that ends with `run.json`."""
    if _is_local(target):
        work.rename(str(target))
        return
    for path in sorted(work.iterdir(), key=lambda p: p.name == batches.RUN):
        (target / path.name).write_bytes(path.read_bytes())


@contextmanager
def workplace(data: UPath, name: str, *, backfill_stop: threading.Event | None = None) -> Iterator[Path]:
    """A local folder for the source's memory and unfinished work, ours alone.

    `backfill_stop` is given by a backfill: it is set when a live crawl wants the place.
    """
    if not _is_local(data):
        with tempfile.TemporaryDirectory(prefix="wirehouse-") as folder:
            kept = data / name / batches.FRONTIER
            if kept.exists():
                (Path(folder) / batches.FRONTIER).write_bytes(kept.read_bytes())
            yield Path(folder)
        return
    home = Path(data.path) / name
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / ".lock").open("a+")
    except OSError as error:
        raise CrawlFailed(
            f"{home}: cannot be written: {error.strerror}; set WIREHOUSE_HOME or WIREHOUSE_DATA"
        ) from error
    with lock:
        if not giveway.lock(home, lock, backfill=backfill_stop is not None):
            raise CrawlFailed(f"another crawl of {name} is running; wait for it to end")
        for left in home.glob(".*.part"):  # of crawls that died with their parent
            _clear(left, home / batches.FRONTIER)
        with giveway.watching(home, backfill_stop) if backfill_stop else nullcontext():
            yield home


def _clear(work: Path, memory: Path) -> None:
    """Take away a folder that did not become a batch; under the lock, so nobody writes there."""
    if work.exists():
        learning.rescue(work, memory)
        shutil.rmtree(work, ignore_errors=True)


def _is_local(place: UPath) -> bool:
    return place.protocol in ("", "file", "local")

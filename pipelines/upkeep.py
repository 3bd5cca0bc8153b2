"""Upkeep: keep years of crawling small and tidy, beside crawls, loads and readers.

    join       the pages of each day that is over become one file          (store/joining.py)
    retain     pages go that a source's `keep` no longer keeps             (store/joining.py)
    forget     the frontier keeps less of stories that are long over       (store/forgetting.py)
    sweep      what killed programs have left goes
    logs       what has grown is set aside, what is old goes
    warehouse  small files become large ones, old snapshots go             (store/warehouse.py)

Each step can be killed at any time and run again; none waits for another, and what is wrong
with one source keeps no other from being tidied.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from upath import UPath

from pipelines.crawl_step import workplace
from pipelines.errors import CheckFailed, CrawlFailed, UsageError, WirehouseError
from pipelines.places import Places, places
from pipelines.records import Source
from pipelines.sources import declared
from pipelines.store import batches, forgetting, joining, state
from pipelines.store.attach import parse_attach

log = logging.getLogger("wirehouse")

YOUNG = timedelta(days=1)
"""Nothing younger is joined or swept away: somebody may be at work on it."""

LOGS_KEPT = timedelta(days=30)
REHEARSALS_KEPT = timedelta(days=30)
LOG_LIMIT = 20_000_000
"""Bytes of a component's log."""

SCANNED = 7
"""Days of batches that are searched for what a killed step left; older ones were, when they were young."""


@dataclass
class Done:
    """What one step came to."""

    step: str
    figures: dict[str, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def add(self, **figures: int) -> None:
        for name, figure in figures.items():
            self.figures[name] = self.figures.get(name, 0) + figure


def upkeep(steps: Sequence[str] = (), *, now: datetime | None = None) -> list[Done]:
    """Do the steps named, or all, in their order; CheckFailed at the end if one met a trouble."""
    for step in steps:
        if step not in STEPS:
            raise UsageError(f"no step {step!r} of upkeep: {', '.join(STEPS)}")
    where, done = places(), []
    for step, work in STEPS.items():
        if not steps or step in steps:
            one = Done(step)
            with _noted(one, step):
                work(where, now or datetime.now(UTC), one)
            said = ", ".join(f"{figure:,} {name.replace('_', ' ')}" for name, figure in one.figures.items())
            log.info("%s: %s", step, said or "nothing to do")
            done.append(one)
    troubles = [trouble for one in done for trouble in one.troubles]
    if troubles:
        raise CheckFailed("; ".join(troubles))
    return done


def as_rows(done: Sequence[Done]) -> list[dict[str, Any]]:
    """What was done, for JSON."""
    return [asdict(one) for one in done]


def _join(where: Places, now: datetime, done: Done) -> None:
    busy = batches.busy(where.data)
    for home in _homes(where):
        with _noted(done, home.name):
            made = joining.join(home, _day(now - YOUNG), _of(busy, home), now)
            done.add(batches=made.batches, files=made.files, bytes=made.bytes)


def _retain(where: Places, now: datetime, done: Done) -> None:
    busy = batches.busy(where.data)
    known = declared(where.sources)
    for home in _homes(where):
        source = known.get(home.name)
        if isinstance(source, Source) and source.keep is not None:
            with _noted(done, home.name):
                rule = f"keep = {source.keep.total_seconds() / 86400:g}d"
                before = _day(now - source.keep)
                gone = joining.delete(home, before, _of(busy, home), rule, now)
                done.add(batches=gone.batches, bytes=gone.bytes)
                if gone.batches:
                    log.info(
                        "%s: pages of %s batches before %s deleted by %s",
                        home.name,
                        gone.batches,
                        before,
                        rule,
                    )


def _forget(where: Places, now: datetime, done: Done) -> None:
    """On a local disk alone: elsewhere nothing keeps a crawl from writing the memory meanwhile."""
    for home in _homes(where):
        memory = home / batches.FRONTIER
        if not _is_local(home) or not memory.exists():
            continue
        with _noted(done, home.name), _ours(where, home.name, done) as is_ours:
            if is_ours:
                with state.open_memory(Path(str(memory))) as known:
                    came = known.forget(now - forgetting.AFTER)
                done.add(rows=came.rows, bytes=came.bytes)


def _sweep(where: Places, now: datetime, done: Done) -> None:
    old = (now - YOUNG).timestamp()
    for marker, name in list(batches.markers(where.data)):
        if not (where.data / name / batches.RUN).exists() and _age(marker) < old:
            marker.unlink(missing_ok=True)
            done.add(markers=1)
    if not _is_local(where.data):
        return  # object storage has no half files, and no crawl works there
    for home in _homes(where):
        with _noted(done, home.name):
            if any(_age(p) < old for p in home.glob(".*.part")):
                left = {p.name for p in home.glob(".*.part")}
                with _ours(where, home.name, done):  # taking the place clears it
                    done.add(folders=sum(not (home / name).exists() for name in left))
            for path in _left_in_batches(home, now):
                if _age(path) < old:
                    path.unlink(missing_ok=True)
                    done.add(files=1)
    rehearsals = Path(str(where.data)) / batches.REHEARSALS
    spills = (p for p in Path(tempfile.gettempdir()).glob("wirehouse-*") if _age(p, os.getuid()))
    for folders, name, age in (
        (rehearsals.glob("*"), "rehearsals", REHEARSALS_KEPT),
        (spills, "temporary_folders", 2 * YOUNG),
    ):
        for folder in folders:
            if _age(folder) < (now - age).timestamp():
                shutil.rmtree(folder, ignore_errors=True)
                done.add(**{name: 1})


def _logs(where: Places, now: datetime, done: Done) -> None:
    """Components keep their log open for months, so it is copied and cut, not moved."""
    for path in sorted((where.home / "logs").glob("*.log")):
        size = path.stat().st_size
        if size > LOG_LIMIT:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)
            done.add(set_aside=1, bytes=size)
    old = (now - LOGS_KEPT).timestamp()
    tasks = where.home / "airflow" / "logs"
    for folder, _, names in os.walk(tasks, topdown=False):
        for name in names:
            path = Path(folder) / name
            if path.lstat().st_mtime < old:
                done.add(deleted=1, bytes=path.lstat().st_size)
                path.unlink(missing_ok=True)
        if Path(folder) != tasks and Path(folder).stat().st_mtime < old and not os.listdir(folder):
            Path(folder).rmdir()


def _warehouse(where: Places, now: datetime, done: Done) -> None:
    from pipelines.store import maintenance, warehouse  # heavy

    catalog = parse_attach(where.warehouse).catalog
    if catalog is None or catalog.exists():
        with warehouse.opened(where.warehouse) as connection:
            done.add(**maintenance.maintain(connection))


STEPS: Mapping[str, Callable[[Places, datetime, Done], None]] = {
    "join": _join,
    "retain": _retain,
    "forget": _forget,
    "sweep": _sweep,
    "logs": _logs,
    "warehouse": _warehouse,
}


def _homes(where: Places) -> Iterator[UPath]:
    """The folders of all sources that were ever crawled, declared or not."""
    if where.data.exists():
        yield from sorted(
            (p for p in where.data.iterdir() if p.is_dir() and not p.name.startswith(".")),
            key=lambda p: str(p.name),
        )


def _left_in_batches(home: UPath, now: datetime) -> Iterator[Path]:
    """Half files in the folders of young batches: the steps write under a temporary name first."""
    since = _day(now - SCANNED * YOUNG)
    for batch in Path(str(home)).iterdir():
        if batch.name[:8] >= since and batch.name[:1].isdigit():
            yield from (p for p in batch.iterdir() if p.name.endswith((".partial", ".part")))


def _of(busy: frozenset[str], home: UPath) -> Callable[[str], bool]:
    return lambda stamp: f"{home.name}/{stamp}" in busy


@contextmanager
def _ours(where: Places, name: str, done: Done) -> Iterator[bool]:
    """Hold a source's lock, as a backfill does: a crawl that wants it waits. False: a crawl has it."""
    try:
        with workplace(where.data, name, backfill_stop=threading.Event()):
            yield True
    except CrawlFailed as error:
        if "another crawl" not in str(error):
            raise
        done.add(left_for_tomorrow=1)
        yield False


@contextmanager
def _noted(done: Done, what: str) -> Iterator[None]:
    """What is wrong here keeps nothing else from being done."""
    try:
        yield
    except (WirehouseError, OSError) as error:
        log.error("%s of %s: %s", done.step, what, error)
        done.troubles.append(f"{done.step} of {what}: {error}")


def _age(path: Any, owner: int | None = None) -> float:
    """When it was last written; after all, if it has gone meanwhile; before all, if it is not the owner's."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return math.inf
    return 0.0 if owner not in (None, found.st_uid) else float(found.st_mtime)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%d}"


def _is_local(place: UPath) -> bool:
    return place.protocol in ("", "file", "local")

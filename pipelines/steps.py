"""The verbs: crawl, extract, cluster, load, check; and where things are.

Task names in Airflow, commands of the CLI and headings in the docs are these words. A
step reads its predecessor's files and writes only its own; all but `crawl` can be
run again with the same result.

The only module that reads the environment:

    WIREHOUSE_HOME        where everything is kept; ./var
    WIREHOUSE_DATA        batches: a folder or an fsspec URL; $WIREHOUSE_HOME/data
    WIREHOUSE_WAREHOUSE   attach string; ducklake:sqlite:$WIREHOUSE_HOME/warehouse/catalog.sqlite
    WIREHOUSE_SOURCES     a folder of your own sources; those that ship
    WIREHOUSE_PROCESSES   for extraction; one per core
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from upath import UPath

from pipelines import crawl_step
from pipelines.crawl_step import Crawled
from pipelines.errors import CheckFailed, UsageError
from pipelines.records import Finding, Severity, Source
from pipelines.sources import declared, load_source
from pipelines.store import batches

log = logging.getLogger("wirehouse")

DEADLINE = timedelta(minutes=30)


@dataclass(frozen=True)
class Places:
    """Where things are."""

    home: Path
    data: UPath
    warehouse: str
    sources: Path | None
    processes: int


def places() -> Places:
    """Read from the environment where things are."""
    home = Path(os.environ.get("WIREHOUSE_HOME") or "var").absolute()
    sources = os.environ.get("WIREHOUSE_SOURCES")
    processes = os.environ.get("WIREHOUSE_PROCESSES") or str(os.cpu_count() or 1)
    if not processes.isdigit() or int(processes) < 1:
        raise UsageError(f"WIREHOUSE_PROCESSES must be a whole number from 1, is {processes!r}")
    return Places(
        home=home,
        data=UPath(os.environ.get("WIREHOUSE_DATA") or home / "data"),
        warehouse=os.environ.get("WIREHOUSE_WAREHOUSE")
        or f"ducklake:sqlite:{home / 'warehouse' / 'catalog.sqlite'}",
        sources=Path(sources).absolute() if sources else None,
        processes=int(processes),
    )


def crawl(
    name: str,
    *,
    url_base: str | None = None,
    deadline: timedelta = DEADLINE,
    stop: threading.Event | None = None,
    log: logging.Logger = log,
) -> Crawled:
    """Crawl one source into a new batch; CrawlFailed if nothing usable came of it.

    A source whose channels do not answer is no failure of the crawl: the batch says
    so, and `check` makes it red. Setting `stop` ends it early and keeps what it has.
    """
    where = places()
    source = load_source(name, where.sources)
    return crawl_step.crawl(
        where.data, source, sources=where.sources, url_base=url_base, deadline=deadline, stop=stop, log=log
    )


def extract(batch: str, *, processes: int | None = None) -> dict[str, int]:
    """Read the pages of a batch; returns the ledger's counts by outcome.

    Earlier batches of the source that were never read (their crawl was stopped, so
    that no later task asked for them) are read too. Reading a batch again gives the
    same result.
    """
    from pipelines import extract_step  # heavy: trafilatura

    where = places()
    batches.existing(where.data, batch)
    name = batch.split("/")[0]
    source = load_source(name, where.sources)
    counts: Counter[str] = Counter()
    for one in batches.of_source(where.data, name):
        if one == batch or (one < batch and not (where.data / one / batches.LEDGER).exists()):
            counts.update(extract_step.extract(where.data, one, source, processes or where.processes))
    return dict(counts)


def cluster(names: Sequence[str] | None = None) -> list[str]:
    """Group the waiting batches' stories; returns the batches that are ready to load."""
    from pipelines.store import warehouse

    where = places()
    names = list(names) if names else batches.waiting(where.data)
    if names:
        with warehouse.opened(where.warehouse) as open_warehouse:
            warehouse.cluster_batches(open_warehouse, where.data, names)
    return names


def load(names: Sequence[str] | None = None) -> dict[str, int]:
    """Load waiting batches in one transaction; returns how many rows each table got."""
    from pipelines.store import warehouse

    where = places()
    names = list(names) if names else batches.waiting(where.data)
    with warehouse.opened(where.warehouse) as open_warehouse:
        warehouse.put_sources(open_warehouse, [s for s in declared(where.sources).values() if isinstance(s, Source)])
        counts = warehouse.load(open_warehouse, where.data, names)
    batches.mark_loaded(where.data, names)
    return counts


def check(batch: str | None = None) -> list[Finding]:
    """Check one batch, or the warehouse; CheckFailed when a finding is an error."""
    where = places()
    findings = _check_batch(where, batch) if batch else _check_warehouse(where)
    for finding in findings:
        level = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING}
        log.log(level.get(finding.severity, logging.INFO), "%s: %s", finding.check, finding.message)
    errors = [f for f in findings if f.severity is Severity.ERROR]
    if errors:
        raise CheckFailed("; ".join(f"{f.check}: {f.message} (next: {f.next_step})" for f in errors))
    return findings

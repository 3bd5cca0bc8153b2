"""Judge: hold an extracted batch against its source's promises and past; write what was found.

    staged files + earlier runs' measures ─▸ checks (pure) ─▸ measures.parquet, findings.parquet

`findings.parquet` is written last; a marker says that the warehouse does not know of it yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from pipelines import checks
from pipelines.checks.overdue import overdue
from pipelines.errors import BatchError, WarehouseError
from pipelines.ledger import Cause, Fetch, Finding, LedgerLine, Severity, Sighting
from pipelines.measures import Measures
from pipelines.places import Places
from pipelines.records import Source, Story
from pipelines.store import batches, decisions, findings, history, loaded, reading, staging, warehouse


def judge(where: Places, source: Source, batch: str) -> list[Finding]:
    """What checks find in an extracted batch, errors first; judged again, it replaces what was found.

    BatchError if it was not extracted.
    """
    folder = batches.existing(where.data, batch)
    if not (folder / batches.LEDGER).exists():
        raise BatchError(f"{batch}: not extracted yet: `wirehouse extract {batch}`")
    said = decisions.read(folder)
    if said is not None and said.decision == decisions.DISCARDED and (folder / batches.FINDINGS).exists():
        return findings.read(folder)[1]  # nobody reads its stories: what it was discarded for stands
    run, now = replace(batches.read_run(folder), run_id=batch), datetime.now(UTC)
    past, others = history.past(where.warehouse, where.data, source.name, run.started_at)
    measures, found = checks.judged(
        source,
        run,
        list(staging.read(folder / batches.LEDGER, LedgerLine)),
        list(staging.read(folder / batches.STORIES, Story)),
        list(staging.read(folder / batches.FETCHES, Fetch)),
        list(staging.read(folder / batches.SIGHTINGS, Sighting)),
        past,
        others=others,
        now=now,
    )
    if said is not None:
        measures = decisions.counted(said, measures)
        found = decisions.noted(said, found, batch)
    batches.mark(where.data, batches.UNTOLD, batch)
    staging.write(folder / batches.MEASURES, Measures, [measures])
    staging.write(folder / batches.FINDINGS, Finding, found)
    batches.mark(where.data, batches.UNTOLD, batch)  # a load may have read what was there before
    return found


def judge_warehouse(where: Places, sources: Iterable[Source]) -> list[Finding]:
    """What checks find in the warehouse, errors first; the table `findings` then says so.

    Its rows are held against each other, and the sources against the clock. Where nothing was ever
    loaded, that is noted: a new installation is not ill. Where runs were loaded that are not there any
    more, that is an error, and stays one when more is loaded.
    """
    now, before = datetime.now(UTC), loaded.known(where.data)
    try:
        contradictions = reading.check(where.warehouse, now)
    except WarehouseError as error:
        if not warehouse.is_absent(error):
            raise
        return [_lost(0, before, where, now) if before else _nothing_yet(str(error), now)]
    late = overdue(sources, history.last(where.warehouse), now)
    found = sorted([*contradictions, *late], key=lambda f: -f.severity.rank)
    with warehouse.opened(where.warehouse) as connection:
        if before and not loaded.has(connection, before):
            found = [_lost(loaded.count(connection), before, where, now), *found]
        warehouse.committed(connection, lambda: findings.stand(connection, found, now))
    return found


def _nothing_yet(said: str, now: datetime) -> Finding:
    return Finding(
        check="is_there",
        severity=Severity.NOTE,
        cause=Cause.OURS,
        source_id=None,
        run_id=None,
        message=said,
        next_step="nothing: the first publish makes it",
        found_at=now,
    )


def _lost(runs: int, before: loaded.Loaded, where: Places, now: datetime) -> Finding:
    return Finding(
        check="has_what_was_loaded",
        severity=Severity.ERROR,
        cause=Cause.OURS,
        source_id=None,
        run_id=None,
        message=f"the warehouse has {runs:,} runs, and had {before.runs:,} from {before.first} "
        f"{f'to {before.last}' if before.last else 'on'}: rows were lost, or it is another one",
        next_step="put it back from a copy, correct WIREHOUSE_WAREHOUSE, or load its batches again "
        f"(`wirehouse load BATCH…`); if you began anew on purpose, delete {where.data / loaded.LOADED}",
        evidence=f"{runs:,} of {before.runs:,}",
        found_at=now,
    )

"""Look at what a step has left behind, and count it: the I/O around `metrics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines import metrics
from pipelines.ledger import LedgerLine
from pipelines.metrics import Metric
from pipelines.places import places
from pipelines.store import batches, findings, reading, staging


def after(step: str, names: Sequence[str], result: Any, took: timedelta) -> list[Metric]:
    """The metrics of a step that ended: of the batches named, or of the warehouse.

    `result` is what it returned; None where it failed. A red `check` is counted too, from
    what judging has left; of any other step that failed there is only how long it took.
    """
    where = places()
    name = names[0] if len(names) == 1 and step in ("crawl", "extract", "check") else None
    source = name.split("/")[0] if name else None
    made = metrics.of_step(step, source, took)
    if step == "crawl" and name and result is not None:
        made += metrics.of_crawl(batches.read_run(where.data / name))
    elif step == "extract" and name and source and result is not None:
        ends = staging.read(where.data / name / batches.LEDGER, LedgerLine)
        made += metrics.of_extract(source, Counter(line.outcome.value for line in ends))
    elif step == "check" and name and source:
        made += metrics.of_check(source, findings.read(where.data / name)[1])
    elif step == "check":
        made += metrics.of_warehouse(
            reading.status(where.warehouse),
            findings.troubles(where.warehouse, where.data),
            len(batches.waiting(where.data)),
            datetime.now(UTC),
        )
    return made

"""Look at what a step has left behind, and count it: the I/O around `metrics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines import metrics
from pipelines.metrics import Metric
from pipelines.places import places
from pipelines.store import batches, findings, reading


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
    elif step == "extract" and source and isinstance(result, Mapping):
        made += metrics.of_extract(source, result)
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

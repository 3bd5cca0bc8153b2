"""A check that finds every batch suspicious, as long as a file says so: for tests of what happens then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.ledger import Cause, Finding, Severity
from pipelines.measures import Measures
from pipelines.store import batches, staging


def suspecting(judge: Callable[..., list[Finding]], when: Path) -> Callable[..., list[Finding]]:
    """The judge of `judge_step`, with one finding more that holds the batch while the file `when` is there."""

    def judged(where: Any, source: Any, batch: str) -> list[Finding]:
        found = judge(where, source, batch)
        if not when.exists():
            return found
        found = [
            *found,
            Finding(
                check="confidence_held",
                severity=Severity.ERROR,
                cause=Cause.LAYOUT_CHANGED,
                source_id=source.name,
                run_id=batch,
                message="confidence fell to 0.1",
                next_step="look at the pages",
                evidence="0.10, usual 0.93",
                holds=True,
                found_at=datetime.now(UTC),
            ),
        ]
        folder = where.data / batch
        measures = [replace(m, held=True) for m in staging.read(folder / batches.MEASURES, Measures)]
        staging.write(folder / batches.MEASURES, Measures, measures)
        staging.write(folder / batches.FINDINGS, Finding, found)
        return found

    return judged

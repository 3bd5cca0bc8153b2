"""What somebody decided about a held batch: `<batch>/decision.json`, read by all who would judge it anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from upath import UPath

from pipelines.errors import BatchError
from pipelines.ledger import Cause, Finding, Severity
from pipelines.measures import Measures
from pipelines.store import batches

RELEASED, DISCARDED = "released", "discarded"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A word about a batch, and whose it is."""

    decision: str
    """released or discarded."""
    by: str
    why: str | None
    at: datetime


def read(folder: UPath) -> Decision | None:
    """What was decided about a batch; None if nothing was, as for most."""
    path = folder / batches.DECISION
    if not path.exists():
        return None
    try:
        said = json.loads(path.read_text("utf-8"))
        return Decision(**(said | {"at": datetime.fromisoformat(said["at"])}))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BatchError(f"{path}: damaged: {error}") from error


def write(folder: UPath, said: Decision) -> None:
    put(folder / batches.DECISION, asdict(said))


def noted(said: Decision, found: Sequence[Finding], batch: str) -> list[Finding]:
    """The findings of a batch with a note of what was decided, where who looks at its history finds it."""
    causes = [finding.cause for finding in found if finding.holds]
    note = Finding(
        check="quarantine",
        severity=Severity.NOTE,
        cause=causes[0] if causes else Cause.UNKNOWN,
        source_id=batch.split("/")[0],
        run_id=batch,
        message=f"{said.decision} by {said.by}" + (f": {said.why}" if said.why else ""),
        next_step="nothing: it is decided",
        found_at=said.at,
    )
    return [*(finding for finding in found if finding.check != note.check), note]


def counted(said: Decision, measures: Measures) -> Measures:
    """What a batch measured, as the runs after it see it: what was released is usual, the rest is not."""
    released = said.decision == RELEASED
    return replace(measures, held=not released, released=released)


def put(path: UPath, values: dict[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(values, default=datetime.isoformat, indent=1), "utf-8")
    part.rename(str(path))

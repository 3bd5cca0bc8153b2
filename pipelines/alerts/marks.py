"""Note tasks that failed, so that they are told like findings: mark and unmark."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.alerts import memory
from pipelines.alerts.plan import OF_ALL, Trouble
from pipelines.ledger import Cause, Severity
from pipelines.places import places


def trouble(
    *,
    source_id: str | None,
    cause: Cause,
    severity: Severity,
    message: str,
    next_step: str,
    link: str | None = None,
) -> Trouble:
    """What a failure means, from now on; `source_id` None: it is of no single source."""
    return Trouble(
        source_id=source_id or OF_ALL,
        cause=cause,
        severity=severity,
        since=datetime.now(UTC),
        message=message,
        next_step=next_step,
        link=link,
    )


def mark(key: str, failed: Trouble) -> None:
    """Note a task that failed for good: it is told like a finding, until `unmark`."""
    memory.mark(places().data, key, failed)


def unmark(*keys: str) -> None:
    """These went well."""
    for key in keys:
        memory.unmark(places().data, key)

"""Batches of days gone by, and programs killed in the middle, for the tests of upkeep and rehearsals."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import steps
from pipelines.store import archive, batches

DAY = datetime(2026, 3, 5, 12, tzinfo=UTC)


def page_at(site: str, path: str, body: bytes, at: datetime = DAY, headers: Any = ()) -> dict[str, Any]:
    return {
        "url": f"{site}{path}", "status": 200, "reason": "OK", "protocol": "HTTP/1.1", "body": body,
        "headers": [("Content-Type", "text/html"), *headers], "fetched_at": at,
    }  # fmt: skip


def old_batch(stamp: str, pages: list[dict[str, Any]], source: str = "wire") -> str:
    """A batch of a day gone by, crawled and not extracted: a replayed WARC under an older name."""
    data = Path(steps.places().data)
    warc = data.parent / f"{stamp}.warc.gz"
    writer = archive.ArchiveWriter(warc, software="test")
    for page in pages:
        writer.add(**page)
    writer.close()
    made, name = steps.replay(warc, source), f"{source}/{stamp}"
    warc.unlink()
    batches.unmark(steps.places().data, batches.UNREAD, [made])
    batches.mark(steps.places().data, batches.UNREAD, name)
    (data / made).rename(data / name)
    run = data / name / batches.RUN
    values = json.loads(run.read_text())
    values |= {"run_id": name, "started_at": DAY.isoformat(), "ended_at": DAY.isoformat()}
    run.write_text(json.dumps(values))
    return name


def killed_at(step: int, work: Callable[[], object], ops: Mapping[str, Any]) -> bool:
    """Do the work in a process that is killed just before the step-th of these operations; was it?

    `ops` are functions to count, by name, with the object that has them: `{"rename": Path}`.
    """
    child = os.fork()
    if child == 0:
        left = [step]
        for name, owner in ops.items():
            real = getattr(owner, name)

            def counted(*given: Any, real: Any = real, **more: Any) -> Any:
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return real(*given, **more)

            setattr(owner, name, counted)
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed by itself"
    return False

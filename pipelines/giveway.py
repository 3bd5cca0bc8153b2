"""Let a backfill give way to a live crawl of the same source.

Both hold the source's lock, since a site is asked by one crawler at a time. A live crawl
that finds a backfill at work leaves a note beside the lock; the backfill sees it within
half a second, closes its files, keeps what it has and goes. What it leaves, the next
backfill of the same days takes up.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PATIENCE = 30.0
"""Seconds that a live crawl waits for a backfill to close its files."""

_NOTE = ".wanted"
_BACKFILL = "backfill"


def lock(home: Path, file: IO[str], *, backfill: bool) -> bool:
    """Take a source's lock; False if another crawl has it, and is no backfill that gives way."""
    ends = time.monotonic() + PATIENCE
    note = home / _NOTE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if backfill or _holder(file) != _BACKFILL or time.monotonic() > ends:
                return False
            note.touch()
            time.sleep(0.1)
            continue
        note.unlink(missing_ok=True)
        file.seek(0)
        file.truncate()
        file.write(_BACKFILL if backfill else "")
        file.flush()
        return True


@contextlib.contextmanager
def watching(home: Path, stop: threading.Event) -> Iterator[None]:
    """Set `stop` as soon as a live crawl wants the lock, while the block runs."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            if (home / _NOTE).exists():
                stop.set()
                return

    thread = threading.Thread(target=watch, name="give way", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read()

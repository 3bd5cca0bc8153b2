"""Keep the warehouse open between questions: opening takes longer than most answers.

For a server that is asked all day. Every question still sees the latest load: a DuckLake is
read as it stands when the question begins.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from pipelines.errors import UsageError
from pipelines.store.attach import parse_attach
from pipelines.store.warehouse import Connection, opened, speaking

OPEN_FOR = 300.0
"""Seconds after which it is opened anew: its catalog may have been moved, and another stand there."""


class KeptOpen:
    """A warehouse that is open, read only, for all threads of a process.

    After an error it is opened anew for the next question, so that one that was away and is back,
    or was made meanwhile, is found.
    """

    def __init__(self, attach: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._attach, self._clock = attach, clock
        self._target = parse_attach(attach)
        self._lock = threading.Lock()
        self._open: _Opened | None = None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the caller's own, for as long as the block runs."""
        with self._lock:
            if self._open is not None and self._clock() > self._open.until:
                self._open.leave()
                self._open = None
            if self._open is None:
                self._open = _Opened(opened(self._attach, read_only=True), self._clock() + OPEN_FOR)
            lent = self._open
            lent.lent += 1
        cursor: Connection | None = None
        try:
            with speaking(self._target):
                cursor = lent.connection.cursor()
                cursor.execute("USE wh; SET TimeZone = 'UTC'")
                yield cursor
        except UsageError:
            raise  # the question was wrong, not the warehouse
        except BaseException:
            with self._lock:
                if self._open is lent:
                    self._open = None
                    lent.leave()
            raise
        finally:
            if cursor is not None:
                cursor.close()
            with self._lock:
                lent.give_back()

    def close(self) -> None:
        """Close it once nobody asks any more."""
        with self._lock:
            if self._open is not None:
                self._open.leave()
                self._open = None


class _Opened:
    """One opening; it is closed by the last who has it, once it was left."""

    def __init__(self, entered: AbstractContextManager[Connection], until: float) -> None:
        self.connection = entered.__enter__()
        self.until = until
        self.lent = 0
        self._entered = entered
        self._left = False

    def leave(self) -> None:
        self._left = True
        self._close_if_last()

    def give_back(self) -> None:
        self.lent -= 1
        self._close_if_last()

    def _close_if_last(self) -> None:
        if self._left and not self.lent:
            with suppress(Exception):
                self._entered.__exit__(None, None, None)

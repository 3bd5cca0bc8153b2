"""Keep an answer for a while: a page that is open on ten screens asks the warehouse once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger("wirehouse.desk")

_Answer = TypeVar("_Answer")


class Kept(Generic[_Answer]):
    """The last answer of `make`, made anew in the background once it is `fresh` seconds old.

    Who asks gets the last answer at once, however old, up to `stale` seconds: then, and the first
    time, they wait for a new one. Those who wait together wait for the same. An error reaches
    those who wait; behind an answer that stands it is logged, kept as `error` until an answer is made
    again, and tried again by the next who asks.
    """

    error: Exception | None = None
    """Why the last attempt came to nothing; None if it did not."""

    def __init__(
        self,
        make: Callable[[], _Answer],
        *,
        fresh: float,
        stale: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._fresh, self._stale, self._clock = make, fresh, stale, clock
        self._making = threading.Lock()
        self._kept: tuple[float, _Answer] | None = None

    def get(self) -> _Answer:
        kept = self._kept
        if kept is None or self._age(kept) > self._stale:
            with self._making:
                if self._kept is None or self._age(self._kept) > self._stale:  # nobody made it meanwhile
                    self._renew()
                assert self._kept is not None
                return self._kept[1]
        if self._age(kept) > self._fresh:
            self.refresh()
        return kept[1]

    def age(self) -> float:
        """Seconds since the last answer was made; endless if there is none."""
        kept = self._kept
        return float("inf") if kept is None else self._age(kept)

    def refresh(self) -> threading.Thread | None:
        """Begin to make a new answer, unless somebody is at it."""
        if not self._making.acquire(blocking=False):
            return None
        thread = threading.Thread(target=self._in_background, name="desk", daemon=True)
        thread.start()
        return thread

    def _in_background(self) -> None:
        try:
            self._renew()
        except Exception as error:  # whatever it is, the next who asks tries again
            log.warning("the desk could not be brought up to date: %s", error)
        finally:
            self._making.release()

    def _renew(self) -> None:
        try:
            answer = self._make()
        except Exception as error:
            self.error = error
            raise
        self._kept = (self._clock(), answer)
        self.error = None

    def _age(self, kept: tuple[float, _Answer]) -> float:
        return self._clock() - kept[0]

"""Pool: many pages read by several processes, in order, each within its time and memory.

A page that hangs or takes its worker down costs that page alone. Pages travel in
chunks: handing over one at a time costs a quarter of the speed. Workers die with us,
whatever we die of.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import Connection, wait
from typing import Any

from pipelines.ledger import Outcome, Reject
from pipelines.program import die_with
from pipelines.records import Capture, Source, Story
from pipelines.sources import nameless
from pipelines.store.archive import BadBody, BodyTooLarge, decode

CHUNK = 16
"""Pages a worker is handed at once."""

LIMIT_BYTES = 2 * 2**30
"""Address space a worker may take; the largest honest pages need a tenth."""


@dataclass(frozen=True, slots=True)
class Read:
    """What became of one capture."""

    capture_ref: str
    """Its `raw_ref`, or its URL if it has none."""
    result: Story | Reject
    seconds: float


def read_pages(
    captures: Iterable[Capture],
    source: Source | None,
    *,
    processes: int = 1,
    limit_seconds: float = 10.0,
    packed: bool = False,
) -> Iterator[Read]:
    """Read captures in order, lazily: no more than a few chunks are taken ahead.

    `source` is that of all captures; None for saved pages of which nothing is known
    but their URLs (`sources.nameless`).

    `packed`: bodies are as received, and the workers undo their Content-Encoding: it is
    work that can be shared, and a fifth of the bytes to hand over.

    With one process, pages are read in a single worker, so that the limits hold there
    too; a caller that wants none calls `extract_page` itself. Closing the iterator
    ends the workers. An error that `extract_page` raises is a bug: it is raised here.
    """
    workers = [_Worker(source, packed) for _ in range(max(1, processes))]
    try:
        yield from _in_order(iter(captures), workers, limit_seconds)
    finally:
        for worker in workers:
            worker.end()


def _in_order(captures: Iterator[Capture], workers: list[_Worker], limit: float) -> Iterator[Read]:
    """Keep every worker busy; yield each chunk when all before it are done."""
    waiting: deque[_Chunk] = deque()
    most = 2 * len(workers) + 2
    idle = list(workers)
    while True:
        while idle and len(waiting) < most and (pages := list(islice(captures, CHUNK))):
            chunk = _Chunk(pages)
            waiting.append(chunk)
            idle.pop().take(chunk)
        full = len(waiting) >= most  # then nobody has asked whether there are more captures
        while waiting and waiting[0].done:
            yield from waiting.popleft().reads
        busy = [worker for worker in workers if worker.chunk is not None]
        if not busy:
            if not waiting and not full:
                return
            continue
        ends = min(worker.deadline(limit) for worker in busy)
        wait([w.pipe for w in busy], timeout=max(0.0, ends - time.monotonic()))
        for worker in busy:
            worker.listen(limit)
        idle = [worker for worker in workers if worker.chunk is None]


class _Chunk:
    def __init__(self, pages: list[Capture]) -> None:
        self.pages = pages
        self.reads: list[Read] = []

    @property
    def done(self) -> bool:
        return len(self.reads) == len(self.pages)

    def left(self) -> list[Capture]:
        return self.pages[len(self.reads) :]


class _Worker:
    """One child process; started when it is first needed and again after it died."""

    def __init__(self, source: Source | None, packed: bool) -> None:
        self.source = source
        self.packed = packed
        self.chunk: _Chunk | None = None
        self.started = 0.0
        self.ready = False
        self.process: Any = None
        self.pipe: Connection

    def take(self, chunk: _Chunk) -> None:
        self.chunk = chunk
        if self.process is None:
            self._start()
        self._send(chunk)

    def deadline(self, limit: float) -> float:
        return self.started + limit

    def listen(self, limit: float) -> None:
        """Take what has come; settle the page at hand if its time is over or the worker gone."""
        chunk = self.chunk
        while chunk is not None and self.chunk is chunk and self.pipe.poll():
            try:
                answer = self.pipe.recv()
            except (EOFError, OSError):
                self._lost(chunk, "memory_limit")
                return
            self._arrived(chunk, answer)
        if self.chunk is not None and time.monotonic() > self.deadline(limit):
            self._lost(self.chunk, "time_limit")

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None

    def _arrived(self, chunk: _Chunk, answer: Any) -> None:
        if answer == "ready":
            self.ready = True
            self.started = time.monotonic()
            return
        if isinstance(answer, BaseException):
            raise answer
        result, seconds = answer
        page = chunk.pages[len(chunk.reads)]
        if isinstance(result, Story):
            result = replace(result, raw_ref=page.raw_ref)
        chunk.reads.append(Read(page.raw_ref or page.url, result, seconds))
        self.started = time.monotonic()
        if chunk.done:
            self.chunk = None

    def _lost(self, chunk: _Chunk, reason: str) -> None:
        """Reject the page at hand and let a new worker read what is left of the chunk."""
        if not self.ready:  # no page's fault: rejecting the page would hide it
            raise RuntimeError("a worker that reads pages did not start; what it said stands in the log")
        page = chunk.pages[len(chunk.reads)]
        spent = time.monotonic() - self.started
        self.end()
        outcome = Reject(outcome=Outcome.REJECTED, reason=reason)
        chunk.reads.append(Read(page.raw_ref or page.url, outcome, spent))
        if chunk.done:
            self.chunk = None
        else:
            self._start()
            self._send(chunk)

    def _start(self) -> None:
        # Spawned, not forked: a task of Airflow has threads, and a fork copies their locks held.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_work, args=(theirs, self.source, self.packed, os.getpid()), daemon=True
        )
        with _may_have_children(), _without_main():
            process.start()
        theirs.close()
        self.process, self.pipe, self.ready = process, ours, False
        self.started = time.monotonic() + _START_UP

    def _send(self, chunk: _Chunk) -> None:
        if self.started < time.monotonic():
            self.started = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # `listen` finds it gone
            self.pipe.send(chunk.left())


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Keep workers from importing the program that we are part of.

    A spawned process first runs our `__main__` again. In a task of Airflow that is
    Airflow, which takes seconds to import and refuses to start where there is no database.
    """
    main = sys.modules["__main__"].__dict__
    held = {name: main.pop(name) for name in ("__file__", "__spec__") if name in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        main.update({"__spec__": None} | held)


_START_UP = 60.0
"""Seconds a new worker may take for its imports on a busy machine."""


@contextlib.contextmanager
def _may_have_children() -> Iterator[None]:
    """Let a daemonic process start workers: they die with it by signal, which `daemon` is meant to ensure."""
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # no public switch
    was = config.get("daemon", False)
    config["daemon"] = False
    try:
        yield
    finally:
        config["daemon"] = was


def _work(pipe: Connection, source: Source | None, packed: bool, parent: int) -> None:
    """Read chunks of pages until the other end is gone."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our parent, which ends us
    from pipelines.extract import extract_page  # heavy: once per worker

    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.send("ready")
        while True:
            try:
                pages = pipe.recv()
            except EOFError:
                return
            for page in pages:
                start = time.perf_counter()
                try:
                    if packed:
                        page = replace(page, body=decode(page.body, page.headers))
                    result = extract_page(page, source or nameless(page.url))
                except BadBody as error:
                    result = Reject(outcome=Outcome.BAD_CONTENT, reason=str(error))
                except BodyTooLarge as error:
                    result = Reject(outcome=Outcome.TOO_LARGE, reason=str(error))
                except MemoryError:
                    result = Reject(outcome=Outcome.REJECTED, reason="memory_limit")
                except Exception as error:
                    pipe.send(
                        RuntimeError(f"{page.url}: {type(error).__name__}: {error}").with_traceback(None)
                    )
                    return
                pipe.send((result, time.perf_counter() - start))

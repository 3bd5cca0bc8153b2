"""Does a page that misbehaves cost only itself, and does nothing outlive its parent?"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import connection
from pathlib import Path

import pytest

from pipelines import pool
from pipelines.ledger import Outcome, Reject
from pipelines.pool import read_pages
from pipelines.records import Capture, Source, Story

SOURCE = Source(name="wire", title="Wire", home="https://wire.example/")
SENTENCE = "The river rose again on Thursday, and the town council met for a third time this week. "


def page(number: int, body: bytes | None = None) -> Capture:
    text = "".join(f"<p>{SENTENCE} It was day {number} of the flood, part {part}.</p>" for part in range(6))
    return Capture(
        url=f"https://wire.example/{number}",
        status=200,
        headers=(("content-type", "text/html; charset=utf-8"),),
        body=body or f"<html><body><h1>Flood, day {number}</h1>{text}</body></html>".encode(),
        fetched_at=datetime(2026, 3, 5, tzinfo=UTC),
        raw_ref=f"ref:{number}",
    )


# Quadratic in libxml2: half a minute for one tag.
SLOW = b"<html><body><p " + b" ".join(b"a%d=1" % i for i in range(250_000)) + b">slow</p></body></html>"


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_pages(processes: int) -> None:
    reads = list(read_pages(map(page, range(37)), SOURCE, processes=processes))
    assert [read.capture_ref for read in reads] == [f"ref:{n}" for n in range(37)]
    assert all(isinstance(read.result, Story) and read.result.raw_ref == read.capture_ref for read in reads)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_page_that_hangs_is_the_only_one_lost(processes: int) -> None:
    pages = [page(n, SLOW if n == 3 else None) for n in range(12)]
    reads = list(read_pages(pages, SOURCE, processes=processes, limit_seconds=2))
    assert reads[3].result == Reject(outcome=Outcome.REJECTED, reason="time_limit")
    assert all(isinstance(read.result, Story) for n, read in enumerate(reads) if n != 3)


def test_pages_that_come_after_a_long_wait_for_one_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others read on as far as they may, and rest; all that was taken is then done at once."""
    monkeypatch.setattr(pool, "CHUNK", 1)
    pages = [page(n, SLOW if n == 0 else None) for n in range(20)]
    reads = list(read_pages(pages, SOURCE, processes=2, limit_seconds=3))
    assert [read.capture_ref for read in reads] == [f"ref:{n}" for n in range(20)]
    assert sum(isinstance(read.result, Story) for read in reads) == 19


def test_a_worker_that_is_killed_costs_one_page() -> None:
    reads = []
    source = read_pages(map(page, range(40)), SOURCE, processes=1)
    for read in source:
        reads.append(read)
        if len(reads) == 1:
            (child,) = children()
            os.kill(child, signal.SIGKILL)
    assert len(reads) == 40
    assert sum(isinstance(read.result, Reject) for read in reads) <= 1


def test_pages_are_not_taken_far_ahead() -> None:
    taken = itertools.count()

    def pages() -> Iterator[Capture]:
        while True:
            yield page(next(taken))

    reads = read_pages(pages(), SOURCE, processes=2)
    next(reads)
    assert next(taken) <= pool.CHUNK * 8
    reads.close()


def test_closing_ends_the_workers() -> None:
    reads = read_pages(map(page, range(100)), SOURCE, processes=2)
    next(reads)
    assert children()
    reads.close()
    assert not children()


def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        "import sys\n"
        "sys.path[:0] = sys.argv[1:]\n"
        "from tests.test_pool import page, children, SOURCE\n"
        "from pipelines.pool import read_pages\n"
        "if __name__ == '__main__':\n"
        "    reads = read_pages(map(page, range(10**6)), SOURCE, processes=2)\n"
        "    next(reads)\n"
        "    print(*children(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    root = str(Path(__file__).parents[1])
    parent = subprocess.Popen(
        [sys.executable, str(program), root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    descriptors = [os.pidfd_open(pid) for pid in workers]
    parent.kill()
    parent.wait()
    for (
        descriptor
    ) in descriptors:  # readable when the process is gone; the test's own time limit ends a failure
        connection.wait([descriptor])
        os.close(descriptor)
    parent.communicate()


def test_an_error_of_ours_is_raised_not_counted() -> None:
    broken = page(1)
    object.__setattr__(broken, "headers", None)
    with pytest.raises(RuntimeError, match=r"wire\.example/1"):
        list(read_pages([broken], SOURCE))


def children() -> list[int]:
    """Workers of this process (the resource tracker of `multiprocessing` is none)."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in listed if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

"""Run a program of ours as a child that cannot outlive us, and pass on what it says.

The child stands in a process group and session of its own, dies with its parent (it
calls `die_with` itself: code between fork and exec is unsafe beside threads), is asked
to stop with SIGTERM and, if it does not, killed.
Its stdout is JSON lines; those with a `level` go to the log with that level.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO, Any

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    returncode: int
    """Negative: killed by that signal."""
    stopped: bool
    """We asked it to stop."""
    overdue: bool
    """It had not ended at its deadline."""
    result: dict[str, Any] = field(default_factory=dict)
    """Its last line without a level."""
    said: tuple[str, ...] = ()
    """Its last lines, for an error message."""


def run(
    command: Sequence[str],
    *,
    deadline: timedelta,
    grace: timedelta = timedelta(seconds=4),
    stop: threading.Event | None = None,
    log: logging.Logger,
    env: dict[str, str] | None = None,
) -> Ended:
    """Run a program to its end, or to `deadline`, or until `stop` is set.

    `grace` is how long it may take to close its files after SIGTERM; Airflow's
    supervisor allows a task five seconds. Call it from the main thread: the kernel
    ties the child to the thread that started it.
    """
    stop = stop or threading.Event()
    child = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=env,
    )
    lines: queue.Queue[bytes | None] = queue.Queue()
    # A thread reads the pipe: a main thread blocked in a read would miss the stop.
    assert child.stdout is not None
    threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
    try:
        return _attend(child, lines, deadline.total_seconds(), grace.total_seconds(), stop, log)
    finally:
        _kill(child)


def _attend(
    child: subprocess.Popen[bytes],
    lines: queue.Queue[bytes | None],
    deadline: float,
    grace: float,
    stop: threading.Event,
    log: logging.Logger,
) -> Ended:
    said: deque[str] = deque(maxlen=20)
    result: dict[str, Any] = {}
    stopped = overdue = False
    end = time.monotonic() + deadline
    while True:
        try:
            line = lines.get(timeout=0.2)
            if line is None:
                break
            result = _pass_on(line, said, log) or result
        except queue.Empty:
            pass
        except KeyboardInterrupt:  # Ctrl-C: it may close its files; a second one does not wait
            if stopped:
                raise
            stop.set()
        if not stopped and (stop.is_set() or time.monotonic() > end):
            stopped, overdue = True, not stop.is_set()
            end = time.monotonic() + grace
            child.terminate()
        elif stopped and time.monotonic() > end:
            _kill(child)
    return Ended(child.wait(), stopped, overdue, result, tuple(said))


def _read(pipe: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    for line in pipe:
        lines.put(line)
    lines.put(None)


def _pass_on(line: bytes, said: deque[str], log: logging.Logger) -> dict[str, Any] | None:
    text = line.decode("utf-8", "replace").rstrip()
    try:
        record = json.loads(text)
    except ValueError:
        record = {"level": "WARNING", "logger": "stderr", "message": text}
    if not isinstance(record, dict) or "level" not in record:
        return record if isinstance(record, dict) else None
    level = logging.getLevelNamesMapping().get(record["level"], logging.WARNING)
    if level >= logging.INFO:
        said.append(str(record["message"]))
    log.log(level, "%s: %s", record.get("logger", "program"), record["message"])
    return None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and all that it started; nothing happens if it has ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def die_with(parent: int) -> None:
    """Be killed when the process `parent` ends: called by a program of ours, first of all.

    The kernel ties us to the thread that started us. Where there is no prctl (not
    Linux) nothing happens; then only `run` ends its program.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            os.kill(os.getpid(), signal.SIGKILL)

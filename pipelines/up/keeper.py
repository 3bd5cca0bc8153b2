"""Run one program so that nothing of it is left when it ends, or when we do.

`wirehouse up` starts each Airflow component through `python -m pipelines.up.keeper PARENT
GRACE PROGRAM …`: a component forks workers, workers fork tasks, tasks start crawlers, some in
sessions of their own. The keeper adopts whatever its program leaves behind (Linux calls
it a child subreaper), so it can find and end all of it:

- the program ends: what it left behind is killed, the keeper ends with its exit code;
- the keeper gets SIGTERM, or the launcher dies, even by kill -9: the program gets SIGTERM,
  and so do its busy children (Airflow's workers, which pass it on to their tasks), and
  after GRACE seconds all that is left is killed;
- the keeper itself is killed: the program gets SIGTERM by the kernel.

Where there is no prctl (not Linux), orphans are not adopted and a killed launcher is not
noticed; ordinary stops work the same.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil  # type: ignore[import-untyped]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def keep(command: list[str], grace: float) -> int:
    """Run `command` to its end, or stop it within `grace` seconds; its exit code.

    As of a shell: 128 and the signal's number for a program that a signal ended.
    """
    adopt_orphans()
    heard = _listen(signal.SIGCHLD, *_STOP)
    program = subprocess.Popen(command, preexec_fn=follow_parent)  # noqa: PLW1509 (we have one thread)
    deadline: float | None = None
    while program.poll() is None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            break
        select.select([heard], [], [], left)
        stopped = bool(set(_STOP) & _read(heard))
        bury(program.pid)
        if stopped and deadline is None:
            deadline = time.monotonic() + grace
            ask(busy(psutil.Process(program.pid).children()))
            program.terminate()
    program.kill()  # nothing happens if it has ended
    code = program.wait()
    kill_descendants()
    return code if code >= 0 else 128 - code


def adopt_orphans() -> None:
    """Become the parent of all descendants whose own parent has died."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def follow_parent() -> None:
    """Get SIGTERM when the parent dies, by whatever death."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def kill_descendants() -> None:
    """Kill everything below this process; again, while killing makes new orphans ours."""
    while left := psutil.Process().children(recursive=True):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)


def bury(spared: int) -> None:
    """Take note of the end of adopted processes, or each stays in the process table.

    `spared` is left to its own waiter.
    """
    if sys.platform != "linux":  # nothing was adopted
        return
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid == spared:
                return
            os.waitpid(ended.si_pid, 0)


def busy(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have a child at work.

    An idle worker of Airflow that dies of a signal holds the lock of the task queue for
    ever, and the scheduler waits for the others, which wait for the lock.
    """
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.children():
                found.append(process)
    return found


def ask(processes: Iterable[psutil.Process]) -> None:
    """Send SIGTERM to those that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()


def _listen(*signals: signal.Signals) -> int:
    """Have these signals written to a pipe, so that none is lost; its reading end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    return reading


def _read(heard: int) -> set[int]:
    try:
        return set(os.read(heard, 4096))
    except BlockingIOError:
        return set()


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    follow_parent()
    if os.getppid() != int(sys.argv[1]):  # the launcher died before we followed it
        sys.exit(0)
    sys.exit(keep(sys.argv[3:], grace=float(sys.argv[2])))

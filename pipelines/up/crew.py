"""The processes that `wirehouse up` runs: start each under a keeper, notice a death, stop all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import WirehouseError
from pipelines.up.keeper import adopt_orphans, kill_descendants

GRACE = 8.0
"""Seconds from the wish to stop to the kill. Airflow itself allows a task five."""

LOG_LIMIT = 20_000_000
"""Bytes; a longer log is set aside as `<name>.log.1` at the next start."""

LAST_LINES = 20
"""Of a log, shown when its process died."""


@dataclass(frozen=True)
class Member:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Crew:
    """Processes with a log each, in `<home>/logs/<name>.log`.

    Stands for all that runs: however a method ends, `stop` leaves no process. `held` is
    a file descriptor (a lock) that stays open until the last of them has ended.
    """

    def __init__(self, home: Path, held: int) -> None:
        self.logs = home / "logs"
        self.held = held
        self.members: list[Member] = []
        adopt_orphans()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Member:
        """Start a program; it outlives neither its keeper nor us."""
        log = self.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        keeper = [sys.executable, "-m", "pipelines.up.keeper", str(os.getpid()), str(GRACE)]
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*keeper, *command],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C at the terminal is for us alone
                pass_fds=[self.held],
            )
        member = Member(name, process, log)
        self.members.append(member)
        return member

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Run a program to its end; WirehouseError if that is not a good one."""
        member = self.start(name, command, env)
        member.process.wait()
        self.members.remove(member)
        if member.process.returncode != 0:
            raise _death(member)

    def check(self) -> None:
        """WirehouseError, with the end of its log, if one of them has died."""
        for member in self.members:
            if member.process.poll() is not None:
                raise _death(member)

    def stop(self) -> None:
        """Stop all: the scheduler first, since its tasks report to the API server."""
        try:
            for wave in (
                [m for m in self.members if m.name == "scheduler"],
                [m for m in self.members if m.name != "scheduler"],
            ):
                for member in wave:
                    member.process.terminate()
                until = time.monotonic() + GRACE + 2.0  # the keepers kill at GRACE
                for member in wave:
                    try:
                        member.process.wait(max(0.0, until - time.monotonic()))
                    except subprocess.TimeoutExpired:
                        continue
        finally:  # a second Ctrl-C ends the waiting, not the killing
            kill_descendants()


def _death(member: Member) -> WirehouseError:
    lines = member.log.read_text("utf-8", "replace").splitlines()[-LAST_LINES:]
    told = "\n".join(f"  {line}" for line in lines)
    return WirehouseError(
        f"{member.name} ended with exit code {member.process.returncode}; the end of {member.log}:\n{told}"
    )

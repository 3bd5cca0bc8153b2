"""Count what the processes under one cost: CPU seconds by kind, memory they really take. Linux only."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")

KINDS = (
    ("keeper", r"pipelines\.up\.keeper|wirehouse up"),
    ("api-server", r"airflow.api.server|airflow api_server"),
    ("dag-processor", r"airflow.dag.processor|DagFileProcessor"),
    ("triggerer", r"airflow.triggerer"),
    ("crawl", r"-m spiders"),
    ("task", r"airflow (worker|task)|LocalExecutor|_execute_work"),
    ("scheduler", r"airflow.scheduler"),
    ("extraction", r"multiprocessing|forkserver|spawn_main"),
)
"""What a process is, by its command line; a child that says nothing of itself is what its parent is."""


@dataclass
class Family:
    """A process and all its descendants, looked at now and then by `look`."""

    root: int
    spent: dict[tuple[int, str], tuple[str, float]] = field(default_factory=dict)
    """CPU seconds as last seen, and the kind, of every process (its pid and its start)."""

    total: float = 0.0
    """CPU seconds of all, also of those that lived between two looks: parents are told what their
    children took."""

    def look(self) -> None:
        """Note what each process has spent so far; a few milliseconds."""
        stats = {pid: stat for pid in _pids() if (stat := _stat(pid))}
        total = 0.0
        for pid in self._members(stats):
            stat = stats[pid]
            key = (pid, stat[19])
            if key not in self.spent or self.spent[key][0] in (
                "keeper",
                "other",
            ):  # before it became what it is
                self.spent[key] = (self._kind(pid, stats), 0.0)
            own = (int(stat[11]) + int(stat[12])) / TICK
            total += own + (int(stat[13]) + int(stat[14])) / TICK
            self.spent[key] = (self.spent[key][0], own)
        self.total = max(self.total, total)

    def by_kind(self) -> Counter[str]:
        """CPU seconds by kind; `unseen`: of processes that ended before they were looked at, or after."""
        found: Counter[str] = Counter()
        for kind, seconds in self.spent.values():
            found[kind] += seconds
        found["unseen"] = max(0.0, self.total - sum(found.values()))
        return found

    def memory(self) -> Counter[str]:
        """MB by kind, shared pages counted in parts (PSS), so that the sum is what is taken."""
        stats = {pid: stat for pid in _pids() if (stat := _stat(pid))}
        found: Counter[str] = Counter()
        for pid in self._members(stats):
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            if match := re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE):
                found[self._kind(pid, stats)] += int(match[1]) / 1024
        return found

    def _members(self, stats: dict[int, list[str]]) -> list[int]:
        children: dict[int, list[int]] = {}
        for pid, stat in stats.items():
            children.setdefault(int(stat[1]), []).append(pid)
        found, left = [], [self.root]
        while left:
            pid = left.pop()
            if pid in stats:
                found.append(pid)
                left += children.get(pid, [])
        return found

    def _kind(self, pid: int, stats: dict[int, list[str]]) -> str:
        while pid in stats:
            line = _command(pid)
            for kind, pattern in KINDS:
                if re.search(pattern, line):
                    return kind
            if pid == self.root:
                break
            pid = int(stats[pid][1])
        return "other"


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: [0] state, [1] parent, [11–14] ticks, [19] start."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""

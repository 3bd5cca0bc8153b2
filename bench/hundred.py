"""Does Airflow keep up with a hundred sources, each crawled every 15 minutes?

    python -m bench.hundred [--sources 100] [--minutes 35] [--every 15m] [--interval 120]

Everything as `wirehouse up` runs it, in a folder of its own: Airflow's four components, the sources, the
warehouse. The sources are sites of demo wires (six to a wire, each wire of its own seed), served by a process
of its own, which is not counted; they publish a story every `--interval` seconds a wire, are asked one page a
second (the default `delay`), and looked at again as often as a source is by default.

The first round, when all sources are new and all are due at once, is told apart. Of the intervals after it:
the runs that were due, started and done; how long after it was due a run started and ended; how long after
its publication a story was a row; CPU seconds by kind of process, as parts of what the machine's cores
have; the most memory. Other work on the machine makes runs later and takes nothing off the CPU seconds:
these say whether it can keep up.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.machine import describe
from bench.processes import Family
from pipelines.sources import duration

LOOK = 0.5
"""Seconds between two looks at what the processes have spent."""

WORK = ("task", "crawl", "extraction", "unseen")
"""Kinds of process that cost with each run; the others cost with the hours."""


@dataclass(frozen=True)
class Sample:
    at: datetime
    spent: Counter[str]
    memory: Counter[str]
    load: float


def serve(count: int, interval: float, folder: Path, every: str) -> None:
    """The sites' process: declares them in `folder`, says so, serves until it is ended."""
    from demo import Wire
    from demo import serve as serving
    from demo.sites import FIRST_PORT, SITES

    began = datetime.now(UTC).replace(microsecond=0)
    shipped = Path(__file__).parent.parent / "sources"
    made = 0
    with ExitStack() as stack:
        for seed in range(-(-count // len(SITES))):
            wire = Wire(seed=seed, epoch=began, interval=timedelta(seconds=interval))
            served = stack.enter_context(serving(wire, 0))
            for number, site in enumerate(SITES):
                if made == count:
                    break
                text = (shipped / f"demo_{site}.toml").read_text("utf-8").split("[expect]")[0]
                text = text.replace(f"http://127.0.0.1:{FIRST_PORT + number}", served.origins[site])
                lines = [x for x in text.splitlines() if not x.startswith(("every", "recheck", "delay"))]
                (folder / f"w{seed:02}_{site}.toml").write_text(
                    "\n".join([*lines, f'every = "{every}"', ""]), "utf-8"
                )
                made += 1
        print("ready", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


def watch(launcher: subprocess.Popen[bytes], until: float) -> list[Sample]:
    """Look at the processes until the time has come."""
    family, samples, next_sample = Family(launcher.pid), [], 0.0
    while time.monotonic() < until:
        if launcher.poll() is not None:
            raise SystemExit(f"`wirehouse up` ended with {launcher.returncode}")
        family.look()
        if time.monotonic() >= next_sample:
            next_sample = time.monotonic() + 15
            samples.append(Sample(datetime.now(UTC), family.by_kind(), family.memory(), os.getloadavg()[0]))
        time.sleep(LOOK)
    family.look()
    samples.append(Sample(datetime.now(UTC), family.by_kind(), family.memory(), os.getloadavg()[0]))
    return samples


def report(home: Path, samples: Sequence[Sample], count: int, every: timedelta) -> None:
    """Print what came of it; reads Airflow's database, which nobody writes any more."""
    database = sqlite3.connect(f"file:{home / 'airflow' / 'airflow.db'}?mode=ro", uri=True)
    rows = database.execute(
        "SELECT dag_id, run_after, start_date, end_date, state FROM dag_run WHERE dag_id LIKE 'crawl_%'"
    ).fetchall()
    runs = sorted((dag, *map(_instant, (due, start, end)), state) for dag, due, start, end, state in rows)
    firsts: dict[str, datetime] = {}
    for dag, due, *_ in runs:
        firsts.setdefault(dag, due)
    ended = samples[-1].at
    first = [r for r in runs if firsts[r[0]] == r[1]]
    round_one = max((r[3] or ended for r in first), default=ended)
    since = max(round_one, samples[0].at)
    print(f"\nfirst round: {len(first)} runs, all done after {_minutes(round_one - samples[0].at)}")
    if ended - since < every / 3:
        print("too little time is left after it: what follows is of the whole time, first round included")
        since = samples[0].at
    later = [r for r in runs if since <= r[1] < ended - timedelta(minutes=2)]
    _runs("runs due since then (but for the last 2 minutes)", later, ended)
    passed = (ended - since) / every
    print(
        f"  {len(later)} due in {passed:.2f} intervals: {len(later) / passed:.0f} an interval; wanted {count}"
    )
    _tasks(database, since)
    _publishes(database, since)
    done = sum(r[3] is not None and since <= r[3] for r in runs)
    _cost(samples, since, every, count, done)
    _rows(home, since)


def _runs(title: str, runs: Sequence[tuple], ended: datetime) -> None:
    states = Counter(r[4] for r in runs)
    print(f"{title}: {', '.join(f'{n} {s}' for s, n in states.most_common())}")
    _spread("  due → started, s", [(r[2] - r[1]).total_seconds() for r in runs if r[2]])
    _spread("  due → done, s", [(r[3] - r[1]).total_seconds() for r in runs if r[3]])
    late = [r for r in runs if (r[3] or ended) - r[1] > timedelta(minutes=5)]
    print(f"  not done within 5 minutes: {len(late)}")


def _tasks(database: sqlite3.Connection, since: datetime) -> None:
    found = database.execute(
        "SELECT CASE WHEN dag_id LIKE 'crawl_%' THEN 'crawl_…' ELSE dag_id END || '.' || task_id, state,"
        " queued_dttm, start_date, end_date FROM task_instance"
        " WHERE end_date >= ? AND start_date IS NOT NULL",
        (since.strftime("%Y-%m-%d %H:%M:%S"),),
    ).fetchall()
    kinds: dict[str, list[tuple[float, float]]] = {}
    states: dict[str, Counter[str]] = {}
    for name, state, queued, start, end in found:
        states.setdefault(name, Counter())[state] += 1
        if queued and start and end:
            begun = _instant(start)
            kinds.setdefault(name, []).append(
                ((begun - _instant(queued)).total_seconds(), (_instant(end) - begun).total_seconds())
            )
    print("tasks since then: median seconds queued, at work")
    for name, times in sorted(kinds.items()):
        waits, works = (statistics.median(column) for column in zip(*times, strict=True))
        said = ", ".join(f"{n} {s}" for s, n in states[name].most_common())
        print(f"  {name:<24}{waits:7.1f}{works:7.1f}   {said}")


def _publishes(database: sqlite3.Connection, since: datetime) -> None:
    found = database.execute(
        "SELECT start_date, end_date FROM dag_run WHERE dag_id = 'publish' AND start_date >= ?",
        (since.strftime("%Y-%m-%d %H:%M:%S"),),
    ).fetchall()
    lasted = [(_instant(end) - _instant(start)).total_seconds() for start, end in found if end]
    _spread(f"publish: {len(found)} runs, s", lasted)


def _cost(samples: Sequence[Sample], since: datetime, every: timedelta, count: int, done: int) -> None:
    first, last = next(s for s in samples if s.at >= since), samples[-1]
    seconds = (last.at - first.at).total_seconds()
    spent = Counter({k: last.spent[k] - first.spent[k] for k in last.spent})
    cores = os.cpu_count() or 1
    available = cores * every.total_seconds()
    per = every.total_seconds() / seconds
    print(f"CPU seconds an interval ({available:.0f} are to be had on {cores} cores), by kind")
    for kind, used in spent.most_common():
        print(f"  {kind:<16}{used * per:8.0f}")
    total = sum(spent.values()) * per
    print(f"  {'all':<16}{total:8.0f}   {total / available:.0%}")
    if done:
        work = sum(spent[kind] for kind in WORK)
        each, services = work / done, (sum(spent.values()) - work) * per
        needed = services + each * count
        print(
            f"{done} crawls ended: {each:.1f} s each with what follows it (publishing included), and "
            f"{services:.0f} s an interval for the services;\n  so {count} crawls an interval take "
            f"{needed:.0f} of {available:.0f} s: {needed / available:.0%}"
        )
    most = max(samples, key=lambda s: sum(s.memory.values()))
    parts = ", ".join(f"{k} {v:.0f}" for k, v in most.memory.most_common() if v >= 1)
    print(f"memory at most: {sum(most.memory.values()):.0f} MB ({parts})")
    loads = [s.load for s in samples if s.at >= since]
    typical = statistics.median(loads)
    print(f"load of the machine, all that ran on it: median {typical:.1f}, most {max(loads):.1f}")


def _rows(home: Path, since: datetime) -> None:
    from pipelines.store import reading

    found = (
        reading.query(
            f"ducklake:sqlite:{home / 'warehouse' / 'catalog.sqlite'}",
            "SELECT date_diff('millisecond', published_at, loaded_at) / 1000 AS lag FROM stories "
            f"WHERE published_at >= TIMESTAMPTZ '{since.isoformat()}' AND published_precision = 'second'",
        )
        .column("lag")
        .to_pylist()
    )
    _spread("published → row, s", found)
    counts = reading.query(
        f"ducklake:sqlite:{home / 'warehouse' / 'catalog.sqlite'}",
        "SELECT (SELECT count(*) FROM stories) AS stories, (SELECT count(*) FROM runs) AS runs, "
        "(SELECT sum(responses) FROM runs WHERE started_at >= "
        f"TIMESTAMPTZ '{since.isoformat()}') AS responses",
    ).to_pylist()
    print(f"warehouse: {counts[0]}")


def _spread(title: str, values: Sequence[float]) -> None:
    if not values:
        print(f"{title}: none")
        return
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    typical, worst = statistics.median(ordered), ordered[-1]
    print(f"{title}: median {typical:.0f}, 95 % {p95:.0f}, worst {worst:.0f}  ({len(ordered)})")


def _instant(text: str | None) -> datetime:
    if not text:
        return None
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:.1f} min"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=35, help="the first round included")
    parser.add_argument("--every", default="15m")
    parser.add_argument("--interval", type=float, default=120, help="seconds between two stories of a wire")
    parser.add_argument("--keep", type=Path, help="work in this folder, and leave it there")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.sources, given.interval, given.keep, given.every)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what we started is stopped
    print(describe("apache-airflow", "scrapy", "duckdb"))
    pace = f"{given.minutes:g} minutes, a story every {given.interval:g} s a wire"
    print(f"{given.sources} sources every {given.every}, {pace}")
    home = given.keep or Path(tempfile.mkdtemp(prefix="hundred"))
    (home / "own").mkdir(parents=True, exist_ok=True)
    options = ["--sources", str(given.sources), "--every", given.every, "--interval", str(given.interval)]
    sites = subprocess.Popen(
        [sys.executable, "-m", "bench.hundred", "--serve", *options, "--keep", str(home / "own")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert sites.stdout is not None
        assert sites.stdout.readline() == "ready\n"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        env = os.environ | {"WIREHOUSE_HOME": str(home), "WIREHOUSE_SOURCES": str(home / "own")}
        for name in ("WIREHOUSE_DATA", "WIREHOUSE_WAREHOUSE"):
            env.pop(name, None)
        with (home / "up.log").open("wb") as log:
            launcher = subprocess.Popen(
                [sys.executable, "-m", "pipelines.cli", "up", "--no-demo", "--port", str(port)],
                env=env,
                stdout=log,
                stderr=log,
            )
        try:
            samples = watch(launcher, time.monotonic() + given.minutes * 60)
        finally:
            launcher.terminate()
            launcher.wait()
        (home / "samples.json").write_text(
            json.dumps([[s.at.isoformat(), s.spent, s.memory, s.load] for s in samples])
        )
        report(home, samples, given.sources, duration(given.every))
    finally:
        sites.terminate()
        sites.wait()
        if not given.keep:
            shutil.rmtree(home)


if __name__ == "__main__":
    main()

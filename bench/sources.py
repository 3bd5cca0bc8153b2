"""How long does it take to read many sources, and to make their DAGs as Airflow does?

    python -m bench.sources [--sources 1000] [--rounds 3]

A source is a file of a dozen lines with a comment, a promise and a rule, as people write
them; all are switched on. Each round is a process of its own, since a DAG file is read in
one: the times are those of reading `dags/` there and of serialising the DAGs, imports left
out and told apart. Beside it: what one task reads of it, and the files that ship. Exit 1
if 1,000 take 10 seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import describe
from pipelines.up import embedded

MOST = 10.0
"""Seconds for a thousand: the scheduler's patience with one file is 30 by default."""

FILE = """# Example Wire {n}: regional agency, English, about 80 stories a day.
title = "Example Wire {n}"
home = "https://wire{n}.example/"
language = "en"
timezone = "America/New_York"
every = "15m"
feeds = ["https://wire{n}.example/world.rss", "https://wire{n}.example/sport.rss"]
sitemaps = ["https://wire{n}.example/news-sitemap.xml"]
tags = ["xx", "agency"]
deny = ["/video/", "/live/"]

[expect]
stories = {{ min = 40, max = 200 }}
filled = {{ headline = 1.0, published_at = 0.95, dateline = 0.6 }}

[[rules]]
body = "article p:not(.promo)"
"""

READ = """
import json, sys, time
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from pipelines import steps
begin = time.perf_counter()
declared = steps.declared_sources()
read = time.perf_counter()
bag = DagBag(sys.argv[1])
made = time.perf_counter()
plain = [DagSerialization.to_dict(dag) for dag in bag.dags.values()]
told = time.perf_counter()
print(json.dumps([read - begin, made - read, told - made, len(declared), len(plain), bag.import_errors]))
"""


def read(home: Path, folder: Path | None, dag_id: str | None = None) -> tuple[list[float], int, int]:
    """Seconds to read the sources, make the DAGs, serialise them, and of the process; how many of each."""
    env = embedded.environment(home, 1, os.environ) | {"WIREHOUSE_HOME": str(home)}
    env.pop("WIREHOUSE_SOURCES", None)
    env |= {"WIREHOUSE_SOURCES": str(folder)} if folder else {}
    env |= {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": dag_id} if dag_id else {}  # as Airflow's task runner sets it
    command = [sys.executable, "-c", READ, str(embedded.part("dags"))]
    begin = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    whole = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(done.stderr)
    *parts, sources, dags, errors = json.loads(done.stdout.splitlines()[-1])
    if errors:
        raise SystemExit(f"DAG files with errors: {errors}")
    return [*parts, whole], sources, dags


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(describe("apache-airflow"))
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        embedded.lay_out(Path(home))
        for n in range(given.sources):
            (Path(folder) / f"wire_{n:04}.toml").write_text(FILE.format(n=n), "utf-8")
        kinds = {
            f"all {given.sources} on": (Path(folder), None),
            "one task of them": (Path(folder), "crawl_wire_0007"),
            "those that ship": (None, None),
        }
        print(f"{'':20}  sources   DAGs   read files   make DAGs   serialise   whole process")
        worst = 0.0
        for kind, (place, dag_id) in kinds.items():
            rounds = [read(Path(home), place, dag_id) for _ in range(given.rounds)]
            times = [statistics.median(times) for times in zip(*(r[0] for r in rounds), strict=True)]
            _, sources, dags = rounds[0]
            shown = "".join(f"{seconds:8.2f} s  " for seconds in times)
            print(f"{kind:20}  {sources:7}  {dags:5}  {shown}")
            worst = max(worst, sum(times[1:3]))
    if worst > MOST * max(1, given.sources / 1000):
        print(f"too slow: {worst:.1f} s")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

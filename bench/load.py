"""How fast does the warehouse load, and how fast does it answer? Printed, never asserted.

    python -m bench.load [--quick] [--warehouse ATTACH] [--keep FOLDER]

Rows are synthetic: 4 kB bodies of sentences drawn from a pool (so that they compress
like prose), ten sources, a batch each. A load is the whole transaction: stories,
observations, ledger, sightings, fetches, clusters, runs. Loads run in a process of
their own, so that the memory printed is the loader's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from upath import UPath

from pipelines import urls
from pipelines.ledger import Fetch, LedgerLine, Outcome, Run, Sighting
from pipelines.records import Membership, Story
from pipelines.store import batches, loading, maintenance, reading, staging, warehouse

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = 10
BODY = 4_000


class Press:
    """Makes batches of invented stories; the same seed, the same stories."""

    def __init__(self, data: Path, seed: int = 7) -> None:
        self.data = data
        self.random = random.Random(seed)
        draw = self.random.choices
        words = ["".join(draw("abcdefghijklmnoprstuvw", k=self.random.randint(2, 9))) for _ in range(20_000)]
        self.pool = [" ".join(draw(words, k=16)).capitalize() + "." for _ in range(100_000)]
        self.made = 0
        self.stamps = 0

    def batch(
        self, source: str, new: int, again: Sequence[Story] = (), unchanged: Sequence[Story] = ()
    ) -> UPath:
        """Stage a batch with `new` stories, `again` with other words, and pages that had not changed."""
        self.stamps += 1
        at = START + timedelta(minutes=self.made / 50)
        name = f"{source}/{at:%Y%m%dT%H%M%S}Z-{self.stamps:04x}"
        now = at + timedelta(minutes=9)
        folder = UPath(self.data / name)
        stories = [
            *(self.story(source, name) for _ in range(new)),
            *(self.edited(s, name, now) for s in again),
        ]
        lines = [self.line(s, name, Outcome.NEW) for s in stories]
        lines += [
            dataclasses.replace(self.line(s, name, Outcome.UNCHANGED), fetched_at=at) for s in unchanged
        ]
        staging.write(folder / batches.STORIES, Story, stories)
        staging.write(folder / batches.LEDGER, LedgerLine, lines)
        staging.write(folder / batches.FETCHES, Fetch, map(_fetch, lines))
        staging.write(folder / batches.SIGHTINGS, Sighting, map(_sighting, lines))
        staging.write(folder / batches.CLUSTERS, Membership, map(_membership, stories))
        run = Run(
            run_id=name, source_id=source, kind="crawl", started_at=at, ended_at=at, finish_reason="finished",
            leads=len(lines), requests=len(lines), responses=len(lines), bytes=0, wirehouse_version="bench",
        )  # fmt: skip
        batches.write_run(Path(str(folder / batches.RUN)), run)
        return folder

    def story(self, source: str, name: str) -> Story:
        self.made += 1
        at = START + timedelta(minutes=self.made / 50)
        url = f"https://{source}.example/2026/story-{self.made}.html"
        body = self.body()
        return Story(
            story_id=urls.story_id(source, url), source_id=source, url=url, uri=f"urn:{self.made}",
            published_at=at, published_raw=at.isoformat(), published_precision="second",
            published_evidence="jsonld", published_tz_known=True, fetched_at=at + timedelta(minutes=9),
            headline=self.random.choice(self.pool)[:70], byline="By Ann Lee", authors=("Ann Lee",),
            dateline="LEEDS (Example Wire) -", located="LEEDS", credit_line="Example Wire",
            body_text=body, word_count=len(body.split()), language="en", section="World",
            keywords=("rain", "sport"), content_hash=sha256(body.encode()).hexdigest(),
            extractor="bench", extractor_version="1", extraction_confidence=0.9,
            raw_ref=f"{name}/pages.warc.gz:{self.made}:sha1-{self.made}", run_id=name,
        )  # fmt: skip

    def edited(self, story: Story, name: str, at: datetime) -> Story:
        body = story.body_text[:-100] + " " + self.random.choice(self.pool)
        ref = f"{name}/pages.warc.gz:{story.uri}:sha1-{self.stamps}"
        digest = sha256(body.encode()).hexdigest()
        said = {"body_text": body, "content_hash": digest}
        return dataclasses.replace(story, **said, fetched_at=at, raw_ref=ref, run_id=name)

    def body(self) -> str:
        text = " ".join(self.random.choices(self.pool, k=44))[:BODY]
        return text.replace(". ", ".\n\n", 12)

    def line(self, story: Story, name: str, outcome: Outcome) -> LedgerLine:
        known = None if outcome is Outcome.UNCHANGED else story.story_id
        return LedgerLine(
            run_id=name, source_id=story.source_id, url=story.url, final_url=story.url, story_id=known,
            outcome=outcome, channel=f"https://{story.source_id}.example/rss", channel_kind="rss",
            http_status=200 if known else 304, found_at=story.fetched_at, fetched_at=story.fetched_at,
            raw_ref=story.raw_ref if known else f"{name}/pages.warc.gz:{story.uri}:304",
        )  # fmt: skip


def _fetch(line: LedgerLine) -> Fetch:
    return Fetch(
        run_id=line.run_id, source_id=line.source_id, url=line.url, purpose="story", outcome="ok",
        http_status=200, content_type="text/html", bytes=18_000, seconds=0.2, started_at=line.found_at,
        raw_ref=line.raw_ref,
    )  # fmt: skip


def _sighting(line: LedgerLine) -> Sighting:
    return Sighting(
        run_id=line.run_id, source_id=line.source_id, url=line.url, channel=line.channel, channel_kind="rss",
        position=0, seen_at=line.found_at,
    )  # fmt: skip


def _membership(story: Story) -> Membership:
    cluster_id = f"c-{story.content_hash[:16]}"
    return Membership(cluster_id=cluster_id, story_id=story.story_id, role="origin", similarity=1)


def main() -> None:
    """Run the whole bench, or (`--load`) be the process that loads."""
    options = _options()
    if options.load:
        print(json.dumps(_load(options.warehouse, [UPath(p) for p in json.load(sys.stdin)], options.runs)))
        return
    with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as made:
        folder = Path(options.keep or made)
        _bench(
            folder, options.warehouse or f"ducklake:sqlite:{folder}/warehouse/catalog.sqlite", options.quick
        )


def _bench(folder: Path, attach: str, quick: bool) -> None:
    first, most = (10_000, 50_000) if quick else (100_000, 1_000_000)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB"
    _print("machine", f"{machine}, Python {platform.python_version()}")
    _print("versions", ", ".join(f"{n} {metadata.version(n)}" for n in ("duckdb", "pyarrow")))
    press = Press(folder / "data")
    took = _in_child(attach, [_round(press, first)])
    _print(f"load {first:,} stories of {BODY / 1000:.0f} kB", _said(took))
    while press.made < most:
        took = _in_child(attach, [_round(press, first)])
        _print(f"  … now {press.made:,}", _said(took))
    took = _in_child(attach, list(_small(press, 7)))
    _print(f"50 rows into {press.made:,}", _said(took))
    _print("size on disk / raw bodies", f"{_size(folder / 'warehouse') / (press.made * BODY):.0%}")
    for name, sql in _QUESTIONS.items():
        _print(name, f"{_median(lambda sql=sql: reading.query(attach, sql)):.2f} s")
    environment = os.environ | {"WIREHOUSE_HOME": str(folder), "WIREHOUSE_WAREHOUSE": attach}
    for command in (["status"], ["sql", "SELECT source_id, count(*) FROM stories GROUP BY 1"]):
        call = [sys.executable, "-m", "pipelines.cli", *command]
        ask = partial(subprocess.run, call, env=environment, check=True, stdout=subprocess.DEVNULL)
        _print(f"wirehouse {command[0]}, with start-up", f"{_median(ask):.2f} s")
    started = time.perf_counter()
    with warehouse.opened(attach) as connection:
        maintenance.maintain(connection)
    _print("maintain", f"{time.perf_counter() - started:.1f} s")
    took = _in_child(attach, list(_small(press, 5)))
    _print("50 rows after it", _said(took))


_QUESTIONS = {
    "stories by day and source": "SELECT source_id, published_at::DATE, count(*) FROM stories GROUP BY ALL",
    "latest 100 of a source": "FROM stories WHERE source_id = 's3' ORDER BY published_at DESC LIMIT 100",
    "one story by its id": "FROM stories WHERE story_id = '0123456789abcdef0123'",
    "one story by its address": "FROM stories WHERE url = 'https://s3.example/2026/story-4.html'",
}


def _said(took: dict) -> str:
    """The figures of a child that loaded; its first load of several warms up and does not count."""
    seconds = took["seconds"][1:] or took["seconds"]
    times = f"{statistics.median(seconds):.2f} s"
    if len(seconds) > 1:
        times = (
            f"median of {len(seconds)}: {times}, worst {max(seconds):.2f} s, opening {took['opening']:.2f} s"
        )
    return f"{times}, {took['peak_mb']:.0f} MB at most"


def _round(press: Press, stories: int) -> list[UPath]:
    return [press.batch(f"s{n}", stories // SOURCES) for n in range(SOURCES)]


def _small(press: Press, runs: int) -> Iterator[list[UPath]]:
    """Each 50 rows of one source: 25 new stories, 10 edited ones, 15 that had not changed."""
    with_edits: list[Story] = []
    for _ in range(runs + 1):
        folder = press.batch("s3", 25, with_edits[:10], with_edits[10:])
        with_edits = list(staging.read(folder / batches.STORIES, Story))[:25]
        yield [folder]


def _in_child(attach: str, runs: list[list[UPath]]) -> dict:
    call = [sys.executable, "-m", "bench.load", "--load", "--warehouse", attach, "--runs", str(len(runs))]
    paths = json.dumps([str(path) for run in runs for path in run])
    done = subprocess.run(call, input=paths, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def _load(attach: str, folders: list[UPath], runs: int) -> dict:
    opening = time.perf_counter()
    seconds = []
    with warehouse.opened(attach) as connection:
        opening = time.perf_counter() - opening
        each = len(folders) // runs
        for n in range(0, len(folders), each):
            started = time.perf_counter()
            loading.load(connection, folders[n : n + each])
            seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"opening": opening, "seconds": seconds, "peak_mb": peak}


def _median(call, times: int = 5) -> float:
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _print(name: str, value: str) -> None:
    print(f"{name:34} {value}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--warehouse", help="attach string; default: a new DuckLake")
    parser.add_argument("--keep", help="folder that is kept")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""What does it cost to cluster a batch, and does that grow with the warehouse? Printed, never asserted.

    python -m bench.clusters [--stories 1000000] [--batch 1000] [--keep FOLDER]

The warehouse is filled with stories of an invented language (words as frequent as Zipf says, a tenth of each
text of stock phrases) with their prints and clusters, but without bodies, which clustering never reads there.
Half of a batch are reprints of stories from all over the warehouse: cut, with a new lede, with local
paragraphs. `cluster` is the step as `wirehouse cluster` runs it, opening and files included, in a process
of its own; so the memory printed is its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from upath import UPath

from bench import machine
from pipelines.ledger import LedgerLine, Run
from pipelines.prints import KEYS, PARAGRAPH, printed, runs_of
from pipelines.records import Story
from pipelines.store import batches, clustering, staging, warehouse
from pipelines.store.clustering import story_key

BLOCK, LENGTH, PARAGRAPHS = 1_000, 600, 12
FIELDS = staging.schema(Story)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Tongue:
    """An invented language, whose texts are drawn a block at a time; the same block, the same texts."""

    def __init__(self) -> None:
        chance = np.random.default_rng(7)
        letters = np.array(list("aeiourstnldmkpbgvh"))
        self.words = ["".join(chance.choice(letters, 2 + n % 9 + n // 12_000)) for n in range(40_000)]
        self.codes = np.array([printed(word).marked[0] for word in self.words], np.uint16)
        weight = 1 / (np.arange(len(self.words)) + 3)
        self.cumulated = np.cumsum(weight) / weight.sum()
        self.phrases = self._drawn(chance, (2_000, 10))

    def _drawn(self, chance: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        return np.searchsorted(self.cumulated, chance.random(shape)).astype(np.int32)

    def block(self, number: int) -> np.ndarray:
        """BLOCK texts of LENGTH words, as numbers of words."""
        chance = np.random.default_rng((7, number))
        texts = self._drawn(chance, (BLOCK, LENGTH))
        for place in range(0, LENGTH, 100):  # a stock phrase in every hundred words
            texts[:, place : place + 10] = self.phrases[chance.integers(0, len(self.phrases), BLOCK)]
        return texts

    def text(self, words: np.ndarray) -> str:
        parts = np.array_split(words, max(1, len(words) * PARAGRAPHS // LENGTH))
        return "\n\n".join(" ".join(self.words[n] for n in part) for part in parts)


def fill(attach: str, tongue: Tongue, first: int, last: int) -> float:
    """Put the blocks from `first` up to `last` into the warehouse; seconds."""
    started = time.perf_counter()
    with warehouse.opened(attach) as connection:
        for start in range(first, last, 50):
            tables = [_rows(tongue, n) for n in range(start, min(last, start + 50))]
            with warehouse.transaction(connection):
                for name, made in zip(
                    ("stories", "clusters", "prints"), zip(*tables, strict=True), strict=True
                ):
                    connection.register("made", pa.concat_tables(made))
                    connection.execute(f"INSERT INTO {name} BY NAME FROM made")
                    connection.unregister("made")
    return time.perf_counter() - started


def _rows(tongue: Tongue, number: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    texts = tongue.block(number)
    ids = [_story_id(number, n) for n in range(BLOCK)]
    hashes = [hashlib.sha256(one.encode()).hexdigest() for one in ids]
    at = [START + timedelta(seconds=20 * (number * BLOCK + n)) for n in range(BLOCK)]
    marked = np.insert(tongue.codes[texts], range(50, LENGTH, 50), PARAGRAPH, axis=1)
    keys = np.sort(runs_of((tongue.codes[texts] & 0x3FFF).astype(np.int64)), axis=1)[:, :KEYS]
    stories = pa.table({
        "story_id": ids, "version": pa.array([1] * BLOCK, pa.int32()),
        "source_id": [f"s{n % 10}" for n in range(BLOCK)],
        "url": [f"https://s.example/{one}" for one in ids], "pub_status": ["usable"] * BLOCK,
        "first_seen_at": at, "last_seen_at": at, "fetched_at": at, "loaded_at": at, "valid_from": at,
        "published_at": at, "authors": [[]] * BLOCK, "info_sources": [[]] * BLOCK, "keywords": [[]] * BLOCK,
        "genres": [[]] * BLOCK, "body_text": [""] * BLOCK, "word_count": [LENGTH] * BLOCK,
        "is_truncated": [False] * BLOCK, "content_hash": hashes,
        "cluster_id": [f"c-{h[:16]}" for h in hashes],
        "extractor": ["bench"] * BLOCK, "extractor_version": ["1"] * BLOCK,
        "extraction_confidence": [1.0] * BLOCK,
        "run_id": ["bench/1"] * BLOCK, "fingerprint": ["0"] * BLOCK, "change_kind": ["new"] * BLOCK,
        **{n: pa.array([[]] * BLOCK, FIELDS.field(n).type) for n in ("subjects", "published_candidates")},
        "date_flags": pa.array([[]] * BLOCK, pa.list_(pa.string())),
    })  # fmt: skip
    clusters = pa.table({
        "cluster_id": [f"c-{h[:16]}" for h in hashes], "story_id": ids, "role": ["origin"] * BLOCK,
        "similarity": [1.0] * BLOCK, "also_from": pa.array([[]] * BLOCK, pa.list_(pa.string())),
        "run_id": ["bench/1"] * BLOCK,
    })  # fmt: skip
    prints = pa.table({
        "story_id": ids, "story_key": [story_key(one) for one in ids], "content_hash": hashes, "seen_at": at,
        "keys": pa.array(list(keys.astype(np.int32)), pa.list_(pa.int32())),
        "words": pa.array([row.tobytes() for row in marked], pa.binary()), "run_id": ["bench/1"] * BLOCK,
    })  # fmt: skip
    return stories, clusters, prints


def _story_id(block: int, number: int) -> str:
    return hashlib.sha256(f"{block}:{number}".encode()).hexdigest()[:20]


def batch(folder: Path, tongue: Tongue, blocks: int, size: int, number: int) -> UPath:
    """Stage a batch: half of it new stories, half reprints of stories out of twenty blocks."""
    chance = np.random.default_rng((9, blocks, number))
    new = tongue.block(10_000_000 + number)
    local = tongue.block(20_000_000 + number)
    old = np.concatenate([tongue.block(int(n))[:: BLOCK // 50] for n in chance.integers(0, blocks, 20)])
    at = START + timedelta(seconds=20 * blocks * BLOCK)
    name = f"bench/{at:%Y%m%dT%H%M%SZ}-{number:04x}"
    stories = []
    for n in range(size):
        words = new[n % BLOCK]
        if n % 2:
            keep = int(LENGTH * chance.choice((0.3, 0.6, 1)))
            words = np.concatenate(
                (local[n % BLOCK][:60], old[n % len(old)][30:keep], local[n % BLOCK][60:120])
            )
        text = tongue.text(words)
        stories.append(
            Story(
                story_id=hashlib.sha256(f"{name}:{n}".encode()).hexdigest()[:20], source_id="bench",
                url=f"https://bench.example/{number}/{n}", fetched_at=at, body_text=text,
                word_count=len(words), content_hash=hashlib.sha256(text.encode()).hexdigest(),
                extractor="bench", extractor_version="1", extraction_confidence=1.0,
                raw_ref=f"{name}/pages.warc.gz:{n}:x", run_id=name,
            )
        )  # fmt: skip
    made = UPath(folder / "data" / name)
    staging.write(made / batches.STORIES, Story, stories)
    staging.write(made / batches.LEDGER, LedgerLine, [])
    run = Run(
        run_id=name, source_id="bench", kind="replay", started_at=at, ended_at=at, finish_reason="finished",
        leads=0, requests=0, responses=0, bytes=0, wirehouse_version="bench",
    )  # fmt: skip
    batches.write_run(Path(str(made / batches.RUN)), run)
    return made


def _cluster(attach: str, folder: str) -> None:
    """Cluster one batch, and say what it took: for a process of its own."""
    started, busy = time.perf_counter(), time.process_time()
    with warehouse.opened(attach) as connection:
        clustering.cluster_batches(connection, [UPath(folder)])
    took, busy = time.perf_counter() - started, time.process_time() - busy
    joined = sum(
        m.role == "reprint" for m in staging.read(UPath(folder) / batches.CLUSTERS, clustering.Membership)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "busy": busy, "peak_mb": peak, "reprints": joined}))


def _measured(attach: str, made: Iterator[UPath]) -> tuple[float, str]:
    """The middle one of several batches, each in a process of its own: its seconds, and all in words."""
    found = []
    for one in made:
        call = [sys.executable, "-m", "bench.clusters", "--warehouse", attach, "--cluster", str(one)]
        found.append(json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout))
    middle = sorted(found, key=lambda f: f["seconds"])[len(found) // 2]
    worst = max(f["seconds"] for f in found)
    return middle["seconds"], (
        f"{middle['seconds']:6.2f} s (worst {worst:.2f}), {middle['busy']:.2f} s of processors, "
        f"{max(f['peak_mb'] for f in found):4.0f} MB, {middle['reprints']} reprints found"
    )


def main() -> None:
    options = _options()
    if options.cluster:
        _cluster(options.warehouse, options.cluster)
        return
    print(machine.describe("duckdb", "numpy"))
    tongue = Tongue()
    with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as made:
        folder = Path(options.keep or made)
        attach = f"ducklake:sqlite:{folder}/warehouse/catalog.sqlite"
        filled = 0
        took_for: dict[int, list[tuple[int, float]]] = {}
        for stories in sorted({options.stories // 10, options.stories // 2, options.stories}):
            took = fill(attach, tongue, filled, stories // BLOCK)
            filled = stories // BLOCK
            print(f"{stories:,} stories in the warehouse (filled in {took:.0f} s)", flush=True)
            for size in sorted({50, options.batch}):
                given = (batch(folder, tongue, filled, size, number) for number in range(size, size + 3))
                seconds, told = _measured(attach, given)
                took_for.setdefault(size, []).append((stories, seconds))
                print(f"  cluster {size:5,} stories {told}", flush=True)
        for size, points in took_for.items():
            slope, start = np.polyfit(*zip(*points, strict=True), 1)
            print(
                f"cluster {size:,} stories: {start:.1f} s, and {slope * 1e6:.1f} s a million stories of the "
                f"year around; at 10,000,000, {start + slope * 1e7:.0f} s on paper ({len(points)} points)"
            )
        size = sum(p.stat().st_size for p in (folder / "warehouse").rglob("prints/*") if p.is_file())
        print(f"prints on disk: {size / filled / BLOCK:.0f} bytes a story of {LENGTH} words")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stories", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, help="folder that is kept")
    parser.add_argument("--warehouse", help=argparse.SUPPRESS)
    parser.add_argument("--cluster", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

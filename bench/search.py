"""How fast are stories found by their words, and what does the index cost? Printed, never asserted.

    python -m bench.search [--stories 1000000] [--keep FOLDER] [--warehouse ATTACH]

Texts of 2 kB whose words are as unevenly frequent as those of a language (Zipf), from a vocabulary of
200,000. The index grows with the warehouse, 50,000 stories at a time, then by 1,000 new and 100 changed
ones. A search is the whole of it: the warehouse is opened, asked what is new, and asked what may still be
shown. With --keep, what is there already is not made again.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.machine import describe
from pipelines.search import finding, following
from pipelines.search.choosing import Choice
from pipelines.store import warehouse

WORDS = 200_000
EACH = 370
"""Words of a text: 2 kB."""

PORTION = 50_000

_TIMES = ("published_at", "first_seen_at", "last_seen_at", "fetched_at", "loaded_at", "valid_from")

_GIVEN = {
    "story_id": "story_id", "version": "1", "source_id": "'s' || (k % 20)",
    "url": "'https://s.example/' || k",
    "pub_status": "'usable'", "headline": "headline", "body_text": "body_text", "word_count": str(EACH),
    "is_truncated": "false", "language": "'en'", "content_hash": "md5(body_text)",
    "fingerprint": "substr(md5(body_text), 1, 16)", "extractor": "'bench'", "extractor_version": "'1'",
    "extraction_confidence": "0.9", "run_id": "'s/1'", "change_kind": "'new'",
} | dict.fromkeys(_TIMES, "TIMESTAMPTZ '2026-01-01 00:00:00Z' + to_seconds(k)")  # fmt: skip


class Press:
    """Makes texts; the same seed, the same texts."""

    def __init__(self, seed: int = 7) -> None:
        draw = random.Random(seed)
        known: dict[str, None] = {}
        while len(known) < WORDS:
            long = 1 + int(abs(draw.gauss(0, 1)) * 3) + (len(known) > 50) * 2
            known["".join(draw.choices("etaoinshrdlucmfwypvbgk", k=long))] = None
        self.words = np.array(list(known), dtype=object)
        share = 1 / (np.arange(1, WORDS + 1) + 2.7)
        self.upto = np.cumsum(share / share.sum())
        self.random = np.random.default_rng(seed)

    def texts(self, count: int) -> Iterator[str]:
        for start in range(0, count, 2_000):
            drawn = self.random.random((min(2_000, count - start), EACH))
            for row in np.searchsorted(self.upto, drawn):
                yield " ".join(self.words[row])


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="folder that is kept")
    parser.add_argument("--warehouse", help="attach string; a new DuckLake in the folder")
    options = parser.parse_args()
    print(describe("duckdb", "tantivy"))
    with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as made:
        folder = options.keep or Path(made)
        attach = options.warehouse or f"ducklake:sqlite:{folder}/catalog.sqlite"
        _bench(attach, folder, options.stories)


def _bench(attach: str, folder: Path, stories: int) -> None:
    press = Press()
    at, common, rare = following.place(attach, folder), press.words[3], press.words[40_000]
    while (there := _count(attach)) < stories:
        with warehouse.opened(attach) as connection:
            _insert(connection, press, there, min(PORTION, stories - there))
        _say(f"search after {there:,} have become {_count(attach):,}", _seconds(attach, folder, rare))
    with warehouse.opened(attach, read_only=True) as connection:
        raw = warehouse.one(connection, "SELECT sum(strlen(body_text)) FROM stories")
    _say("index / raw bodies", f"{_size(at) / 1e6:,.0f} MB, {_size(at) / raw:.0%}")
    with warehouse.opened(attach) as connection:
        _insert(connection, press, stories, 1_000)
        connection.execute(
            "UPDATE stories SET body_text = 'changed ' || body_text, version = version + 1, "
            "fingerprint = substr(md5('changed ' || body_text), 1, 16) WHERE url LIKE '%77' "
            "AND word_count = ? AND published_at < TIMESTAMPTZ '2026-01-01 02:46:40Z'",
            [EACH],
        )
    _say("search after 1,000 new and 100 changed", _seconds(attach, folder, rare))
    two, three = press.words[200], press.words[900]
    for name, text in {
        "a rare word": rare,
        "a word that a fifth of them have": press.words[500],
        "two words that nearly all have": f"{common} {press.words[5]}",
        "either of two common words": f"{common} OR {press.words[60]}",
        "two of middling frequency": f"{two} {three}",
        "a phrase of common words": f'"{press.words[1]} {press.words[2]}"',
        "a phrase of middling words": f'"{two} {press.words[201]}"',
        "one without the other": f"{two} NOT {press.words[60]}",
        "a prefix of five letters": f"{rare[:5]}*",
        "a prefix of one letter": "e*",
        "a phrase with a prefix": f'"{two} {three[:3]}*"',
    }.items():
        took = [_seconds_of(attach, folder, text) for _ in range(5)]
        _say(f"{name} ({text})", f"median {statistics.median(took):.2f} s, worst {max(took):.2f} s")
    started = time.perf_counter()
    finding.find(attach, folder, two, Choice(sources=("s3",)))
    _say("… of one source", f"{time.perf_counter() - started:.2f} s")


def _count(attach: str) -> int:
    with warehouse.opened(attach) as connection:
        return warehouse.one(connection, "SELECT count(*) FROM stories")


def _insert(connection: warehouse.Connection, press: Press, first: int, count: int) -> None:
    texts = list(press.texts(count))
    ids = list(range(first, first + count))
    keys = [sha256(str(n).encode()).hexdigest()[:20] for n in ids]
    rows = {"k": ids, "story_id": keys, "headline": [t[:60] for t in texts], "body_text": texts}
    connection.register("made", pa.table(rows))
    given = dict(_GIVEN)
    for name, kind, *_ in connection.execute("DESCRIBE stories").fetchall():
        if kind.endswith("[]"):
            given[name] = "[]"
    said = ", ".join(f"{value} AS {name}" for name, value in given.items())
    connection.execute(f"INSERT INTO stories BY NAME SELECT {said} FROM made")
    connection.unregister("made")


def _seconds(attach: str, folder: Path, text: str) -> str:
    return f"{_seconds_of(attach, folder, text):.2f} s"


def _seconds_of(attach: str, folder: Path, text: str) -> float:
    started = time.perf_counter()
    finding.find(attach, folder, text)
    return time.perf_counter() - started


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _say(name: str, value: str) -> None:
    print(f"{name:60} {value}", flush=True)


if __name__ == "__main__":
    main()

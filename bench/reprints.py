"""How well are reprints found? A corpus with its truth goes through the warehouse, batch by batch.

    python -m bench.reprints [--stories 4000] [--seeds 5] [--batches 4] [--pages DEVSET]

Printed are the mean and the worst seed. Recall counts pairs of one wire; `of a wire's pairs`
those that share three tenths of the origin's runs of three words, the rest the pairs of an origin
and its reprint, by how that was made (`bench/edits.py`). Precision counts all pairs of stories in one
cluster; traps, how many pairs of stories that only look alike were joined (`bench/newsroom.py`). Beside
it what resemblance alone finds: clusters by the share of common runs of three words, of the same corpus.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from upath import UPath

from bench import machine
from bench.edits import Text
from bench.newsroom import AGENCIES, OUTLETS, Filed, Newsroom
from pipelines.copies import candidates
from pipelines.ledger import LedgerLine, Outcome, Run
from pipelines.page.words import words
from pipelines.prints import printed
from pipelines.records import Capture, Story
from pipelines.sources import nameless
from pipelines.store import batches, clustering, loading, staging, warehouse

Rates = dict[str, tuple[float, float]]
"""What was measured: hits, of how many."""

_TRAPS = ("roundup", "same event", "template", "boilerplate", "same background", "short")


def main() -> None:
    options = _options()
    pages = list(_pages(options.pages)) if options.pages else []
    print(machine.describe("duckdb", "numpy"))
    print(f"{options.seeds} seeds, {options.stories} stories each, {len(pages)} pages read\n")
    found = []
    for seed in range(options.first, options.first + options.seeds):
        corpus = Newsroom(seed, pages).corpus(options.stories)
        started = time.perf_counter()
        placed = in_warehouse(corpus, options.batches)
        print(f"seed {seed}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
        found.append(score(corpus, placed))
        if options.plain:
            for least in (0.7, 0.5, 0.3):
                plain = score(corpus, by_resemblance(corpus, least))
                found[-1] |= {
                    f"resemblance {least}: {n}": plain[n] for n in ("precision", "recall of a wire's pairs")
                }
    _print(found)


def in_warehouse(corpus: Sequence[Filed], parts: int) -> dict[str, dict]:
    """Where each story belongs, as the table `clusters` has it after so many loads."""
    with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as made:
        folder = Path(made)
        with warehouse.opened(f"ducklake:sqlite:{folder}/warehouse/catalog.sqlite") as connection:
            loading.load(connection, [], [*AGENCIES, *OUTLETS])
            step = -(-len(corpus) // parts)
            for n in range(0, len(corpus), step):
                batch = _batch(folder / "data", n, [f.story for f in corpus[n : n + step]])
                clustering.cluster_batches(connection, [batch])
                loading.load(connection, [batch])
            rows = connection.execute("SELECT story_id, cluster_id, role, also_from FROM clusters").fetchall()
    return {row[0]: dict(zip(("cluster_id", "role", "also_from"), row[1:], strict=True)) for row in rows}


def _batch(data: Path, number: int, stories: Sequence[Story]) -> UPath:
    at = stories[-1].fetched_at
    name = f"corpus/{at:%Y%m%dT%H%M%SZ}-{number % 65_536:04x}"
    folder = UPath(data / name)
    made = [
        dataclasses.replace(s, run_id=name, raw_ref=f"{name}/pages.warc.gz:{n}:x")
        for n, s in enumerate(stories)
    ]
    lines = [
        LedgerLine(run_id=name, source_id=s.source_id, url=s.url, final_url=s.url, story_id=s.story_id,
                   outcome=Outcome.NEW, channel="bench", channel_kind="replay", found_at=s.fetched_at,
                   fetched_at=s.fetched_at, raw_ref=s.raw_ref)
        for s in made
    ]  # fmt: skip
    staging.write(folder / batches.STORIES, Story, made)
    staging.write(folder / batches.LEDGER, LedgerLine, lines)
    run = Run(
        run_id=name, source_id="corpus", kind="replay", started_at=at, ended_at=at, finish_reason="finished",
        leads=len(lines), requests=0, responses=0, bytes=0, wirehouse_version="bench",
    )  # fmt: skip
    batches.write_run(Path(str(folder / batches.RUN)), run)
    return folder


def by_resemblance(corpus: Sequence[Filed], least: float) -> dict[str, dict]:
    """What MinHash estimates, worked out exactly: joined if so great a share of all runs is in both."""
    runs = {f.story.story_id: _runs(f.story) for f in corpus}
    holders: dict[int, list[str]] = defaultdict(list)
    for f in corpus:
        for key in printed(f.story.body_text).keys.tolist():
            holders[key].append(f.story.story_id)
    parent = {story_id: story_id for story_id in runs}

    def root(x: str) -> str:
        while parent[x] != x:
            parent[x] = x = parent[parent[x]]
        return x

    for a, b in candidates({k: v for k, v in holders.items() if len(v) <= 200}, set(runs)):
        if len(runs[a] & runs[b]) >= least * len(runs[a] | runs[b]):
            parent[root(a)] = root(b)
    return {i: {"cluster_id": root(i), "role": "", "also_from": []} for i in runs}


def score(corpus: Sequence[Filed], placed: Mapping[str, Mapping]) -> Rates:
    """Compare clusters with the truth."""
    home = {f.story.story_id: placed[f.story.story_id]["cluster_id"] for f in corpus}
    together: dict[str, list[Filed]] = defaultdict(list)
    family: dict[int, list[Filed]] = defaultdict(list)
    look_alike: dict[int, list[Filed]] = defaultdict(list)
    for f in corpus:
        together[home[f.story.story_id]].append(f)
        for wire in f.wires if len(f.wires) == 1 else ():
            family[wire].append(f)
        if f.trap is not None:
            look_alike[f.trap].append(f)
    tally: dict[str, list[float]] = defaultdict(lambda: [0, 0])

    def count(name: str, hit: bool) -> None:
        tally[name][0] += hit
        tally[name][1] += 1

    for members in together.values():
        for a, b in combinations(members, 2):
            count("precision", bool(set(a.wires) & set(b.wires)))
    for members in family.values():
        _recall(members, home, count)
        origin = next((f for f in members if f.is_origin), None)
        if origin and len(together[home[origin.story.story_id]]) > 1:
            count("origin named rightly", placed[origin.story.story_id]["role"] == "origin")
    for members in look_alike.values():
        kind = next(k for k in _TRAPS if any(k == f.edit for f in members))
        for a, b in combinations(members, 2):
            if not set(a.wires) & set(b.wires) and (kind != "roundup" or kind in (a.edit, b.edit)):
                count(f"joined: {kind}", home[a.story.story_id] == home[b.story.story_id])
    wires_of = {f.story.story_id: f.wires for f in corpus}
    for f in corpus:
        if f.edit == "merged":
            here = placed[f.story.story_id]
            homes = [{home[x.story.story_id] for x in family[w]} for w in f.wires]
            named = {w for i in here["also_from"] for w in wires_of[i]}
            count("merged: with one of its wires", any(here["cluster_id"] in h for h in homes))
            count("merged: wires bridged", bool(homes[0] & homes[1]))
            count(
                "merged: both named",
                all(here["cluster_id"] in h or w in named for h, w in zip(homes, f.wires, strict=True)),
            )
    return {name: (hit, of) for name, (hit, of) in tally.items()}


def _recall(members: Sequence[Filed], home: Mapping[str, str], count) -> None:
    origin = next((f for f in members if f.is_origin), None)
    if origin is None:
        return
    whole = _runs(origin.story)
    for a, b in combinations(members, 2):
        found = home[a.story.story_id] == home[b.story.story_id]
        if len(_runs(a.story) & _runs(b.story)) >= 0.3 * len(whole):
            count("recall of a wire's pairs", found)
        if origin in (a, b):
            count(f"recall: {(b if a is origin else a).edit}", found)


def _runs(story: Story) -> set[tuple[str, str, str]]:
    found = words(story.body_text)
    return set(zip(found, found[1:], found[2:], strict=False))


def _pages(folder: Path) -> Iterable[Text]:
    """The bodies that our extractor reads in saved pages, as paragraphs."""
    from datetime import UTC, datetime

    from pipelines import extract

    for page in json.loads((folder / "truth.json").read_text("utf-8")):
        at = datetime(2026, 1, 1, tzinfo=UTC)
        body = gzip.decompress((folder / page["file"]).read_bytes())
        read = extract.extract_page(
            Capture(
                url=page["url"],
                status=200,
                headers=(("content-type", "text/html"),),
                body=body,
                fetched_at=at,
            ),
            nameless(page["url"]),
        )
        if isinstance(read, Story):
            yield read.body_text.split("\n\n")


def _print(found: Sequence[Rates]) -> None:
    names = dict.fromkeys(name for one in found for name in one)
    print(f"{'':44} {'mean':>8} {'worst':>8} {'pairs':>8}")
    for name in sorted(names, key=lambda n: (not n.startswith("prec"), n)):
        rates = [hit / of for hit, of in (one[name] for one in found if name in one)]
        worse_is_more = name.startswith("joined") or name.endswith("bridged")
        worst = max(rates) if worse_is_more else min(rates)
        pairs = sum(one[name][1] for one in found if name in one)
        print(f"{name:44} {sum(rates) / len(rates):8.4f} {worst:8.4f} {pairs:8}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stories", type=int, default=4_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--pages", type=Path, help="a development set: truth.json and pages")
    parser.add_argument("--plain", action="store_true", help="measure resemblance alone too")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How fast does the default warehouse answer an analyst, at one million stories and at ten?

    python -m bench.analyst [--stories 1000000,10000000] [--keep FOLDER] [--views]

Printed, never asserted. `bench.lake` fills it, with what stands beside each story (observation, cluster,
ledger, sighting, fetch). Each question is asked in a process of its own: `first` is its first answer there,
opening the warehouse not counted, `again` the median of five more. `processor` is what the first took of the
processors: on a machine that others use too the clock says little. Then three batches of a thousand staged
stories are loaded, while four other processes ask. With --keep what was filled before is filled on:
stop and start again as you like.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from upath import UPath

from bench import lake, machine
from bench.load import Press as Batches
from pipelines.store import loading, reading, warehouse

READERS = 4


def questions(attach: str) -> dict[str, str]:
    """What is asked: of stories that are there, drawn from all of the time."""
    with warehouse.opened(attach, read_only=True) as connection:
        sample = (
            "SELECT story_id, url FROM stories WHERE source_id = 's077' AND hash(story_id) % 97 = 5 LIMIT 1"
        )
        story_id, url = connection.execute(sample).fetchone() or ("", "")
    return {
        "counts by day and source": (
            "SELECT source_id, published_at::DATE AS day, count(*) FROM stories GROUP BY ALL"
        ),
        "one story by its id": f"show {story_id}",
        "one story by its address": f"show {url}",
        "the same in SQL: by its id": f"FROM stories WHERE story_id = '{story_id}'",
        "the same in SQL: by its address": f"FROM stories WHERE url = '{url}'",
        "latest 100 of a source": (
            "FROM stories WHERE source_id = 's050' ORDER BY published_at DESC LIMIT 100"
        ),
    }


def main() -> None:
    options = _options()
    if options.ask:
        print(json.dumps(_ask(options.attach, options.ask)))
    elif options.load:
        print(json.dumps(_load(options.attach, options.load)))
    elif options.read:
        print(json.dumps(_read(options.attach, Path(options.read))))
    else:
        print(machine.describe("duckdb", "pyarrow"))
        with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as made:
            folder = Path(options.keep or made)
            found = {}
            for stories in map(int, options.stories.split(",")):
                found[stories] = _measured(folder, stories, options.views)
            _slopes(found)


def _measured(folder: Path, stories: int, views: bool) -> dict[str, float]:
    attach = f"ducklake:sqlite:{folder}/warehouse/catalog.sqlite"
    _fill(attach, stories)
    print(f"\n{stories:,} stories; first / again / processor, in seconds")
    found = {}
    for name, sql in questions(attach).items():
        found[name] = _print(name, _child(attach, "--ask", sql))
    if views:
        with warehouse.opened(attach, read_only=True) as connection:
            named = (
                "SELECT view_name FROM duckdb_views() WHERE database_name = 'wh' AND NOT internal ORDER BY 1"
            )
            names = [row[0] for row in connection.execute(named).fetchall()]
        for name in names:
            found[name] = _print(
                f"view {name}", _child(attach, "--ask", f"SELECT count(COLUMNS(*)) FROM {name}")
            )
    print(_loaded(folder, attach))
    _sizes(folder, stories)
    return found


def _fill(attach: str, stories: int) -> None:
    with warehouse.opened(attach) as connection:
        there = warehouse.one(connection, "SELECT count(*) FROM stories") // lake.FILE * lake.FILE
    press = lake.Press()
    while there < stories:
        started = time.perf_counter()
        upto = min(stories, there + lake.FILE)
        lake.fill(attach, press, there, upto)
        there = upto
        print(
            f"{there:,} stories, these in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True
        )


def _loaded(folder: Path, attach: str) -> str:
    """Load batches of a thousand stories while readers ask; what it took, and what they met."""
    batches = Batches(folder / "data", seed=time.time_ns())
    batches.made = time.time_ns() % 10**9  # addresses that were never seen
    staged = [str(batches.batch(f"s{n:03d}", 1_000)) for n in range(3)]
    stop = folder / "stop"
    stop.unlink(missing_ok=True)
    readers = [
        subprocess.Popen(_call(attach, "--read", str(stop)), stdout=subprocess.PIPE, text=True)
        for _ in range(READERS)
    ]
    alone = _child(attach, "--load", json.dumps(staged[:1]))
    beside = _child(attach, "--load", json.dumps(staged[1:]))
    stop.touch()
    told = [json.loads(reader.communicate()[0]) for reader in readers]
    answers, errors = sum(t["answers"] for t in told), [e for t in told for e in t["errors"]]
    seconds = alone["seconds"] + beside["seconds"]
    return (
        f"load of 1,000 stories beside {READERS} readers: {', '.join(f'{s:.2f}' for s in seconds)} s "
        f"({statistics.median(alone['busy'] + beside['busy']):.2f} s of processors); "
        f"their {answers} answers, {len(errors)} errors {errors[:1] or ''}"
    )


def _sizes(folder: Path, stories: int) -> None:
    files = folder / "warehouse" / "catalog.sqlite.files" / "main"
    sizes = {t.name: sum(p.stat().st_size for p in t.rglob("*.parquet")) for t in files.iterdir()}
    catalog = (folder / "warehouse" / "catalog.sqlite").stat().st_size
    attach = f"ducklake:sqlite:{folder}/warehouse/catalog.sqlite"
    with warehouse.opened(attach, read_only=True) as connection:
        raw = warehouse.one(connection, "SELECT avg(strlen(body_text)) FROM stories WHERE source_id = 's050'")
    raw *= stories
    print(
        f"bodies {raw / stories:.0f} bytes each; table stories {sizes['stories'] / raw:.1%} of that, "
        f"all tables {sum(sizes.values()) / raw:.1%}, catalog {catalog / 2**20:.1f} MB"
    )


def _slopes(found: dict[int, dict[str, float]]) -> None:
    if len(found) < 2:
        return
    least, most = min(found), max(found)
    print(
        f"\ntimes of {least:,} at {most:,} stories ({most / least:.0f} times as many), of the answers again"
    )
    for name, seconds in found[least].items():
        print(f"{name:34} {found[most].get(name, 0) / seconds:5.1f}")


def _ask(attach: str, sql: str) -> dict[str, float]:
    with warehouse.opened(attach, read_only=True) as connection:
        seconds = []
        for trial in range(6):
            started, busy = time.perf_counter(), time.process_time()
            rows = _answer(connection, sql)
            seconds.append(time.perf_counter() - started)
            if not trial:
                first_busy = time.process_time() - busy
    return {"first": seconds[0], "again": statistics.median(seconds[1:]), "busy": first_busy, "rows": rows}


def _answer(connection: warehouse.Connection, asked: str) -> int:
    """Rows of the answer to a question, or (`show …`) of what `wirehouse show` looks up."""
    what, _, story = asked.partition(" ")
    if what == "show":
        return len(reading.versions_in(connection, story))
    return int(connection.execute(asked).to_arrow_table().num_rows)


def _load(attach: str, folders: str) -> dict[str, list[float]]:
    seconds, processors = [], []
    for folder in json.loads(folders):
        started, busy = time.perf_counter(), time.process_time()
        with warehouse.opened(attach) as connection:
            loading.load(connection, [UPath(folder)])
        seconds.append(time.perf_counter() - started)
        processors.append(time.process_time() - busy)
    return {"seconds": seconds, "busy": processors}


def _read(attach: str, stop: Path) -> dict[str, object]:
    answers, errors = 0, []
    asked = list(questions(attach).values())
    while not stop.exists():
        try:
            with warehouse.opened(attach, read_only=True) as connection:
                _answer(connection, asked[answers % len(asked)])
            answers += 1
        except Exception as error:
            errors.append(str(error)[:300])
    return {"answers": answers, "errors": errors}


def _call(attach: str, option: str, value: str) -> list[str]:
    return [sys.executable, "-m", "bench.analyst", "--attach", attach, option, value]


def _child(attach: str, option: str, value: str) -> dict:
    done = subprocess.run(_call(attach, option, value), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def _print(name: str, found: dict[str, float]) -> float:
    print(
        f"{name:34} {found['first']:6.2f} {found['again']:6.2f} {found['busy']:6.2f}  {found['rows']:,} rows",
        flush=True,
    )
    return found["again"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stories", default="1000000,10000000", help="how many, in steps")
    parser.add_argument("--keep", type=Path, help="folder that is kept")
    parser.add_argument("--views", action="store_true", help="ask each view for all it has, too")
    for hidden in ("--attach", "--ask", "--load", "--read"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

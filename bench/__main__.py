"""Run every part, each in a process of its own: `make bench`, `make bench ARGS="--devset DIR --score DIR"`.

Without a development set (pages with their truth and a scorer, which are not ours to
publish) extraction's quality is left out, and its speed is measured on invented pages.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devset", type=Path, help="folder with truth.json and pages")
    parser.add_argument("--score", type=Path, help="folder with score.py")
    parser.add_argument("--quick", action="store_true", help="smaller and rougher")
    given = parser.parse_args()
    devset = ["--devset", str(given.devset)] if given.devset else []
    parts = {
        "crawl": [
            "-m",
            "bench.crawl",
            *(["--pages", "200", "--rounds", "1"] if given.quick else ["--pages", "800"]),
        ],
        "pool": ["-m", "bench.pool", *devset, *(["--rounds", "1"] if given.quick else [])],
        "frontier": [
            "-m",
            "bench.frontier",
            *(["--known", "100000", "--rounds", "1"] if given.quick else []),
        ],
        "sources": ["-m", "bench.sources", *(["--rounds", "1"] if given.quick else [])],
        "load": ["-m", "bench.load", *(["--quick"] if given.quick else [])],
        "analyst": ["-m", "bench.analyst", "--views", *(["--stories", "100000"] if given.quick else [])],
        "desk": ["-m", "bench.desk", *(["--quick"] if given.quick else [])],
        "clusters": ["-m", "bench.clusters", *(["--stories", "50000"] if given.quick else [])],
        "reprints": [
            "-m",
            "bench.reprints",
            *(["--pages", str(given.devset)] if given.devset else []),
            *(["--stories", "1000", "--seeds", "1"] if given.quick else ["--plain"]),
        ],
    }
    if given.devset and given.score:
        parts["extract"] = ["-m", "bench.extract", str(given.devset), str(given.score)]
    failed = []
    for name, arguments in parts.items():
        print(f"\n## {name}\n", flush=True)
        if subprocess.run([sys.executable, *arguments], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

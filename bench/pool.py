"""What does a second process gain when a batch is extracted? Pages a second by one and by two.

    python -m bench.pool [--devset DIR] [--pages 1600] [--rounds 3]

Pages are gzipped, as an archive has them; the workers' start-up, once a batch, is part of
the time. With `--devset`, real pages (`truth.json` names them); else the demo wire's, with
as much furniture around them as real pages have. Rounds take turns, so that a noisy
machine hits both.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from bench.crawl import page as furniture
from bench.machine import describe
from pipelines.pool import read_pages
from pipelines.records import Capture, Source, Story

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
ANY = Source(name="bench", title="", home="https://bench.invalid/")


def real(devset: Path) -> list[tuple[str, bytes]]:
    items = json.loads((devset / "truth.json").read_text("utf-8"))
    return [(item["url"], gzip.decompress((devset / item["file"]).read_bytes())) for item in items]


def invented(count: int) -> list[tuple[str, bytes]]:
    from demo import Wire

    wire = Wire(epoch=NOW, backlog=count)
    padding = furniture(0).split(b"</article>")[1].removesuffix(b"</html>")
    pages = []
    for told in wire.stories_at(NOW):
        answer = wire.answer(told.site, "/" + told.url.split("/", 3)[3], NOW)
        if told.story is not None and answer.status == 200 and b"</body>" in answer.body:
            pages.append((told.url, answer.body.replace(b"</body>", padding + b"</body>")))
    return pages


def captures(pages: list[tuple[str, bytes]], count: int) -> Iterator[Capture]:
    headers = (("content-type", "text/html"), ("content-encoding", "gzip"))
    packed = [(url, gzip.compress(body, 6)) for url, body in pages]
    for url, body in islice(cycle(packed), count):
        yield Capture(url=url, status=200, headers=headers, body=body, fetched_at=NOW)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devset", type=Path)
    parser.add_argument("--pages", type=int, default=1600)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(describe("trafilatura", "lxml"))
    pages = real(given.devset) if given.devset else invented(80)
    size = statistics.mean(len(body) for _, body in pages)
    print(f"{given.pages} pages of {size / 1000:.0f} kB on average, {'real' if given.devset else 'invented'}")
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(given.rounds + 1):  # the first round warms up and is not counted
        for processes in rates:
            archived = list(captures(pages, given.pages))
            start = time.perf_counter()
            reads = list(read_pages(archived, ANY, processes=processes, packed=True))
            took = time.perf_counter() - start
            stories = sum(isinstance(read.result, Story) for read in reads)
            if number:
                rates[processes].append(given.pages / took)
    for processes, found in rates.items():
        print(f"{processes} process{'es' if processes > 1 else '  '} {statistics.median(found):6.1f} pages/s")
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    print(f"two / one: {statistics.median(ratios):.2f}  ({min(ratios):.2f}–{max(ratios):.2f})")
    print(f"{stories} of {given.pages} pages gave a story")


if __name__ == "__main__":
    main()

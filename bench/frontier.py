"""Does a crawl cost what is new, or what is known? One source that knows a million URLs, one that knows none.

    python -m bench.frontier [--known 1000000] [--new 50] [--rounds 3]

Both are crawled by `steps.crawl`, as Airflow does it: a feed of 500 entries, of which
the new ones have never been seen, on 127.0.0.1, with no delay. A million URLs is what a
large agency brings in three years. "start" is from the call to the first request that the
server sees; "first story" to the first new page asked for; "whole" to the return of
`steps.crawl`, with the memory folded. Memory is the highest resident size of the
process that calls and of the spider, each.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.machine import describe

ENTRIES = 500
"""Of the feed; the rest of the new ones is known."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--crawl", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.crawl:
        print(json.dumps(crawl(given.crawl)))
        return
    print(describe("scrapy"), f"SQLite {sqlite3.sqlite_version}", sep=", ")
    for known in (0, given.known):
        print(report(known, given.new, measure(known, given.new, given.rounds)), flush=True)


def measure(known: int, new: int, rounds: int) -> dict[str, list[float]]:
    """Crawl the source `rounds` times, each time with other new stories."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as folder, serving() as site:
        home = Path(folder)
        declare(home, site.base)
        fill(home / "data" / "wire" / "frontier.sqlite", site.base, known)
        for number in range(rounds + (not known)):
            names = [f"new-{number}-{n}" for n in range(new)] + [f"story-{n}" for n in range(ENTRIES - new)]
            site.feed = feed(site.base, names)
            site.seen.clear()
            run = subprocess.run(
                [sys.executable, "-m", "bench.frontier", "--crawl", str(home)],
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            told = json.loads(run.stdout.splitlines()[-1])
            stories = [at for path, at in site.seen if path.startswith("/new-")]
            asked = ENTRIES if not known and number == 0 else new
            pages = [path for path, _ in site.seen if path.startswith(("/new-", "/story-"))]
            if len(pages) != asked:
                raise SystemExit(f"{len(pages)} pages were asked for, not {asked}")
            values = {
                "start": site.seen[0][1] - told["begun"],
                "first story": min(stories) - told["begun"],
                "whole": told["ended"] - told["begun"],
                "caller": told["caller"],
                "spider": told["spider"],
            }
            if known or number:  # a first crawl that knows nothing fetches all entries: another question
                for name, value in values.items():
                    found.setdefault(name, []).append(value)
        found["file"] = [(home / "data" / "wire" / "frontier.sqlite").stat().st_size / 2**20]
    return found


def report(known: int, new: int, found: dict[str, list[float]]) -> str:
    middle = {name: statistics.median(values) for name, values in found.items()}
    return (
        f"{known:>9,} known, {new} new: start {middle['start']:.2f} s, "
        f"first story {middle['first story']:.2f} s, "
        f"whole {middle['whole']:.2f} s; caller {middle['caller']:.0f} MB, spider {middle['spider']:.0f} MB; "
        f"memory file {middle['file']:.0f} MB"
    )


def crawl(home: str) -> dict[str, float]:
    """One crawl, in a process of its own."""
    os.environ |= {"WIREHOUSE_HOME": home, "WIREHOUSE_SOURCES": f"{home}/sources"}
    for name in ("WIREHOUSE_DATA", "WIREHOUSE_WAREHOUSE"):
        os.environ.pop(name, None)
    from pipelines import steps

    begun = time.monotonic()  # one clock for all processes of this machine
    steps.crawl("wire")
    ended = time.monotonic()

    def peak(who: int) -> float:
        return resource.getrusage(who).ru_maxrss / 1024

    sizes = {"caller": peak(resource.RUSAGE_SELF), "spider": peak(resource.RUSAGE_CHILDREN)}
    return {"begun": begun, "ended": ended} | sizes


def declare(home: Path, base: str) -> None:
    (home / "sources").mkdir()
    (home / "sources" / "wire.toml").write_text(
        f'title = "Wire"\nhome = "{base}/"\nfeeds = ["{base}/rss"]\ndelay = "1ms"\n'
        'private_hosts = ["127.0.0.1"]\n'
    )


def fill(path: Path, base: str, known: int) -> None:
    """A memory as years of crawling leave it: most stories are past their last recheck."""
    from pipelines.records import Seen
    from pipelines.store.state import open_memory

    path.parent.mkdir(parents=True)
    with open_memory(path):
        pass  # makes the tables
    names = tuple(Seen.__dataclass_fields__)
    now = datetime.now(UTC)

    def rows() -> Iterator[list[Any]]:
        for n in range(known):
            at = now - timedelta(minutes=1.5 * n)
            digest = hashlib.sha256(str(n).encode()).hexdigest()
            seen = {
                "url": f"{base}/story-{n}",
                "first_seen_at": at.timestamp(),
                "last_visit_at": at.timestamp(),
                "due_at": (at + timedelta(days=7)).timestamp() if n < 6_000 else None,
                "visits": 7,
                "failures": 0,
                "digest": digest,
                "etag": f'"{digest[:16]}"',
                "story_id": digest[:20],
                "words": f"1:{digest}",
                "found_url": f"{base}/story-{n}",
                "channel": f"{base}/rss",
                "channel_kind": "rss",
                "guid": f"urn:wire:{n}",
                "title": f"The council of the town met for the {n}th time to talk of the river",
            }
            yield [seen.get(name) for name in names]

    with sqlite3.connect(path) as connection:
        connection.executemany(
            f"insert into seen ({', '.join(names)}) values ({', '.join('?' * len(names))})", rows()
        )
    connection.close()


def feed(base: str, names: list[str]) -> bytes:
    items = "".join(f"<item><title>{n}</title><link>{base}/{n}</link><guid>{n}</guid></item>" for n in names)
    return f'<rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>'.encode()


class Site:
    base = ""
    feed = b""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.seen.append((self.path, time.monotonic()))
            is_feed = self.path == "/rss"
            body = site.feed if is_feed else b"" if self.path == "/robots.txt" else b"<p>" + b"rain " * 2_000
            self.send_response(200)
            self.send_header("Content-Type", "text/xml" if is_feed else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()

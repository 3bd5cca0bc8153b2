"""What does the archive cost a crawl? The same Scrapy, the same pages, with it and without, in turn.

    python -m bench.crawl [--pages 300] [--rounds 3]

A server of its own process gives gzipped pages of about 280 kB (the mean of real news
pages) on 127.0.0.1. "stock" is Scrapy as it comes, fetching the feed and the pages and
keeping nothing; "bare" the same with our settings (but no archive); "archive" is the crawl
as `wirehouse crawl` runs it: archive, fetch log, crawl log, digests. All ask eight pages
at a time with no delay, which no real source is asked to bear.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import describe

WORDS = [
    f"{a}{b}" for a in ("ra", "to", "mi", "sel", "ver", "lo") for b in ("nd", "ka", "ster", "mo", "ling", "t")
]


def page(number: int) -> bytes:
    """A page of about 280 kB, made up as real ones are: 4 kB of story, links, and mostly scripts."""
    chance = random.Random(number)

    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count))

    body = "".join(f"<p>{words(60).capitalize()}.</p>" for _ in range(9))
    links = "".join(f'<li class="item"><a href="/{n}">{words(7)}</a></li>' for n in range(400))
    state = json.dumps([{"id": n, "slug": words(4), "teaser": words(20)} for n in range(1100)])
    script = f"<script>window.state = {state};</script>"
    return (
        f"<!doctype html><html><title>{number}</title><body><article>{body}</article>"
        f"<nav><ul>{links}</ul></nav>{script}</body></html>"
    ).encode()


def serve(pages: int) -> None:
    """The server's process: prints its port, serves until it is ended."""
    import socket

    import uvicorn

    bodies = [gzip.compress(page(n), 6) for n in range(pages)]
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    links = "".join(f"<item><title>{n}</title><link>{base}/{n}</link></item>" for n in range(pages))
    feed = f'<rss version="2.0"><channel>{links}</channel></rss>'.encode()
    html = [(b"content-type", b"text/html; charset=utf-8"), (b"content-encoding", b"gzip")]

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        path = scope["path"]
        status, headers, body = (200, html, bodies[int(path[1:])]) if path[1:].isdigit() else (404, [], b"")
        if path == "/rss":
            status, headers, body = 200, [(b"content-type", b"application/rss+xml")], feed
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    print(base, flush=True)
    config = uvicorn.Config(app, log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


def crawl(kind: str, base: str, folder: str) -> None:
    """One crawl in a process of its own; prints its seconds."""
    from datetime import UTC, datetime

    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.settings import Settings

    from pipelines import channels
    from pipelines.sources import parse_source
    from pipelines.store.state import open_memory
    from spiders import guards
    from spiders.__main__ import settings_of
    from spiders.job import Job
    from spiders.source import SourceSpider

    source = parse_source(
        "bench",
        f'title = "b"\nhome = "{base}/"\nfeeds = ["{base}/rss"]\ndelay = "0ms"\nbudget = 100000\n'
        'private_hosts = ["127.0.0.1"]',
    )
    job = Job(source=source, folder=Path(folder), memory=Path(folder) / "none", now=datetime.now(UTC))
    settings = settings_of(job)
    settings.set("CONCURRENT_REQUESTS_PER_DOMAIN", 8, priority="cmdline")

    class Bare(Spider):
        name = "bare"

        async def start(self):
            yield Request(f"{base}/rss", self.read)

        def read(self, response):
            for lead in channels.read(response.body, url=response.url).leads:
                yield Request(lead.found_url, self.done, dont_filter=True)

        def done(self, response):
            assert response.status == 200

    if kind == "stock":
        settings = Settings({"LOG_ENABLED": False, "ROBOTSTXT_OBEY": True, "TELNETCONSOLE_ENABLED": False})
    elif kind == "bare":
        guards.TRUSTED.add("127.0.0.1")
        settings.set("EXTENSIONS", {}, priority="cmdline")
        settings.set("AUTOTHROTTLE_ENABLED", False, priority="cmdline")  # else Scrapy's own comes with it
        settings.set("DOWNLOADER_MIDDLEWARES", {"spiders.guards.AddressGuard": 90}, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    start = time.perf_counter()
    with open_memory(job.memory, readonly=True) as memory:
        if kind != "archive":
            crawler = process.create_crawler(Bare)
            process.crawl(crawler)
        else:
            crawler = process.create_crawler(SourceSpider)
            process.crawl(crawler, job=job, memory=memory)
        process.start()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "responses": crawler.stats.get_value("downloader/response_count")}))


def measure(pages: int, rounds: int) -> dict[str, list[float]]:
    """Pages per second of each kind, round by round."""
    command = [sys.executable, "-m", "bench.crawl"]
    server = subprocess.Popen([*command, "--serve", str(pages)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    rates: dict[str, list[float]] = {"stock": [], "bare": [], "archive": []}
    try:
        base = server.stdout.readline().strip()
        for number in range(rounds + 1):  # the first round warms up and is not counted
            for kind in rates:
                with tempfile.TemporaryDirectory() as folder:
                    done = subprocess.run(
                        [*command, "--crawl", kind, base, folder], capture_output=True, text=True, check=True
                    )
                told = json.loads(done.stdout.splitlines()[-1])
                # The feed and robots.txt; and what a site reserves, which only we ask.
                assert told["responses"] == pages + (3 if kind == "archive" else 2), told
                if number:
                    rates[kind].append(pages / told["seconds"])
    finally:
        server.terminate()
        server.wait()
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--crawl", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
    elif given.crawl:
        crawl(*given.crawl)
    else:
        print(describe("scrapy", "warcio"))
        rates = measure(given.pages, given.rounds)
        for kind, found in rates.items():
            print(f"{kind:8} {statistics.median(found):7.1f} pages/s  ({min(found):.1f}–{max(found):.1f})")
        for other in ("stock", "bare"):
            ratios = [a / b for a, b in zip(rates["archive"], rates[other], strict=True)]
            print(
                f"archive / {other}: {statistics.median(ratios):.2f}  ({min(ratios):.2f}–{max(ratios):.2f})"
            )


if __name__ == "__main__":
    main()

"""Run one crawl as a program: `python -m spiders JOB`, JOB being JSON.

    {"source": "ap", "folder": "…", "memory": "…", "now": "…", "sources": null,
     "url_base": null, "deadline": 1800, "parent": 4711}

Writes `pages.warc.gz`, `crawl.jsonl` and `fetches.jsonl` into `folder`. Each line on
stdout is JSON: log lines with `level`, `logger` and `message`, and one last line
with `stats`, `reason`, `leads` and `broken`. Exit 0: the crawl ended by itself, or
was stopped with SIGTERM and closed its files; 1: what it left is not to be used.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from pipelines.errors import WirehouseError
from pipelines.program import die_with
from pipelines.sources import load_source, rebased
from pipelines.store.state import open_memory
from spiders import settings as our_settings
from spiders.source import Job, SourceSpider

GRACE = 20.0
"""Seconds after the deadline before the program ends itself, come what may."""


QUIET = (
    "scrapy.middleware",
    "scrapy.addons",
    "scrapy.crawler",
    "scrapy.utils",
    "scrapy.extensions.feedexport",
)
"""Loggers that say at each start what stands in `settings.py`."""


class JsonLines(logging.Handler):
    """Log records as JSON lines on stdout, with their levels, for whoever started us."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING and record.name.startswith(QUIET):
            return
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message = f"{message}: {record.exc_info[1]!r}"
        say({"level": record.levelname, "logger": record.name, "message": message})


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def main(argument: str) -> int:
    logging.basicConfig(level=logging.INFO, handlers=[JsonLines()], force=True)
    wanted = json.loads(argument)
    if wanted.get("parent"):
        die_with(wanted["parent"])
    declared = load_source(wanted["source"], Path(wanted["sources"]) if wanted.get("sources") else None)
    source = rebased(declared, wanted["url_base"]) if wanted.get("url_base") else declared
    job = Job(
        source=source,
        declared=declared,
        url_base=wanted.get("url_base"),
        folder=Path(wanted["folder"]),
        memory=Path(wanted["memory"]),
        now=datetime.fromisoformat(wanted["now"]),
    )
    _end_at(wanted["deadline"] + GRACE)
    with open_memory(job.memory, readonly=True) as memory:
        spider, stats = _crawl(job, memory, wanted["deadline"])
    if spider is None:
        say({"broken": "the spider could not start", "stats": stats})
        return 1
    with job.crawl_log.open("a", encoding="utf-8") as log:
        for line in spider.unended():
            log.write(json.dumps(line, ensure_ascii=False) + "\n")
    reason = stats.get("finish_reason")
    say({"stats": stats, "reason": reason, "leads": len(spider.leads), "broken": spider.broken})
    return 1 if spider.broken else 0


def _crawl(job: Job, memory: Any, deadline: float) -> tuple[SourceSpider | None, dict[str, Any]]:
    process = AsyncCrawlerProcess(settings_of(job, deadline))
    crawler = process.create_crawler(SourceSpider)
    process.crawl(crawler, job=job, memory=memory)
    process.start()
    return cast("SourceSpider | None", crawler.spider), dict(crawler.stats.get_stats())


def settings_of(job: Job, deadline: float) -> Settings:
    settings = Settings()
    settings.setmodule(our_settings, priority="project")
    settings.setdict(
        {
            "DOWNLOAD_DELAY": job.source.delay.total_seconds(),
            "CLOSESPIDER_TIMEOUT": deadline,
            "FEEDS": {job.crawl_log.absolute().as_uri(): {"format": "jsonlines", "encoding": "utf-8"}},
        },
        priority="cmdline",
    )
    return settings


def _end_at(seconds: float) -> None:
    """End the whole process when even closing hangs: a hard deadline of our own."""
    timer = threading.Timer(seconds, lambda: signal.raise_signal(signal.SIGKILL))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except WirehouseError as problem:
        say({"broken": str(problem)})
        sys.exit(1)

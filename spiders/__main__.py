"""Run one crawl as a program: `python -m spiders JOB`, JOB being JSON.

    {"source": "ap", "folder": "…", "memory": "…", "now": "…", "sources": null,
     "url_base": null, "deadline": 1800, "parent": 4711,
     "contact": null, "days": null, "budget": null, "recrawl": null}

`days` makes it a backfill: `["2026-03-01", "2026-03-05", "Europe/Berlin"]`. `recrawl` asks again, due
or not: a list of pages, or `[]` for all that the channels name.

`settings` may be added: Scrapy's, over ours, for tests that cannot wait half a minute.
Writes `pages.warc.gz`, `crawl.jsonl` and `fetches.jsonl` into `folder`. Each line on
stdout is JSON: log lines with `level`, `logger` and `message`, and one last line
with `stats`, `reason`, `leads` and `broken`. Exit 0: the crawl ended by itself, or
was stopped with SIGTERM and closed its files; 1: what it left is not to be used.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings

from pipelines.channels.archives import Days
from pipelines.errors import WirehouseError
from pipelines.program import die_with
from pipelines.sources import load_source, rebased
from pipelines.store.state import Memory, open_memory
from spiders import settings as our_settings
from spiders.job import Job
from spiders.source import SourceSpider

LAST_WORDS = 2.0
"""Seconds that answers under way have after a stop; Airflow allows a task five in all."""

QUIET = ("scrapy.middleware", "scrapy.addons", "scrapy.crawler", "scrapy.utils")
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
    sys.stdout.write(json.dumps(line, default=str) + "\n")
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
        days=_days(*wanted["days"]) if wanted.get("days") else None,
        budget=wanted.get("budget"),
        recrawl=None if wanted.get("recrawl") is None else tuple(wanted["recrawl"]),
        contact=wanted.get("contact"),
        settings=wanted.get("settings") or {},
    )
    with open_memory(job.memory, readonly=True) as memory:
        crawl = Crawl(prepare(job))
        crawl.run(job, memory, wanted["deadline"])
        return crawl.finish("finished")


def _days(since: str, until: str, zone: str) -> Days:
    return Days(date.fromisoformat(since), date.fromisoformat(until), zone)


class Crawl:
    """One crawl from start to its last line, however it ends."""

    def __init__(self, process: AsyncCrawlerProcess) -> None:
        self.process = process
        self.crawler = process.create_crawler(SourceSpider)

    def run(self, job: Job, memory: Memory, deadline: float) -> None:
        """Crawl until all is done, or until SIGTERM or the deadline asks to stop."""
        reactor = _reactor()
        self.process.crawl(self.crawler, job=job, memory=memory)
        reactor.callLater(deadline, self.stop, "deadline")
        for signum in (signal.SIGTERM, signal.SIGINT):
            # Ours, not Scrapy's: it would wait for what stands in its queues, delay by delay.
            signal.signal(signum, lambda *_: reactor.callFromThread(self.stop, "stopped"))
        self.process.start(install_signal_handlers=False)

    def stop(self, reason: str) -> None:
        """Close the spider; what is under way has LAST_WORDS seconds, then we end without it."""
        spider = cast("SourceSpider | None", self.crawler.spider)
        if spider is None:
            os._exit(1)
        spider.stop_soon(reason)
        _reactor().callLater(LAST_WORDS, lambda: os._exit(self.finish(reason)))

    def finish(self, reason: str) -> int:
        """Close the files, and say the last line; returns the exit code."""
        spider = cast("SourceSpider | None", self.crawler.spider)
        stats = dict(self.crawler.stats.get_stats()) | {"wirehouse/peak_bytes": peak_memory()}
        reason = str(stats.get("finish_reason") or reason)
        if spider is None or spider.crawl_log is None or spider.archive is None:
            say({"broken": "the spider could not start", "stats": stats})
            return 1
        if reason == "finished" and spider.open:
            spider.broken = spider.broken or f"{len(spider.open)} leads were never asked for, a fault of ours"
        try:
            for line in spider.unended("the crawl was stopped before its turn"):
                spider.crawl_log.write(line)
            spider.crawl_log.close()
            spider.archive.close()
        except OSError as error:
            spider.broken = spider.broken or f"the archive could not be written: {error}"
        say({"stats": stats, "reason": reason, "leads": len(spider.leads), "broken": spider.broken})
        return 1 if spider.broken else 0


def peak_memory() -> int | None:
    """The most memory that this process ever had, in bytes; None where the system does not tell.

    Not from getrusage: its number begins with that of the process that started us.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return None
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _reactor() -> Any:
    """Twisted's, once Scrapy has installed the one it wants."""
    from twisted.internet import reactor

    return reactor


def prepare(job: Job) -> AsyncCrawlerProcess:
    """Scrapy with our settings and the source's own."""
    process = AsyncCrawlerProcess(settings_of(job))
    logging.getLogger("scrapy").setLevel(logging.INFO)  # else each lead would go through the pipe
    return process


def settings_of(job: Job) -> Settings:
    settings = Settings()
    settings.setmodule(our_settings, priority="project")
    settings.set("DOWNLOAD_DELAY", job.source.delay.total_seconds(), priority="cmdline")
    if job.contact:
        settings.set("USER_AGENT", our_settings.USER_AGENT[:-1] + f"; +{job.contact})", priority="cmdline")
    settings.update(job.settings, priority="cmdline")
    return settings


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except WirehouseError as problem:
        say({"broken": str(problem)})
        sys.exit(1)

"""What the spider yields is the crawl log: a JSON line each, in `crawl.jsonl`.

Not Scrapy's own feed export, which only logs what it cannot write: a crawl whose log
has a gap must end, and be red.
"""

from __future__ import annotations

import json
import os
from typing import IO, TYPE_CHECKING, Any, cast

from scrapy import signals
from scrapy.crawler import Crawler

if TYPE_CHECKING:
    from spiders.source import SourceSpider


class CrawlLog:
    """Extension: write each yielded line; stop the spider when one cannot be written."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._file: IO[str] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> CrawlLog:
        log = cls(crawler)
        crawler.signals.connect(log.open, signals.spider_opened)
        crawler.signals.connect(log.write, signals.item_scraped)
        return log

    @property
    def _spider(self) -> SourceSpider:
        return cast("SourceSpider", self._crawler.spider)

    def open(self) -> None:
        # A line at a time: what a killed crawl was told is not lost (`store.learning`).
        self._file = self._spider.job.crawl_log.open("x", encoding="ascii", buffering=1)
        self._spider.crawl_log = self

    def write(self, item: dict[str, Any]) -> None:
        try:
            assert self._file is not None  # opened with the spider
            self._file.write(json.dumps(item) + "\n")
        except (OSError, ValueError) as error:
            self._spider.break_off(f"the crawl log could not be written: {error}")

    def close(self) -> None:
        """Write what is left and wait until it is on disk; OSError if it cannot be."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

"""Every answer goes to the archive as received, every request to the fetch log.

The middleware sits below redirects, robots.txt and decompression, so it sees what
came over the wire: 3xx, 404, robots.txt and feeds too, still compressed.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, cast

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from pipelines.store.archive import ArchiveWriter
from spiders.outcomes import OURS, of_answer, of_exception

if TYPE_CHECKING:
    from spiders.source import SourceSpider


class ArchiveMiddleware:
    """Write what passes; close the spider when it cannot be written."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._writer: ArchiveWriter | None = None
        self._log: IO[str] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ArchiveMiddleware:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.open, signals.spider_opened)
        return middleware

    @property
    def _spider(self) -> SourceSpider:
        return cast("SourceSpider", self._crawler.spider)

    def open(self) -> None:
        spider = self._spider
        software = str(self._crawler.settings["USER_AGENT"])
        self._writer = ArchiveWriter(spider.job.pages, software=software)
        self._log = spider.job.fetch_log.open("x", encoding="ascii")
        spider.archive = self

    def close(self) -> None:
        """Wait until all is on disk; OSError if something is not."""
        if self._writer is not None:
            self._writer.close()
        if self._log is not None:
            self._log.close()

    def process_request(self, request: Request) -> None:
        request.meta["wirehouse_started"] = time.time()
        request.meta.pop("wirehouse_logged", None)  # a retry or redirect is a request of its own

    def process_response(self, request: Request, response: Response) -> Response:
        now = datetime.now(UTC)
        headers = [
            (k.decode("latin-1"), v.decode("latin-1")) for k, vs in response.headers.items() for v in vs
        ]
        try:
            reason = HTTPStatus(response.status).phrase
        except ValueError:
            reason = ""
        try:
            assert self._writer is not None  # opened with the spider
            record_id = self._writer.add(
                response.url,
                status=response.status,
                reason=reason,
                protocol=response.protocol or "HTTP/1.1",
                headers=headers,
                body=response.body,
                fetched_at=now,
                address=str(response.ip_address) if response.ip_address else None,
            )
            outcome, why = of_answer(response.status, request)
            self._note(request, now, response, record_id, outcome, why)
        except OSError as error:
            self._spider.break_off(f"the archive could not be written: {error}")
            raise
        request.meta["wirehouse_record"] = record_id
        request.meta["wirehouse_at"] = now
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if "wirehouse_logged" in request.meta:  # the answer is archived; what failed came after
            return
        if isinstance(exception, OURS):
            return  # the spider's errback makes the run red
        outcome, why = of_exception(exception)
        self._note(request, datetime.now(UTC), None, None, str(outcome), why)

    def _note(
        self,
        request: Request,
        now: datetime,
        response: Response | None,
        record_id: str | None,
        outcome: str,
        why: str | None,
    ) -> None:
        started = request.meta.get("wirehouse_started") or now.timestamp()
        request.meta["wirehouse_logged"] = True

        def header(name: str) -> str | None:
            value = response.headers.get(name) if response is not None else None
            return value.decode("latin-1") if value else None

        line: dict[str, Any] = {
            "url": request.url,
            "purpose": request.meta.get("wirehouse_purpose", "robots"),
            "outcome": outcome,
            "reason": why,
            "http_status": None if response is None else response.status,
            "content_type": header("Content-Type"),
            "bytes": 0 if response is None else len(response.body),
            "seconds": round(now.timestamp() - started, 4),
            "etag": header("ETag"),
            "last_modified": header("Last-Modified"),
            "started_at": (now - timedelta(seconds=now.timestamp() - started)).isoformat(),
            "record_id": record_id,
        }
        if self._log is not None and not self._log.closed:
            self._log.write(json.dumps(line) + "\n")

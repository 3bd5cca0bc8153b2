"""Slow down with a slow server: Scrapy's AutoThrottle, within what robots.txt asks for.

AutoThrottle alone would go below a Crawl-delay, and would slow down for servers that
answer at once. Here only an answer that took SLOW seconds or more makes us wait longer:
as long again as the server took, since we ask one page at a time.
"""

from __future__ import annotations

from typing import Any

from scrapy import Request, Spider
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

SLOW = 1.0
"""Seconds to the headers of an answer, from which on we take it easy."""


class Throttle(AutoThrottle):
    """Scrapy's extension, with the two limits above."""

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        super()._response_downloaded(response, request, spider)
        key, slot = self._get_slot(request, spider)
        if key is not None and slot is not None:
            asked = self.crawler.engine.downloader.per_slot_settings.get(key, {})
            slot.delay = max(slot.delay, asked.get("delay", 0.0))

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency if latency >= SLOW else 0.0, response)

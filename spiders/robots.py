"""robots.txt as RFC 9309 reads it where Scrapy is lenient: without an answer, nothing is allowed.

A robots.txt that answers 5xx forbids the whole site; one that cannot be had at all fails
what was to be fetched with its own trouble, so that the ledger names the cause. One
that answers 4xx allows everything, as the RFC says.
"""

from __future__ import annotations

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached


class StrictRobots(RobotsTxtMiddleware):
    """Scrapy's middleware, with the two cases above."""

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        if not hasattr(self, "_refusals"):
            self._refusals: dict[str, Exception] = {}
        await super().process_request(request)
        refusal = self._refusals.get(urlparse_cached(request).netloc)
        if refusal is not None and not request.meta.get("dont_obey_robotstxt"):
            raise refusal

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            self._refusals[netloc] = IgnoreRequest(f"Forbidden by robots.txt: it answered {response.status}")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        self._refusals[netloc] = exc
        super()._robots_error(exc, netloc)

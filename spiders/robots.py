"""robots.txt as RFC 9309 has it, where Scrapy and its parser are more lenient or less exact.

| robots.txt | means |
|---|---|
| 2xx | its rules, of the first 500 KiB |
| 3xx that leads nowhere, or more than five times on | there is none: all allowed |
| 4xx but 429 | there is none: all allowed |
| 5xx | nothing allowed; leads end as http_error and are due again: that is no rule of the site's |
| 429 | nothing allowed; the host rests |
| no answer at all | nothing allowed; leads end with that trouble, so that the ledger names the cause |

Crawl-delay and Request-rate, which the RFC does not know, are acted on up to MOST_DELAY.
"""

from __future__ import annotations

import codecs
import logging
import re
from typing import TYPE_CHECKING, Any, cast

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from pipelines.page.rights import of_robots
from spiders.rests import HostRests

if TYPE_CHECKING:
    from spiders.source import SourceSpider

logger = logging.getLogger(__name__)

MOST_BYTES = 500 * 1024
"""Read of one robots.txt; the RFC's own number."""

MOST_DELAY = 60.0
"""Seconds between two requests; a site that asks for more gets this, and the log says so."""

_AGENT = re.compile(r"^(\s*user-?\s?agent\s*:?\s*)([^#\r\n]*)", re.I | re.M)
_TOKEN = re.compile(r"[A-Za-z_-]+")


def plain(body: bytes, agent: str) -> bytes:
    r"""A robots.txt as the parser is to see it: UTF-8, cut at the limit, agents by their token.

    >>> plain(b"\xef\xbb\xbfUser-agent: WIREHOUSE/2.0 (news)\nDisallow: /x", "Wirehouse")
    b'User-agent: Wirehouse\nDisallow: /x'
    >>> plain(b"User-agent: Wire\nDisallow: /", "Wirehouse")
    b'User-agent: not-Wire\nDisallow: /'

    The RFC matches whole product tokens, case aside; the parser takes a token for ours
    that ours begins with, and does not know ours with a version behind it.
    """
    if len(body) > MOST_BYTES:  # the last line of what is read may be half a rule
        body = body[:MOST_BYTES].rpartition(b"\n")[0]
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "ignore")
    else:
        text = body.decode("utf-8-sig", "ignore")

    def named(match: re.Match[str]) -> str:
        value = match[2].strip()
        token = _TOKEN.match(value)
        if token is None:  # `*`, or nothing that could be us
            return f"{match[1]}{'*' if value.startswith('*') else 'nobody'}" if value else match[0]
        return f"{match[1]}{agent if token[0].lower() == agent.lower() else f'not-{token[0]}'}"

    return _AGENT.sub(named, text).encode()


def wanted_delay(parser: Any, agent: str) -> float | None:
    """Seconds that robots.txt wants between two requests, by Crawl-delay or Request-rate."""
    rate = parser.rp.request_rate(agent)
    asked = [parser.crawl_delay(agent), rate.seconds / rate.requests if rate else None]
    return max((seconds for seconds in asked if seconds), default=None)


class RobotsUnavailable(IgnoreRequest):
    """Nobody can say now what robots.txt allows."""


class StrictRobots(RobotsTxtMiddleware):
    """Scrapy's middleware, with the table above."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._refusals: dict[str, Exception] = {}
        crawler.signals.connect(self._enough, signals.bytes_received)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        await super().process_request(request)
        refusal = self._refusals.get(urlparse_cached(request).netloc)
        if refusal is not None and not request.meta.get("dont_obey_robotstxt"):
            raise refusal

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status == 429:
            self._refusals[netloc] = HostRests(f"{netloc} answered 429 when asked for its robots.txt")
        elif response.status >= 500:
            self._refusals[netloc] = RobotsUnavailable(
                f"robots.txt answered {response.status}: nothing is allowed"
            )
        found = 200 <= response.status < 300
        body = plain(response.body, str(self._robotstxt_useragent)) if found else b""
        cast("SourceSpider", self.crawler.spider).robots_said[netloc] = of_robots(body)
        await super()._parse_robots(Response(response.url, response.status, body=body), netloc, request)
        self._keep_delay(self._parsers[netloc], urlparse_cached(request).hostname or "", response.url)

    def _keep_delay(self, parser: Any, host: str, url: str) -> None:
        """Never ask faster than the site wants, nor than its source says."""
        asked = wanted_delay(parser, str(self._robotstxt_useragent))
        downloader = self.crawler.engine.downloader
        if not asked or asked <= self.crawler.settings.getfloat("DOWNLOAD_DELAY"):
            return
        delay = min(asked, MOST_DELAY)
        if delay < asked:
            logger.warning("%s asks for %g s between requests; it gets %g s", url, asked, delay)
        else:
            logger.info("%s asks for %g s between requests", url, delay)
        # For slots to come: Scrapy drops one that is idle for a minute, the next one starts with this.
        downloader.per_slot_settings[host] = {"delay": delay, "jitter": 0.0}
        if slot := downloader.slots.get(host):
            slot.delay, slot.jitter = max(slot.delay, delay), 0.0

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if "max redirections reached" not in str(exc):
            self._refusals[netloc] = exc
        super()._robots_error(exc, netloc)

    @staticmethod
    def _enough(data: bytes, request: Request) -> None:
        """Stop reading a robots.txt at its limit; what came until then counts."""
        if request.meta.get("dont_obey_robotstxt") and "wirehouse_purpose" not in request.meta:
            request.meta["robots_bytes"] = request.meta.get("robots_bytes", 0) + len(data)
            if request.meta["robots_bytes"] > MOST_BYTES:
                raise StopDownload(fail=False)

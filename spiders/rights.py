"""Know what a site reserves before a story of it is asked for: `pipelines.page.rights` reads it.

A host's /.well-known/tdmrep.json is asked for before the first story, once a day; what it
says is a line of the crawl log, and so remembered. Under `rights = "skip"` a reserved story
is not asked for, and the body of a page that reserves itself is not archived.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

from pipelines.ledger import Reject
from pipelines.page import markup, rights
from pipelines.page.rights import Rule
from pipelines.store import archive

if TYPE_CHECKING:
    from spiders.source import SourceSpider

FILE = "/.well-known/tdmrep.json"
FRESH = timedelta(days=1)
MOST_BYTES = 256 * 1024


class RightsReserved(IgnoreRequest):
    """The source's `rights` say that what is reserved is left out; the message is the statement."""


class RightsMiddleware:
    """Downloader middleware, nearest to the network but for the archive."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[str, list[Rule] | Deferred[None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RightsMiddleware:
        return cls(crawler)

    @property
    def _spider(self) -> SourceSpider:
        return cast("SourceSpider", self._crawler.spider)

    async def process_request(self, request: Request) -> None:
        if request.meta.get("wirehouse_purpose") != "story":
            return
        host = urlparse_cached(request).netloc
        said = [
            *self._spider.robots_said.get(host, ()),
            *rights.of_site(await self._of(request), request.url),
        ]
        request.meta["wirehouse_rights"] = said
        if self._spider.source.rights == "skip" and rights.judge(said).reserved:
            raise RightsReserved("; ".join(said))

    async def process_response(self, request: Request, response: Response) -> Response:
        """Take the body from a page that reserves itself, if it is to be left out; its headers stay."""
        found = 200 <= response.status < 300
        if self._spider.source.rights != "skip" or "wirehouse_rights" not in request.meta or not found:
            return response
        headers = [
            (k.decode("latin-1").lower(), v.decode("latin-1"))
            for k, vs in response.headers.items()
            for v in vs
        ]
        said = [
            *await asyncio.to_thread(_of_body, response.body, headers),
            *rights.of_headers(headers),
            *request.meta["wirehouse_rights"],
        ]
        if not rights.judge(said).reserved:
            return response
        request.meta["wirehouse_reserved"] = "; ".join(said)
        kept = {k: v for k, v in response.headers.items() if k.lower() != b"content-encoding"}
        return response.replace(body=b"", headers=kept)

    async def _of(self, request: Request) -> list[Rule]:
        """The rules of the request's host: remembered, or asked for; none where there are none."""
        url = urlparse_cached(request)
        known = self._rules.get(url.netloc) or self._remembered(url.netloc)
        if known is None:
            waiting: Deferred[None] = Deferred()
            self._rules[url.netloc] = waiting
            rules = await self._ask(f"{url.scheme}://{url.netloc}{FILE}", url.netloc)
            self._rules[url.netloc] = rules
            waiting.callback(None)
            return rules
        if isinstance(known, Deferred):
            await maybe_deferred_to_future(known)
            return cast("list[Rule]", self._rules[url.netloc])
        return known

    def _remembered(self, host: str) -> list[Rule] | None:
        if host in self._rules:  # asked, and there were none
            return cast("list[Rule]", self._rules[host])
        found = self._spider.memory.tdm(host)
        if found is None or found[1] + FRESH < self._spider.now:
            return None
        self._rules[host] = [Rule(*rule) for rule in found[0]]
        return cast("list[Rule]", self._rules[host])

    async def _ask(self, url: str, host: str) -> list[Rule]:
        meta = {"wirehouse_purpose": "rights", "dont_retry": True, "download_maxsize": MOST_BYTES}
        request = Request(url, priority=1000, meta=meta, callback=NO_CALLBACK)
        try:
            assert self._crawler.engine is not None
            response = await self._crawler.engine.download_async(request)
        except Exception as error:  # whatever it is: the stories' own requests will meet it, and say so
            self._spider.logger.info("%s: %s", url, error)
            return []
        if response.status >= 500 or response.status == 429:
            return []  # not known, so not remembered
        rules = rights.tdm_rules(response.body) if response.status == 200 else []
        self._spider.note_tdm(host, rules)
        return rules


def _of_body(body: bytes, headers: list[tuple[str, str]]) -> list[str]:
    """What the page in a body as received states of itself; nothing if it cannot be read."""
    try:
        unpacked = archive.decode(body, headers)
    except (archive.BadBody, archive.BodyTooLarge):
        return []
    text = markup.decode(unpacked, next((v for k, v in headers if k == "content-type"), None))
    tree = text if isinstance(text, Reject) else markup.parse(text)
    return [] if isinstance(tree, Reject) else rights.of_page(tree)

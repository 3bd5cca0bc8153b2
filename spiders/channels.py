"""Ask the channels of a source, and read what they announce."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from pipelines import channels, polling, urls
from pipelines.channels import archives, parts
from pipelines.channels.said import Part
from pipelines.ledger import Outcome
from pipelines.records import Lead
from pipelines.store.state import Memory
from spiders.answers import answered, conditions, lost
from spiders.job import Job
from spiders.outcomes import of_answer

MOST_CHANNELS = 50
"""Channels asked in one crawl besides those declared: what indexes, pages and feeds name."""

MOST_OF_A_BACKFILL = 1_000
"""The same in one backfill: an archive has a file or a page a day."""

MOST_FEEDS = 5
"""Feeds followed that one page names."""

DEEPEST = 3
"""Sitemap indexes within indexes."""

MOST_PAGES = 5
"""Pages of one feed that a live crawl follows when it finds nothing that it knows."""

FIRST = 1_000_000
"""Live, all channels are asked before any story; in a backfill each archive's stories before the next
archive, so that what is stopped has got somewhere. Either way in the order in which they were found."""

MANY = 1_000
"""Parts of an index; of more, those to be asked are chosen in a thread."""

LONG = 100_000
"""Bytes; a longer channel is read in a thread, so that the crawl goes on meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One channel to be asked, and why."""

    url: str
    is_page: bool = False
    """A web page may come, and its links to stories are leads."""
    for_feeds: bool = False
    """A web page may come, and the feeds that it names are asked."""
    insist: bool = False
    """Something says that it has news: it is asked before its time."""
    depth: int = 0
    """Indexes above it."""
    page: int = 0
    """Pages of the same feed before it."""
    before: frozenset[str] = frozenset()
    """What the page before had."""


class Channels:
    """The channel half of a crawl: what it finds goes to `take` as leads.

    Yields, like every callback of the spider, requests and lines of the crawl log: one
    for each channel and for each sighting.

    A live crawl asks feeds, sitemaps and sections. A backfill asks the archives, the
    sitemaps and the feeds, page by page, as far as its days need: without conditions,
    since it looks for other entries than the last crawl did.
    """

    def __init__(
        self, job: Job, memory: Memory, take: Callable[[Lead], Iterator[Any]], log: logging.LoggerAdapter[Any]
    ) -> None:
        self.job = job
        self.memory = memory
        self.asked: set[str] = set()
        self.declared = 0
        self._take = take
        self._log = log

    def start(self) -> Iterator[Any]:
        """Ask what the source declares."""
        source, days = self.job.source, self.job.days
        declared = [Call(url=url) for url in (*source.feeds, *source.sitemaps)]
        if days is not None:
            dated = archives.addresses(source.archives, days.since, days.until)
            calls = [*(Call(url=url, is_page=True) for url in dated), *declared]
        else:
            pages = [Call(url=url, is_page=True, for_feeds=source.discover) for url in source.sections]
            calls = [*declared, *pages]
        if source.discover:
            calls.append(Call(url=source.home, for_feeds=True))
        self.declared = len(calls)
        for call in calls:
            yield from self.ask(call)

    def ask(self, call: Call) -> Iterator[Any]:
        if call.url in self.asked:
            return
        self.asked.add(call.url)
        most = MOST_CHANNELS if self.job.days is None else MOST_OF_A_BACKFILL
        if len(self.asked) > most + self.declared:
            self._log.warning("%s: not asked: more than %s further channels in one crawl", call.url, most)
            line = self._line(call) | {"at": self.job.now.isoformat()}
            yield line | {"outcome": Outcome.OVER_BUDGET.value, "reason": f"more than {most} channels"}
            return
        heard = self.memory.channel(call.url) if self.job.days is None else None
        why = polling.not_yet(heard, self.job.source, self.job.now)
        if why is not None and not (
            call.insist or call.for_feeds or call.page or self.job.recrawl is not None
        ):
            self._log.info("%s: not asked: %s", call.url, why)
            line = self._line(call) | {"at": self.job.now.isoformat()}
            yield line | {"outcome": Outcome.NOT_DUE.value, "reason": why}
            return
        yield Request(
            call.url,
            self.read,
            errback=self.lost,
            headers=conditions(heard)
            if polling.may_be_conditional(heard, self.job.now) and not self._always(call)
            else {},
            priority=(FIRST if self.job.days is None else -FIRST) - len(self.asked),
            cb_kwargs={"call": call},
            meta={"wirehouse_purpose": "channel"},
        )

    async def read(self, response: Response, call: Call) -> AsyncIterator[Any]:
        line = self._line(call) | answered(response, self.job.now)
        outcome, reason = of_answer(response.status, response.request)
        if outcome == "redirect":  # Scrapy follows those that lead to a page
            location = (response.headers.get("Location") or b"").decode("latin-1")
            outcome, reason = Outcome.HTTP_ERROR.value, f"redirect to nowhere: {location!r}"
        if outcome != "ok":
            if outcome != Outcome.UNCHANGED:
                self._log.warning("%s: %s", call.url, reason)
            yield line | {"outcome": outcome, "reason": reason}
            return
        if self._is_known(call, line["digest"]):
            yield line | {"outcome": Outcome.UNCHANGED.value, "reason": "the same bytes"}
            return
        try:
            said = await self._said(response, call)
        except channels.NotAChannel as error:
            self._log.error("%s: %s", call.url, error)
            yield line | {"outcome": Outcome.BAD_CONTENT.value, "reason": str(error)}
            return
        if not (said.leads or said.parts or said.feeds):
            self._log.warning("%s: a %s without a single entry", call.url, said.kind)
        leads = said.leads if call.is_page or said.kind != "section" else ()
        wanted = [lead for lead in leads if self.job.days is None or self.job.days.may_hold(lead)]
        ttl = None if said.ttl is None else said.ttl.total_seconds()
        counts = {"leads": len(wanted), "passed_over": len(leads) - len(wanted)}
        following = [*await self._parts(said, call), *self._feeds(said, call), *self._next(said, call)]
        for further in following:
            for item in self.ask(further):
                yield item
        for n, lead in enumerate(wanted):
            if n % 50 == 49:
                await asyncio.sleep(0)  # let answers come in between
            for item in self.sight(lead):
                yield item
        # Last: a crawl that is stopped before has not heard all, and the next one is to read it again.
        yield line | {"channel_kind": said.kind, "ttl": ttl} | counts

    def lost(self, failure: Failure) -> Iterator[Any]:
        request, outcome, reason = lost(failure)
        call = request.cb_kwargs["call"]
        self._log.error("%s: %s: %s", call.url, outcome, reason)
        line = self._line(call) | {"at": self.job.now.isoformat()}
        yield line | {"outcome": outcome.value, "reason": reason}

    def sight(self, lead: Lead) -> Iterator[Any]:
        moved = self.job.moved(lead.found_url)
        if moved != lead.found_url:
            lead = replace(lead, found_url=moved, url=urls.canonical(moved))
        yield {
            "kind": "sighting",
            "url": lead.url,
            "found_url": lead.found_url,
            "channel": lead.channel,
            "channel_kind": lead.channel_kind,
            "position": lead.position,
            "guid": lead.guid,
            "title": lead.title,
            "published_raw": lead.published_raw,
            "seen_at": self.job.now.isoformat(),
            **({} if self.job.days is None else {"backfill": True}),
        }
        yield from self._take(lead)

    def _line(self, call: Call) -> dict[str, Any]:
        line: dict[str, Any] = {"kind": "channel", "url": call.url}
        return line if self.job.days is None else line | {"backfill": True}

    def _always(self, call: Call) -> bool:
        """Is it to be read though it has not changed? A page does not tell what its feeds say."""
        return call.for_feeds or self.job.days is not None or self.job.recrawl is not None

    def _is_known(self, call: Call, digest: str) -> bool:
        """Did the channel say the very same before? An index does not tell what its parts say."""
        heard = None if self._always(call) else self.memory.channel(call.url)
        return heard is not None and heard.digest == digest and heard.channel_kind != "index"

    async def _said(self, response: Response, call: Call) -> channels.Channel:
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        page_of = self.job.source if call.is_page or call.for_feeds else None
        body, url = response.body, response.url

        def read() -> channels.Channel:
            return channels.read(body, url=url, content_type=kind, page_of=page_of)

        return read() if len(body) < LONG else await asyncio.to_thread(read)

    async def _parts(self, said: channels.Channel, call: Call) -> list[Call]:
        """Of a sitemap index those parts that may hold what this crawl looks for."""
        if not said.parts:
            return []
        if call.depth == DEEPEST:
            self._log.warning("%s: an index within %s others is not followed", call.url, DEEPEST)
            return []
        moved, visits = [], {}
        for n, part in enumerate(said.parts):
            if n % 500 == 499:
                await asyncio.sleep(0)  # let answers come in between
            moved.append(replace(part, url=self.job.moved(part.url)))
            visits[moved[-1].url] = self._visited(moved[-1].url) if self.job.days is None else None

        def choose() -> tuple[list[str], int]:
            days = self.job.days
            if days is None:
                return parts.live(moved, visits.get, self.job.now)
            return parts.of_days(moved, days.since, days.until, MOST_OF_A_BACKFILL)

        chosen, left = choose() if len(moved) < MANY else await asyncio.to_thread(choose)
        if left:
            self._log.warning("%s: %s more of its sitemaps may have stories, left out", call.url, left)
        news = {part.url for part in moved if _is_newer(part, visits[part.url])}
        return [Call(url=url, depth=call.depth + 1, insist=url in news) for url in chosen]

    def _visited(self, url: str) -> datetime | None:
        """When a part was last read; not when it was last asked in vain."""
        heard = self.memory.channel(url)
        return None if heard is None or heard.failures or heard.digest is None else heard.last_asked_at

    def _feeds(self, said: channels.Channel, call: Call) -> Iterator[Call]:
        if not call.for_feeds:
            return
        asked = {urls.canonical(url) for url in self.asked}
        for url in map(self.job.moved, said.feeds[:MOST_FEEDS]):
            if urls.canonical(url) not in asked:
                yield Call(url=url)

    def _next(self, said: channels.Channel, call: Call) -> Iterator[Call]:
        """The page before, if stories may stand there that no crawl has seen.

        Live: where not one entry is known though the channel is, so that some may have
        left it between two crawls. In a backfill: until the entries are older than its
        days. Never where a page has only what the one before had, as from servers that
        answer any page with the first.
        """
        if said.next is None:
            return
        found = (self.job.moved(lead.found_url) for lead in said.leads)
        keys = frozenset(urls.canonical(url) for url in found if urls.in_scope(url, self.job.source))
        if keys <= call.before:
            return
        if self.job.days is not None:
            goes_on = not self.job.days.all_before(said.leads)
        else:
            is_known = call.page > 0 or self._visited(call.url) is not None
            news = not any(self.memory.get(key) for key in keys)
            goes_on = is_known and news and call.page + 1 < MOST_PAGES
        if goes_on:
            yield replace(call, url=self.job.moved(said.next), page=call.page + 1, before=keys)


def _is_newer(part: Part, visited: datetime | None) -> bool:
    """Does an index say that this part of it was changed since we read it?"""
    return part.modified_by is not None and visited is not None and part.modified_by > visited

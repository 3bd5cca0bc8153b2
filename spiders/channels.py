"""Ask the channels of a source, and read what they announce."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from pipelines import feeds, urls
from pipelines.records import Lead, Outcome
from pipelines.store.state import Memory
from spiders.answers import answered, conditions, lost
from spiders.job import Job
from spiders.outcomes import of_response

MOST_CHANNELS = 50
"""Channels asked in one crawl, with those that sitemap indexes name."""


class Channels:
    """The channel half of a crawl: what it finds goes to `take` as leads.

    Yields, like every callback of the spider, requests and lines of the crawl log: one
    for each channel and for each sighting.
    """

    def __init__(
        self, job: Job, memory: Memory, take: Callable[[Lead], Iterator[Any]], log: logging.LoggerAdapter[Any]
    ) -> None:
        self.job = job
        self.memory = memory
        self.asked: set[str] = set()
        self._take = take
        self._log = log

    def ask(self, url: str) -> Iterator[Any]:
        if url in self.asked:
            return
        self.asked.add(url)
        if len(self.asked) > MOST_CHANNELS:
            self._log.warning("%s: not asked: more than %s channels in one crawl", url, MOST_CHANNELS)
            line = {"kind": "channel", "url": url, "at": self.job.now.isoformat()}
            yield line | {
                "outcome": Outcome.OVER_BUDGET.value,
                "reason": f"more than {MOST_CHANNELS} channels",
            }
            return
        yield Request(
            url,
            self.read,
            errback=self.lost,
            headers=conditions(self.memory.get(url)),
            priority=1000,
            cb_kwargs={"channel": url},
            meta={"wirehouse_purpose": "channel"},
        )

    def read(self, response: Response, channel: str) -> Iterator[Any]:
        line = {"kind": "channel", "url": channel} | answered(response, self.job.now)
        outcome, reason = of_response(response.status)
        if outcome != "ok":
            if outcome != Outcome.UNCHANGED:
                self._log.warning("%s: %s", channel, reason)
            yield line | {"outcome": outcome, "reason": reason}
            return
        seen = self.memory.get(channel)
        if seen is not None and seen.digest == line["digest"] and seen.channel_kind != "index":
            yield line | {"outcome": Outcome.UNCHANGED.value, "reason": "the same bytes"}
            return
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        try:
            said = feeds.read(response.body, url=response.url, content_type=content_type)
        except feeds.NotAChannel as error:
            self._log.error("%s: %s", channel, error)
            yield line | {"outcome": Outcome.BAD_CONTENT.value, "reason": str(error)}
            return
        if not said.leads and not said.channels:
            self._log.warning("%s: a %s without a single entry", channel, said.kind)
        yield line | {"channel_kind": said.kind, "leads": len(said.leads)}
        for url in said.channels:
            yield from self.ask(self.job.moved(url))
        for lead in said.leads:
            yield from self.sight(lead)

    def lost(self, failure: Failure) -> Iterator[Any]:
        request, outcome, reason = lost(failure)
        channel = request.cb_kwargs["channel"]
        self._log.error("%s: %s: %s", channel, outcome, reason)
        yield {
            "kind": "channel",
            "url": channel,
            "at": self.job.now.isoformat(),
            "outcome": outcome.value,
            "reason": reason,
        }

    def sight(self, lead: Lead) -> Iterator[Any]:
        moved = self.job.moved(lead.found_url)
        if moved != lead.found_url:
            lead = replace(lead, found_url=moved, url=urls.canonical(moved))
        yield {
            "kind": "sighting",
            "url": lead.url,
            "channel": lead.channel,
            "channel_kind": lead.channel_kind,
            "position": lead.position,
            "guid": lead.guid,
            "title": lead.title,
            "published_raw": lead.published_raw,
            "seen_at": self.job.now.isoformat(),
        }
        yield from self._take(lead)

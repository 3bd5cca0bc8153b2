"""The one spider: ask the channels of a source (`spiders.channels`), fetch every story that is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from twisted.python.failure import Failure

from pipelines import frontier, urls
from pipelines.ledger import Outcome
from pipelines.page.rights import Rule
from pipelines.records import Lead, Seen
from pipelines.store.state import Memory
from spiders import guards
from spiders.answers import answered, conditions, lost
from spiders.archive import ArchiveMiddleware
from spiders.channels import Channels
from spiders.crawl_log import CrawlLog
from spiders.job import Job
from spiders.outcomes import of_answer
from spiders.rests import Rest, Rests

OLD = 100_000
"""How far a recheck stands behind the news in the queue."""

RECHECKS = 0.5
"""Share of a crawl's budget that old stories may take: a backlog must not starve the news."""

MOST_HOPS = 5
"""Redirects followed for one story."""


class SourceSpider(Spider):
    """Fetch the channels of one source, and the stories in them that are due.

    Sites differ in their TOML, so a new site needs no new spider. Pages go to the
    archive (`spiders.archive`); what we yield is the crawl log, a line for each
    channel, sighting and lead. What is due, in scope or the same page is decided by
    pure functions elsewhere.
    """

    name = "source"

    def __init__(self, job: Job, memory: Memory, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.source = job.source
        self.memory = memory
        self.now = job.now
        self.broken: str | None = None
        self.leads: dict[str, Lead] = {}
        """Every lead of this run by its key."""
        self.open: dict[str, Lead] = {}
        """Those that have not ended yet."""
        self.idle: set[str] = set()
        """Those that ended as not due."""
        self.turns: set[str] = set()
        """What is due without a channel's word."""
        self.channels = Channels(job, memory, self.take, self.logger)
        self.targets: dict[str, str] = {}
        """Where redirects of this run led, and the lead that went there first."""
        self.asking: set[str] = set()
        """Leads of this run that were asked for."""
        self.announced: dict[str, set[str]] = {}
        """The URLs that channels named in this run, by their guid."""
        self.asked = 0
        self.budget = job.source.budget if job.budget is None else job.budget
        self.rests = Rests({host: Rest(*said) for host, said in memory.rests().items()}, self.note_rest)
        self.robots_said: dict[str, list[str]] = {}
        """What the robots.txt of a host states of rights."""
        self.archive: ArchiveMiddleware | None = None
        self.crawl_log: CrawlLog | None = None
        guards.TRUSTED.update(self.source.private_hosts)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SourceSpider:
        spider: SourceSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.note_error, signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        if self.job.days is not None:  # a backfill leaves what is due to the live crawls
            due = []
        else:
            due = self.memory.due(self.now, max(1, int(self.budget * RECHECKS)))
        self.turns = {seen.url for seen in due}
        if self.job.recrawl:
            for url in self.job.recrawl:
                for item in self.take(self.lead_of(url)):
                    yield item
            return
        for item in self.channels.start():
            yield item
        for seen in due:
            for item in self.take(frontier.recheck(seen)):
                yield item

    def lead_of(self, url: str) -> Lead:
        """The lead of a page that an operator named; with what its channel said of it, where one did."""
        seen = self.memory.get(urls.canonical(url))
        if seen is not None:
            return replace(frontier.recheck(seen), found_url=url)
        return Lead(url=urls.canonical(url), found_url=url, channel="recrawl", channel_kind="recrawl")

    def take(self, lead: Lead) -> Iterator[Any]:
        """Make a URL a lead of this run, unless it is one already, and ask for it if it is due."""
        if lead.guid and not lead.recheck:
            self.announced.setdefault(lead.guid, set()).add(lead.url)
        if lead.url in self.leads:
            yield from self.hear_again(lead)
            return
        self.leads[lead.url] = lead
        self.open[lead.url] = lead
        seen = self.memory.get(lead.url)
        if not urls.in_scope(lead.found_url, self.source):
            yield self.end(lead, Outcome.OUT_OF_SCOPE, "not a host or path of this source")
        elif self.job.recrawl is None and not frontier.is_due(
            lead, seen, self.now, told_at=datetime.now(UTC)
        ):
            self.idle.add(lead.url)
            yield self.end(lead, Outcome.NOT_DUE, None)
        elif lead.url in self.targets:
            same = {"same_as": self.targets[lead.url]}
            yield self.end(lead, Outcome.DUPLICATE, f"{same['same_as']} led there", same)
        elif self.waits(lead, seen):
            yield self.end(lead, Outcome.OVER_BUDGET, "waits for its turn since an earlier crawl")
        elif self.asked >= self.budget:
            yield self.end(lead, Outcome.OVER_BUDGET, f"budget of {self.budget} a crawl")
        else:
            self.asked += 1
            self.asking.add(lead.url)
            # Where a redirect comes first, it is the page behind it that may be unchanged. Who asks out of
            # turn doubts what we have: then the server is to send the page.
            is_asked = self.job.recrawl is not None or (seen is not None and seen.target is not None)
            yield self.ask_story(lead, lead.found_url, None if is_asked else seen)

    def hear_again(self, lead: Lead) -> Iterator[Any]:
        """Another channel says that it changed; this lead has ended, so the next crawl looks."""
        if lead.url in self.idle and frontier.is_due(
            lead, self.memory.get(lead.url), self.now, told_at=datetime.now(UTC)
        ):
            self.idle.remove(lead.url)
            yield {"kind": "changed", "url": lead.url, "at": self.now.isoformat()}

    def waits(self, lead: Lead, seen: Seen | None) -> bool:
        """Was this lead over budget before, and is its turn not yet? `start` takes those whose turn it is.

        A sitemap that names them again in every crawl must not push them before what is new.
        """
        waited = seen is not None and seen.last_visit_at is None and seen.due_at is not None
        return waited and lead.url not in self.turns and self.job.days is None and self.job.recrawl is None

    def ask_story(self, lead: Lead, url: str, seen: Seen | None, hops: int = 0) -> Request:
        return Request(
            url,
            self.read_story,
            errback=self.lost_story,
            headers=conditions(seen),
            priority=-lead.position - (OLD if lead.recheck else 0),
            cb_kwargs={"lead": lead},
            meta={"wirehouse_purpose": "story", "wirehouse_hops": hops, "dont_redirect": True},
        )

    def read_story(self, response: Response, lead: Lead) -> Iterator[Any]:
        answer = answered(response, self.now)
        outcome, reason = of_answer(response.status, response.request)
        if reserved := response.meta.get("wirehouse_reserved"):
            yield self.end(lead, Outcome.RIGHTS_RESERVED, reserved, answer)
        elif outcome == "redirect":
            yield from self.follow_story(response, lead, answer)
        elif outcome != "ok":
            yield self.end(lead, Outcome(outcome), reason, answer | _story_of(self.memory.get(lead.url)))
        elif not isinstance(response, HtmlResponse):
            kind = (response.headers.get("Content-Type") or b"no type").decode("latin-1")
            yield self.end(lead, Outcome.NOT_HTML, kind, answer)
        else:
            seen = self.memory.get(lead.url)
            if seen is not None and seen.digest == answer["digest"]:
                yield self.end(lead, Outcome.UNCHANGED, "the same bytes", answer | _story_of(seen))
            else:
                known = seen is not None and seen.digest is not None
                yield self.end(lead, None, None, answer | {"known": known} | self._identity(lead, seen))

    def _identity(self, lead: Lead, seen: Seen | None) -> dict[str, Any]:
        """The story that a page is of, if it is known; where a guid's other URL still stands, it is none."""
        alone = bool(lead.guid) and self.announced.get(lead.guid or "") == {lead.url}
        known = frontier.same_story(
            lead, seen, self.memory.under_guid(lead.guid) if alone and lead.guid else []
        )
        return {} if known is None else {"story_id": known}

    def follow_story(self, response: Response, lead: Lead, answer: dict[str, Any]) -> Iterator[Any]:
        """Follow a redirect ourselves, so that the lead is not lost with it."""
        location = (response.headers.get("Location") or b"").decode("latin-1")
        target = urls.absolute(location, response.url) if location else None
        hops = response.meta["wirehouse_hops"] + 1
        if target is None:
            yield self.end(lead, Outcome.HTTP_ERROR, f"redirect to nowhere: {location!r}", answer)
            return
        key = urls.canonical(target)
        seen = self.memory.get(lead.url)
        as_before = key == lead.url or (seen is not None and key == seen.target)
        other = key if key != lead.url and key in self.asking else None
        known = None if as_before else self.memory.get(key)
        if hops > MOST_HOPS:
            yield self.end(lead, Outcome.HTTP_ERROR, f"redirected more than {MOST_HOPS} times", answer)
        elif not urls.in_scope(target, self.source):
            yield self.end(lead, Outcome.OUT_OF_SCOPE, f"redirect to {target}", answer)
        elif (
            other is not None
            or self.targets.get(key, lead.url) != lead.url
            or (known is not None and known.is_read)
        ):
            same = {"same_as": self.targets.get(key, key)}
            yield self.end(lead, Outcome.DUPLICATE, f"redirect to {target}", answer | same | _story_of(known))
        else:
            self.targets[key] = lead.url
            conditional = as_before and self.job.recrawl is None
            yield self.ask_story(lead, target, seen if conditional else None, hops)

    def lost_story(self, failure: Failure) -> Iterator[Any]:
        request, outcome, reason = lost(failure)
        at = {"at": self.now.isoformat(), "final_url": request.url}
        yield self.end(request.cb_kwargs["lead"], outcome, reason, at)

    def end(
        self, lead: Lead, outcome: Outcome | None, reason: str | None, answer: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The line of the crawl log with which a lead ends; no outcome: its page is archived."""
        self.open.pop(lead.url, None)
        return {
            "kind": "lead",
            "url": lead.url,
            "found_url": lead.found_url,
            "channel": lead.channel,
            "channel_kind": lead.channel_kind,
            "recheck": lead.recheck,
            "position": lead.position,
            "guid": lead.guid,
            "title": lead.title,
            "published_raw": lead.published_raw,
            "updated_raw": lead.updated_raw,
            "summary": lead.summary,
            "language": lead.language,
            "found_at": self.now.isoformat(),
            "at": self.now.isoformat(),
            "outcome": None if outcome is None else outcome.value,
            "reason": reason,
            **({} if self.job.days is None else {"backfill": True}),
        } | (answer or {})

    def unended(self, reason: str) -> Iterator[dict[str, Any]]:
        """Lines for the leads that a stop left open, so that the ledger balances."""
        for lead in list(self.open.values()):
            yield self.end(lead, Outcome.OVER_BUDGET, reason)

    def note_rest(self, host: str, rest: Rest, why: str) -> None:
        """Write down that a host asked to be left alone, for this crawl's readers and for the next crawl."""
        self.logger.warning("%s is left alone until %s (%s)", host, rest.until.isoformat(" ", "seconds"), why)
        line = {"kind": "site", "host": host, "at": self.now.isoformat(), "reason": why}
        self._say(line | {"rest_until_at": rest.until.isoformat(), "rests": rest.times})

    def note_tdm(self, host: str, rules: list[Rule]) -> None:
        """Write down what the tdmrep.json of a host says, so that it is not asked for again today."""
        at = self.now.isoformat()
        self._say({"kind": "site", "host": host, "at": at, "tdm": [list(rule) for rule in rules]})

    def _say(self, line: dict[str, Any]) -> None:
        """A line of the crawl log that no callback yields."""
        if self.crawl_log is not None:
            self.crawl_log.write(line)

    def note_error(self, failure: Failure, response: Response) -> None:
        """A fault of ours in a callback: the crawl goes on, and is red at its end."""
        self.broken = self.broken or f"{response.url}: {failure.value!r} in the spider"

    def break_off(self, why: str) -> None:
        """Stop: what this crawl leaves is not to be used, and `why` says so."""
        if self.broken is None:
            self.broken = why
            self.stop_soon("broken")

    def stop_soon(self, reason: str) -> None:
        from scrapy.utils.defer import _schedule_coro

        _schedule_coro(self.crawler.engine.close_spider_async(reason=reason))


def _story_of(seen: Seen | None) -> dict[str, Any]:
    """Which story was last read there, for the ledger."""
    return {} if seen is None or seen.story_id is None else {"story_id": seen.story_id}

"""When a host says that it has had enough (429, 503), it is left alone: now, and in the next crawls.

A short wait (PATIENCE) is waited for; for a longer one all leads of that host end, and
are due again with the next crawl. What a host asked is a line of the crawl log, and so
is remembered: a later crawl asks nothing of it before its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spiders.source import SourceSpider

FIRST = timedelta(minutes=5)
"""Without a Retry-After, doubled each time that the host says it again soon."""

LONGEST = timedelta(days=1)
"""Nobody is left alone for longer, whatever is asked: a typing error would lose a source."""

SOON = timedelta(hours=6)
"""After a rest; a host that says it again within this time has not recovered."""

PATIENCE = 10.0
"""Seconds that a crawl waits by itself, at most TIMES_PATIENT times a host."""

TIMES_PATIENT = 3

SICK = 3
"""503s in a row without any Retry-After: then it is the host, not the page."""


class HostRests(IgnoreRequest):
    """The host asked us to wait; the message says until when."""


@dataclass(frozen=True)
class Rest:
    """What a host asked for."""

    until: datetime
    times: int = 1
    """In a row, this one included."""


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The wait that a Retry-After asks for: seconds, or an HTTP date; None if it says neither.

    >>> retry_after("120", datetime(2026, 3, 5, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    >>> retry_after("Thu, 05 Mar 2026 00:00:30 GMT", datetime(2026, 3, 5, tzinfo=UTC))
    datetime.timedelta(seconds=30)
    >>> retry_after("soon", datetime(2026, 3, 5, tzinfo=UTC)) is None
    True

    Never below zero (a date that has passed asks for nothing), never above LONGEST.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), LONGEST.total_seconds()))
    else:
        try:
            then = parsedate_to_datetime(text)
            wait = (then if then.tzinfo else then.replace(tzinfo=UTC)) - now
        except (ValueError, OverflowError):
            return None
    return min(max(wait, timedelta()), LONGEST)


def next_rest(asked: timedelta | None, last: Rest | None, now: datetime) -> Rest:
    """How long a host rests that asked for it at `now`; `last` is the rest before."""
    again = last is not None and now < last.until + SOON
    times = last.times + 1 if last is not None and again else 1
    wait = asked if asked is not None else min(FIRST * 2 ** min(times - 1, 10), LONGEST)
    return Rest(now + wait, times)


class Rests:
    """Which hosts rest, in this crawl."""

    def __init__(self, known: Mapping[str, Rest], tell: Callable[[str, Rest, str], None]) -> None:
        self.known = dict(known)
        self._tell = tell
        self._sick: dict[str, int] = {}
        self._patient: dict[str, int] = {}

    def refuse(self, url: str) -> None:
        """HostRests if the host of a URL is to be left alone now."""
        host = urlsplit(url).netloc
        rest = self.known.get(host)
        if rest is not None and datetime.now(UTC) < rest.until:
            raise HostRests(f"{host} asked to be left alone until {rest.until:%Y-%m-%d %H:%M:%S} UTC")

    def heed(self, request: Request, response: Response) -> None:
        """Take in what an answer says; a wait of seconds is left in the answer's `wirehouse_wait`."""
        host = urlsplit(request.url).netloc
        if response.status not in (429, 503):
            self._sick.pop(host, None)
            return
        now = datetime.now(UTC)
        stated = response.headers.get("Retry-After")
        said = stated.decode("latin-1") if stated else None
        asked = retry_after(said, now)
        if asked is None and response.status == 503:
            self._sick[host] = self._sick.get(host, 0) + 1
            if self._sick[host] < SICK:
                return  # this page's trouble, for all we know: it is tried once more
        if asked is not None and asked.total_seconds() <= PATIENCE:
            self._patient[host] = self._patient.get(host, 0) + 1
            if self._patient[host] <= TIMES_PATIENT:
                request.meta["wirehouse_wait"] = asked.total_seconds()
                return
        request.meta["dont_retry"] = True
        self.known[host] = next_rest(asked, self.known.get(host), now)
        self._tell(host, self.known[host], f"{response.status}, Retry-After: {said}")


class RestMiddleware:
    """Downloader middleware: end requests to a host that rests, before they stand in its queue."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RestMiddleware:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        cast("SourceSpider", self._crawler.spider).rests.refuse(request.url)


def hold(crawler: Crawler, request: Request) -> None:
    """Let a host's queue stand still for the seconds it asked for; called before its next is taken."""
    wait = request.meta.pop("wirehouse_wait", None)
    assert crawler.engine is not None
    slot = crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
    if wait is not None and slot is not None:
        slot.delay = slot.delay or 0.001  # without any delay Scrapy would not look at `lastseen`
        slot.lastseen = max(slot.lastseen, monotonic() + wait - slot.delay)

"""Make runs of sources that are well: what their crawls would have staged, by the rhythm that each has.

A rhythm is how many stories a day, at which hours, how lumpy, how much less at weekends and on a
holiday; around it is what is usual in sound runs too: pages that fail, pages without a story, fields that
are not filled, edits, bursts on a big day, a feed that answers 304, crawls that come late or not at all.
All is invented and drawn from a seed: the same seed, the same fortnight.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from pipelines.ledger import Fetch, LedgerLine, Outcome, Run, Sighting
from pipelines.records import Expect, Source, Story

START = datetime(2026, 4, 27, tzinfo=UTC)
"""A Monday."""

HOLIDAY = date(2026, 5, 1)
"""A Friday on which half of the sources hardly work."""

ASCENSION = date(2026, 5, 14)
"""And a Thursday in the third week, when their rhythms are known."""

BESIDE_WEEKENDS = (date(2026, 5, 18), date(2026, 5, 22))
"""A Monday and a Friday in the fourth week."""

OURS = (START + timedelta(days=9, hours=13), START + timedelta(days=9, hours=16))
"""When we were off ourselves: no source is crawled, and the first crawl after it finds what piled up."""

OFFICE = (1, 1, 1, 1, 2, 5, 10, 14, 16, 16, 15, 14, 13, 14, 15, 15, 14, 12, 9, 7, 5, 4, 3, 2)
CLOCK = (6, 5, 5, 5, 6, 7, 8, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 9, 9, 8, 8, 7)
EVENING = (3, 1, 0, 0, 0, 0, 1, 2, 3, 3, 4, 4, 4, 4, 5, 6, 9, 12, 15, 18, 18, 14, 9, 5)
PRINT = (1, 0, 0, 2, 40, 25, 8, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1, 1)
BUSINESS = (0, 0, 0, 0, 0, 1, 4, 10, 12, 12, 10, 9, 8, 9, 10, 10, 8, 5, 2, 1, 0, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    name: str
    per_day: float
    hours: tuple[int, ...]
    """Weight of each hour of its own day."""
    zone: str = "UTC"
    every: str = "15m"
    weekend: float = 0.6
    """What comes on a Saturday or Sunday, as a share of other days."""
    holiday: float = 1.0
    lumps: float = 6.0
    """Shape of the gamma law that each hour's rate is drawn from; less is lumpier."""
    unread: float = 0.02
    """Share of its pages that fail, or hold no story."""
    byline: float = 0.8
    validators: bool = True
    feed: int = 30

    @property
    def source(self) -> Source:
        number, unit = int(self.every[:-1]), {"m": "minutes", "h": "hours"}[self.every[-1]]
        return Source(
            name=self.name,
            title=self.name,
            home=f"https://{self.name}.example/",
            feeds=(f"https://{self.name}.example/rss",),
            timezone=self.zone,
            every=timedelta(**{unit: number}),
            expect=Expect(filled={"headline": 1.0, "published_at": 0.95}),
        )


RHYTHMS = (
    Rhythm(name="world_agency", per_day=400, hours=CLOCK, weekend=0.7, feed=50, lumps=10),
    Rhythm(name="national_agency", per_day=220, hours=OFFICE, zone="Europe/Berlin", holiday=0.5, weekend=0.5),
    Rhythm(name="city_agency", per_day=120, hours=OFFICE, zone="Europe/Paris", holiday=0.4, weekend=0.4),
    Rhythm(
        name="broadcaster", per_day=90, hours=CLOCK, zone="Europe/Oslo", holiday=0.6, weekend=0.7, every="30m"
    ),
    Rhythm(
        name="tv_station",
        per_day=45,
        hours=EVENING,
        zone="America/New_York",
        weekend=0.8,
        unread=0.2,
        every="30m",
    ),
    Rhythm(
        name="daily_paper", per_day=110, hours=PRINT, zone="Europe/Madrid", holiday=0.3, lumps=3, every="30m"
    ),
    Rhythm(
        name="local_paper",
        per_day=25,
        hours=PRINT,
        zone="Europe/Vienna",
        holiday=0.1,
        weekend=0.5,
        lumps=3,
        every="30m",
    ),
    Rhythm(name="evening_paper", per_day=40, hours=EVENING, zone="Europe/Lisbon", holiday=0.5, every="30m"),
    Rhythm(
        name="sports_desk", per_day=60, hours=EVENING, zone="Europe/Rome", weekend=2.2, lumps=2, every="30m"
    ),
    Rhythm(name="markets", per_day=80, hours=BUSINESS, zone="America/Chicago", weekend=0.03, every="30m"),
    Rhythm(
        name="ministry",
        per_day=8,
        hours=BUSINESS,
        zone="Europe/Warsaw",
        weekend=0.0,
        holiday=0.0,
        every="30m",
    ),
    Rhythm(name="weekly", per_day=3, hours=OFFICE, zone="Europe/London", weekend=0.3, every="1h"),
    Rhythm(name="science_desk", per_day=6, hours=OFFICE, zone="America/Los_Angeles", weekend=0.1, every="1h"),
    Rhythm(
        name="police_desk",
        per_day=18,
        hours=OFFICE,
        zone="Europe/Berlin",
        weekend=0.9,
        validators=False,
        every="30m",
    ),
    Rhythm(name="weather_desk", per_day=24, hours=(1,) * 24, weekend=1.0, lumps=40, every="30m"),
    Rhythm(
        name="islands",
        per_day=12,
        hours=OFFICE,
        zone="Pacific/Auckland",
        weekend=0.4,
        byline=0.1,
        every="30m",
    ),
    Rhythm(name="magazine", per_day=15, hours=OFFICE, zone="Asia/Tokyo", weekend=0.5, unread=0.1, every="1h"),
    Rhythm(name="tabloid", per_day=160, hours=CLOCK, zone="Europe/London", weekend=0.9, lumps=2, unread=0.15),
    Rhythm(
        name="parliament",
        per_day=10,
        hours=BUSINESS,
        zone="Europe/Brussels",
        weekend=0.0,
        holiday=0.0,
        lumps=1,
    ),
    Rhythm(
        name="village", per_day=5, hours=EVENING, zone="America/Halifax", weekend=0.6, every="1h", lumps=2
    ),
)
"""Twenty, from three stories a day to four hundred."""


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What one crawl left: what `checks.of_batch` is given."""

    run: Run
    ledger: list[LedgerLine]
    stories: list[Story]
    fetches: list[Fetch]
    sightings: list[Sighting]


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    at: datetime


@dataclass
class Site:
    """One source as it lives through the days; `crawls` are the runs that we make of it.

    `trouble` is silent_drop_60 or feed_frozen, from `since` on.
    """

    rhythm: Rhythm
    seed: int = 1
    trouble: str | None = None
    since: datetime = START
    chance: Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = Random(f"{self.seed}:{self.rhythm.name}")
        self.source = self.rhythm.source
        self.shown: deque[_Item] = deque(maxlen=self.rhythm.feed)
        self.rate: dict[datetime, float] = {}
        self.burst_until = START
        self.count = 0

    def crawls(self, days: float) -> Iterator[Staged]:
        """The runs of so many days from `START`, in order."""
        seen, at = START - self.source.every, START
        self._publish(START - timedelta(days=10), START)  # a feed is full when we first see it
        known: set[int] = set()
        while at < START + timedelta(days=days):
            late = timedelta(seconds=self.chance.uniform(1, 40))
            if not OURS[0] <= at < OURS[1] and self.chance.random() > 0.005:
                before = tuple(self.shown)
                self._publish(max(seen, START), at + late)
                seen = at + late
                yield self._crawl(at + late, before != tuple(self.shown) or not known, known)
            at += self.source.every

    def _publish(self, since: datetime, until: datetime) -> None:
        """What comes out between two moments, quarter hour by quarter hour."""
        at = since
        while at < until:
            end = min(until, at + timedelta(minutes=15))
            expected = self._rate(at) * ((end - at) / timedelta(hours=1))
            for _ in range(_poisson(self.chance, expected)):
                self._announce(_Item(self.count, at + (end - at) * self.chance.random()))
                self.count += 1
            at = end

    def _announce(self, item: _Item) -> None:
        ill = item.at >= self.since and self.trouble
        if ill == "feed_frozen" or (ill == "silent_drop_60" and self.chance.random() < 0.6):
            return
        self.shown.appendleft(item)

    def _rate(self, at: datetime) -> float:
        """Stories an hour, drawn once for each hour."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        if hour not in self.rate:
            r, there = self.rhythm, at.astimezone(ZoneInfo(self.rhythm.zone))
            rate = r.per_day * r.hours[there.hour] / sum(r.hours)
            rate *= r.weekend if there.weekday() > 4 else 1.0
            rate *= r.holiday if there.date() in (HOLIDAY, ASCENSION, *BESIDE_WEEKENDS) else 1.0
            if self.chance.random() < 0.006:  # something big happens, about once a week
                self.burst_until = hour + timedelta(hours=self.chance.choice((2, 3, 4)))
            rate *= self.chance.choice((2, 2.5, 3)) if hour < self.burst_until else 1.0
            self.rate[hour] = rate * self.chance.gammavariate(r.lumps, 1 / r.lumps)
        return self.rate[hour]

    def _crawl(self, at: datetime, moved: bool, known: set[int]) -> Staged:
        name = self.rhythm.name
        run_id = f"{name}/{at:%Y%m%dT%H%M%SZ}-0000"
        channel, chance = self.source.feeds[0], self.chance
        unchanged = not moved and self.rhythm.validators
        fetches = [
            self._fetch(run_id, at, f"{self.source.home}robots.txt", "robots", "ok", 200),
            self._fetch(run_id, at, channel, "channel", *(("unchanged", 304) if unchanged else ("ok", 200))),
        ]
        ledger: list[LedgerLine] = []
        stories: list[Story] = []
        sightings: list[Sighting] = []
        for position, item in enumerate(() if unchanged else self.shown):
            url = f"{self.source.home}{item.number}"
            sightings.append(
                Sighting(run_id=run_id, source_id=name, url=url, channel=channel, channel_kind="rss",
                         position=position, published_raw=item.at.isoformat(), seen_at=at)
            )  # fmt: skip
            line = LedgerLine(run_id=run_id, source_id=name, url=url, outcome=Outcome.NOT_DUE,
                              channel=channel, channel_kind="rss", position=position,
                              found_at=at)  # fmt: skip
            if item.number not in known:
                known.add(item.number)
                line = self._fetched(line, item.number)
                fetches.append(self._fetch(run_id, at, url, "story", *_answer(line.outcome)))
                if line.outcome is Outcome.NEW:
                    stories.append(self._story(line, item))
            ledger.append(line)
        for item in chance.sample(list(self.shown), min(len(self.shown), chance.choice((0, 0, 1, 2)))):
            url = f"{self.source.home}{item.number}"
            if any(line.url == url for line in ledger if line.outcome is not Outcome.NOT_DUE):
                continue
            ledger = [line for line in ledger if line.url != url]
            outcome = Outcome.UPDATED if chance.random() < 0.05 else Outcome.UNCHANGED
            line = LedgerLine(run_id=run_id, source_id=name, url=url, outcome=outcome, channel=channel,
                              channel_kind="recheck", found_at=at, fetched_at=at, final_url=url,
                              http_status=200)  # fmt: skip
            ledger.append(line)
            fetches.append(self._fetch(run_id, at, url, "story", "ok", 200))
            if outcome is Outcome.UPDATED:
                stories.append(self._story(line, item))
        run = Run(run_id=run_id, source_id=name, kind="crawl", started_at=at,
                  ended_at=at + timedelta(seconds=2 + 1.5 * len(fetches)), finish_reason="finished",
                  leads=len(ledger), requests=len(fetches), responses=len(fetches),
                  bytes=sum(f.bytes for f in fetches), wirehouse_version="0")  # fmt: skip
        return Staged(run=run, ledger=ledger, stories=stories, fetches=fetches, sightings=sightings)

    def _fetched(self, line: LedgerLine, number: int) -> LedgerLine:
        outcome, reason, status = Outcome.NEW, None, 200
        if self.chance.random() < self.rhythm.unread:
            outcome, reason, status = self.chance.choice(_UNREAD)
        return replace(line, outcome=outcome, reason=reason, http_status=status, fetched_at=line.found_at,
                       final_url=line.url, story_id=f"{self.rhythm.name}-{number}")  # fmt: skip

    def _fetch(
        self, run_id: str, at: datetime, url: str, purpose: str, outcome: str, status: int | None
    ) -> Fetch:
        size = 0 if status in (304, None) else int(self.chance.lognormvariate(10, 0.4))
        return Fetch(run_id=run_id, source_id=self.rhythm.name, url=url, purpose=purpose, outcome=outcome,
                     http_status=status, bytes=size, seconds=self.chance.lognormvariate(-1.2, 0.6),
                     started_at=at)  # fmt: skip

    def _story(self, line: LedgerLine, item: _Item) -> Story:
        chance, r = self.chance, self.rhythm
        words = max(40, int(chance.lognormvariate(5.7, 0.5)))
        body = f"{r.name} {item.number} said " + "and the rain went on over the town " * (words // 8)
        return Story(
            story_id=line.story_id or f"{r.name}-{item.number}",
            source_id=r.name,
            run_id=line.run_id,
            url=line.url,
            fetched_at=line.found_at,
            published_at=item.at,
            published_raw=item.at.isoformat(),
            published_precision="second",
            published_evidence="jsonld",
            published_tz_known=True,
            headline=f"Story {item.number} of {r.name}",
            byline="By Ada Pell" if chance.random() < r.byline else None,
            authors=("Ada Pell",) if chance.random() < r.byline else (),
            section=chance.choices(_SECTIONS, (5, 4, 3, 2, 1))[0],
            description="What happened today",
            language="en",
            body_text=body,
            word_count=len(body.split()),
            content_hash=hashlib.sha256(body.encode()).hexdigest(),
            extractor="rhythms",
            extractor_version="1",
            extraction_confidence=min(1.0, max(0.3, chance.gauss(0.9, 0.06))),
        )


_SECTIONS = ("World", "Business", "Sport", "Culture", "Science")
_UNREAD = (
    (Outcome.GONE, None, 404),
    (Outcome.HTTP_ERROR, "500", 500),
    (Outcome.TIMEOUT, "no answer", None),
    (Outcome.NOT_STORY, "gallery", 200),
    (Outcome.REJECTED, "too_short", 200),
)


def _answer(outcome: Outcome) -> tuple[str, int | None]:
    for known, _, status in _UNREAD:
        if outcome is known and status != 200:
            return outcome.value, status
    return "ok", 200


def _poisson(chance: Random, expected: float) -> int:
    """Knuth's: fine for the tens that come in a quarter of an hour."""
    from math import exp

    limit, product, count = exp(-expected), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count

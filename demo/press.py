"""Say what is printed where at a moment, in which version: a pure function of seed, epoch and time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from demo import plan
from demo.prose import Block, Copy, write
from demo.sites import SITES, Site, default_origins


@dataclass(frozen=True, kw_only=True)
class Printing:
    """One story as one site prints it at one moment."""

    site: Site
    number: int
    copy: Copy
    fate: str
    """`plan.fate` of the owner's page; none for a reprint."""
    manner: str
    """own, or how it is reprinted: `plan.Carry.manner`."""
    path: str
    url: str
    published: datetime
    filed: datetime
    """When its author's own site published it."""
    version: int
    """From 0; each change counts one."""
    change: str
    """new, or what this version is: update, writethru, correction, kill, gone."""
    modified: datetime | None
    headline: str
    blocks: tuple[Block, ...]
    agency: str | None
    """Who filed it, if an agency did."""
    origin: str | None
    """URL of the agency's own page, for a reprint."""

    @property
    def is_reprint(self) -> bool:
        return self.manner != "own"

    @property
    def is_kill(self) -> bool:
        return self.change == "kill"

    def local(self, moment: datetime) -> datetime:
        """A time as this site's clock shows it, everywhere: some keep no seconds."""
        shown = moment.astimezone(ZoneInfo(self.site.zone))
        return shown if self.site.seconds else shown.replace(second=0)


@dataclass(frozen=True, kw_only=True)
class Press:
    """The timeline: story `number` is published one interval after its predecessor, without end.

    At the `epoch` the newest of `backlog` stories is just out. Nothing is kept: every
    question is answered from the numbers, so a wire of a million stories costs no memory.
    """

    epoch: datetime
    seed: int = 7
    interval: timedelta = timedelta(seconds=30)
    backlog: int = plan.CYCLE
    origins: dict[str, str] = field(default_factory=default_origins)
    """Base URL of each site."""

    def published(self, number: int) -> datetime:
        return self.epoch + (number - self.backlog + 1) * self.interval

    def newest(self, now: datetime) -> int:
        """Number of the newest story; -1 if there is none yet."""
        return max(-1, self.backlog - 1 + (now - self.epoch) // self.interval)

    def numbers(self, now: datetime) -> range:
        return range(self.newest(now) + 1)

    def printings(self, number: int, now: datetime) -> list[Printing]:
        """The owner's page and the reprints that are out; each reprint comes an interval after the last."""
        row, out = plan.row(number), self.published(number)
        if number < 0 or out > now:
            return []
        first = self._printing(SITES[row.owner], number, row.language, out)
        reprints = (
            self._reprint(first, carry, out + lag * self.interval)
            for lag, carry in enumerate(row.carried, 1)
            if out + lag * self.interval <= now
        )
        return [self._edited(first, now), *reprints]

    def changes(self, printing: Printing) -> list[datetime]:
        """When its page changes, past and to come."""
        return [printing.published + n * self.interval for n, _ in plan.CHANGES.get(printing.fate, ())]

    def find(self, site: str, path: str, now: datetime) -> Printing | None:
        """What stands at a path, if a story does; its number is the last digits in the path."""
        digits = re.search(r"(\d+)\D*$", path)
        out = self.printings(int(digits[1]), now) if digits and len(digits[1]) < 12 else []
        return next((p for p in out if p.site.key == site and p.path == path), None)

    def latest(self, site: str, now: datetime, count: int) -> list[Printing]:
        """The newest stories of a site, newest first."""
        found = list(islice(self._backwards(site, now), count + 2))  # a reprint is younger than its number
        return sorted(found, key=lambda p: (p.published, p.number), reverse=True)[:count]

    def earlier(self, printing: Printing) -> Printing:
        """An older sound story of the same site: where its redirect leads."""
        for number in range(printing.number - 1, -1, -1):
            for found in self.printings(number, printing.published):
                if found.site == printing.site and found.fate == "none":
                    return found
        raise LookupError(f"no story before {printing.number} on {printing.site.key}")

    def _backwards(self, site: str, now: datetime) -> Iterator[Printing]:
        for number in range(self.newest(now), -1, -1):
            row = plan.row(number)
            if site == row.owner or any(site == c.site for c in row.carried):
                yield from (p for p in self.printings(number, now) if p.site.key == site)

    def _printing(self, site: Site, number: int, language: str, out: datetime) -> Printing:
        copy = write(self.seed, number, language)
        path = site.path.format(slug=copy.slug, number=number, day=out)
        fate = plan.fate(number)
        if fate == "forbidden":
            path = "/reserve" + path
        wrong = copy.blocks[0].text.replace(copy.figure, copy.wrong, 1)
        return Printing(
            site=site,
            number=number,
            copy=copy,
            fate=fate,
            manner="own",
            path=path,
            url=self.origins[site.key] + path,
            published=out,
            filed=out,
            version=0,
            change="new",
            modified=None,
            headline=copy.headline,
            blocks=(Block("p", wrong), *copy.blocks[1:]) if fate == "correction" else copy.blocks,
            agency=site.agency,
            origin=None,
        )

    def _reprint(self, first: Printing, carry: plan.Carry, out: datetime) -> Printing:
        site = SITES[carry.site]
        path = site.path.format(slug=first.copy.slug, number=first.number, day=out)
        return replace(
            first,
            site=site,
            fate="none",
            manner=carry.manner,
            path=path,
            url=self.origins[site.key] + path,
            published=out,
            headline=first.copy.short if carry.manner == "retitled" else first.headline,
            blocks=_cut(first.blocks) if carry.manner == "cut" else first.blocks,
            origin=first.url,
        )

    def _edited(self, printing: Printing, now: datetime) -> Printing:
        """The version that stands at `now`."""
        changes = [change for _, change in plan.CHANGES.get(printing.fate, ())]
        for at, change in zip(self.changes(printing), changes, strict=True):
            if at <= now:
                version = printing.version + 1
                printing = _change(replace(printing, version=version, change=change, modified=at))
        return printing


def _change(printing: Printing) -> Printing:
    """Headline and blocks of a version, from those of the version before."""
    copy, blocks, added = printing.copy, printing.blocks, printing.copy.more[: printing.version][-1:]
    match printing.change:
        case "update":
            return replace(printing, blocks=(blocks[0], *added, *blocks[1:]))
        case "writethru":
            return replace(printing, headline=copy.short, blocks=(copy.new_lede, *added, *blocks[1:]))
        case "correction":
            return replace(printing, blocks=copy.blocks)
        case "kill":
            return replace(printing, headline=copy.kill_headline, blocks=copy.kill)
    return printing


def _cut(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The first three fifths of a story, but never ending on a sub-heading or the head of a list."""
    kept = list(blocks[: max(3, len(blocks) * 3 // 5)])
    while kept[-1].kind != "p" or kept[-1].text.endswith(":"):
        kept.pop()
    return tuple(kept)

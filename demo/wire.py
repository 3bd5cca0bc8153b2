"""The demo wire as one object: every page and the truth about it, at any moment. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from demo import pages, troubles
from demo.press import Press
from demo.troubles import Trouble
from demo.truth import Truth, truth


@dataclass(frozen=True, kw_only=True)
class Wire(Press):
    """All that the invented sites print, and what a perfect reader would make of it.

    >>> from datetime import UTC
    >>> wire = Wire(epoch=datetime(2026, 3, 5, 12, tzinfo=UTC))
    >>> told = next(iter(wire.stories_at(wire.epoch)))
    >>> told.site, told.story.authors, told.outcome.value
    ('meridian', ('Mara Fairholt',), 'new')

    Two wires of the same seed, epoch and interval give the same bytes. `replace(wire,
    origins=…)` moves it to other ports.
    """

    troubles: tuple[Trouble, ...] = ()
    """What ails its sites; the truth knows nothing of it."""

    def answer(self, site: str, path: str, now: datetime, host: str = "") -> pages.Answer:
        """What a site answers to a GET; `host` is the name under which it was asked."""
        trouble = troubles.of_site(self.troubles, site, now)
        if trouble is not None:
            return troubles.answer(self, trouble, path, now, host)
        return pages.answer(self, site, path, now)

    def pages_at(self, now: datetime) -> dict[str, pages.Answer]:
        """Every answer by URL, channels and robots.txt included: for a small wire only."""
        return {self.origins[k] + path: self.answer(k, path, now) for k, path in pages.paths(self, now)}

    def stories_at(self, now: datetime) -> Iterator[Truth]:
        """The truth of all that was ever announced, oldest first, ugly pages too; lazily."""
        for number in self.numbers(now):
            yield from self.story(number, now)

    def story(self, number: int, now: datetime) -> list[Truth]:
        """The truth of one story: the owner's page first, then the reprints that are out."""
        return [truth(self, printing, now) for printing in self.printings(number, now)]

    def truth_at(self, now: datetime) -> dict[str, Truth]:
        """`stories_at` by URL: what the ledger must say after a first crawl, by its keys."""
        return {told.url: told for told in self.stories_at(now)}

    def announced_at(self, now: datetime) -> dict[str, list[str]]:
        """URLs that each channel shows now, by the channel's URL as its source declares it."""
        return {
            channel: [truth(self, p, now).url for p in shown]
            for site in self.origins
            for channel, shown in pages.announced(self, site, now).items()
        }

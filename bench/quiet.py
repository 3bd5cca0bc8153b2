"""Does anybody cry wolf? Twenty sources that are well, for fourteen days, each run judged as in earnest.

    python -m bench.quiet [--days 14] [--seeds 1 2 3] [--sources weekly markets] [--power]

The past of each source begins empty and grows with its runs. Counted are runs that a check would have made
red, or warned of: none should. `--power` lets each source fall ill after its fortnight instead, in two ways
(60 % of its stories are announced no more; its feed freezes), and tells after how long that is called
something: with quiet sources that takes as long as it takes to tell silence from a pause.
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.machine import describe
from bench.rhythms import RHYTHMS, START, Rhythm, Site, Staged
from pipelines import checks
from pipelines.ledger import Finding, Severity
from pipelines.measures import Measures


def judged(
    sites: Sequence[Site], days: float, alone: bool = False
) -> Iterator[tuple[Site, Staged, list[Finding]]]:
    """The runs of all sites as they came, each with what is found; what it measured is past for the next.

    `alone`: each is judged as if there were no other source to compare a quiet day with.
    """
    lived = {site.rhythm.name: _Life(site) for site in sites}
    runs = heapq.merge(*(site.crawls(days) for site in sites), key=lambda staged: staged.run.started_at)
    for staged in runs:
        one, now = lived[staged.run.source_id], staged.run.ended_at
        others = {name: life.flow(now) for name, life in lived.items() if life is not one and not alone}
        measured, found = checks.judged(
            one.site.source, staged.run, staged.ledger, staged.stories, staged.fetches, staged.sightings,
            one.past, others={name: flow for name, flow in others.items() if flow is not None}, now=now,
        )  # fmt: skip
        one.add(measured)
        yield one.site, staged, found


@dataclass
class _Life:
    """A site, and what its runs measured."""

    site: Site
    past: list[Measures] = field(default_factory=list)
    day: deque[Measures] = field(default_factory=deque)
    """Those of the last 24 hours in which it was known what to expect."""

    def add(self, measured: Measures) -> None:
        self.past.append(measured)
        if measured.expected is not None:
            self.day.append(measured)

    def flow(self, now: datetime) -> tuple[float, float] | None:
        while self.day and self.day[0].started_at < now - timedelta(days=1):
            self.day.popleft()
        if not self.day:
            return None
        return sum(m.arrived for m in self.day), sum(m.expected or 0.0 for m in self.day)


def loud(found: Sequence[Finding]) -> list[Finding]:
    """What an operator would be shown in yellow or red."""
    return [f for f in found if f.severity is not Severity.NOTE or f.holds]


def found_after(
    rhythm: Rhythm, trouble: str, seed: int, well: float, ill: float
) -> tuple[timedelta, Finding] | None:
    """How long after its start a trouble is told, and how; None: not within the days it lasts."""
    since = START + timedelta(days=well, hours=9)
    for _, staged, found in judged([Site(rhythm, seed, trouble, since)], well + ill):
        told = loud(found)
        if told and staged.run.started_at >= since:
            return staged.run.started_at - since, told[0]
    return None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=float, default=14)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--sources", nargs="+", default=[r.name for r in RHYTHMS])
    parser.add_argument("--alone", action="store_true", help="judge each as if there were no other")
    parser.add_argument("--power", action="store_true")
    given = parser.parse_args()
    chosen = [r for r in RHYTHMS if r.name in given.sources]
    print(describe())
    if given.power:
        _power(chosen, given.seeds, given.days)
    else:
        _quiet(chosen, given.seeds, given.days, given.alone)


def _quiet(chosen: Sequence[Rhythm], seeds: Sequence[int], days: float, alone: bool) -> None:
    begun, runs = time.monotonic(), 0
    told: Counter[str] = Counter()
    for seed in seeds:
        for site, staged, found in judged([Site(rhythm, seed) for rhythm in chosen], days, alone):
            runs += 1
            told.update(["notes"] if found else [])
            for f in loud(found):
                told[f.severity.value] += 1
                print(f"  {_when(staged.run.started_at)} {site.rhythm.name:<16}{_say(f)}")
    seconds = time.monotonic() - begun
    print(f"{len(chosen)} sources, {days:g} days, seeds {', '.join(map(str, seeds))}")
    print(f"{runs:,} runs made and judged in {seconds:.0f} s ({1000 * seconds / runs:.1f} ms each)")
    print(f"{told['error']} red, {told['warning']} warnings, {told['notes']} runs with a finding of any kind")


def _power(chosen: Sequence[Rhythm], seeds: Sequence[int], days: float) -> None:
    print(f"\n{'source':<16}{'a day':>6}{'every':>7}  {'trouble':<16}found after")
    for rhythm in chosen:
        for trouble in ("silent_drop_60", "feed_frozen"):
            after = [found_after(rhythm, trouble, seed, days, 7) for seed in seeds]
            said = ", ".join(f"{_hours(a[0])} ({a[1].cause})" if a else "not in 7 days" for a in after)
            print(f"{rhythm.name:<16}{rhythm.per_day:>6g}{rhythm.every:>7}  {trouble:<16}{said}", flush=True)


def _say(f: Finding) -> str:
    return f"{f.severity.value:<8}{f.check}: {f.cause}: {f.message} [{f.evidence}]"


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):.1f} h"


def _when(moment: datetime) -> str:
    return f"{moment:%a %d %H:%M}"


if __name__ == "__main__":
    main()

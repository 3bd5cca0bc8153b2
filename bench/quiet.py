"""Does anybody cry wolf? Twenty sources that are well, for fourteen days, each run judged as in earnest.

    python -m bench.quiet [--days 14] [--seeds 1 2 3] [--sources weekly markets] [--power]

The past of each source begins empty and grows with its runs. Counted are runs that a check would have made
red, or warned of: none should. `--power` lets each source fall ill after its fortnight instead, in two ways
(60 % of its stories are announced no more; its feed freezes), and tells after how long that is called
something: with quiet sources that takes as long as it takes to tell silence from a pause.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bench.machine import describe
from bench.rhythms import RHYTHMS, START, Rhythm, Site, Staged
from pipelines import checks
from pipelines.ledger import Finding, Severity
from pipelines.measures import Measures


def judged(site: Site, days: float) -> Iterator[tuple[Staged, list[Finding]]]:
    """Each run of so many days with what is found in it; its measures are the past of the next."""
    past: list[Measures] = []
    for staged in site.crawls(days):
        run, now = staged.run, staged.run.ended_at
        measured, found = checks.judged(
            site.source, run, staged.ledger, staged.stories, staged.fetches, staged.sightings, past, now=now
        )
        past.append(measured)
        yield staged, found


def loud(found: Sequence[Finding]) -> list[Finding]:
    """What an operator would be shown in yellow or red."""
    return [f for f in found if f.severity is not Severity.NOTE or f.holds]


def found_after(
    rhythm: Rhythm, trouble: str, seed: int, well: float, ill: float
) -> tuple[timedelta, Finding] | None:
    """How long after its start a trouble is told, and how; None: not within the days it lasts."""
    since = START + timedelta(days=well, hours=9)
    site = Site(rhythm, seed, trouble, since)
    for staged, found in judged(site, well + ill):
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
    parser.add_argument("--power", action="store_true")
    given = parser.parse_args()
    chosen = [r for r in RHYTHMS if r.name in given.sources]
    print(describe())
    if given.power:
        _power(chosen, given.seeds, given.days)
    else:
        _quiet(chosen, given.seeds, given.days)


def _quiet(chosen: Sequence[Rhythm], seeds: Sequence[int], days: float) -> None:
    begun, runs = time.monotonic(), 0
    told: Counter[str] = Counter()
    for seed in seeds:
        for rhythm in chosen:
            for staged, found in judged(Site(rhythm, seed), days):
                runs += 1
                told.update(["notes"] if found else [])
                for f in loud(found):
                    told[f.severity.value] += 1
                    print(f"  {_when(staged.run.started_at)} {rhythm.name:<16}{_say(f)}")
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

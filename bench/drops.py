"""How soon is a drop told that nobody announces, and how often is one told that is none?

    python -m bench.drops [--years 4] [--seeds 10] [--share 0.4] [--well 14 28]

Hour by hour, without pages: what the rhythms of `bench.rhythms` bring is drawn, and the windows of
`pipelines.checks.volume` are asked of it: so whole source-years take minutes. First each source is well for
three weeks at a time: counted are the times that a drop is told (one lasts until none was told for three
days). Then sources of 20, 40, 80 and 200 stories a day bring but a share of them, and it says after how many
hours that is told. What excuses a quiet day (weekends, holidays, others) is not asked: see `bench.quiet`.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np

from bench.machine import describe
from bench.rhythms import RHYTHMS, START, Rhythm
from pipelines.checks import rhythm, volume

WELL = 21
"""Days that a source is watched, after those that taught."""

ILL = 9
"""Days that a drop may last."""

STEP = 3
"""Hours from one look to the next."""

KEPT = 56 * 24
"""Hours of the past that a run is judged by."""

SIZES = (20, 40, 80, 200)
AS = ("broadcaster", "tv_station", "city_agency", "evening_paper")
"""Whose hours and weekends the sources have that fall ill."""


def brought(like: Rhythm, days: float, seed: int, drop: int | None = None, share: float = 1.0) -> np.ndarray:
    """Stories of each hour; from hour `drop` on but a share of them."""
    chance = np.random.default_rng([seed, *like.name.encode()])
    zone, burst, counts = ZoneInfo(like.zone), -1, []
    for n in range(round(days * 24)):
        there = (START + timedelta(hours=n)).astimezone(zone)
        rate = like.per_day * like.hours[there.hour] / sum(like.hours)
        rate *= like.weekend if there.weekday() > 4 else 1.0
        if chance.random() < 0.006:  # something big happens, about once a week
            burst = n + chance.integers(2, 5)
        rate *= chance.choice((2, 2.5, 3)) if n < burst else 1.0
        rate *= chance.gamma(like.lumps, 1 / like.lumps)
        counts.append(chance.poisson(rate * (share if drop is not None and n >= drop else 1.0)))
    return np.array(counts, dtype=float)


def told(like: Rhythm, counts: np.ndarray) -> timedelta | None:
    """The shortest window in which the last hour's look tells a drop."""
    last = counts[-KEPT:][::-1]
    ends = START.timestamp() + 3600.0 * np.arange(len(counts), len(counts) - len(last), -1)
    teaches = np.ones(len(last))
    teaches[: int((last > 0).argmax())] = 0
    watched = timedelta(hours=float(teaches.sum()))
    flow = rhythm.fitted(ends, np.ones(len(last)), last, teaches, like.zone, watched, 1.0)
    return next((length for length, _ in volume.low(flow)), None) if flow.is_learned else None


def false_alarms(like: Rhythm, well: int, seed: int) -> Counter[timedelta]:
    counts, found, until = brought(like, well + WELL, seed), Counter[timedelta](), -1
    for n in range(well * 24 + 9, len(counts), STEP):
        if (length := told(like, counts[:n])) is not None:
            found.update([length] if n > until else [])
            until = n + 72
    return found


def told_after(like: Rhythm, well: int, seed: int, share: float) -> int | None:
    """Hours from the beginning of a drop until it is told; None: not while it lasts."""
    since = well * 24 + 9
    counts = brought(like, well + ILL, seed, since, share)
    looks = range(since + STEP, len(counts), STEP)
    return next((n - since for n in looks if told(like, counts[:n]) is not None), None)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--years", type=float, default=4, help="source-years that are well")
    parser.add_argument("--seeds", type=int, default=5, help="drops of each kind")
    parser.add_argument("--share", type=float, default=0.4, help="of the stories that go on coming")
    parser.add_argument("--well", type=int, nargs="+", default=[14, 28], help="days before a drop")
    given = parser.parse_args()
    print(describe())
    for well in given.well:
        print(f"\nafter {well} days")
        _well(well, given.years)
        _ill(well, range(given.seeds), given.share)


def _well(well: int, years: float) -> None:
    seeds = range(round(years * 365 / WELL / len(RHYTHMS)))
    if not seeds:
        return
    found: Counter[timedelta] = Counter()
    for like in RHYTHMS:
        for seed in seeds:
            found += false_alarms(like, well, seed)
    lived = len(seeds) * len(RHYTHMS) * WELL / 365
    which = ", ".join(f"{n} in {length / timedelta(hours=1):.0f} h" for length, n in sorted(found.items()))
    print(f"  well: {found.total()} drops told in {lived:.1f} source-years", f"({which})" if which else "")


def _ill(well: int, seeds: Sequence[int], share: float) -> None:
    for size in SIZES:
        likes = [dataclasses.replace(r, per_day=size) for r in RHYTHMS if r.name in AS]
        after = [told_after(like, well, seed, share) for like in likes for seed in seeds]
        known = sorted(hours if hours is not None else 24 * ILL for hours in after)
        lost = after.count(None)
        most = known[int(0.9 * (len(known) - 1))]
        never = f", {lost} of {len(after)} not in {ILL} days" if lost else ""
        said = f"half of them told after {median(known):.0f} h, nine of ten after {most} h{never}"
        print(f"  {size:>3} a day, {1 - share:.0%} less: {said}")


if __name__ == "__main__":
    main()

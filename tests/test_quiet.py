"""Is an operator left in peace while all is well, and not while it is not? Fourteen days, judged run by run.

Six of the twenty sources of `python -m bench.quiet`, which tells of all: those that are looked at seldom, as
a test must be quick; among them one with three stories a day, one that rests at weekends, and one that prints all
at dawn. A holiday falls into the fortnight, and three hours in which we were off ourselves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bench import drops
from bench.quiet import found_after, judged, loud
from bench.rhythms import HOLIDAY, RHYTHMS, Rhythm, Site
from pipelines.ledger import Cause

BY_NAME = {rhythm.name: rhythm for rhythm in RHYTHMS}
SELDOM = ("evening_paper", "ministry", "weekly", "science_desk", "magazine", "village")


@pytest.fixture(scope="module")
def fortnight():
    """Every run of the six, with what was found in it."""
    runs: dict[str, list] = {name: [] for name in SELDOM}
    for site, staged, found in judged([Site(BY_NAME[name]) for name in SELDOM], 14):
        runs[site.rhythm.name].append((staged, found))
    return runs


def test_in_fourteen_quiet_days_nobody_is_called(fortnight):
    runs = [(staged.run, found) for runs in fortnight.values() for staged, found in runs]
    assert len(runs) > 2_500
    told = [
        f"{run.run_id} {f.severity.value} {f.cause}: {f.message}" for run, found in runs for f in loud(found)
    ]
    assert told == []


def test_the_days_have_nights_a_weekend_a_holiday_and_bursts(fortnight):
    """A check that cannot be called by these days would prove nothing."""
    by_day: dict[str, dict[object, int]] = {}
    for name, runs in fortnight.items():
        days = by_day.setdefault(name, {})
        for staged, _ in runs:
            day = staged.run.started_at.date()
            days[day] = days.get(day, 0) + sum(line.outcome == "new" for line in staged.ledger)
    assert by_day["ministry"][HOLIDAY] < max(by_day["ministry"].values()) / 2
    assert min(by_day["weekly"].values()) == 0
    counts = sorted(sum(line.outcome == "new" for line in s.ledger) for s, _ in fortnight["evening_paper"])
    assert counts[len(counts) // 3] == 0
    assert counts[-1] >= 6


@pytest.mark.parametrize(
    ("rhythm", "trouble", "causes", "within"),
    [
        (BY_NAME["evening_paper"], "feed_frozen", {Cause.FEED_FROZEN}, timedelta(days=1)),
        (BY_NAME["evening_paper"], "silent_drop_60", {Cause.VOLUME_DROP}, timedelta(days=3)),
        (BY_NAME["weekly"], "feed_frozen", {Cause.FEED_FROZEN, Cause.VOLUME_DROP}, timedelta(days=7)),
    ],
)
def test_what_goes_quiet_is_told(rhythm: Rhythm, trouble, causes, within):
    after, finding = found_after(rhythm, trouble, seed=1, well=14, ill=within / timedelta(days=1))
    assert after <= within
    assert finding.cause in causes


@pytest.mark.parametrize("seed", range(3))
def test_a_drop_of_a_small_source_does_not_become_what_is_usual(seed):
    small = replace(BY_NAME["broadcaster"], per_day=20)
    assert drops.told_after(small, well=28, seed=seed, share=0.4) <= 6 * 24
    assert drops.told_after(small, well=28, seed=seed, share=1.0) is None

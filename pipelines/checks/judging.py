"""Judging: one run, what is usual for its source, and how a finding about it is written. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median
from typing import NamedTuple

from pipelines.checks import chance, rhythm
from pipelines.ledger import Cause, Fetch, Finding, LedgerLine, Outcome, Run, Severity, Sighting
from pipelines.measures import Measures
from pipelines.records import Source, Story

FEW = 5
"""Of pages, stories or answers; shares of fewer say nothing."""

ENOUGH = 20
"""Of the same in the past, to say what share is usual."""

NOTABLE = 0.3
"""A share below is nobody's trouble."""

LATELY = timedelta(hours=24)
"""Where one run has few, those of the last day are judged with it."""

USUAL = timedelta(days=14)
"""Of the past that shares and averages are compared with."""

ACCEPTED = timedelta(days=14)
"""A trouble that nobody has mended for so long is what is usual now."""

Flow = tuple[float, float]
"""What came, and what was to be expected."""


class Share(NamedTuple):
    """A share now, of how many, and what it usually is."""

    now: float
    of: int
    usual: float
    surprise: float
    """In nats, that it is so much; see `chance`. 0 for a share that is small, or where too few are known."""

    def __str__(self) -> str:
        return f"{self.now:.0%} of {self.of}, usual are {self.usual:.0%}"


@dataclass(frozen=True)
class Judging:
    """One run of a source beside its past, oldest first, and what others brought lately."""

    source: Source
    run: Run
    ledger: Sequence[LedgerLine]
    stories: Sequence[Story]
    fetches: Sequence[Fetch]
    m: Measures
    past: Sequence[Measures]
    others: Mapping[str, Flow]
    now: datetime
    sightings: Sequence[Sighting] = ()

    def finding(
        self,
        check: str,
        severity: Severity,
        cause: Cause,
        message: str,
        next_step: str,
        evidence: str | None = None,
        *,
        holds: bool = False,
    ) -> Finding:
        return Finding(
            check=check,
            severity=severity,
            cause=cause,
            source_id=self.source.name,
            run_id=self.run.run_id,
            message=message,
            next_step=next_step,
            evidence=evidence,
            holds=holds,
            found_at=self.now,
        )

    @cached_property
    def usual(self) -> Sequence[Measures]:
        """Runs of the last fortnight in which nothing was wrong, or what has been so for long.

        From a released run on those since then alone: what came before is usual no more.
        """
        since = self.m.started_at - USUAL
        lately = [p for p in self.past if p.started_at >= since]
        return [p for p in lately[_released(lately) :] if not self._is_troubled(p)]

    @cached_property
    def rhythm(self) -> rhythm.Rhythm | None:
        """How much the source brings at which hour; None for a first run."""
        return rhythm.learned(self.past, self.m, self.source.timezone, lambda p: not self._is_troubled(p))

    def share(
        self, part: Callable[[Measures], int], of: Callable[[Measures], int], least: int = FEW
    ) -> Share:
        """Is a share greater than usual? Of fewer than `least`, with those of the day before."""
        count, whole = part(self.m), of(self.m)
        for p in reversed(self.past):
            if whole >= least or p.started_at < self.m.started_at - LATELY:
                break
            count, whole = count + part(p), whole + of(p)
        now = count / whole if whole else 0.0
        if now < NOTABLE:  # what is usual then need not be summed up
            return Share(now, whole, 0.0, 0.0)
        before, all_ = sum(map(part, self.usual)), sum(map(of, self.usual))
        if all_ < ENOUGH:
            return Share(now, whole, 0.0, 0.0)
        return Share(now, whole, before / all_, chance.more(count, whole, (before + 1) / (all_ + 10)))

    def middle(self, value: Callable[[Measures], float | None]) -> float | None:
        """What a number usually is; None where too few runs know it."""
        known = [v for p in self.usual if (v := value(p)) is not None]
        return median(known) if len(known) >= FEW else None

    def _is_troubled(self, p: Measures) -> bool:
        if p.released:
            return False
        return p.started_at > self.m.started_at - ACCEPTED and (p.held or bool(p.causes))


def _released(runs: Sequence[Measures]) -> int:
    """Where the last row of released runs begins, in which nothing went by unasked; 0 if none was.

    A row, since one run alone may be too few to say what is usual: then the next is held as well.
    """
    begins = 0
    for n in range(len(runs) - 1, -1, -1):
        if runs[n].released:
            begins = n
        elif begins and not (runs[n].held or runs[n].causes):
            break
    return begins


def failing(outcome: str) -> bool:
    """Did a channel fail? That its host asked for a pause is no failure."""
    return outcome not in ("ok", Outcome.UNCHANGED.value, "redirect", Outcome.OVER_BUDGET.value)

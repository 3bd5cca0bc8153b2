"""Does a run keep its promises, and is it as its source always was? Each check names the cause. Pure.

    staged files ─▸ measuring (numbers of the run) ─▸ judging (beside its past)
                    ─▸ answers, naming, pages, volume

A cause that explains others speaks alone: of a source that is blocked nobody needs to hear that it is
silent too. `chance` says how surprising a number is, `rhythm` what was to be expected at this hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pipelines.checks import answers, naming, pages, volume
from pipelines.checks.judging import Flow, Judging
from pipelines.checks.measuring import measured
from pipelines.ledger import Cause, Fetch, Finding, LedgerLine, Run, Severity, Sighting
from pipelines.measures import Measures
from pipelines.records import Source, Story

NOT_HEARD = frozenset(
    {Cause.BLOCKED, Cause.ROBOTS_CLOSED, Cause.DOWN, Cause.SLOW, Cause.MOVED, Cause.FEED_EMPTY, Cause.OURS}
)
"""Who cannot be asked, or has lost its voice, brings nothing: it need not be said too."""

_ORDER = (
    Cause.OURS, Cause.ROBOTS_CLOSED, Cause.BLOCKED, Cause.MOVED, Cause.FEED_EMPTY, Cause.PAYWALL,
    Cause.DATES_WRONG, Cause.DUPLICATES, Cause.LAYOUT_CHANGED, Cause.SLOW, Cause.DOWN, Cause.SECTION_LOST,
    Cause.FEED_FROZEN, Cause.VOLUME_DROP,
)  # fmt: skip
"""Of findings that weigh the same, those whose evidence is plainest come first."""


def judged(
    source: Source,
    run: Run,
    ledger: Sequence[LedgerLine],
    stories: Sequence[Story],
    fetches: Sequence[Fetch],
    sightings: Sequence[Sighting] = (),
    past: Sequence[Measures] = (),
    *,
    others: Mapping[str, Flow] | None = None,
    now: datetime,
) -> tuple[Measures, list[Finding]]:
    """What an extracted batch measures, and all findings about it, the worst and plainest first.

    `past` is what earlier runs of the source measured, oldest first; `others`, what other sources
    brought in the last day and what was expected of them.
    """
    m = measured(run, ledger, stories, fetches, sightings, now)
    past = [p for p in past if p.kind == "crawl" and p.run_id != run.run_id]
    j = Judging(source, run, ledger, stories, fetches, m, past, others or {}, now, sightings)
    found = [*_ledger_balances(j), *answers.channels_answer(j), *_read(j)]
    if run.kind == "crawl":
        found += [*answers.is_still_there(j), *answers.pages_answer(j), *answers.answers_in_time(j)]
        if not _explains_silence(found):
            found += [*naming.channels_name_stories(j)]
        # What a run that was cut off did not get to, is brought by the next.
        if run.finish_reason == "finished" and not _explains_silence(found):
            found += [*volume.brings_as_much(j)]
    found = sorted(_explained(found), key=lambda f: (-f.severity.rank, _rank(f.cause)))
    flow = j.rhythm if run.kind == "crawl" else None
    return replace(
        m,
        held=any(f.holds for f in found),
        causes=tuple(dict.fromkeys(f.cause.value for f in found if f.severity is not Severity.NOTE)),
        expected=flow.of_run if flow is not None and flow.is_learned else None,
    ), found


def of_batch(*given: Any, **more: Any) -> list[Finding]:
    """The findings alone: see `judged`."""
    return judged(*given, **more)[1]


def _read(j: Judging) -> Iterator[Finding]:
    """What the pages say; of a replayed archive only what is promised of every story."""
    yield from pages.pages_hold_stories(j)
    yield from pages.fields_are_filled(j)
    yield from pages.stories_are_once(j)
    yield from pages.dates_can_be(j)
    if j.run.kind == "crawl":
        yield from pages.stories_are_whole(j)
        yield from pages.reading_is_sure(j)
        yield from pages.credits_are_known(j)


def _explains_silence(found: Sequence[Finding]) -> bool:
    """Is there a reason why little comes: none of its channels answers, or its pages do not?"""
    return any(
        f.cause in NOT_HEARD
        and f.check != "ledger_balances"
        and (
            f.severity is Severity.ERROR or (f.severity is Severity.WARNING and f.check != "channels_answer")
        )
        for f in found
    )


def _explained(found: Sequence[Finding]) -> list[Finding]:
    """Without what another cause explains: a story behind a wall is short, and its fields are not filled."""
    causes = {f.cause for f in found if f.severity is not Severity.NOTE}
    drop: set[Cause] = set()
    if Cause.MOVED in causes or Cause.PAYWALL in causes:
        drop |= {Cause.LAYOUT_CHANGED}
    return [f for f in found if f.cause not in drop or f.holds]


def _rank(cause: Cause) -> int:
    return _ORDER.index(cause) if cause in _ORDER else len(_ORDER)


def _ledger_balances(j: Judging) -> Iterator[Finding]:
    """Each lead ends exactly once; of a replay a lead is a record, and an archive may have a page twice."""
    ends = Counter(line.url for line in j.ledger)
    twice = [url for url, lines in ends.items() if lines > 1 and j.run.kind != "replay"]
    if len(j.ledger) != j.run.leads or twice:
        more = f"; {len(twice)} end more than once, such as {twice[0]}" if twice else ""
        yield j.finding(
            "ledger_balances",
            Severity.ERROR,
            Cause.OURS,
            f"{j.run.leads} leads were found, {len(j.ledger)} are accounted for{more}",
            "a fault of ours: keep the batch and report it",
        )

"""Does a run keep its promises? Each check names what it found and the next step. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pipelines.ledger import Cause, Fetch, Finding, LedgerLine, Outcome, Run, Severity, Sighting
from pipelines.measures import Measures
from pipelines.records import Source, Story

FEW = 5
"""Stories; shares of fewer say nothing."""

_ANSWERED = frozenset({"ok", Outcome.UNCHANGED.value})
_NEXT = {
    Outcome.ADDRESS_BLOCKED.value: "if that machine is yours, name its host in the source's `private_hosts`",
    Outcome.ROBOTS_DENIED.value: "the site does not want this fetched: leave it out, or ask its publisher",
    Outcome.OVER_BUDGET.value: "nothing: it is asked again when its time has come; often? raise `every`",
    Outcome.BAD_CONTENT.value: "open it in a browser: a login, a consent page, or a feed that moved?",
    "": "open it in a browser: moved, blocked or down? then correct the source's TOML",
}

_READ = frozenset({Outcome.NEW, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.DUPLICATE})
_UNREAD = frozenset({Outcome.REJECTED, Outcome.NOT_STORY, Outcome.BAD_CONTENT})


_CAUSES = {
    Outcome.HTTP_ERROR.value: Cause.DOWN,
    Outcome.GONE.value: Cause.MOVED,
    Outcome.TIMEOUT.value: Cause.SLOW,
    Outcome.DNS_ERROR.value: Cause.DOWN,
    Outcome.TLS_ERROR.value: Cause.DOWN,
    Outcome.CONNECTION_ERROR.value: Cause.DOWN,
    Outcome.ROBOTS_DENIED.value: Cause.ROBOTS_CLOSED,
    Outcome.ADDRESS_BLOCKED.value: Cause.OURS,
}


def of_batch(
    source: Source,
    run: Run,
    ledger: Sequence[LedgerLine],
    stories: Sequence[Story],
    fetches: Sequence[Fetch],
    sightings: Sequence[Sighting] = (),
    past: Sequence[Measures] = (),
    *,
    now: datetime,
) -> list[Finding]:
    """All findings of one extracted batch, errors first.

    `past` is what earlier runs of the source measured, oldest first.
    """
    finding = partial(Finding, source_id=source.name, run_id=run.run_id, found_at=now)
    found = [
        *_balance(finding, run, ledger),
        *_channels(finding, [f for f in fetches if f.purpose == "channel"]),
        *_yield(finding, ledger),
        *_filled(finding, source, stories),
    ]
    return sorted(found, key=lambda f: -f.severity.rank)


def measure(run: Run, findings: Iterable[Finding], *, now: datetime) -> Measures:
    """What a judged run leaves behind for the judging of later ones."""
    return Measures(
        run_id=run.run_id,
        source_id=run.source_id,
        kind=run.kind,
        started_at=run.started_at,
        judged_at=now,
        held=any(f.holds for f in findings),
    )


def _balance(finding: Callable[..., Finding], run: Run, ledger: Sequence[LedgerLine]) -> Iterator[Finding]:
    """Each lead ends exactly once; of a replay a lead is a record, and an archive may have a page twice."""
    ends = Counter(line.url for line in ledger)
    twice = [url for url, lines in ends.items() if lines > 1 and run.kind != "replay"]
    if len(ledger) != run.leads or twice:
        more = f"; {len(twice)} end more than once, such as {twice[0]}" if twice else ""
        yield finding(
            check="ledger_balances",
            severity=Severity.ERROR,
            cause=Cause.OURS,
            message=f"{run.leads} leads were found, {len(ledger)} are accounted for{more}",
            next_step="a fault of ours: keep the batch and report it",
        )


def _channels(finding: Callable[..., Finding], asked: Sequence[Fetch]) -> Iterator[Finding]:
    """A source whose channels all fail is sick, though nothing crashed."""
    last = {f.url: f for f in asked}  # a retry's answer stands for the first one's
    silent = [f for f in last.values() if f.outcome not in _ANSWERED and f.outcome != "redirect"]
    for fetch in silent:
        rests = fetch.outcome == Outcome.OVER_BUDGET  # its host asked for a pause: no sickness
        yield finding(
            check="channels_answer",
            severity=Severity.ERROR if len(silent) == len(last) and not rests else Severity.WARNING,
            cause=Cause.BLOCKED
            if fetch.http_status in (401, 403, 429)
            else _CAUSES.get(fetch.outcome, Cause.UNKNOWN),
            message=f"{fetch.url}: {fetch.outcome}: {fetch.reason or fetch.http_status or 'no answer'}",
            next_step=_NEXT.get(fetch.outcome, _NEXT[""]),
        )


def _yield(finding: Callable[..., Finding], ledger: Sequence[LedgerLine]) -> Iterator[Finding]:
    """Pages were fetched and none could be read: green, but empty."""
    counts = Counter(line.outcome for line in ledger)
    read, unread = sum(counts[o] for o in _READ), sum(counts[o] for o in _UNREAD)
    if unread >= FEW and not read:
        reasons = Counter(line.reason for line in ledger if line.outcome in _UNREAD).most_common(3)
        yield finding(
            check="pages_hold_stories",
            severity=Severity.ERROR,
            cause=Cause.LAYOUT_CHANGED,
            message=f"none of {unread} pages holds a story: "
            + ", ".join(f"{n} × {reason}" for reason, n in reasons),
            next_step="look at one archived page: new layout, consent wall or paywall? then add a rule",
        )


def _filled(finding: Callable[..., Finding], source: Source, stories: Sequence[Story]) -> Iterator[Finding]:
    if len(stories) < FEW:
        return
    for name, promised in source.expect.filled.items():
        share = sum(_is_filled(getattr(story, name)) for story in stories) / len(stories)
        if share < promised:
            yield finding(
                check="fields_filled",
                severity=Severity.WARNING,
                cause=Cause.LAYOUT_CHANGED,
                message=f"{name} is filled in {share:.0%} of {len(stories)} stories, promised {promised:.0%}",
                next_step=f"look at one story without {name}: did the page's layout change?",
            )


def _is_filled(value: Any) -> bool:
    return value is not None and value != ()

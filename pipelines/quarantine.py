"""Quarantine: a batch that would poison the tables waits for somebody's word; nothing is lost either way.

A finding that `holds` makes a batch HELD instead of WAITING. Then somebody looks at the evidence and

release   loads it after all: it waits as any other. Loads commute, so coming late costs nothing.
discard   leaves its stories out. Its run and its ledger are loaded, or the sum would not balance:
          each page that was read ends as `rejected`, with "discarded: …" as its reason, and the run's
          `finish_reason` is `discarded`. The pages stay in the archive, what was read in them in
          `discarded.parquet`. The source's memory forgets that it has read them, so that the next crawl
          asks for each again (`store/learning.py`).

While a batch is held, later ones of its source are crawled, judged and loaded. What is
decided stands in the batch, so that reading it again does not hold it again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from upath import UPath

from pipelines.errors import BatchError, WarehouseError
from pipelines.ledger import Cause, Finding, LedgerLine, Outcome, Severity
from pipelines.measures import Measures
from pipelines.places import places
from pipelines.records import Story
from pipelines.store import batches, decisions, findings, reading, staging
from pipelines.store.decisions import Decision
from pipelines.written import printable

log = logging.getLogger("wirehouse")

_PAGES = frozenset(
    {
        Outcome.NEW,
        Outcome.UPDATED,
        Outcome.NOT_STORY,
        Outcome.REJECTED,
        Outcome.BAD_CONTENT,
        Outcome.GONE,  # of many at once, it is no word on each story
    }
)
"""Outcomes that a discarded batch is not believed."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A batch in quarantine, as an operator sees it."""

    batch: str
    since: datetime
    """When its crawl ended."""
    counts: dict[str, int]
    """Of its leads, by outcome."""
    findings: list[Finding]
    """Those for which it is held."""


def stage(data: UPath, batch: str, found: Iterable[Finding]) -> bool:
    """Let a batch that was read and judged wait to be loaded, or hold it; True if it is held.

    One that is loaded is never held: its stories are in the tables already, and a load leaves them there.
    """
    folder = data / batch
    decided = decisions.read(folder)
    holds = decided is None and any(finding.holds for finding in found) and not _is_loaded(batch)
    if decided is not None and decided.decision == decisions.DISCARDED:
        _set_aside(folder)
    batches.mark(data, batches.HELD if holds else batches.WAITING, batch)
    batches.unmark(data, batches.WAITING if holds else batches.HELD, [batch])
    batches.unmark(data, batches.UNREAD, [batch])
    if holds:
        log.error("%s is held, not loaded: `wirehouse held` says why; release or discard it", batch)
    return holds


def held(source: str | None = None) -> list[Held]:
    """The batches in quarantine, oldest first, with what they are held for."""
    data = places().data
    return [_held(data, batch) for batch in batches.held(data, source)]


def one_held(batch: str) -> Held | None:
    """One batch in quarantine; None if somebody decided already. BatchError if it was never held."""
    data = places().data
    folder = batches.existing(data, batch)
    if batch in batches.held(data):
        return _held(data, batch)
    if decisions.read(folder) is None:
        raise BatchError(f"{batch} is not held: there is nothing to decide")
    return None


def release(batch: str, *, by: str, why: str | None = None) -> None:
    """Let a held batch be loaded after all. BatchError if it is not held; once released, nothing happens."""
    data = places().data
    if _is_decided(data, batch, decisions.RELEASED):
        return
    _decide(data, batch, Decision(decision=decisions.RELEASED, by=by, why=why or None, at=datetime.now(UTC)))


def discard(batch: str, *, by: str, why: str | None = None) -> None:
    """Leave a held batch's stories out of the tables. As with `release`: once, and only if it is held."""
    data = places().data
    if _is_decided(data, batch, decisions.DISCARDED):
        return
    if decisions.read(data / batch) is None and reading.is_loaded(places().warehouse, batch):
        raise BatchError(
            f"{batch} is loaded already: discarding it would take nothing out of the tables; release it,"
            " and `wirehouse rehearse` shows what reading it again would change"
        )
    _decide(data, batch, Decision(decision=decisions.DISCARDED, by=by, why=why or None, at=datetime.now(UTC)))


def evidence(found: Held, samples: int = 10) -> str:
    """What to decide by, as Markdown: the findings, how the leads ended, what some pages said.

    Words of pages stand in a code block, in which nothing is a link, a picture or a
    template: a hostile headline is shown as it is.
    """
    folder = places().data / found.batch
    reasons = [f"- **{f.check}** ({f.cause}): {_plain(f.message)}" for f in found.findings]
    numbers = [f"  {_plain(f.evidence)}" if f.evidence else "" for f in found.findings]
    lines = [text for pair in zip(reasons, numbers, strict=True) for text in pair if text]
    counts = ", ".join(f"{n} {outcome}" for outcome, n in found.counts.items())
    return "\n".join(
        [
            f"`{found.batch}`, crawled {found.since:%Y-%m-%d %H:%M} UTC. Held because:\n",
            *lines,
            f"\nIts leads: {counts}.\n\nSome of what was read in it:\n\n```text",
            *_shown(folder, samples),
            "```\n",
            "**Approve** loads it as it is. **Reject** leaves its stories out: the pages stay in the archive,"
            " the ledger says that they were discarded, and the next crawl asks for each of them again.",
        ]
    )


def _shown(folder: UPath, count: int) -> list[str]:
    try:
        return list(_samples(folder, count)) or ["no story at all"]
    except BatchError as error:
        return [_plain(str(error))]


def _samples(folder: UPath, count: int) -> Iterator[str]:
    for n, story in enumerate(staging.read(folder / batches.STORIES, Story)):
        if n == count:
            return
        when = f"{story.published_at:%Y-%m-%d %H:%M}" if story.published_at else "no date"
        yield f"{_plain(story.headline or 'no headline')} ({when}, {story.word_count} words)"
        yield f"    {_plain(story.body_text)}"


def _plain(text: str, most: int = 160) -> str:
    """One line of a page's words that ends no code block and opens nothing."""
    line = printable(" ".join(text.split()).replace("`", "'"))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _held(data: UPath, batch: str) -> Held:
    """What an operator sees of a held batch; damaged files stand in place of findings."""
    folder = data / batch
    try:
        return _read(folder, batch)
    except BatchError as error:
        since = datetime.strptime(batch.split("/")[1][:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        damaged = Finding(
            check="is_readable",
            severity=Severity.ERROR,
            cause=Cause.OURS,
            source_id=batch.split("/")[0],
            run_id=batch,
            message=str(error),
            next_step=f"`wirehouse extract {batch}`: it is read and judged again",
            holds=True,
            found_at=since,
        )
        return Held(batch=batch, since=since, counts={}, findings=[damaged])


def _read(folder: UPath, batch: str) -> Held:
    outcomes = Counter(line.outcome.value for line in staging.read(folder / batches.LEDGER, LedgerLine))
    return Held(
        batch=batch,
        since=batches.read_run(folder).ended_at,
        counts=dict(outcomes.most_common()),
        findings=[finding for finding in findings.read(folder)[1] if finding.holds],
    )


def _is_decided(data: UPath, batch: str, wanted: str) -> bool:
    """Was it decided so before? BatchError if it was decided otherwise, or is not held."""
    folder = batches.existing(data, batch)
    known = decisions.read(folder)
    if known is not None and known.decision != wanted:
        raise BatchError(f"{batch} was {known.decision} by {known.by} on {known.at:%Y-%m-%d %H:%M} UTC")
    if known is None and batch not in batches.held(data):
        raise BatchError(f"{batch} is not held: there is nothing to decide")
    return known is not None and batch not in batches.held(data)


def _is_loaded(batch: str) -> bool:
    """Is it too late to hold a batch? Where nobody can tell it is held: that loses nothing."""
    try:
        loaded = reading.is_loaded(places().warehouse, batch)
    except WarehouseError as error:
        log.warning("%s: whether it is loaded cannot be told: %s", batch, error)
        return False
    if loaded:
        log.error(
            "%s would be held, but is loaded already: look at its findings; `wirehouse rehearse` shows"
            " what reading it again would change",
            batch,
        )
    return loaded


def _decide(data: UPath, batch: str, said: Decision) -> None:
    """Write down what was decided, and act on it; begun again after a crash, it ends the same."""
    folder = data / batch
    decisions.write(folder, said)
    if said.decision == decisions.DISCARDED:
        batches.mark(data, batches.DISCARDED, batch)
        _set_aside(folder)
    _tell(data, batch, said)
    batches.mark(data, batches.WAITING, batch)
    batches.unmark(data, batches.HELD, [batch])
    log.info("%s: %s by %s%s", batch, said.decision, said.by, f": {said.why}" if said.why else "")


def _set_aside(folder: UPath) -> None:
    """Take a batch's stories out of what will be loaded, and say so in its ledger and its run."""
    kept = folder / batches.DISCARDED_STORIES
    if not kept.exists():
        staging.write(kept, Story, staging.read(folder / batches.STORIES, Story))
    staging.write(folder / batches.STORIES, Story, ())
    ends = [_discarded(line) for line in staging.read(folder / batches.LEDGER, LedgerLine)]
    staging.write(folder / batches.LEDGER, LedgerLine, ends)
    run = replace(batches.read_run(folder), finish_reason=decisions.DISCARDED)
    decisions.put(folder / batches.RUN, asdict(run))


def _discarded(line: LedgerLine) -> LedgerLine:
    if line.outcome not in _PAGES or (line.reason or "").startswith("discarded: "):
        return line
    why = f"discarded: {line.outcome.value}" + (f": {line.reason}" if line.reason else "")
    return replace(line, outcome=Outcome.REJECTED, reason=why, story_id=None)


def _tell(data: UPath, batch: str, said: Decision) -> None:
    """Note what was decided among the findings; what was released is part of what is usual from now on."""
    folder = data / batch
    if (folder / batches.MEASURES).exists():
        measures, found = findings.read(folder)
        staging.write(folder / batches.MEASURES, Measures, [decisions.counted(said, measures)])
        staging.write(folder / batches.FINDINGS, Finding, decisions.noted(said, found, batch))
        batches.mark(data, batches.UNTOLD, batch)

"""Rehearse a re-extraction: read a period's archived pages again, compare, and only then load.

    warehouse ─▸ pages to read ─▸ extract, as today ─▸ compared with the rows ─▸ report
                 (store/rereading.py)                  (readings.py)          ├─ inside the limits ─▸ promoted
                                                                              └─ beyond ─▸ somebody decides

What is read again is kept in `<data>/.rehearsals/<id>/<source>/<stamp>/`, a batch for each day,
which nobody loads. Promoting moves these batches to the source's others, where they wait to
be loaded; dropping removes them; the report stays. The same question has the same id: asked
again, it goes on where it was broken off.

A promoted batch holds only what changed. Its rows lead to the bytes that they were read from, so
the fold knows a page that was read again: `store/fold.sql`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from upath import UPath

from pipelines import extract, readings, rehearsal_report
from pipelines.errors import BatchError, UsageError
from pipelines.extract_step import LIMIT_SECONDS, as_lead
from pipelines.ledger import Fetch, LedgerLine, Outcome, Reject, Run, Sighting
from pipelines.places import Places, places
from pipelines.pool import read_pages
from pipelines.readings import Limits, Tally
from pipelines.records import Capture, Source, Story
from pipelines.sources import load_source
from pipelines.store import archive, batches, pages, rereading, staging

log = logging.getLogger("wirehouse")

_PLAN, _DECISION, _TALLY = "plan.json", "decision.json", "tally.json"


@dataclass
class Rehearsal:
    """What a rehearsal found, and what became of it."""

    id: str
    plan: dict[str, Any]
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By source."""
    breaches: dict[str, list[str]] = field(default_factory=dict)
    """By source, the limits that it goes beyond."""
    decision: str | None = None
    """promoted, dropped, or None: somebody has to decide."""

    @property
    def is_inside(self) -> bool:
        return not any(self.breaches.values())

    def as_json(self) -> dict[str, Any]:
        told = {name: readings.to_json(tally) for name, tally in self.tallies.items()}
        said = {n: getattr(self, n) for n in ("id", "plan", "breaches", "decision", "is_inside")}
        return {**said, "tallies": told}

    def as_markdown(self) -> str:
        return rehearsal_report.markdown(self.id, self.plan, self.tallies, self.breaches, self.decision)


def rehearse(
    names: Sequence[str],
    since: datetime,
    until: datetime,
    *,
    most: int | None = None,
    limits: Limits | None = None,
    done: Callable[[int], None] = lambda pages: None,
) -> Rehearsal:
    """Read the pages fetched from `since` to before `until` again and compare; loads nothing.

    `most` pages of each source, the newest; `done` hears how many were read, for a progress
    bar. A page, or a day, that cannot be read is counted and keeps no other from being read.
    """
    limits = limits or Limits()
    if not names:
        raise UsageError("no source is named: say which are to be read again")
    if since >= until:
        raise UsageError(f"the period ends before it begins: {since:%Y-%m-%d} to {until:%Y-%m-%d}")
    where = places()
    sources = [load_source(name, where.sources) for name in dict.fromkeys(names)]
    asked = {
        "sources": [source.name for source in sources],
        "since": since.isoformat(),
        "until": until.isoformat(),
        "most": most,
        "extractor_version": extract.EXTRACTOR_VERSION,
        "rules": _digest(repr([source.rules for source in sources])),
    }
    home = where.data / batches.REHEARSALS / _digest(json.dumps(asked))
    match _decided(home):
        case "promoted":
            raise UsageError(f"{home.name} was promoted already: nothing changed since then")
        case "dropped":
            for source in sources:
                _remove(home / source.name)
            (home / _DECISION).unlink()  # last: what was broken off before is cleared again
    home.mkdir(parents=True, exist_ok=True)
    pages.write_json(home / _PLAN, asked | {"limits": asdict(limits)})
    count = 0
    for source in sources:
        for read in _days(where, home, source, since, until, most):
            count += read
            done(count)
    found = look(home.name)
    _write(home / "report.md", found.as_markdown())
    pages.write_json(home / "report.json", found.as_json())
    return found


def look(name: str) -> Rehearsal:
    """What a rehearsal found, from its folder; UsageError if there is none of this id."""
    home = _home(name)
    plan = json.loads((home / _PLAN).read_text("utf-8"))
    limits = Limits(**plan["limits"])
    tallies = {
        source: readings.merged(_tally(path) for path in (home / source).glob(f"*.{_TALLY}"))
        for source in plan["sources"]
    }
    breaches = {source: readings.breaches(tally, limits) for source, tally in tallies.items()}
    return Rehearsal(name, plan, tallies, breaches, _decided(home))


def promote(name: str) -> list[str]:
    """Have what was read again loaded by the next load; returns the batches. Again, it does what is left."""
    home, where = _home(name), places()
    if _decided(home) == "dropped":
        raise UsageError(f"{name} was dropped: rehearse again")
    moved = []
    for batch in _batches(home):
        folder, target = home / batch, where.data / batch
        batches.mark(where.data, batches.WAITING, batch)
        if not (target / batches.RUN).exists():
            _move(folder, target)
        moved.append(batch)
    moved = moved or list(_read(home / _DECISION).get("batches", ()))
    pages.write_json(home / _DECISION, {"decision": "promoted", "batches": moved})
    log.info("%s: %s batches wait to be loaded", name, len(moved))
    return moved


def drop(name: str) -> None:
    """Forget what was read again; the report stays."""
    home = _home(name)
    if _decided(home) == "promoted":
        raise UsageError(f"{name} was promoted: what it changed is loaded, or waits to be")
    pages.write_json(home / _DECISION, {"decision": "dropped"})
    for batch in _batches(home):
        _remove(home / batch)


def _days(
    where: Places, home: UPath, source: Source, since: datetime, until: datetime, most: int | None
) -> Iterator[int]:
    """Read day after day; yields how many pages each had. A day that was read before is passed over."""
    told = home / source.name
    told.mkdir(parents=True, exist_ok=True)
    done = {path.name[:8]: path for path in told.glob(f"*.{_TALLY}")}
    staged = set(_batches(home))
    made = told.iterdir() if told.exists() else ()  # object storage has no empty folder
    for left in (path for path in made if path.is_dir()):
        if f"{source.name}/{left.name}" not in staged:  # of a day that was broken off
            _remove(left)
    for day, of_day in rereading.days(where.warehouse, source.name, since, until, most):
        if day in done:
            yield _tally(done[day]).pages
            continue
        tally, batch = Tally(), batches.new_name(source.name, datetime.now(UTC))
        _read_day(where, home, source, of_day, tally, batch)
        # Last: a day without it is read again.
        pages.write_json(told / f"{day}.{batch.split('/')[1]}.{_TALLY}", readings.to_json(tally))
        yield tally.pages


def _read_day(
    where: Places, home: UPath, source: Source, of_day: Iterable[rereading.Page], tally: Tally, batch: str
) -> None:
    """Stage what changed of one day's pages as a batch of its own, if anything did."""
    started = datetime.now(UTC)
    folder = home / batch
    waiting: dict[str, tuple[rereading.Page, Mapping[str, Any]]] = {}
    lines: list[LedgerLine] = []

    def captures() -> Iterator[Capture]:
        for page, line, record in _archived(where.data, of_day, tally):
            waiting[page.raw_ref] = (page, line)
            lead = as_lead(line)
            if page.story_id is not None:  # what a story is called does not depend on who reads it
                lead = replace(lead, story_id=page.story_id)
            yield Capture(
                url=record.url,
                status=record.status,
                headers=record.headers,
                body=record.payload,
                fetched_at=record.fetched_at,
                raw_ref=page.raw_ref,
                lead=lead,
            )

    def changed() -> Iterator[Story]:
        reads = read_pages(
            captures(), source, processes=where.processes, limit_seconds=LIMIT_SECONDS, packed=True
        )
        for read in reads:
            page, line = waiting.pop(read.capture_ref)
            differ = tally.add(page.old, read.result, {"url": line["url"], "raw_ref": page.raw_ref})
            ended = _ended(batch, source, page, line)
            if isinstance(read.result, Reject):
                reason = f"read again: {read.result.reason}"
                lines.append(replace(ended, outcome=read.result.outcome, reason=reason))
            elif differ or page.old is None:
                lines.append(
                    replace(
                        ended,
                        story_id=read.result.story_id,
                        canonical_url=read.result.canonical_url,
                        outcome=Outcome.UPDATED if page.old else Outcome.NEW,
                        fetched_at=read.result.fetched_at,
                    )
                )
                yield replace(read.result, run_id=batch)
            else:
                lines.append(ended)

    if staging.write(folder / batches.STORIES, Story, changed()):
        staging.write(folder / batches.SIGHTINGS, Sighting, ())
        staging.write(folder / batches.FETCHES, Fetch, ())
        staging.write(folder / batches.LEDGER, LedgerLine, lines)
        pages.write_json(folder / batches.RUN, _run(batch, source, started, len(lines)))
    else:
        _remove(folder)


def _archived(
    data: UPath, of_day: Iterable[rereading.Page], tally: Tally
) -> Iterator[tuple[rereading.Page, Mapping[str, Any], archive.Record]]:
    """Each page with its line of the crawl log and its bytes; what is not there is counted."""
    batch, log_lines = None, dict[str, Mapping[str, Any]]()
    for page in of_day:
        try:
            if page.batch != batch:
                batch, log_lines = page.batch, {}
                log_lines = _leads(data / page.batch)
            record = pages.read(data, page.raw_ref)
            yield page, log_lines[record.record_id], record
        except (BatchError, KeyError) as error:
            if not tally.unreadable:
                log.warning("%s: %s", page.raw_ref, error)
            tally.unreadable += 1


def _leads(folder: UPath) -> dict[str, Mapping[str, Any]]:
    """The leads of a crawl log that have a page, by its record."""
    found = batches.lines(folder / batches.CRAWL_LOG)
    return {line["record_id"]: line for line in found if line["kind"] == "lead" and line.get("record_id")}


def _ended(batch: str, source: Source, page: rereading.Page, line: Mapping[str, Any]) -> LedgerLine:
    """The ledger's line of a page in which nothing changed; nothing was fetched."""
    return LedgerLine(
        run_id=batch,
        source_id=source.name,
        url=line["url"],
        story_id=page.story_id,
        outcome=Outcome.UNCHANGED,
        channel=line["channel"],
        channel_kind="reread",
        position=line["position"],
        found_at=line["found_at"],
        raw_ref=page.raw_ref,
    )


def _run(batch: str, source: Source, started: datetime, leads: int) -> dict[str, Any]:
    run = Run(
        run_id=batch,
        source_id=source.name,
        kind="reread",
        started_at=started,
        ended_at=datetime.now(UTC),
        finish_reason="finished",
        leads=leads,
        requests=0,
        responses=0,
        bytes=0,
        wirehouse_version=version("wirehouse"),
    )
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(run).items()}


def _home(name: str) -> UPath:
    home = places().data / batches.REHEARSALS / name
    if not name.isalnum() or not (home / _PLAN).exists():
        raise UsageError(f"no rehearsal {name!r}: it was swept away, or never made")
    return home


def _batches(home: UPath) -> list[str]:
    """The batches of days that were read to their end and are still here."""
    found = []
    for source in _read(home / _PLAN)["sources"]:
        for path in (home / source).glob(f"*.{_TALLY}"):
            stamp = path.name.split(".")[1]
            if (home / source / stamp / batches.RUN).exists():
                found.append(f"{source}/{stamp}")
    return sorted(found)


def _move(folder: UPath, target: UPath) -> None:
    """A batch is there once its `run.json` is: of files that are copied it comes last."""
    if folder.protocol in ("", "file", "local"):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
        return
    for path in sorted(folder.iterdir(), key=lambda p: p.name == batches.RUN):
        (target / path.name).write_bytes(path.read_bytes())
    _remove(folder)


def _remove(folder: UPath) -> None:
    if folder.protocol in ("", "file", "local"):
        shutil.rmtree(str(folder), ignore_errors=True)
    elif folder.exists():
        folder.fs.rm(folder.path, recursive=True)


def _decided(home: UPath) -> str | None:
    return _read(home / _DECISION).get("decision")


def _read(path: UPath) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def _tally(path: UPath) -> Tally:
    return readings.from_json(_read(path))


def _write(path: UPath, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.rename(path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]

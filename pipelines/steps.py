"""The verbs: crawl, extract, cluster, load, check; and where things are.

Task names in Airflow, commands of the CLI and headings in the docs are these words. A
step reads its predecessor's files and writes only its own; all but `crawl` can be
run again with the same result.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines import choice, crawl_step
from pipelines.channels.archives import Days
from pipelines.crawl_step import Crawled
from pipelines.errors import BatchError, CheckFailed, SourceError, UsageError, WirehouseError
from pipelines.ledger import Finding, LedgerLine, Outcome, Severity
from pipelines.places import Places, places
from pipelines.records import Source
from pipelines.recrawl import addresses
from pipelines.sources import declared, load_source, rebased
from pipelines.sources import names as source_names
from pipelines.store import batches, switches

if TYPE_CHECKING:
    from upath import UPath

    from pipelines.probe.report import Report
    from pipelines.search.choosing import Choice
    from pipelines.search.finding import Hit

log = logging.getLogger("wirehouse")

DEADLINE = timedelta(minutes=30)

NO_CONTACT = (
    "the user agent names nobody to write to: set WIREHOUSE_CONTACT to a mail address or page of yours, "
    "so that a site that minds can say so instead of blocking us"
)

MOST_CRAWLS = 16
"""At the same time in one process; a crawl mostly waits."""


def is_abroad(source: Source) -> bool:
    """Does following this source mean to ask somebody else's server?"""
    hosts = {urlsplit(url).hostname for url in (source.home, *source.feeds, *source.sitemaps)}
    return not hosts <= set(source.private_hosts)


def crawl(
    name: str,
    *,
    url_base: str | None = None,
    deadline: timedelta = DEADLINE,
    stop: threading.Event | None = None,
    log: logging.Logger = log,
    days: tuple[date, date] | None = None,
    budget: int | None = None,
    recrawl: Sequence[str] | None = None,
) -> Crawled:
    """Crawl one source into a new batch; CrawlFailed if nothing usable came of it.

    With `days`, first and last, it is a backfill: archives, sitemaps and paged feeds are
    asked for the stories of these days only. It gives way to a live crawl at once.
    `budget` stands in for the source's own: the most stories to be fetched. `recrawl` names pages
    that are asked for whether or not they are due; with none, all that the channels name.

    A source whose channels do not answer is no failure of the crawl: the batch says
    so, and `check` makes it red. Setting `stop` ends it early and keeps what it has.
    """
    where = places()
    source = load_source(name, where.sources)
    if url_base is not None:
        rebased(source, url_base)  # a wrong one is said here, not by the child
    elif where.contact is None and is_abroad(source):
        log.warning("%s", NO_CONTACT)
    pages = None if recrawl is None else addresses(source, recrawl)
    channels = (*source.feeds, *source.sitemaps, *source.sections)
    log.info("crawl of %s: %s", name, ", ".join(pages or channels) or source.home)
    crawled = crawl_step.crawl(
        where.data,
        source,
        sources=where.sources,
        url_base=url_base,
        deadline=deadline,
        stop=stop,
        log=log,
        days=Days(*days, source.timezone) if days else None,
        budget=budget if not pages else max(budget or source.budget, len(pages)),
        recrawl=pages,
        contact=where.contact,
    )
    if days is not None:
        log_lines = batches.lines(where.data / crawled.batch / batches.CRAWL_LOG)
        left = sum(x["kind"] == "lead" and x["outcome"] == Outcome.OVER_BUDGET for x in log_lines)
        if left:
            log.warning("%s: %s stories of these days are left; the same command takes them up", name, left)
    return crawled


def crawl_many(
    names: Sequence[str], *, url_base: str | None = None
) -> tuple[list[str], list[WirehouseError]]:
    """Crawl several sources at the same time; returns the batches, and why others failed."""
    for name in names:  # a wrong name is said before anything is fetched
        load_source(name, places().sources)
    made: list[str] = []
    failed: list[WirehouseError] = []
    stop = threading.Event()
    with ThreadPoolExecutor(min(len(names), MOST_CRAWLS)) as crawlers:
        crawls = [crawlers.submit(crawl, name, url_base=url_base, stop=stop) for name in dict.fromkeys(names)]
        try:
            for one in crawls:
                try:
                    made.append(one.result().batch)
                except WirehouseError as error:
                    log.error("%s", error)
                    failed.append(error)
        except KeyboardInterrupt:
            stop.set()  # each closes its files; what is not begun does not begin
            crawlers.shutdown(cancel_futures=True)
            raise
    return made, failed


def extract(
    batch: str, *, processes: int | None = None, done: Callable[[int], None] = lambda pages: None
) -> dict[str, int]:
    """Read the pages of a batch and judge what came; returns the ledger's counts by outcome.

    It waits to be loaded then, or is held: see `quarantine`. Earlier batches of the source
    that were never read (their crawl was stopped, so that no later task asked for them) are
    read too. Reading a batch again gives the same result. `done` hears how many pages were
    read, for a progress bar.
    """
    where = places()
    batches.existing(where.data, batch)
    name = batch.split("/")[0]
    source = load_source(name, where.sources)
    counts = _read(where, source, batch, processes or where.processes, done)
    for earlier in _left_over(where, name, batch):
        try:
            _read(where, source, earlier, where.processes)
        except BatchError as error:  # it must not keep its source from being read for ever
            batches.unmark(where.data, batches.UNREAD, [earlier])
            log.error("%s (an earlier batch, left out from now on: `wirehouse extract` tries again)", error)
    return counts


def _left_over(where: Places, name: str, batch: str) -> list[str]:
    """Earlier batches of the source that nobody will extract: stopped, or an hour old."""

    def forsaken(earlier: str) -> bool:
        try:
            run = batches.read_run(where.data / earlier)
        except BatchError:
            return True  # reading it says what is wrong
        return run.finish_reason != "finished" or run.ended_at < datetime.now(UTC) - timedelta(hours=1)

    return [one for one in batches.unread(where.data, name) if one < batch and forsaken(one)]


def _read(
    where: Places,
    source: Source,
    batch: str,
    processes: int,
    done: Callable[[int], None] = lambda pages: None,
) -> dict[str, int]:
    from pipelines import extract_step, judge_step, quarantine  # heavy: trafilatura

    counts = extract_step.extract(where.data, batch, source, processes, done)
    said = (
        ", ".join(f"{n} {o}" for o, n in sorted(counts.items())) or "no leads: the channels said nothing new"
    )
    log.info("%s: %s", batch, said)
    quarantine.stage(where.data, batch, judge_step.judge(where, source, batch))
    return counts


def cluster(names: Sequence[str] | None = None) -> list[str]:
    """Group the stories of the waiting batches, or of those named; returns these batches.

    BatchError if one of those named is held.
    """
    from pipelines.store import clustering, warehouse
    from pipelines.store.ready import ready as fit

    where = places()
    batches.refuse_held(where.data, names or ())
    ready = list(names) if names else fit(where.data)
    while ready:
        try:
            with warehouse.opened(where.warehouse) as connection:
                clustering.cluster_batches(connection, [batches.existing(where.data, name) for name in ready])
            break
        except BatchError:
            left = [name for name in fit(where.data) if name in ready]
            if names or left == ready:
                raise
            ready = left  # another `extract` is reading one of them again: the next run takes that
    return ready


def load(names: Sequence[str] | None = None) -> dict[str, int]:
    """Load batches in one transaction; returns the runs loaded and their leads by outcome.

    What checks found goes into the tables too: of all judged batches, also of those that are not loaded.
    """
    from pipelines.store import findings, loaded, loading, warehouse
    from pipelines.store.ready import ready as fit

    where = places()
    batches.refuse_held(where.data, names or ())
    ready = fit(where.data) if names is None else list(names)
    known = declared_sources()
    marked = batches.marked_at(where.data, batches.UNTOLD)  # before what they announce is read
    judged = findings.untold(where.data)
    with warehouse.opened(where.warehouse) as connection:
        counts = loading.load(
            connection,
            [batches.existing(where.data, name) for name in ready],
            sources=[s for s in known.values() if isinstance(s, Source)],
            judged=judged,
            unreadable=[name for name, s in known.items() if isinstance(s, SourceError)],
        )
        try:
            loaded.note(where.data, connection)
        except BatchError as error:  # what is loaded is loaded; `check` fails by the same file
            log.warning("not noted what was loaded: %s", error)
    batches.unmark(where.data, batches.WAITING, ready)
    findings.told(where.data, judged, marked)
    if counts:
        _let_search_follow(where)
    log.info("loaded %s", ", ".join(ready) or "nothing: no batch waits")
    return counts


def _let_search_follow(where: Places) -> None:
    """Tell the search index, if one is kept here, what came in: a search would else do it first."""
    from pipelines.search import finding

    try:
        finding.catch_up(where.warehouse, where.home)
    except (
        Exception
    ) as error:  # what is loaded is loaded; the next search tries again, and says what is wrong
        log.warning("the search index was not brought up to date: %s", error)


def check(batch: str | None = None) -> list[Finding]:
    """Check one batch, or the warehouse; CheckFailed when a finding is an error."""
    from pipelines import judge_step

    where = places()
    if batch is None:
        ours = (s for s in declared_sources().values() if isinstance(s, Source))
        findings = judge_step.judge_warehouse(where, ours)
    else:
        findings = judge_step.judge(where, load_source(batch.split("/")[0], where.sources), batch)
    levels = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING, Severity.NOTE: logging.INFO}
    for finding in findings:
        log.log(levels[finding.severity], "%s: %s", finding.check, finding.message)
    if not findings:
        log.info("%s: all checks passed", batch or "the warehouse")
    errors = [f for f in findings if f.severity is Severity.ERROR]
    if errors:
        raise CheckFailed("; ".join(f"{f.check}: {f.message} (next: {f.next_step})" for f in errors))
    return findings


def replay(file: Path | UPath, name: str, *, own: bool = False, salvage: bool = False) -> str:
    """Make a batch of a source from any WARC; returns its name."""
    from pipelines import replay as replaying

    where = places()
    return replaying.import_warc(where.data, file, load_source(name, where.sources), own=own, salvage=salvage)


def probe(
    url: str,
    *,
    name: str | None = None,
    stories: int = 20,
    delay: timedelta | None = None,
    private: bool = False,
) -> Report:
    """Look at a site as a new source; see `pipelines.probe.look`. Nothing of it is kept."""
    from pipelines.probe import look

    where = places()
    if where.contact is None and not private:
        log.warning("%s", NO_CONTACT)
    return look.probe(
        url,
        name=name,
        stories=stories,
        delay=delay,
        private=private,
        processes=where.processes,
        contact=where.contact,
        say=log.info,
    )


def ledger(names: Sequence[str]) -> list[LedgerLine]:
    """How every lead of these batches ended: as loaded where they are, else as staged."""
    from pipelines.store import reading, staging

    where = places()
    loaded = reading.ledger(where.warehouse, names)
    known = {line.run_id for line in loaded}
    staged = (batches.existing(where.data, name) / batches.LEDGER for name in names if name not in known)
    return [*loaded, *(line for path in staged for line in staging.read(path, LedgerLine))]


def query(text: str, *, as_of: datetime | None = None) -> Any:
    """Ask the warehouse, read-only; returns an Arrow table."""
    from pipelines.store import reading

    return reading.query(places().warehouse, text, as_of=as_of)


def move(target: str, done: Callable[[str, int], None]) -> dict[str, int]:
    """Copy the warehouse into another, empty one; returns the rows of each table."""
    from pipelines.store import moving

    return moving.move(places().warehouse, target, done)


def grant(role: str) -> None:
    """Let a role of Postgres read the warehouse's tables."""
    from pipelines.store import plain, warehouse

    with warehouse.opened(places().warehouse) as connection:
        plain.grant(connection, role)


def search(
    text: str, choice: Choice, limit: int = 20, *, remake: bool = False, say: Callable[[str], None] = log.info
) -> list[Hit]:
    """The stories that have the words, best first; `remake` throws the kept index away and makes it again."""
    from pipelines.search import finding

    where = places()
    if remake:
        finding.forget(where.warehouse, where.home)
    return finding.find(where.warehouse, where.home, text, choice, limit, say)


def versions(story: str) -> list[dict[str, Any]]:
    """All versions of a story, oldest first; `story` is its id, or an address it was seen at."""
    from pipelines.store import reading

    return reading.versions(places().warehouse, story)


def status() -> list[dict[str, Any]]:
    """Per source: last good run, freshness, counts; and `troubles`, what is wrong now, since when and why."""
    from pipelines.store import findings, reading

    where = places()
    return reading.with_troubles(
        reading.status(where.warehouse), findings.troubles(where.warehouse, where.data)
    )


def source(name: str) -> Source:
    """One declared source; SourceError if it is not there or wrong."""
    return load_source(name, places().sources)


def declared_sources(name: str | None = None) -> dict[str, Source | SourceError]:
    """The declared sources, or the one named, as switched; a wrong one stands there as its error."""
    where = places()
    if name is not None and name not in source_names(where.sources):
        load_source(name, where.sources)  # says what is declared
    switched = switches.read(where.home)

    def as_switched(one: Source | SourceError) -> Source | SourceError:
        if isinstance(one, SourceError) or one.name not in switched:
            return one
        return replace(one, enabled=switched[one.name])

    found = declared(where.sources, None if name is None else [name])
    return {known: as_switched(one) for known, one in found.items()}


def chosen_sources(
    names: Sequence[str] = (), *, tags: Sequence[str] = (), languages: Sequence[str] = ()
) -> dict[str, Source | SourceError]:
    """The sources named and those that fit tags and languages; all, if nothing is said: see `choice`."""
    known = declared_sources()
    for name in names:
        if name not in known:
            load_source(name, places().sources)  # says what is declared
    return choice.chosen(known, names, tags, languages)


def switch(
    on: bool, names: Sequence[str] = (), *, tags: Sequence[str] = (), languages: Sequence[str] = ()
) -> list[str]:
    """Switch sources on or off in this WIREHOUSE_HOME, chosen as above; returns their names.

    UsageError if that is none; SourceError, and nothing switched, if one of them is wrong.
    """
    chosen = chosen_sources(names, tags=tags, languages=languages) if names or tags or languages else {}
    if not chosen:
        raise UsageError("no source is meant: name one, or a --tag or --language that one has")
    for one in chosen.values():
        if isinstance(one, SourceError):
            raise one
    switches.write(places().home, dict.fromkeys(chosen, on))
    return list(chosen)

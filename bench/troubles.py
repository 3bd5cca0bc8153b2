"""Are the twelve troubles of the demo wire found at once, and named rightly? Every trouble, at every site.

    python -m bench.troubles [--sites meridian courier] [--troubles paywall]

Each site is crawled (Scrapy, HTTP on 127.0.0.1), read and judged while it is well; what that run measured,
moved back in time, is its past of fifteen days in a warehouse. Then it falls ill, one interval passes, and
it is crawled, read and judged once more. The memory of the source and its past are the same for each trouble.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from upath import UPath

import demo
from bench.machine import describe
from demo.sites import SITES
from demo.troubles import TROUBLES
from pipelines import crawl_step, extract_step, judge_step, steps
from pipelines.ledger import Cause, Finding, Severity
from pipelines.measures import Measures
from pipelines.places import Places
from pipelines.records import Source
from pipelines.sources import load_source
from pipelines.store import batches, findings, staging

EVERY = timedelta(hours=6)
"""Between two runs: the interval within which a trouble is to be found."""

NEW = 72
"""Stories of the whole wire in one interval: some twenty a site."""

MANY = 240
"""The same, where how many there are is the symptom: sixty to eighty a site, so that a drop to two fifths
is no chance. (Of twenty, eight may come once in a thousand runs, and nobody wants to be called for that.)"""

RUNS = 60
"""Of the past: fifteen days."""

CAUSES = {
    "feed_frozen": {Cause.FEED_FROZEN},
    "feed_empty": {Cause.FEED_EMPTY},
    "wall_403": {Cause.BLOCKED},
    "layout_change": {Cause.LAYOUT_CHANGED},
    "paywall": {Cause.PAYWALL},
    "moved_domain": {Cause.MOVED},
    "slow_server": {Cause.SLOW},
    "duplicate_storm": {Cause.DUPLICATES},
    "date_nonsense": {Cause.DATES_WRONG},
    "robots_closed": {Cause.ROBOTS_CLOSED},
    "half_sections_gone": {Cause.SECTION_LOST},
    "silent_drop_60": {Cause.VOLUME_DROP},
}
"""What each trouble is to be called."""

SLOW = timedelta(seconds=2.5)
"""For an answer of a slow server; others answer at once."""

DEADLINE = timedelta(seconds=15)
"""Of the crawl of a slow server: half an hour in earnest, which nobody wants to wait for here."""

log = logging.getLogger("wirehouse.bench")


@dataclass
class Ward:
    """Demo sources with a memory and a past, to be made sick as often as one likes."""

    home: Path
    served: demo.Served
    sources: Mapping[str, Source]
    """By site."""
    warehouse: str
    runs: int = 0

    def sick(self, ills: Mapping[str, str]) -> dict[str, list[Finding]]:
        """What is found, by site, one interval after each of these sites fell ill: trouble by site.

        The site without a name for its trouble ("") stays well.
        """
        self.runs += 1
        data = self.home / f"data-{self.runs}"
        for site in ills:
            kept = self.sources[site].name
            (data / kept).mkdir(parents=True)
            shutil.copy(self.home / "data" / kept / batches.FRONTIER, data / kept)
        for site, ill in ills.items():
            if ill:
                self.served.trouble(ill, site, self.served.now - EVERY)
        try:
            return self.run(data, list(ills), [site for site, ill in ills.items() if ill == "slow_server"])
        finally:
            for site in ills:
                self.served.cure(site)

    def run(self, data: Path, sites: Sequence[str], slow: Collection[str] = ()) -> dict[str, list[Finding]]:
        """Crawl, read and judge: the crawls all at once, as they mostly wait."""
        where = self.places(data)
        found = {}
        with ThreadPoolExecutor(len(sites)) as crawlers:
            crawls = {
                crawlers.submit(self._crawl, where, site, DEADLINE if site in slow else steps.DEADLINE): site
                for site in sites
            }
            for crawled in as_completed(crawls):
                site, batch = crawls[crawled], crawled.result()
                extract_step.extract(where.data, batch, self.sources[site], 1)
                found[site] = judge_step.judge(where, self.sources[site], batch)
        return {site: found[site] for site in sites}

    def places(self, data: Path) -> Places:
        return Places(
            home=self.home,
            data=UPath(data),
            replay=UPath(self.home / "replay"),
            warehouse=self.warehouse,
            sources=self.home / "sources",
            processes=1,
        )

    def _crawl(self, where: Places, site: str, deadline: timedelta) -> str:
        return crawl_step.crawl(
            where.data, self.sources[site], sources=where.sources, url_base=None, deadline=deadline,
            stop=None, log=log,
        ).batch  # fmt: skip


@contextmanager
def ward(home: Path, sites: Sequence[str], new: int = NEW) -> Iterator[Ward]:
    """Demo sources that are well, have been so for fifteen days, and are due to be crawled again."""
    now = datetime.now(UTC)
    # Before its past the wire had printed nothing: so its first run finds what came in one interval, too.
    wire = demo.Wire(seed=11, epoch=now - EVERY, interval=EVERY / new, backlog=new)
    (home / "sources").mkdir(parents=True)
    with demo.serve(wire, port_base=0, clock=lambda: wire.epoch, slow=SLOW) as served:
        served.declare(home / "sources")
        for path in (home / "sources").iterdir():
            text = re.sub(r"(?m)^recheck *= .*$", 'recheck = ["7d"]', path.read_text("utf-8"))
            text = re.sub(r"(?m)^every *= .*$", 'every = "6h"', text)
            # Promised for the demo's own pace: at this one more is killed when it is first read.
            text = re.sub(r"(?m)^filled *= .*$", "", text)
            path.write_text(re.sub(r"(?m)^delay *= .*$", 'delay = "1ms"', text), "utf-8")
        sources = {site: load_source(f"demo_{site}", home / "sources") for site in sites}
        catalog = f"ducklake:sqlite:{home / 'warehouse' / 'catalog.sqlite'}"
        one = Ward(home, served, sources, catalog)
        one.run(home / "data", sites)
        served.advance(EVERY)
        _remember(one)
        yield one


def _remember(ward: Ward) -> None:
    """Load a past: what a sound run of each source measured, again and again."""
    data = ward.home / "data"
    for source in ward.sources.values():
        (first,) = batches.of_source(UPath(data), source.name)
        measured, _ = findings.read(UPath(data / first))
        batches.unmark(UPath(data), batches.UNTOLD, [first])
        for back in range(1, RUNS + 1):
            _stage(data, _earlier(measured, back * EVERY))
    before = os.environ.copy()
    os.environ |= {"WIREHOUSE_HOME": str(ward.home), "WIREHOUSE_SOURCES": str(ward.home / "sources")}
    try:
        steps.load([])
    finally:
        os.environ.clear()
        os.environ |= before


def _earlier(measured: Measures, by: timedelta) -> Measures:
    """The same run, so long before."""
    values = {f.name: getattr(measured, f.name) for f in fields(Measures)}
    times: dict[str, Any] = {k: v - by for k, v in values.items() if isinstance(v, datetime)}
    name = batches.new_name(measured.source_id, measured.started_at - by)
    return replace(measured, **times, run_id=name)


def _stage(data: Path, measured: Measures) -> None:
    folder = UPath(data / measured.run_id)
    staging.write(folder / batches.MEASURES, Measures, [measured])
    staging.write(folder / batches.FINDINGS, Finding, [])
    batches.mark(UPath(data), batches.UNTOLD, measured.run_id)


def named(found: Sequence[Finding]) -> list[Cause]:
    """The causes that an operator is told, the first first: of findings that are more than notes."""
    return list(dict.fromkeys(f.cause for f in found if f.severity is not Severity.NOTE))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--new", type=int, default=NEW, help="stories of the wire in one interval")
    parser.add_argument("--sites", nargs="+", default=list(SITES), choices=SITES)
    parser.add_argument("--troubles", nargs="+", default=["", *TROUBLES], choices=["", *TROUBLES])
    parser.add_argument("--why", action="store_true", help="print the findings too")
    given = parser.parse_args()
    print(describe("scrapy"))
    right = told = 0
    with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as folder:
        begun = time.monotonic()
        with ward(Path(folder), given.sites, given.new) as one:
            print(f"a past of {RUNS} runs: {time.monotonic() - begun:.0f} s")
            for ill in given.troubles:
                begun = time.monotonic()
                found = one.sick(dict.fromkeys(given.sites, ill))
                print(f"\n{ill or 'well'} ({time.monotonic() - begun:.0f} s)")
                for site, said in found.items():
                    causes = named(said)
                    right += bool(ill) and bool(causes) and causes[0] in CAUSES[ill]
                    told += bool(ill) and bool(causes)
                    print(f"  {site:<14}{', '.join(causes) or '-'}")
                    for f in said if given.why else ():
                        print(f"      {f.severity.value:<8}{f.check}: {f.cause}: {f.message} [{f.evidence}]")
    cells = len(given.sites) * sum(map(bool, given.troubles))
    print(f"\n{told} of {cells} found, {right} called first by their name")


if __name__ == "__main__":
    main()

"""Count what a step did, for a graph: which metrics, with which values and tags. Pure.

Every name stands in NAMES, with what it says; docs/operators.md and the dashboard are held to it.
Tags have few values: a source, an outcome, a step, a cause; never a batch, a URL or a story.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pipelines.ledger import Cause, Finding, Outcome, Run, Severity


class Kind(StrEnum):
    """How a metric adds up."""

    COUNTER = "counter"
    GAUGE = "gauge"
    TIMER = "timer"


NAMES: Mapping[str, tuple[Kind, tuple[str, ...], str]] = {
    "wirehouse.requests": (Kind.COUNTER, ("source",), "requests that crawls sent"),
    "wirehouse.bytes": (Kind.COUNTER, ("source",), "bytes that crawls received, before decompression"),
    "wirehouse.leads": (Kind.COUNTER, ("source", "outcome"), "leads by how they ended: the ledger"),
    "wirehouse.stories": (Kind.COUNTER, ("source",), "stories that were new or updated"),
    "wirehouse.findings": (Kind.COUNTER, ("source", "severity", "cause"), "what checks of a run found"),
    "wirehouse.step": (Kind.TIMER, ("step", "source"), "how long a step took, milliseconds"),
    "wirehouse.freshness": (Kind.GAUGE, ("source",), "seconds since we first saw the newest story"),
    "wirehouse.good_run": (Kind.GAUGE, ("source",), "seconds since the last good run ended"),
    "wirehouse.troubles": (Kind.GAUGE, ("source", "severity"), "causes that a source suffers from now"),
    "wirehouse.sick": (Kind.GAUGE, ("cause",), "sources that suffer from a cause now"),
    "wirehouse.waiting": (Kind.GAUGE, (), "batches that wait to be loaded"),
}
"""Each metric: its kind, its tags in their order, and what it says."""

ALL = "all"
"""The source where a step is of no single one."""

_TOLD = (Severity.WARNING, Severity.ERROR)


@dataclass(frozen=True)
class Metric:
    """One value of one metric.

    >>> Metric("wirehouse.stories", 3, {"source": "acme"}).kind
    <Kind.COUNTER: 'counter'>
    """

    name: str
    value: float
    tags: Mapping[str, str]

    @property
    def kind(self) -> Kind:
        return NAMES[self.name][0]


def of_step(step: str, source: str | None, took: timedelta) -> list[Metric]:
    """How long a step took."""
    tags = {"step": step, "source": source or ALL}
    return [Metric("wirehouse.step", took.total_seconds() * 1000, tags)]


def of_crawl(run: Run) -> list[Metric]:
    """What a crawl sent and received."""
    tags = {"source": run.source_id}
    return [Metric("wirehouse.requests", run.requests, tags), Metric("wirehouse.bytes", run.bytes, tags)]


def of_extract(source: str, counts: Mapping[str, int]) -> list[Metric]:
    """How the leads of a batch ended."""
    leads = [
        Metric("wirehouse.leads", count, {"source": source, "outcome": str(outcome)})
        for outcome, count in counts.items()
    ]
    stories = counts.get(Outcome.NEW, 0) + counts.get(Outcome.UPDATED, 0)
    return [*leads, Metric("wirehouse.stories", stories, {"source": source})]


def of_check(source: str, findings: Iterable[Finding]) -> list[Metric]:
    """What a run's checks found."""
    found = Counter((finding.severity, finding.cause) for finding in findings)
    return [
        Metric("wirehouse.findings", count, {"source": source, "severity": severity, "cause": cause})
        for (severity, cause), count in found.items()
    ]


def of_warehouse(
    health: Iterable[Mapping[str, Any]], troubles: Iterable[Mapping[str, Any]], waiting: int, now: datetime
) -> list[Metric]:
    """How all is now: rows of `source_health` and `troubles`, and how many batches wait.

    Sources that are off are left out. One without any trouble is told as 0, or its graph
    would stay where it was; one that never had a story has no freshness.
    """
    rows = [row for row in health if row["enabled"]]
    sick = [row for row in troubles if row["severity"] in _TOLD]
    causes = Counter((row["source_id"], row["severity"]) for row in sick)
    suffer = Counter(row["cause"] for row in sick)
    made = [Metric("wirehouse.waiting", waiting, {})]
    for row in rows:
        tags = {"source": row["source_id"]}
        for name, at in (
            ("wirehouse.freshness", "newest_story_at"),
            ("wirehouse.good_run", "last_good_run_at"),
        ):
            if row[at] is not None:
                made.append(Metric(name, round((now - row[at]).total_seconds()), tags))
    for source in [row["source_id"] for row in rows] + [None]:
        for severity in _TOLD:
            tags = {"source": source or ALL, "severity": severity.value}
            made.append(Metric("wirehouse.troubles", causes[source, severity], tags))
    return [*made, *(Metric("wirehouse.sick", suffer[cause], {"cause": cause.value}) for cause in Cause)]

"""Probe a site: three crawls by the real spider, into a folder that is thrown away.

The first asks the front page (or what was given in its place), with robots.txt and the
feeds that the page names; the second what robots.txt names, or where nothing is named,
the usual places; the third crawls for real, with the declaration that is proposed and
a budget of twenty. So what a probe shows is what a crawl would do, politeness and
refusals too; no warehouse is touched.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines import extract_step
from pipelines.channels import parts
from pipelines.channels.said import Part
from pipelines.ledger import LedgerLine, Outcome
from pipelines.page import rights
from pipelines.probe import declare, site, verdict
from pipelines.probe.crawling import Crawl, Looker, body_of, tree_of
from pipelines.probe.report import Found, Problem, Report
from pipelines.records import Story
from pipelines.sources import parse_source
from pipelines.store import batches, staging
from pipelines.urls import in_scope

MOST_SITEMAPS = 5
"""That robots.txt names, which are asked."""


def probe(
    url: str,
    *,
    name: str | None = None,
    stories: int = 20,
    delay: timedelta | None = None,
    private: bool = False,
    processes: int = 1,
    contact: str | None = None,
    say: Callable[[str], None] = lambda step: None,
) -> Report:
    """Look at a site as a new source. A site that cannot be looked at gives a report that says why.

    `delay` between two requests, a second if not said; `private` lets its host have a
    private address. UsageError for what is no address of a site or no name of a source.
    """
    url = site.address(url)
    name = name or site.name_of(url)
    now = datetime.now(UTC)
    empty = Report(url=url, home=url, name=name, looked_at=now)
    with tempfile.TemporaryDirectory(prefix="wirehouse-probe-") as folder:
        looker = Looker(Path(folder), name, delay, private, contact)
        parse_source(name, declare.draft(title=name, home=url, sections=[url]))  # a wrong name is said here
        say(f"asking {url}")
        first, start = _enter(looker, url)
        report = _front(empty, first, start)
        if not report.reached:
            return replace(report, requests=looker.requests)
        say("asking what it names")
        report, leads, times = _channels(report, first, start, looker)
        report = replace(report, channels=verdict.chosen(report.channels), hosts=verdict.other_hosts(leads))
        report = verdict.expected(report, list(times.values()))
        if any(c.used for c in report.channels):
            say(f"reading {stories} stories")
            report = _sample(report, looker, stories, processes)
        report = replace(report, requests=looker.requests)
    report = replace(report, problems=verdict.problems(report))
    if not any(c.used for c in report.channels):
        return report
    text = declare.declaration(report, delay=delay, private=private)
    parse_source(name, text)  # what we propose is valid
    return replace(report, toml=text)


def _enter(looker: Looker, url: str) -> tuple[Crawl, str]:
    """Ask the front page, and the feeds that it names; where it sends us to another host, there."""
    for _ in range(2):
        text = declare.draft(
            title=looker.name,
            home=url,
            sections=[url],
            discover=True,
            delay=looker.delay,
            private=looker.private,
        )
        crawl = looker.crawl(text, budget=0)
        line = _line(crawl, url)
        led_to = line.get("final_url") or url
        if line.get("outcome") or urlsplit(led_to).netloc == urlsplit(url).netloc:
            break
        url = led_to
    return crawl, url


def _line(crawl: Crawl, url: str) -> dict[str, Any]:
    return next(line for line in crawl.channels if line["url"] == url)


def _front(report: Report, crawl: Crawl, url: str) -> Report:
    """What the first crawl tells: is it open to us, who is it, what does it reserve?"""
    line = _line(crawl, url)
    host = urlsplit(line.get("final_url") or url).netloc
    robots = next((r for r in crawl.records if urlsplit(r.url)[1:3] == (host, "/robots.txt")), None)
    said = site.robots(body_of(robots).decode("utf-8", "replace"), robots.status) if robots else report.robots
    report = replace(report, robots=said, home=line.get("final_url") or url)
    outcome, reason = line.get("outcome"), line.get("reason")
    if outcome and outcome != Outcome.BAD_CONTENT:
        return replace(report, problems=(_refusal(outcome, reason, url),))
    record = crawl.record(line.get("record_id"))
    tree = tree_of(record)
    if tree is None or line.get("channel_kind") not in (None, "section"):  # a channel was given
        parts_of = urlsplit(report.home)
        return replace(report, reached=True, home=f"{parts_of.scheme}://{parts_of.netloc}/")
    stated = [*rights.of_page(tree), *(rights.of_headers(record.headers) if record else ())]
    stated += rights.of_robots(body_of(robots)) if robots and robots.status == 200 else []
    return replace(
        report,
        reached=True,
        title=site.title(tree),
        sections=tuple(site.sections(tree, report.home)),
        stated=tuple(stated),
    )


def _refusal(outcome: str, reason: str | None, url: str) -> Problem:
    what = {
        Outcome.ROBOTS_DENIED: (
            "robots.txt does not let us in",
            "ask the publisher; Wirehouse does not get round a refusal",
        ),
        Outcome.ADDRESS_BLOCKED: (
            f"its address is refused ({reason})",
            "if the host is on a network of your own, say --private",
        ),
        Outcome.DNS_ERROR: (f"its name cannot be resolved ({reason})", "check the address, and the network"),
        Outcome.TLS_ERROR: (
            f"its certificate is not to be trusted ({reason})",
            "check the address; a wrong certificate is its operator's to mend",
        ),
        Outcome.GONE: (f"there is no such page ({reason})", "check the address"),
        Outcome.HTTP_ERROR: (
            f"it answers {reason}",
            "try again later; 401 and 403 are a refusal: ask the publisher",
        ),
    }.get(
        Outcome(outcome), (f"it cannot be reached: {outcome}: {reason}", "check the address and the network")
    )
    return Problem(what=f"{url}: {what[0]}", next_step=what[1])


def _channels(
    report: Report, first: Crawl, given: str, looker: Looker
) -> tuple[Report, list[dict[str, Any]], dict[str, datetime]]:
    """Ask what is named, measure all; also their leads, and the dates of the stories by address."""
    now = report.looked_at
    known = {line["url"]: "given" if line["url"] == given else "the front page" for line in first.channels}
    page = tree_of(first.record(_line(first, given).get("record_id")))
    has_feed = any(line.get("channel_kind") in verdict.FEED_KINDS for line in first.channels)
    feeds = (
        dict.fromkeys(site.linked_feeds(page, report.home), "a link of the front page")
        if page is not None
        else {}
    )
    if not has_feed and not feeds:
        feeds = dict.fromkeys(site.usual(report.home, site.USUAL_FEEDS), "a usual place")
    named = [Part(url) for url in report.robots.sitemaps]
    maps = dict.fromkeys(parts.live(named, lambda url: None, now, MOST_SITEMAPS)[0], "robots.txt")
    if not maps:
        maps = dict.fromkeys(site.usual(report.home, site.USUAL_SITEMAPS), "a usual place")
    feeds = {url: why for url, why in feeds.items() if url not in known}
    maps = {url: why for url, why in maps.items() if url not in known}
    second = looker.crawl(
        declare.draft(
            title=report.name,
            home=report.home,
            feeds=list(feeds),
            sitemaps=list(maps),
            delay=looker.delay,
            private=looker.private,
        ),
        budget=0,
    )
    found: list[Found] = []
    times: dict[str, datetime] = {}
    for crawl, why in ((first, known), (second, feeds | maps)):
        for line in crawl.channels:
            channel, dated = _found(line, why.get(line["url"], "an index"), crawl, report)
            found.append(verdict.measured(channel, list(dated.values()), now))
            times |= dated
    leads = [*first.leads(), *second.leads()]
    return replace(report, channels=tuple(found)), leads, times


def _found(
    line: Mapping[str, Any], named_by: str, crawl: Crawl, report: Report
) -> tuple[Found, dict[str, datetime]]:
    outcome, reason = line.get("outcome"), line.get("reason")
    if outcome:
        trouble = f"{outcome}: {reason}" if reason else str(outcome)
        return Found(url=line["url"], named_by=named_by, trouble=trouble[:200]), {}
    said = crawl.sightings(line["url"], line.get("final_url") or "")
    dated = {s["url"]: at for s in said if (at := verdict.moment(s.get("published_raw"))) is not None}
    announced = sum(in_scope(s["url"], crawl.source) for s in said)
    hosts = verdict.other_hosts(crawl.leads())
    announced += sum((urlsplit(s["url"]).hostname or "") in hosts for s in said)
    kind = line.get("channel_kind")
    # A feed's address as it answers at last; a page's own is the front page.
    return Found(url=line["url"], named_by=named_by, kind=kind, stories=announced), dated


def _sample(report: Report, looker: Looker, stories: int, processes: int) -> Report:
    """Crawl with the proposed channels, read what came, and judge it."""
    used = [c for c in report.channels if c.used]
    text = declare.draft(
        title=report.title or report.name,
        home=report.home,
        feeds=[c.url for c in used if c.kind in verdict.FEED_KINDS],
        sitemaps=[c.url for c in used if c.kind in ("news_sitemap", "sitemap", "index")],
        sections=[c.url for c in used if c.kind == "section"],
        hosts=report.hosts,
        delay=looker.delay,
        private=looker.private,
    )
    crawl = looker.crawl(text, budget=stories)
    extract_step.extract(crawl.data, crawl.batch, crawl.source, processes)
    folder = crawl.data / crawl.batch
    read = list(staging.read(folder / batches.STORIES, Story))
    report = verdict.sampled(report, read, list(staging.read(folder / batches.LEDGER, LedgerLine)))
    seen: dict[str, int] = {}
    pages = {line["record_id"] for line in crawl.leads() if line["outcome"] is None}
    for record in (r for r in crawl.records if r.record_id in pages):
        tree = tree_of(record)
        for kind in site.markup_of(tree) if tree is not None else ():
            seen[kind] = seen.get(kind, 0) + 1
    return replace(
        report,
        markup=dict(sorted(seen.items())),
    )

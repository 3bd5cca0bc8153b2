"""Do channels and pages answer as ever? Blocked, closed, moved, slow, down. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from pipelines.checks.chance import SURE
from pipelines.checks.judging import FEW, Judging, failing
from pipelines.checks.measuring import FORBIDDEN
from pipelines.ledger import Cause, Fetch, Finding, LedgerLine, Outcome, Severity
from pipelines.measures import Measures
from pipelines.sources import scope_hosts
from pipelines.urls import is_at_home

_NEXT = {
    Cause.OURS: "if that machine is yours, name its host in the source's `private_hosts`",
    Cause.ROBOTS_CLOSED: "the site does not want this fetched: leave it out, or ask its publisher",
    Cause.BLOCKED: "open it in a browser: if it opens there, we are unwelcome: crawl less, or write to them",
    Cause.MOVED: "look where it is now, in a browser, and correct the source's TOML",
    Cause.SECTION_LOST: "open it in a browser: renamed or given up? correct the source's TOML",
    Cause.SLOW: "nothing, if it passes within the day; else crawl it less often: raise `every` and `delay`",
    Cause.DOWN: "open it in a browser: down for all? then wait; only for us? then we may be blocked",
    Cause.UNKNOWN: "open it in a browser: a login, a consent page, a feed that moved? correct its TOML",
}
_RESTS = "nothing: it is asked again when its time has come; often? raise `every`"

_CAUSES = {
    Outcome.GONE.value: Cause.MOVED,
    Outcome.TIMEOUT.value: Cause.SLOW,
    Outcome.ROBOTS_DENIED.value: Cause.ROBOTS_CLOSED,
    Outcome.ADDRESS_BLOCKED.value: Cause.OURS,
    Outcome.BAD_CONTENT.value: Cause.UNKNOWN,
}
_DOWN = (Outcome.HTTP_ERROR, Outcome.DNS_ERROR, Outcome.TLS_ERROR, Outcome.CONNECTION_ERROR)

SLOWER = 5.0
"""Times as long as usual, and SLOW at least, is worth a word."""
SLOW = 1.5
"""Seconds."""

MOST = 0.8
"""A share that is almost all."""
GREW = 0.3
"""By what a share must have grown at least."""


def channels_answer(j: Judging) -> Iterator[Finding]:
    """A source whose channels all fail is sick, though nothing crashed."""
    last = {
        f.url: f for f in j.fetches if f.purpose == "channel"
    }  # a retry's answer stands for the first one's
    asked = [f for f in last.values() if f.outcome != "redirect"]
    silent = [f for f in asked if failing(f.outcome)]
    for fetch in asked:
        if fetch.outcome == Outcome.OVER_BUDGET:
            said = f"{fetch.url}: {fetch.outcome}: {fetch.reason or 'its host asked for a pause'}"
            yield j.finding(
                "channels_answer", Severity.WARNING, Cause.BLOCKED, said, _RESTS, "the host rests"
            )
    for fetch in silent:
        cause = Cause.MOVED if _led_away(j, fetch) else _cause(fetch)
        if cause is Cause.MOVED and len(silent) < len(asked):
            cause = Cause.SECTION_LOST
        yield j.finding(
            "channels_answer",
            Severity.ERROR if len(silent) == len(asked) else Severity.WARNING,
            cause,
            f"{fetch.url}: {fetch.outcome}: {fetch.reason or fetch.http_status or 'no answer'}",
            _NEXT[cause],
            f"{len(silent)} of {len(asked)} channels do not answer",
        )


def is_still_there(j: Judging) -> Iterator[Finding]:
    """Channels, or stories, that lead to a host that is not the source's: it moved."""
    out = [_target(line) for line in j.ledger if line.outcome == Outcome.OUT_OF_SCOPE]
    abroad = Counter(urlsplit(url).netloc for url in out if not is_at_home(url, j.source))
    led = [f for f in j.fetches if f.purpose == "channel" and _led_away(j, f)]
    share = j.share(lambda m: m.abroad, lambda m: m.leads)
    new = share.surprise >= SURE and share.now >= share.usual + GREW
    if not (new or led):
        return
    hosts = [*(urlsplit(f.url).netloc for f in led), *(host for host, _ in abroad.most_common(1))]
    severity = Severity.ERROR if share.now >= MOST and share.of >= FEW else Severity.WARNING
    if not hosts:
        such = f", such as {out[0]}" if out else ""
        yield j.finding(
            "is_still_there",
            severity,
            Cause.MOVED,
            f"{share.now:.0%} of what its channels name are addresses that its `allow` and `deny` leave out",
            f"look at one{such}: did its stories' addresses change? correct `allow` or `deny`",
            f"out of scope are {share}",
        )
        return
    there = hosts[0]
    yield j.finding(
        "is_still_there",
        severity,
        Cause.MOVED,
        f"its channels or stories lead to {there}, which is no host of this source",
        f"look at {there}: if it is the same publisher, correct `home`, channels or `hosts` in its TOML",
        f"{len(led)} channels led there; out of scope are {share}; declared: "
        + ", ".join(sorted(scope_hosts(j.source))),
    )


def pages_answer(j: Judging) -> Iterator[Finding]:
    """A share of refused or failing pages that grew; all of them is an error, whatever was usual."""
    robots = sum(f.outcome == Outcome.ROBOTS_DENIED for f in j.fetches if f.purpose == "story")
    refused = Cause.ROBOTS_CLOSED if robots * 2 > j.m.blocked else Cause.BLOCKED
    failed = Cause.SLOW if j.m.timeouts * 2 > j.m.failed else Cause.DOWN
    for check, word, cause, share in (
        ("pages_are_allowed", "refused to us", refused, j.share(_blocked, _fetched)),
        ("pages_answer", "not answered", failed, j.share(_failed, _fetched)),
    ):
        all_ = share.now >= MOST and share.of >= FEW and share.usual < MOST
        if all_ or (share.surprise >= SURE and share.now >= share.usual + GREW):
            yield j.finding(
                check,
                Severity.ERROR if all_ else Severity.WARNING,
                cause,
                f"{share.now:.0%} of its pages are {word}",
                _NEXT[cause],
                str(share),
            )


def answers_in_time(j: Judging) -> Iterator[Finding]:
    """Answers that take many times as long as they did, or do not come in time."""
    usual = j.middle(lambda m: m.seconds)
    late = j.share(lambda m: m.timeouts, lambda m: m.requests)
    seconds = j.m.seconds
    few = 3 if j.run.finish_reason == "deadline" else FEW  # as slow as that, it did not get further
    if usual and seconds is not None and j.m.requests >= few and seconds >= max(SLOW, SLOWER * usual):
        yield j.finding(
            "answers_in_time",
            Severity.WARNING,
            Cause.SLOW,
            f"an answer takes {seconds:.1f} s, where {usual:.2g} s are usual",
            _NEXT[Cause.SLOW],
            f"median of {j.m.requests} requests; {j.m.timeouts} unanswered; {j.run.finish_reason}",
        )
    elif late.surprise >= SURE and late.now >= late.usual + GREW:
        yield j.finding(
            "answers_in_time",
            Severity.WARNING,
            Cause.SLOW,
            f"{late.now:.0%} of its answers do not come in time",
            _NEXT[Cause.SLOW],
            str(late),
        )


def _led_away(j: Judging, fetch: Fetch) -> bool:
    """Is this channel at a host that is not the source's, and never brought one of its stories there?

    Many a healthy feed is served by another's host: as long as it names the source's own stories, nothing
    has moved.
    """
    if is_at_home(fetch.url, j.source):
        return False
    if any(s.channel == fetch.url and is_at_home(s.url, j.source) for s in j.sightings):
        return False
    well = [*(c.arrived for p in j.past for c in p.channels if c.url == fetch.url)]
    return not any([*well, *(c.named for p in j.usual for c in p.channels if c.url == fetch.url)])


def _target(line: LedgerLine) -> str:
    """Where a lead out of scope leads: its own address, or that of its last redirect."""
    _, found, target = (line.reason or "").partition("redirect to ")
    return target if found else line.url


def _blocked(m: Measures) -> int:
    return m.blocked


def _failed(m: Measures) -> int:
    return m.failed


def _fetched(m: Measures) -> int:
    return m.fetched


def _cause(fetch: Fetch) -> Cause:
    if fetch.http_status in FORBIDDEN:
        return Cause.BLOCKED
    return _CAUSES.get(fetch.outcome, Cause.DOWN if fetch.outcome in _DOWN else Cause.UNKNOWN)

"""Do its channels name stories? One that answers and names none; half of them gone; all empty. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.checks import volume
from pipelines.checks.judging import Judging, failing
from pipelines.ledger import Cause, Finding, Severity


def channels_name_stories(j: Judging) -> Iterator[Finding]:
    """A channel that answers and names nothing, though it used to; or half of them, or none at all."""
    channels = [c for c in j.m.channels if c.outcome != "redirect" and c.outcome != "over_budget"]
    named = {c.url: c for c in channels}
    empty = [url for url, c in named.items() if _names_nothing(j, url) and not failing(c.outcome)]
    if paused := [url for url in empty if j.past and _may_be_empty(j, url)]:
        yield j.finding(
            "channels_name_stories",
            Severity.NOTE,
            Cause.FEED_EMPTY,
            f"{', '.join(paused[:3])}: names no story, and none came for a day",
            "nothing: a news sitemap lists two days, and this is a pause as its source has them",
        )
        named = {url: c for url, c in named.items() if url not in paused}
        empty = [url for url in empty if url not in paused]
    gone = [url for url, c in named.items() if failing(c.outcome)]
    carriers = [url for url in named if url in gone or url in empty or _usually_named(j, url) > 0]
    if not empty and not gone:
        return
    # A front page may go on naming stories while the feeds beside it are empty: it is they that are sick.
    feeds = {url for url in carriers if url not in (*j.source.sections, j.source.home)}
    if empty and (len(empty) == len(carriers) or (feeds and feeds <= set(empty))):
        yield j.finding(
            "channels_name_stories",
            _of_empty(len(empty) < len(carriers), bool(j.past)),  # of a new source nobody knows what is usual
            Cause.FEED_EMPTY,
            f"{', '.join(empty[:3])}: answered, and names not one story",
            "open it in a browser: empty there too? it was moved or renamed: correct the source's TOML",
            f"usually it names {max(_usually_named(j, u) for u in empty):.0f}",
        )
    elif len(carriers) >= 2 and len(empty) + len(gone) < len(carriers):
        lost = empty + gone
        half = 2 * len(lost) >= len(carriers)
        yield j.finding(
            "channels_name_stories",
            Severity.WARNING,
            Cause.SECTION_LOST,
            f"{len(lost)} of {len(carriers)} channels are gone or empty: {', '.join(lost[:3])}",
            "open them in a browser: renamed or given up? correct the source's TOML",
            "half of what it was crawled for" if half else "the others go on",
        )


def _of_empty(others_go_on: bool, has_past: bool) -> Severity:
    if not has_past:
        return Severity.NOTE
    return Severity.WARNING if others_go_on else Severity.ERROR


def _usually_named(j: Judging, url: str) -> int:
    return max((c.named or 0 for p in j.usual for c in p.channels if c.url == url), default=0)


def _may_be_empty(j: Judging, url: str) -> bool:
    """Is it a sitemap with nothing to list: none came for a day, and that is no silence by its rhythm?

    A news sitemap lists the stories of the last two days: that of a paper without a Sunday is empty then.
    """
    source = j.source
    if not source.sitemaps or url in (*source.feeds, *source.sections, source.home):
        return False  # what is declared nowhere is a part of an index
    if any(p.arrived for p in j.past if p.started_at > j.m.started_at - volume.DAY):
        return False
    flow = j.rhythm
    return flow is None or all(f.severity is Severity.NOTE for f in volume.silent(j, flow))


def _names_nothing(j: Judging, url: str) -> bool:
    """By its last full answer: an unchanged empty feed is as empty as it was."""
    for m in (j.m, *reversed(j.past)):
        for c in m.channels:
            if c.url == url and c.named is not None:
                return c.named == 0 and (_usually_named(j, url) > 0 or not j.past)
    return False

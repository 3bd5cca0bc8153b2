"""Tell a person what a probe found. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.probe.report import Report
from pipelines.show import table


def told(r: Report) -> str:
    """The report as text; what is from pages is shown as text, never as markup."""
    if not r.reached:
        return "\n".join([f"{r.url}: not probed", "", *_problems(r)])
    parts = [
        [f"{r.title or r.name}: {r.home}", f"looked at {r.looked_at:%Y-%m-%d %H:%M}Z, {r.requests} requests"],
        _allowed(r),
        ["Channels", *_channels(r)],
        _coming(r),
        ["The sample", *_sample(r)] if r.asked else [],
        _problems(r),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _allowed(r: Report) -> list[str]:
    status = {None: "no answer", 404: "none, so all is allowed"}.get(r.robots.status, f"{r.robots.status}")
    delay = f"{r.robots.crawl_delay:g} s between requests" if r.robots.crawl_delay else "no Crawl-delay"
    lines = [f"robots.txt   {'there' if status == '200' else status}; lets us in; {delay}"]
    return [*lines, *_side("rights", r.stated or ["nothing is stated for machines to read"])]


def _channels(r: Report) -> Iterable[str]:
    rows = [
        [
            "*" if c.used else "",
            c.kind or c.trouble or "",
            c.stories if c.kind else None,
            None if c.per_day is None else round(c.per_day, 1),
            c.newest_at,
            c.named_by,
            c.url,
        ]
        for c in r.channels
        if c.kind or c.named_by != "a usual place"
    ]
    yield table(["use", "kind", "stories", "a day", "newest", "named by", "address"], rows)
    silent = sum(c.kind is None and c.named_by == "a usual place" for c in r.channels)
    if silent:
        yield f"(and nothing at {silent} usual places)"


def _coming(r: Report) -> list[str]:
    rate = "no dates to tell by"
    if r.stories_per_day is not None and r.dates_span is not None:
        hours = r.dates_span.total_seconds() / 3600
        rate = f"{r.stories_per_day:.1f} a day, at least, by the dates of {hours:.1f} hours"
    languages = ", ".join(f"{k} {n}" for k, n in r.languages.items()) or "no page says"
    zone = (
        f"{r.timezone}: {r.timezone_evidence}"
        if r.timezone
        else r.timezone_evidence or "nothing tells the site's"
    )
    offsets = ", ".join(f"{k} {n}" for k, n in r.offsets.items())
    return [
        f"stories      {rate}",
        f"language     {languages}",
        f"times        {r.zones_stated} of {r.stories} state their zone{f' ({offsets})' if offsets else ''}",
        f"time zone    {zone}",
        *([f"agency       {r.agency}: {r.credited} of {r.stories} are credited to it"] if r.agency else []),
        f"markup       {', '.join(f'{k} {n}' for k, n in r.markup.items()) or 'none'} (of {r.stories} pages)",
        *_side("sections", r.sections[:8]),
    ]


def _sample(r: Report) -> Iterable[str]:
    yield ", ".join(f"{count} {outcome}" for outcome, count in r.outcomes.items())
    if r.stories:
        yield f"{r.median_words} words in the median, confidence {r.median_confidence}"
        yield ""
        yield table(["field", "filled"], [[f, f"{share:.0%}"] for f, share in r.filled.items()])
        yield ""
        yield table(
            ["published", "words", "headline"], [[e.published_at, e.words, e.headline] for e in r.examples]
        )


def _problems(r: Report) -> list[str]:
    if not r.problems:
        return ["Nothing is in the way."]
    return ["In the way", *(f"- {_plain(p.what)}\n  next: {_plain(p.next_step)}" for p in r.problems)]


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _side(label: str, lines: Iterable[str]) -> list[str]:
    return [f"{label if n == 0 else '':13}{_plain(line)}" for n, line in enumerate(lines)]

"""Say what is due so that a person at a telephone understands it: a subject and a plain text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pipelines.alerts.plan import OF_ALL, Event, Item, Message, Trouble
from pipelines.ledger import Severity

MOST_SOURCES = 10
"""That are spelt out in a message; of more, the names alone."""

LEAST_SOURCES = 2
"""That are spelt out of each cause, however many causes there are."""

MOST_NAMES = 60

MEANS = {
    "blocked": "the site turns us away",
    "robots_closed": "robots.txt forbids what it allowed",
    "feed_frozen": "the feed answers and never changes",
    "feed_empty": "the feed answers and names nothing",
    "layout_changed": "the pages are built differently",
    "paywall": "only the beginning of stories is shown",
    "moved": "the site has moved",
    "slow": "answers come late",
    "down": "no answer",
    "duplicates": "the same stories under ever new addresses",
    "dates_wrong": "times of publication that cannot be",
    "section_lost": "some channels are gone or silent",
    "volume_drop": "fewer stories than always",
    "volume_surge": "more stories than always",
    "quiet_day": "fewer stories, and all of it looks well",
    "not_running": "it is not crawled, or a run does not end",
    "ours": "a fault of Wirehouse, or of what it runs on",
    "unknown": "the evidence names no cause",
}

_WORD = {Event.WORSE: "worse: ", Event.LASTS: "still: ", Event.OVER: "over: "}


def subject(message: Message) -> str:
    """One line: `[wirehouse] ERROR blocked: 30 sources`.

    A source's own text never stands here; names of sources are ours.
    """
    if len(message.items) == 1:
        return f"[wirehouse] {_head(message.items[0])}"
    causes = ", ".join(f"{item.cause} ({_many(item)})" for item in message.items)
    return f"[wirehouse] {len(message.items)} warnings: {causes}"[:200]


def text(message: Message, now: datetime, desk: str | None = None) -> str:
    """All of it, as plain text: what, since when, why, what to do next, where to look."""
    most = max(LEAST_SOURCES, MOST_SOURCES // len(message.items))
    parts = ["\n".join(_lines(item, now, most)) for item in message.items]
    end = [f"Desk:   {desk}"] if desk else []
    quiet = [item.cause for item in message.items if item.event is not Event.OVER]
    if quiet:
        end.append(
            f"Quiet:  wirehouse mute {quiet[0]} --for 4h   (or the DAG `mute`; a source's name does too)"
        )
    return "\n\n".join([*parts, "\n".join(end)]).strip() + "\n"


def payload(message: Message, now: datetime, desk: str | None = None) -> dict[str, object]:
    """The same for a program."""
    return {
        "subject": subject(message),
        "text": text(message, now, desk),
        "severity": message.severity.value,
        "desk": desk,
        "items": [
            {
                "event": item.event.value,
                "cause": item.cause,
                "severity": item.severity.value,
                "since": item.since.isoformat(),
                "sources": list(dict.fromkeys(t.source_id or None for t in item.troubles)),
                "recovered": [s for s in item.recovered if s != OF_ALL],
                "next_steps": _next_steps(item.troubles),
            }
            for item in message.items
        ],
    }


def _head(item: Item) -> str:
    level = "" if item.event is Event.OVER else f"{item.severity.value.upper()} "
    return f"{_WORD.get(item.event, '')}{level}{item.cause}: {_many(item)}"


def _many(item: Item) -> str:
    names = list(dict.fromkeys(t.source_id for t in item.troubles)) or list(item.recovered)
    if names == [OF_ALL] or not names:
        return "the whole installation"
    return names[0] if len(names) == 1 else f"{len(names)} sources"


def _lines(item: Item, now: datetime, most: int) -> Iterable[str]:
    yield _head(item)
    yield f"What:   {MEANS.get(item.cause, item.cause)}"
    lasted = f"{_span(now - item.since)}{' in all' if item.event is Event.OVER else ''}"
    yield f"Since:  {item.since:%Y-%m-%d %H:%M} UTC ({lasted})"
    for place, trouble in enumerate(item.troubles[:most]):
        name = trouble.source_id or "all"
        level = "" if trouble.severity is item.severity else f", {trouble.severity.value}"
        since = f"(since {trouble.since:%H:%M}{level})"
        yield f"{'Why:' if not place else '':<7} {name}: {_line(trouble.message)} {since}"
        if trouble.link:
            yield f"        {_line(trouble.link)}"
    yield from _names("and", [t.source_id for t in item.troubles[most:]])
    for place, step in enumerate(_next_steps(item.troubles)):
        yield f"{'Next:' if not place else '':<7} {step}"
    yield from _names("Well again:", [s for s in item.recovered if s != OF_ALL])


def _next_steps(troubles: Iterable[Trouble]) -> list[str]:
    """Each once, those for most sources first; three are enough for one message."""
    steps = [_line(t.next_step) for t in troubles if t.severity is not Severity.NOTE]
    return sorted(dict.fromkeys(steps), key=lambda step: -steps.count(step))[:3]


def _names(word: str, names: list[str]) -> Iterable[str]:
    if names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield f"        {word} {', '.join(names[:MOST_NAMES])}{more}"


def _line(words: str) -> str:
    """Text of a site on one line, at a length that leaves room for others.

    >>> _line("403 from\\nthe\\tsite")
    '403 from the site'
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return plain if len(plain) <= 300 else f"{plain[:299]}…"


def _span(span: timedelta) -> str:
    """
    >>> _span(timedelta(minutes=40)), _span(timedelta(hours=5)), _span(timedelta(days=3))
    ('40 minutes', '5 hours', '3 days')
    """
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} minutes" if minutes != 1 else "1 minute"
    return f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440} days"

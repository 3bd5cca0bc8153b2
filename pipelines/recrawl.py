"""Which pages an operator may ask for out of turn: those of the source itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from pipelines import urls
from pipelines.errors import UsageError
from pipelines.records import Source

MOST = 500
"""Addresses in one run; more is a backfill, or the whole source."""


def addresses(source: Source, asked: Sequence[str]) -> tuple[str, ...]:
    """The pages to fetch again, each once; UsageError if one cannot be this source's.

    >>> from pipelines.sources import nameless
    >>> addresses(nameless("https://wire.example/"), [" https://wire.example/rain\\n", ""])
    ('https://wire.example/rain',)

    What is typed into a form has blanks and empty lines. None at all means the whole source.
    """
    typed = list(dict.fromkeys(text.strip() for text in asked if text.strip()))
    if len(typed) > MOST:
        raise UsageError(
            f"recrawl: {len(typed)} addresses, the most are {MOST}: name none for the whole source"
        )
    for text in typed:
        if not _is_address(text):
            raise UsageError(f"recrawl: {text[:200]!r} is no http(s) address")
        if not urls.in_scope(text, source):
            raise UsageError(
                f"recrawl: {text[:200]} is not one of {source.name}'s: see its hosts, allow and deny"
            )
    return tuple(typed)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable()
    except ValueError:
        return False

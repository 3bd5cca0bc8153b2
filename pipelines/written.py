"""Values written down: as JSON, in a CSV field, in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def dump(value: Any, indent: int | None = 1) -> str:
    """JSON of our records: times ISO 8601, durations in seconds."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=indent)


def field(value: Any) -> Any:
    """A CSV field that no spreadsheet takes for a formula: page text is hostile input.

    >>> field("=1+1"), field("＝1+1"), field("1 = 1")
    ("'=1+1", "'＝1+1", '1 = 1')

    Some take the wide forms of the signs for the signs, and a line's end for nothing.
    """
    if isinstance(value, str):
        return "'" + value if value.startswith(_FORMULA) else value
    if isinstance(value, list | dict):
        return dump(value, indent=None)
    if isinstance(value, timedelta):
        return apart(value)
    return _plain(value) if isinstance(value, datetime | date) else value


def printable(text: str) -> str:
    """Text without control characters: those of a page must not reach the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def span(value: Any) -> Any:
    """Arrow's (months, days, nanoseconds) of an interval, as the time it is."""
    if isinstance(value, tuple) and hasattr(value, "nanoseconds"):
        return timedelta(days=30 * value[0] + value[1], microseconds=value[2] // 1000)
    return value


def apart(span: timedelta) -> str:
    """A time between two others; Python writes minus an hour as `-1 day, 23:00:00`.

    >>> apart(timedelta(hours=-1))
    '-1:00:00'
    """
    return f"{'-' if span < timedelta(0) else ''}{abs(span)}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")

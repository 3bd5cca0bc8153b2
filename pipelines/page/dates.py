"""Dates: every statement of time a page makes, read with its precision, and the one we believe. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipelines.page.months import MONTHS, NUMERALS, SEASONAL, ZONES
from pipelines.records import Dated

EARLIEST = datetime(1994, 1, 1, tzinfo=UTC)
"""Before the first news site; a publisher's archive may be older, a page's own date not."""

AHEAD = timedelta(days=2)
"""How far after its fetch a page may be dated: clocks and zones differ, years do not."""

_ISO = re.compile(
    r"""(\d{4}) [-/.年] \s*(\d{1,2}) [-/.月] \s*(\d{1,2}) 日?
        (?: (?:[T\s]|&nbsp;)+ (\d{1,2}) [:時h.] (\d{2}) (?: [:分] (\d{2}) (?:[.,]\d+)? )? 分? )?
        \s* (Z\b|UTC|GMT|[+-]\d{2}:?\d{2}(?!\d)|[+-]\d{2}(?![\d:])|[A-Z]{3,4}\b)? """,
    re.X,
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{2}:?\d{2})?$")
_EPOCH = re.compile(r"^\d{10}(\d{3})?(\.\d+)?$")
# Letters, and the signs that some scripts set between them, from a word's beginning on: in linear time.
# The two classes have no sign in common, or a long word would be read in a million ways.
_SIGNS = r"\u0300-\u036f\u0900-\u097f\u0e00-\u0e7f"
_WORD = rf"(?<![^\W\d_])(?:[^\W\d_{_SIGNS}]|[{_SIGNS}])+"
_DAY_MONTH = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|º|ª|\.)?,?\s*(?:de\s+|"
    rf"d[’'])?({_WORD})\.?,?\s*(?:de\s+|del\s+)?(\d{{4}})(?!\d)"
)
_MONTH_DAY = re.compile(rf"({_WORD})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?![\d.]*\d)")
_CJK_DAY = re.compile(r"(\d{4})\s*[年년.]\s*(\d{1,2})\s*[月월.]\s*(\d{1,2})\s*[日일]?")
_CLOCK = re.compile(
    r"(?<![\d.:])(\d{1,2})(?:[:.h時]|\s시\s)(\d{2})(?:[:.](\d{2}))?(?!\d)\s*(?:Uhr\s*)?([ap]\.?\s?m\b\.?)?"
    r"(?:\s*\(?(Z\b|[A-Z]{2,5}\b|[+-]\d{2}:?\d{2}\b))?", re.I)  # fmt: skip
_HOUR = re.compile(r"(?<![\d.:])(\d{1,2})\s*([ap]\.?\s?m\b\.?)(?:\s*\(?([A-Z]{2,5}\b))?", re.I)
_OFFSET_AFTER = re.compile(r"(?:GMT|UTC)?\s*([+-]\d{1,2}(?::?\d{2})?)\b")
_HALF_DAY = re.compile(r"\s*[ap]\.?\s?m\b", re.I)
_MORNING = re.compile(r"오전|午前|上午")
_AFTERNOON = re.compile(r"오후|午後|下午")


@dataclass(frozen=True, slots=True)
class Moment:
    """A statement of time, read."""

    at: datetime
    """UTC."""
    precision: str
    """second, minute, hour or day; a day is its 00:00 UTC, since it has no zone."""
    tz_known: bool
    raw: str
    evidence: str = ""


@lru_cache(maxsize=4096)
def read(raw: str, zone: str = "UTC", day_first: bool = True) -> Moment | None:
    """One statement of time as a moment; None if there is no whole date in it.

    >>> read("2026-03-05T10:15:00+01:00").at.isoformat()
    '2026-03-05T09:15:00+00:00'
    >>> german = read("5. März 2026, 10:15 Uhr", "Europe/Berlin")
    >>> german.at.isoformat(), german.precision, german.tz_known
    ('2026-03-05T09:15:00+00:00', 'minute', False)
    >>> read("March 5, 2026").precision
    'day'

    `zone` is the IANA zone in which a time without an offset is read. A time of
    exactly midnight, to the second, without a zone or in UTC is how publishing
    systems write a day: precision is day. `day_first` says how 3/5/2026 is meant.
    """
    text = " ".join(raw.replace("\u202f", " ").replace("\xa0", " ").translate(NUMERALS).split())[:200]
    try:
        return _read(text, raw, zone, day_first)
    except (ValueError, OverflowError):
        return None


def plausible(moment: Moment, fetched_at: datetime) -> bool:
    """Could a page that was fetched then be dated so? Year 1, 1970 and 9999 are defaults, not dates."""
    return EARLIEST <= moment.at <= fetched_at + AHEAD


def candidates(
    stated: Iterable[tuple[str, str]],
    fetched_at: datetime,
    zone: str,
    day_first: bool = True,
    all_: bool = False,
) -> list[Moment]:
    """Statements, (evidence, raw) in the order of trust, that can be read and be true.

    Those after one that leaves nothing open are not read unless `all_` are wanted.
    """
    found = []
    for evidence, raw in stated:
        moment = read(raw, zone, day_first)
        if moment is not None and plausible(moment, fetched_at):
            found.append(Moment(moment.at, moment.precision, moment.tz_known, raw, evidence))
            if len(found) == 1 and not all_ and moment.precision != "day" and moment.tz_known:
                break  # nothing that follows can make it better
    return found


def choose(found: list[Moment]) -> Moment | None:
    """The moment we believe: the first, unless a later one says the same day more exactly.

    >>> day = read("2026-03-05"); minute = read("2026-03-05T10:15+00:00")
    >>> choose([day, minute]) == minute
    True

    A statement with a zone is also preferred to the same wall clock without one. Only
    the page's own statements count for this: a feed's time does not refine them.
    """
    if not found:
        return None
    best = found[0]
    for other in found[1:]:
        if other.evidence in ("feed", "sitemap", "url"):
            continue
        near = abs(other.at - best.at) <= timedelta(hours=26)
        if best.precision == "day" and other.precision != "day" and near and _same_day(best, other):
            best = other
        elif not best.tz_known and other.tz_known and best.precision != "day" and other.precision != "day":
            shift = abs((other.at - best.at).total_seconds())
            if 0 < shift <= 14 * 3600 and shift % 900 < 60:
                best = other
    return best


def from_url(url: str) -> str | None:
    """The day in a URL's path, as ISO text; None if there is none.

    >>> from_url("https://wire.example/2026/03/05/rain")
    '2026-03-05'
    """
    match = re.search(r"/((?:19|20)\d{2})[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?=[/_.-]|$)", url)
    return f"{match[1]}-{match[2]}-{match[3]}" if match else None


_PRINTED = 3
"""Printed times that are kept as evidence."""


def judged(
    stated: Iterable[tuple[str, str]], fetched_at: datetime, zone: str
) -> tuple[tuple[Dated, ...], tuple[str, ...]]:
    """Every statement with what we read in it, and what is wrong with them: see `Story.date_flags`.

    >>> stated = [("jsonld", "9999-12-31"), ("meta", "{{ date }}")]
    >>> judged(stated, datetime(2026, 3, 6, tzinfo=UTC), "UTC")[1]
    ('impossible', 'unreadable')

    Statements of a feed or an address that differ from the page's are no disagreement:
    feeds name the day of their update, addresses that of a slug. Nor are printed times
    after the first: those of other stories stand around it, so a few are kept and no more.
    """
    found: list[Dated] = []
    flags = set()
    printed = 0
    for evidence, raw in dict.fromkeys(stated):
        printed += evidence == "html"
        if evidence == "html" and printed > _PRINTED:
            continue
        moment = read(raw, zone)
        possible = moment is not None and plausible(moment, fetched_at)
        found.append(Dated(evidence=evidence, raw=raw, at=moment.at if moment and possible else None))
        if moment is None and evidence in ("jsonld", "meta"):
            flags.add("unreadable")
        elif moment is not None and not possible:
            flags.add("impossible")
    html = next((one for one in found if one.evidence == "html"), None)
    own = [one.at for one in found if one.at and (one is html or one.evidence in ("jsonld", "meta"))]
    if own and max(own) - min(own) > timedelta(days=2):
        flags.add("disagree")
    return tuple(found), tuple(sorted(flags))


def _same_day(day: Moment, other: Moment) -> bool:
    """Does `other` fall on that day, in any zone it may be meant in?"""
    return timedelta(hours=-14) <= other.at - day.at < timedelta(hours=38)


def _read(text: str, raw: str, zone: str, day_first: bool) -> Moment | None:
    if not text or not any(c.isdigit() for c in text):
        return None
    if _EPOCH.match(text):
        seconds = float(text) / (1000 if len(text.split(".")[0]) == 13 else 1)
        return Moment(datetime.fromtimestamp(seconds, UTC).replace(microsecond=0), "second", True, raw)
    if match := _COMPACT.match(text) or _ISO.search(text):
        year, month, day, hour, minute, second, offset = match.groups()
        half_day = hour is not None and _HALF_DAY.match(text, match.end())
        if (hour is None or half_day) and (
            clock := _CLOCK.search(text, match.start(4) if hour else match.end())
        ):
            return _clocked(int(year), int(month), int(day), clock, text, raw, zone)
        return _moment(int(year), int(month), int(day), hour, minute, second, _zone(offset, zone), raw, zone)
    date = _date(text, day_first)
    if date is None:
        return None
    year, month, day, start, end = date
    rest = text[:start] + " " * (end - start) + text[end:]
    if clock := _CLOCK.search(rest):
        return _clocked(year, month, day, clock, rest, raw, zone)
    if hourly := _HOUR.search(rest):
        hour = _half_day(int(hourly[1]), hourly[2])
        made = _moment(year, month, day, str(hour), "0", None, _zone(hourly[3], zone), raw, zone)
        return made and Moment(made.at, "hour", made.tz_known, raw)
    return _moment(year, month, day, None, None, None, None, raw, zone)


def _date(text: str, day_first: bool) -> tuple[int, int, int, int, int] | None:
    if match := _CJK_DAY.search(text):
        return int(match[1]), int(match[2]), int(match[3]), *match.span()
    for pattern, d, m in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        for match in pattern.finditer(text):
            month = MONTHS.get(match[m].casefold())
            if month is not None:
                return int(match[3]), month, int(match[d]), *match.span()
    if match := _NUMERIC.search(text):
        first, second = int(match[1]), int(match[3])
        if match[2] == "." or first > 12 or (day_first and second <= 12):
            first, second = second, first
        year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
        return year, first, second, *match.span()
    return None


def _clocked(
    year: int, month: int, day: int, clock: re.Match[str], text: str, raw: str, zone: str
) -> Moment | None:
    hour = _half_day(int(clock[1]), clock[4])
    if _AFTERNOON.search(text) and hour < 12:
        hour += 12
    elif _MORNING.search(text) and hour == 12:
        hour = 0
    stated = _zone(clock[5], zone)
    if (after := _OFFSET_AFTER.match(text, clock.end())) and (
        stated is None or (clock[5] or "").upper() in ("GMT", "UTC")
    ):
        stated = _zone(after[1], zone)
    return _moment(year, month, day, str(hour), clock[2], clock[3], stated, raw, zone)


def _half_day(hour: int, mark: str | None) -> int:
    if not mark:
        return hour
    return hour % 12 + (12 if mark[0] in "pP" else 0)


def _moment(
    year: int, month: int, day: int, hour: str | None, minute: str | None, second: str | None,
    stated: tzinfo | None, raw: str, zone: str,
) -> Moment | None:  # fmt: skip
    where: tzinfo = stated or ZoneInfo(zone)
    at = datetime(year, month, day, int(hour or 0), int(minute or 0), int(second or 0), tzinfo=where)
    midnight = second is not None and not (at.hour or at.minute or at.second)
    whole_day = hour is None or (midnight and (stated is None or at.utcoffset() == timedelta(0)))
    precision = "day" if whole_day else "minute" if second is None else "second"
    if whole_day:  # a day has no zone: kept as its first moment in UTC, it stays the day that was printed
        at = datetime(year, month, day, tzinfo=UTC)
    return Moment(at.astimezone(UTC), precision, stated is not None, raw)


@lru_cache(maxsize=1024)
def _zone(stated: str | None, own: str) -> tzinfo | None:
    """The zone that is printed, `own` being that of the source.

    >>> [_zone("IST", own).utcoffset(None) for own in ("UTC", "Europe/Dublin", "Asia/Jerusalem")]
    [datetime.timedelta(seconds=19800), datetime.timedelta(seconds=3600), datetime.timedelta(seconds=7200)]
    """
    if not stated:
        return None
    if stated[0] in "+-":
        digits = stated[1:].replace(":", "").ljust(4, "0") if len(stated) > 3 else stated[1:].zfill(2) + "00"
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return timezone(-offset if stated[0] == "-" else offset)
    if stated in SEASONAL:  # as printed: "12:30 et 14:00" is French
        return ZoneInfo(SEASONAL[stated])
    name = stated.upper()
    for month in (1, 7):
        there = datetime(2026, month, 1, tzinfo=ZoneInfo(own))
        if there.tzname() == name:
            return timezone(there.utcoffset() or timedelta(0))
    hours = ZONES.get(name)
    return None if hours is None else timezone(timedelta(hours=hours))

"""Days that an address names: `/2026/03/05/`, `sitemap-2026-03.xml`, `?yyyy=2026&mm=03`. Pure."""

from __future__ import annotations

import calendar
import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

_YEAR = r"(?<!\d)(?P<y>(?:19|20)\d\d)"
_FORMS = (
    re.compile(_YEAR + r"(?P<s>[-/_.])(?P<m>0?[1-9]|1[0-2])(?P=s)(?P<d>0?[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(_YEAR + r"(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(_YEAR + r"/(?P<n>[a-z]{3,9})/(?P<d>0?[1-9]|[12]\d|3[01])(?!\d)", re.I),
    re.compile(_YEAR + r"/(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"),
)
_COARSE = (
    re.compile(_YEAR + r"[-/_.]?(?P<m>0[1-9]|1[0-2])(?!\d)"),
    re.compile(_YEAR + r"[-/_.](?P<m>[1-9])(?!\d)"),
    re.compile(_YEAR + r"[-/_](?P<n>[a-z]{3,9})(?![a-z])", re.I),
    re.compile(_YEAR + r"(?!\d)"),
)
_QUERY = (("y", ("yyyy", "year", "y")), ("m", ("mm", "month", "m")), ("d", ("dd", "day", "d")))
_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}


def day_of(url: str) -> date | None:
    """The day that an address of a story names, in full; None if it names none.

    >>> day_of("https://wire.example/world/2026/mar/05/rain"), day_of("https://wire.example/20260305/rain")
    (datetime.date(2026, 3, 5), datetime.date(2026, 3, 5))
    >>> day_of("https://wire.example/world-cup-2026") is None
    True
    """
    said = period(url, coarse=False)
    return said[0] if said else None


def period(url: str, *, coarse: bool = True) -> tuple[date, date] | None:
    """First and last day that an address names; with `coarse` a month or a year too.

    >>> period("https://wire.example/sitemap-2026-02.xml")
    (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))
    >>> period("https://wire.example/sitemap.xml?yyyy=2026&mm=03&dd=05")
    (datetime.date(2026, 3, 5), datetime.date(2026, 3, 5))
    >>> period("https://wire.example/sitemap-12.xml") is None
    True
    """
    parts = urlsplit(url)
    asked = {
        key: next((v[0] for name in names if (v := query.get(name))), "")
        for query in [parse_qs(parts.query)]
        for key, names in _QUERY
    }
    if re.fullmatch(r"(19|20)\d\d", asked["y"]):
        said = _days(asked["y"], asked["m"], asked["d"])
        if said and (coarse or said[0] == said[1]):
            return said
    text = f"{parts.path}?{parts.query}"
    for form in (*_FORMS, *(_COARSE if coarse else ())):
        for match in form.finditer(text):
            groups = match.groupdict()
            month = groups.get("m") or str(_MONTHS.get((groups.get("n") or "")[:3].lower(), ""))
            if (groups.get("n") is None or month) and (said := _days(groups["y"], month, groups.get("d"))):
                return said
    return None


def _days(year: str, month: str | None, day: str | None) -> tuple[date, date] | None:
    """The days of a year, a month or a day; None for what no calendar has."""
    try:
        if not month:
            return date(int(year), 1, 1), date(int(year), 12, 31)
        if not day:
            first = date(int(year), int(month), 1)
            return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
        return (date(int(year), int(month), int(day)),) * 2
    except ValueError:
        return None

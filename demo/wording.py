"""The words that print around a story: byline, dateline, credit, times, notes; three languages."""

from __future__ import annotations

from datetime import datetime

from demo.press import Printing
from demo.prose import labels


def authors(printing: Printing) -> tuple[str, ...]:
    """The persons whom the page names; a cut reprint and a kill name none."""
    return () if printing.manner == "cut" or printing.is_kill else printing.copy.authors


def byline(printing: Printing) -> str | None:
    """`By Mara Lindqvist and Joel Pell, Meridian Wire`."""
    names = authors(printing)
    if not names:
        return None
    words = labels(printing.copy.language)
    after = printing.agency or printing.site.job
    line = f"{words.by} " + f" {words.together} ".join(names)
    return f"{line}, {after}" if after else line


def dateline(printing: Printing) -> str | None:
    """`PORT ELLERY, March 5 (Meridian Wire)`; what follows it on the page is ` - ` and the lede.

    A cut reprint loses the credit; an outlet's own story has only a place, and every
    second one not even that. In German a place stands never without a credit.
    """
    german = printing.copy.language == "de"
    if printing.is_kill or (printing.agency is None and (german or printing.number % 2)):
        return None
    if printing.agency is None or (printing.manner == "cut" and not german):
        return located(printing)
    words = labels(printing.copy.language)
    month = words.months[printing.filed.month - 1]
    day = words.dateline_day.format(month=month, day=printing.filed.day)
    return f"{located(printing)}{day} ({printing.agency})"


def located(printing: Printing) -> str:
    """The dateline's place: capitals in English and French, as written in German."""
    place = printing.copy.place
    return place if printing.copy.language == "de" else place.upper()


def credit(printing: Printing) -> str | None:
    """The agency, on each page that prints its name: all but a kill notice."""
    return None if printing.is_kill else printing.agency


def source_line(printing: Printing) -> str | None:
    """`Source: Meridian Wire`, which outlets print: a station on every reprint, others where they cut."""
    if not printing.is_reprint or (printing.manner != "cut" and printing.site.form != "lines"):
        return None
    return f"{labels(printing.copy.language).source} {printing.agency}"


def editors_note(printing: Printing) -> str | None:
    """`Eds: 2nd Ld-Writethru: RECASTS throughout, …`."""
    return f"Eds: {printing.copy.eds[printing.version - 1]}" if printing.change == "writethru" else None


def correction(printing: Printing) -> str | None:
    """`Correction: An earlier version of this story …`."""
    if printing.change != "correction":
        return None
    return f"{labels(printing.copy.language).correction} {printing.copy.erratum}"


def copyright_line(printing: Printing) -> str:
    return f"© {printing.published.year} {printing.site.title}. {labels(printing.site.language).rights}"


def gmt(moment: datetime) -> str:
    """`Tue, 15 Nov 2022 15:49:10 GMT`, without the locale.

    >>> from datetime import UTC
    >>> gmt(datetime(2022, 11, 15, 15, 49, 10, tzinfo=UTC))
    'Tue, 15 Nov 2022 15:49:10 GMT'
    """
    months = labels("en").months
    day = _DAYS[moment.weekday()][:3]
    return f"{day}, {moment.day:02} {months[moment.month - 1][:3]} {moment:%Y %H:%M:%S} GMT"


def spoken(printing: Printing, moment: datetime) -> str:
    """`Tuesday, November 15, 2022 at 3:49 PM` or `15.11.2022, 15:49 Uhr` and so on, without a zone."""
    here = printing.local(moment)
    month = labels(printing.site.language).months[here.month - 1]
    match printing.site.language:
        case "de":
            return f"{here:%d.%m.%Y, %H:%M} Uhr"
        case "fr":
            return f"{here.day} {month} {here.year} à {here:%Hh%M}"
    hour = f"{here.hour % 12 or 12}:{here:%M} {'AM' if here.hour < 12 else 'PM'}"
    return f"{_DAYS[here.weekday()]}, {month} {here.day}, {here.year} at {hour}"


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

"""When was it published, how exactly do we know, and who says so?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.page import dates

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

STATEMENTS = [
    ("2026-03-05T10:15:30+01:00", "2026-03-05T09:15:30", "second", True),
    ("2026-03-05T10:15:30.123Z", "2026-03-05T10:15:30", "second", True),
    ("2026-03-05T10:15+0100", "2026-03-05T09:15:00", "minute", True),
    ("2026-03-05 10:15:30", "2026-03-05T09:15:30", "second", False),
    ("2026-03-05", "2026-03-05T00:00:00", "day", False),
    ("2026-03-05T00:00:00Z", "2026-03-05T00:00:00", "day", True),
    ("20260305T101530Z", "2026-03-05T10:15:30", "second", True),
    ("1772705730", "2026-03-05T10:15:30", "second", True),
    ("1772705730000", "2026-03-05T10:15:30", "second", True),
    ("Thu, 05 Mar 2026 10:15:30 GMT", "2026-03-05T10:15:30", "second", True),
    ("March 5, 2026 10:15 PM EST", "2026-03-06T03:15:00", "minute", True),
    ("Updated 10:24 PM EDT, Thu March 5, 2026", "2026-03-06T02:24:00", "minute", True),
    ("5. März 2026, 10:15 Uhr", "2026-03-05T09:15:00", "minute", False),
    ("05.03.2026 | 10:15", "2026-03-05T09:15:00", "minute", False),
    ("5 mars 2026 à 10h15", "2026-03-05T09:15:00", "minute", False),
    ("5 de marzo de 2026", "2026-03-05T00:00:00", "day", False),
    ("5 марта 2026, 10:15", "2026-03-05T09:15:00", "minute", False),
    ("5 Mart 2026 - 10:15", "2026-03-05T09:15:00", "minute", False),
    ("2026年3月5日 10時15分", "2026-03-05T09:15:00", "minute", False),
    ("2026. 3. 5. 오후 3:40", "2026-03-05T14:40:00", "minute", False),
    ("٥ مارس ٢٠٢٦", "2026-03-05T00:00:00", "day", False),
]


@pytest.mark.parametrize(("raw", "at", "precision", "tz_known"), STATEMENTS)
def test_statements_are_read_in_the_sources_zone(raw: str, at: str, precision: str, tz_known: bool) -> None:
    found = dates.read(raw, "Europe/Berlin")
    assert found is not None
    assert (found.at.isoformat(), found.precision, found.tz_known) == (at + "+00:00", precision, tz_known)
    assert found.raw == raw


@pytest.mark.parametrize("raw", ["", "yesterday", "10:15", "2026-13-45", "99/99/9999", "March", "v2.11.4"])
def test_what_names_no_day_is_no_date(raw: str) -> None:
    assert dates.read(raw) is None


def test_day_and_month_are_told_apart_by_the_sources_custom() -> None:
    by_custom = [dates.read("3/5/2026", day_first=first) for first in (True, False)]
    assert [m.at.month for m in by_custom if m] == [5, 3]


@pytest.mark.parametrize("raw", ["0001-01-01", "1970-01-01T00:00:00Z", "9999-12-31", "2027-03-05"])
def test_impossible_dates_are_passed_over(raw: str) -> None:
    found = dates.candidates([("jsonld", raw), ("meta", "2026-03-05T10:15:00Z")], NOW, "UTC")
    assert [moment.evidence for moment in found] == ["meta"]


def test_the_first_statement_is_believed() -> None:
    stated = [("jsonld", "2026-03-05T10:15:00"), ("meta", "2026-03-06T11:00:00")]
    assert dates.choose(dates.candidates(stated, NOW, "UTC")).evidence == "jsonld"


def test_a_day_gives_way_to_a_time_of_that_day() -> None:
    found = dates.candidates([("jsonld", "2026-03-05"), ("html", "2026-03-05T10:15:00Z")], NOW, "UTC")
    best = dates.choose(found)
    assert (best.precision, best.evidence) == ("second", "html")


def test_a_day_does_not_give_way_to_another_day_or_to_a_feed() -> None:
    for other in (("html", "2026-03-09T10:15:00Z"), ("feed", "2026-03-05T10:15:00Z")):
        found = dates.candidates([("jsonld", "2026-03-05"), other], NOW, "UTC")
        assert dates.choose(found).precision == "day"


@pytest.mark.parametrize(
    ("stated", "flags"),
    [
        ([("jsonld", "2026-03-05T10:15:00Z")], ()),
        ([("jsonld", "2026-03-05T10:15:00Z"), ("html", "2024-03-05T10:15:00Z")], ("disagree",)),
        ([("jsonld", "2026-03-05T10:15:00Z"), ("url", "2024-03-05")], ()),
        ([("meta", "2026-03-05"), ("html", "5 March 2026"), ("html", "1 March 2020")], ()),
        ([("jsonld", "9999-12-31"), ("meta", "2026-03-05T10:15:00Z")], ("impossible",)),
        ([("jsonld", "1970-01-01T00:00:00Z")], ("impossible",)),
        ([("meta", "{{ date }}"), ("html", "soon")], ("unreadable",)),
    ],
)
def test_what_is_wrong_with_the_statements_is_said(stated: list[tuple[str, str]], flags: tuple[str]) -> None:
    assert dates.judged(stated, NOW, "UTC")[1] == flags


def test_every_statement_is_kept_with_what_was_read_in_it() -> None:
    stated = [
        ("jsonld", "9999-12-31"),
        ("meta", "2026-03-05T10:15:00Z"),
        ("http", "Thu, 05 Mar 2026 11:00:00 GMT"),
    ]
    found, _ = dates.judged(stated, NOW, "UTC")
    assert [(one.evidence, one.raw) for one in found] == stated
    assert [one.at and one.at.hour for one in found] == [None, 10, 11]


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://wire.example/2026/03/05/rain", "2026-03-05"),
        ("https://wire.example/news/20260305/rain", "2026-03-05"),
        ("https://wire.example/story/12345678", None),
        ("https://wire.example/2026/99/05/rain", None),
    ],
)
def test_a_day_in_the_path_is_read(url: str, day: str | None) -> None:
    assert dates.from_url(url) == day


@given(st.datetimes(datetime(1995, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # made aware
def test_iso_comes_back_to_the_second(moment: datetime) -> None:
    found = dates.read(moment.isoformat(timespec="seconds"))
    assert found is not None
    assert found.at == moment.replace(microsecond=0)


@given(st.text(max_size=80))
def test_no_text_is_too_odd(raw: str) -> None:
    found = dates.read(raw)
    assert found is None or found.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("raw", "own", "hour"),
    [
        ("March 5, 2026 7:00 AM ET", "UTC", 12),
        ("July 5, 2026 7:00 AM ET", "UTC", 11),
        ("5 juillet 2026, 12:30 et 14:00", "Europe/Paris", 10),
        ("July 5, 2026 7:00 AM CT", "Asia/Shanghai", 12),
        ("July 5, 2026 07:00 IST", "UTC", 1),
        ("July 5, 2026 07:00 IST", "Europe/Dublin", 6),
        ("July 5, 2026 07:00 CST", "America/Chicago", 13),
        ("July 5, 2026 09:00 CST", "Asia/Shanghai", 1),
        ("2026-07-05 07:00 PM", "UTC", 19),
        ("2026-07-05 07:00 EST", "America/New_York", 12),
    ],
)
def test_abbreviations_of_zones_mean_what_they_mean_where_they_are_printed(
    raw: str, own: str, hour: int
) -> None:
    moment = dates.read(raw, own)
    assert moment is not None
    assert moment.at.hour == hour
    assert moment.tz_known or "PM" in raw or " et " in raw


@pytest.mark.parametrize("word", ["a", "ก", "é", "श्री", "a\u0301"])
def test_a_long_word_is_read_in_one_way_only(word: str) -> None:
    assert dates.read.__wrapped__(f"1 de {word * 190} 5") is None

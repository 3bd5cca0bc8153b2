# a page is read best in one line
"""What does wire copy say on its edges: where from, by whom, for whom, and with which marks?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.page import bylines, edges, furniture, signals, wire

DATELINES = [
    ("PARIS, March 5 (Reuters) - The euro", "PARIS", "March 5", "Reuters"),
    ("KYIV, Ukraine (AP) — Rain", "KYIV, Ukraine", None, "AP"),
    ("WASHINGTON — The", "WASHINGTON", None, None),
    ("WASHINGTON, D.C. — The", "WASHINGTON, D.C.", None, None),
    ("Berlin/Paris (dpa/lno) - Der", "Berlin/Paris", None, "dpa/lno"),
    ("Frankfurt am Main (dpa-AFX) - Der", "Frankfurt am Main", None, "dpa-AFX"),
    ("BEIJING, Nov. 22 (Xinhua) -- A", "BEIJING", "Nov. 22", "Xinhua"),
    ("MOSCOW, November 22. /TASS/. Snow", "MOSCOW", "November 22", "TASS"),
    ("LONDON, Nov 22, 2026 /PRNewswire/ -- A", "LONDON", "Nov 22, 2026", "PRNewswire"),
    ("(ANSA) - ROMA, 22 NOV - Il", "ROMA", "22 NOV", "ANSA"),
    ("Roma, 22 nov. (askanews) - Il", "Roma", "22 nov.", "askanews"),
    ("Madrid, 22 nov (EFE).- El", "Madrid", "22 nov", "EFE"),
    ("МОСКВА, 22 ноя — РИА Новости. Снег", "МОСКВА", "22 ноя", "РИА Новости"),
    ("(서울=연합뉴스) 홍길동 기자 = 비가", "서울", None, "연합뉴스"),
    ("Nov. 22 (UPI) -- Rain", None, "Nov. 22", "UPI"),
    ("(CNN)President", None, None, "CNN"),
    ("PORT ELLERY, March 5 (Meridian Wire) - Rain", "PORT ELLERY", "March 5", "Meridian Wire"),
]


@pytest.mark.parametrize(("text", "place", "day", "credit"), DATELINES)
def test_datelines_are_read(text: str, place: str | None, day: str | None, credit: str | None) -> None:
    found = wire.dateline(text)
    assert found is not None
    assert found[:3] == (place, day, credit)
    assert text[found.length].isalpha(), "the copy begins where the dateline ends"


@pytest.mark.parametrize(
    "text",
    [
        "John Smith (R) - said he would",
        "The NATO - an alliance - met",
        "Rain fell (and fell) - for days",
        "Meier (Foto) - ein Mann",
        "UN - Der Rat",
        "BUDGET 3.0 | Taxes rise",
    ],
)
def test_plain_copy_has_no_dateline(text: str) -> None:
    assert wire.dateline(text) is None


def test_a_credit_that_the_page_names_elsewhere_makes_a_dateline() -> None:
    assert wire.dateline("Kaltenfelde (Veldra) - Der Rat") is None
    found = wire.dateline("Kaltenfelde (Veldra) - Der Rat", known=["Veldra"])
    assert found is not None
    assert (found.place, found.credit) == ("Kaltenfelde", "Veldra")


BYLINES = [
    ("By Kylie Atwood, CNN", ("Kylie Atwood",), ("CNN",)),
    (
        "By STEVE PEOPLES, THOMAS BEAUMONT and AMELIA THOMSON-DEVEAUX",
        ("STEVE PEOPLES", "THOMAS BEAUMONT", "AMELIA THOMSON-DEVEAUX"),
        (),
    ),
    ("By Jane Doe, Political Correspondent", ("Jane Doe",), ()),
    ("By Angus Thompson in Sydney", ("Angus Thompson",), ()),
    ("By Jane Doe Updated: Tue, 15 Nov 2022", ("Jane Doe",), ()),
    ("By Martin Luther King, Jr.", ("Martin Luther King, Jr.",), ()),
    ("Von Anna van der Berg und dpa, Berlin", ("Anna van der Berg",), ("dpa",)),
    ("Max Müller (dpa)", ("Max Müller",), ("dpa",)),
    ("Por Íñigo Valdecasas y Marta de la Hoz", ("Íñigo Valdecasas", "Marta de la Hoz"), ()),
    ("Par Noé d’Hauteville", ("Noé d’Hauteville",), ()),
    ("Di Fiammetta Loredan e Gian Piero Sartori", ("Fiammetta Loredan", "Gian Piero Sartori"), ()),
    ("Автор: Лидия Островская и Пётр Вересов", ("Лидия Островская", "Пётр Вересов"), ()),
    ("한서윤 기자", ("한서윤",), ()),
    ("By The Associated Press", (), ("The Associated Press",)),
    ("By Staff Reporter", (), ()),
]


@pytest.mark.parametrize(("text", "persons", "agencies"), BYLINES)
def test_bylines_are_taken_apart(text: str, persons: tuple[str, ...], agencies: tuple[str, ...]) -> None:
    found = bylines.take_apart(text)
    assert (found.persons, found.agencies) == (persons, agencies)


def test_names_that_a_page_states_are_not_torn_at_commas_and_dots() -> None:
    stated = [("Lee Baker, CFP", "Person"), ("Miguel A. Herguedas", "Person"), ("Dr. Max Kolter", "Person")]
    assert bylines.from_names(stated).persons == tuple(name for name, _ in stated)


def test_the_sites_own_name_is_no_person() -> None:
    assert bylines.take_apart("By Ellery Courier", own_names=["Ellery Courier"]).persons == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("KILL: Flood in Lille is withdrawn", "kill"),
        ("ZURÜCKGEZOGEN: Hochwasser in Lille", "kill"),
        ("CORRECTION: An earlier version misspelled the town.", "correction"),
        ("Eds: 2nd Ld-Writethru: RECASTS throughout", "writethru"),
        ("UPDATE 2-Euro rises", "update"),
        ("Updated figures show that rain fell.", None),
        ("He said the story was not over.", None),
    ],
)
def test_signals_are_told_from_copy(line: str, kind: str | None) -> None:
    assert signals.signal(line) == kind


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("Source: CNN", "CNN"),
        ("Quelle: dpa", "dpa"),
        ("Source : AFP", "AFP"),
        ("(dpa)", "dpa"),
        ("出典：共同", "共同"),
    ],
)
def test_credit_lines_name_their_source(line: str, who: str) -> None:
    assert wire.credit_of_line(line) == who


def test_a_sentence_is_no_credit_line() -> None:
    assert wire.credit_of_line("Sources said that CNN was wrong.") is None


@pytest.mark.parametrize(
    "line",
    [
        "The-CNN-Wire™ & © 2026 Cable News Network, Inc. All rights reserved.",
        "Copyright 2026 The Associated Press. All rights reserved.",
        "Read more: Rain in Lille",
        "Lesen Sie auch: Regen in Lille",
        "Lire aussi : La pluie à Lille",
        "Читайте также: Дождь",
        "関連記事：雨",
        "Sign up for our newsletter here",
        "Updated: Tue, 15 Nov 2022 15:49:10 GMT",
        "The ferry at its landing stage. Photo: T. Brandt/Getty Images",
        "Advertisement",
        "Share this",
    ],
)
def test_furniture_is_known_by_its_words(line: str) -> None:
    assert furniture.is_furniture(line)


@pytest.mark.parametrize(
    "line",
    [
        "Read more books, the minister said, and you will see why rain fell on Lille.",
        "Updated figures show that more rain fell in 2025 than in any year before.",
        "“Sign up for our newsletter and you will get rain”, the minister joked in parliament on Monday.",
        "The photo shows three men in a boat.",
        "Source: unknown, he wrote in the margin, and the archivist believed him for forty years.",
        "Copyright is dead, the author said.",
    ],
)
def test_sentences_are_no_furniture(line: str) -> None:
    assert not furniture.is_furniture(line)


def test_what_stands_at_the_edges_is_taken_off_and_told_apart() -> None:
    lines = [
        "Flood in Lille",
        "By Ana Ruiz, EFE",
        "Updated: Tue, 15 Nov 2022 15:49:10 GMT",
        "Eds: RECASTS throughout",
        "Rain fell on Lille for three days.",
        "It stopped on Friday.",
        "Source: EFE",
        "Correction: An earlier version named the wrong day.",
        "Ana Ruiz is a reporter in Madrid.",
        "© 2022 Station Example. All rights reserved.",
    ]
    found = edges.trim(lines, ["Flood in Lille"], None, persons=["Ana Ruiz"])
    assert found.paragraphs == ("Rain fell on Lille for three days.", "It stopped on Friday.")
    assert found.bylines == ("By Ana Ruiz, EFE",)
    assert found.sources == ("EFE",)
    assert found.ed_note == "Eds: RECASTS throughout"
    assert found.correction == "Correction: An earlier version named the wrong day."
    assert found.times == ("Updated: Tue, 15 Nov 2022 15:49:10 GMT",)


@given(st.text(max_size=300))
def test_no_line_is_too_odd(line: str) -> None:
    wire.dateline(line, [line])
    signals.signal(line)
    signals.is_note(line)
    signals.is_withdrawal(line)
    wire.credit_of_line(line)
    bylines.take_apart(line)
    furniture.is_furniture(line)
    assert edges.trim([line], [line], None).paragraphs in ((), (line,))

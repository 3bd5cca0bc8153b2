"""Do the views answer the questions that stand above them?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from press import NOON, batch, member, name, story

from pipelines.records import Subject
from pipelines.store import loading, reading, warehouse


@pytest.fixture
def load(attach, tmp_path):
    def load(number, *stories, members=None):
        with warehouse.opened(attach) as connection:
            loading.load(connection, [batch(tmp_path / "data", name(number), stories, members=members)])

    return load


def ask(attach, sql):
    return [tuple(row.values()) for row in reading.query(attach, sql).to_pylist()]


def test_licensed_are_those_that_nothing_reserves(attach, load):
    load(
        1,
        story("free", says="a", license_url="https://ap.example/rsl.xml"),
        story("silent", says="b"),
        story("reserved", says="c", tdm_reserved=True, rights_reserved=True),
        story("noai", says="d", rights_reserved=True),
        story("killed", says="e", pub_status="canceled"),
    )
    assert ask(attach, "SELECT story_id FROM stories_licensed ORDER BY 1") == [("free",), ("silent",)]


def test_changes_say_what_was_before(attach, load):
    load(1, story("s1"), story("s2", says="hail"))
    load(2, story("s1", 30, "snow and ice", headline="Snow in Leeds"))
    asked = "SELECT story_id, changed_at, headline_before, headline, words_more FROM changes"
    assert ask(attach, asked) == [("s1", NOON + timedelta(minutes=30), "Rain in Leeds", "Snow in Leeds", 2)]


def test_first_movers_are_told_by_publication_where_all_state_it(attach, load):
    def said(number, minute, **more):
        at = NOON + timedelta(minutes=minute)
        return story(
            number, 90 - minute, source_id=f"b{number}", published_at=at, published_precision="minute", **more
        )

    stories = [said("0", 0, origin_agency="Example Wire"), said("1", 4), said("2", 9)]
    load(1, *stories, members=[member(s, role="origin" if s is stories[0] else "reprint") for s in stories])
    asked = "SELECT place, source_id, agency, behind::VARCHAR, by_publication FROM first_movers ORDER BY 1"
    assert ask(attach, asked) == [
        (1, "b0", "Example Wire", "00:00:00", True),
        (2, "b1", "Example Wire", "00:04:00", True),
        (3, "b2", "Example Wire", "00:09:00", True),
    ]


def test_first_movers_are_told_by_when_we_saw_them_where_one_states_a_day_only(attach, load):
    late = story("0", 20, source_id="b0", published_precision="day")
    soon = story(
        "1", 5, source_id="b1", published_precision="minute", published_at=NOON + timedelta(minutes=3)
    )
    load(1, late, soon, members=[member(late), member(soon, role="reprint")])
    asked = "SELECT source_id, behind::VARCHAR, by_publication FROM first_movers ORDER BY place"
    assert ask(attach, asked) == [("b1", "00:00:00", False), ("b0", "00:15:00", False)]


def test_lags_tell_of_an_agency_who_is_first_and_how_far_behind_the_others_are(attach, load):
    def said(number, source, minute):
        at = NOON + timedelta(minutes=minute)
        return story(
            number, 90, source_id=source, published_at=at, published_precision="minute", origin_agency="Example Wire",
            says=f"copy {number[0]}",
        )  # fmt: skip

    first = [said("a0", "b0", 0), said("a1", "b1", 4)]
    second = [said("c0", "b0", 0), said("c1", "b1", 0), said("c2", "b2", 30)]
    alone = story("alone", source_id="b3", says="its own", origin_agency="Example Wire")
    for n, stories in enumerate((first, second), 1):
        members = [member(s, f"c-{n}", role="reprint" if i else "origin") for i, s in enumerate(stories)]
        load(n, *stories, members=members)
    load(3, alone, members=[member(alone, "c-3")])
    asked = "SELECT source_id, agency, stories, first, behind_median::VARCHAR FROM agency_lags ORDER BY 1"
    assert ask(attach, asked) == [
        ("b0", "Example Wire", 2, 2, "00:00:00"),
        ("b1", "Example Wire", 2, 1, "00:02:00"),
        ("b2", "Example Wire", 1, 0, "00:30:00"),
    ]


def test_latency_counts_what_is_stated_to_the_minute_with_its_zone(attach, load):
    exact = {"published_precision": "minute", "published_tz_known": True}
    load(
        1,
        story("s1", 10, says="a", **exact),
        story("s2", 20, says="b", **exact),
        story("day", 5, says="c", published_precision="day", published_tz_known=True),
        story("zone", 5, says="d", published_precision="minute", published_tz_known=False),
    )
    load(2, story("s1", 60, "new words", **exact))  # a later version is no later arrival
    found = ask(attach, "SELECT source_id, day, stories, to_fetch_median::VARCHAR FROM latency")
    assert found == [("ap", date(2026, 3, 5), 2, "00:15:00")]


def test_volumes_count_a_story_once_in_each_of_its_values(attach, load):
    load(
        1,
        story(
            "s1",
            says="a",
            section="Sport",
            language="en",
            keywords=("cricket",),
            subjects=(Subject(scheme="medtop", code="15000000", name="cricket"),),
        ),
        story("s2", says="b", section="Sport", located="LEEDS", keywords=("cricket", "rain")),
    )
    asked = "SELECT dimension, value, stories FROM volumes WHERE day = '2026-03-05' ORDER BY ALL"
    assert ask(attach, asked) == [
        ("language", "en", 1),
        ("place", "LEEDS", 1),
        ("section", "Sport", 2),
        ("source", "ap", 2),
        ("topic", "cricket", 2),
        ("topic", "rain", 1),
    ]

"""How many stories may all channels have missed? The view against values worked out by hand."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from press import batch, line, name, story
from upath import UPath

from pipelines.ledger import Outcome, Sighting
from pipelines.store import batches, loading, reading, staging, warehouse

DAY = datetime(2026, 3, 5, 12, tzinfo=UTC)


RSS, NEWS, WORLD = ("rss", "rss"), ("news.xml", "news_sitemap"), ("world", "section")
DAYS = {0: DAY, 1: DAY, 2: DAY - timedelta(days=1), 3: None, 4: None}
CASES = {
    # source: what each channel announced, run by run
    "rivals": [{RSS: range(40), NEWS: range(4, 42)}],
    "counted": [{RSS: range(5), NEWS: range(3, 9)}],
    "agreed": [{RSS: range(7), WORLD: range(7)}],
    "topics": [{("w", "rss"): range(4), ("s", "rss"): range(4, 8), NEWS: range(1, 8)}],
    "one_kind": [{("all", "rss"): range(6), ("top", "rss"): range(4), ("local", "rss"): [5, 9]}],
    "alone": [{RSS: range(4)}],
    "apart": [{RSS: range(4), NEWS: range(4, 8)}],
    "days": [{RSS: range(5), WORLD: range(5)}],
    "runs": [{RSS: range(3), WORLD: range(2)}, {RSS: range(2, 5), WORLD: range(5)}],
    "front": [{RSS: range(2)}],
    "backfill": [{RSS: range(3), ("2026-03.xml", "sitemap"): range(3)}],
}


def staged(folder, source, run, said):
    """A batch of one case, with its sightings; a channel may name the same story twice."""
    known = sorted({number for numbers in said.values() for number in numbers})
    stories = [
        story(
            f"{source}-{n}", says=f"number {n} of {source}", source_id=source,
            published_at=DAYS.get(n, DAY) if source == "days" else DAY,
        )
        for n in known
    ]  # fmt: skip
    fronts = (
        [line(run, f"https://{source}.example/{source}-7", Outcome.NOT_STORY)] if source == "front" else []
    )
    made = batch(folder, run, stories, other=fronts)
    seen = [
        Sighting(
            run_id=run, source_id=source, url=f"https://{source}.example/{source}-{n}", channel=channel,
            channel_kind=kind, position=n, seen_at=DAY,
        )
        for (channel, kind), numbers in said.items()
        for n in [*numbers, *(fronts and [7])]
    ]  # fmt: skip
    staging.write(made / batches.SIGHTINGS, Sighting, [*seen, *seen[:3]])
    if source == "backfill":
        told = dataclasses.replace(batches.read_run(UPath(made)), kind="backfill")
        batches.write_run(Path(str(made / batches.RUN)), told)
    return made


@pytest.fixture(scope="module")
def completeness(tmp_path_factory):
    """All cases in one warehouse; gives the rows of a source by day, those without one last."""
    home = tmp_path_factory.mktemp("completeness")
    attach = f"ducklake:sqlite:{home}/warehouse/catalog.sqlite"
    folders = [
        staged(home / "data", source, name(n, source), said)
        for source, runs in CASES.items()
        for n, said in enumerate(runs)
    ]
    with warehouse.opened(attach) as connection:
        loading.load(connection, folders, ())
    rows = reading.query(attach, "FROM completeness ORDER BY source_id, day NULLS LAST").to_pylist()
    return lambda source: [row for row in rows if row["source_id"] == source]


def test_two_rivals_give_an_estimate_with_its_range(completeness):
    """40 and 38 stories, 36 of them the same: missed = 4 * 2 / 37."""
    (row,) = completeness("rivals")
    assert (row["day"], row["stories"]) == (date(2026, 3, 5), 42)
    assert (row["rival_a"], row["rival_b"]) == ("news_sitemap", "rss")
    assert (row["found_by_a"], row["found_by_b"], row["found_by_both"]) == (38, 40, 36)
    # variance = 41 * 39 * 4 * 2 / (37² * 38) = 0.245896; C = exp(1.96 √ln(1 + 0.245896 / 0.216216²)) = 14.2180
    assert row["estimate"] == pytest.approx(42.216216, abs=1e-5)
    assert row["estimate_low"] == pytest.approx(42 + 0.216216 / 14.2180, abs=1e-3)
    assert row["estimate_high"] == pytest.approx(42 + 0.216216 * 14.2180, abs=1e-3)
    assert row["found_share"] == pytest.approx(42 / 42.216216, abs=1e-6)


def test_each_channel_has_its_count_and_what_it_alone_announced(completeness):
    (row,) = completeness("counted")
    assert row["channels"] == [
        {"channel": "news.xml", "kind": "news_sitemap", "stories": 6, "alone": 4},
        {"channel": "rss", "kind": "rss", "stories": 5, "alone": 3},
    ]


def test_rivals_that_agree_miss_nothing_that_could_be_known(completeness):
    (row,) = completeness("agreed")
    assert (row["estimate"], row["estimate_low"], row["estimate_high"], row["found_share"]) == (7, 7, 7, 1)


def test_feeds_of_several_topics_are_one_rival_of_the_sitemap(completeness):
    (row,) = completeness("topics")
    assert (row["found_by_a"], row["found_by_b"], row["found_by_both"]) == (7, 8, 7)


def test_where_all_are_of_one_kind_the_two_that_share_most_are_rivals(completeness):
    (row,) = completeness("one_kind")
    assert (row["rival_a"], row["rival_b"], row["found_by_both"]) == ("all", "top", 4)


@pytest.mark.parametrize(("source", "stories"), [("alone", 4), ("apart", 8)])
def test_what_cannot_be_said_is_not_said(completeness, source, stories):
    (row,) = completeness(source)
    assert row["stories"] == stories
    said = ("rival_a", "found_by_a", "estimate", "estimate_low", "estimate_high", "found_share")
    assert [row[column] for column in said] == [None] * 6


def test_each_day_has_its_row_and_stories_without_a_day_have_no_estimate(completeness):
    assert [(row["day"], row["stories"], row["estimate"]) for row in completeness("days")] == [
        (date(2026, 3, 4), 1, 1),
        (date(2026, 3, 5), 2, 2),
        (None, 2, None),
    ]


def test_sightings_of_all_runs_count_once(completeness):
    (row,) = completeness("runs")
    assert (row["stories"], row["found_by_both"]) == (5, 5)


def test_what_is_no_story_does_not_count(completeness):
    assert [row["stories"] for row in completeness("front")] == [2]


def test_a_backfill_is_no_rival(completeness):
    assert completeness("backfill") == []

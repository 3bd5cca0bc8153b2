"""What does a page that was read again do to its story: never an edit, always the better reading?"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from press import NOON, batch, name, story

from pipelines.ledger import LedgerLine
from pipelines.records import Story
from pipelines.store import batches, loading, reading, staging, warehouse


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def load(attach, *folders):
    with warehouse.opened(attach) as connection:
        return loading.load(connection, folders)


def ask(attach, sql):
    return [tuple(row.values()) for row in reading.query(attach, sql).to_pylist()]


def chain(attach, story_id="s1"):
    return ask(
        attach,
        f"SELECT change_kind, body_text, extractor_version FROM story_versions WHERE story_id = '{story_id}'"
        " AND version IS NOT NULL ORDER BY version",
    )


def again(data, number, of, **fields):
    """A batch in which the only page of an earlier one was read again: says other things, of the same bytes."""
    (first,) = staging.read(of / batches.STORIES, Story)
    says = {"extractor_version": "2"} | fields
    folder = batch(data, name(number), [dataclasses.replace(first, **says)])
    for file, kind in ((batches.STORIES, Story), (batches.LEDGER, LedgerLine)):
        rows = [dataclasses.replace(row, raw_ref=first.raw_ref) for row in staging.read(folder / file, kind)]
        staging.write(folder / file, kind, rows)
    return folder


OTHER = {"body_text": "Read better.", "content_hash": "better", "word_count": 12}


def test_other_words_of_the_same_page_are_a_change_of_the_extractor_and_stand(attach, data):
    first = batch(data, name(1), [story("s1")])
    load(attach, first)
    load(attach, again(data, 2, first, **OTHER))
    assert [row[0] for row in chain(attach)] == ["new", "extractor_change"]
    assert ask(attach, "SELECT body_text, version, first_seen_at = fetched_at FROM stories") == [
        ("Read better.", 2, True)
    ]
    assert reading.check(attach, NOON) == []


def test_also_where_the_page_was_seen_often_and_by_the_same_version_of_the_extractor(attach, data):
    seen = [batch(data, name(n), [story("s1", n * 10)]) for n in range(3)]
    load(attach, *seen)
    load(attach, again(data, 4, seen[2], extractor_version="1", **OTHER))
    assert [row[0] for row in chain(attach)] == ["new", "extractor_change"]


def test_an_edit_that_came_after_is_compared_with_the_better_reading(attach, data):
    first = batch(data, name(1), [story("s1")])
    later = batch(
        data,
        name(2),
        [
            story(
                "s1",
                60,
                extractor_version="2",
                **OTHER | {"body_text": "Read better!", "content_hash": "edited"},
            )
        ],
    )
    load(attach, first, later)
    assert [row[0] for row in chain(attach)] == ["new", "update"]
    load(attach, again(data, 3, first, **OTHER))
    assert [row[0] for row in chain(attach)] == ["new", "extractor_change", "update"]
    assert ask(attach, "SELECT diff_ratio FROM stories") == [(0.0,)]


def test_what_seemed_an_edit_since_the_reader_was_better_is_none_any_more(attach, data):
    first = batch(data, name(1), [story("s1")])
    load(attach, first, batch(data, name(2), [story("s1", 60, extractor_version="2", **OTHER)]))
    assert [row[0] for row in chain(attach)] == ["new", "update"]
    load(attach, again(data, 3, first, **OTHER))
    assert [row[0] for row in chain(attach)] == ["new", "extractor_change"]


def test_the_same_words_with_a_better_date_and_author_mend_the_version_that_stands(attach, data):
    first = batch(data, name(1), [story("s1")])
    load(attach, first, batch(data, name(2), [story("s2", says="hail")]))
    better = {"published_at": NOON - timedelta(days=3), "authors": ("Ann Lee",)}
    load(attach, again(data, 3, first, **better))
    assert [row[0] for row in chain(attach)] == ["new"]
    asked = "SELECT story_id, authors, published_at, extractor_version, raw_ref FROM stories ORDER BY 1"
    mended = ask(attach, asked)
    assert mended[0][1:4] == (["Ann Lee"], NOON - timedelta(days=3), "2")
    assert mended[1][1:4] == ([], NOON, "1")
    load(attach, batch(data, name(5), [story("s1", 90)], unchanged={"https://ap.example/s1": 100}))
    assert ask(attach, asked) == mended  # and stays so, whatever comes
    assert reading.check(attach, NOON) == []


def test_batches_and_what_was_read_again_give_the_same_in_any_order(tmp_path):
    data = tmp_path / "data"
    one = batch(data, name(1), [story("s1")])
    two = batch(data, name(2), [story("s1", 30, "snow")])
    better = again(data, 8, two, **OTHER)
    best = again(data, 9, one, authors=("Ann Lee",))
    told = set()
    orders = [(one, two, better, best), (best, better, two, one)]
    for n, order in enumerate(orders):
        attach = f"ducklake:sqlite:{tmp_path}/catalog{n}.sqlite"
        for folder in order:
            load(attach, folder)
        told.add(
            str(
                ask(
                    attach,
                    "SELECT version, change_kind, body_text, authors, extractor_version, raw_ref, run_id, valid_from,"
                    " valid_to, diff_ratio FROM story_versions ORDER BY version",
                )
            )
        )
    assert len(told) == 1, told
    assert "extractor_change" in told.pop()

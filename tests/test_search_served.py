"""Does plain Postgres find by the same words what a lake finds, with its own index?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from press import NOON, batch, name
from search_stock import FOUND, STOCK, told

from pipelines.search import finding, question, serving
from pipelines.search.choosing import Choice
from pipelines.store import loading, warehouse


def load(attach, *folders):
    with warehouse.opened(attach) as connection:
        loading.load(connection, folders)


def ids(attach, home, text, **choice):
    return [hit.story_id for hit in finding.find(attach, home, text, Choice(**choice))]


def test_it_finds_what_a_lake_finds(plain, tmp_path):
    load(plain, batch(tmp_path / "data", name(1), [told(one) for one in STOCK]))
    with warehouse.opened(plain, read_only=True) as connection:
        for text, found in FOUND:
            rows = serving.best(connection, question.read(text), Choice(), 20)
            assert {row["story_id"] for row in rows} == found, text


def test_changes_kills_and_choices_hold_there_too(plain, tmp_path):
    day = timedelta(days=1)
    stories = [told("rain", language="en-GB"), told("cricket", published_at=NOON - day), told("snow")]
    load(plain, batch(tmp_path / "data", name(1), stories))
    assert set(ids(plain, tmp_path, "leeds")) == {"rain", "cricket"}
    assert ids(plain, tmp_path, "leeds", languages=("en",)) == ["rain"]
    assert ids(plain, tmp_path, "leeds", until=NOON) == ["cricket"]
    assert ids(plain, tmp_path, "leeds", sources=("it's not there",)) == []
    (hit,) = finding.find(plain, tmp_path, "nine schools")
    assert (hit.headline, hit.snippet[:11]) == ("Snow closes schools", "Snow closed")
    changed = told("cricket", 20, headline="Play goes on", body_text="The sun came out.", content_hash="sun")
    killed = told("rain", 30, pub_status="canceled", signal="kill")
    load(plain, batch(tmp_path / "data", name(2), [changed, killed]))
    assert ids(plain, tmp_path, "leeds") == []
    assert ids(plain, tmp_path, "leeds", withdrawn=True) == ["rain"]
    assert ids(plain, tmp_path, "sun") == ["cricket"]
    assert not list(tmp_path.rglob("*search*"))


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "a:*|!b & (c", "\\' x", "rain'); DROP TABLE stories; --", "$$ x $$", "? x"]
)
def test_whatever_is_typed_is_only_words(plain, tmp_path, text):
    assert ids(plain, tmp_path, text) == []

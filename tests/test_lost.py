"""Is a warehouse that lost its rows told from one that is new, and is nothing lost to what goes on beside it?"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from website import declare, rss, story

from pipelines import steps
from pipelines.errors import BatchError, CheckFailed
from pipelines.places import places
from pipelines.store import batches, loaded, ready

WORDS = [
    "The council of Port Ellery voted on Monday to keep the light on its pier, and nobody spoke against it."
]


@pytest.fixture
def crawl(home, site):
    """Crawl and extract a batch of one story; returns its name."""
    declare(home, "wire", site.base)

    def crawled(path: str) -> str:
        site.pages |= {"/rss": rss(site.base, path), path: story(f"Light {path}", *WORDS)}
        batch = steps.crawl("wire").batch
        steps.extract(batch)
        return batch

    return crawled


def said() -> list[tuple[str, str]]:
    return [(f.check, f.severity) for f in steps.check()]


def test_a_new_one_is_not_ill(home):
    assert said() == [("is_there", "note")]


def test_one_that_is_gone_is_an_error_until_what_it_had_is_loaded_again(crawl, home):
    first = crawl("/a")
    steps.load(steps.cluster())
    assert said() == []
    shutil.rmtree(home / "warehouse")
    with pytest.raises(CheckFailed, match=f"has 0 runs, and had 1 from {first} to {first}"):
        steps.check()
    crawl("/b")
    steps.load(steps.cluster())
    with pytest.raises(CheckFailed, match="has 1 runs"):  # as many as before, but others
        steps.check()
    steps.load(steps.cluster([first]))
    assert said() == []
    shutil.rmtree(home / "warehouse")
    (places().data / loaded.LOADED).unlink()  # whoever begins anew on purpose says so
    assert said() == [("is_there", "note")]


@pytest.fixture
def runs():
    """A warehouse of nothing but runs; those of a later name are newer."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE runs (run_id VARCHAR, started_at TIMESTAMPTZ)")
        yield connection


def brought(runs, data: Path, *names: str) -> bool:
    """Load these runs; is all there then that ever was?"""
    for name in names:
        runs.execute("INSERT INTO runs VALUES (?, to_timestamp(?))", [name, int(name)])
    loaded.note(data, runs)
    before = loaded.known(data)
    return before is None or loaded.has(runs, before)


def test_one_that_was_put_back_from_an_old_copy_lacks_its_newest_however_much_came_since(runs, tmp_path):
    assert brought(runs, tmp_path)
    assert brought(runs, tmp_path, "1", "2")
    assert brought(runs, tmp_path, "3", "4")
    runs.execute("DELETE FROM runs WHERE run_id >= '3'")
    assert not brought(runs, tmp_path, "5", "6")
    assert not brought(runs, tmp_path, "7", "8")
    assert brought(runs, tmp_path, "3", "4")
    assert loaded.known(tmp_path) == (8, "1", "8")


def test_what_an_older_program_remembered_is_completed_by_the_next_load(runs, tmp_path):
    (tmp_path / loaded.LOADED).write_text('{"runs": 2, "first": "1"}')
    assert not brought(runs, tmp_path, "1")
    assert loaded.known(tmp_path) == (2, "1", None)
    assert brought(runs, tmp_path, "2")
    assert loaded.known(tmp_path) == (2, "1", "2")


def test_a_damaged_memory_keeps_nothing_from_being_loaded_and_is_told_of(crawl, home, caplog):
    crawl("/a")
    (places().data / loaded.LOADED).write_text("{")
    assert steps.load(steps.cluster())["runs"] == 1
    assert "damaged" in caplog.text
    assert batches.waiting(places().data) == []
    with pytest.raises(BatchError, match=r"damaged.*delete it"):
        steps.check()


def test_a_batch_that_is_read_again_while_others_are_published_keeps_none_of_them(crawl, home, monkeypatch):
    """As when Airflow tries an `extract` again whose first try had come to its end."""
    well, again = crawl("/a"), crawl("/b")
    data, find = places().data, ready.ready

    def found(data):
        names = find(data)
        batches.unmark(data, batches.WAITING, [again])  # how reading it again begins
        (data / again / batches.LEDGER).unlink(missing_ok=True)
        return names

    monkeypatch.setattr(ready, "ready", found)
    assert steps.cluster() == [well]
    assert steps.load([well]) == {"runs": 1, "new": 1}
    monkeypatch.setattr(ready, "ready", find)
    steps.extract(again)
    assert steps.load(steps.cluster())["runs"] == 1
    assert batches.waiting(data) == []

"""Is a warehouse that lost its rows told from one that is new, and is nothing lost to what goes on beside it?"""

from __future__ import annotations

import shutil

import pytest
from website import declare, rss, story

from pipelines import steps
from pipelines.errors import CheckFailed
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
    with pytest.raises(CheckFailed, match=f"has 0 runs, and had 1 from {first} on"):
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

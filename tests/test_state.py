"""Is what a crawl learned remembered once, whole, and can it be learned again?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import BatchError
from pipelines.records import Source
from pipelines.store.state import open_memory

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SOURCE = Source(name="wire", title="Wire", home="https://wire.example/", recheck=(timedelta(minutes=15),))


def line(url="https://wire.example/rain", outcome=None, at=NOW, **more):
    return {"kind": "lead", "url": url, "at": at, "outcome": outcome, "digest": "d"} | more


def test_what_is_folded_is_remembered_in_the_next_run(tmp_path):
    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [line()], SOURCE)
    with open_memory(tmp_path / "f", readonly=True) as memory:
        seen = memory.get("https://wire.example/rain")
        assert (seen.visits, seen.digest, seen.last_visit_at) == (1, "d", NOW)
        assert memory.folded() == {"wire/1"}


def test_a_run_is_folded_once(tmp_path):
    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [line()], SOURCE)
        memory.fold("wire/1", [line()], SOURCE)
        assert memory.get("https://wire.example/rain").visits == 1


def test_a_run_is_folded_whole_or_not_at_all(tmp_path):
    def breaks_off():
        yield line()
        raise BatchError("damaged")

    with open_memory(tmp_path / "f") as memory:
        with pytest.raises(BatchError):
            memory.fold("wire/1", breaks_off(), SOURCE)
        assert (memory.count(), memory.folded()) == (0, set())


def test_due_stories_come_longest_due_first(tmp_path):
    with open_memory(tmp_path / "f") as memory:
        late = [line(f"https://wire.example/{n}", at=NOW - timedelta(minutes=n)) for n in (20, 40, 5)]
        memory.fold("wire/1", late, SOURCE)
        assert [s.url[-2:] for s in memory.due(NOW, 9)] == ["40", "20"]
        assert len(memory.due(NOW, 1)) == 1


def test_without_a_file_nothing_is_known_and_none_is_made_by_a_reader(tmp_path):
    with open_memory(tmp_path / "f", readonly=True) as memory:
        assert memory.get("https://wire.example/rain") is None
    assert not (tmp_path / "f").exists()


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    (tmp_path / "f").write_bytes(b"not a database" * 99)
    with pytest.raises(BatchError, match=r"/f: .*delete it"), open_memory(tmp_path / "f") as memory:
        memory.count()


outcomes = st.sampled_from([None, "unchanged", "timeout", "gone", "not_due", "over_budget", "http_error"])
runs = st.lists(st.lists(st.tuples(st.sampled_from("abc"), outcomes), max_size=4), max_size=4)


@given(runs)
def test_learned_again_from_the_logs_it_is_the_same(tmp_path_factory, runs):
    folder = tmp_path_factory.mktemp("state")

    def fold(name):
        with open_memory(folder / name) as memory:
            for n, run in enumerate(runs):
                at = NOW + timedelta(hours=n)
                memory.fold(f"wire/{n}", [line(url, outcome, at) for url, outcome in run], SOURCE)
            return [memory.get(url) for url in "abc"]

    assert fold("first") == fold("again")

"""Is what a crawl learned remembered once, whole, and can it be learned again?"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import BatchError
from pipelines.records import Source
from pipelines.store.state import Reading, open_memory

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


def test_neither_a_backlog_nor_the_rechecks_starve_the_other(tmp_path):
    def at(minutes, path, **more):
        return line(f"https://wire.example/{path}", at=NOW - timedelta(minutes=minutes), **more)

    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [at(90, f"w{n}", outcome="over_budget") for n in range(9)], SOURCE)
        memory.fold("wire/2", [at(60, f"s{n}") for n in range(9)], SOURCE)
        assert Counter(s.url[-2] for s in memory.due(NOW, 6)) == {"w": 3, "s": 3}
        assert Counter(s.url[-2] for s in memory.due(NOW, 99)) == {"w": 9, "s": 9}


def test_without_a_file_nothing_is_known_and_none_is_made_by_a_reader(tmp_path):
    with open_memory(tmp_path / "f", readonly=True) as memory:
        assert memory.get("https://wire.example/rain") is None
    assert not (tmp_path / "f").exists()


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    (tmp_path / "f").write_bytes(b"not a database" * 99)
    with pytest.raises(BatchError, match=r"/f: .*delete it"), open_memory(tmp_path / "f") as memory:
        memory.count()


RAIN = "https://wire.example/rain"
AGE = SOURCE.recheck[0]


def read(url=RAIN, words="1:a", **more):
    return Reading(url=url, story_id="s1", words=words, **more)


@pytest.mark.parametrize(
    ("line_again", "found", "habit"),
    [
        (line(at=NOW + AGE, digest="d2"), [read(words="1:b")], (1, 1)),
        (line(at=NOW + AGE, digest="d2"), [read(words="1:a")], (1, 0)),
        (line(at=NOW + AGE, digest="d2"), [read(words="2:b")], None),  # another reader finds other words
        (line(at=NOW + AGE, digest="d2"), [], None),  # no story any more
        (line(at=NOW + AGE, outcome="unchanged", http_status=304), [], (1, 0)),
        (
            line(at=NOW + AGE / 2, digest="d2"),
            [read(words="1:b")],
            None,
        ),  # a channel's word, not the ladder's
    ],
)
def test_how_often_a_source_edits_is_learned_from_its_words(tmp_path, line_again, found, habit):
    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [line()], SOURCE)
        memory.fold_readings("wire/1", [read()])
        memory.fold("wire/2", [line_again], SOURCE)
        memory.fold_readings("wire/2", found)
        memory.fold_readings("wire/2", found)  # once is enough
        rung = memory.habits().get(AGE)
        assert (rung and (rung.looks, rung.edits)) == habit
        assert memory.unread() == []


def test_what_is_read_late_does_not_undo_what_came_after(tmp_path):
    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [line()], SOURCE)
        memory.fold("wire/2", [line(at=NOW + AGE, digest="d2")], SOURCE)
        memory.fold_readings("wire/2", [read(words="1:b")])
        memory.fold_readings("wire/1", [read(words="1:a")])
        assert memory.get(RAIN).words == "1:b"
        assert memory.unread() == []


def test_what_a_page_calls_its_own_address_is_known_too(tmp_path):
    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [line(RAIN + "/amp"), line("https://wire.example/wind")], SOURCE)
        memory.fold_readings("wire/1", [read(RAIN + "/amp", own_url=RAIN)])
        alias = memory.get(RAIN)
        assert (alias.last_visit_at, alias.story_id, alias.due_at, alias.digest) == (NOW, "s1", None, None)


def channel(at, **more):
    return {
        "kind": "channel",
        "url": "https://wire.example/rss",
        "at": at,
        "digest": str(at),
        "http_status": 200,
    } | more


def sighting(url, at, channel="https://wire.example/rss"):
    return {"kind": "sighting", "url": url, "channel": channel, "seen_at": at}


def test_news_of_a_channel_is_what_nobody_knew(tmp_path):
    later = NOW + timedelta(hours=1)
    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [channel(NOW), sighting(RAIN, NOW), line()], SOURCE)
        memory.fold("wire/2", [channel(later), sighting(RAIN, later), line(at=later)], SOURCE)
        known = memory.channel("https://wire.example/rss")
        assert (known.asks, known.news_at, known.gap) == (2, NOW, None)
        at = NOW + timedelta(hours=2)
        fresh = [
            channel(at),
            sighting(RAIN + "2", at),
            line(RAIN + "2", at=at),
            sighting("https://else.example/", at),
        ]
        memory.fold("wire/3", fresh, SOURCE)
        assert memory.channel("https://wire.example/rss").gap == timedelta(hours=2)


def test_news_of_rivals_is_what_a_channel_did_not_name(tmp_path):
    with open_memory(tmp_path / "f") as memory:
        memory.fold("wire/1", [channel(NOW)], SOURCE)
        for n in (1, 2, 3):
            at, url = NOW + timedelta(hours=n), f"{RAIN}{n}"
            silent = channel(at, outcome="unchanged", http_status=304)
            rival = channel(at, url="https://wire.example/sitemap")
            memory.fold(
                f"wire/2{n}", [silent, rival, sighting(url, at, rival["url"]), line(url, at=at)], SOURCE
            )
        assert memory.channel("https://wire.example/rss").rivals == 3
        assert memory.channel("https://wire.example/sitemap").rivals == 0


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

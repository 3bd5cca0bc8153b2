"""Does every page stay where its raw_ref says, while files are joined, and until a rule deletes them?"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aging import killed_at, old_batch, page_at
from upath import UPath
from website import declare, story

from pipelines import steps
from pipelines.errors import BatchError, UsageError
from pipelines.ledger import LedgerLine
from pipelines.records import Story
from pipelines.store import batches, joining, pages, staging

SITE = "https://wire.example"
NOW = datetime(2026, 3, 20, tzinfo=UTC)
OPS = {"rename": Path, "unlink": Path, "sync": pages}


def idle(stamp: str) -> bool:
    return False


def filled(day: int, hour: int, *numbers: int) -> str:
    """A batch of a day of March, extracted, with a story for each number."""
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    made = [
        page_at(
            SITE, f"/{n}", story(f"Light number {n} stays lit", *[f"The council voted {n} times."] * 9), at
        )
        for n in numbers
    ]
    name = old_batch(f"{at:%Y%m%dT%H%M%SZ}-{numbers[0]:04x}", made)
    steps.extract(name)
    return name


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with the batches, and their names; each test has a copy of it."""
    home = tmp_path_factory.mktemp("made")
    (home / "sources").mkdir()
    declare(home, "wire", SITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WIREHOUSE_HOME", str(home))
        patch.setenv("WIREHOUSE_SOURCES", str(home / "sources"))
        patch.setenv("WIREHOUSE_PROCESSES", "1")
        return home, [
            filled(5, 8, 1, 2),
            filled(5, 9, 3),
            filled(5, 10, 4, 5),
            filled(6, 8, 6),
            filled(19, 8, 7),
        ]


@pytest.fixture
def names(made, home, monkeypatch):
    monkeypatch.setenv("WIREHOUSE_PROCESSES", "1")
    shutil.copytree(made[0], home, dirs_exist_ok=True)
    return made[1]


@pytest.fixture
def wire(names) -> UPath:
    return steps.places().data / "wire"


def refs(names: list[str]) -> list[str]:
    data = steps.places().data
    return [line.raw_ref for name in names for line in staging.read(data / name / batches.LEDGER, LedgerLine)]


def bytes_of(names: list[str]) -> list[bytes]:
    return [pages.read(steps.places().data, ref).payload for ref in refs(names)]


def test_a_day_becomes_one_file_and_every_page_is_where_it_was(wire, names):
    before = bytes_of(names)
    done = joining.join(wire, "20260319", idle, NOW)
    assert (done.batches, done.files) == (3, 1)
    assert len(before) == 7
    assert bytes_of(names) == before
    own = [name for name in names if (steps.places().data / name / batches.PAGES).exists()]
    assert own == names[3:]  # one batch alone is left as it is, and so is a young day
    assert [p.suffixes for p in (wire / ".joined").glob("2*.gz")] == [[".warc", ".gz"]]


def test_a_joined_batch_can_be_extracted_again_with_the_same_result(wire, names):
    folder = wire.parent / names[0]
    before = list(staging.read(folder / batches.STORIES, Story))
    joining.join(wire, "20260319", idle, NOW)
    assert steps.extract(names[0]) == {"new": 2}
    assert list(staging.read(folder / batches.STORIES, Story)) == before


def test_joining_again_changes_nothing(wire, names):
    joining.join(wire, "20260319", idle, NOW)
    files = sorted(str(p) for p in wire.rglob("*"))
    assert joining.join(wire, "20260319", idle, NOW) == joining.Joined()
    assert sorted(str(p) for p in wire.rglob("*")) == files


def test_a_batch_that_waits_keeps_its_file_and_is_joined_when_it_does_not(wire, names):
    waits = names[1].split("/")[1]
    now = datetime(2026, 3, 7, tzinfo=UTC)
    assert joining.join(wire, "20260306", lambda stamp: stamp == waits, now).batches == 2
    assert (wire / waits / batches.PAGES).exists()
    before = bytes_of(names)
    late = filled(5, 11, 8)
    assert joining.join(wire, "20260306", idle, now).batches == 2  # with another that came meanwhile
    assert bytes_of(names) == before
    assert len(bytes_of([late])) == 1


def test_killed_at_any_point_no_page_is_lost_and_the_next_run_finishes(wire, names):
    before, kills = bytes_of(names), 0
    while killed_at(kills, lambda: joining.join(wire, "20260319", idle, NOW), OPS):
        assert bytes_of(names) == before, f"after a kill before operation {kills}"
        kills += 1
        joining.join(wire, "20260319", idle, NOW)
        assert bytes_of(names) == before
        assert len(list((wire / ".joined").glob("2*.gz"))) == 1
        assert not list((wire / ".joined").glob(".*"))
        assert not any((wire.parent / name / batches.PAGES).exists() for name in names[:3])
        break_up(wire)
    assert kills > 8


def break_up(wire: UPath) -> None:
    """As it was before anything was joined."""
    for place in wire.glob("*/pages.json"):
        with pages.opened(place.parent) as file:
            (place.parent / batches.PAGES).write_bytes(file.read())
        place.unlink()
    for left in (wire / ".joined").iterdir():
        left.unlink()


@pytest.mark.parametrize("joined", [True, False])
def test_what_a_rule_deletes_says_so_and_its_rows_stay(wire, names, joined):
    if joined:
        joining.join(wire, "20260319", idle, NOW)
    done = joining.delete(wire, "20260319", idle, "keep = 1d", NOW)
    assert done.batches == 4
    assert done.bytes > 0
    with pytest.raises(BatchError, match=r"deleted on 2026-03-20 by the source's rule keep = 1d; the rows"):
        pages.read(steps.places().data, refs(names)[0])
    assert bytes_of(names[4:])
    assert not list((wire / ".joined").glob("2*"))
    assert len(list(staging.read(wire.parent / names[0] / batches.STORIES, Story))) == 2
    assert joining.delete(wire, "20260319", idle, "keep = 1d", NOW) == joining.Deleted()
    with pytest.raises(BatchError, match="deleted on"):
        steps.extract(names[0])
    assert len(refs(names[:1])) == 2  # and what was read before is not thrown away for it


def test_killed_while_deleting_every_page_is_whole_or_said_to_be_gone(wire, names):
    joining.join(wire, "20260319", idle, NOW)
    before = dict(zip(refs(names), bytes_of(names), strict=True))
    kills = 0
    while killed_at(kills, lambda: joining.delete(wire, "20260306", idle, "keep = 1d", NOW), OPS):
        for ref, body in before.items():
            try:
                assert pages.read(steps.places().data, ref).payload == body
            except BatchError as error:
                assert "deleted on" in str(error)
        kills += 1
    assert kills > 3
    assert not list((wire / ".joined").glob("2*"))


def test_a_damaged_archive_is_not_taken_for_the_page(wire, names):
    ref = refs(names)[0]
    with pytest.raises(BatchError, match="not those"):
        pages.read(wire.parent, ref.rsplit(":", 1)[0] + ":AAAA")
    with pytest.raises(UsageError, match="leads to no page"):
        pages.read(wire.parent, "../../etc/passwd")


def test_a_copy_that_is_not_what_was_written_is_not_used(wire, names, monkeypatch):
    before = bytes_of(names)
    monkeypatch.setattr(joining, "_stretch", lambda file, length: iter([b"other"]))
    with pytest.raises(BatchError, match="is the disk failing"):
        joining.join(wire, "20260319", idle, NOW)
    assert bytes_of(names) == before

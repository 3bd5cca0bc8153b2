"""Does what goes into a staged file come out of it, and is half a file ever seen?"""

import dataclasses
import os
import resource
import typing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from pipelines.errors import BatchError
from pipelines.ledger import Fetch, LedgerLine, Outcome, Run, Sighting
from pipelines.records import Membership, Story, Subject
from pipelines.store import staging

NOW = datetime(2026, 3, 5, 12, 30, 1, 250, tzinfo=UTC)
BARE = Story(
    story_id="11a5fccf61fd0d14df3c",
    source_id="ap",
    url="https://ap.example/rain",
    fetched_at=NOW,
    body_text="It rained.",
    word_count=2,
    content_hash="5f",
    extractor="wirehouse",
    extractor_version="1",
    extraction_confidence=0.5,
)
FULL = dataclasses.replace(
    BARE,
    authors=("Ann Lee", "Bo Åse"),
    subjects=(
        Subject(scheme="medtop", code="20000002", name=None),
        Subject(scheme=None, code=None, name="Rain"),
    ),
    published_at=NOW - timedelta(hours=2),
    published_tz_known=False,
    urgency=4,
    headline="Rain — “heavy” 雨",
    is_syndicated=True,
)

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
hints = {
    str: texts,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    datetime: moments,
    timedelta: st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
}


for kind, strategy in hints.items():
    st.register_type_strategy(kind, strategy)


def records(cls):
    known = typing.get_type_hints(cls)
    return st.builds(cls, **{f.name: st.from_type(known[f.name]) for f in dataclasses.fields(cls)})


@pytest.mark.parametrize("cls", [Story, LedgerLine, Sighting, Fetch, Run, Membership])
def test_what_goes_in_comes_out(cls, tmp_path_factory):
    folder = tmp_path_factory.mktemp(cls.__name__)

    @given(rows=st.lists(records(cls), max_size=4))
    def comes_out(rows):
        assert staging.write(UPath(folder / "rows.parquet"), cls, rows) == len(rows)
        assert list(staging.read(UPath(folder / "rows.parquet"), cls)) == rows

    comes_out()


def test_lists_structs_and_missing_come_out_as_they_were(tmp_path):
    staging.write(tmp_path / "s.parquet", Story, [FULL, BARE])
    assert list(staging.read(tmp_path / "s.parquet", Story)) == [FULL, BARE]


def test_times_come_out_in_utc(tmp_path):
    elsewhere = dataclasses.replace(BARE, fetched_at=NOW.astimezone(timezone(timedelta(hours=5))))
    staging.write(tmp_path / "s.parquet", Story, [elsewhere])
    (story,) = staging.read(tmp_path / "s.parquet", Story)
    assert (story.fetched_at, story.fetched_at.tzinfo) == (NOW, UTC)


def test_outcomes_come_out_as_outcomes(tmp_path):
    line = LedgerLine(
        run_id="ap/1",
        source_id="ap",
        url="u",
        outcome=Outcome.GONE,
        channel="c",
        channel_kind="rss",
        found_at=NOW,
    )
    staging.write(tmp_path / "l.parquet", LedgerLine, [line])
    (back,) = staging.read(tmp_path / "l.parquet", LedgerLine)
    assert back.outcome is Outcome.GONE


def test_many_row_groups_come_out_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "ROWS_AT_ONCE", 3)
    rows = [dataclasses.replace(BARE, story_id=str(n)) for n in range(10)]
    staging.write(tmp_path / "s.parquet", Story, iter(rows))
    assert list(staging.read(tmp_path / "s.parquet", Story)) == rows


def test_works_on_any_file_system():
    path = UPath("memory://bucket/ap/1/stories.parquet")
    staging.write(path, Story, [FULL])
    assert list(staging.read(path, Story)) == [FULL]


def test_rows_that_stop_half_way_leave_nothing(tmp_path):
    def rows():
        yield BARE
        raise RuntimeError("the extractor broke")

    with pytest.raises(RuntimeError, match="extractor broke"):
        staging.write(tmp_path / "s.parquet", Story, rows())
    assert os.listdir(tmp_path) == []


def test_a_failed_rewrite_keeps_the_whole_file(tmp_path):
    staging.write(tmp_path / "s.parquet", Story, [BARE])
    with pytest.raises(BatchError, match="urgency"):
        staging.write(tmp_path / "s.parquet", Story, [dataclasses.replace(BARE, urgency=2**64)])
    assert list(staging.read(tmp_path / "s.parquet", Story)) == [BARE]


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path):
    rows = [dataclasses.replace(BARE, body_text=os.urandom(3000).hex()) for _ in range(500)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(BatchError, match=r"s\.parquet: cannot be written: .*File too large"):
            staging.write(tmp_path / "s.parquet", Story, rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_a_time_without_zone_is_refused(tmp_path):
    naive = dataclasses.replace(BARE, fetched_at=NOW.replace(tzinfo=None))
    with pytest.raises(BatchError, match="fetched_at: a time without a zone"):
        staging.write(tmp_path / "s.parquet", Story, [naive])


def test_none_where_a_value_must_be_is_refused(tmp_path):
    with pytest.raises(BatchError, match="url: None where a value must be"):
        staging.write(tmp_path / "s.parquet", Story, [dataclasses.replace(BARE, url=None)])


def damaged(whole):
    yield "cut", whole[: len(whole) // 2]
    yield "empty", b""
    yield "text", b"<html>not parquet</html>"
    yield "scratched", whole[:100] + bytes(200) + whole[300:]


@pytest.mark.parametrize("harm", ["cut", "empty", "text", "scratched"])
def test_a_damaged_file_is_named(tmp_path, harm):
    path = tmp_path / "stories.parquet"
    staging.write(path, Story, [FULL] * 50)
    path.write_bytes(dict(damaged(path.read_bytes()))[harm])
    with pytest.raises(BatchError, match=r"stories\.parquet: damaged"):
        list(staging.read(path, Story))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BatchError, match=r"nothing\.parquet: no such file"):
        list(staging.read(tmp_path / "nothing.parquet", Story))


def test_a_file_of_another_kind_is_refused(tmp_path):
    staging.write(tmp_path / "s.parquet", Subject, [Subject(scheme="a", code="b", name="c")])
    with pytest.raises(BatchError, match="no Story file"):
        list(staging.read(tmp_path / "s.parquet", Story))


def test_a_field_that_an_older_file_lacks_gets_its_default(tmp_path):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class OldRun:
        name: str
        forgotten: int

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class NewRun:
        name: str
        kind: str = "crawl"

    OldRun.__annotations__ = {"name": str, "forgotten": int}
    NewRun.__annotations__ = {"name": str, "kind": str}
    staging.write(tmp_path / "r.parquet", OldRun, [OldRun(name="a", forgotten=1)])
    assert list(staging.read(tmp_path / "r.parquet", NewRun)) == [NewRun(name="a")]

"""Is what is handed on in the trade's form, whole, and known of when a story is killed?"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ninjs_rules import NEWS_ITEM
from press import NOON, batch, member, name, story

from pipelines import ninjs
from pipelines.cli import main
from pipelines.errors import UsageError, WirehouseError
from pipelines.records import Story, Subject
from pipelines.store import exporting, loading, reading, warehouse
from pipelines.store.exporting import Choice

FULL = {
    "uri": "urn:newsml:wire.example:2026:rain",
    "canonical_url": "https://wire.example/rain",
    "image_url": "https://wire.example/pictures/rain in leeds|1.jpg",
    "alternative_headline": "Play stops",
    "slugline": "CRICKET-ENG/RAIN",
    "byline": "By Ann Lee",
    "authors": ("Ann Lee",),
    "dateline": "LEEDS, March 5 (Example Wire) -",
    "located": "LEEDS",
    "credit_line": "Example Wire",
    "info_sources": ("Example Wire", "County Post"),
    "origin_agency": "Example Wire",
    "description": "Only nine overs.",
    "language": "en",
    "section": "Sport",
    "keywords": ("cricket", "weather"),
    "subjects": (Subject(scheme="medtop", code="15000000", name="sport"), Subject(scheme="desk", code="SPO", name=None)),
    "genres": ("feature",),
    "urgency": 4,
    "ed_note": "Recasts",
    "correction_text": "Corrects the score",
    "copyright_holder": "Example Wire",
    "copyright_notice": "© 2026 Example Wire",
    "usage_terms": "For subscribers",
    "license_url": "https://wire.example/rsl.xml",
    "embargoed_until": NOON,
    "expires": NOON + timedelta(days=36500),
}  # fmt: skip


@pytest.fixture
def attach(attach, monkeypatch):
    monkeypatch.setenv("WIREHOUSE_WAREHOUSE", attach)
    return attach


@pytest.fixture
def load(attach, tmp_path):
    def load(number, *stories, members=None):
        with warehouse.opened(attach) as connection:
            loading.load(connection, [batch(tmp_path / "data", name(number), stories, members=members)])

    return load


def test_a_full_story_is_a_valid_ninjs_item_with_every_word_in_its_place(attach, load, tmp_path):
    load(1, story("s1", **FULL))
    exporting.export(attach, "ninjs", tmp_path / "out", Choice())
    item = json.loads((tmp_path / "out" / "s1.json").read_text("utf-8"))
    jsonschema.validate(item, NEWS_ITEM)
    assert item["standard"]["version"] == "3.1"
    assert item["headlines"] == [
        {"role": "main", "contentType": "text/plain", "value": "Rain in Leeds"},
        {"role": "alternative", "contentType": "text/plain", "value": "Play stops"},
    ]
    assert item["infoSources"][0] == {"role": "origin", "name": "Example Wire"}
    assert item["subjects"][0]["uri"] == "http://cv.iptc.org/newscodes/mediatopic/15000000"
    assert item["associations"][0]["uri"] == "https://wire.example/pictures/rain%20in%20leeds%7C1.jpg"
    assert item["rightsInfo"] == {"linkedRights": "https://wire.example/rsl.xml"}
    assert (item["located"], item["urgency"], item["pubStatus"], item["version"]) == (
        "LEEDS",
        4,
        "usable",
        "1",
    )
    assert item["contentCreated"] == "2026-03-05T12:00:00Z"
    assert set(NEWS_ITEM["properties"]) - set(item) == {"profile"}


TEXTS = st.none() | st.text(max_size=12)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC))


@given(
    st.fixed_dictionaries(
        {name: TEXTS for name, value in FULL.items() if isinstance(value, str)}
        | dict.fromkeys(("authors", "info_sources", "keywords", "genres"), st.lists(st.text(min_size=1), max_size=2))
        | dict.fromkeys(("embargoed_until", "expires", "first_created", "version_created", "modified_at"), TIMES)
        | {"urgency": st.none() | st.integers(-1, 12), "amp_url": TEXTS, "tdm_policy": TEXTS}
        | {"subjects": st.lists(st.fixed_dictionaries(dict.fromkeys(("scheme", "code", "name"), TEXTS)), max_size=2)}
    )
)  # fmt: skip
def test_whatever_a_story_says_the_item_is_valid(said):
    plain = {f: getattr(story("s1", body_text="", headline=None), f) for f in Story.__dataclass_fields__}
    row = plain | {"version": 1, "valid_from": datetime(2026, 3, 5, tzinfo=UTC)} | said
    jsonschema.validate(json.loads(json.dumps(ninjs.item(row))), NEWS_ITEM)


def test_an_item_keeps_its_uri_over_versions_and_addresses(attach, load, tmp_path):
    load(1, story("s1"))
    exporting.export(attach, "ninjs", tmp_path / "out.jsonl", Choice())
    load(2, story("s1", 30, "snow", url="https://ap.example/moved"))
    exporting.export(attach, "ninjs", tmp_path / "later.jsonl", Choice())
    [old], [new] = (
        [json.loads(line) for line in (tmp_path / file).read_text("utf-8").splitlines()]
        for file in ("out.jsonl", "later.jsonl")
    )
    assert old["uri"] == new["uri"]
    assert (old["version"], new["version"]) == ("1", "2")


def test_an_export_that_carried_a_killed_story_is_named_until_the_kill_has_followed(attach, load, tmp_path):
    origin, kept = story("s0", source_id="b0"), story("s1", 1, source_id="b1")
    load(1, origin, kept, members=[member(origin), member(kept, role="reprint")])
    desk, table = tmp_path / "desk", tmp_path / "table.parquet"
    exporting.export(attach, "ninjs", desk, Choice(sources=("b0",)))
    exporting.export(attach, "parquet", table, Choice())
    asked = "SELECT kind, story_id, target FROM kills_standing ORDER BY ALL"
    assert reading.query(attach, asked).to_pylist() == []

    load(2, story("s0", 60, source_id="b0", pub_status="canceled", signal="kill"))
    standing = [tuple(row.values()) for row in reading.query(attach, asked).to_pylist()]
    assert standing == [
        ("export", "s0", str(desk)),
        ("export", "s0", str(table)),
        ("export", "s1", str(table)),
        ("reprint", "s1", None),
    ]

    # It follows, though another source is asked for.
    made = exporting.export(attach, "ninjs", desk, Choice(sources=("b9",), changed=True))
    assert (made.stories, made.kills) == (1, 1)
    item = json.loads((desk / "s0.json").read_text("utf-8"))
    assert (item["pubStatus"], item["version"]) == ("canceled", "2")
    standing = [tuple(row.values()) for row in reading.query(attach, asked).to_pylist()]
    assert ("export", "s0", str(desk)) not in standing
    assert ("export", "s0", str(table)) in standing
    assert exporting.export(attach, "ninjs", desk, Choice(sources=("b9",))).stories == 0


def test_changed_hands_on_each_version_once(attach, load, tmp_path):
    load(1, story("s1"), story("s2", says="hail", headline="Hail"))
    out = tmp_path / "out"
    assert exporting.export(attach, "ninjs", out, Choice(changed=True)).stories == 2
    assert exporting.export(attach, "ninjs", out, Choice(changed=True)).stories == 0
    load(2, story("s1", 30, "snow"))
    assert exporting.export(attach, "ninjs", out, Choice(changed=True)).stories == 1
    assert exporting.export(attach, "ninjs", tmp_path / "other", Choice(changed=True)).stories == 2


def test_parquet_has_all_columns_and_csv_no_formula(attach, load, tmp_path):
    load(
        1,
        story("s1", headline='=HYPERLINK("https://evil.example")'),
        story("s2", says="hail", headline="Hail"),
    )
    exporting.export(attach, "parquet", tmp_path / "s.parquet", Choice(where="headline = 'Hail'"))
    table = pq.read_table(tmp_path / "s.parquet")
    assert table.column("story_id").to_pylist() == ["s2"]
    assert table.column_names == reading.query(attach, "FROM stories").column_names
    exporting.export(attach, "csv", tmp_path / "s.csv", Choice())
    with (tmp_path / "s.csv").open(encoding="utf-8", newline="") as file:
        headlines = {row["story_id"]: row["headline"] for row in csv.DictReader(file)}
    assert headlines == {"s1": '\'=HYPERLINK("https://evil.example")', "s2": "Hail"}


@pytest.mark.parametrize(
    "where",
    ["no_such_column = 1", "1 = 1) OR (1 = 1; DROP TABLE stories", "length((SELECT content FROM read_text('/etc/hostname'))) > 0"],
)  # fmt: skip
def test_a_condition_that_is_none_is_refused_and_nothing_is_written(attach, load, tmp_path, where):
    load(1, story("s1"))
    with pytest.raises(UsageError):
        exporting.export(attach, "csv", tmp_path / "s.csv", Choice(where=where))
    assert not list(tmp_path.glob("*.csv*"))
    assert reading.query(attach, "FROM exports").num_rows == 0


def test_a_condition_names_no_function_that_acts(on_sqlite, tmp_path):
    where = "0 < (SELECT count(*) FROM ducklake_cleanup_old_files('wh', cleanup_all => true))"
    with pytest.raises(UsageError, match="not for questions"):
        exporting.export(on_sqlite, "csv", tmp_path / "s.csv", Choice(where=where))


def test_an_export_that_cannot_be_written_is_said_and_leaves_nothing(attach, load, tmp_path):
    load(1, story("s1"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WirehouseError, match="cannot be written"):
        exporting.export(attach, "csv", tmp_path / "file" / "s.csv", Choice())
    assert reading.query(attach, "FROM exports").num_rows == 0


def test_what_could_not_be_delivered_counts_as_not_handed_on(attach, load, tmp_path):
    load(1, story("s1"))
    out = tmp_path / "s.csv"
    out.mkdir()
    with pytest.raises(WirehouseError, match="cannot be written"):
        exporting.export(attach, "csv", out, Choice(changed=True))
    out.rmdir()
    assert exporting.export(attach, "csv", out, Choice(changed=True)).stories == 1
    delivered = out.read_bytes()
    assert exporting.export(attach, "csv", out, Choice(changed=True)).stories == 0
    assert out.read_bytes() == delivered  # its reader may not have come yet


def test_rows_that_a_flush_hides_for_a_moment_are_not_missing(attach, load, tmp_path, monkeypatch):
    load(1, story("s1"), story("s2", says="hail", headline="Hail"))
    asked = iter([exporting._ROWS + " LIMIT 1", *[exporting._ROWS] * 2])
    whole, tries = exporting._written, []

    def hiding(connection, *rest):
        class Hidden:
            def __getattr__(self, name):
                return getattr(connection, name)

            def execute(self, sql, *values):
                if sql == exporting._ROWS:
                    tries.append(sql)
                    sql = next(asked)
                return connection.execute(sql, *values)

        return whole(Hidden(), *rest)

    monkeypatch.setattr(exporting, "_written", hiding)
    assert exporting.export(attach, "ninjs", tmp_path / "out", Choice()).stories == 2
    assert len(tries) == 2
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_by_hand_it_says_what_it_did(attach, load, tmp_path, cli):
    load(1, story("s1", source_id="b0"))
    done = cli(main, ["export", "ninjs", str(tmp_path / "desk"), "--source", "b0", "--changed", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) | {"export_id": None} == {
        "export_id": None,
        "target": str(tmp_path / "desk"),
        "stories": 1,
        "kills": 0,
    }
    assert (
        "1 stories"
        not in cli(main, ["export", "csv", str(tmp_path / "s.csv"), "--since", "2099-01-01"]).output
    )


@pytest.fixture
def cli():
    from click.testing import CliRunner

    return CliRunner().invoke

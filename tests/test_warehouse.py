"""Do the tables say the same, however the batches came in: in any order, twice, or killed half-way?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from press import NOON, batch, line, member, name, story

from pipelines.errors import BatchError, WarehouseError
from pipelines.ledger import Outcome
from pipelines.records import Dated, Expect, Source
from pipelines.store import batches, forms, loading, maintenance, reading, warehouse

TABLES = (
    "stories",
    "past_versions",
    "observations",
    "ledger",
    "sightings",
    "fetches",
    "clusters",
    "runs",
    "sources",
)
TIME_OF_LOAD = ("loaded_at",)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def load(attach, *folders, sources=()):
    with warehouse.opened(attach) as connection:
        return loading.load(connection, folders, sources)


def ask(attach, sql):
    with warehouse.opened(attach, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def all_rows(connection):
    """Every row of every table, without the time of the load itself."""
    rows = {}
    for table in TABLES:
        found = connection.execute(f"FROM {table}")
        columns = [column[0] for column in found.description]
        kept = [n for n, column in enumerate(columns) if column not in TIME_OF_LOAD]
        rows[table] = sorted(repr([row[n] for n in kept]) for row in found.fetchall())
    return rows


def rows_of(attach):
    with warehouse.opened(attach, read_only=True) as connection:
        return all_rows(connection)


# What a load says


def test_a_story_is_loaded_with_every_field_it_has(attach, data):
    given = story(
        "s1", authors=("Ann Lee", "Bo Åse"), embargoed_until=NOON, urgency=3, headline="Rain — “heavy” 雨"
    )
    folder = batch(data, name(1), [given])
    load(attach, folder)
    (row,) = reading.query(attach, "FROM stories").to_pylist()
    for field, value in vars(given).items():
        if field not in ("run_id", "raw_ref"):
            assert row[field] == (list(value) if isinstance(value, tuple) else value), field
    assert (row["version"], row["first_seen_at"], row["last_seen_at"]) == (1, NOON, NOON)
    assert (row["run_id"], row["change_kind"]) == (name(1), "new")


def test_a_nul_stops_no_load(attach, data):
    dated = Dated(evidence="meta", raw="5\0", at=None)
    odd = story("s1", authors=("A\0nn",), published_candidates=(dated,), byline="A\0nn", located="Le\0eds")
    load(attach, batch(data, name(1), [odd]))
    asked = "SELECT authors, published_candidates[1].raw, starts_with(byline, 'A') FROM stories"
    assert ask(attach, asked) == [(["A\ufffdnn"], "5\ufffd", True)]


def test_the_ledger_says_how_each_lead_ended(attach, data):
    others = [
        line(name(1), f"https://ap.example/{o}", o) for o in (Outcome.GONE, Outcome.NOT_DUE, Outcome.REJECTED)
    ]
    counts = load(attach, batch(data, name(1), [story("s1")], other=others))
    assert counts == {"runs": 1, "gone": 1, "new": 1, "not_due": 1, "rejected": 1}
    assert ask(attach, "SELECT count(*), sum(leads) FROM ledger JOIN runs USING (run_id)") == [(4, 16)]


def test_the_same_words_again_make_no_version(attach, data):
    noise = story(
        "s1", 30, keywords=("other",), headline="RAIN, in Leeds!", image_url="https://x.example/2.jpg"
    )
    load(attach, batch(data, name(1), [story("s1")]), batch(data, name(2), [noise]))
    assert ask(attach, "SELECT version, last_seen_at - first_seen_at FROM stories") == [
        (1, timedelta(minutes=30))
    ]
    assert ask(attach, "SELECT outcome FROM ledger ORDER BY run_id") == [("new",), ("unchanged",)]


def test_other_words_make_a_version(attach, data):
    load(attach, batch(data, name(1), [story("s1")]))
    counts = load(attach, batch(data, name(2), [story("s1", 30, "snow")]))
    assert counts == {"runs": 1, "updated": 1}
    assert ask(attach, "SELECT version, body_text LIKE '%snow%' FROM stories") == [(2, True)]
    chain = ask(
        attach, "SELECT version, valid_from, valid_to, change_kind FROM story_versions ORDER BY version"
    )
    half_past = NOON + timedelta(minutes=30)
    assert chain == [(1, NOON, half_past, "new"), (2, half_past, None, "update")]


def test_a_late_batch_takes_its_place_in_the_chain(attach, data):
    load(
        attach, batch(data, name(3), [story("s1", 60, "sun")]), batch(data, name(1), [story("s1", 0, "rain")])
    )
    load(attach, batch(data, name(2), [story("s1", 30, "snow")]))
    chain = ask(attach, "SELECT content_hash, valid_to IS NULL FROM story_versions ORDER BY version")
    assert chain == [("hash-of-rain", False), ("hash-of-snow", False), ("hash-of-sun", True)]


def test_a_304_moves_when_the_story_was_last_seen(attach, data):
    load(attach, batch(data, name(1), [story("s1"), story("s2", says="sun")]))
    load(attach, batch(data, name(2), unchanged={"https://ap.example/s1": 45}))
    found = ask(attach, "SELECT story_id, last_seen_at FROM stories ORDER BY 1")
    assert found == [("s1", NOON + timedelta(minutes=45)), ("s2", NOON)]
    assert ask(attach, "SELECT story_id FROM ledger WHERE outcome = 'unchanged'") == [("s1",)]


def test_another_address_with_the_same_text_is_a_duplicate(attach, data):
    copy = story("s2", 10, url="https://ap.example/print/s1")
    load(attach, batch(data, name(1), [story("s1"), copy]))
    assert ask(attach, "SELECT story_id FROM stories") == [("s1",)]
    assert ask(attach, "SELECT outcome, story_id FROM ledger ORDER BY url DESC") == [
        ("new", "s1"),
        ("duplicate", "s1"),
    ]


def test_another_address_of_the_same_story_is_a_duplicate(attach, data):
    load(attach, batch(data, name(1), [story("s1"), story("s1", 1, url="https://ap.example/amp/s1")]))
    assert ask(attach, "SELECT story_id, version FROM stories") == [("s1", 1)]
    assert ask(attach, "SELECT outcome FROM ledger ORDER BY fetched_at") == [("new",), ("duplicate",)]


@pytest.mark.parametrize(
    "twin",
    [
        story("s2", 1, headline="Snow in York"),
        story("s2", 1, source_id="bp"),
        story("s2", 1, word_count=4),
        story("s2", 1, pub_status="canceled"),
    ],
    ids=["other_headline", "other_source", "a_stub", "a_kill"],
)
def test_no_duplicate(attach, data, twin):
    first = story("s1", word_count=twin.word_count)
    load(attach, batch(data, name(1), [first]), batch(data, name(2, twin.source_id), [twin]))
    assert ask(attach, "SELECT story_id FROM stories ORDER BY 1") == [("s1",), ("s2",)]


def test_a_duplicate_that_goes_its_own_way_becomes_a_story(attach, data):
    load(attach, batch(data, name(1), [story("s1"), story("s2", 1)]))
    load(attach, batch(data, name(2), [story("s2", 60, "something of its own")]))
    found = ask(attach, "SELECT story_id, version, first_seen_at FROM stories ORDER BY 1")
    assert found == [("s1", 1, NOON), ("s2", 1, NOON + timedelta(minutes=60))]


def test_a_kill_and_its_return_are_judged(attach, data):
    killed = story("s1", 30, "this story has been withdrawn", pub_status="canceled")
    for n, one in enumerate([story("s1"), killed, story("s1", 60)]):
        load(attach, batch(data, name(n), [one]))
    kinds = ask(attach, "SELECT change_kind, pub_status FROM story_versions ORDER BY version")
    assert kinds == [("new", "usable"), ("kill", "canceled"), ("restore", "usable")]


def test_a_new_cluster_reaches_the_stories(attach, data):
    one, two = story("s1"), story("s2", says="sun")
    load(attach, batch(data, name(1), [one, two], members=[member(one), member(two, "c-2")]))
    load(attach, batch(data, name(2), members=[member(two, "c-1", "reprint")]))
    assert ask(attach, "SELECT cluster_id FROM stories ORDER BY story_id") == [("c-1",), ("c-1",)]
    found = ask(attach, "SELECT role, lag FROM clusters ORDER BY story_id")
    assert found == [("origin", timedelta(minutes=3)), ("reprint", timedelta(minutes=3))]


def test_declared_sources_are_said_once_and_as_they_are_now(attach, data):
    source = Source(name="ap", title="Example Wire", home="https://ap.example/", expect=Expect(stories_min=4))
    for title in ("Example Wire", "Example Wire", "The Wire"):
        load(attach, sources=[Source(**(vars(source) | {"title": title}))])
    found = ask(attach, "SELECT source_id, title, stories_min, tags FROM sources")
    assert found == [("ap", "The Wire", 4, [])]


def test_loading_nothing_makes_an_empty_warehouse(attach):
    assert load(attach) == {}
    assert ask(attach, "SELECT count(*) FROM stories_usable") == [(0,)]


# Stories that are gone


def nothing_there(run, url, minute, status=410, outcome=Outcome.GONE, reason=None):
    at = NOON + timedelta(minutes=minute)
    return line(run, url, outcome, http_status=status, fetched_at=at, reason=reason, n=minute)


def chain(attach):
    return ask(
        attach,
        "SELECT version, change_kind, pub_status, signal, body_text <> '', valid_to IS NULL"
        " FROM story_versions WHERE story_id = 's1' ORDER BY version",
    )


NEW, GONE = (1, "new", "usable", None, True), (2, "kill", "canceled", "gone", True)


def test_a_story_that_is_gone_is_withdrawn_with_its_last_words(attach, data):
    load(attach, batch(data, name(1), [story("s1")]))
    load(attach, batch(data, name(2), other=[nothing_there(name(2), "https://ap.example/s1", 60)]))
    assert chain(attach) == [(*NEW, False), (*GONE, True)]
    assert ask(attach, "SELECT count(*) FROM stories_usable") == [(0,)]
    assert ask(attach, "SELECT outcome, story_id FROM ledger ORDER BY fetched_at") == [
        ("new", "s1"),
        ("gone", "s1"),
    ]
    assert ask(attach, "SELECT last_seen_at FROM stories") == [(NOON,)]


def test_a_story_that_comes_back_is_restored(attach, data):
    load(attach, batch(data, name(1), [story("s1")]))
    load(attach, batch(data, name(2), other=[nothing_there(name(2), "https://ap.example/s1", 60)]))
    load(attach, batch(data, name(3), [story("s1", 120)]))
    assert chain(attach) == [(*NEW, False), (*GONE, False), (3, "restore", "usable", None, True, True)]


@pytest.mark.parametrize(
    ("answers", "versions"),
    [
        ([(60, 404)], 1),
        ([(60, 404), (90, 404)], 1),
        ([(60, 404), (120, 404)], 2),
        ([(60, 404), (61, 410)], 2),
        ([(60, 410), (61, 410)], 2),
    ],
)
def test_one_missing_answer_is_no_withdrawal_two_an_hour_apart_are(attach, data, answers, versions):
    load(attach, batch(data, name(1), [story("s1")]))
    for n, (minute, status) in enumerate(answers, 2):
        lost = nothing_there(name(n), "https://ap.example/s1", minute, status)
        load(attach, batch(data, name(n), other=[lost]))
    assert len(chain(attach)) == versions


def test_missing_answers_with_the_story_between_them_do_not_add_up(attach, data):
    url = "https://ap.example/s1"
    load(attach, batch(data, name(1), [story("s1")]))
    load(attach, batch(data, name(2), other=[nothing_there(name(2), url, 60, 404)]))
    load(attach, batch(data, name(3), unchanged={url: 90}))
    load(attach, batch(data, name(4), other=[nothing_there(name(4), url, 150, 404)]))
    assert len(chain(attach)) == 1


def test_a_page_that_is_empty_twice_is_gone(attach, data):
    load(attach, batch(data, name(1), [story("s1")]))
    for n, minute in ((2, 60), (3, 180)):
        lost = nothing_there(name(n), "https://ap.example/s1", minute, 200, Outcome.REJECTED, "empty")
        load(attach, batch(data, name(n), other=[lost]))
    assert [one[1] for one in chain(attach)] == ["new", "kill"]


def test_an_old_address_that_is_gone_does_not_withdraw_a_story_that_has_moved(attach, data):
    load(attach, batch(data, name(1), [story("s1")]))
    load(attach, batch(data, name(2), [story("s1", 30, "snow", url="https://ap.example/moved")]))
    load(attach, batch(data, name(3), other=[nothing_there(name(3), "https://ap.example/s1", 60)]))
    assert [one[1] for one in chain(attach)] == ["new", "update"]


def test_an_answer_that_comes_in_before_its_story_withdraws_it_all_the_same(attach, data):
    load(attach, batch(data, name(2), other=[nothing_there(name(2), "https://ap.example/s1", 60)]))
    load(attach, batch(data, name(1), [story("s1")]))
    assert chain(attach) == [(*NEW, False), (*GONE, True)]


# Loads commute

IDS = {"x": "ap", "y": "ap", "z": "ap", "w": "bp"}
seen_stories = st.builds(
    lambda i, minute, says, headline, keyword, amp: story(
        i,
        minute,
        says,
        source_id=IDS[i],
        headline=headline,
        keywords=(keyword,),
        url=f"https://{IDS[i]}.example/{'amp/' if amp else ''}{i}",
    ),
    st.sampled_from(sorted(IDS)),
    st.integers(0, 9),
    st.sampled_from(["rain", "snow", "sun"]),
    st.sampled_from(["Rain in Leeds", "RAIN in Leeds", "Snow in York"]),
    st.sampled_from(["a", "b"]),
    st.booleans(),
)
some_batches = st.lists(
    st.tuples(
        st.sampled_from(["ap", "bp"]),
        st.lists(seen_stories, max_size=4),
        st.dictionaries(
            st.sampled_from(["x", "y", "z", "w"]),
            st.tuples(st.integers(0, 12), st.sampled_from([304, 404, 410])),
            max_size=2,
        ),
    ),
    min_size=1,
    max_size=5,
)


def made(data, drawn):
    folders = []
    for n, (source, stories, unchanged) in enumerate(drawn):
        mine = list({s.url: s for s in stories if s.source_id == source}.values())
        told = {f"https://{source}.example/{i}": m for i, m in unchanged.items() if IDS[i] == source}
        told = {url: m for url, m in told.items() if url not in {s.url for s in mine}}
        asked = {url: minute for url, (minute, status) in told.items() if status == 304}
        lost = [
            nothing_there(name(n, source), url, minute * (40 if status == 404 else 1), status)
            for url, (minute, status) in told.items()
            if status != 304
        ]
        members = [member(s, f"c-{s.content_hash}") for s in {s.story_id: s for s in mine}.values()]
        folders.append(batch(data, name(n, source), mine, unchanged=asked, other=lost, members=members))
    return folders


def in_memory():
    """The same tables in a DuckDB of this process: no lake, so that many examples take little time."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS wh; USE wh")
    forms.make(connection)
    return connection


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=some_batches, chance=st.randoms(use_true_random=False))
def test_batches_in_any_order_give_the_same_tables(tmp_path_factory, drawn, chance):
    folders = made(tmp_path_factory.mktemp("data"), drawn)
    at_once, shuffled = in_memory(), in_memory()
    loading.load(at_once, folders)
    order = [*folders, *chance.sample(folders, k=chance.randint(0, len(folders)))]
    chance.shuffle(order)
    while order:
        some, order = order[: (k := chance.randint(1, 3))], order[k:]
        loading.load(shuffled, some)
    assert all_rows(shuffled) == all_rows(at_once)
    news = at_once.execute("SELECT count(*) FROM observations WHERE outcome = 'new'").fetchone()
    assert at_once.execute("SELECT count(*) FROM stories").fetchone() == news


@settings(max_examples=3, deadline=None)
@given(drawn=some_batches)
def test_the_lake_says_what_the_tables_in_memory_say(tmp_path_factory, drawn):
    place = tmp_path_factory.mktemp("lake")
    folders, attach, plain = (
        made(place / "data", drawn),
        f"ducklake:sqlite:{place}/catalog.sqlite",
        in_memory(),
    )
    loading.load(plain, folders)
    for folder in reversed(folders):
        load(attach, folder)
    assert rows_of(attach) == all_rows(plain)


# Twice, killed, at the same time


def test_loading_twice_changes_nothing(attach, data):
    folders = [batch(data, name(n), [story("s1", n, f"text {n}"), story(f"n{n}")]) for n in range(3)]
    load(attach, *folders)
    once = rows_of(attach)
    assert load(attach, *folders) == {}
    assert rows_of(attach) == once


KILLED = """
import os, signal, sys
from upath import UPath
from pipelines.store import loading, warehouse

class Doomed:
    def __init__(self, connection, sign):
        self.connection, self.sign = connection, sign
    def __getattr__(self, name):
        return getattr(self.connection, name)
    def execute(self, sql, *parameters):
        if self.sign == "after COMMIT" and "COMMIT" in sql:
            self.connection.execute(sql)
        if self.sign.removeprefix("after ") in sql:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.connection.execute(sql, *parameters)

attach, sign, *folders = sys.argv[1:]
with warehouse.opened(attach) as connection:
    loading.load(Doomed(connection, sign), [UPath(f) for f in folders])
"""


@pytest.mark.parametrize(
    "sign",
    ["BEGIN", "UPDATE turnstile", "INSERT INTO past_versions", "INSERT INTO runs", "COMMIT", "after COMMIT"],
)
def test_a_killed_load_loses_and_doubles_nothing(attach, data, tmp_path, sign):
    first = batch(data, name(1), [story("s1"), story("s2", says="sun")])
    second = batch(data, name(2), [story("s1", 30, "snow"), story("s3", 30, "hail")])
    load(attach, first)
    before = rows_of(attach)
    call = [sys.executable, "-c", KILLED, attach, sign, str(second)]
    assert subprocess.run(call, cwd=Path(__file__).parent.parent).returncode == -signal.SIGKILL
    if sign != "after COMMIT":
        assert rows_of(attach) == before
    load(attach, first, second)
    never_killed = f"ducklake:sqlite:{tmp_path}/other/catalog.sqlite"
    load(never_killed, first, second)
    assert rows_of(attach) == rows_of(never_killed)


def test_readers_read_on_while_loads_run(attach, data):
    load(attach, batch(data, name(0), [story("s0")]))
    done, counts, errors = threading.Event(), [], []

    def read():
        while not done.is_set():
            try:
                counts.append(ask(attach, "SELECT count(*), count(DISTINCT run_id) FROM stories")[0])
            except Exception as error:
                errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(1, 7):
        load(attach, batch(data, name(n), [story(f"s{n}-{k}", says=f"{n} {k}") for k in range(3)]))
    done.set()
    reader.join()
    assert errors == []
    assert counts == sorted(counts)
    assert {total for total, _ in counts} <= {1 + 3 * n for n in range(7)}, "half a load was seen"


@pytest.mark.parametrize("there", [True, False])
def test_two_loads_at_once_load_a_batch_once(attach, data, there):
    if there:
        load(attach)
    folders = [batch(data, name(n), [story(f"s{n}", says=f"text {n}")]) for n in range(4)]
    failures = []

    def load_all():
        try:
            load(attach, *folders)
        except WarehouseError as error:  # may be refused, never half done
            failures.append(error)

    both = [threading.Thread(target=load_all) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(failures) < 2
    assert ask(attach, "SELECT count(*), count(DISTINCT story_id) FROM stories") == [(4, 4)]
    assert ask(attach, "SELECT count(*) FROM runs") == [(4,)]


def test_upkeep_changes_nothing_that_is_read(attach, data):
    for n in range(8):
        load(attach, batch(data, name(n), [story("s1", n, f"text {n}"), story(f"n{n}", says=f"other {n}")]))
    before = rows_of(attach)
    with warehouse.opened(attach) as connection:
        maintenance.maintain(connection, keep=timedelta(0))
    assert rows_of(attach) == before
    load(attach, batch(data, name(9), [story("s1", 9, "text 9")]))
    assert ask(attach, "SELECT max(version) FROM story_versions") == [(9,)]


@pytest.mark.parametrize("attach", ["on_sqlite"], indirect=True)
def test_every_few_loads_rows_leave_the_catalog_for_files(attach, data, tmp_path, monkeypatch):
    monkeypatch.setattr(warehouse, "FLUSH_EVERY", 3)
    files = []
    for n in range(4):
        load(attach, batch(data, name(n), [story("s1", n, f"text {n}"), story(f"n{n}", says=f"other {n}")]))
        files.append(len(list(tmp_path.rglob("stories/*.parquet"))))
    assert (files[1], files[2] > 0, files[3] == files[2]) == (0, True, True)
    assert ask(attach, "SELECT count(*), max(version) FROM stories") == [(5, 4)]


# What is wrong with a batch


def test_a_batch_without_its_stories_is_named_and_nothing_is_loaded(attach, data):
    whole, half = batch(data, name(1), [story("s1")]), batch(data, name(2), [story("s2")])
    (half / batches.STORIES).unlink()
    with pytest.raises(BatchError, match=rf"{half}/stories\.parquet: no such file: extract"):
        load(attach, whole, half)
    assert ask(attach, "SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.parametrize("file", [batches.STORIES, batches.LEDGER, batches.CLUSTERS, batches.RUN])
def test_a_damaged_file_is_named_and_nothing_is_loaded(attach, data, file):
    whole = batch(data, name(1), [story("s1")])
    half = batch(data, name(2), [story("s2")], members=[])
    path = half / file
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BatchError, match=rf"{path}: damaged"):
        load(attach, whole, half)
    assert ask(attach, "SELECT count(*) FROM runs") == [(0,)]


@pytest.mark.parametrize("attach", ["on_sqlite"], indirect=True)
def test_a_full_disk_is_named_and_nothing_is_half_loaded(attach, data):
    load(attach, batch(data, name(1), [story("s1")]))
    before = rows_of(attach)
    big = batch(
        data, name(2), [story(f"b{n}", says=f"{n}", body_text=os.urandom(4000).hex()) for n in range(300)]
    )
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n{KILLED}"
    done = subprocess.run(
        [sys.executable, "-c", limited, attach, "(not at all)", str(big)],
        cwd=Path(__file__).parent.parent, capture_output=True, text=True,
    )  # fmt: skip
    assert "WarehouseError" in (said := done.stderr.splitlines()[-1])
    assert "File too large" in said
    assert rows_of(attach) == before
    load(attach, big)
    assert ask(attach, "SELECT count(*) FROM stories") == [(301,)]

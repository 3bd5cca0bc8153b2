"""Are stories found by the words that they have now, by nothing else, whatever is typed?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from press import NOON, batch, name
from search_stock import FOUND, STOCK, told

from pipelines.cli import main
from pipelines.errors import UsageError, WarehouseError
from pipelines.search import excerpts, finding, following, matching, question
from pipelines.search.choosing import Choice
from pipelines.search.excerpts import excerpt
from pipelines.search.question import Words
from pipelines.search.words import places, words
from pipelines.store import loading, maintenance, warehouse


def load(attach, *folders):
    with warehouse.opened(attach) as connection:
        loading.load(connection, folders)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    """The index of a lake with the stock, open."""
    folder = tmp_path_factory.mktemp("stocked")
    attach = f"ducklake:sqlite:{folder}/catalog.sqlite"
    load(attach, batch(folder / "data", name(1), [told(one) for one in STOCK]))
    with warehouse.opened(attach, read_only=True) as connection:
        return following.follow(connection, following.place(attach, folder)).index


def best(index, text):
    return [match.story_id for match in index.best(question.read(text), Choice(), 10)]


@pytest.fixture
def lake(tmp_path):
    return f"ducklake:sqlite:{tmp_path}/catalog.sqlite"


def ids(attach, text, home="/nowhere", **choice):
    return [hit.story_id for hit in finding.find(attach, home, text, Choice(**choice))]


# What is found


@pytest.mark.parametrize(("text", "found"), FOUND)
def test_is_found_by(stocked, text, found):
    assert set(best(stocked, text)) == found


def test_the_headline_counts_more_and_all_words_more_than_one(stocked):
    assert best(stocked, "rain OR leeds OR heavy")[0] == "rain"
    assert best(stocked, "snow OR nine")[0] == "snow"


def test_only_what_was_asked_for_is_found(tmp_path, lake):
    day = timedelta(days=1)
    load(
        lake,
        batch(tmp_path / "d", name(1), [
            told("a", body_text="rain one", content_hash="1", source_id="ap", language="en-GB"),
            told("b", body_text="rain two", content_hash="2", source_id="ap", language="de", published_at=NOON - day),
            told("c", body_text="rain three", content_hash="3", source_id="ap", language="en", published_at=None),
        ]),
        batch(tmp_path / "d", name(2, "dpa"), [told("d", body_text="rain", content_hash="4", source_id="dpa")]),
    )  # fmt: skip
    assert set(ids(lake, "rain")) == set("abcd")
    assert set(ids(lake, "rain", sources=("dpa",))) == {"d"}
    assert set(ids(lake, "rain", languages=("en",))) == {"a", "c"}
    assert set(ids(lake, "rain", languages=("en-gb", "de"))) == {"a", "b"}
    assert set(ids(lake, "rain", since=NOON)) == {"a", "d"}
    assert set(ids(lake, "rain", until=NOON)) == {"b"}
    assert len(finding.find(lake, tmp_path, "rain", limit=2)) == 2


# What may be shown


def test_a_killed_story_is_hidden_unless_asked_for(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain"), told("cricket")]))
    assert set(ids(lake, "rain")) == {"rain", "cricket"}
    kill = told("rain", 30, pub_status="canceled", signal="kill")
    load(lake, batch(tmp_path / "d", name(2), [kill]))
    assert ids(lake, "rain") == ["cricket"]
    assert set(ids(lake, "rain", withdrawn=True)) == {"rain", "cricket"}


def test_what_is_under_embargo_crowds_nothing_out(tmp_path, lake):
    later = NOON + timedelta(days=40_000)
    held = [
        told(f"e{n}", body_text=f"rain rain {n}", content_hash=f"{n}", embargoed_until=later)
        for n in range(60)
    ]
    load(lake, batch(tmp_path / "d", name(1), [*held, told("cricket")]))
    assert [hit.story_id for hit in finding.find(lake, tmp_path, "rain", limit=5)] == ["cricket"]


# What changes


def test_a_changed_story_is_found_by_its_new_words_only(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain"), told("snow")]))
    assert ids(lake, "leeds") == ["rain"]
    other = told(
        "rain", 30, headline="Sun in York", body_text="The sun came out over York.", content_hash="sun"
    )
    load(lake, batch(tmp_path / "d", name(2), [other]))
    assert ids(lake, "leeds") == []
    assert ids(lake, "york sun") == ["rain"]


def test_only_what_changed_is_put_in_again(tmp_path, lake, monkeypatch):
    load(lake, batch(tmp_path / "d", name(1), [told("rain"), told("snow")]))
    ids(lake, "rain")
    put = []
    monkeypatch.setattr(
        following.Index, "put", lambda self, rows, gone=(): put.append([row["story_id"] for row in rows])
    )
    load(
        lake, batch(tmp_path / "d", name(2), [told("cricket", 10)], unchanged={"https://ap.example/snow": 20})
    )
    with warehouse.opened(lake) as connection:
        maintenance.maintain(connection)
    ids(lake, "rain")
    ids(lake, "rain")
    assert put == [["cricket"]]


def test_what_came_between_forgotten_snapshots_is_found(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain")]))
    assert ids(lake, "leeds") == ["rain"]
    load(lake, batch(tmp_path / "d", name(2), [told("cricket", 10)]))
    load(lake, batch(tmp_path / "d", name(3), [told("snow", 20)]))
    with warehouse.opened(lake) as connection:
        maintenance.maintain(connection, keep=timedelta(0))
    assert set(ids(lake, "leeds")) == {"rain", "cricket"}


def test_another_lake_at_the_same_place_has_an_index_of_its_own(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain")]))
    assert ids(lake, "leeds") == ["rain"]
    for file in tmp_path.glob("catalog.sqlite*"):
        if file.is_file():
            file.unlink()
    load(lake, batch(tmp_path / "e", name(1), [told("snow")]))
    assert ids(lake, "leeds OR snow") == ["snow"]


def test_an_index_that_is_damaged_or_gone_is_made_anew(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain")]))
    at = following.place(lake, tmp_path)
    for damage in ("state.json", "meta.json", "*.idx", "*.store", "index-*"):
        assert ids(lake, "leeds") == ["rain"], damage
        (path,) = at.rglob(damage)
        path.write_bytes(b"{") if path.is_file() else path.rename(path.with_name("away"))
    finding.forget(lake, tmp_path)
    assert not at.exists()
    assert ids(lake, "leeds") == ["rain"]


def test_where_nobody_may_write_beside_the_catalog_it_is_kept_at_home(tmp_path, lake):
    elsewhere = following.place("ducklake:postgres:dbname=wire (DATA_PATH 's3://b/f')", tmp_path)
    assert elsewhere.parent == tmp_path / "search"
    assert following.place(lake, tmp_path) == tmp_path / "catalog.sqlite.search"


# Several at once, and the end of one


_SEARCH = "import sys; from pipelines.search import finding; print(len(finding.find(sys.argv[1], '/nowhere', 'rain')))"


def test_several_processes_search_at_once_from_nothing(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain"), told("cricket")]))
    call = [sys.executable, "-c", _SEARCH, lake]
    runs = [subprocess.Popen(call, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(run.communicate()[0], run.returncode) for run in runs] == [("2\n", 0)] * 3
    assert len(list(following.place(lake, tmp_path).glob("index-*"))) == 1


_DIES = """
import os, signal, sys
from pipelines.search import finding, following
def dies(at, state):
    os.kill(os.getpid(), signal.SIGKILL)
following._written = dies
finding.find(sys.argv[1], '/nowhere', 'rain')
"""


def test_a_search_that_is_killed_loses_nothing(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain")]))
    killed = [subprocess.run([sys.executable, "-c", _DIES, lake], check=False).returncode]
    assert ids(lake, "leeds") == ["rain"]
    other = told("rain", 30, headline="Sun", body_text="The sun came out over York.", content_hash="sun")
    load(lake, batch(tmp_path / "d", name(2), [other, told("cricket", 5)]))
    killed.append(subprocess.run([sys.executable, "-c", _DIES, lake], check=False).returncode)
    assert killed == [-signal.SIGKILL] * 2
    assert ids(lake, "leeds") == ["cricket"]
    assert ids(lake, "york") == ["rain"]


def test_a_load_does_not_wait_for_who_makes_the_index(tmp_path, lake):
    load(lake, batch(tmp_path / "d", name(1), [told("rain")]))
    ids(lake, "rain")
    with following._locked(following.place(lake, tmp_path), patient=True) as free:
        assert free
        load(lake, batch(tmp_path / "d", name(2), [told("cricket", 5)]))
    assert set(ids(lake, "rain")) == {"rain", "cricket"}


def test_who_may_not_write_gets_what_is_there_and_is_told(tmp_path, lake, monkeypatch):
    load(lake, batch(tmp_path / "d", name(1), [told("rain")]))
    ids(lake, "rain")
    load(
        lake,
        batch(
            tmp_path / "d",
            name(2),
            [told("rain", 9, body_text="Mist.", content_hash="mist"), told("cricket", 5)],
        ),
    )
    monkeypatch.setattr(following, "WAIT", 0.0)
    said = []
    with following._locked(following.place(lake, tmp_path), patient=True):
        found = finding.find(lake, tmp_path, "leeds", say=said.append)
    assert [
        hit.story_id for hit in found
    ] == []  # the version it knows is no more, and the other it does not know
    assert "1 load" in said[0]


# What is typed


@given(st.text(alphabet='ab "()*-\\\x00ANDORT¿東é:^~[]{}+&|!/', max_size=40))
def test_whatever_is_typed_is_read_or_refused_in_our_words(text):
    try:
        asked = question.read(text)
    except UsageError as error:
        assert "word" in str(error)
    else:
        assert question.wanted(asked)


@given(st.text(alphabet="rainow \"()*-\\'ANDORT東é:^~[]{}+&|!/.", max_size=40))
def test_whatever_is_typed_is_answered(stocked, text):
    try:
        asked = question.read(text)
    except UsageError:
        return
    stocked.best(asked, Choice(), 5)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no word"),
        ("…", "no word"),
        ("NOT rain", "should not have"),
        ("-rain", "should not have"),
        ("snow OR -rain", "should not have"),
        ("(" * 30 + "rain", "brackets"),
        ("rain " * 100, "100 words"),
    ],
)
def test_a_question_for_everything_or_nothing_is_refused(text, why):
    with pytest.raises(UsageError, match=why):
        question.read(text)


@given(st.text(max_size=80))
def test_a_word_is_the_same_in_any_case_and_form(text):
    import unicodedata

    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))
    assert all(word == "".join(words(word)) for word in words(text))


@given(st.text(max_size=300), st.text(min_size=1, max_size=10))
def test_an_excerpt_is_of_the_text(text, word):
    asked = [question.Words(tuple(words(word)))] if words(word) else []
    shown = excerpt(text, asked, 60).removeprefix("… ").removesuffix(" …")
    assert shown in " ".join(text.split()) or not shown


# The command


def search(*args):
    return CliRunner().invoke(main, ["-q", "search", *args])


@pytest.fixture
def at_home(home):
    attach = f"ducklake:sqlite:{home}/warehouse/catalog.sqlite"
    load(attach, batch(home / "data", name(1), [told(one) for one in STOCK]))
    return home


def test_the_command_shows_headline_place_and_words(at_home):
    done = search("rain", "NOT", "cricket", "leeds")
    assert done.exit_code == 0, done.output
    assert "Rain in Leeds\n  ap  2026-03-05 12:00Z  rain\n  Heavy rain fell on Leeds." in done.stdout


def test_the_command_answers_programs(at_home):
    import csv
    import io
    import json

    (found,) = json.loads(search("dredge", "--format", "json").stdout)
    assert (found["story_id"], found["version"]) == ("council", 1)
    assert "harbour" in found["snippet"]
    rows = list(csv.DictReader(io.StringIO(search("dredge", "--format", "csv").stdout)))
    assert [row["headline"] for row in rows] == ["Council votes on harbour"]
    assert search("nothing_of_this", "--format", "json").stdout == "[]\n"


def test_a_wrong_question_is_a_wrong_usage(at_home):
    done = search("NOT", "rain")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("wirehouse: ")
    assert search("rain", "--since", "soon").exit_code == 2


def test_control_characters_of_a_page_do_not_reach_the_terminal(home):
    attach = f"ducklake:sqlite:{home}/warehouse/catalog.sqlite"
    load(
        attach,
        batch(
            home / "data", name(1), [told("x", headline="Rain \x1b[2J", body_text="rain \x1b]0;x\x07 fell")]
        ),
    )
    assert "\x1b" not in search("rain").stdout


def test_without_a_warehouse_it_says_so(home):
    done = search("rain")
    assert done.exit_code == 1
    assert "no warehouse yet" in done.stderr


def test_a_load_lets_the_index_follow(at_home, monkeypatch):
    from pipelines import steps
    from pipelines.places import places

    assert search("rain").exit_code == 0
    batch(
        at_home / "data",
        name(2),
        [told("york", 5, headline="York", body_text="Mist at York.", content_hash="y")],
    )
    steps.load([name(2)])
    with warehouse.opened(places().warehouse, read_only=True) as connection:
        at = following.place(places().warehouse, at_home)
        assert following._state(at, following._lake(connection)).snapshot == warehouse.snapshot(connection)
    assert os.listdir(at)


# What goes wrong


def row(story_id, text):
    said = dict.fromkeys(matching.SHOWN) | {
        "source_id": "ap",
        "pub_status": "usable",
        "headline": "",
        "version": 1,
    }
    return said | {"story_id": story_id, "fingerprint": "f", "body_text": text}


def test_a_phrase_whose_last_word_may_be_too_many_says_what_to_type(tmp_path):
    index = matching.Index(tmp_path)
    index.put([row("s1", "port " + " ".join(f"a{n}" for n in range(17_000)) + " port arrow")])
    assert best(index, '"port arr*"') == ["s1"]
    with pytest.raises(UsageError, match="type more letters"):
        best(index, '"port a*"')


def test_a_damaged_index_says_how_it_is_made_anew(tmp_path):
    index = matching.Index(tmp_path)
    index.put([row("s1", "rain")])
    (store,) = tmp_path.glob("*.store")
    with store.open("r+b") as file:
        file.write(b"\xff" * 30)
    with pytest.raises(WarehouseError, match="--remake"):
        best(matching.Index(tmp_path), "rain")


def test_an_excerpt_is_where_most_words_are_close_together():
    wanted = [Words((word,)) for word in ("rain", "snow", "hail")]
    text = "rain snow. " + "Quiet. " * 40 + "snow rain hail. " + "Quiet. " * 40 + "rain rain rain rain. "
    assert "snow rain hail" in excerpt(text, wanted, 60)


def test_of_a_text_full_of_the_words_not_all_are_compared(monkeypatch):
    looked_at = []
    monkeypatch.setattr(excerpts, "places", lambda text: (looked_at.append(p) or p for p in places(text)))
    assert excerpt("rain " * 50_000, [Words(("rain",))], 40).startswith("rain rain")
    assert len(looked_at) <= excerpts.MOST

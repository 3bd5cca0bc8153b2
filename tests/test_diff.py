"""Can an editor see what was changed in a story, word by word?"""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from press import batch, name, story

from pipelines import compare
from pipelines.cli import main
from pipelines.store import loading, warehouse

TEXTS = st.lists(
    st.sampled_from(["rain", "Rain", " ", ", ", "\n\n", "雨", "n°4", "\x1b[2J", "é"]), max_size=30
)
FIRST = "Nine overs were bowled in Leeds.\n\nThe match goes on at noon, if the rain stops."
SECOND = (
    "Ten overs were bowled in Leeds.\n\nThe umpires left.\n\nThe match goes on at noon, if the rain stops."
)


@given(TEXTS, TEXTS)
def test_the_pieces_give_both_texts_back(left, right):
    old, new = "".join(left), "".join(right)
    pieces = compare.words(old, new)
    assert "".join(p.text for p in pieces if p.kind != "added") == old
    assert "".join(p.text for p in pieces if p.kind != "cut") == new


@given(TEXTS, TEXTS)
def test_no_paragraph_is_lost_or_doubled(left, right):
    old, new = "".join(left), "".join(right)
    drawn = list(compare.paragraphs(old, new))
    for kind, text in (("added", old), ("cut", new)):
        said = ["".join(p.text for p in pieces if p.kind != kind) for pieces in drawn]
        assert "".join(said) == text.replace("\n\n", "")


def test_a_paragraph_that_is_added_leaves_the_others_as_they_are():
    first, added, last = compare.paragraphs(FIRST, SECOND)
    assert [p.kind for p in first] == ["cut", "added", "same"]
    assert (added, [p.kind for p in last]) == ([compare.Piece("added", "The umpires left.")], ["same"])


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("WIREHOUSE_HOME", str(tmp_path))
    with warehouse.opened(f"ducklake:sqlite:{tmp_path}/warehouse/catalog.sqlite") as connection:
        for n, (body, more) in enumerate([(FIRST, {}), (SECOND, {"headline": "Rain \x1b[31m in York"})]):
            said = story("5" * 20, n, body_text=body, content_hash=f"h{n}", **more)
            loading.load(connection, [batch(tmp_path / "data", name(n), [said])])
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(main, ["diff", *arguments])


def test_the_last_two_versions_are_shown_with_their_words(home):
    said = run("5" * 20).output
    assert "[-Nine-]{+Ten+} overs were bowled in Leeds." in said
    assert "{+The umpires left.+}" in said
    assert "\nheadline\n" in said
    assert "update, " in said
    assert "\x1b" not in said


def test_a_story_is_found_by_its_address(home):
    assert run(f"https://ap.example/{'5' * 20}", "1", "2").output == run("5" * 20).output


def test_a_program_gets_the_pieces(home):
    said = json.loads(run("5" * 20, "--json").output)
    assert said["body_text"][0][:2] == [{"kind": "cut", "text": "Nine"}, {"kind": "added", "text": "Ten"}]
    assert (said["old"]["version"], said["new"]["change_kind"]) == (1, "update")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nobody",), "no such story"),
        (("5" * 20, "7"), "has no version 7, but 1 to 2"),
    ],
)
def test_what_is_not_there_is_said(home, arguments, why):
    result = run(*arguments)
    assert (result.exit_code, why in result.output) == (2, True)

"""What does the warehouse say of copies, batch after batch?"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from press import NOON, batch, name, story
from test_clusters_grow import OTHER
from test_kinship import EDITS, LEDE, LOCAL, WIRE

from bench.newsroom import Newsroom
from pipelines.page.words import content_hash, words
from pipelines.records import Source, Story
from pipelines.store import batches, clustering, loading, staging, warehouse

AGENCY = Source(name="wire", title="Example Wire", home="https://wire.example/", agency="Example Wire")


def says(story_id, paragraphs, minute=0, **fields):
    body = "\n\n".join(paragraphs)
    given = {
        "source_id": story_id.split("-")[0],
        "body_text": body,
        "word_count": len(body.split()),
        "content_hash": content_hash(words(body)),
        "published_at": NOON + timedelta(minutes=minute),
    }
    return story(story_id, minute, **given | fields)


@pytest.fixture
def wh(tmp_path, lake):
    """The warehouse: `wh(stories)` clusters and loads a batch of them, `wh.ask(sql)` asks it."""
    with warehouse.opened(lake) as connection:
        loading.load(connection, [], [AGENCY])
        yield Line(connection, tmp_path / "data")


@dataclasses.dataclass
class Line:
    connection: warehouse.Connection
    data: Path
    batches: int = 0

    def __call__(self, *stories, raw_ref=None):
        self.batches += 1
        folder = batch(self.data, name(self.batches), stories)
        if raw_ref:  # the page as it was fetched before, read again
            read = [
                dataclasses.replace(s, raw_ref=raw_ref) for s in staging.read(folder / batches.STORIES, Story)
            ]
            staging.write(folder / batches.STORIES, Story, read)
        clustering.cluster_batches(self.connection, [folder])
        loading.load(self.connection, [folder])
        return folder

    def ask(self, sql):
        return self.connection.execute(sql).fetchall()

    def together(self):
        rows = self.ask(
            "SELECT list(story_id ORDER BY story_id) FROM clusters GROUP BY cluster_id ORDER BY 1"
        )
        assert self.ask("FROM stories ANTI JOIN clusters USING (story_id, cluster_id)") == []
        return [row[0] for row in rows]


@pytest.mark.parametrize("edit", ["cut to 20 %", "combined, 40 %", "10 % of characters wrong"])
def test_a_later_batch_finds_its_wire(wh, edit):
    wh(says("wire-1", WIRE), says("other-1", OTHER))
    wh(says("page-1", EDITS[edit](WIRE), 30))
    assert wh.together() == [["other-1"], ["page-1", "wire-1"]]
    ((role, lag, similarity),) = wh.ask(
        "SELECT role, lag, similarity FROM clusters WHERE story_id = 'page-1'"
    )
    assert (role, lag) == ("reprint", timedelta(minutes=30))
    assert 0.2 < similarity <= 1


def test_stories_that_wait_together_find_each_other(wh):
    wh(says("page-1", [*LEDE, *WIRE[1:5], *LOCAL], 30), says("wire-1", WIRE))
    assert wh.together() == [["page-1", "wire-1"]]


def test_a_late_wire_takes_the_place_of_the_origin(wh):
    wh(says("page-1", WIRE[:5], 30), says("page-2", [*WIRE[:4], *LOCAL], 40))
    before = wh.ask("SELECT DISTINCT cluster_id FROM clusters")
    wh(says("wire-1", WIRE, 50, published_at=NOON, origin_agency="Example Wire"))
    assert wh.together() == [["page-1", "page-2", "wire-1"]]
    assert wh.ask("SELECT DISTINCT cluster_id FROM clusters") == before
    found = wh.ask("SELECT story_id, role, round(similarity, 1) FROM clusters ORDER BY 1")
    assert found == [("page-1", "reprint", 1.0), ("page-2", "reprint", 0.7), ("wire-1", "origin", 1.0)]


def test_the_agencys_own_page_is_the_origin_though_it_says_it_came_later(wh):
    wh(says("page-1", WIRE[:6], 10), says("wire-1", WIRE, 30, origin_agency="Example Wire"))
    found = wh.ask("SELECT story_id, role, lag FROM clusters ORDER BY 1")
    assert found == [("page-1", "reprint", None), ("wire-1", "origin", timedelta(0))]


def test_a_story_of_two_wires_names_both(wh):
    wh(says("wire-1", WIRE), says("wire-2", OTHER, 3))
    wh(says("page-1", [*WIRE[:6], *OTHER[:3]], 60))
    assert wh.together() == [["page-1", "wire-1"], ["wire-2"]]
    assert wh.ask("SELECT role, also_from FROM clusters WHERE story_id = 'page-1'") == [
        ("merged", ["wire-2"])
    ]


def test_a_page_that_says_something_else_now_leaves_and_coverage_counts_it_by_itself(wh):
    wh(says("wire-1", WIRE), says("page-1", WIRE, 10))
    wh(says("page-1", OTHER, 90, published_at=NOON + timedelta(minutes=10)))
    assert wh.together() == [["page-1"], ["wire-1"]]
    assert wh.ask("SELECT stories, outlets FROM coverage") == [(1, 1), (1, 1)]


def test_reprints_of_a_killed_wire_stay_with_it(wh):
    wh(says("wire-1", WIRE), says("page-1", [*WIRE[:6], *LOCAL], 10))
    kill = [
        "The story about swimming pools in Leeds is withdrawn. A kill is mandatory; no substitute will be filed."
    ]
    wh(says("wire-1", kill, 60, published_at=NOON, pub_status="canceled", signal="kill"))
    assert wh.together() == [["page-1", "wire-1"]]
    wh(says("page-2", WIRE, 90))
    assert wh.together() == [["page-1", "page-2", "wire-1"]]


def test_a_wire_that_was_read_wrong_is_placed_by_what_its_page_says(wh):
    wh(says("wire-1", WIRE), says("page-1", WIRE, 10))
    ((raw_ref,),) = wh.ask("SELECT raw_ref FROM stories WHERE story_id = 'wire-1'")
    wh(says("wire-1", OTHER, extractor_version="2"), raw_ref=raw_ref)
    assert wh.together() == [["page-1"], ["wire-1"]]


def test_coverage_counts_a_wire_once_and_names_its_agency(wh):
    wh(
        *(
            says(f"b{n}-1", [*WIRE[: 4 + n], *LOCAL[: n % 3]], n, origin_agency="Example Wire")
            for n in range(5)
        )
    )
    wh(says("wire-9", OTHER, origin_agency="Example Wire"))
    found = wh.ask("SELECT stories, outlets, origin_agency FROM coverage ORDER BY 1")
    assert found == [(1, 1, "Example Wire"), (5, 5, "Example Wire")]


def test_a_key_is_kept_of_three_stories_of_a_cluster_so_that_the_fiftieth_reprint_is_found(wh):
    wh(says("wire-1", WIRE))
    for n in range(3):
        wh(*(says(f"b{n}{m}-1", EDITS["typography"](WIRE), 10 * n + m + 1) for m in range(25)))
    wh(says("last-1", WIRE[:4], 600))
    assert len(wh.together()) == 1
    ((most,),) = wh.ask(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM (SELECT unnest(keys) AS k FROM prints) GROUP BY k)"
    )
    assert most <= 30


def test_clustering_a_batch_again_changes_nothing(wh):
    folder = wh(says("wire-1", WIRE), says("page-1", [*WIRE[:5], *LOCAL], 10))
    before = wh.ask("FROM clusters ORDER BY story_id")
    clustering.cluster_batches(wh.connection, [folder])
    assert loading.load(wh.connection, [folder]) == {}
    assert wh.ask("FROM clusters ORDER BY story_id") == before


def test_a_story_of_two_wires_stands_when_either_of_them_is_killed(wh):
    wh(says("wire-1", WIRE), says("wire-2", OTHER, 3))
    wh(says("page-1", [*WIRE[:6], *OTHER[:3]], 60))
    kill = [
        "The story about trawlers in Hull is withdrawn. A kill is mandatory; no substitute will be filed."
    ]
    wh(says("wire-2", kill, 90, published_at=NOON, pub_status="canceled", signal="kill"))
    asked = "SELECT killed_story_id, story_id, role, similarity FROM kills_standing"
    assert wh.ask(asked) == [("wire-2", "page-1", "merged", None)]


def test_a_story_of_two_wires_names_the_one_that_is_found_later_too(wh):
    wh(says("wire-1", WIRE))
    wh(says("page-1", [*WIRE[:6], *OTHER[:4]], 60))
    wh(says("wire-2", OTHER, 3))
    assert wh.together() == [["page-1", "wire-1"], ["wire-2"]]
    assert wh.ask("SELECT role, also_from FROM clusters WHERE story_id = 'page-1'") == [
        ("merged", ["wire-2"])
    ]


@pytest.mark.parametrize(
    ("fields", "evidence"),
    [
        ({"origin_agency": "Example Wire"}, "own_site"),
        ({"source_id": "town", "origin_agency": "Example Wire", "credit_line": "Example Wire"}, "credit"),
        ({"source_id": "town", "origin_agency": "Example Wire", "dateline": "LEEDS (EW)"}, "dateline"),
        ({"source_id": "town", "copyright_notice": "© Example Wire", "origin_agency": "EW"}, "copyright"),
        ({"source_id": "town"}, "first_published"),
        ({"source_id": "town", "published_at": None}, "first_seen"),
    ],
)
def test_a_cluster_says_what_tells_its_origin(wh, fields, evidence):
    wh(says("wire-1", WIRE, **fields), says("page-1", WIRE[:6], 90), says("other-1", OTHER))
    told = wh.ask("SELECT origin_evidence FROM clusters ORDER BY story_id")
    assert told == [(None,), (evidence,), (evidence,)]


def test_what_turns_out_to_be_an_outlets_words_about_itself_holds_nobody_together_any_more(wh):
    about = [
        "The Harbourton Courier has told the town its news since 1871 and belongs to 3,400 readers, who choose "
        "the editor every five years at a meeting in the corn exchange, by show of hands and with much noise.",
        "A subscription costs four crowns a week, and pupils pay nothing. The Courier prints no advertisements "
        "for betting or loans, and it answers every letter that is signed, as its founder Ada Orme laid down.",
    ]
    newsroom = Newsroom(3)
    pages = [says(f"page-{n}", [*newsroom.tongue_story()[:4], *about], n) for n in range(8)]
    wh(*pages[:2])
    wh(*pages[2:4])
    wh(*pages[4:])
    assert len(wh.together()) == 8

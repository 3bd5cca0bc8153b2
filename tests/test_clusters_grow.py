"""Do clusters come out the same, whichever batch a story is in, and who is where when wires are mixed?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kinship import LEDE, LOCAL, WIRE

from bench import edits
from bench.newsroom import Filed, Newsroom
from pipelines.cluster import memberships
from pipelines.copies import Copy
from pipelines.page.words import content_hash, words
from pipelines.prints import printed

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
OTHER = [
    "HULL - Three trawlers were towed into the harbour on Tuesday after ice had closed around them for six days.",
    "All 41 men aboard were well, said harbour master Liv Rask, who had sent two tugs and a helicopter. The crew "
    "of the Marigold burned deck chairs in the galley stove when the diesel ran low.",
    'Skipper Jon Dahl, 58, had seen ice like it only once, in 1979. "You could hear it at night, like somebody '
    'chewing," Dahl told reporters on the quay. His boat lost its rudder and most of its paint.',
    "The owners put the damage at 2.6 million and hope to have the boats at sea again by Easter. Forty tonnes "
    "of cod went to the fish market at Grimsby, where it fetched a fifth less than on the day before.",
    "Two more trawlers, both from Iceland, lie fast some 30 miles further out. Their crews have food for a "
    "fortnight and have asked for nothing but tobacco, according to the coast guard.",
]


def copy(name, paragraphs, minutes=0, **fields):
    body = "\n\n".join(paragraphs)
    given = {
        "published_at": NOON + timedelta(minutes=minutes),
        "first_seen_at": NOON + timedelta(minutes=minutes + 5),
        "on_agency_site": False,
        "prints": (printed(body),) if len(body.split()) >= 20 else (),
    }
    return Copy(
        story_id=name, content_hash=content_hash(words(body)), word_count=len(body.split()), **given | fields
    )


def arrive(*batches, known=None):
    """What is known after these batches came in, one after the other."""
    known = dict(known or {})
    for batch in batches:
        staged = {c.story_id: c for c in batch}
        for m in memberships(batch, known.values()):
            said = {"cluster_id": m.cluster_id, "role": m.role, "similarity": m.similarity}
            known[m.story_id] = replace(
                staged.get(m.story_id) or known[m.story_id], **said, also_from=m.also_from
            )
    return known


def together(known):
    groups = {}
    for c in known.values():
        groups.setdefault(c.cluster_id, set()).add(c.story_id)
    return sorted(map(sorted, groups.values()))


def test_a_reprint_joins_its_wire_and_says_how_much_of_it_is_the_wires():
    known = arrive([copy("wire", WIRE)], [copy("cut", [*WIRE[:3], *LOCAL], 30)])
    assert together(known) == [["cut", "wire"]]
    assert known["cut"].role == "reprint"
    assert known["cut"].similarity == pytest.approx(
        edits.count(WIRE[:3]) / edits.count([*WIRE[:3], *LOCAL]), abs=0.02
    )


def test_a_wire_that_is_found_after_its_reprints_becomes_the_origin_and_joins_them():
    head, rest = copy("head", WIRE[:3], 20), copy("rest", [*LEDE, *WIRE[4:]], 30)
    apart = arrive([head, rest])
    assert together(apart) == [["head"], ["rest"]]
    known = arrive([copy("wire", WIRE)], known=apart)
    assert together(known) == [["head", "rest", "wire"]]
    assert known["wire"].role == "origin"
    assert known["wire"].cluster_id in {c.cluster_id for c in apart.values()}
    assert known["head"].similarity == 1.0


def test_a_story_made_of_two_wires_joins_the_greater_and_names_the_other():
    mixed = [*WIRE[:6], *OTHER[:3]]
    known = arrive([copy("one", WIRE), copy("two", OTHER, 5), copy("mixed", mixed, 60)])
    assert together(known) == [["mixed", "one"], ["two"]]
    assert (known["mixed"].role, known["mixed"].also_from) == ("merged", ("two",))


def test_a_story_of_two_wires_that_claims_to_be_older_bridges_them_no_more_than_another():
    mixed = [*WIRE[:4], *OTHER[:3]]
    known = arrive([
        copy("mixed", mixed), copy("one", WIRE[:4], 20, on_agency_site=True), copy("two", OTHER[:3], 30)
    ])  # fmt: skip
    assert together(known) == [["mixed", "one"], ["two"]]
    assert (known["mixed"].role, known["mixed"].also_from) == ("merged", ("two",))


def test_a_reprint_of_the_mixed_story_bridges_nothing_either():
    mixed = [*WIRE[:6], *OTHER[:3]]
    known = arrive(
        [copy("one", WIRE), copy("two", OTHER, 5)], [copy("mixed", mixed, 60)], [copy("again", mixed, 90)]
    )
    assert together(known) == [["again", "mixed", "one"], ["two"]]


def test_the_day_in_brief_joins_nobody_and_names_its_wires():
    third = [
        *LOCAL,
        "The slide is to be 62 metres long, and green, after a vote among 400 pupils of the town's schools.",
    ]
    brief = [
        *WIRE[:2],
        *OTHER[:2],
        *third[:1],
        "That was the news. The weather stays dry in the east and mild.",
    ]
    known = arrive([copy("one", WIRE), copy("two", OTHER), copy("three", third)], [copy("brief", brief, 60)])
    assert ["brief"] in together(known) or known["brief"].role == "merged"
    assert ["one"] in together(known) or ["two"] in together(known)


def test_an_outlet_that_writes_its_own_story_leaves_the_cluster():
    known = arrive([copy("wire", WIRE), copy("page", WIRE, 10)], [copy("page", OTHER, 10)])
    assert together(known) == [["page"], ["wire"]]


def test_a_wire_that_is_written_anew_keeps_its_reprints():
    known = arrive([copy("wire", WIRE), copy("page", WIRE, 10)], [copy("wire", OTHER)])
    assert together(known) == [["page", "wire"]]


def test_a_killed_wire_keeps_its_reprints():
    killed = replace(
        copy("wire", ["The story about pools in Leeds is withdrawn. No substitute will be filed."]), prints=()
    )
    known = arrive([copy("wire", WIRE), copy("page", [*WIRE[:5], *LOCAL], 10)], [killed])
    assert together(known) == [["page", "wire"]]


def test_what_an_outlet_says_about_itself_is_nobodys_copy():
    about = [
        "The Harbourton Courier has told the town its news since 1871 and belongs to 3,400 readers, who choose the "
        "editor every five years at a meeting in the corn exchange, by show of hands and with much noise.",
        "A subscription costs four crowns a week, and pupils pay nothing. The Courier prints no advertisements for "
        "betting or loans, and it answers every letter that is signed, as its founder Ada Orme laid down.",
    ]
    newsroom = Newsroom(3)
    stories = [copy(f"s{n}", [*about, *newsroom.tongue_story()], n) for n in range(8)]
    assert len(together(arrive(stories))) == 8


def test_the_id_stays_with_the_greater_part():
    before = arrive([copy("wire", WIRE), copy("p1", WIRE[:6], 5), copy("p2", WIRE[:5], 6)])
    (was,) = {c.cluster_id for c in before.values()}
    after = arrive([copy("p2", OTHER, 6)], known=before)
    assert {i: c.cluster_id == was for i, c in after.items()} == {"wire": True, "p1": True, "p2": False}


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_clusters_are_the_same_in_whatever_order_and_batches_stories_come(seed, chance):
    """But for what many unrelated stories share, which is known only once there are many of them."""
    stories = [_copy_of(f) for f in Newsroom(seed).corpus(24, traps=False)]
    at_once = arrive(stories)
    shuffled = chance.sample(stories, k=len(stories))
    middle = chance.randint(1, len(stories) - 1)
    assert together(arrive(shuffled[:middle], shuffled[middle:])) == together(at_once)
    assert together(arrive(*([one] for one in shuffled))) == together(at_once)


def _copy_of(filed: Filed) -> Copy:
    s = filed.story
    return copy(
        s.story_id, s.body_text.split("\n\n"), published_at=s.published_at, first_seen_at=s.fetched_at,
        on_agency_site=s.source_id.startswith("agency"), agency=s.origin_agency, is_syndicated=s.is_syndicated,
    )  # fmt: skip

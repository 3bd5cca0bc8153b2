"""Which stories are the same wire copy, and which of them was first?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.cluster import memberships
from pipelines.copies import FEWEST_WORDS, Copy

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
HASH = "5f2a9c01d4e7b3a8ff00"
ONE = Copy(
    story_id="one",
    content_hash=HASH,
    word_count=90,
    published_at=NOON,
    first_seen_at=NOON,
    on_agency_site=False,
)
LATER = timedelta(minutes=14)


def placed(staged, known=()):
    return {m.story_id: m for m in memberships(staged, known)}


def origin(staged, known=()):
    return next(m.story_id for m in memberships(staged, known) if m.role == "origin")


def test_equal_bodies_are_one_cluster_named_after_the_body():
    found = placed([ONE, replace(ONE, story_id="two")])
    assert {m.cluster_id for m in found.values()} == {"c-5f2a9c01d4e7b3a8"}


def test_other_bodies_are_other_clusters():
    found = placed([ONE, replace(ONE, story_id="two", content_hash="00")])
    assert found["one"].cluster_id != found["two"].cluster_id


def test_stubs_join_nobody():
    stub = replace(ONE, word_count=FEWEST_WORDS - 1)
    found = placed([stub, replace(stub, story_id="two")], [replace(stub, story_id="three", cluster_id="c-x")])
    assert len({m.cluster_id for m in found.values()}) == 2
    assert "three" not in found


def test_a_known_story_keeps_its_cluster_when_its_words_change():
    found = placed([replace(ONE, content_hash="00")], [replace(ONE, cluster_id="c-old")])
    assert found["one"].cluster_id == "c-old"


def test_a_new_copy_joins_the_known_one_and_both_are_placed_again():
    found = placed(
        [replace(ONE, story_id="two", published_at=NOON - LATER)], [replace(ONE, cluster_id="c-old")]
    )
    assert {i: (m.cluster_id, m.role, m.lag) for i, m in found.items()} == {
        "two": ("c-old", "origin", timedelta(0)),
        "one": ("c-old", "reprint", LATER),
    }


def test_clusters_that_nothing_joins_are_left_alone():
    assert set(placed([ONE], [replace(ONE, story_id="far", content_hash="00", cluster_id="c-far")])) == {
        "one"
    }


def test_the_agencys_own_site_is_the_origin_even_when_later():
    agency = replace(ONE, story_id="agency", on_agency_site=True, published_at=NOON + LATER)
    assert origin([ONE, agency]) == "agency"


def test_the_first_published_is_the_origin_even_when_seen_later():
    assert (
        origin([ONE, replace(ONE, story_id="two", published_at=NOON - LATER, first_seen_at=NOON + LATER)])
        == "two"
    )


def test_the_first_seen_is_the_origin_among_the_undated():
    undated = replace(ONE, published_at=None)
    assert origin([undated, replace(undated, story_id="two", first_seen_at=NOON - LATER)]) == "two"


def test_there_is_no_lag_without_both_times():
    found = placed([ONE, replace(ONE, story_id="two", published_at=None)])
    assert found["two"].lag is None


copies = st.lists(
    st.builds(
        Copy,
        story_id=st.sampled_from("abcdef"),
        content_hash=st.sampled_from(["1", "2"]),
        word_count=st.sampled_from([3, 90]),
        published_at=st.none() | st.sampled_from([NOON, NOON + LATER]),
        first_seen_at=st.sampled_from([NOON, NOON + LATER]),
        on_agency_site=st.booleans(),
    ),
    unique_by=lambda c: c.story_id,
)


@given(copies, st.randoms(use_true_random=False))
def test_every_story_has_one_place_every_cluster_one_origin_in_any_order(staged, chance):
    found = memberships(staged, [])
    assert sorted(m.story_id for m in found) == sorted(c.story_id for c in staged)
    origins = [m.cluster_id for m in found if m.role == "origin"]
    assert sorted(origins) == sorted({m.cluster_id for m in found})
    shuffled = chance.sample(staged, k=len(staged))
    assert sorted(memberships(shuffled, []), key=repr) == sorted(found, key=repr)


@given(copies)
def test_placing_again_what_is_known_changes_nothing(staged):
    found = placed(staged)
    known = [replace(c, cluster_id=found[c.story_id].cluster_id) for c in staged]
    assert placed(staged, known) == found

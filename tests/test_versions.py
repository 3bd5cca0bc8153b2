"""What did the publisher do between two versions, and how much of the text did it touch?"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.versions import CHANGE_KINDS, LONGEST, Said, change_kind, diff_ratio

BODY = "The match in Leeds was stopped by rain on Thursday after nine overs were bowled."
OLD = Said(
    headline="Rain stops play",
    body_text=BODY,
    pub_status="usable",
    signal=None,
    ed_note=None,
    correction_text=None,
    content_hash="h1",
    extractor_version="1",
    raw_ref="ap/1/pages.warc.gz:0:sha1-AA",
)
LATER = "ap/2/pages.warc.gz:9:sha1-BB"
EDITED = replace(OLD, body_text=BODY.replace("nine", "ten"), content_hash="h2", raw_ref=LATER)
KILLED = replace(EDITED, pub_status="canceled", body_text="This story has been withdrawn.")

CHANGES = {
    "update": [
        (OLD, EDITED),
        (OLD, replace(EDITED, signal="update")),
        (OLD, replace(OLD, headline="Rain stops play in Leeds", raw_ref=LATER)),
        (replace(OLD, correction_text="Corrects a name"), replace(EDITED, correction_text="Corrects a name")),
        (OLD, replace(EDITED, extractor_version="2")),
    ],
    "correction": [
        (OLD, replace(EDITED, correction_text="Corrects the number of overs")),
        (OLD, replace(EDITED, signal="correction")),
        (OLD, replace(EDITED, signal="CORRECTS")),
        (OLD, replace(EDITED, ed_note="2nd Ld-Writethru, corrects overs")),
        (OLD, replace(EDITED, signal="writethru", correction_text="Corrects the number of overs")),
        (
            replace(OLD, correction_text="Corrects a name"),
            replace(EDITED, correction_text="Corrects a number"),
        ),
    ],
    "writethru": [
        (OLD, replace(EDITED, signal="writethru")),
        (OLD, replace(EDITED, signal="2nd Ld-Writethru")),
        (OLD, replace(EDITED, ed_note="Write-thru with quotes")),
        (replace(OLD, signal="writethru"), replace(EDITED, signal="writethru")),
    ],
    "refile": [
        (OLD, replace(EDITED, signal="REFILE")),
        (OLD, replace(OLD, ed_note="Adds a photo", raw_ref=LATER)),
        (OLD, replace(OLD, headline="RAIN stops play!", raw_ref=LATER)),
        (OLD, replace(EDITED, ed_note="Resending with a dateline")),
    ],
    "kill": [
        (OLD, KILLED),
        (OLD, replace(OLD, pub_status="withheld", raw_ref=LATER)),
        (OLD, replace(KILLED, signal="correction", correction_text="Kills the story")),
    ],
    "restore": [
        (KILLED, OLD),
        (KILLED, replace(EDITED, signal="correction", raw_ref="ap/3/pages.warc.gz:9:sha1-CC")),
    ],
    "extractor_change": [
        (OLD, replace(OLD, body_text="Quite other words", content_hash="h9", extractor_version="2")),
        (OLD, replace(OLD, body_text="By another rule", content_hash="h9")),
        (OLD, replace(KILLED, raw_ref="ap/7/pages.warc.gz:77:sha1-AA", extractor_version="2")),
    ],
}


@pytest.mark.parametrize(
    ("kind", "old", "new"), [(k, *pair) for k, pairs in CHANGES.items() for pair in pairs]
)
def test_change_is_named(kind, old, new):
    assert change_kind(old, new) == kind


def test_every_kind_but_new_is_tried():
    assert set(CHANGES) | {"new"} == set(CHANGE_KINDS)


def test_bytes_without_a_digest_are_nobodys():
    blind = replace(OLD, raw_ref=None)
    other = replace(blind, body_text="Other words", content_hash="h9", extractor_version="2")
    assert change_kind(blind, other) == "update"


words = st.lists(st.sampled_from(["rain", "sun", "in", "Leeds", "stops", "play"]), max_size=30)


@given(words, words)
def test_ratio_is_a_share_and_zero_only_for_the_same_words(left, right):
    old, new = replace(OLD, body_text=" ".join(left)), replace(OLD, body_text=" ".join(right))
    assert 0 <= diff_ratio(old, new) <= 1
    assert (diff_ratio(old, new) == 0) == (left == right)


def test_ratio_of_nothing_kept_is_one():
    assert diff_ratio(replace(OLD, headline=None), replace(OLD, headline=None, body_text="Sun")) == 1.0


def test_ratio_of_half_replaced_is_a_half():
    old, new = (
        replace(OLD, headline=None, body_text="a b c d"),
        replace(OLD, headline=None, body_text="a b x y"),
    )
    assert diff_ratio(old, new) == 0.5


def test_ratio_counts_the_headline():
    assert diff_ratio(OLD, replace(OLD, headline="Sun shines here")) > 0


def test_a_long_page_rewritten_at_one_place_is_measured_exactly():
    many = [f"w{n}" for n in range(LONGEST * 4)]
    edited = [*many[:5000], "new", *many[5001:]]
    old = replace(OLD, headline=None, body_text=" ".join(many))
    assert diff_ratio(old, replace(old, body_text=" ".join(edited))) == round(1 / (LONGEST * 4), 4)

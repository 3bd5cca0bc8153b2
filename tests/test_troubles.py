"""A source falls ill: is it told within one interval, and is its trouble called by its name?

What the twelve are is in `demo/troubles.py`; how they are made and judged, in `bench/troubles.py`, which tries
each of them at every site: here each is at one, in real crawls of sources that have been well for fifteen days.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bench.troubles import CAUSES, MANY, named, ward
from demo.troubles import TROUBLES
from pipelines.ledger import Finding

ROUNDS: tuple[Mapping[str, str], ...] = (
    {
        "meridian": "feed_frozen",
        "courier": "wall_403",
        "veldra": "layout_change",
        "saltmarsh": "feed_empty",
        "kuestenblatt": "robots_closed",
    },
    {
        "meridian": "date_nonsense",
        "courier": "duplicate_storm",
        "veldra": "paywall",
        "saltmarsh": "slow_server",
        "kuestenblatt": "moved_domain",
    },
    {"meridian": "", "courier": ""},
)
"""The trouble that each site has; in the last round they are well."""

BY_NUMBER = {"courier": "half_sections_gone", "kuestenblatt": "silent_drop_60"}
"""Of which how much comes is the symptom: at a greater pace."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What was found, by the trouble; and by the site, of those that were well."""
    said: dict[str, list[Finding]] = {}

    def tried(name: str, rounds: tuple[Mapping[str, str], ...], **pace: int) -> None:
        with ward(tmp_path_factory.mktemp(name), list(rounds[0]), **pace) as one:
            for ills in rounds:
                said.update({ills[site] or site: list(f) for site, f in one.sick(ills).items()})

    tried("twenty", ROUNDS)
    tried("sixty", (BY_NUMBER,), new=MANY)
    return said


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_trouble_is_told_within_one_interval_and_called_by_its_name(found, trouble):
    told = [f"{f.severity.value} {f.cause}: {f.message}" for f in found[trouble]]
    assert named(found[trouble])[:1] == [*CAUSES[trouble]], told


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_told_has_its_evidence_and_a_next_step(found, trouble):
    assert all(f.evidence and f.next_step and f.message for f in found[trouble])


@pytest.mark.parametrize("site", ROUNDS[-1])
def test_of_a_site_that_is_well_nothing_is_told(found, site):
    assert [f.message for f in found[site] if named([f])] == []


@pytest.mark.parametrize("trouble", ["date_nonsense"])
def test_what_would_poison_the_tables_is_held(found, trouble):
    assert any(f.holds for f in found[trouble])


@pytest.mark.parametrize("trouble", ["feed_frozen", "feed_empty", "robots_closed", "silent_drop_60"])
def test_what_only_lacks_stories_is_not_held(found, trouble):
    assert not any(f.holds for f in found[trouble])

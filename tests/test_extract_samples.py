"""Is a story read right in every form of markup and language that we have a sample of?

Floors are pinned: lowering one is a visible act. `tests/samples/make.py` makes the samples.
"""

from __future__ import annotations

import gzip
import json
import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipelines.extract import extract_page
from pipelines.records import Capture, Source, Story

SAMPLES = Path(__file__).parent / "samples"
CASES = sorted(path.parent.relative_to(SAMPLES).as_posix() for path in SAMPLES.glob("*/*/story.json"))
SOURCE = Source(name="paper", title="Paper", home="https://www.paper.example/", timezone="UTC")

FLOORS = {"headline": 1.0, "authors": 1.0, "published_at": 1.0, "keywords": 1.0, "body": 1.0}
"""Share of the samples that state a field in which it must be exact."""


@cache
def story_of(case: str) -> Story:
    folder = SAMPLES / case
    said = tomllib.loads((folder / "capture.toml").read_text())
    result = extract_page(
        Capture(
            url=said["url"],
            status=200,
            headers=(("content-type", said["content_type"]),),
            body=gzip.decompress((folder / "page.html.gz").read_bytes()),
            fetched_at=said["fetched_at"],
        ),
        SOURCE,
    )
    assert isinstance(result, Story), f"{case}: {result}"
    return result


def got(story: Story, field: str) -> Any:
    if field == "body":
        return story.body_text.split("\n\n")
    value = getattr(story, field)
    return (
        value.isoformat()
        if isinstance(value, datetime)
        else list(value)
        if isinstance(value, tuple)
        else value
    )


def expected(case: str) -> dict[str, Any]:
    return json.loads((SAMPLES / case / "story.json").read_text("utf-8"))


def test_there_are_enough_samples() -> None:
    assert len(CASES) >= 60
    assert len({case.split("/")[1] for case in CASES}) >= 12
    assert len({case.split("/")[0] for case in CASES}) >= 14


@pytest.mark.parametrize("case", CASES)
def test_every_stated_field_is_read(case: str) -> None:
    story = story_of(case)
    wrong = {
        field: got(story, field) for field, value in expected(case).items() if got(story, field) != value
    }
    assert not wrong


@pytest.mark.parametrize("field", FLOORS)
def test_quality_is_not_below_its_floor(field: str) -> None:
    stating = [case for case in CASES if field in expected(case)]
    exact = sum(got(story_of(case), field) == expected(case)[field] for case in stating)
    assert exact / len(stating) >= FLOORS[field]

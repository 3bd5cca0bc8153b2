"""Is every real change of a story a version of the right kind, and none of the page's own noise?

Each page is read by the real extractor and loaded by the real loader, one after the other.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from change_table import CHANGES, HEADLINE, NOISE, TEXT, Edit, page
from press import NOON, batch, name

from pipelines.extract import extract_page
from pipelines.records import Capture, Source, Story
from pipelines.store import forms, loading


def read(html: str, hour: int, case: str = "ap") -> Story:
    source = Source(name=case, title="Meridian Wire", home="https://ap.example/", agency="Meridian Wire")
    capture = Capture(
        url="https://ap.example/ferry",
        status=200,
        headers=(("content-type", "text/html; charset=utf-8"),),
        body=html.encode(),
        fetched_at=NOON + timedelta(hours=hour),
    )
    found = extract_page(capture, source)
    assert isinstance(found, Story), f"{found} of {html}"
    return found


def versions_of(folder: Path, cases: dict[str, list[str]]) -> dict[str, list[str]]:
    """The kinds of versions that each case's pages, an hour apart, come to. A case is a source of its own."""
    staged = [
        batch(folder, name(hour, case), [read(html, hour, case)])
        for case, pages in cases.items()
        for hour, html in enumerate(pages)
    ]
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS wh; USE wh")
        forms.make(connection)
        loading.load(connection, staged)
        rows = connection.execute(
            "SELECT source_id, list(change_kind ORDER BY version) FROM story_versions GROUP BY 1"
        ).fetchall()
    return dict(rows)


def test_the_first_page_says_what_it_should():
    story = read(page(Edit()), 0)
    assert (story.headline, story.body_text) == (HEADLINE, "\n\n".join(TEXT))


def test_the_table_is_large_enough():
    assert len(CHANGES) >= 120
    assert len({(kind, repr(edit)) for kind, edit in CHANGES}) == len(CHANGES)
    assert {kind for kind, _ in CHANGES} == {"correction", "writethru", "update", "refile", "kill"}


@pytest.mark.parametrize("kind", ["correction", "writethru", "update", "refile", "kill"])
def test_every_change_is_a_version_of_its_kind(kind, tmp_path):
    edits = {f"case_{n}": edit for n, (what, edit) in enumerate(CHANGES) if what == kind}
    found = versions_of(tmp_path, {case: [page(Edit()), page(edit)] for case, edit in edits.items()})
    wrong = {case: (edit, found[case]) for case, edit in edits.items() if found[case] != ["new", kind]}
    assert wrong == {}


def test_noise_makes_no_version(tmp_path):
    html = page(Edit())
    noisy = {f"case_{n}": (noise, change(html)) for n, (noise, change) in enumerate(NOISE.items())}
    assert [noise for noise, other in noisy.values() if other == html] == ["the same bytes"]
    found = versions_of(tmp_path, {case: [html, other, html] for case, (_, other) in noisy.items()})
    assert {noise: found[case] for case, (noise, _) in noisy.items() if found[case] != ["new"]} == {}


def test_a_killed_story_that_comes_back_is_restored(tmp_path):
    pages = [page(Edit()), page(Edit(notice="This story has been withdrawn.")), page(Edit())]
    assert versions_of(tmp_path, {"ap": pages}) == {"ap": ["new", "kill", "restore"]}

"""Does real input come through? Saved news pages and a real wire story, where they are at hand."""

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from website import declare

from pipelines import steps

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
DEVSET = SHARED / "devset"

pytestmark = pytest.mark.skipif(
    not DEVSET.is_dir(), reason="the saved pages are not ours to publish: ../shared/devset"
)


@pytest.fixture
def warc(tmp_path):
    spec = importlib.util.spec_from_file_location("devset_warc", ROOT / "bench" / "devset_warc.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write(DEVSET, tmp_path / "devset.warc.gz")
    return tmp_path / "devset.warc.gz"


def test_every_real_page_is_a_story_or_a_reasoned_reject(home, warc):
    declare(home, "any", "https://any.example", rights='"keep"')
    batch = steps.replay(warc, "any")
    steps.extract(batch)
    steps.load(steps.cluster())
    ledger = steps.ledger([batch])
    pages = json.loads((DEVSET / "truth.json").read_text())
    assert len(ledger) == len(pages)
    assert [line for line in ledger if line.outcome in ("rejected", "not_story") and not line.reason] == []
    read = [line for line in ledger if line.outcome in ("new", "updated", "unchanged", "duplicate")]
    assert len(read) >= 0.95 * len(pages)
    (row,) = steps.query(
        "SELECT count(*) AS n, count(headline) AS h, min(word_count) AS w FROM stories"
    ).to_pylist()
    assert row["n"] == len({line.story_id for line in read})
    assert row["h"] == row["n"]
    assert row["w"] > 0


FLOORS = {
    "shingle_f1": 0.975,
    "title_stated": 0.99,
    "title_exact": 0.87,
    "authors_exact": 0.88,
    "date_minute": 0.98,
    "date_day": 0.985,
    "topics_f1": 0.81,
}
"""Means over the pages that have a truth for all fields. Lowering one is a visible act."""


@pytest.fixture(scope="module")
def read_pages():
    """Every saved page as the scorer wants it, beside its truth."""
    sys.path[:0] = [str(SHARED / "score"), str(ROOT)]
    from bench.extract import wirehouse

    pages = []
    for item in json.loads((DEVSET / "truth.json").read_text("utf-8")):
        html = gzip.decompress((DEVSET / item["file"]).read_bytes()).decode()
        found = wirehouse(html, item["url"])
        pages.append((SimpleNamespace(id=item["id"], html=html, url=item["url"], truth=item), found))
    yield pages
    del sys.path[:2]


def test_quality_on_real_pages_is_not_below_its_floor(read_pages):
    import scorers

    full = [(page, found) for page, found in read_pages if page.truth["source"] == "fundus_pages"]
    means, _ = scorers.score_pages([page for page, _ in full], {page.id: found for page, found in full})
    assert {name: means[name] for name, floor in FLOORS.items() if means[name] < floor} == {}


def test_a_confidence_of_nine_tenths_is_right_in_19_of_20_real_pages(read_pages):
    import scorers

    sure = [(page, found) for page, found in read_pages if found.get("confidence", 0) >= 0.9]
    right = [scorers.body_scores(p.truth["body"], f["body"])["shingle_f1"] >= 0.95 for p, f in sure]
    assert len(sure) > 0.6 * len(read_pages)
    assert sum(right) >= 0.95 * len(sure)


def test_the_seed_story_is_exact():
    from pipelines import saved

    truth = json.loads((SHARED / "seed" / "truth.json").read_text())
    told = saved.read_page(SHARED / "seed" / "page.html", truth["url"], "2022-11-16T00:00:00+00:00")
    for name in ("headline", "authors", "credit_line", "version_created"):
        assert told[name] == truth[name]
    assert told["body_text"].split("\n\n") == truth["body"]


def test_the_seed_story_is_exact_through_the_whole_line(home, tmp_path):
    from datetime import UTC, datetime

    from pipelines.store import archive

    truth = json.loads((SHARED / "seed" / "truth.json").read_text())
    declare(home, "station", "https://www.station.example")
    writer = archive.ArchiveWriter(tmp_path / "seed.warc.gz", software="test")
    writer.add(
        truth["url"],
        status=200,
        reason="OK",
        protocol="HTTP/1.1",
        headers=[("Content-Type", "text/html"), ("Content-Encoding", "gzip")],
        body=gzip.compress((SHARED / "seed" / "page.html").read_bytes()),
        fetched_at=datetime(2022, 11, 16, tzinfo=UTC),
    )
    writer.close()
    steps.extract(steps.replay(tmp_path / "seed.warc.gz", "station"))
    steps.load(steps.cluster())
    (row,) = steps.query("FROM stories").to_pylist()
    assert (row["headline"], row["authors"], row["credit_line"]) == (
        truth["headline"],
        truth["authors"],
        truth["credit_line"],
    )
    assert row["version_created"].isoformat() == truth["version_created"]
    assert row["body_text"].split("\n\n") == truth["body"]

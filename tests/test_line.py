"""Does the whole line tell the truth? The demo wire is crawled over HTTP and every loaded field compared."""

from __future__ import annotations

import itertools
import os
import re
import statistics
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

import demo
from demo.truth import NOT_OF_THE_PAGE
from pipelines import steps
from pipelines.records import Story, Subject
from pipelines.urls import canonical

EPOCH = datetime(2026, 3, 5, 12, tzinfo=UTC)
INTERVAL = timedelta(seconds=30)
COMPARED = [f.name for f in fields(Story) if f.name not in NOT_OF_THE_PAGE]


def rows(sql):
    return steps.query(sql).to_pylist()


def crawl_all(names):
    """One round by hand; returns the batches."""
    with ThreadPoolExecutor(len(names)) as crawlers:  # each is polite to its own host
        made = [crawled.batch for crawled in crawlers.map(steps.crawl, names)]
    for batch in made:
        steps.extract(batch)
        steps.check(batch)
    steps.load(steps.cluster())
    steps.check()
    return made


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """The demo wire, crawled and loaded twice: when it began, and after all its changes."""
    home = tmp_path_factory.mktemp("line")
    (home / "sources").mkdir()
    before = dict(os.environ)
    os.environ |= {"WIREHOUSE_HOME": str(home), "WIREHOUSE_SOURCES": str(home / "sources")}
    try:
        wire = demo.Wire(seed=7, epoch=EPOCH, interval=INTERVAL)
        with demo.serve(wire, port_base=0, clock=lambda: EPOCH, slow=timedelta(seconds=0.4)) as served:
            names = served.declare(home / "sources")
            for path in (home / "sources").iterdir():  # everything is due again in the second round
                path.write_text(re.sub(r"(?m)^recheck *= .*$", 'recheck = ["1s", "1d"]', path.read_text()))
            first = crawl_all(names)
            told = served.truth()
            loaded = {row["url"]: row for row in rows("FROM stories")}
            ledger = {(row["source_id"], row["url"]): row for row in rows("FROM ledger")}
            served.advance(12 * INTERVAL)
            second = crawl_all(names)
            yield SimpleNamespace(
                served=served,
                names=names,
                first=first,
                second=second,
                told=told,
                loaded=loaded,
                ledger=ledger,
            )
    finally:
        os.environ.clear()
        os.environ |= before


def announced(line):
    """What the channels announced when the first round was crawled: the truth of these URLs."""
    return {url: told for url, told in line.told.items() if (told.source_id, canonical(url)) in line.ledger}


def as_row(value):
    if isinstance(value, Subject):
        return {"scheme": value.scheme, "code": value.code, "name": value.name}
    return [as_row(v) for v in value] if isinstance(value, tuple) else value


def test_each_announced_url_is_in_the_ledger_once(line):
    shown = {canonical(url) for urls in line.served.wire.announced_at(EPOCH).values() for url in urls}
    assert {url for _, url in line.ledger} == shown
    assert len(shown) >= 60


def test_every_lead_ended_as_it_should(line):
    wrong = {
        url: (
            line.ledger[told.source_id, canonical(url)]["outcome"],
            told.outcome.value,
            line.ledger[told.source_id, canonical(url)]["reason"],
        )
        for url, told in announced(line).items()
        if line.ledger[told.source_id, canonical(url)]["outcome"] != told.outcome.value
    }
    assert wrong == {}


def test_the_table_has_the_stories_of_the_wire_and_no_others(line):
    true = {
        told.story.url
        for told in announced(line).values()
        if told.story is not None and told.outcome == "new"
    }
    assert set(line.loaded) == true


@pytest.mark.parametrize("name", COMPARED)
def test_field_is_true_in_every_row(line, name):
    wrong = []
    for told in announced(line).values():
        row = told.story and line.loaded.get(told.story.url)
        if row and row[name] != as_row(getattr(told.story, name)):
            wrong.append((told.story.url, row[name], as_row(getattr(told.story, name))))
    assert wrong == []


def test_word_for_word_reprints_are_in_one_cluster_with_their_origin(line):
    pairs = [
        (line.loaded[told.story.url]["cluster_id"], line.loaded[told.origin]["cluster_id"])
        for told in announced(line).values()
        if told.word_for_word and told.story.url in line.loaded and told.origin in line.loaded
        # the agency may have rewritten its own since
        if told.story.body_text == line.told[told.origin].story.body_text
    ]
    assert len(pairs) >= 5
    assert all(reprint == origin for reprint, origin in pairs)


def test_different_stories_are_in_different_clusters(line):
    own = [
        line.loaded[t.story.url]["cluster_id"]
        for t in announced(line).values()
        if t.manner == "own" and t.story and t.story.url in line.loaded
    ]
    assert len(own) == len(set(own))


def test_changes_are_versions_of_the_same_story(line):
    now = line.served.truth()
    chains = {}
    for row in rows("FROM story_versions ORDER BY story_id, valid_from"):
        chains.setdefault(row["url"], []).append(row)
    seen_twice = [told for told in now.values() if told.story and told.story.url in line.loaded]
    changed = [told for told in seen_twice if told.versions[-1].at > EPOCH]
    assert {told.fate for told in changed} >= {"update", "writethru", "correction", "kill"}
    for told in seen_twice:
        chain = chains[told.story.url]
        kinds = ["new", told.versions[-1].change_kind] if told in changed else ["new"]
        assert [row["change_kind"] for row in chain] == kinds, told.url
        said = {name: as_row(getattr(told.story, name)) for name in COMPARED}
        assert {name: chain[-1][name] for name in COMPARED} == said, told.url
        assert [row["version"] for row in chain] == list(range(1, len(chain) + 1))
        assert len({row["story_id"] for row in chain}) == 1
        assert [row["valid_to"] for row in chain] == [*(row["valid_from"] for row in chain[1:]), None]


def test_a_killed_story_is_no_longer_usable(line):
    killed = {
        t.story.url
        for t in line.served.truth().values()
        if t.fate == "kill" and t.versions[-1].change_kind == "kill"
    }
    shown = {row["url"] for row in rows("SELECT url FROM stories_usable")}
    assert killed & set(line.loaded)
    assert not killed & shown


def test_the_ledger_of_both_rounds_balances(line):
    leads = {row["run_id"]: row["leads"] for row in rows("SELECT run_id, leads FROM runs")}
    counted = Counter(row["run_id"] for row in rows("SELECT run_id FROM ledger"))
    assert set(leads) == {*line.first, *line.second}
    assert {run: counted[run] for run in leads} == leads


def test_every_row_leads_back_to_its_bytes(line):
    from pipelines.store import archive, batches

    for row in line.loaded.values():
        run, _, place = row["raw_ref"].partition(f"/{batches.PAGES}:")
        assert run == row["run_id"]
        with (steps.places().data / run / batches.PAGES).open("rb") as file:
            record = archive.read_at(file, int(place.split(":")[0]), run)
        assert record.status == 200
        assert place.endswith(record.digest)


def test_loading_everything_again_changes_nothing(line):
    tables = ["stories", "story_versions", "ledger", "fetches", "runs", "sightings"]
    before = {table: rows(f"FROM {table} ORDER BY ALL") for table in tables}
    steps.load([*line.first, *line.second])
    assert {table: rows(f"FROM {table} ORDER BY ALL") for table in tables} == before


def test_crawling_is_polite(line):
    """One question at a time, and never faster than robots.txt asks (Le Phare: one a second)."""
    asked = [asked for asked in line.served.requests if asked.site == "phare" and asked.path != "/robots.txt"]
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(asked)]
    assert len(gaps) > 10
    # The server notes when its thread is woken, which a busy machine does late: a gap is then a little shorter.
    assert min(gaps) >= 0.6
    assert statistics.median(gaps) >= 0.95
    assert {one.headers["user-agent"].split("/")[0] for one in line.served.requests} == {"Wirehouse"}

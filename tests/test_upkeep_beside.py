"""May upkeep run beside crawls, loads and readers, and be killed at any moment, without a row or a page lost?"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from crawling import crawl
from press import batch, name
from press import story as told
from website import declare, rss, story

from pipelines import steps
from pipelines.store import batches, loading, maintenance, pages, reading, warehouse

ROUNDS = 2
PER_ROUND = 4
BODY = ["The council of Port Ellery voted on Monday to keep its light, and on Tuesday to mend it."] * 5

UPKEEP = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pipelines import steps, upkeep
upto = Path(str(steps.places().data)) / "wire" / ".joined" / "upto.json"
while True:
    upto.unlink(missing_ok=True)  # or today would be done with its first batches
    # Batches of this minute are taken for old, so that all that can meet does meet.
    upkeep.upkeep(["join", "forget"], now=datetime.now(UTC) + timedelta(days=400))
    upkeep.upkeep(["sweep", "warehouse"])
    print("round", flush=True)
"""

READER = """
import sys
from pipelines import steps
from pipelines.store import pages
most = 0
print("ready", flush=True)
for line in sys.stdin:  # a question each; until there are no more
    rows = steps.query("SELECT raw_ref, headline FROM stories").to_pylist()
    assert len(rows) >= most, f"{most} stories became {len(rows)}"
    most = len(rows)
    for row in rows:
        assert row["headline"].encode() in pages.read(steps.places().data, row["raw_ref"]).payload
    versions = steps.query("SELECT count(*) AS n FROM story_versions").to_pylist()
    print(most, versions[0]["n"], flush=True)
"""


def started(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"WIREHOUSE_PROCESSES": "1"},
    )  # fmt: skip


@pytest.mark.timeout(300)
def test_what_is_loaded_is_what_was_crawled_and_every_page_is_where_its_raw_ref_says(home, site, monkeypatch):
    monkeypatch.setenv("WIREHOUSE_PROCESSES", "1")
    declare(home, "wire", site.base, recheck="[]")
    keeper, reader = started(UPKEEP), None
    rounds = 0
    try:
        for turn in range(1, ROUNDS + 1):
            known = [f"/{n}" for n in range(turn * PER_ROUND)]
            site.pages["/rss"] = rss(site.base, *known)
            site.pages |= {p: story(f"Light {p[1:]} stays lit", *BODY, f"It is number {p}.") for p in known}
            steps.extract(crawl().batch)
            steps.load(steps.cluster())
            if reader is None:
                reader = started(READER)
                assert reader.stdout.readline() == "ready\n"
            if turn % 2:
                assert keeper.stdout.readline() == "round\n", "upkeep failed by itself"
                rounds += 1
            else:  # wherever it is
                keeper.kill()
                keeper.wait()
                keeper.stdin.close()
                keeper.stdout.close()
                keeper = started(UPKEEP)
            reader.stdin.write("again\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == f"{turn * PER_ROUND} {turn * PER_ROUND}\n"
        for _ in range(2):  # one that began after the last load ends
            assert keeper.stdout.readline() == "round\n", "upkeep failed by itself"
    finally:
        for child in filter(None, (keeper, reader)):
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()
    rows = steps.query("SELECT url, raw_ref, version, headline FROM stories ORDER BY url").to_pylist()
    assert {row["headline"] for row in rows} == {f"Light {n} stays lit" for n in range(ROUNDS * PER_ROUND)}
    assert {row["version"] for row in rows} == {1}
    data = steps.places().data
    for row in rows:
        assert f"number /{row['url'].rsplit('/', 1)[1]}.".encode() in pages.read(data, row["raw_ref"]).payload
    own = [name for name in batches.of_source(data, "wire") if (data / name / batches.PAGES).exists()]
    assert len(own) <= 1  # one alone is not joined
    assert steps.query("SELECT count(*) AS n FROM runs").to_pylist() == [{"n": ROUNDS}]
    assert rounds == ROUNDS / 2
    site.asked.clear()
    site.pages["/rss"] = rss(site.base, *reversed([f"/{n}" for n in range(ROUNDS * PER_ROUND)]))
    crawl()
    assert [path for path in site.paths() if path.strip("/").isdigit()] == []  # nothing is fetched twice


@pytest.fixture
def one_load(home) -> str:
    """The attach string of a warehouse whose rows are still in its catalog."""
    attach = steps.places().warehouse
    with warehouse.opened(attach) as connection:
        loading.load(connection, [batch(home / "data", name(1), [told("s1")])])
    return attach


def tidy(attach: str) -> None:
    with warehouse.opened(attach) as connection:
        assert maintenance.maintain(connection)["rows_flushed"] > 0


def test_a_load_in_whose_time_upkeep_moved_rows_is_done_again(one_load):
    found = []

    def work() -> None:
        found.append(connection.execute("SELECT count(*) FROM observations").fetchone())
        if len(found) == 1:
            tidy(one_load)
        connection.execute("UPDATE turnstile SET loads = loads + 1")

    with warehouse.opened(one_load) as connection:
        warehouse.committed(connection, work)
        assert connection.execute("SELECT loads FROM turnstile").fetchall() == [(2,)]
    assert len(found) == 2


def test_a_question_in_whose_time_upkeep_moved_rows_is_asked_again(one_load):
    asked = []

    class Slow:
        """A connection in whose first question upkeep comes in between."""

        def execute(self, sql, parameters=None):
            answer = connection.execute(sql, parameters)
            if sql == question:
                asked.append(sql)
                table = answer.to_arrow_table()
                if len(asked) == 1:
                    tidy(one_load)
                return type("Answer", (), {"to_arrow_table": lambda _: table})()
            return answer

    question = "SELECT count(*) AS n FROM story_versions"
    with warehouse.opened(one_load, read_only=True) as connection:
        assert reading.steady(Slow(), question).to_pylist() == [{"n": 1}]
    assert len(asked) == 2

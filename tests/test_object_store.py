"""Does the whole line work with its batches on object storage, as it does with a folder?"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import boto3
import object_store
import pytest
from website import declare, rss, story

from pipelines import quarantine, rehearse, steps, upkeep
from pipelines.desk import answers
from pipelines.places import places
from pipelines.store import batches

WORDS = [
    "The council of Port Ellery voted on Monday to keep the light on its pier.",
    "Nobody spoke against it, and the keeper was applauded by all who had come.",
]


@pytest.fixture(scope="module")
def store():
    with object_store.serving() as one:
        yield one


@pytest.fixture
def wire(home, site, store, monkeypatch):
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("WIREHOUSE_DATA", f"{store.url}/data")
    declare(home, "wire", site.base)
    site.pages = {
        "/rss": rss(site.base, "/a", "/b"),
        "/a": story("Light stays", *WORDS),
        "/b": story("Bell goes", *(w.replace("light", "bell") for w in WORDS)),
    }
    return site


def publish():
    return steps.load(steps.cluster())


def test_the_line_from_the_first_crawl_to_upkeep_and_a_rehearsal(wire, store, home):
    first = steps.crawl("wire").batch
    steps.extract(first)
    assert steps.check(first) == []
    assert publish() == {"runs": 1, "new": 2}
    assert batches.waiting(places().data) == []

    # What we remember of the source is kept there too.
    wire.pages |= {"/rss": rss(wire.base, "/a", "/b", "/c"), "/c": story("New harbour", *reversed(WORDS))}
    wire.asked.clear()
    second = steps.crawl("wire").batch
    assert {"/a", "/b"}.isdisjoint(wire.paths())
    steps.extract(second)

    # Somebody's word about a held batch, and the desk of a process that looked there before.
    def held():
        return {row["name"]: row["held"] for row in json.loads(answers.overview())["sources"]}

    assert held() == {"wire": 0}
    s3 = boto3.client("s3", endpoint_url=store.endpoint)  # (another process, as the desk sees it)
    s3.put_object(Bucket=store.bucket, Key=f"data/.held/{second.replace('/', '--')}", Body=b"")
    assert held() == {"wire": 1}
    quarantine.release(second, by="a test", why="it is well")
    assert held() == {"wire": 0}
    assert publish()["new"] == 1

    # The pages of a day become one file; a page is still found in it.
    now = datetime.now(UTC)
    done = {
        one.step: one.figures
        for one in upkeep.upkeep(["join", "retain", "forget", "sweep"], now=now + 2 * DAY)
    }
    assert done["join"]["batches"] == 2
    assert [key for key in store.keys("data/") if key.endswith("pages.warc.gz")] == []
    [row] = steps.query("SELECT raw_ref FROM stories WHERE headline = 'New harbour'").to_pylist()
    assert "New harbour" in answers.page(row["raw_ref"])[0]

    # Read again, and forgotten.
    found = rehearse.rehearse(["wire"], now - DAY, now + DAY)
    assert found.tallies["wire"].pages == 3
    rehearse.drop(found.id)
    assert sorted(os.listdir(home)) == ["sources", "warehouse"]


DAY = timedelta(days=1)

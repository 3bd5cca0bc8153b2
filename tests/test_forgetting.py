"""Is a story that is long over forgotten, and still neither new nor fetched again?"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from crawling import crawl, outcomes
from website import declare, rss, story

from pipelines import steps
from pipelines.records import Source
from pipelines.store import state
from pipelines.store.batches import FRONTIER
from pipelines.store.state import open_memory

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SOURCE = Source(name="wire", title="Wire", home="https://wire.example/", recheck=(timedelta(minutes=15),))
LATER = timedelta(days=200)
BODY = ["The council of Port Ellery voted on Monday to keep its light, and on Tuesday to mend it."] * 5


def remembered(home):
    return open_memory(home / "data" / "wire" / FRONTIER)


def forget_all(home):
    """As if all that is remembered had happened long ago, and were over."""
    with remembered(home) as memory:
        memory._db.execute("update seen set due_at = null")
        memory._db.commit()
        return memory.forget(datetime.now(UTC) + timedelta(days=1))


def test_a_pruned_source_fetches_nothing_again(home, site):
    declare(home, "wire", site.base, recheck="[]")
    site.pages["/rss"] = rss(site.base, *(f"/{n}" for n in range(5)))
    site.pages |= {f"/{n}": story(f"Light {n} stays lit", *BODY) for n in range(5)}
    steps.extract(crawl().batch)
    crawl()  # what was read is learned
    assert forget_all(home).rows == 5
    site.pages["/rss"] = rss(
        site.base, *(f"/{n}" for n in range(6))
    )  # a feed that is unchanged names nothing
    site.pages["/5"] = story("Light 5 stays lit", *BODY)
    site.asked.clear()
    assert outcomes(crawl()) == {**{str(n): "not_due" for n in range(5)}, "5": None}
    assert [path for path in site.paths() if path.strip("/").isdigit()] == ["/5"]


def test_a_forgotten_story_that_its_channel_says_has_changed_is_fetched_and_is_the_same_story(home, site):
    declare(home, "wire", site.base, recheck="[]", sitemaps=f'["{site.base}/news.xml"]', feeds="[]")

    def news(at: datetime) -> tuple[int, dict[str, str], bytes]:
        entry = f"<url><loc>{site.base}/1</loc><lastmod>{at.isoformat()}</lastmod></url>"
        body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entry}</urlset>'
        return 200, {"Content-Type": "application/xml"}, body.encode()

    site.pages["/news.xml"] = news(datetime.now(UTC) - timedelta(hours=1))
    site.pages["/1"] = story("Light stays lit", *BODY)
    first = crawl()
    steps.extract(first.batch)
    steps.load(steps.cluster())
    crawl()
    forget_all(home)
    site.pages["/news.xml"] = news(datetime.now(UTC))
    site.pages["/1"] = story("Light stays lit until May", *BODY)
    second = crawl()
    assert outcomes(second) == {"1": None}
    steps.extract(second.batch)
    assert steps.load(steps.cluster()) == {"runs": 1, "updated": 1}
    told = steps.query("SELECT version, headline FROM story_versions ORDER BY version").to_pylist()
    assert [row["headline"] for row in told] == ["Light stays lit", "Light stays lit until May"]


def line(n, **more):
    url = f"https://wire.example/{n}"
    given = {
        "kind": "lead", "url": url, "found_url": url, "at": NOW, "outcome": None, "digest": "d", "http_status": 200,
        "guid": f"urn:wire:{n}", "title": f"Story {n}", "published_raw": format_datetime(NOW), "channel": "c",
    }  # fmt: skip
    return given | more


@pytest.fixture
def memory(tmp_path):
    with open_memory(tmp_path / "frontier.sqlite") as memory:
        yield memory


def test_what_is_due_or_young_stays_whole(memory):
    memory.fold("wire/1", [line(1), line(2)], SOURCE)  # both are due in 15 minutes
    assert memory.forget(NOW + LATER).rows == 0
    memory.fold("wire/2", [line(1, at=NOW + timedelta(minutes=20))], SOURCE)  # past its ladder
    assert memory.forget(NOW).rows == 0
    assert memory.forget(NOW + LATER).rows == 1
    assert memory.get("https://wire.example/2").title == "Story 2"
    left = memory.get("https://wire.example/1")
    assert (left.last_visit_at, left.first_seen_at, left.due_at) == (NOW + timedelta(minutes=20), NOW, None)
    assert left.is_read


def test_a_forgotten_storys_guid_at_another_address_is_still_known(memory):
    memory.fold("wire/1", [line(1)], SOURCE)
    memory.fold_readings("wire/1", [state.Reading(url=line(1)["url"], story_id="s1", words="1:a")])
    memory.fold("wire/2", [line(1, at=NOW + timedelta(minutes=20), outcome="unchanged")], SOURCE)
    assert memory.forget(NOW + LATER).rows == 1
    (left,) = memory.under_guid("urn:wire:1")
    assert (left.story_id, left.published_raw) == ("s1", format_datetime(NOW))
    assert memory.under_guid("urn:wire:2") == []


def test_a_forgotten_address_is_no_news_of_its_channel(memory):
    memory.fold("wire/1", [line(1, at=NOW), line(1, at=NOW + timedelta(minutes=20))], SOURCE)
    memory.forget(NOW + LATER)
    assert not memory._is_new(line(1)["url"], NOW + LATER)
    assert memory._is_new(line(2)["url"], NOW + LATER)


def test_forgetting_twice_is_forgetting_once_and_the_file_becomes_small(memory):
    lines = [line(n, at=NOW + timedelta(minutes=20), title="Rain " * 20) for n in range(3000)]
    memory.fold("wire/1", [line(n) for n in range(3000)], SOURCE)
    memory.fold("wire/2", lines, SOURCE)
    done = memory.forget(NOW + LATER)
    assert done.rows == 3000
    assert done.bytes > 3000 * 150
    assert memory.forget(NOW + LATER) == state.forgetting.Forgotten()
    assert memory.get(line(2999)["url"]).is_read


def test_a_memory_of_the_version_before_is_kept_and_gets_what_it_lacks(tmp_path):
    path = tmp_path / "frontier.sqlite"
    with open_memory(path) as memory:
        memory.fold("wire/1", [line(1)], SOURCE)
    older = sqlite3.connect(path)
    older.executescript("drop table past; pragma user_version = 6;")
    older.close()
    with open_memory(path) as memory:
        assert memory.folded() == {"wire/1"}
        assert memory.get(line(2)["url"]) is None

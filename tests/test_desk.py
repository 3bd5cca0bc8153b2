"""Does the desk say which source is sick, since when and why, and where a URL went?"""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from desk_stock import HARM, LINES, stock
from suspicion import suspecting
from website import declare, rss, serving, story

from pipelines import judge_step, steps
from pipelines.desk import answers, band, glance, trail
from pipelines.desk.kept import Kept
from pipelines.errors import BatchError, UsageError, WarehouseError
from pipelines.store import batches
from pipelines.store.kept_open import KeptOpen

NOW = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)
UNTIL = datetime(2026, 3, 5, 13, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


# What is usual


def counts(hours):
    return np.array([hours], dtype=np.int64)


def test_what_is_usual_follows_the_hour_of_the_week():
    nights_are_silent = [0 if ago % 24 < 8 else 9 for ago in range(35 * 24)]
    usual = band.expected(counts(nights_are_silent))
    assert (usual.low[0, 4], usual.high[0, 4]) == (0, 0)
    assert usual.low[0, 14] > 2
    assert usual.high[0, 14] < 17


def test_a_slump_does_not_make_itself_usual():
    usual = band.expected(counts([0] * 48 + [9] * (33 * 24)))
    assert usual.low[0].min() > 2


def test_hours_are_marked_that_together_bring_too_few_though_none_alone_says_so():
    silent_for_five = band.expected(counts([0] * 6 + [3] * (35 * 24 - 6)))
    assert silent_for_five.low[0].max() == 0
    assert silent_for_five.slump[0].nonzero()[0].tolist() == [1, 2, 3, 4, 5]
    assert not band.expected(counts([3, 0, 3, 3] * (35 * 6))).slump.any()


def test_of_a_source_that_is_new_nothing_is_expected_and_then_by_the_hour_of_the_day():
    def known_for(hours):
        return band.expected(counts([9] * hours + [0] * (35 * 24 - hours)))

    assert not known_for(71).known[0]
    assert known_for(120).known[0]
    assert known_for(120).low[0, 10] > 2


# All sources at a glance


def source(name, **more):
    said = {"title": name.title(), "enabled": True, "tags": [], "every": 900}
    return {"source_id": name, **said} | more


def run(name, at=NOW - 10 * MINUTE):
    return {"source_id": name, "last_run_at": at, "finish_reason": "finished", "bytes": 1}


def trouble(name, severity="error", cause="blocked", since=NOW - 90 * MINUTE):
    said = {"message": "12 of 12 answers were 403", "next_step": "ask the publisher", "last_found_at": NOW}
    return {"source_id": name, "severity": severity, "cause": cause, "since": since, **said}


HOURS = pa.table(
    {
        "source_id": pa.array([], pa.string()),
        "ago": pa.array([], pa.int64()),
        "stories": pa.array([], pa.int64()),
        "confidence": pa.array([], pa.float64()),
        "newest_at": pa.array([], pa.timestamp("us", tz="UTC")),
    }
)


def overview(sources, runs=(), troubles=(), held=(), hours=HOURS, outcomes=()):
    found = {"sources": sources, "runs": runs, "outcomes": outcomes, "troubles": troubles}
    found |= {"hours": hours, "before": HOURS}
    return glance.overview(found, held, NOW, UNTIL)["sources"]


def test_the_sick_stand_first_and_among_them_those_that_have_just_fallen_sick():
    names = ["calm", "down", "just_down", "dull", "asleep", "unborn", "stuck", "forgotten"]
    rows = overview(
        [source(n, enabled=n != "asleep") for n in names],
        [run(n, NOW - 5 * 60 * MINUTE if n == "forgotten" else NOW - MINUTE) for n in names if n != "unborn"],
        [trouble("down"), trouble("just_down", since=NOW - MINUTE), trouble("dull", "warning", "quiet_day")],
        held=["stuck/20260305T120000Z-3f2a"],
    )
    assert [(row["name"], row["state"]) for row in rows] == [
        ("just_down", "sick"),
        ("down", "sick"),
        ("dull", "ailing"),
        ("forgotten", "ailing"),
        ("stuck", "held"),
        ("unborn", "new"),
        ("calm", "well"),
        ("asleep", "resting"),
    ]


def test_a_trouble_says_what_since_when_and_what_next():
    [row] = overview([source("ap")], [run("ap")], [trouble("ap")])
    assert row["troubles"] == [
        {
            "cause": "blocked",
            "severity": "error",
            "message": "12 of 12 answers were 403",
            "next_step": "ask the publisher",
            "since": int((NOW - 90 * MINUTE).timestamp()),
        }
    ]


def test_stories_stand_in_their_hours_the_running_one_last():
    hours = pa.table(
        {
            "source_id": ["ap", "ap", "nobody"],
            "ago": [0, 47, 0],
            "stories": [3, 2, 8],
            "confidence": [2.7, 1.8, 1.0],
            "newest_at": pa.array([NOW - MINUTE, NOW - 2000 * MINUTE, NOW], pa.timestamp("us", tz="UTC")),
        }
    )
    [row] = overview([source("ap")], [run("ap")], hours=hours)
    assert row["hours"] == [2, *[0] * 46, 3]
    assert (row["day"], row["newest"]) == (3, int((NOW - MINUTE).timestamp()))
    assert (row["confidence"], row["usual_confidence"]) == (0.9, 0.9)
    assert "low" not in row


def test_what_was_not_due_is_no_outcome_and_rechecks_are_counted_apart():
    def ended(outcome, leads, rechecks):
        return {"source_id": "ap", "outcome": outcome, "leads": leads, "rechecks": rechecks}

    found = [ended("new", 5, 0), ended("not_due", 90, 90), ended("unchanged", 8, 7), ended("updated", 2, 2)]
    [row] = overview([source("ap")], [run("ap")], outcomes=found)
    assert row["outcomes"] == {"new": 5, "unchanged": 8, "updated": 2}
    assert row["rechecks"] == [9, 2]


# Where did it go?


def test_every_outcome_has_its_words():
    from pipelines.ledger import Outcome

    assert set(trail.ENDED) == set(Outcome)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    home = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch, serving() as site:
        (home / "sources").mkdir()
        patch.setenv("WIREHOUSE_HOME", str(home))
        patch.setenv("WIREHOUSE_SOURCES", str(home / "sources"))
        stock(home, site)
        yield site


def found(asked):
    return [(step["kind"], step["good"], step["text"]) for step in json.loads(answers.find(asked))["steps"]]


def test_a_url_is_followed_from_its_feed_to_its_row_and_its_versions(stocked):
    told = found(f"{stocked.base}/plain?utm_source=x")
    assert [kind for kind, _, _ in told] == [
        "announced",
        "ended",
        "ended",
        "row",
        "version",
        "version",
        "cluster",
    ]
    assert told[0][2] == f"Announced by rss {stocked.base}/rss, at the top."
    assert told[1][2] == "Fetched, HTTP 200. It was read as a new story."
    assert told[2][2] == "Fetched, HTTP 200. It was read, and its words had changed."
    assert "version 2, usable" in told[3][2]


def test_a_story_is_found_by_its_id_too(stocked):
    [row] = steps.query("SELECT story_id FROM stories WHERE url LIKE '%/plain'").to_pylist()
    assert found(row["story_id"]) == found(f"{stocked.base}/plain")


def test_a_url_that_led_nowhere_says_why(stocked):
    assert found(f"{stocked.base}/gone")[-1] == ("ended", False, "Fetched, HTTP 404. The page is gone: 404.")


def test_a_url_that_nobody_announced_says_so_and_who_follows_its_host(stocked):
    told = json.loads(answers.find(f"{stocked.base}/never"))
    assert [step["kind"] for step in told["steps"]] == ["nothing"]
    assert told["same_host"] == ["wire"]


def test_a_url_whose_batch_is_not_loaded_yet_is_found_in_it(stocked):
    stocked.pages |= {"/rss": stocked.pages["/rss"], "/fresh": stocked.pages["/plain"]}
    feed = stocked.pages["/rss"]
    stocked.pages["/rss"] = (*feed[:2], feed[2].replace(b"/plain<", b"/fresh<"))
    batch = steps.crawl("wire").batch
    steps.extract(batch)
    try:
        told = found(f"{stocked.base}/fresh")
        assert [kind for kind, _, _ in told] == ["staged"]
        assert f"not loaded yet: batch {batch}" in told[0][2]
        data = steps.places().data
        batches.mark(data, batches.HELD, batch)
        batches.unmark(data, batches.WAITING, [batch])
        assert f"held in quarantine: batch {batch}" in found(f"{stocked.base}/fresh")[0][2]
        assert json.loads(answers.source("wire"))["held"] == [batch]
        [row] = json.loads(answers.overview())["sources"]
        assert row["held"] == 1
        batches.unmark(data, batches.HELD, [batch])
        batches.mark(data, batches.WAITING, batch)
    finally:
        stocked.pages["/rss"] = feed
        steps.load(steps.cluster())


@pytest.mark.parametrize("asked", ["'; DROP TABLE stories; --", "$keys%", HARM])
def test_what_is_searched_for_is_never_read_as_sql(stocked, asked):
    assert [kind for kind, _, _ in found(asked)] == ["nothing"]
    for ask in (answers.source, answers.story):
        with pytest.raises(UsageError):
            ask(asked)
    assert steps.query("SELECT count(*) AS n FROM stories").to_pylist()[0]["n"] >= 2


@pytest.mark.parametrize("asked", ["", "  ", "x" * 2001])
def test_what_nobody_can_mean_is_refused(stocked, asked):
    with pytest.raises(UsageError):
        answers.find(asked)


def test_what_is_no_address_is_said_to_be_none(stocked):
    with pytest.raises(UsageError, match="no address"):
        answers.find("http://[")


# A source, a story, a page


def test_a_sources_page_has_its_batches_what_became_of_their_leads_and_its_stories(stocked):
    told = json.loads(answers.source("wire"))
    kinds = [run["kind"] for run in told["runs"]]
    assert kinds.count("replay") == 1
    first = min((run for run in told["runs"] if run["kind"] == "crawl"), key=lambda run: run["started_at"])
    assert first["outcomes"]["new"] == 2
    assert sum(first["outcomes"].values()) == first["leads"]
    assert {channel["outcome"] for channel in told["channels"]} >= {"ok"}
    assert "The light stays lit" in {story["headline"] for story in told["stories"]}


def test_a_diff_between_versions_names_the_words(stocked):
    [row] = steps.query("SELECT story_id FROM stories WHERE url LIKE '%/plain'").to_pylist()
    told = json.loads(answers.difference(row["story_id"], None, None))
    assert [piece for piece in told["body"][0] if piece[0] != "same"] == [
        ["cut", "nine"],
        ["added", "ten"],
        ["cut", "two"],
        ["added", "one"],
    ]


def test_an_archived_page_is_read_where_the_story_says_its_bytes_are(stocked):
    [row] = steps.query("SELECT raw_ref FROM stories WHERE headline LIKE '%harmed%'").to_pylist()
    text, url, _ = answers.page(row["raw_ref"])
    assert HARM in text
    assert url == f"{stocked.base}/hostile"


@pytest.mark.parametrize(
    "ref", ["../../etc/passwd:0", "wire/20260305T120000Z-3f2a/../../x:0:y", "/etc/passwd:0", "", "wire/x:1"]
)
def test_no_file_but_an_archive_is_ever_read(stocked, ref):
    with pytest.raises(UsageError):
        answers.page(ref)


def test_a_page_whose_batch_is_gone_is_said_to_be(stocked):
    with pytest.raises(BatchError, match="no batch"):
        answers.page("wire/20200101T000000Z-0000/pages.warc.gz:0:x")


def test_before_the_first_load_the_desk_is_empty_and_says_what_to_do(home):
    told = json.loads(answers.overview())
    assert told["sources"] == []
    assert "load a batch first" in told["note"]


def test_before_the_first_load_a_held_batch_its_source_and_what_is_wrong_with_it_are_seen(
    home, site, monkeypatch
):
    declare(home, "wire", site.base)
    declare(home, "other", site.base)
    (home / "suspect").touch()
    monkeypatch.setattr(judge_step, "judge", suspecting(judge_step.judge, home / "suspect"))
    site.pages |= {"/rss": rss(site.base, "/a"), "/a": story("It is there now", *LINES)}
    batch = steps.crawl("wire").batch
    steps.extract(batch)
    told = json.loads(answers.overview())
    rows = {row["name"]: row for row in told["sources"]}
    assert (rows["wire"]["state"], rows["wire"]["held"]) == ("sick", 1)
    assert "confidence fell to 0.1" in {trouble["message"] for trouble in rows["wire"]["troubles"]}
    assert (rows["other"]["state"], rows["other"]["held"]) == ("new", 0)
    assert "load a batch first" in told["note"]
    near = json.loads(answers.source("wire"))
    assert (near["held"], near["source"]["home"]) == ([batch], f"{site.base}/")
    assert "confidence fell to 0.1" in {trouble["message"] for trouble in near["troubles"]}
    with pytest.raises(UsageError, match="no such source"):
        answers.source("nobody")


def test_a_held_batch_of_a_source_that_no_table_knows_has_a_row():
    [row] = overview([], held=["stuck/20260305T120000Z-3f2a"])
    assert (row["name"], row["state"], row["held"]) == ("stuck", "held", 1)


# Asked once for all who look


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_an_answer_is_kept_and_renewed_behind_the_old_one():
    clock, made = Clock(), []
    kept = Kept(lambda: made.append(1) or len(made), fresh=15, stale=60, clock=clock)
    assert [kept.get(), kept.get()] == [1, 1]
    clock.now = 20
    assert kept.get() == 1
    thread = kept.refresh()
    if thread is not None:
        thread.join()
    clock.now = 25
    assert kept.get() >= 2


def test_a_stale_answer_is_not_shown_and_an_error_reaches_who_waits():
    clock, fails = Clock(), [False, True]
    kept = Kept(lambda: 1 / 0 if fails.pop(0) else "told", fresh=15, stale=60, clock=clock)
    assert kept.get() == "told"
    clock.now = 61
    with pytest.raises(ZeroDivisionError):
        kept.get()


def test_behind_an_answer_that_stands_the_error_is_kept_until_there_is_a_new_one():
    clock, fails = Clock(), [False, True, False]
    kept = Kept(lambda: 1 / 0 if fails.pop(0) else "told", fresh=15, stale=600, clock=clock)
    assert kept.age() == float("inf")
    assert (kept.get(), kept.age(), kept.error) == ("told", 0, None)
    clock.now = 130
    kept.refresh().join()
    assert (kept.age(), type(kept.error)) == (130, ZeroDivisionError)
    kept.refresh().join()
    assert (kept.age(), kept.error) == (0, None)


def test_an_overview_that_cannot_be_made_anew_says_that_it_is_old_and_why(stocked):
    told = answers.outdated(answers.overview(), WarehouseError("warehouse.ducklake: no answer"))
    said = json.loads(told)
    assert said["old"]
    assert [row["name"] for row in said["sources"]] == ["wire"]
    first = said["warehouse"][0]
    assert (first["cause"], first["severity"], first["since"]) == ("down", "error", said["at"])
    assert "old" in first["message"]
    assert "warehouse.ducklake: no answer" in first["message"]
    waiting = json.loads(answers.outdated(answers.overview(), None))["warehouse"][0]
    assert (waiting["cause"], waiting["severity"]) == ("slow", "warning")


# Kept open between questions


def test_a_warehouse_kept_open_sees_what_was_loaded_since_and_comes_back_after_an_error(home, site):
    declare(home, "wire", site.base)
    kept = KeptOpen(steps.places().warehouse)

    def stories():
        with kept.connection() as connection:
            return connection.execute("SELECT count(*) FROM stories").fetchone()[0]

    with pytest.raises(WarehouseError, match="no warehouse yet"):
        stories()
    steps.load([])
    assert stories() == 0
    site.pages |= {"/rss": rss(site.base, "/a"), "/a": story("It is there now", *LINES)}
    steps.extract(steps.crawl("wire").batch)
    steps.load(steps.cluster())
    assert stories() == 1
    with pytest.raises(WarehouseError), kept.connection() as connection:
        connection.execute("SELECT * FROM nothing")
    assert stories() == 1
    kept.close()


def test_a_warehouse_kept_open_is_never_written_to(stocked):
    kept = KeptOpen(steps.places().warehouse)
    with pytest.raises(WarehouseError, match="read-only"), kept.connection() as connection:
        connection.execute("DELETE FROM stories")
    kept.close()

"""Does upkeep tidy up all that grows, leave all that is needed, and say what it did?"""

from __future__ import annotations

import os
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aging import old_batch, page_at
from click.testing import CliRunner
from press import batch, name
from press import story as told
from website import declare, story

from pipelines import cli, steps, upkeep
from pipelines.errors import CheckFailed, UsageError
from pipelines.store import batches, loading, maintenance, state, warehouse

SITE = "https://wire.example"
NOW = datetime.now(UTC)
OLD = (NOW - timedelta(days=40)).timestamp()


@pytest.fixture
def data(home, monkeypatch) -> Path:
    monkeypatch.setenv("WIREHOUSE_PROCESSES", "1")
    monkeypatch.setattr(tempfile, "tempdir", str(home / "tmp"))
    (home / "tmp").mkdir()
    declare(home, "wire", SITE, keep='"400d"')
    return home / "data"


def done(*names: str, now: datetime = NOW) -> dict[str, dict[str, int]]:
    return {one.step: one.figures for one in upkeep.upkeep(names, now=now)}


def pages_of(day: str, count: int) -> list[str]:
    made = [
        old_batch(
            f"{day}T{n:02}0000Z-00aa",
            [page_at(SITE, f"/{n}", story(f"Light {n} stays lit", *["The council voted to keep it."] * 9))],
        )
        for n in range(count)
    ]
    for batch_name in made:
        steps.extract(batch_name)
    steps.load(steps.cluster())
    return made


def test_on_a_new_home_there_is_nothing_to_do(home):
    assert set(done()) == set(upkeep.STEPS)
    assert not any(figure for figures in done().values() for figure in figures.values())


def test_a_step_that_is_none_is_refused(home):
    with pytest.raises(UsageError, match="no step 'dust' of upkeep: join, retain"):
        upkeep.upkeep(["dust"])


def test_loaded_days_are_joined_and_the_page_of_a_story_can_be_looked_at_before_and_after(data):
    pages_of("20260305", 2)
    (ref,) = [r["raw_ref"] for r in steps.query("FROM stories ORDER BY url LIMIT 1").to_pylist()]
    before = CliRunner().invoke(cli.main, ["show", "--page", f"{SITE}/0"])
    assert b"<h1>Light 0 stays lit</h1>" in before.stdout_bytes
    figures = done("join", now=datetime(2026, 3, 9, tzinfo=UTC))["join"]
    assert (figures["batches"], figures["files"]) == (2, 1)
    assert CliRunner().invoke(cli.main, ["show", "--page", f"{SITE}/0"]).stdout_bytes == before.stdout_bytes
    assert f'"raw_ref": "{ref}"' in CliRunner().invoke(cli.main, ["show", "--head", ref]).stdout


def test_a_story_is_shown_with_its_evidence_and_where_its_bytes_are(data):
    (batch_name,) = pages_of("20260305", 1)
    shown = CliRunner().invoke(cli.main, ["show", f"{SITE}/0"])
    assert shown.exit_code == 0, shown.output
    first, *_, last = shown.stdout.rstrip().split("\n\n")
    assert first.startswith("What the publisher says\n")
    assert "headline" in first
    assert "Light 0 stays lit" in first
    assert "extraction_confidence" in shown.stdout
    assert f"{batch_name}/pages.warc.gz:" in shown.stdout
    assert "HTTP 200" in shown.stdout
    assert last == "The council voted to keep it."
    wrong = CliRunner().invoke(cli.main, ["show", f"{SITE}/0", "--version", "7"])
    assert (wrong.exit_code, "has no version 7: 1" in wrong.stderr) == (2, True)


def test_pages_go_by_the_sources_own_rule_and_their_rows_stay(data):
    pages_of("20260305", 2)
    assert done("join", "retain", now=datetime(2027, 4, 1, tzinfo=UTC))["retain"] == {
        "batches": 0,
        "bytes": 0,
    }
    later = done("retain", now=datetime(2027, 6, 1, tzinfo=UTC))["retain"]
    assert later["batches"] == 2
    assert later["bytes"] > 300
    looked = CliRunner().invoke(cli.main, ["show", "--page", f"{SITE}/0"])
    assert looked.exit_code == 1
    assert "deleted on 2027-06-01 by the source's rule keep = 400d" in looked.stderr
    assert steps.query("SELECT count(*) AS n FROM stories").to_pylist() == [{"n": 2}]


def test_a_batch_that_waits_for_anything_is_not_joined(data):
    _, second = pages_of("20260305", 2)
    batches.mark(steps.places().data, ".held", second)
    assert done("join", now=datetime(2026, 3, 9, tzinfo=UTC))["join"] == {
        "batches": 0,
        "files": 0,
        "bytes": 0,
    }


def test_discarded_batches_are_joined_like_any(data):
    _, second = pages_of("20260305", 2)
    batches.mark(steps.places().data, batches.DISCARDED, second)
    assert done("join", now=datetime(2026, 3, 9, tzinfo=UTC))["join"]["batches"] == 2


def test_a_source_at_work_is_left_for_tomorrow_and_its_crawl_goes_on(data):
    pages_of("20260305", 1)
    with state.open_memory(data / "wire" / batches.FRONTIER):
        pass
    holder = subprocess.Popen(
        ["flock", str(data / "wire" / ".lock"), "sh", "-c", "echo held; exec cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == b"held\n"
        assert done("forget")["forget"] == {"left_for_tomorrow": 1}
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()
    assert done("forget")["forget"] == {"rows": 0, "bytes": 0}


def test_what_killed_programs_left_goes_and_what_is_young_stays(data, home):
    (made,) = pages_of("20260305", 1)
    stamp = f"{NOW - timedelta(days=2):%Y%m%d}T000000Z-00aa"
    for path in (
        data / "wire" / f".{stamp}.part" / "crawl.jsonl",
        data / ".waiting" / f"gone--{stamp}",
        data / "wire" / stamp / ".stories.parquet.0a.partial",
        data / ".rehearsals" / "20260101T000000Z-0a" / "report.md",
        home / "tmp" / "wirehouse-spill" / "x",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (OLD, OLD))
        os.utime(path.parent, (OLD, OLD))
    (data / "wire" / stamp / ".ledger.parquet.0a.partial").touch()  # somebody writes it now
    batches.mark(steps.places().data, batches.UNREAD, f"young/{stamp}")
    assert done("sweep")["sweep"] == {
        "markers": 1, "folders": 1, "files": 1, "rehearsals": 1, "temporary_folders": 1,
    }  # fmt: skip
    assert [p.name for p in (data / "wire" / stamp).iterdir()] == [".ledger.parquet.0a.partial"]
    assert [n for _, n in batches.markers(steps.places().data)] == [f"young/{stamp}"]
    assert (data / made / batches.PAGES).exists()
    assert done("sweep")["sweep"] == {}


def test_a_log_that_grew_is_set_aside_while_its_writer_goes_on(home, monkeypatch):
    monkeypatch.setattr(upkeep, "LOG_LIMIT", 1000)
    log = home / "logs" / "scheduler.log"
    log.parent.mkdir()
    old = home / "airflow" / "logs" / "dag_id=crawl_wire" / "old.log"
    young = home / "airflow" / "logs" / "dag_id=publish" / "young.log"
    for path in (old, young):
        path.parent.mkdir(parents=True)
        path.write_text("x" * 10)
    os.utime(old, (OLD, OLD))
    with log.open("ab", buffering=0) as writer:
        writer.write(b"y" * 2000)
        assert done("logs")["logs"] == {"set_aside": 1, "bytes": 2010, "deleted": 1}
        writer.write(b"and on")
    assert log.read_bytes() == b"and on"
    assert log.with_suffix(".log.1").stat().st_size == 2000
    assert (old.exists(), young.exists()) == (False, True)


def test_many_small_loads_become_few_files_and_the_figures_say_so(home):
    asked = "SELECT story_id, body_text, version FROM stories ORDER BY story_id"
    with warehouse.opened(steps.places().warehouse) as connection:
        for n in range(5):
            loading.load(connection, [batch(home / "data", name(n), [told(f"s{n}", says=f"text {n}")])])
            connection.execute("CALL ducklake_flush_inlined_data('wh')")
        before = connection.execute(asked).fetchall()
        figures = maintenance.maintain(connection, keep=timedelta(0))
    with warehouse.opened(steps.places().warehouse) as connection:
        assert connection.execute(asked).fetchall() == before
        assert maintenance.maintain(connection)["files_merged"] == 0
    assert figures["snapshots_forgotten"] > 5
    assert figures["files_merged"] > 5
    assert figures["files"] < figures["files_before"] / 2
    assert figures["bytes"] < figures["bytes_before"]


def test_a_trouble_with_one_source_keeps_no_other_from_being_tidied(data, home):
    declare(home, "sick", SITE)
    pages_of("20260305", 2)
    (data / "sick" / ".joined").mkdir(parents=True)
    (data / "sick" / ".joined" / "upto.json").write_text("{")
    with pytest.raises(CheckFailed, match=r"join of sick: .*upto\.json: damaged"):
        upkeep.upkeep(["join"], now=datetime(2026, 3, 9, tzinfo=UTC))
    assert list((data / "wire" / ".joined").glob("*.gz"))

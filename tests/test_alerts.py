"""Who is told when a task fails, a run hangs or a message cannot be delivered, from Airflow and by hand?"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from receivers import MailServer, Posts, mail_server, web_server
from upath import UPath
from website import declare, serving

from pipelines import cli, steps
from pipelines.alerts import marks, memory, mutes, tell
from pipelines.alerts.channels import channel
from pipelines.errors import AlertFailed, WirehouseError
from pipelines.ledger import Cause, Severity
from pipelines.up import embedded

PUBLISH = """
import json, os, sys
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(sys.argv[1]).dags["publish"]
dag.deadline = None  # with one, `test` breaks off at its end: apache/airflow#73428
for env in json.loads(sys.argv[2]):
    os.environ |= env
    run = dag.test(mark_success_pattern="cluster|load")
    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    print("RESULT " + json.dumps([str(run.state), states["check"], states["alert"]]), flush=True)
asked = {"name": "slow", "hours": 4, "why": "their new firewall"}
print("MUTED", DagBag(sys.argv[1]).dags["mute"].test(run_conf=asked).state)
"""

LATE = """
import asyncio
import os
from airflow import settings  # puts the plugins' folder on the path
from alerting import TroubleNotifier, run_is_late
from types import SimpleNamespace

context = {"dag_run": {"dag_id": "crawl_acme", "dag_run_id": "scheduled__1"}, "deadline": {"id": "1"}}
for _ in range(2):
    asyncio.run(run_is_late(hours=2.0, context=context))

by_hand = {
    "exception": RuntimeError("no such file: /archive/old.warc.gz"),
    "ti": SimpleNamespace(task_id="replay", log_url="http://127.0.0.1:8080/log"),
    "task": SimpleNamespace(task_id="replay", downstream_list=[]),
    "dag": SimpleNamespace(dag_id="replay", tags={"operate"}),
}
TroubleNotifier().notify(by_hand)

os.environ["WIREHOUSE_DATA"] = "/dev/null/data"  # nothing can be noted there
full = by_hand | {"dag": SimpleNamespace(dag_id="publish", tags={"wire"})}
TroubleNotifier().notify(full)
"""


@pytest.fixture
def web():
    with web_server() as posts:
        yield posts


def to(posts: Posts):
    return channel(conn_type="http", host=posts.url)


def told(posts: Posts) -> list[str]:
    return [json.loads(body)["subject"].removeprefix("[wirehouse] ") for _, _, body in posts.got]


def fail(key: str = "publish--load", source: str | None = None, cause: Cause = Cause.OURS) -> None:
    failed = marks.trouble(
        source_id=source,
        cause=cause,
        severity=Severity.ERROR,
        message=f"{key} failed: no space left",
        next_step="see its log",
        link="http://127.0.0.1:8080/dags/publish",
    )
    marks.mark(key, failed)


@contextmanager
def full_disk() -> Iterator[None]:
    """Files can be made, and nothing can be written in them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    temporary, tempfile.tempdir = tempfile.tempdir, None  # as in a process that has just begun
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        tempfile.tempdir = temporary


def call(*arguments: str) -> str:
    result = CliRunner().invoke(cli.main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_was_delivered_is_not_delivered_again(home, web):
    fail()
    assert [len(tell.tell(to(web))) for _ in range(3)] == [1, 0, 0]
    assert told(web) == ["ERROR ours: the whole installation"]


def test_thirty_sources_with_one_cause_are_one_message_and_two_causes_two(home, web):
    for n in range(30):
        declare(home, f"s{n:02}", "https://acme.example")
        fail(f"crawl_s{n:02}--check", f"s{n:02}", Cause.BLOCKED)
    fail("crawl_s00--extract", "s00", Cause.OURS)
    tell.tell(to(web))
    assert sorted(told(web)) == ["ERROR blocked: 30 sources", "ERROR ours: s00"]


def test_the_same_failure_again_keeps_its_begin_and_is_not_told_again(home, web):
    fail()
    tell.tell(to(web))
    [before] = memory.marks(UPath(home / "data"))
    fail()
    tell.tell(to(web))
    assert memory.marks(UPath(home / "data")) == [before]
    assert len(told(web)) == 1


def test_what_was_not_delivered_is_tried_three_times_and_due_again(home, web):
    fail()
    web.answers = [(500, {})] * 3
    with pytest.raises(AlertFailed, match="answered 500"):
        tell.tell(to(web), pause=0)
    assert len(web.got) == 3
    tell.tell(to(web))
    assert len(web.got) == 4
    assert tell.tell(to(web)) == []


def test_without_a_channel_it_is_logged_once_and_told_when_there_is_one(home, web, caplog):
    fail()
    tell.tell(None)
    tell.tell(None)
    assert [r.levelname for r in caplog.records if "ERROR ours" in r.message] == ["ERROR"]
    tell.tell(to(web))
    assert told(web) == ["ERROR ours: the whole installation"]


def test_while_one_tells_no_other_does_and_a_dead_ones_lock_is_taken_over(home, web):
    fail()
    data = UPath(home / "data")
    now = datetime.now(UTC)
    with memory.sending(data, now) as mine:
        assert mine
        assert tell.tell(to(web)) == []
    lock = home / "data" / ".alerts" / "sending"
    lock.write_text(json.dumps({"at": (now - timedelta(hours=1)).isoformat()}))
    assert len(tell.tell(to(web))) == 1
    assert not lock.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "soon"}', '{"at": nu'])
def test_a_lock_that_does_not_say_since_when_holds_ten_minutes_of_its_own_age(home, web, text):
    fail()
    lock = home / "data" / ".alerts" / "sending"
    lock.write_text(text)
    assert tell.tell(to(web)) == []
    old = datetime.now(UTC) - timedelta(minutes=11)
    os.utime(lock, (old.timestamp(), old.timestamp()))
    assert len(tell.tell(to(web))) == 1
    assert not lock.exists()


def test_a_full_disk_is_told_of_and_leaves_no_lock(home, web):
    fail()
    with full_disk(), pytest.raises(WirehouseError, match="told.json: cannot be written"):
        tell.tell(to(web))
    assert told(web) == ["ERROR ours: the whole installation"]
    assert [path.name for path in (home / "data" / ".alerts").iterdir()] == ["marks"]
    assert [len(tell.tell(to(web))) for _ in range(2)] == [1, 0]  # with room again it is remembered


def test_a_message_that_cannot_be_delivered_keeps_no_other_from_being_sent(home, web):
    declare(home, "acme", "https://acme.example")
    fail("crawl_acme--check", "acme", Cause.BLOCKED)
    fail()
    fail("crawl_acme--extract", "acme", Cause.DOWN)
    web.answers = [(400, {})] * 3
    with pytest.raises(AlertFailed, match="answered 400"):
        tell.tell(to(web), pause=0)
    refused, *_, second, third = told(web)
    assert len({refused, second, third}) == 3
    tell.tell(to(web))
    assert told(web)[5:] == [refused]  # that alone is due again


def test_a_damaged_memory_is_said_and_all_is_told_anew(home, web, caplog):
    fail()
    tell.tell(to(web))
    (home / "data" / ".alerts" / "told.json").write_text('{"causes": {"ours": 1}}')
    tell.tell(to(web))
    assert len(told(web)) == 2
    assert "told.json: damaged" in caplog.text


def test_state_lies_on_any_storage_that_workers_share(web):
    data = UPath("memory://wire/data")
    now = datetime.now(UTC)
    memory.mute(data, mutes.Mute(name="slow", since=now, until=now + timedelta(hours=1)))
    memory.mute(data, mutes.Mute(name="down", since=now, until=now - timedelta(hours=1)))
    assert [one.name for one in memory.mutes(data, now)] == ["slow"]
    with memory.sending(data, now) as first, memory.sending(data, now) as second:
        assert (first, second) == (True, False)


def test_a_mute_by_hand_holds_its_time_and_names_what_there_is(home, web):
    declare(home, "acme", "https://acme.example")
    fail("crawl_acme--extract", "acme")
    assert "acme is muted until" in call("mute", "acme", "--for", "4h", "--why", "their new site")
    assert "their new site" in call("mutes")
    assert tell.tell(to(web)) == []
    call("unmute", "acme")
    assert call("mutes") == "nothing is muted\n"
    tell.tell(to(web))
    assert told(web) == ["ERROR ours: acme"]
    wrong = CliRunner().invoke(cli.main, ["mute", "acmee", "--for", "4h"])
    assert wrong.exit_code == 2
    assert "neither a declared source nor a cause: blocked," in wrong.output
    assert CliRunner().invoke(cli.main, ["mute", "acme", "--for", "1000d"]).exit_code == 2


def test_a_failed_task_of_a_source_that_was_switched_off_is_told_no_more(home, web):
    declare(home, "acme", "https://acme.example")
    fail("crawl_acme--extract", "acme")
    fail("crawl_gone--extract", "gone")
    steps.switch(False, ["acme"])
    assert tell.tell(to(web)) == []
    steps.switch(True, ["acme"])
    tell.tell(to(web))
    assert told(web) == ["ERROR ours: acme"]


def test_a_site_that_turns_us_away_is_told_of_with_its_cause_before_any_load(home, web):
    with serving() as site:
        for path in ("/rss", "/", "/robots.txt"):
            site.pages[path] = (403, {}, b"go away")
        declare(home, "acme", site.base)
        steps.extract(steps.crawl("acme").batch)
    tell.tell(to(web))
    [(_, _, body)] = web.got
    [item] = json.loads(body)["items"]
    assert (item["cause"], item["event"], item["sources"]) == ("blocked", "begins", ["acme"])
    assert item["next_steps"]


def test_a_trouble_of_a_source_that_is_no_longer_followed_is_told_no_more(home, web):
    with serving() as site:
        for path in ("/rss", "/", "/robots.txt"):
            site.pages[path] = (403, {}, b"go away")
        declare(home, "acme", site.base)
        steps.extract(steps.crawl("acme").batch)
    steps.switch(False, ["acme"])
    assert tell.tell(to(web)) == []


def test_for_cron_each_trouble_is_printed_once(home):
    fail()
    assert "publish--load failed: no space left" in call("alert")
    assert "ERROR ours" in call("alert", "--told")
    assert call("alert", "--told") == ""
    assert json.loads(call("alert", "--json")) == []


def test_what_was_printed_is_still_told_by_airflow_and_the_other_way_round(home, web):
    fail()
    assert "ERROR ours" in call("alert", "--told")
    tell.tell(to(web))
    assert told(web) == ["ERROR ours: the whole installation"]
    declare(home, "acme", "https://acme.example")
    fail("crawl_acme--check", "acme", Cause.BLOCKED)
    tell.tell(to(web))
    assert "ERROR blocked" in call("alert", "--told")
    assert call("alert", "--told") == ""
    assert tell.tell(to(web)) == []


def test_on_a_full_disk_it_is_printed_too(home):
    fail()
    with full_disk():
        result = CliRunner().invoke(cli.main, ["alert", "--told"])
    assert "publish--load failed: no space left" in result.stdout
    assert result.exit_code != 0


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, airflow_database: Path) -> Path:
    """An Airflow with an empty database."""
    home = tmp_path_factory.mktemp("airflow")
    embedded.lay_out(home)
    shutil.copy(airflow_database, home / "airflow")
    return home


@dataclass
class Airflow:
    home: Path
    env: dict[str, str]

    def run(self, program: str, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, str(embedded.part("dags")), *arguments],
            env=self.env | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def publish(self, *runs: dict[str, str]) -> tuple[list[list[str]], str]:
        """Run the DAG in each of these environments: states of the run, its check, its alert; and the log."""
        log = self.run(PUBLISH, json.dumps(runs))
        ended = [x.removeprefix("RESULT ") for x in log.splitlines() if x.startswith("RESULT ")]
        return [json.loads(line) for line in ended], log


@pytest.fixture
def scheduled(airflow: Path, home: Path) -> Airflow:
    env = embedded.environment(airflow, 8080, os.environ)
    return Airflow(home, env | {"AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False"})


def mail_connection(mail: MailServer) -> dict[str, str]:
    extra = {"to": ["desk@example.org"], "disable_ssl": True, "disable_tls": True}
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": mail.port,
        "login": "wire",
        "password": "s3cret-Zq9",
        "extra": extra,
    }
    return {"AIRFLOW_CONN_WIREHOUSE_ALERTS": json.dumps(connection)}


def test_a_task_that_fails_is_one_mail_and_a_mail_that_fails_is_red_in_its_own_task_alone(scheduled):
    with mail_server() as nobody:
        pass
    steps.load([])  # a warehouse, with nothing in it
    (scheduled.home / "damaged.sqlite").write_text(
        "this is no database, and so large that nobody takes it for one"
    )
    broken = {"WIREHOUSE_WAREHOUSE": f"ducklake:sqlite:{scheduled.home}/damaged.sqlite"}
    whole = {"WIREHOUSE_WAREHOUSE": f"ducklake:sqlite:{scheduled.home}/warehouse/catalog.sqlite"}
    with mail_server() as mail:
        ended, log = scheduled.publish(
            broken | mail_connection(nobody), broken | mail_connection(mail), whole | mail_connection(mail)
        )
    assert ended == [
        ["failed", "failed", "failed"],
        ["failed", "failed", "success"],
        ["success", "success", "success"],
    ], log
    [letter] = mail.letters  # though the callback of `check` and the task `alert` both looked, twice
    text = letter.get_content()
    assert letter["Subject"] == "[wirehouse] ERROR ours: the whole installation"
    assert "check of publish failed: " in text
    assert "Desk:   http://127.0.0.1:8080/plugin/desk" in text
    assert f"not delivered, tried 3 times: mail server 127.0.0.1:{nobody.port}: Connection refused" in log
    assert "s3cret" not in log
    assert memory.marks(UPath(scheduled.home / "data")) == []  # all is well again

    assert "MUTED success" in log  # the DAG `mute`, with its form filled in
    [mute] = mutes.mutes()
    assert (mute.name, mute.why, mute.until - mute.since) == (
        "slow",
        "their new firewall",
        timedelta(hours=4),
    )


def test_a_run_that_hangs_and_one_started_by_hand_that_fails_are_told_once(scheduled):
    declare(scheduled.home, "acme", "https://acme.example")
    with web_server() as posts:
        connection = {"conn_type": "http", "host": posts.url, "password": "T0/s3cret-Zq9"}
        log = scheduled.run(LATE, AIRFLOW_CONN_WIREHOUSE_ALERTS=json.dumps(connection))
    [(path, _, body), (_, _, by_hand), (_, _, unnoted)] = posts.got
    assert path == "/T0/s3cret-Zq9"
    said = json.loads(body)
    assert said["subject"] == "[wirehouse] ERROR not_running: acme"
    assert "has not ended 2 hours after it was queued" in said["text"]
    assert "http://127.0.0.1:8080/dags/crawl_acme/runs/scheduled__1" in said["text"]
    assert "replay of replay failed: no such file" in json.loads(by_hand)["text"]
    assert "replay of publish failed: no such file" in json.loads(unnoted)["text"]
    [late] = memory.marks(UPath(scheduled.home / "data"))  # what people start does not last
    assert late.cause == "not_running"
    assert "s3cret" not in log

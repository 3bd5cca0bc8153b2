"""Does one command bring everything up, publish, and leave nothing behind?"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from pipelines.errors import WirehouseError
from pipelines.up import demo_wire, embedded, launch
from pipelines.up.airflow_api import PATIENCE, AirflowApi, NoAnswerError
from pipelines.up.launch import free

SLEEPY = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
FAMILY = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEPY!r}], start_new_session=True)
time.sleep(600)
"""
"""A program that forks one that ignores SIGTERM, in a session of its own."""

UP = "import sys; from pipelines.cli import main; sys.argv[0] = 'wirehouse'; main()"


def free_ports(count: int) -> int:
    """The first of `count` free ports in a row."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, count):
        try:
            for port in range(first, first + count):
                free(port, "")
        except WirehouseError:
            continue
        return first
    raise AssertionError("no free ports")


@contextmanager
def kept(program: str, grace: float) -> Iterator[subprocess.Popen[str]]:
    """A keeper with its program, after the last of its family said that it is up."""
    command = [
        sys.executable,
        "-m",
        "pipelines.up.keeper",
        str(os.getpid()),
        str(grace),
        sys.executable,
        "-c",
        program,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as keeper:
        try:
            assert keeper.stdout is not None
            assert keeper.stdout.readline() == "up\n"
            yield keeper
        finally:
            keeper.terminate()


def gone(processes: list[psutil.Process]) -> bool:
    return psutil.wait_procs(processes, timeout=20)[1] == []


def test_a_keeper_ends_all_that_its_program_started():
    with kept(FAMILY, grace=60) as keeper:
        family = psutil.Process(keeper.pid).children(recursive=True)
        assert len(family) == 2
        keeper.terminate()
        assert keeper.wait(20) == 128 + signal.SIGTERM
        assert gone(family)


def test_a_keeper_kills_a_program_that_does_not_stop_in_time():
    with kept(SLEEPY, grace=0.2) as keeper:
        [program] = psutil.Process(keeper.pid).children()
        keeper.terminate()
        assert keeper.wait(20) == 128 + signal.SIGKILL
        assert gone([program])


def test_a_keeper_ends_all_when_its_launcher_is_killed():
    launcher = f"""
import os, subprocess, sys
keeper = [sys.executable, "-m", "pipelines.up.keeper", str(os.getpid()), "5"]
subprocess.Popen([*keeper, sys.executable, "-c", {FAMILY!r}])
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", launcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) == 3
        process.kill()
        assert gone(family)


def test_a_keeper_leaves_no_zombie_of_an_orphan():
    leave = """
import subprocess, sys, time
subprocess.run([sys.executable, "-c", "import subprocess; subprocess.Popen(['sleep', '1'])"])
print("up", flush=True)
time.sleep(600)
"""
    with kept(leave, grace=1) as keeper:
        [orphan] = [p for p in psutil.Process(keeper.pid).children() if p.name() == "sleep"]
        assert gone([orphan])  # a zombie would not be


def test_a_keeper_ends_with_the_exit_code_of_its_program():
    command = [
        sys.executable,
        "-m",
        "pipelines.up.keeper",
        str(os.getpid()),
        "1",
        sys.executable,
        "-c",
        "exit(7)",
    ]
    assert subprocess.run(command).returncode == 7


def test_a_taken_port_is_named_with_the_setting_that_moves_it():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        told = subprocess.run(
            [sys.executable, "-c", UP, "up", "--port", str(port), "--no-demo"], capture_output=True, text=True
        )
    assert told.returncode == 1
    assert (
        told.stderr == f"wirehouse: port {port} on 127.0.0.1 is taken (Address already in use): see --port\n"
    )
    free(port, "")


def test_secrets_are_made_once_and_are_their_owners_alone(tmp_path):
    embedded.lay_out(tmp_path)
    files = [tmp_path / "airflow" / name for name in ("secrets.json", "passwords.json")]
    before = [file.read_text() for file in files]
    embedded.lay_out(tmp_path)
    assert [file.read_text() for file in files] == before
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert stat.S_IMODE((tmp_path / "airflow").stat().st_mode) == 0o700
    assert len(set(json.loads(before[0]).values())) == 3


def test_a_home_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WirehouseError, match=r"cannot write .*file.*set WIREHOUSE_HOME"):
        embedded.lay_out(tmp_path / "file")


def test_airflow_is_told_to_listen_on_loopback_only_and_what_users_set_holds(tmp_path):
    embedded.lay_out(tmp_path)
    env = embedded.environment(
        tmp_path, 8080, {"AIRFLOW__CORE__PARALLELISM": "2", "AIRFLOW__API__HOST": "0.0.0.0", "LANG": "C"}
    )
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__PARALLELISM"] == "2"
    assert env["LANG"] == "C"


def test_tasks_of_a_scheduler_that_died_are_looked_for_at_least_each_minute(tmp_path):
    embedded.lay_out(tmp_path)
    env = embedded.environment(tmp_path, 8080, {})
    assert int(env["AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL"]) <= 60


@pytest.mark.parametrize(
    ("status", "beat", "sick"),
    [
        ("healthy", "2026-03-05T12:00:01+00:00", []),
        ("healthy", "2026-03-05T11:59:59+00:00", ["scheduler"]),  # of the one that was killed
        ("unhealthy", "2026-03-05T12:00:01+00:00", ["scheduler"]),
        ("healthy", None, ["scheduler"]),
    ],
)
def test_a_component_is_well_once_it_has_reported_since_our_start(monkeypatch, status, beat, sick):
    said = {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": status, "latest_scheduler_heartbeat": beat},
        "dag_processor": None,
    }
    api = AirflowApi("http://127.0.0.1:1", "", "")
    monkeypatch.setattr(api, "_ask", lambda *_: said)
    assert api.unhealthy(datetime(2026, 3, 5, 12, tzinfo=UTC)) == sick


def test_looks_that_get_no_answer_are_soon_followed_by_others_and_once_has_an_end(monkeypatch):
    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

        def sleep(self, seconds):
            self.now += seconds

    class Unanswered:
        published, failures, missing = False, (), {"crawl_acme"}
        looks: ClassVar[list[float]] = []

        def look(self):
            self.looks.append(clock.now)
            clock.now += PATIENCE
            raise NoAnswerError

    class Well:
        def check(self):
            pass

    clock = Clock()
    monkeypatch.setattr(launch, "time", clock)
    with pytest.raises(WirehouseError, match="crawl_acme has not succeeded yet"):
        launch.watch(Well(), Unanswered(), once=True, say=print, follow=lambda: None)
    gaps = [b - a for a, b in pairwise(Unanswered.looks)]
    assert max(gaps) <= PATIENCE + 22
    assert clock.now <= launch.ONCE_WITHIN.total_seconds() + PATIENCE + 4


def test_the_demo_wire_goes_on_with_its_epoch(tmp_path):
    first = demo_wire.command(tmp_path, 8701, datetime(2026, 3, 5, tzinfo=UTC))
    assert "2026-03-05T00:00:00+00:00" in first
    assert demo_wire.command(tmp_path, 8701, datetime(2026, 3, 6, tzinfo=UTC)) == first


def test_the_demo_wires_sources_move_with_its_ports_or_are_left_out(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "demo_x.toml").write_text('home = "http://127.0.0.1:8702/"')
    (mine / "acme.toml").write_text('home = "http://127.0.0.1:8702/"')
    moved = demo_wire.sources(mine, tmp_path / "moved", 9000)
    assert (moved / "demo_x.toml").read_text() == 'home = "http://127.0.0.1:9001/"'
    assert (moved / "acme.toml").read_text() == 'home = "http://127.0.0.1:8702/"'
    assert [path.name for path in demo_wire.sources(mine, tmp_path / "moved", None).iterdir()] == [
        "acme.toml"
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


def start(home: Path, *options: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("WIREHOUSE_")}
    first = free_ports(1 + demo_wire.SITES)
    return subprocess.Popen(
        [sys.executable, "-c", UP, "up", "--port", str(first), "--demo-port", str(first + 1), *options],
        env=env | {"WIREHOUSE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ask(home: Path, sql: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", UP, "sql", "--format", "json", sql],
        env=os.environ | {"WIREHOUSE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.timeout(420)
def test_once_crawls_and_publishes_every_source_and_stops_by_itself(home):
    with start(home, "--once") as up:
        told, _ = up.communicate(timeout=400)
    assert up.returncode == 0, told
    sources = {path.stem for path in (home / "sources").glob("demo_*.toml")}
    assert len(sources) == 6
    assert {row["source_id"] for row in ask(home, "SELECT source_id FROM stories")} == sources
    assert all(source in told for source in sources)
    assert 'wirehouse sql "SELECT' in told


@pytest.mark.timeout(240)
def test_a_second_start_goes_on_and_ctrl_c_leaves_no_process(home):
    with start(home) as up:
        assert up.stdout is not None
        for line in up.stdout:
            if "password" in line:
                break
        family = psutil.Process(up.pid).children(recursive=True)
        assert len(family) > 10
        listening = {c.laddr.ip for p in family for c in p.net_connections("inet") if c.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=60)
    assert up.returncode == 0
    assert gone(family)
    assert len(ask(home, "SELECT DISTINCT source_id FROM stories")) == 6


@pytest.mark.timeout(240)
def test_a_component_that_dies_is_named_and_ends_the_rest(home):
    with start(home) as up:
        assert up.stdout is not None
        next(line for line in up.stdout if "password" in line)
        family = psutil.Process(up.pid).children(recursive=True)
        [triggerer] = [
            p
            for p in family
            if p.cmdline()[-2:] == ["triggerer", "--skip-serve-logs"]
            and "pipelines.up.keeper" in p.parent().cmdline()
        ]
        triggerer.kill()
        told, _ = up.communicate(timeout=60)
    assert up.returncode == 1
    assert "triggerer ended with exit code 137; the end of" in told
    assert gone(family)

"""What becomes of a crawl task, and of its crawler, when all goes well, and when it does not?"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from website import Site, rss, story

from pipelines.up import embedded

RUN = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

dag = DagBag(sys.argv[1]).dags["crawl_acme"]
dag.deadline = None  # with one, `test` breaks off at its end: apache/airflow#73428
run = dag.test(mark_success_pattern="extract|check")  # only the crawl is run
task = run.get_task_instance("crawl")
xcom = {key: task.xcom_pull("crawl", key=key) for key in ("return_value", "stats")}
print("RESULT " + json.dumps({"state": task.state, **xcom}, default=str))
"""

WRONG = """
import sys
from airflow import settings  # puts the plugins' folder on the path
from scrapy_operator import ScrapyOperator

try:
    ScrapyOperator(task_id="crawl", source="nobody").execute({})
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


@dataclass
class Ended:
    state: str
    batch: str | None
    stats: dict[str, Any] | None
    log: str


class Task:
    """A run of the DAG's crawl task by Airflow's own task runner, in a process of its own."""

    def __init__(self, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(embedded.part("dags"))],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def crawler(self) -> psutil.Process:
        [child] = [
            p for p in psutil.Process(self.process.pid).children(recursive=True) if "spiders" in p.cmdline()
        ]
        return child

    def end(self) -> Ended:
        log, _ = self.process.communicate(timeout=90)
        lines = [line for line in log.splitlines() if line.startswith("RESULT ")]
        result = json.loads(lines[-1].removeprefix("RESULT ")) if lines else {"state": "killed"}
        return Ended(result["state"], result.get("return_value"), result.get("stats"), log)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, airflow_database: Path) -> Path:
    """An Airflow with an empty database."""
    home = tmp_path_factory.mktemp("operator")
    embedded.lay_out(home)
    shutil.copy(airflow_database, home / "airflow")
    return home


@pytest.fixture
def env(home: Path, site: Site, tmp_path: Path) -> dict[str, str]:
    """Where a task finds one source, `acme`, which is the site."""
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "acme.toml").write_text(
        f'title = "Acme"\nhome = "{site.base}/"\nfeeds = ["{site.base}/feed.xml"]\n'
        'delay = "50ms"\nprivate_hosts = ["127.0.0.1"]\n'
    )
    return embedded.environment(home, 1, os.environ) | {
        "WIREHOUSE_HOME": str(tmp_path),
        "WIREHOUSE_SOURCES": str(sources),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    }


@dataclass
class Slow:
    """The third of fifty stories is answered when the test says so."""

    asked: threading.Event
    answer: threading.Event


@pytest.fixture
def slow(site: Site) -> Iterator[Slow]:
    slow = Slow(threading.Event(), threading.Event())

    def wait(_: Any) -> bytes:
        slow.asked.set()
        slow.answer.wait()
        return story("Wind", "It blew.")

    paths = [f"/{n}" for n in range(1, 51)]
    site.pages |= {path: story(f"Rain {path}", "It rained.") for path in paths}
    site.pages |= {"/feed.xml": rss(site.base, *paths), "/3": wait}
    yield slow
    slow.answer.set()


def batches(env: dict[str, str]) -> list[Path]:
    return sorted((Path(env["WIREHOUSE_HOME"]) / "data" / "acme").glob("*/run.json"))


def test_a_good_crawl_gives_its_batch_its_stats_and_its_lines_with_their_levels(site, env):
    site.pages["/feed.xml"] = rss(site.base, "/1", "/2")
    site.pages["/1"] = story("Rain", "It rained.")
    ended = Task(env).end()
    assert ended.state == "success", ended.log
    assert [f"acme/{path.parent.name}" for path in batches(env)] == [ended.batch]
    assert ended.stats["downloader/response_status_count/404"] >= 1  # story 2
    assert "[info     ] " in ended.log


def test_an_ended_task_stops_its_crawler_and_keeps_what_was_fetched(site, env, slow):
    task = Task(env)
    assert slow.asked.wait(60)
    crawler = task.crawler()
    task.process.send_signal(signal.SIGTERM)
    slow.answer.set()
    ended = task.end()
    assert ended.state == "success", ended.log
    assert "crawl ended early (stopped)" in ended.log
    assert "/50" not in site.paths()
    [run] = batches(env)
    assert json.loads(run.read_text())["finish_reason"] == "stopped"
    pages = gzip.decompress((run.parent / "pages.warc.gz").read_bytes())
    assert b"/1" in pages
    assert not crawler.is_running()


def test_a_killed_task_leaves_no_crawler_behind(env, slow):
    task = Task(env)
    assert slow.asked.wait(60)
    crawler = task.crawler()
    task.process.kill()
    _, alive = psutil.wait_procs([crawler], timeout=30)
    assert alive == []
    assert task.end().state == "killed"
    assert batches(env) == []


def test_a_source_that_is_wrong_fails_for_good_and_says_what_is_wrong(env):
    told = subprocess.run([sys.executable, "-c", WRONG], env=env, capture_output=True, text=True).stdout
    assert "AirflowFailException: no source named 'nobody'" in told
    assert "declared: acme" in told

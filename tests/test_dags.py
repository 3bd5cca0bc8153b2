"""Does every source that is switched on get its DAG, and does a broken one cost no other?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.store import switches
from pipelines.up import embedded

GOOD = """
title = "Acme Wire"
home = "https://acme.example/"
feeds = ["https://acme.example/world.rss"]
every = "10m"
tags = ["invented", "en"]
"""

OURS = {
    "backfill",
    "quarantine",
    "recrawl",
    "replay",
    "publish",
    "mute",
    "upkeep",
    "rehearse",
}
"""Those that are of no source."""

READ = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

before = set(sys.modules)
bag = DagBag(sys.argv[1])
heavy = {"trafilatura", "pyarrow", "duckdb", "scrapy", "warcio", "fastwarc"} & (set(sys.modules) - before)
dags = {
    dag_id: {
        "every": dag.schedule.every.total_seconds() if hasattr(dag.schedule, "every") else None,
        "waits_for": [a.uri for a in getattr(getattr(dag.schedule, "asset_condition", None), "objects", [])],
        "clock": getattr(getattr(dag.schedule, "timetable", None), "expression", None),
        "tags": sorted(dag.tags),
        "doc": dag.doc_md,
        "catchup": dag.catchup,
        "active": dag.max_active_runs,
        "paused": dag.is_paused_upon_creation,
        "tasks": {
            task.task_id: {
                "after": sorted(task.upstream_task_ids),
                "limit": task.execution_timeout.total_seconds() if task.execution_timeout else None,
                "outlets": [asset.uri for asset in task.outlets],
                "retries": task.retries,
                "rule": task.trigger_rule,
                "weight": task.weight_rule,
                "doc": task.doc_md,
            }
            for task in dag.tasks
        },
    }
    for dag_id, dag in bag.dags.items()
}
print(json.dumps({"dags": dags, "errors": bag.import_errors, "heavy": sorted(heavy)}))
"""


def read_dags(
    tmp: Path, sources: dict[str, str], switched: dict[str, bool] | None = None, **more: str
) -> dict[str, Any]:
    """What Airflow reads in `dags/` with these sources declared, in a process of its own."""
    if switched:
        switches.write(tmp, switched)
    folder = tmp / "sources"
    folder.mkdir()
    for name, text in sources.items():
        (folder / f"{name}.toml").write_text(text)
    embedded.lay_out(tmp)
    env = embedded.environment(tmp, 1, os.environ)
    env |= {"WIREHOUSE_SOURCES": str(folder), "WIREHOUSE_HOME": str(tmp)} | more
    # Parsing needs no database: a path that cannot be one proves that none is asked.
    env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:////nowhere/airflow.db"
    done = subprocess.run(
        [sys.executable, "-c", READ, str(embedded.part("dags"))], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dags(
        tmp_path_factory.mktemp("dags"),
        {
            "acme": GOOD,
            "other": GOOD.replace("10m", "1h"),
            "resting": GOOD + "enabled = false\n",
            "switched_on": GOOD + "enabled = false\n",
            "switched_off": GOOD,
            "no_home": GOOD.replace("home", "hmoe"),
            "no_toml": "title = ",
        },
        switched={"switched_on": True, "switched_off": False},
    )


def test_each_source_that_is_switched_on_has_one_dag_and_publish_is_there(seen):
    assert set(seen["dags"]) == {"crawl_acme", "crawl_other", "crawl_switched_on", *OURS}


def test_a_running_task_reads_its_own_dag_alone_also_when_its_source_was_switched_off(tmp_path):
    seen = read_dags(
        tmp_path,
        {"acme": GOOD, "other": GOOD, "no_toml": "title = "},
        switched={"acme": False},
        _AIRFLOW_PARSING_CONTEXT_DAG_ID="crawl_acme",
    )
    assert set(seen["dags"]) == {"crawl_acme", *OURS}


def test_broken_sources_are_shown_with_file_and_key_in_an_error_of_their_own(seen):
    [(file, error)] = seen["errors"].items()
    assert Path(file).name == "broken.py"
    assert "sources/no_home.toml: hmoe: no such key" in error
    assert "sources/no_toml.toml: not valid TOML" in error


def test_with_no_broken_source_there_is_no_import_error(tmp_path):
    seen = read_dags(tmp_path, {"acme": GOOD})
    assert seen["errors"] == {}
    assert set(seen["dags"]) == {"crawl_acme", *OURS}


def test_a_source_is_crawled_as_often_as_its_file_says(seen):
    assert seen["dags"]["crawl_acme"]["every"] == 600
    assert seen["dags"]["crawl_other"]["every"] == 3600


def test_tasks_are_the_verbs_in_their_order(seen):
    def order(dag_id: str) -> dict[str, list[str]]:
        return {name: task["after"] for name, task in seen["dags"][dag_id]["tasks"].items()}

    assert order("crawl_acme") == {
        "crawl": [],
        "extract": ["crawl"],
        "quarantine": ["extract"],
        "check": ["crawl", "extract"],
    }
    assert order("publish") == {"cluster": [], "load": ["cluster"], "check": ["load"], "alert": ["check"]}


@pytest.mark.parametrize("dag", ["crawl_acme", "backfill", "recrawl", "replay"])
def test_when_tasks_queue_what_is_crawled_is_read_before_more_is_crawled(seen, dag):
    assert {task["weight"] for task in seen["dags"][dag]["tasks"].values()} == {"upstream"}


def test_publish_waits_for_what_extract_stages(seen):
    tasks = seen["dags"]["crawl_acme"]["tasks"]
    assert tasks["extract"]["outlets"] == seen["dags"]["publish"]["waits_for"]
    assert len(tasks["extract"]["outlets"]) == 1
    assert tasks["crawl"]["outlets"] == tasks["check"]["outlets"] == []


def test_publish_checks_by_the_clock_too_also_when_no_batch_waited(seen):
    assert seen["dags"]["publish"]["clock"] == "*/15 * * * *"
    assert seen["dags"]["publish"]["tasks"]["check"]["rule"] == "none_failed"


@pytest.mark.parametrize("dag_id", ["crawl_acme", "publish", "upkeep"])
def test_one_run_at_a_time_and_no_task_without_limit(seen, dag_id):
    dag = seen["dags"][dag_id]
    assert dag["active"] == 1
    assert not dag["catchup"]
    assert all(task["limit"] for task in dag["tasks"].values())


def test_crawl_stops_by_itself_before_airflow_would_kill_it(seen):
    assert seen["dags"]["crawl_acme"]["tasks"]["crawl"]["limit"] > 30 * 60


@pytest.mark.parametrize(
    "dag_id", ["crawl_acme", "publish", "upkeep", "quarantine", "backfill", "recrawl", "replay"]
)
def test_docs_say_what_to_do_when_each_task_is_red(seen, dag_id):
    dag = seen["dags"][dag_id]
    for task in dag["tasks"]:
        assert f"**{task}**" in dag["doc"]


def test_the_docs_of_a_crawl_name_its_source_and_channels(seen):
    doc = seen["dags"]["crawl_acme"]["doc"]
    assert "Acme Wire" in doc
    assert "sources/acme.toml" in doc
    assert "https://acme.example/world.rss" in doc


def test_tags_tell_crawls_from_publish_and_repeat_the_sources_own(seen):
    assert seen["dags"]["crawl_acme"]["tags"] == ["crawl", "en", "invented"]
    assert seen["dags"]["publish"]["tags"] == ["publish"]


def test_each_dag_and_task_says_when_to_leave_it_what_to_look_at_and_how_to_run_it_again(seen):
    notes = {dag_id: dag["doc"] for dag_id, dag in seen["dags"].items()}
    for dag_id, dag in seen["dags"].items():
        notes |= {f"{dag_id}.{name}": task["doc"] for name, task in dag["tasks"].items()}
    told = ("leave it|ignore", "look at", "again|clear (it|the task)|trigger")
    missing = {
        name: [words for words in told if not re.search(words, doc or "", re.I)]
        for name, doc in notes.items()
    }
    assert {name: words for name, words in missing.items() if words} == {}


def test_parsing_imports_nothing_heavy(seen):
    assert seen["heavy"] == []

"""Do the metrics of steps reach StatsD and OpenTelemetry, and their datasets OpenLineage?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from receivers import udp_port, web_server
from website import declare, rss, serving, story

from pipelines.up import embedded

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

BOTH = """
import sys
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)  # as the task runner does
bag = DagBag(sys.argv[1])
for name in ("crawl_acme", "publish"):
    dag = bag.dags[name]
    dag.deadline = None  # with one, `test` breaks off at its end: apache/airflow#73428
    print(name, dag.test().state)
"""

EMIT = """
from airflow import settings  # puts the plugins' folder on the path
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from datetime import timedelta
from pipelines import metrics
from step_task import emit

stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
emit(metrics.of_extract("acme", {"new": 2, "gone": 1}) + metrics.of_step("extract", "acme", timedelta(seconds=2)))
emit([metrics.Metric("wirehouse.freshness", 60, {"source": "acme"})])
"""


@dataclass
class Ran:
    """What two DAG runs have told, and where."""

    home: Path
    base: str
    said: list[str]
    events: list[dict[str, Any]]
    log: str

    def values(self, name: str) -> dict[str, float]:
        """Values of a metric by its tags: `airflow.wirehouse.leads,source=acme,outcome=new:2|c`."""
        found = {}
        for line in self.said:
            what, _, value = line.partition(":")
            if what.split(",")[0] == f"airflow.{name}":
                found[",".join(what.split(",")[1:])] = float(value.split("|")[0])
        return found

    def flow(self, job: str) -> tuple[set[str], set[str]]:
        """Names of the datasets that a task read and wrote, our folder cut off."""
        [event] = [e for e in self.events if e["job"]["name"] == job and e["eventType"] == "COMPLETE"]

        def names(key: str) -> set[str]:
            return {d["name"].replace(f"{self.home}/data/", "") for d in event[key]}

        return names("inputs"), names("outputs")


def environment(home: Path, more: dict[str, str]) -> dict[str, str]:
    env = embedded.environment(home, 1, os.environ) | {
        "WIREHOUSE_HOME": str(home),
        "WIREHOUSE_SOURCES": str(home / "sources"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    }
    return env | more


def python(program: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, str(embedded.part("dags"))],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, airflow_database: Path) -> Iterator[Ran]:
    home = tmp_path_factory.mktemp("ran")
    (home / "sources").mkdir()
    events = home / "events.jsonl"
    with serving() as site, udp_port() as (port, lines):
        declare(home, "acme", site.base, feeds=f'["{site.base}/rss?key=s3cret"]')
        site.pages["/rss?key=s3cret"] = rss(site.base, "/1", "/2", "/3")
        for number, council in enumerate(("Ellery", "Marrow"), 1):
            words = [f"The council of Port {council} voted on {day} to keep its light." for day in DAYS]
            site.pages[f"/{number}"] = story(f"Light of Port {council} stays lit", *words)
        more = {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(port),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "wire",
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": str(events), "append": True}
            ),
        }
        embedded.lay_out(home)
        shutil.copy(airflow_database, home / "airflow")
        log = python(BOTH, environment(home, more))
        told = [json.loads(line) for line in events.read_text().splitlines()] if events.exists() else []
        yield Ran(home, site.base, lines(), told, log)


def test_each_step_is_timed(ran):
    steps = ran.values("wirehouse.step")
    assert set(steps) == {
        "step=crawl,source=acme",
        "step=extract,source=acme",
        "step=check,source=acme",
        "step=cluster,source=all",
        "step=load,source=all",
        "step=check,source=all",
    }, ran.log
    assert all(milliseconds > 0 for milliseconds in steps.values())
    assert steps["step=crawl,source=acme"] < 120_000


def test_leads_stories_and_what_was_received_are_counted_by_source(ran):
    assert ran.values("wirehouse.leads") == {"source=acme,outcome=new": 2, "source=acme,outcome=gone": 1}
    assert ran.values("wirehouse.stories") == {"source=acme": 2}
    assert ran.values("wirehouse.requests")["source=acme"] >= 4
    assert ran.values("wirehouse.bytes")["source=acme"] > 500


def test_how_all_is_after_a_publish_stands_in_gauges(ran):
    assert 0 <= ran.values("wirehouse.freshness")["source=acme"] < 300
    assert ran.values("wirehouse.waiting") == {"": 0}
    troubles = ran.values("wirehouse.troubles")
    assert troubles["source=acme,severity=error"] == 0
    assert set(ran.values("wirehouse.sick")) >= {"cause=blocked", "cause=ours"}


def test_lineage_leads_from_the_channels_over_the_batch_to_the_tables(ran):
    read, wrote = ran.flow("crawl_acme.crawl")
    assert (read, wrote) == ({"/rss"}, {"acme/*/pages.warc.gz", "acme/*/crawl.jsonl"})
    read, wrote = ran.flow("crawl_acme.extract")
    assert read == {"acme/*/pages.warc.gz", "acme/*/crawl.jsonl"}
    assert wrote == {f"acme/*/{n}.parquet" for n in ("stories", "ledger", "sightings", "fetches")}
    read, wrote = ran.flow("publish.load")
    assert {"acme/*/stories.parquet", "acme/*/clusters.parquet"} <= read
    assert {"stories", "ledger", "fetches", "runs"} <= wrote


def test_a_batch_is_a_version_of_its_sources_dataset(ran):
    [batch] = [p.parent.name for p in (ran.home / "data" / "acme").glob("*/run.json")]
    loads = [e for e in ran.events if e["job"]["name"] == "publish.load" and e["eventType"] == "COMPLETE"]
    [stories] = [d for d in loads[0]["inputs"] if d["name"].endswith("/stories.parquet")]
    assert stories["facets"]["version"]["datasetVersion"] == batch
    [table] = [d for d in loads[0]["outputs"] if d["name"] == "stories"]
    assert table["namespace"] == f"ducklake:sqlite:{ran.home}/warehouse/catalog.sqlite"


def test_no_key_of_a_channels_address_is_told(ran):
    assert ran.events
    assert "s3cret" not in json.dumps([e["inputs"] for e in ran.events])


def test_opentelemetry_gets_the_same_with_tags(tmp_path):
    with web_server() as collector:
        more = {
            "AIRFLOW__METRICS__OTEL_ON": "True",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{collector.url}/v1/metrics",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
        }
        embedded.lay_out(tmp_path)
        python(EMIT, environment(tmp_path, more))
    points = {}
    for path, _, body in collector.got:
        assert path == "/v1/metrics"
        request = ExportMetricsServiceRequest.FromString(body)
        for metric in [m for r in request.resource_metrics for s in r.scope_metrics for m in s.metrics]:
            kind = metric.WhichOneof("data")
            for point in getattr(metric, kind).data_points:
                tags = {a.key: a.value.string_value for a in point.attributes}
                value = point.sum if kind == "exponential_histogram" else (point.as_int or point.as_double)
                points[metric.name, *sorted(tags.values())] = (kind, value)
    assert points == {
        ("airflow.wirehouse.leads", "acme", "new"): ("sum", 2),
        ("airflow.wirehouse.leads", "acme", "gone"): ("sum", 1),
        ("airflow.wirehouse.stories", "acme"): ("sum", 2),
        ("airflow.wirehouse.step", "acme", "extract"): ("exponential_histogram", 2000),
        ("airflow.wirehouse.freshness", "acme"): ("gauge", 60),
    }


def test_plain_statsd_which_knows_no_tags_has_them_in_the_name(tmp_path):
    with udp_port() as (port, lines):
        more = {"AIRFLOW__METRICS__STATSD_ON": "True", "AIRFLOW__METRICS__STATSD_PORT": str(port)}
        embedded.lay_out(tmp_path)
        python(EMIT, environment(tmp_path, more | {"AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1"}))
        said = {line for line in lines() if ".wirehouse." in line}
    assert said == {
        "airflow.wirehouse.leads.acme.new:2|c",
        "airflow.wirehouse.leads.acme.gone:1|c",
        "airflow.wirehouse.stories.acme:2|c",
        "airflow.wirehouse.step.extract.acme:2000.000000|ms",
        "airflow.wirehouse.freshness.acme:60|g",
    }

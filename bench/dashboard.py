"""Does the dashboard for Grafana show something? Each of its queries is asked of a real Prometheus.

    python -m bench.dashboard [--prometheus /usr/bin/prometheus]

The metrics of some invented steps are sent as tasks send them, by Airflow's own StatsD client; what comes
is handed to Prometheus under the names and in the forms that statsd_exporter documents (a counter keeps its
name, a timer becomes a summary in seconds, tags become labels): that program itself is not asked, and
neither is an OpenTelemetry collector. Prometheus is a Debian package (`apt install prometheus`). Ends with 1
if a panel has no query that answers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

BOARD = Path(__file__).resolve().parents[1] / "docs" / "grafana" / "wirehouse.json"

EMIT = """
from datetime import UTC, datetime, timedelta
from step_task import emit
from pipelines import metrics
from pipelines.ledger import Cause, Finding, Run, Severity

now = datetime.now(UTC)
run = Run(run_id="acme/1", source_id="acme", kind="crawl", started_at=now, ended_at=now, leads=9,
          requests=9, responses=9, bytes=90_000, finish_reason="finished", wirehouse_version="0")
found = Finding(check="x", severity=Severity.ERROR, cause=Cause.BLOCKED, source_id="acme",
                run_id="acme/1", message="", next_step="", found_at=now)
row = {"source_id": "acme", "enabled": True, "newest_story_at": now - timedelta(hours=1),
       "last_good_run_at": now}
ill = {"source_id": "acme", "severity": "error", "cause": "blocked"}
weak = {"source_id": "acme", "severity": "warning", "cause": "slow"}
emit([
    *metrics.of_crawl(run), *metrics.of_extract("acme", {"new": 3, "updated": 1, "gone": 1}),
    *metrics.of_check("acme", [found]), *metrics.of_step("load", None, timedelta(seconds=2)),
    *metrics.of_step("extract", "acme", timedelta(seconds=3)),
    *metrics.of_warehouse([row], [ill, weak], 2, now),
])
"""


class Exporter:
    """What was received by UDP, as statsd_exporter would show it."""

    def __init__(self) -> None:
        self.values: dict[str, float] = defaultdict(float)
        self.kinds: dict[str, str] = {}
        self.listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.listening.bind(("127.0.0.1", 0))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            for line in self.listening.recv(65_536).decode().splitlines():
                self.take(line)

    def take(self, line: str) -> None:
        """Read a line such as `airflow.wirehouse.leads,source=acme,outcome=new:3|c`."""
        head, _, value = line.partition(":")
        number, kind, *_ = value.split("|")
        name, *tags = head.split(",")
        name = name.replace(".", "_")
        pairs = (tag.split("=", 1) for tag in tags)
        labels = "{" + ",".join(f'{key}="{said}"' for key, said in pairs) + "}"
        self.kinds[name] = {"c": "counter", "g": "gauge", "ms": "summary"}[kind]
        if kind == "g":
            self.values[name + labels] = float(number)
        elif kind == "c":
            self.values[name + labels] += float(number)
        else:
            self.values[f"{name}_sum{labels}"] += float(number) / 1000
            self.values[f"{name}_count{labels}"] += 1

    def shown(self) -> bytes:
        kinds = [f"# TYPE {name} {kind}" for name, kind in self.kinds.items()]
        return "\n".join([*kinds, *(f"{key} {value}" for key, value in self.values.items()), ""]).encode()


def serve(exporter: Exporter) -> str:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exporter.shown()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


def asked(base: str, query: str) -> tuple[int, str]:
    """How many series a query answers, or 0 and why it cannot be asked."""
    for name, value in {"$source": ".*", "$__rate_interval": "1m", "$__range": "1h"}.items():
        query = query.replace(name, value)
    try:
        with urlopen(f"http://{base}/api/v1/query?{urlencode({'query': query})}", timeout=30) as answer:
            found = json.load(answer)["data"]["result"]
    except HTTPError as error:
        return 0, json.load(error).get("error", str(error))
    return len(found), ", ".join(f"{one['metric']}: {one['value'][1]}" for one in found[:2])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--prometheus", default=shutil.which("prometheus"))
    given = parser.parse_args()
    if not given.prometheus:
        parser.error("no prometheus: apt install prometheus, or name one")
    exporter = Exporter()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        base = f"127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory(prefix="dashboard") as folder:
        jobs = [{"job_name": "statsd_exporter", "static_configs": [{"targets": [serve(exporter)]}]}]
        config = Path(folder) / "prometheus.yml"
        config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
        options = [
            "--config.file",
            config,
            "--storage.tsdb.path",
            f"{folder}/data",
            "--web.listen-address",
            base,
        ]
        server = subprocess.Popen([given.prometheus, *options], stderr=subprocess.DEVNULL)
        try:
            for _ in range(3):  # a rate needs two values of a counter
                send(exporter.listening.getsockname()[1])
                seen = sum(exporter.values.values())
                until_scraped(base, seen, exporter)
            return report(base)
        finally:
            server.terminate()
            server.wait()


def send(port: int) -> None:
    """Have Airflow's own client send the metrics, in a process of its own, as a task does."""
    metrics = {"STATSD_ON": "True", "STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(port),
               "STATSD_INFLUXDB_ENABLED": "True"}  # fmt: skip
    plugins = Path(__file__).resolve().parents[1] / "plugins"
    env = os.environ | {f"AIRFLOW__METRICS__{name}": value for name, value in metrics.items()}
    env["PYTHONPATH"] = f"{plugins}:{plugins.parent}"
    subprocess.run([sys.executable, "-c", EMIT], env=env, check=True, capture_output=True)


def until_scraped(base: str, seen: float, exporter: Exporter) -> None:
    """Wait for two scrapes of what came, so that it is a step between values."""
    counter = 'sum(count_over_time(up{job="statsd_exporter"}[1h]))'
    url = f"http://{base}/api/v1/query?{urlencode({'query': counter})}"
    first, ends = None, time.monotonic() + 120
    while time.monotonic() < ends:
        with suppress(URLError, OSError, IndexError):
            with urlopen(url, timeout=10) as answer:
                now = int(json.load(answer)["data"]["result"][0]["value"][1])
            first = now if first is None else first
            if now >= first + 2:
                return
        time.sleep(0.3)
    raise SystemExit("Prometheus did not scrape")


def report(base: str) -> int:
    board, failed = json.loads(BOARD.read_text("utf-8")), 0
    for panel in board["panels"]:
        told = [asked(base, target["expr"]) for target in panel["targets"]]
        well = any(count for count, _ in told)
        failed += not well
        print(f"{'ok   ' if well else 'EMPTY'} {panel['title']}")
        for count, said in told:
            print(f"        {count} series  {said[:150]}")
    sources, _ = asked(base, "count by (source) (airflow_wirehouse_good_run)")
    print(f"{'ok   ' if sources else 'EMPTY'} the choice of sources: {sources}")
    return 1 if failed or not sources else 0


if __name__ == "__main__":
    sys.exit(main())

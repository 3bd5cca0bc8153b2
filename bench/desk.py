"""How soon does the operators' desk show a thousand sources? Printed, never asserted.

    python -m bench.desk [--quick] [--keep FOLDER]

A warehouse of 1,000 sources and 1,000,000 stories of 4 kB over five weeks, crawled every hour (840,000
runs), each twentieth source in trouble, is made by SQL, a file per table and day as upkeep leaves them.
Then a real Airflow API server answers, and a headless Chromium draws: cold (a new server, a new browser)
and warm. First paint is the browser's own first-contentful-paint; `all rows` is the moment when the page
has drawn what it was told. Without Chromium only the answers are timed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bench import machine
from pipelines.store import warehouse
from pipelines.store.attach import quoted
from pipelines.up import embedded

SOURCES = 1_000
STORIES = 1_000_000
DAYS = 35
ROUNDS = 5
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

_EMPTY = {"VARCHAR": "''", "BIGINT": "0", "INTEGER": "0", "BOOLEAN": "false", "DOUBLE": "0.0"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--keep", type=Path, help="folder that is kept, and taken as it is when it is there")
    given = parser.parse_args()
    sources, stories = (SOURCES // 10, STORIES // 10) if given.quick else (SOURCES, STORIES)
    print(machine.describe("duckdb", "apache-airflow"))
    with tempfile.TemporaryDirectory(prefix="wirehouse-bench-") as made:
        home = given.keep or Path(made)
        catalog = home / "warehouse" / "catalog.sqlite"
        if not catalog.exists():
            began = time.perf_counter()
            fill(f"ducklake:sqlite:{catalog}", sources, stories)
            _print("made", f"{sources:,} sources, {stories:,} stories in {time.perf_counter() - began:.0f} s")
        measure(home)


def fill(attach: str, sources: int, stories: int) -> None:
    """Make the warehouse: a day at a time, the last one ending now."""
    now = datetime.now(UTC).replace(microsecond=0)
    with warehouse.opened(attach) as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(f"CREATE TEMP TABLE pool AS {_POOL}")
        insert(connection, "sources", _SOURCES.format(sources=sources))
        for day in range(DAYS):
            many = stories // DAYS
            end = _at(now - timedelta(days=DAYS - 1 - day))
            ran = _RAN.format(sources=sources, end=end)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE ran AS {ran}")
            told = _TOLD.format(many=many, first=day * many, sources=sources, end=end)
            connection.execute(f"CREATE OR REPLACE TEMP TABLE told AS {told}")
            with warehouse.transaction(connection):
                for table, rows in _ROWS.items():
                    insert(connection, table, rows)
        insert(connection, "findings", _FINDINGS)


_POOL = """
SELECT list(text) AS texts FROM (
  SELECT (SELECT string_agg(substr(md5((t * 977 + w)::VARCHAR), 1, 2 + (w % 9)::INTEGER), ' ')
    FROM range(300) r(w)) AS text
  FROM range(2000) u(t))"""
"""Texts of 2 kB; a body is two of them, so that it compresses no better than prose."""

_SOURCES = """
SELECT printf('source_%04d', n) AS source_id, printf('Wire number %d', n) AS title,
  printf('https://s%d.example/', n) AS home, 'UTC' AS timezone, true AS enabled, INTERVAL 1 HOUR AS "every",
  ['bench', printf('group%d', n % 12)] AS tags
FROM range({sources}) t(n)"""

_RAN = """
SELECT n, hour, printf('source_%04d', n) AS source_id, {end} - to_hours(hour) - to_seconds(n % 3000) AS began,
  printf('source_%04d/%s-%04x', n, strftime({end} - to_hours(hour), '%Y%m%dT%H%M%SZ'), n) AS run_id
FROM range({sources}) t(n), range(24) h(hour)"""

_TOLD = """
SELECT i, printf('source_%04d', n) AS source_id, substr(md5(i::VARCHAR), 1, 20) AS story_id, seen,
  printf('https://s%d.example/2026/story-%d.html', n, i) AS url,
  printf('source_%04d/%s-%04x', n, strftime(date_trunc('hour', seen), '%Y%m%dT%H%M%SZ'), n) AS run_id,
  texts[1 + (hash(i) % 2000)::INTEGER] || texts[1 + (hash(i + 7) % 2000)::INTEGER] AS body
FROM (
  SELECT {first} + k AS i, (hash(k + {first}) % {sources})::INTEGER AS n,
    {end} - to_seconds((random() * 86400)::INTEGER) AS seen
  FROM range({many}) r(k)), pool"""

_ROWS = {
    "stories": """
        SELECT story_id, 1 AS version, source_id, url, 'usable' AS pub_status, seen AS published_at,
          seen AS first_seen_at, seen AS last_seen_at, seen AS fetched_at, seen AS loaded_at,
          seen AS valid_from, body[:60] AS headline, body AS body_text, 600 AS word_count, 'en' AS language,
          md5(body) AS content_hash, 0.8 + (i % 20) / 100 AS extraction_confidence, run_id,
          run_id || '/pages.warc.gz:' || i || ':sha1-X' AS raw_ref, 'new' AS change_kind
        FROM told""",
    "observations": """
        SELECT story_id, source_id, url, seen AS fetched_at, run_id, 'new' AS outcome FROM told""",
    "ledger": """
        SELECT run_id, source_id, url, story_id, 'https://s.example/rss' AS channel, 'rss' AS channel_kind,
          CASE i % 25 WHEN 0 THEN 'rejected' WHEN 1 THEN 'gone' ELSE 'new' END AS outcome, seen AS found_at,
          seen AS fetched_at, 200 AS http_status
        FROM told""",
    "sightings": """
        SELECT run_id, source_id, url, 'https://s.example/rss' AS channel, 'rss' AS channel_kind,
          seen AS seen_at, i % 30 AS position
        FROM told""",
    "runs": """
        SELECT run_id, source_id, 'crawl' AS kind, began AS started_at, began AS ended_at,
          'finished' AS finish_reason, 1 AS leads, 180000 AS bytes, began AS loaded_at
        FROM ran""",
    "measures": """
        SELECT run_id, source_id, 'crawl' AS kind, began AS started_at, began AS judged_at FROM ran""",
    "fetches": """
        SELECT run_id, source_id, 'https://s.example/rss' AS url, 'channel' AS purpose, 'ok' AS outcome,
          began AS started_at
        FROM ran""",
}

_FINDINGS = """
SELECT run_id, source_id, 'channels_answer' AS check_name, 'error' AS severity, 'blocked' AS cause,
  '12 of 12 answers were 403' AS message, 'ask its publisher' AS next_step, began AS found_at, began AS since
FROM ran WHERE hour = 0 AND n % 20 = 0"""


def insert(connection: warehouse.Connection, table: str, rows: str) -> None:
    """Insert rows; columns that must be filled and are not given are empty."""
    asked = """SELECT column_name, data_type FROM duckdb_columns()
        WHERE database_name = 'wh' AND table_name = ? AND NOT is_nullable"""
    given = set(connection.sql(rows).columns)
    lacking = [
        f"{'[]' if kind.endswith('[]') else _EMPTY.get(kind, 'now()')} AS {name}"
        for name, kind in connection.execute(asked, [table]).fetchall()
        if name not in given
    ]
    connection.execute(f"INSERT INTO {table} BY NAME SELECT {', '.join(['*', *lacking])} FROM ({rows})")


def _at(moment: datetime) -> str:
    return f"{quoted(moment.isoformat())}::TIMESTAMPTZ"


def measure(home: Path) -> None:
    """Time the answers of a new server, of one that is warm, and what a browser draws."""
    for state in ("cold", "warm"):
        with serving(home) as (base, token):
            if state == "warm":
                for _ in range(2):
                    _get(f"{base}/desk/api/overview", token)
                one = json.loads(_get(f"{base}/desk/api/source/source_0001", token)[1])["stories"][0]
                asked = {
                    "overview": "overview",
                    "a source": "source/source_0001",
                    "a story": f"story/{one['story_id']}",
                    "where did a URL go": f"find?{urlencode({'q': one['url']})}",
                }
                for name, path in asked.items():
                    times = [_get(f"{base}/desk/api/{path}", token)[0] for _ in range(ROUNDS)]
                    _print(
                        f"answer: {name}",
                        f"median of {ROUNDS} {statistics.median(times):.2f} s, worst {max(times):.2f} s",
                    )
            else:
                seconds, body = _get(f"{base}/desk/api/overview", token)
                _print(
                    "answer: overview, a new server's first", f"{seconds:.2f} s, {len(body) / 1e3:,.0f} kB"
                )
        for _ in range(2 if state == "cold" else 1):
            with serving(home) as (base, token):
                draw(base, token, state)


def draw(base: str, token: str, state: str) -> None:
    """Open the desk in a browser and print when it painted."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium: only answers are timed")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "_token", "value": token, "url": base}])
        taken = []
        for _ in range(1 if state == "cold" else ROUNDS + 1):
            page = context.new_page()
            page.goto(f"{base}/desk/")
            page.wait_for_selector("main[aria-busy=false]", timeout=60_000)
            taken.append(page.evaluate(_TIMES))
            page.close()
        for name in ("first paint", "first rows", "all rows"):
            times = [one[name] / 1000 for one in (taken if state == "cold" else taken[1:])]
            more = f", worst {max(times):.2f} s" if len(times) > 1 else ""
            _print(f"browser, {state}: {name}", f"{statistics.median(times):.2f} s{more}")
        browser.close()


_TIMES = """() => ({
  "first paint": performance.getEntriesByName("first-contentful-paint")[0].startTime,
  "first rows": performance.getEntriesByName("desk-drawn")[0].startTime,
  "all rows": performance.getEntriesByName("desk-all")[0].startTime,
})"""


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, str]]:
    """A new API server over this home: its address, and a token."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    embedded.lay_out(home)
    env = embedded.environment(home, port, os.environ | {"WIREHOUSE_HOME": str(home)})
    airflow = str(Path(sys.executable).with_name("airflow"))
    if not (home / "airflow" / "airflow.db").exists():
        subprocess.run([airflow, "db", "migrate"], env=env, check=True, capture_output=True)
    server = subprocess.Popen(
        [airflow, "api-server"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert server.stdout is not None
        while b"Uvicorn running on" not in (line := server.stdout.readline()):
            if not line:
                sys.exit("the API server did not start")
        threading.Thread(target=server.stdout.read, daemon=True).start()
        body = json.dumps({"username": embedded.USER, "password": embedded.password(home)}).encode()
        asked = Request(f"http://127.0.0.1:{port}/auth/token", body, {"Content-Type": "application/json"})
        with urlopen(asked, timeout=60) as answer:
            yield f"http://127.0.0.1:{port}", json.load(answer)["access_token"]
    finally:
        server.terminate()
        server.wait(60)


def _get(url: str, token: str) -> tuple[float, bytes]:
    began = time.perf_counter()
    with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=120) as answer:
        body = answer.read()
    return time.perf_counter() - began, body


def _print(name: str, value: str) -> None:
    print(f"{name:40} {value}", flush=True)


if __name__ == "__main__":
    main()

"""Ask a running Airflow how it is, over its REST API. We only read.

On SQLite a write through this API blocks the server's event loop while a task's report
may hold the database, and both wait for each other until one fails after 5 seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

PATIENCE = 30.0
"""Seconds for one answer: while everything starts, two cores have much to do."""


class NoAnswerError(Exception):
    """Nobody answers, or not (yet) as Airflow would: the caller tries again or gives up."""


@dataclass(frozen=True, kw_only=True)
class DagRun:
    dag_id: str
    run_id: str
    state: str
    """queued, running, success or failed."""

    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class TaskRun:
    task_id: str
    state: str | None
    attempt: int
    ended_at: datetime | None


class AirflowApi:
    """One Airflow at `base`, e.g. `http://127.0.0.1:8080`, as one of its users."""

    def __init__(self, base: str, user: str, password: str) -> None:
        self.base = base
        self._login = {"username": user, "password": password}
        self._token: str | None = None

    def unhealthy(self, since: datetime) -> list[str]:
        """Names of the components that have not reported in since; none when all is well.

        Airflow believes for minutes that one lives that was killed: its last report is not of the new one.
        """
        parts = self._ask("GET", "/api/v2/monitor/health")
        return [name for name, part in parts.items() if part and not _reported(name, part, since)]

    def runs_since(self, moment: datetime) -> list[DagRun]:
        """Runs of all DAGs that started at `moment` or later, the oldest first."""
        rows = self._list(
            "/api/v2/dags/~/dagRuns", "dag_runs", start_date_gte=moment.isoformat(), order_by="start_date"
        )
        return [
            DagRun(
                dag_id=row["dag_id"],
                run_id=row["dag_run_id"],
                state=row["state"],
                started_at=_instant(row["start_date"]),
                ended_at=_instant(row["end_date"]),
            )
            for row in rows
        ]

    def tasks(self, run: DagRun) -> list[TaskRun]:
        """The tasks of one run."""
        return [
            TaskRun(
                task_id=row["task_id"],
                state=row["state"],
                attempt=row["try_number"],
                ended_at=_instant(row["end_date"]),
            )
            for row in self._list(f"{_path(run)}/taskInstances", "task_instances")
        ]

    def log(self, run: DagRun, task: TaskRun) -> list[str]:
        """What the last attempt of a task wrote, line by line, errors with their traceback."""
        answer = self._ask(
            "GET", f"{_path(run)}/taskInstances/{task.task_id}/logs/{task.attempt}?full_content=true"
        )
        return [line for entry in answer["content"] for line in _lines(entry)]

    def _list(self, path: str, key: str, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = self._ask("GET", f"{path}?{urlencode({**query, 'limit': 100, 'offset': len(rows)})}")
            rows += page[key]
            if not page[key] or len(rows) >= page["total_entries"]:
                return rows

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        if self._token is None:
            self._token = self._send("POST", "/auth/token", self._login)["access_token"]
        try:
            return self._send(method, path, body)
        except NoAnswerError as error:
            if isinstance(error.__cause__, HTTPError) and error.__cause__.code == 401:
                self._token = None  # it lasts a day; the next call logs in again
            raise

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        request = Request(self.base + path, method=method)  # noqa: S310 (the base is ours: http)
        request.add_header("Accept", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return json.load(answer)
        except (HTTPError, URLError, OSError, ValueError) as error:
            raise NoAnswerError(f"{method} {path.partition('?')[0]}: {error}") from error


def _reported(name: str, part: dict[str, Any], since: datetime) -> bool:
    if part["status"] != "healthy":
        return False
    beat = f"latest_{name}_heartbeat"  # the database has none
    return beat not in part or (part[beat] is not None and datetime.fromisoformat(part[beat]) >= since)


def _path(run: DagRun) -> str:
    return f"/api/v2/dags/{run.dag_id}/dagRuns/{quote(run.run_id, safe='')}"


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _lines(entry: dict[str, Any] | str) -> Iterator[str]:
    """One log entry as it would stand in a plain log file; of a traceback, the frames outside Airflow.

    >>> list(_lines({"event": "crawl failed", "level": "error", "error_detail": [
    ...     {"exc_type": "CrawlFailed", "exc_value": "exit code 1", "frames": []}]}))
    ['ERROR crawl failed', 'CrawlFailed: exit code 1']
    """
    if isinstance(entry, str):
        yield entry
        return
    if not entry["event"].startswith(("::group::", "::endgroup::")):  # for folding in the UI
        yield f"{str(entry.get('level', '')).upper()} {entry['event']}".strip()
    for detail in entry.get("error_detail") or []:
        for frame in detail.get("frames") or []:
            if "/site-packages/airflow/" not in frame["filename"]:
                yield f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}'
        yield f"{detail['exc_type']}: {detail['exc_value']}"

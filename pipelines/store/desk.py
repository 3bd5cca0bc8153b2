"""What the operators' desk reads of the warehouse: all sources at a glance, and one source near.

Every question is bounded by a window of time, so that it costs what happened of late and
not what was ever loaded. Read only; questions take parameters, never text of a request.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from pipelines.store.warehouse import Connection, one

SHOWN = timedelta(hours=48)
"""What is shown by the hour."""

HISTORY = timedelta(days=35)
"""How far back what is usual is looked for: this week, and four before it."""

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

_SOURCES = """
SELECT source_id, title, home, language, enabled, tags, epoch(every)::BIGINT AS every
FROM sources ORDER BY source_id"""

_RUNS = """
SELECT source_id, max(started_at) AS last_run_at, arg_max(finish_reason, started_at) AS finish_reason,
  coalesce(sum(bytes) FILTER (started_at > $day), 0)::BIGINT AS bytes
FROM runs WHERE kind = 'crawl' AND started_at > $since GROUP BY source_id"""

# Stories that a backfill or a replay brought say nothing of what comes by the hour.
_HOURS = """
SELECT source_id, date_diff('second', first_seen_at, $until) // 3600 AS ago, count(*) AS stories,
  sum(extraction_confidence) AS confidence, max(first_seen_at) AS newest_at
FROM stories WHERE first_seen_at > $since AND first_seen_at <= $upto {crawled} GROUP BY ALL"""

_CRAWLED = "AND run_id NOT IN (SELECT run_id FROM runs WHERE kind <> 'crawl' AND ended_at > $since)"

_OUTCOMES = """
SELECT source_id, outcome, count(*) AS leads, count(*) FILTER (channel_kind = 'recheck') AS rechecks
FROM ledger WHERE found_at > $day {crawled} GROUP BY ALL"""

_LATEST_RUNS = """
SELECT run_id, kind, started_at, ended_at, finish_reason, leads, requests, responses, bytes, loaded_at
FROM runs WHERE source_id = $source AND started_at > $since ORDER BY started_at DESC LIMIT $runs"""

_LEDGER_OF_RUNS = """
SELECT run_id, outcome, count(*) AS leads FROM ledger
WHERE source_id = $source AND found_at > $since GROUP BY ALL"""

# Reasons without the addresses in them, so that they can be counted.
_REASONS = """
SELECT outcome, regexp_replace(reason, '(:? ?to|:)? *https?://.*', '') AS reason, count(*) AS leads,
  max(found_at) AS last_at, arg_max(url, found_at) AS url,
  arg_max(raw_ref, found_at) AS raw_ref
FROM ledger WHERE source_id = $source AND found_at > $week AND outcome <> 'not_due'
GROUP BY ALL ORDER BY leads DESC, outcome LIMIT 60"""

_CHANNELS = """
SELECT url, arg_max(outcome, started_at) AS outcome, arg_max(reason, started_at) AS reason,
  arg_max(http_status, started_at) AS http_status, max(started_at) AS last_at,
  max(started_at) FILTER (outcome = 'ok') AS last_body_at, count(*) AS asked
FROM fetches WHERE source_id = $source AND purpose IN ('channel', 'robots') AND started_at > $week
GROUP BY ALL ORDER BY url LIMIT 100"""

_FINDINGS = """
SELECT run_id, check_name, severity, cause, message, next_step, evidence, holds, found_at FROM findings
WHERE source_id = $source AND found_at > $week ORDER BY found_at DESC, severity LIMIT 80"""

_LATEST_STORIES = """
SELECT story_id, version, headline, url, published_at, published_precision, first_seen_at, fetched_at, byline,
  dateline, credit_line, section, language, word_count, body_text[:600] AS body_text, pub_status,
  change_kind, authors, extraction_confidence, raw_ref, cluster_id
FROM stories WHERE source_id = $source AND first_seen_at > $since ORDER BY first_seen_at DESC LIMIT 20"""


def glance(connection: Connection, now: datetime, until: datetime) -> dict[str, Any]:
    """What the overview is made of: sources, runs, stories by the hour, outcomes of a day.

    `hours` is an Arrow table, a row per source and hour of those shown: `ago` is 0 for the hour
    that ends at `until`. The others are lists of rows.
    """
    since = until - HISTORY
    crawled = _crawled(connection, since)
    times = {"day": now - DAY, "since": since}
    return {
        "sources": rows(connection, _SOURCES),
        "runs": rows(connection, _RUNS, times),
        "hours": _hours(connection, until, until - SHOWN, until),
        "outcomes": rows(
            connection, _OUTCOMES.format(crawled=crawled), times if crawled else _only(times, "day")
        ),
    }


def nothing() -> dict[str, Any]:
    """What `glance` and `before` find where nothing was ever loaded."""
    columns = {"source_id": pa.string(), "ago": pa.int64(), "stories": pa.int64(), "confidence": pa.float64()}
    hours = pa.schema(columns | {"newest_at": pa.timestamp("us", tz="UTC")}).empty_table()
    return {"sources": [], "runs": [], "outcomes": [], "hours": hours, "before": hours}


def nothing_near() -> dict[str, Any]:
    """What `near` finds where nothing was ever loaded."""
    lists = ("runs", "ledger", "reasons", "channels", "findings", "stories")
    return {"source": None, **{name: [] for name in lists}}


def before(connection: Connection, until: datetime) -> pa.Table:
    """Stories by the hour, as `glance` has them, of the five weeks before those shown."""
    return _hours(connection, until, until - HISTORY, until - SHOWN)


def _hours(connection: Connection, until: datetime, since: datetime, upto: datetime) -> pa.Table:
    asked = _HOURS.format(crawled=_crawled(connection, since))
    return _table(connection, asked, {"until": until, "since": since, "upto": upto})


def _crawled(connection: Connection, since: datetime) -> str:
    """The condition that leaves out backfills and replays; it costs, so only where there were any."""
    others = "SELECT count(*) FROM runs WHERE kind <> 'crawl' AND ended_at > ?"
    return _CRAWLED if one(connection, others, [since]) else ""


def near(connection: Connection, source: str, now: datetime, runs: int) -> dict[str, Any]:
    """What a source's page is made of."""
    since = now - HISTORY
    latest = rows(connection, _LATEST_RUNS, {"source": source, "since": since, "runs": runs})
    first = min((run["started_at"] for run in latest), default=now)
    of_source = {"source": source}
    return {
        "source": next((s for s in rows(connection, _SOURCES) if s["source_id"] == source), None),
        "runs": latest,
        "ledger": rows(connection, _LEDGER_OF_RUNS, of_source | {"since": first - timedelta(hours=1)}),
        "reasons": rows(connection, _REASONS, of_source | {"week": now - WEEK}),
        "channels": rows(connection, _CHANNELS, of_source | {"week": now - WEEK}),
        "findings": rows(connection, _FINDINGS, of_source | {"week": now - WEEK})
        if has(connection, "findings")
        else [],
        "stories": rows(connection, _LATEST_STORIES, of_source | {"since": since}),
    }


def has(connection: Connection, name: str) -> bool:
    """Is there such a table or view? A warehouse that was only read since an update lacks new ones."""
    asked = """SELECT count(*) FROM (SELECT table_name AS name, database_name FROM duckdb_tables()
        UNION ALL SELECT view_name, database_name FROM duckdb_views())
        WHERE database_name = 'wh' AND name = ?"""
    return bool(one(connection, asked, [name]))


def rows(connection: Connection, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
    """The rows of a question as dicts."""
    found: list[dict[str, Any]] = _table(connection, sql, parameters).to_pylist()
    return found


def _table(connection: Connection, sql: str, parameters: Any = None) -> pa.Table:
    return connection.execute(sql, parameters).to_arrow_table()


def _only(times: dict[str, datetime], *names: str) -> dict[str, datetime]:
    """DuckDB refuses a parameter that the question does not name."""
    return {name: times[name] for name in names}

"""All sources at a glance: one row each, the sick ones first. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.desk import band
from pipelines.store.desk import HISTORY

_HOURS = int(HISTORY / timedelta(hours=1))

_ORDER = ("sick", "ailing", "held", "new", "well", "resting")
"""What an operator looks at first."""

_LATE = 3
"""Beats of a source without a run, after which it is late even if no check has said so yet."""


def overview(
    found: Mapping[str, Any], held: Collection[str], now: datetime, until: datetime
) -> dict[str, Any]:
    """The overview as the page draws it.

    `found`: as `store.desk.glance` and `before` read it; `held`: names of batches in quarantine. Times
    are seconds since 1970. A row's `hours`, `low` and `high` begin 48 hours ago and end with the
    running hour; `low` and `high` are left out of a source that is too new for a band, as are
    the hours in which it brought too little (`slump`).
    """
    in_quarantine = _held(held)
    names = _names(found, in_quarantine)
    index = {name: n for n, name in enumerate(names)}
    counts, confidence, newest = _by_hour(pa.concat_tables([found["hours"], found["before"]]), index)
    expected = band.expected(counts)
    runs = {row["source_id"]: row for row in found["runs"]}
    declared = {row["source_id"]: row for row in found["sources"]}
    outcomes = _outcomes(found["outcomes"])
    troubles = _troubles(found["troubles"])
    rows = []
    for name in names:
        n = index[name]
        source = declared.get(name, {})
        run = runs.get(name, {})
        row = {
            "name": name,
            "title": source.get("title") or name,
            "tags": source.get("tags") or [],
            "every": source.get("every"),
            "last_run": _seconds(run.get("last_run_at")),
            "finish": run.get("finish_reason"),
            "newest": int(newest[n]) or None,
            "hours": counts[n, band.SHOWN - 1 :: -1].tolist(),
            "day": int(counts[n, :24].sum()),
            "confidence": _share(confidence[n, :24].sum(), counts[n, :24].sum()),
            "usual_confidence": _share(confidence[n, 24:].sum(), counts[n, 24:].sum()),
            "outcomes": outcomes.get(name, {}).get("leads", {}),
            "rechecks": outcomes.get(name, {}).get("rechecks", [0, 0]),
            "troubles": troubles.get(name, []),
            "held": in_quarantine.get(name, 0),
            "bytes": run.get("bytes", 0),
        }
        if expected.known[n]:
            row["slump"] = np.flatnonzero(expected.slump[n, ::-1]).tolist()
            row["low"] = expected.low[n, ::-1].tolist()
            row["high"] = expected.high[n, ::-1].tolist()
        row["state"] = state(row, bool(source.get("enabled", True)), now)
        rows.append(row)
    rows.sort(key=_rank)
    return {
        "at": _seconds(now),
        "until": _seconds(until),
        "sources": rows,
        "warehouse": troubles.get(None, []),
    }


def state(row: Mapping[str, Any], enabled: bool, now: datetime) -> str:
    """How a source is, in a word: sick, ailing, held, new (never ran), well or resting (switched off)."""
    worst = {trouble["severity"] for trouble in row["troubles"]}
    if not enabled:
        return "resting"
    if "error" in worst:
        return "sick"
    if worst:
        return "ailing"
    if row["held"]:
        return "held"
    if row["last_run"] is None:
        return "new"
    late = row["every"] is not None and now.timestamp() - row["last_run"] > _LATE * max(row["every"], 600)
    return "ailing" if late else "well"


def _rank(row: Mapping[str, Any]) -> tuple[int, float, str]:
    began = min((t["since"] or 0 for t in row["troubles"]), default=0)
    return _ORDER.index(row["state"]), -began, row["name"]


def _names(found: Mapping[str, Any], held: Collection[str]) -> list[str]:
    """The declared sources, and those that ran once, are in trouble or held, and are declared no more."""
    known = {row["source_id"] for row in (*found["sources"], *found["runs"])}
    return sorted(known.union(held) | {row["source_id"] for row in found["troubles"] if row["source_id"]})


def _by_hour(hours: Any, index: Mapping[str, int]) -> tuple[Any, Any, Any]:
    """Per source and hour (0: the running one) stories and their summed confidence; the newest one's time."""
    counts = np.zeros((len(index), _HOURS), dtype=np.int64)
    confidence = np.zeros((len(index), _HOURS))
    newest = np.zeros(len(index), dtype=np.int64)
    if hours.num_rows:
        coded = hours["source_id"].combine_chunks().dictionary_encode()
        places = np.array([index.get(name, -1) for name in coded.dictionary.to_pylist()], dtype=np.int64)
        who = places[coded.indices.to_numpy()]
        ago = np.minimum(hours["ago"].to_numpy(), _HOURS - 1)
        fits = who >= 0
        np.add.at(counts, (who[fits], ago[fits]), hours["stories"].to_numpy()[fits])
        np.add.at(confidence, (who[fits], ago[fits]), hours["confidence"].to_numpy()[fits])
        seconds = hours["newest_at"].to_numpy().astype("datetime64[s]").astype(np.int64)
        np.maximum.at(newest, who[fits], seconds[fits])
    return counts, confidence, newest


def _outcomes(found: Collection[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Per source: leads by outcome, and how many rechecks there were, and found something."""
    per_source: dict[str, dict[str, Any]] = {}
    for row in found:
        one = per_source.setdefault(row["source_id"], {"leads": {}, "rechecks": [0, 0]})
        if row["outcome"] != "not_due":  # nothing was asked
            one["leads"][row["outcome"]] = row["leads"]
            one["rechecks"][0] += row["rechecks"]
            one["rechecks"][1] += row["rechecks"] if row["outcome"] in ("updated", "gone") else 0
    return per_source


def _troubles(found: Collection[Mapping[str, Any]]) -> dict[str | None, list[dict[str, Any]]]:
    per_source: dict[str | None, list[dict[str, Any]]] = {}
    for row in found:
        told = {key: row[key] for key in ("cause", "severity", "message", "next_step")}
        per_source.setdefault(row["source_id"], []).append(told | {"since": _seconds(row["since"])})
    for several in per_source.values():
        several.sort(key=lambda t: (t["severity"] != "error", t["since"] or 0))
    return per_source


def _held(names: Collection[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for name in names:
        source = name.split("/")[0]
        counted[source] = counted.get(source, 0) + 1
    return counted


def _share(total: Any, count: Any) -> float | None:
    return round(float(total) / int(count), 3) if count else None


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())

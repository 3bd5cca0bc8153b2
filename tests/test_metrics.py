"""Do the docs and the dashboard speak of the metrics that there are, and is every source told of?"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import metrics
from pipelines.ledger import Cause

ROOT = Path(__file__).resolve().parents[1]
BOARD = json.loads((ROOT / "docs" / "grafana" / "wirehouse.json").read_text("utf-8"))
QUERIES = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def used(query: str) -> set[str]:
    """The metrics that a query of the dashboard asks for, by our names."""
    names = re.findall(r"airflow_wirehouse_([a-z_]+)", query)
    return {f"wirehouse.{re.sub('_(sum|count|milliseconds)$', '', name)}" for name in names}


@pytest.mark.parametrize("query", QUERIES)
def test_the_dashboard_asks_for_metrics_that_there_are_by_tags_that_they_have(query):
    [name] = used(query)
    tags = metrics.NAMES[name][1]
    by = {tag for group in re.findall(r"by \(([^)]*)\)", query) for tag in group.split(", ")}
    filtered = set(re.findall(r'\b([a-z]+)=~?"', query)) - {"__name__"}
    assert by | filtered <= set(tags)
    assert query.count("(") == query.count(")")


def test_the_dashboard_shows_every_metric():
    assert set().union(*map(used, QUERIES)) == set(metrics.NAMES)


def test_panels_do_not_lie_over_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_docs_name_every_metric_with_its_kind_its_tags_and_what_it_says():
    docs = (ROOT / "docs" / "operators.md").read_text("utf-8")
    for name, (kind, tags, says) in metrics.NAMES.items():
        assert f"| `{name}` | {kind} | {', '.join(f'`{tag}`' for tag in tags)} | {says} |" in docs


def made(health: list[dict], troubles: list[dict]) -> dict[tuple[str, ...], float]:
    told = metrics.of_warehouse(health, troubles, 3, NOW)
    for one in told:
        assert tuple(one.tags) == metrics.NAMES[one.name][1]
    return {(one.name, *one.tags.values()): one.value for one in told}


def test_every_source_that_is_on_is_told_of_also_when_it_is_well_and_never_ran():
    ran = {"newest_story_at": NOW - timedelta(hours=2), "last_good_run_at": NOW - timedelta(minutes=5)}
    never = {"newest_story_at": None, "last_good_run_at": None}
    told = made(
        [
            {"source_id": "well", "enabled": True} | ran,
            {"source_id": "new", "enabled": True} | never,
            {"source_id": "off", "enabled": False} | ran,
        ],
        [
            {"source_id": "new", "severity": "error", "cause": "down"},
            {"source_id": "new", "severity": "warning", "cause": "slow"},
            {"source_id": "well", "severity": "note", "cause": "quiet_day"},
            {"source_id": None, "severity": "error", "cause": "ours"},
        ],
    )
    assert told["wirehouse.freshness", "well"] == 7200
    assert told["wirehouse.good_run", "well"] == 300
    assert ("wirehouse.freshness", "new") not in told
    assert told["wirehouse.troubles", "well", "error"] == 0
    assert told["wirehouse.troubles", "new", "error"] == told["wirehouse.troubles", "new", "warning"] == 1
    assert told["wirehouse.troubles", "all", "error"] == 1
    assert {cause: told["wirehouse.sick", cause] for cause in Cause if told["wirehouse.sick", cause]} == {
        "down": 1,
        "slow": 1,
        "ours": 1,
    }
    assert told["wirehouse.waiting",] == 3
    assert not [key for key in told if "off" in key]

"""Show plain Postgres tables as they stood at a time, as far as their rows tell.

A lake keeps snapshots. Here what is kept is when each version and each run came in (`loaded_at`): so stories
and their versions can be told, and what runs brought. Of the rest only what it is now is known, and asking
for it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pipelines.errors import WarehouseError
from pipelines.store.attach import quoted
from pipelines.store.plain_tables import declared

_OF_RUNS = ("fetches", "sightings")

_UNTOLD = ("past_versions", "observations", "ledger", "clusters", "prints", "sources", "findings", "measures")
"""Tables whose rows are changed, or replaced, and do not say when."""

# Of the whole story, when it was seen last and what it was a copy of then is not kept.
_VERSIONS = """
WITH loaded AS (
  SELECT *, NULL::TIMESTAMPTZ AS valid_to FROM ({stories}) WHERE loaded_at <= {then}
  UNION ALL BY NAME
  SELECT p.*, s.first_seen_at FROM ({past_versions}) p JOIN ({stories}) s USING (story_id)
  WHERE p.version IS NOT NULL AND p.loaded_at <= {then}
)
SELECT * REPLACE (
  row_number() OVER chain::INTEGER AS version, lead(valid_from) OVER chain AS valid_to,
  NULL::TIMESTAMPTZ AS last_seen_at, NULL::VARCHAR AS cluster_id)
FROM loaded WINDOW chain AS (PARTITION BY story_id ORDER BY version)"""


def look_back(connection: Any, as_of: datetime, table: Callable[[str], str]) -> None:
    """Put views of the past in place of those of today; `table` says how all rows of one are read.

    WarehouseError if there was no warehouse then.
    """
    made = f"SELECT min(applied_at) <= ? FROM ({table('schema_version')})"  # noqa: S608  our own names
    if "schema_version" not in _there(connection) or not connection.execute(made, [as_of]).fetchone()[0]:
        raise WarehouseError(
            f"nothing is known as of {as_of:%Y-%m-%d %H:%M:%S%z}: that is before the first load"
        )
    then = f"TIMESTAMPTZ {quoted(as_of.isoformat())}"
    versions = _VERSIONS.format(stories=table("stories"), past_versions=table("past_versions"), then=then)
    loaded = f"SELECT run_id FROM ({table('runs')}) WHERE loaded_at <= {then}"  # noqa: S608
    views = {
        "story_versions": versions,
        "stories": f"SELECT * EXCLUDE (valid_to) FROM ({versions}) WHERE valid_to IS NULL",  # noqa: S608
        "runs": f"FROM ({table('runs')}) WHERE loaded_at <= {then}",
        "exports": f"FROM ({table('exports')}) WHERE exported_at <= {then}",
    }
    views |= {name: f"FROM ({table(name)}) WHERE run_id IN ({loaded})" for name in _OF_RUNS}
    for name in _UNTOLD:
        said = (
            f"plain Postgres tables keep no past of {name}: ask without --as-of, or use a lake (ducklake:…), "
        )
        columns = ", ".join(
            f'NULL::{kind.removesuffix(" NOT NULL")} AS "{column}"'
            for column, kind in declared()[name].items()
        )
        views[name] = f"SELECT {columns} FROM (VALUES (1)) v (n) WHERE error({quoted(said)} || n)::BOOLEAN"  # noqa: S608
    for name, asked in views.items():
        connection.execute(f"CREATE OR REPLACE VIEW wh.{name} AS {asked}")


def _there(connection: Any) -> set[str]:
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE database_name = 'wh'")
    return {name for (name,) in found.fetchall()}

"""Fields that several forms have: what an operator fills in to start a run."""

from __future__ import annotations

from airflow.sdk import Param

from pipelines.places import places
from pipelines.sources import names


def source() -> Param:
    """Which source is meant: one of those declared, switched on or not."""
    declared = names(places().sources)
    return Param(
        type="string",
        title="Source",
        description="Its name, as in `sources/<name>.toml`; it need not be switched on.",
        **({"enum": declared} if declared else {"pattern": r"^[a-z][a-z0-9_]*$"}),
    )


def budget() -> Param:
    """The most stories to fetch."""
    return Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=100_000,
        title="Budget",
        description="The most stories to fetch in one run; the source's own, if none is named.",
    )

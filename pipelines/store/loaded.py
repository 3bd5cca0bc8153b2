"""Remember, beside the batches, what was loaded: a warehouse that lost it is not taken for a new one.

`<data>/.loaded.json` has the most runs that the warehouse ever had, and the first and the newest of them. By
the number alone a warehouse that was lost would be well again once as many others came; by number and first
run, one that was put back from an old copy. Whoever begins anew on purpose deletes the file.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pipelines.errors import BatchError
from pipelines.store import pages
from pipelines.store.warehouse import Connection

if TYPE_CHECKING:
    from upath import UPath

LOADED = ".loaded.json"


class Loaded(NamedTuple):
    runs: int
    """The most that were ever there."""
    first: str
    """A `run_id`; always there."""
    last: str | None = None
    """The `run_id` of the newest, when it was noted; None if an older program noted it."""


def known(data: UPath) -> Loaded | None:
    """What was ever loaded; None if that is nothing, or nobody knows."""
    try:
        return Loaded(**json.loads((data / LOADED).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise BatchError(f"{data / LOADED}: damaged: {error}; delete it") from error


def note(data: UPath, connection: Connection) -> None:
    """Remember what is there after a load; what is lost stays remembered until it is there again."""
    before, runs = known(data), count(connection)
    if before and not has(connection, before):
        return
    if runs > (before.runs if before else 0) or (before and before.last is None):
        ends = "SELECT min_by(run_id, started_at), max_by(run_id, started_at) FROM runs"
        first, last = map(str, connection.execute(ends).fetchall()[0])
        data.mkdir(parents=True, exist_ok=True)
        pages.write_json(data / LOADED, Loaded(runs, before.first if before else first, last)._asdict())


def count(connection: Connection) -> int:
    """How many runs the warehouse has."""
    return int(connection.execute("SELECT count(*) FROM runs").fetchall()[0][0])


def has(connection: Connection, before: Loaded) -> bool:
    """Is as much there as ever was, its first and its newest run among it?"""
    ends = {before.first, before.last or before.first}
    asked = "SELECT count(DISTINCT run_id) FROM runs WHERE run_id IN (?, ?)"
    there = connection.execute(asked, [before.first, before.last or before.first]).fetchall()
    return int(there[0][0]) == len(ends) and count(connection) >= before.runs

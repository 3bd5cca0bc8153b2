"""Remember, beside the batches, what was loaded: a warehouse that lost it is not taken for a new one.

`<data>/.loaded.json` has the most runs that the warehouse ever had, and the first of them. By the number
alone a warehouse that was lost would be well again once as many others came. Whoever begins anew on purpose
deletes the file.
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


def known(data: UPath) -> Loaded | None:
    """What was ever loaded; None if that is nothing, or nobody knows."""
    try:
        return Loaded(**json.loads((data / LOADED).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise BatchError(f"{data / LOADED}: damaged: {error}; delete it") from error


def note(data: UPath, connection: Connection) -> None:
    """Remember what is there after a load."""
    before, runs = known(data), count(connection)
    if runs > (before.runs if before else 0):
        asked = connection.execute("SELECT min_by(run_id, started_at) FROM runs").fetchall()
        first = before.first if before else str(asked[0][0])
        data.mkdir(parents=True, exist_ok=True)
        pages.write_json(data / LOADED, Loaded(runs, first)._asdict())


def count(connection: Connection) -> int:
    """How many runs the warehouse has."""
    return int(connection.execute("SELECT count(*) FROM runs").fetchall()[0][0])


def has(connection: Connection, before: Loaded) -> bool:
    """Is as much there as ever was, and the first of it?"""
    first = connection.execute("SELECT count(*) FROM runs WHERE run_id = ?", [before.first]).fetchall()
    return first[0][0] > 0 and count(connection) >= before.runs

"""Keep an index beside a lake, and bring it up to date with what the lake has since said.

    <place>/state.json      which lake, as of which snapshot, in which folder: replaced in one step, at the
    end <place>/index-…/        the index itself
    <place>/lock            held by whoever writes; a process that is killed lets go of it

The lake says what changed between two snapshots, so bringing it up to date costs what changed, not what
there is. If we are killed before the state is written, the same changes are put in again, which changes
nothing. A load never waits for any of this: the lake is only read.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipelines.errors import WarehouseError
from pipelines.search import matching
from pipelines.search.matching import Index
from pipelines.store.attach import parse_attach
from pipelines.store.reading import STEADY_TRIES
from pipelines.store.warehouse import Connection, one, snapshot

WAIT = 10.0
"""Seconds that a search waits for another process that brings the index up to date; then it takes it as it
is."""

_COLUMNS = "story_id, fingerprint, " + ", ".join(matching.SHOWN)

_SAID = (
    "struct_pack(a := fingerprint, b := version, c := pub_status, d := language, e := published_at, "
    "f := headline)"
)

_CHANGED = f"""
SELECT story_id FROM ducklake_table_changes('wh', 'main', 'stories', $first, $last)
GROUP BY story_id
-- Tidying up writes rows anew as they were: those are none of ours.
HAVING count(DISTINCT {_SAID}) > 1
  OR NOT bool_or(change_type IN ('insert', 'update_postimage'))
  OR NOT bool_or(change_type IN ('delete', 'update_preimage'))
"""  # noqa: S608  our own words


@dataclass(frozen=True)
class State:
    """What the index at a place is of."""

    form: int
    lake: str
    """Which table `stories`: another lake at the same path has another."""
    snapshot: int
    folder: str


@dataclass(frozen=True)
class Followed:
    """An index, and how far it is behind."""

    index: Index
    behind: int
    """Commits of the lake that it does not know, since another process was at it or we may not write
    there."""


def place(attach: str, home: Path) -> Path:
    """Where the index of a lake is kept: beside its catalog, or in WIREHOUSE_HOME where we cannot write
    there.

    >>> place("ducklake:sqlite:/nowhere/catalog.sqlite", Path("/srv/wire")).parent
    PosixPath('/srv/wire/search')
    """
    target = parse_attach(attach)
    if target.catalog is not None and os.access(target.catalog.parent, os.W_OK):
        return target.catalog.with_name(target.catalog.name + ".search")
    return home / "search" / sha256(attach.encode()).hexdigest()[:12]


def follow(connection: Connection, at: Path, say: Callable[[str], None] = lambda words: None) -> Followed:
    """The index of the lake that is open, brought up to date; made, where there is none that can be.

    `say` is told of what takes long: making it, of all stories that there are.
    """
    last, lake = snapshot(connection), _lake(connection)
    state = _state(at, lake)
    if state is not None and state.snapshot == last:
        with suppress(WarehouseError):  # damaged: it is only an index
            return Followed(_opened(at, state), 0)
        state = None
    with _locked(at, patient=state is None) as free:
        state = _state(at, lake)  # somebody may have done it while we waited
        if free:
            state = _brought_up(connection, at, state, say)
        elif state is None:
            raise WarehouseError(f"{at}: no index can be kept there: check who owns it")
        return Followed(_opened(at, state), max(0, last - state.snapshot))


def throw_away(at: Path) -> bool:
    """Remove the index; True if there was one. The next search makes it again."""
    there = at.exists()
    shutil.rmtree(at, ignore_errors=True)
    return there


def _brought_up(connection: Connection, at: Path, state: State | None, say: Callable[[str], None]) -> State:
    oldest = one(connection, "SELECT min(snapshot_id) FROM ducklake_snapshots('wh')")
    # Of snapshots that are forgotten, what changed cannot be asked any more.
    if state is not None and oldest <= state.snapshot + 1 <= snapshot(connection) + 1:
        with suppress(WarehouseError):
            return _changed(connection, at, state, _opened(at, state))
    return _made(connection, at, say)


def _changed(connection: Connection, at: Path, state: State, index: Index) -> State:
    """Put in what changed since; done again if a commit came in between: see `reading.steady`."""
    for _ in range(STEADY_TRIES):
        last = snapshot(connection)
        if last == state.snapshot:
            return state
        span = {"first": state.snapshot + 1, "last": last}
        ids = [row[0] for row in connection.execute(_CHANGED, span).fetchall()]
        if ids:
            asked = f"SELECT {_COLUMNS} FROM stories WHERE story_id IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608
            index.put(_streamed(connection, asked, [ids]), gone=ids)
        if snapshot(connection) == last:
            break
    return _written(at, State(state.form, state.lake, last, state.folder))


def _made(connection: Connection, at: Path, say: Callable[[str], None]) -> State:
    """Make the index of all that there is, aside; what was there serves until it is done."""
    last = snapshot(connection)
    there = f"stories AT (VERSION => {last})"
    count = one(connection, f"SELECT count(*) FROM {there}")  # noqa: S608  a number
    say(f"making the search index of {count:,} stories, once")
    folder = at / f"index-{uuid4().hex[:8]}"
    for other in at.glob("index-*"):
        state = _state(at, None)
        if state is None or other.name != state.folder:  # left by somebody who was killed
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir()
    index = Index(folder)
    put = index.put(_streamed(connection, f"SELECT {_COLUMNS} FROM {there}", []))  # noqa: S608
    if put != count:
        raise WarehouseError(
            f"{count} stories, but {put} were read while rows moved into files: search again"
        )
    state = _written(at, State(matching.FORM, _lake(connection), last, folder.name))
    for other in at.glob("index-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)  # who reads it has it open, and keeps it
    return state


def _streamed(connection: Connection, asked: str, values: list[Any]) -> Iterator[dict[str, Any]]:
    """The rows of an answer, of which only some are in memory."""
    for portion in connection.execute(asked, values).fetch_record_batch(2_000):
        yield from portion.to_pylist()


def _lake(connection: Connection) -> str:
    asked = "SELECT table_uuid FROM ducklake_table_info('wh') WHERE table_name = 'stories'"
    return str(one(connection, asked))


def _state(at: Path, lake: str | None) -> State | None:
    """What the index there is of; None if there is none, or it is of another lake or form."""
    try:
        state = State(**json.loads((at / "state.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    fits = state.form == matching.FORM and lake in (None, state.lake) and (at / state.folder).is_dir()
    return state if fits else None


def _written(at: Path, state: State) -> State:
    aside = at / f"state.{uuid4().hex[:8]}"
    aside.write_text(json.dumps(asdict(state)), "utf-8")
    aside.replace(at / "state.json")
    return state


def _opened(at: Path, state: State) -> Index:
    return Index(at / state.folder)


@contextmanager
def _locked(at: Path, *, patient: bool) -> Iterator[bool]:
    """True once nobody else writes there; False if somebody does for long, or we may not."""
    try:
        at.mkdir(parents=True, exist_ok=True)
        lock: Any = (at / "lock").open("w")
    except OSError:
        yield False
        return
    with lock:
        until = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    yield False
                    return
                time.sleep(0.05)
        yield True

"""The frontier's memory of one source: a small SQLite file, folded from crawl logs.

One writer (`steps.crawl`, under the source's lock), atomically: a batch is folded
whole or not at all, and only once. The file can be thrown away at any time:
`steps` folds the source's batches again. Its cost grows with what is new: a lookup
reads the pages of the URLs asked for, not the whole file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import frontier, urls
from pipelines.errors import BatchError
from pipelines.records import Seen, Source

_VERSION = 2
"""To be raised with any change of the tables."""

_SCHEMA = """
create table if not exists seen (
    url text primary key, first_seen_at real not null, last_visit_at real, due_at real,
    visits integer not null, failures integer not null,
    digest text, etag text, last_modified text,
    found_url text, channel text, channel_kind text, guid text, title text,
    published_raw text, language text
) without rowid;
create index if not exists seen_due on seen (due_at) where due_at is not null;
create table if not exists sites (host text primary key, rest_until real, rests integer) without rowid;
create table if not exists folded (run_id text primary key) without rowid;
"""

_COLUMNS = tuple(Seen.__dataclass_fields__)
_TIMES = ("first_seen_at", "last_visit_at", "due_at")


class Memory:
    """What is remembered of one source."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, url: str) -> Seen | None:
        """What we know of a URL (canonical); None if it was never announced."""
        row = self._db.execute("select * from seen where url = ?", (url,)).fetchone()
        return _seen(row) if row else None

    def due(self, now: datetime, limit: int) -> list[Seen]:
        """Stories to look at again though no channel may name them, longest due first."""
        rows = self._db.execute(
            "select * from seen where due_at <= ? order by due_at limit ?", (now.timestamp(), limit)
        )
        return [_seen(row) for row in rows]

    def rests(self) -> dict[str, tuple[datetime, int]]:
        """Hosts that asked to be left alone: until when, and how often in a row they did."""
        rows = self._db.execute("select host, rest_until, rests from sites where rest_until is not null")
        return {host: (datetime.fromtimestamp(until, UTC), times) for host, until, times in rows}

    def count(self) -> int:
        return int(self._db.execute("select count(*) from seen").fetchone()[0])

    def folded(self) -> set[str]:
        """The runs whose crawl logs are in here."""
        return {row[0] for row in self._db.execute("select run_id from folded")}

    def fold(self, run_id: str, lines: Iterable[Mapping[str, Any]], source: Source) -> None:
        """Take in the crawl log of one run; nothing happens if it was taken in before."""
        with self._db:
            if self._db.execute("select 1 from folded where run_id = ?", (run_id,)).fetchone():
                return
            for line in lines:
                if line["kind"] == "site":
                    self._put_site(line)
                    continue
                known = self.get(line["url"])
                learned = frontier.remember(line, known, source)
                if learned is not None:
                    self._put(learned)
                    self._put_target(line, learned)
            self._db.execute("insert into folded values (?)", (run_id,))

    def _put_target(self, line: Mapping[str, Any], learned: Seen) -> None:
        """Where a redirect led is a page we know too, should a channel name it later."""
        target = urls.canonical(line["final_url"]) if line.get("final_url") else learned.url
        if target != learned.url and not line.get("outcome") and self.get(target) is None:
            self._put(replace(learned, url=target, due_at=None))

    def _put_site(self, line: Mapping[str, Any]) -> None:
        self._db.execute(
            "insert or replace into sites (host, rest_until, rests) values (?, ?, ?)",
            (line["host"], line["rest_until_at"].timestamp(), line["rests"]),
        )

    def _put(self, seen: Seen) -> None:
        values = [_stored(getattr(seen, name)) for name in _COLUMNS]
        self._db.execute(
            f"insert or replace into seen ({', '.join(_COLUMNS)})"  # noqa: S608  our own column names
            f" values ({', '.join('?' * len(_COLUMNS))})",
            values,
        )


@contextmanager
def open_memory(path: Path, *, readonly: bool = False) -> Iterator[Memory]:
    """The memory kept in a file; an empty one if there is no file yet.

    BatchError if the file is damaged: it names the file, which may be deleted.
    """
    try:
        if readonly and path.exists():
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        else:
            connection = sqlite3.connect(":memory:" if readonly else path, timeout=30)
            _make_tables(connection)
        connection.row_factory = sqlite3.Row
        try:
            yield Memory(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise BatchError(f"{path}: {error}: is the disk full, or the folder not ours to write?") from error
    except sqlite3.DatabaseError as error:
        raise BatchError(f"{path}: {error}; delete it, and it is made again from the crawl logs") from error


def _make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables; those of another version go: they are folded again from the logs."""
    if connection.execute("pragma user_version").fetchone()[0] != _VERSION:
        connection.executescript(
            "drop table if exists seen; drop table if exists folded; drop table if exists sites;"
        )
    connection.executescript(f"{_SCHEMA} pragma user_version = {_VERSION};")


def _seen(row: sqlite3.Row) -> Seen:
    values = dict(row)
    for name in _TIMES:
        if values[name] is not None:
            values[name] = datetime.fromtimestamp(values[name], UTC)
    return Seen(**values)


def _stored(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value

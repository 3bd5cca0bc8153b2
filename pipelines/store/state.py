"""The frontier's memory of one source: a small SQLite file, folded from crawl logs.

One writer (`steps.crawl`, under the source's lock), atomically: a batch is folded
whole or not at all, and only once; when its pages have been read, what was found in
them is folded too, since only the words tell whether a story was edited. The file can
be thrown away at any time: `steps` folds the source's batches again. Its cost grows
with what is new: a lookup reads the pages of the URLs asked for, not the whole file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from pipelines import frontier, polling
from pipelines.errors import BatchError
from pipelines.ledger import Outcome
from pipelines.records import Heard, Seen, Source
from pipelines.store import forgetting
from pipelines.urls import canonical

_VERSION = 7
"""To be raised with any change of the tables, or of what `urls.canonical` makes of a URL."""

_LACKS_PAST = 6
"""A version whose tables are all right, but for one that was added."""

_SCHEMA = (
    """
create table if not exists seen (
    url text primary key, first_seen_at real not null, last_visit_at real, due_at real,
    visits integer not null, failures integer not null,
    digest text, etag text, last_modified text, target text, story_id text, words text,
    found_url text, channel text, channel_kind text, guid text, title text,
    published_raw text, language text
) without rowid;
create index if not exists seen_due on seen (last_visit_at is null, due_at) where due_at is not null;
create index if not exists seen_guid on seen (guid) where guid is not null;
create table if not exists sites (host text primary key, rest_until real, rests integer,
    tdm text, tdm_at real) without rowid;
create table if not exists heard (
    url text primary key, first_asked_at real not null, last_asked_at real not null,
    due_at real, asks integer not null, failures integer not null,
    news_at real, gap real, full_at real, rivals integer not null, lies integer not null,
    digest text, etag text, last_modified text, channel_kind text
) without rowid;
create table if not exists habits (age real primary key, looks integer not null, edits integer not null);
create table if not exists looks (
    run_id text not null, url text not null, age real not null, primary key (run_id, url)
) without rowid;
create table if not exists folded (run_id text primary key, is_read integer not null) without rowid;
"""
    + forgetting.SCHEMA
)

_TABLES = ("seen", "heard", "sites", "habits", "looks", "folded", "past")
_TIMES = frozenset(
    name for record in (Seen, Heard) for name in record.__dataclass_fields__ if name.endswith("_at")
)
_WAITS, _NOTHING, _READ, _UNLEARNED = 0, 1, 2, 3
"""Of a folded run: its pages have not been read yet, it has none, they have, they were discarded."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was found in one page of a batch."""

    url: str
    """Of the lead."""
    story_id: str | None
    words: str | None
    """As in `Seen`."""
    own_url: str | None = None
    """What the page calls its own address, where that is believed: a key."""


class Memory:
    """What is remembered of one source."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, url: str) -> Seen | None:
        """What we know of a story's URL (canonical); None if it was never announced."""
        row = self._db.execute("select * from seen where url = ?", (url,)).fetchone()
        return Seen(**_values(row)) if row else forgetting.recall(self._db, url)

    def under_guid(self, guid: str, limit: int = 5) -> list[Seen]:
        """Stories' URLs that were announced under this guid; a few are enough to judge it."""
        rows = self._db.execute("select * from seen where guid = ? limit ?", (guid, limit))
        return [*(Seen(**_values(row)) for row in rows), *forgetting.under_guid(self._db, guid, limit)]

    def channel(self, url: str) -> Heard | None:
        """What we know of a channel, by its URL as it is asked; None if it never was."""
        row = self._db.execute("select * from heard where url = ?", (url,)).fetchone()
        return Heard(**_values(row)) if row else None

    def due(self, now: datetime, limit: int) -> list[Seen]:
        """Stories to ask for though no channel may name them, longest due first.

        Half are looked at again, half were never asked for, as long as there are enough of
        both: a backlog of 50,000 must not keep us from a correction, nor the other way round.
        """
        again, never = (
            self._db.execute(
                "select * from seen where (last_visit_at is null) = ? and due_at <= ?"
                " order by due_at limit ?",
                (is_null, now.timestamp(), limit),
            ).fetchall()
            for is_null in (0, 1)
        )
        turns = chain.from_iterable(zip_longest(again, never))
        return [Seen(**_values(row)) for row in islice(filter(None, turns), limit)]

    def rests(self) -> dict[str, tuple[datetime, int]]:
        """Hosts that asked to be left alone: until when, and how often in a row they did."""
        rows = self._db.execute("select host, rest_until, rests from sites where rest_until is not null")
        return {host: (datetime.fromtimestamp(until, UTC), times) for host, until, times in rows}

    def tdm(self, host: str) -> tuple[list[list[Any]], datetime] | None:
        """The rules of a host's tdmrep.json (`page.rights.Rule`), and when they were read."""
        asked = "select tdm, tdm_at from sites where host = ? and tdm is not null"
        row = self._db.execute(asked, (host,)).fetchone()
        return (json.loads(row[0]), datetime.fromtimestamp(row[1], UTC)) if row else None

    def count(self) -> int:
        return int(self._db.execute("select count(*) from seen").fetchone()[0])

    def folded(self) -> set[str]:
        """The runs whose crawl logs are in here."""
        return {row[0] for row in self._db.execute("select run_id from folded")}

    def unread(self) -> list[str]:
        """Folded runs of which we do not know yet what their pages said, oldest first."""
        rows = self._db.execute("select run_id from folded where is_read = ? order by run_id", (_WAITS,))
        return [row[0] for row in rows]

    def unlearned(self) -> set[str]:
        """The folded runs that were discarded and are taken back."""
        rows = self._db.execute("select run_id from folded where is_read = ?", (_UNLEARNED,))
        return {row[0] for row in rows}

    def habits(self) -> dict[timedelta, frontier.Rung]:
        """How often the source edits, by the ages at which its stories were looked at."""
        rows = self._db.execute("select age, looks, edits from habits order by age")
        return {timedelta(seconds=row[0]): frontier.Rung(row[1], row[2]) for row in rows}

    def fold(self, run_id: str, lines: Iterable[Mapping[str, Any]], source: Source) -> None:
        """Take in the crawl log of one run; nothing happens if it was taken in before."""
        with self._db:
            if self._db.execute("select 1 from folded where run_id = ?", (run_id,)).fetchone():
                return
            habits = self.habits()
            asked: list[Mapping[str, Any]] = []
            first_named: dict[str, set[str]] = {}
            """URLs that nobody knew before this run, and who named them."""
            pages = 0
            for line in lines:
                if line["kind"] == "site":
                    self._put_site(line)
                elif line["kind"] == "channel":
                    asked.append(line)
                elif line["kind"] == "changed" and (known := self.get(line["url"])) is not None:
                    self._put("seen", replace(known, due_at=min(known.due_at or line["at"], line["at"])))
                elif line["kind"] == "sighting":
                    if self._is_new(line["url"], line["seen_at"]):
                        first_named.setdefault(line["url"], set()).add(line["channel"])
                elif line["kind"] == "lead" and line.get("outcome") != Outcome.NOT_DUE:
                    pages += line.get("outcome") is None
                    self._fold_lead(run_id, line, source, habits)
            self._fold_channels(asked, first_named, source)
            self._db.execute("insert into folded values (?, ?)", (run_id, _WAITS if pages else _NOTHING))
            self._put_habits(habits)

    def announce(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Take in what a crawl that left no batch was told: leads for the next one, and who wants to rest."""
        with self._db:
            for line in lines:
                if line["kind"] == "site":
                    self._put_site(line)
                elif line["kind"] == "sighting" and self.get(line["url"]) is None:
                    said: dict[str, Any] = {name: line.get(name) for name in frontier.ANNOUNCED}
                    at = line["seen_at"]
                    self._put("seen", Seen(url=line["url"], first_seen_at=at, due_at=at, **said))

    def fold_readings(self, run_id: str, readings: Iterable[Reading]) -> None:
        """Take in what was found in the pages of a run; nothing happens the second time."""
        with self._db:
            waits = self._db.execute("select is_read from folded where run_id = ?", (run_id,)).fetchone()
            if waits is None or waits[0] != _WAITS:
                return
            later = "select 1 from folded where run_id > ? and is_read = ?"
            is_late = self._db.execute(later, (run_id, _READ)).fetchone() is not None
            habits = self.habits()
            looks = dict(
                self._db.execute("select url, age from looks where run_id = ?", (run_id,)).fetchall()
            )
            for reading in readings:
                seen = self.get(reading.url)
                if seen is None or (is_late and seen.words is not None):  # what came after it is known
                    continue
                if reading.url in looks and _comparable(seen.words, reading.words):
                    age = timedelta(seconds=looks[reading.url])
                    edited = seen.words != reading.words
                    habits[age] = habits.get(age, frontier.Rung()).looked(edited)
                self._put("seen", replace(seen, story_id=reading.story_id, words=reading.words))
                self._db.execute(
                    "update seen set story_id = ? where url = ? and story_id is null",
                    (reading.story_id, seen.target),
                )
                self._put_alias(reading, seen)
            self._db.execute("delete from looks where run_id = ?", (run_id,))
            self._db.execute("update folded set is_read = ? where run_id = ?", (_READ, run_id))
            self._put_habits(habits)

    def forget(self, before: datetime) -> forgetting.Forgotten:
        """Shorten what was over before then; under the source's lock: see `forgetting`."""
        return forgetting.forget(self._db, before)

    def unlearn(self, run_id: str, lines: Iterable[Mapping[str, Any]]) -> None:
        """Take back what the pages of a run taught us, as they were discarded; once.

        Each is asked for again in the next crawl, without conditions. Not so where a later
        run has found other bytes: these were read. `lines` are the run's crawl log.
        """
        with self._db:
            row = self._db.execute("select is_read from folded where run_id = ?", (run_id,)).fetchone()
            if row is None or row[0] == _UNLEARNED:
                return
            for line in lines:
                if line["kind"] == "lead" and line.get("outcome") is None:
                    self._unlearn(line["url"], line, due_at=line["at"])
                    self._unlearn(canonical(line.get("final_url") or line["url"]), line, due_at=None)
                elif line["kind"] == "lead" and line.get("outcome") == Outcome.GONE:
                    seen = self.get(line["url"])
                    if seen is not None and seen.last_visit_at == line["at"]:
                        self._put("seen", replace(seen, failures=0, due_at=line["at"]))
            self._db.execute("delete from looks where run_id = ?", (run_id,))
            self._db.execute("update folded set is_read = ? where run_id = ?", (_UNLEARNED, run_id))

    def _unlearn(self, url: str, line: Mapping[str, Any], due_at: datetime | None) -> None:
        seen = self.get(url)
        if seen is None or seen.digest is None or seen.digest != line.get("digest"):
            return
        fresh = replace(seen, digest=None, etag=None, last_modified=None, words=None)
        self._put("seen", replace(fresh, due_at=due_at or seen.due_at))

    def _is_new(self, url: str, since: datetime) -> bool:
        """Did nobody know this URL before `since`?"""
        seen = self.get(url)
        return seen is None or seen.first_seen_at >= since

    def _fold_lead(
        self, run_id: str, line: Mapping[str, Any], source: Source, habits: dict[timedelta, frontier.Rung]
    ) -> None:
        known = self.get(line["url"])
        learned = frontier.remember(line, known, source, habits)
        if learned is None:
            return
        age = None if known is None else frontier.rung(source, habits, known, line["at"])
        if age is not None and line.get("outcome") == "unchanged":
            habits[age] = habits.get(age, frontier.Rung()).looked(edited=False)
        elif age is not None and line.get("outcome") is None:
            row = (run_id, learned.url, age.total_seconds())
            self._db.execute("insert or replace into looks values (?, ?, ?)", row)
        self._put("seen", learned)
        self._put_target(line, learned)

    def _fold_channels(
        self, asked: Iterable[Mapping[str, Any]], first_named: Mapping[str, set[str]], source: Source
    ) -> None:
        """What the channels' answers teach, now that it is known which of their URLs were new."""
        news = [named for url, named in first_named.items() if self.get(url) is not None]
        for line in asked:
            own = sum(line["url"] in named or line.get("final_url") in named for named in news)
            learned = polling.remember(
                line, self.channel(line["url"]), source, news=own, rival_news=len(news) - own
            )
            if learned is not None:
                self._put("heard", learned)

    def _put_target(self, line: Mapping[str, Any], learned: Seen) -> None:
        """Where a redirect led is a page we know too, should a channel name it later."""
        known = self.get(learned.target) if learned.target and not line.get("outcome") else None
        if learned.target and not line.get("outcome") and (known is None or not known.is_read):
            self._put("seen", replace(learned, url=learned.target, due_at=None, target=None))

    def _put_site(self, line: Mapping[str, Any]) -> None:
        """What a host said: that it wants to rest, or what its tdmrep.json reserves."""
        said: dict[str, Any] = {}
        if "rest_until_at" in line:
            said |= {"rest_until": line["rest_until_at"].timestamp(), "rests": line["rests"]}
        if "tdm" in line:
            said |= {"tdm": json.dumps(line["tdm"]), "tdm_at": line["at"].timestamp()}
        self._db.execute("insert or ignore into sites (host) values (?)", (line["host"],))
        for column, value in said.items():
            self._db.execute(f"update sites set {column} = ? where host = ?", (value, line["host"]))  # noqa: S608

    def _put_alias(self, reading: Reading, seen: Seen) -> None:
        """The address that a page calls its own needs no visit of its own."""
        if reading.own_url and reading.own_url != seen.url and self.get(reading.own_url) is None:
            alias = replace(seen, url=reading.own_url, due_at=None, story_id=reading.story_id, target=None)
            self._put("seen", replace(alias, digest=None, etag=None, last_modified=None))

    def _put_habits(self, habits: Mapping[timedelta, frontier.Rung]) -> None:
        rows = [(age.total_seconds(), rung.looks, rung.edits) for age, rung in habits.items()]
        self._db.executemany("insert or replace into habits values (?, ?, ?)", rows)

    def _put(self, table: str, record: Seen | Heard) -> None:
        names = tuple(record.__dataclass_fields__)
        self._db.execute(
            f"insert or replace into {table} ({', '.join(names)})"  # noqa: S608  our own names
            f" values ({', '.join('?' * len(names))})",
            [_stored(getattr(record, name)) for name in names],
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
    (version,) = connection.execute("pragma user_version").fetchone()
    if version == _VERSION:
        return  # nothing to be written, and nothing to wait for
    gone = () if version == _LACKS_PAST else _TABLES
    connection.executescript(
        "".join(f"drop table if exists {table};" for table in gone)
        + f"{_SCHEMA} pragma user_version = {_VERSION};"
    )


def _comparable(before: str | None, after: str | None) -> bool:
    """Were both read by the same reader? A better one finds other words in the same page."""
    return before is not None and after is not None and before.split(":")[0] == after.split(":")[0]


def _values(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(row)
    for name in _TIMES & values.keys():
        if values[name] is not None:
            values[name] = datetime.fromtimestamp(values[name], UTC)
    if values.get("gap") is not None:
        values["gap"] = timedelta(seconds=values["gap"])
    if "lies" in values:
        values["lies"] = bool(values["lies"])
    return values


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.total_seconds() if isinstance(value, timedelta) else value

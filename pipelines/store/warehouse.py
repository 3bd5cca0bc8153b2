"""Open the warehouse, to load it or to read it: the only file that knows the database.

    attach string ─▸ Attach ─▸ opened(…) ─▸ Connection ─▸ loading.load, lookups, maintain
                                        └─▸ query, status (read only, locked down)

DuckDB does the work; the warehouse is what it attaches, chosen by one string, which
is what a DuckDB user would write in ATTACH:

    ducklake:sqlite:/srv/wirehouse/catalog.sqlite
    ducklake:postgres:dbname=wire host=db password=… (DATA_PATH '/srv/wirehouse/files')
    postgres:dbname=wire host=db password=…

In a DuckLake the rows are Parquet files and the catalog says which of them hold, so
analysts read while loads run; in plain Postgres (`plain`) neither waits for the other. Extensions
come from wheels of the package index; none is ever downloaded.
"""

from __future__ import annotations

import importlib
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from pipelines.errors import UsageError, WarehouseError
from pipelines.places import object_storage
from pipelines.store import forms, plain
from pipelines.store.attach import LOGIN, Attach, explained, parse_attach, quoted, redacted

Connection = duckdb.DuckDBPyConnection
T = TypeVar("T")

TRIES = 5
"""Of two loads at once one is refused by the warehouse; it starts again."""

MEMORY = "500MB"
"""What DuckDB may use; with Python and Arrow the loader stays under 1 GB."""

MEMORY_ASKING = "2GB"
"""The same, of a process that only asks: what a view counts of a million clusters cannot wait on disk."""

_WHEN = re.compile(r"^-- when (\w+)$", re.M)

INLINED_ROWS = 200
"""Inserts of fewer rows go into the catalog, not into a file of their own each;
`flush` and `maintenance.maintain` make files of them."""

FLUSH_EVERY = 30
"""Loads."""


@contextmanager
def opened(attach: str, *, read_only: bool = False, as_of: datetime | None = None) -> Iterator[Connection]:
    """Open the warehouse for as long as the block runs; its errors become ours.

    Without `read_only` it is made where there is none yet, and brought to the form
    that this program knows; one of a newer form is refused. `as_of` shows all tables
    as they stood then, and is read only.
    """
    target = parse_attach(attach)
    with tempfile.TemporaryDirectory(prefix="wirehouse-") as spill, speaking(target):
        connection = _connected(target, spill, MEMORY_ASKING if read_only or as_of else MEMORY)
        try:
            _attach(connection, target, read_only or as_of is not None, as_of)
            if not (read_only or as_of):
                _bring_up(connection)
            _refuse_newer(connection, target)
            yield connection
        finally:
            connection.close()


@contextmanager
def scratch() -> Iterator[Connection]:
    """An empty warehouse in memory, without our tables: to ask questions where there is none yet."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS wh; USE wh")
        yield connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of the block, or nothing of it."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a failed commit has ended it already
            connection.execute("ROLLBACK")
        raise


def committed(connection: Connection, work: Callable[[], T]) -> T:
    """Do a piece of work in a transaction of its own; again, if another load came first.

    Or upkeep: with a catalog in SQLite, DuckLake reads rows that are still in the catalog outside
    its transaction, and a flush that moves them into a file meanwhile hides them from us.
    """
    for trial in range(1, TRIES + 1):
        before = snapshot(connection)
        try:
            with transaction(connection):
                plain.lock(connection)
                done = work()
                plain.put_back(connection)
                if snapshot(connection.cursor()) != before:  # (a cursor is outside of our transaction)
                    raise duckdb.TransactionException("conflict: another commit came in between")
                return done
        except Exception as error:
            if trial == TRIES or not is_conflict(error):
                raise
    raise AssertionError("unreachable")


def snapshot(connection: Connection) -> int:
    """Which commit was the last; always the same where the tables are in no lake."""
    if not _is_lake(connection):
        return 0
    return int(one(connection, "SELECT id FROM ducklake_current_snapshot('wh')"))


def _is_lake(connection: Connection) -> bool:
    kind = one(connection, "SELECT type FROM duckdb_databases() WHERE database_name = 'wh'")
    return bool(kind == "ducklake")


def is_absent(error: WarehouseError) -> bool:
    """Is it only that nothing was ever loaded?"""
    return "no warehouse yet" in str(error) or "no tables of ours" in str(error)


def is_conflict(error: BaseException) -> bool:
    """Did another load come first? Then the same load, done again, is right."""
    return isinstance(error, duckdb.Error) and bool(
        re.search("conflict|database is locked|serialize", str(error), re.I)
    )


def is_wrong_question(error: BaseException) -> bool:
    """Is it the question that is wrong (a name, the grammar, a type), not the warehouse?"""
    wrong = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError, duckdb.PermissionException)
    return isinstance(error, wrong)


def kinds_of_statement(sql: str) -> list[str]:
    """What kinds of statements a text holds; UsageError if it is not SQL.

    >>> kinds_of_statement("FROM stories; DROP TABLE stories")
    ['SELECT', 'DROP']
    """
    try:
        return [statement.type.name for statement in duckdb.extract_statements(sql)]
    except duckdb.Error as error:
        raise UsageError(f"that is not SQL: {' '.join(str(error).split('LINE 1:')[0].split())}") from None


def words_of_sql(sql: str) -> list[str]:
    """The names, keywords, texts and signs of a text in SQL as DuckDB's own reader parts them; names bare.

    >>> words_of_sql('FROM "PG" /* so */ . hr -- it')
    ['from', 'pg', '.', 'hr']
    """
    # DuckDB takes other spaces than ours for spaces when it reads, not when it parts.
    said = re.sub(r"[^\S\r\n]|[\u200b\ufeff]", " ", sql).encode("utf-8", "replace")
    starts = duckdb.tokenize(said.decode())
    found = []
    for (start, kind), end in zip(starts, [*(at for at, _ in starts[1:]), len(said)], strict=True):
        token = said[start:end].decode("utf-8", "replace")
        if kind == duckdb.token_type.string_const:
            found.append(token)
        elif token.startswith('"'):
            found.append(re.sub(r'"((?:[^"]|"")*)".*', r"\1", token, flags=re.S).replace('""', '"').lower())
        else:
            word = re.match(r"[\w$]+", token)
            found.append(word[0].lower() if word else token[:1])
    return found


def run_script(connection: Connection, name: str, part: str | None = None) -> None:
    """Run the statements of one of our SQL files, or of its part before or after its line `-- … (Python)`.

    A statement below a line `-- when T` runs only if table T has rows.
    """
    text = forms.script(name)
    if part is not None:
        before, after = re.split(r"^-- \w+ \(Python\).*$", text, maxsplit=1, flags=re.M)
        text = {"before": before, "after": after}[part]
    for statement in re.split(r";$", text, flags=re.M):
        if not re.sub(r"^--.*$", "", statement, flags=re.M).strip():
            continue
        condition = _WHEN.search(statement)
        if condition is None or one(connection, f"FROM {condition[1]} LIMIT 1"):
            connection.execute(statement)


def one(connection: Connection, sql: str, parameters: Any = None) -> Any:
    """The first value of a query's first row; None if it has none."""
    row = connection.execute(sql, parameters).fetchone()
    return row[0] if row is not None else None


def _connected(target: Attach, spill: str, memory: str) -> Connection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # Else 70 MB are hashed at every opening. We load only from wheels, whose Python runs unchecked as
            # well, and which the installer has checked; and a question may load none (`reading.shut_in`).
            # Who uses `wirehouse.Warehouse.duckdb` may, as in a DuckDB of their own.
            "allow_unsigned_extensions": "true",
            "python_enable_replacements": "false",
            "memory_limit": memory,
            "temp_directory": spill,
            "preserve_insertion_order": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")  # it would stand amid our answers
    needed = ["sqlite_scanner" if target.kind == "ducklake:sqlite" else "postgres_scanner"]
    if target.is_lake:
        needed.append("ducklake")
    if "://" in target.options:
        needed.append("httpfs")
    for name in needed:
        connection.execute(f"LOAD {quoted(str(extension(name)))}")
    if "s3://" in target.options and (keys := object_storage()):
        stated = ", ".join(f"{name} {quoted(value)}" for name, value in keys.items())
        connection.execute(f"CREATE SECRET object_storage (TYPE s3, {stated})")
    if target.password is not None:
        connection.execute(f"CREATE SECRET {LOGIN} (TYPE postgres, PASSWORD {quoted(target.password)})")
    return connection


def extension(name: str) -> Path:
    """Where the wheel `duckdb-extension-<name>` has put it."""
    try:
        package = importlib.import_module(f"duckdb_extension_{name}")
    except ModuleNotFoundError:
        raise WarehouseError(
            f"DuckDB's extension {name} is not installed: "
            f"pip install duckdb-extension-{name.replace('_', '-')}=={duckdb.__version__}"
        ) from None
    folder = Path(package.__path__[0]) / "extensions" / f"v{duckdb.__version__}"
    path = folder / f"{name}.duckdb_extension"
    if not path.exists():
        raise WarehouseError(
            f"DuckDB {duckdb.__version__} finds no {name} made for it: "
            "install duckdb and duckdb-extension-* of one version"
        )
    return path


def _attach(connection: Connection, target: Attach, read_only: bool, as_of: datetime | None) -> None:
    if target.catalog is not None:
        if read_only and not target.catalog.exists():
            raise WarehouseError(
                f"{target.shown}: there is no warehouse yet: load a batch first (wirehouse run)"
            )
        if not read_only:
            _make_folder(target.catalog.parent, target)
    try:
        connection.execute(target.statement(read_only=read_only, as_of=as_of))
    except duckdb.Error as error:
        if as_of is not None and "No snapshot" in str(error):
            raise WarehouseError(
                f"{target.shown}: nothing is known as of {as_of:%Y-%m-%d %H:%M:%S%z}: "
                "that is before the first load, or so long ago that it was cleaned up"
            ) from None
        if read_only and "does not exist" in str(error) and "ducklake" in str(error).lower():
            raise WarehouseError(
                f"{target.shown}: there is no warehouse yet: load a batch first (wirehouse run)"
            ) from None
        raise
    if target.is_lake:
        connection.execute("USE wh")
    else:
        connection.execute("SET pg_null_byte_replacement = '\ufffd'")  # Postgres has no text with a NUL in it
        plain.face(connection, as_of)


def _make_folder(folder: Path, target: Attach) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(f"{target.shown}: cannot make the folder {folder}: {error.strerror}") from error


def _bring_up(connection: Connection) -> None:
    """Make the tables where there are none, and give older ones what they lack.

    Of several that open a warehouse first, one does it; the others find it done, or try again.
    """
    for trial in range(1, TRIES + 1):
        if forms.is_ours(connection):
            return
        try:
            with transaction(connection):
                _bring_up_once(connection)
            break
        except duckdb.Error as error:
            if trial == TRIES or not is_conflict(error):
                raise
            time.sleep(0.2 * trial)
    if plain.is_plain(connection):
        plain.look(connection)


def _bring_up_once(connection: Connection) -> None:
    version = forms.found(connection)
    if plain.is_plain(connection):
        if version is None or version <= forms.SCHEMA_VERSION:
            plain.bring_up(connection, forms.signature())
    elif version is None:
        for option, value in (
            ("parquet_compression", "zstd"),
            # Small row groups: a load reads one old body without reading 100,000 others.
            ("parquet_row_group_size", "10000"),
            ("data_inlining_row_limit", str(INLINED_ROWS)),
        ):
            connection.execute(f"CALL wh.set_option('{option}', '{value}')")
        forms.make(connection)
        forms.lay_out(connection)
    elif version <= forms.SCHEMA_VERSION:
        forms.bring_up(connection)


def _refuse_newer(connection: Connection, target: Attach) -> None:
    version = forms.found(connection)
    if version is None and not target.is_lake:
        raise WarehouseError(f"{target.shown}: there is no warehouse yet: load a batch first (wirehouse run)")
    if version is None:
        raise WarehouseError(
            f"{target.shown}: there is a catalog, but no tables of ours: load a batch first (wirehouse run)"
        )
    if version > forms.SCHEMA_VERSION:
        raise WarehouseError(
            f"{target.shown}: its tables have form {version}, this program knows {forms.SCHEMA_VERSION}: "
            "install a newer Wirehouse"
        )


@contextmanager
def speaking(target: Attach) -> Iterator[None]:
    """The engine's errors become ours."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        shows_a_secret = redacted(str(error)) != str(error)  # … and then a traceback would show it, too
        cause = None if shows_a_secret else error
        raise WarehouseError(f"{target.shown}: {explained(str(error))}") from cause


def flush_all(connection: Connection) -> None:
    """Make files of all rows that are in the catalog of a lake."""
    if _is_lake(connection):
        connection.execute("CALL ducklake_flush_inlined_data('wh')")


def flush(connection: Connection) -> None:
    """Make files of the rows that small loads have left in the catalog, every FLUSH_EVERY loads.

    Each unflushed load makes the next one a little slower: 90 of them by two thirds.
    Where another load is in the way, the next one flushes.
    """
    if not _is_lake(connection):
        return
    if one(connection, "SELECT loads FROM turnstile") % FLUSH_EVERY == 0:
        try:
            connection.execute("CALL ducklake_flush_inlined_data('wh')")
        except duckdb.Error as error:
            if not is_conflict(error):
                raise

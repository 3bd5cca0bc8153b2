"""Keep our records as Parquet: what goes in comes out, and half a file is never seen.

A column is a field, its type is the field's type hint; so a record that gets a new
field needs no change here. Files are written under a temporary name and renamed
when they are whole; they are read and written in row groups, so memory stays the
same for ten rows and ten million. Paths are local or any fsspec URL (`UPath`).
"""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from pipelines.errors import BatchError

ROWS_AT_ONCE = 2_000
"""Rows of a row group: of stories with 4 kB bodies that is 8 MB."""

_Record = TypeVar("_Record")
_Path = Path | UPath

_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    bytes: pa.binary(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us", tz="UTC"),
    timedelta: pa.duration("us"),
    date: pa.date32(),
}


def write(path: _Path, cls: type[_Record], rows: Iterable[_Record]) -> int:
    """Write all rows, then give the file its name; how many they were.

    Whatever stops it in between (the disk is full, `rows` raises) leaves no file of
    that name and, where the system lets us, no temporary one.

    Missing folders are made. A value that does not fit its column is a BatchError.
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    wanted, count = schema(cls), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("wb") as file:
            with pq.ParquetWriter(file, wanted, compression="zstd") as out:
                pending = iter(rows)
                while chunk := list(islice(pending, ROWS_AT_ONCE)):
                    out.write_batch(_batch(path, chunk, wanted))
                    count += len(chunk)
            if isinstance(path, Path) or path.protocol in ("", "file", "local"):
                file.flush()  # after a power cut a file of this name is whole, or not there
                os.fsync(file.fileno())
        partial.rename(str(path) if isinstance(path, Path) else path)  # type: ignore[arg-type]
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BatchError(f"{path}: cannot be written: {error.strerror or error}") from error
        raise
    return count


def read(path: _Path, cls: type[_Record]) -> Iterator[_Record]:
    """All rows of a file, as records, a row group in memory at a time.

    BatchError if the file is missing, damaged or of another kind. A field that an
    older file does not have gets its default; a column that we no longer know is
    left out.
    """
    try:
        with path.open("rb") as file, pq.ParquetFile(file) as table:
            names = [f.name for f in schema(cls) if f.name in table.schema_arrow.names]
            make = _reader(cls, frozenset(names))
            for batch in table.iter_batches(batch_size=ROWS_AT_ONCE, columns=names):
                yield from map(make, batch.to_pylist())
    except FileNotFoundError:
        raise BatchError(f"{path}: no such file; run the step that makes it") from None
    except (pa.ArrowException, OSError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise BatchError(f"{path}: damaged, or no {cls.__name__} file: {reason}") from error


def records(cls: type[_Record], rows: Iterable[dict[str, Any]]) -> list[_Record]:
    """Records of rows that Arrow gave, of one table; fields that an older one lacks get their defaults."""
    rows = list(rows)
    names = [f.name for f in schema(cls) if rows and f.name in rows[0]]
    make = _reader(cls, frozenset(names))
    return [make({name: row[name] for name in names}) for row in rows]


def schema(cls: type[Any]) -> pa.Schema:
    """The Parquet columns of a record class.

    >>> from pipelines.records import Subject
    >>> schema(Subject).to_string()
    'scheme: string\\ncode: string\\nname: string'

    A list that is not stated is empty, so lists are never null; all else may be,
    where the hint allows None.
    """
    return pa.schema(_fields(cls))


def _fields(cls: type[Any]) -> list[pa.Field]:
    hints = typing.get_type_hints(cls)
    return [_field(f.name, hints[f.name]) for f in dataclasses.fields(cls)]


def _field(name: str, hint: Any) -> pa.Field:
    bare, optional = _without_none(hint)
    return pa.field(name, _type(bare), nullable=optional)


def _type(hint: Any) -> pa.DataType:
    if typing.get_origin(hint) is tuple:
        return pa.list_(pa.field("element", _type(typing.get_args(hint)[0]), nullable=False))
    if dataclasses.is_dataclass(hint):
        return pa.struct([f.with_nullable(True) for f in _fields(typing.cast(type, hint))])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return pa.string()
    return _TYPES[hint]


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) not in (types.UnionType, typing.Union):
        return hint, False
    (bare,) = (arg for arg in typing.get_args(hint) if arg is not types.NoneType)
    return bare, True


def _batch(path: _Path, rows: Sequence[Any], wanted: pa.Schema) -> pa.RecordBatch:
    columns = []
    for field in wanted:
        try:
            values = [_plain(getattr(row, field.name)) for row in rows]
            columns.append(pa.array(values, field.type))
            if not field.nullable and columns[-1].null_count:
                raise ValueError("None where a value must be")
        except (pa.ArrowException, OverflowError, ValueError, TypeError) as error:
            raise BatchError(f"{path}: {field.name}: {str(error).splitlines()[0]}") from error
    return pa.RecordBatch.from_arrays(columns, schema=wanted)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"a time without a zone: {value}")
    return value


def _reader(cls: type[_Record], names: frozenset[str]) -> Callable[[dict[str, Any]], _Record]:
    """How to make a record of a row; only fields whose Python type differs cost anything."""
    hints = typing.get_type_hints(cls)
    readers = {n: r for n in names if (r := _value_reader(_without_none(hints[n])[0])) is not None}

    def make(row: dict[str, Any]) -> _Record:
        for name, reader in readers.items():
            if row[name] is not None:
                row[name] = reader(row[name])
        return cls(**row)

    return make


def _value_reader(hint: Any) -> Callable[[Any], Any] | None:
    if typing.get_origin(hint) is tuple:
        one = _value_reader(typing.get_args(hint)[0])
        return (lambda many: tuple(map(one, many))) if one else tuple
    if dataclasses.is_dataclass(hint):
        return lambda row: typing.cast(type, hint)(**row)
    if hint is datetime:
        return lambda moment: moment.astimezone(UTC)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    return None

"""Join the small WARCs of a source's days into one file per day; delete those that need not be kept.

A WARC whose records are gzip members of their own stays one when others are put behind
it, so joining is copying, and a record keeps its bytes. In this order, so that at every
moment each page can be read and a run that was killed is taken up by the next:

1. all files of the day are copied into `.joined/.<name>.warc.gz.part` and read back;
2. `.joined/<name>.json` says which batch is where in it, by bytes and digest;
3. the copy gets its name, `.joined/<name>.warc.gz`;
4. each batch gets its `pages.json`, then loses its own file.

A batch that is still to be read, loaded or released is left alone, and its day is looked
at again. `.joined/upto.json` says which days are done, so that a day costs nothing later.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from pipelines.errors import BatchError
from pipelines.store import batches, pages

if TYPE_CHECKING:
    from upath import UPath

JOINED = ".joined"
"""Beside the batches of a source."""

LARGEST = 2**30
"""Bytes of a joined file, about: then the day gets another."""

PATIENCE = timedelta(days=7)
"""Days older than this are done even if a batch of theirs still waits: it keeps its own file."""

_UPTO = "upto.json"
_STAMP = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")
_CHUNK = 2**20


@dataclass(frozen=True)
class Part:
    """Where a batch's pages are in a joined file."""

    stamp: str
    start: int
    length: int
    sha256: str


@dataclass(frozen=True)
class Joined:
    """What one pass over a source came to."""

    batches: int = 0
    files: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Deleted:
    """What a source's rule took away."""

    batches: int = 0
    bytes: int = 0


def join(home: UPath, before: str, busy: Callable[[str], bool], now: datetime) -> Joined:
    """Join the finished batches of every day before `before` (as in a stamp: 20260305).

    `busy` tells of a stamp whether its batch is still to be read, loaded or released.
    """
    settle(home)
    upto = _upto(home).get("joined", "")
    patience = f"{now - PATIENCE:%Y%m%d}"
    made, all_before = Joined(), True
    for day, of_day in _days(home, upto, before):
        stamps = list(of_day)
        ready = [stamp for stamp in stamps if not busy(stamp) and (home / stamp / batches.PAGES).exists()]
        for group in _groups(home, ready):
            parts = _join(home, day, group)
            made = Joined(
                made.batches + len(parts), made.files + 1, made.bytes + sum(part.length for part in parts)
            )
        all_before = all_before and (day < patience or not any(map(busy, stamps)))
        if all_before:
            _put_upto(home, joined=day)
    return made


def settle(home: UPath) -> None:
    """Take up what a run that was killed has left: half a copy, or a copy that nobody uses yet."""
    folder = home / JOINED
    if not folder.exists():
        return
    upto = _upto(home).get("joined", "")
    for path in list(folder.iterdir()):
        if path.name.endswith(".part"):
            path.unlink(missing_ok=True)
        elif path.name.endswith(".json") and path.name != _UPTO and path.name[:8] > upto:
            name = path.name.removesuffix(".json")
            if (folder / f"{name}.warc.gz").exists():
                _move_in(home, name, _parts(path))
            else:
                path.unlink(missing_ok=True)


def delete(home: UPath, before: str, busy: Callable[[str], bool], rule: str, now: datetime) -> Deleted:
    """Delete the pages of all days before `before`; each batch says when, and by which rule."""
    done = _upto(home).get("deleted", "")
    gone: list[int] = []

    def note(stamp: str, length: int) -> None:
        said = {"deleted_at": now.astimezone(UTC).isoformat(), "rule": rule, "bytes": length}
        pages.write_json(home / stamp / pages.PLACE, said)
        gone.append(length)

    all_before = True
    for day, stamps in _days(home, done, before):
        for stamp in stamps:
            own = home / stamp / batches.PAGES
            if busy(stamp):
                all_before = False
            elif own.exists():
                note(stamp, own.stat().st_size)
                own.unlink(missing_ok=True)
        if all_before:
            done = day
    folder = home / JOINED
    for path in sorted(folder.glob("*.json")) if folder.exists() else []:
        if path.name == _UPTO or path.name[:8] >= before:
            continue
        parts = _parts(path)
        if any(busy(part.stamp) for part in parts):
            continue
        for part in parts:
            if "deleted_at" not in (pages.place(home / part.stamp) or {}):
                note(part.stamp, part.length)
        (folder / path.name.replace(".json", ".warc.gz")).unlink(missing_ok=True)
        path.unlink(missing_ok=True)  # last: while it is there, the next run finishes this
    if done:
        _put_upto(home, deleted=done)
    return Deleted(len(gone), sum(gone))


def _days(home: UPath, after: str, before: str) -> Iterator[tuple[str, Iterator[str]]]:
    """The stamps of a source's finished batches, by day, oldest first."""
    names = (path.name for path in home.iterdir())
    stamps = sorted(name for name in names if _STAMP.fullmatch(name) and after < name[:8] < before)
    finished = (stamp for stamp in stamps if (home / stamp / batches.RUN).exists())
    return groupby(finished, key=lambda stamp: stamp[:8])


def _groups(home: UPath, stamps: Sequence[str]) -> Iterator[list[str]]:
    """Those that go into one file; one batch alone stays where it is."""
    group: list[str] = []
    size = 0
    for stamp in stamps:
        size += (home / stamp / batches.PAGES).stat().st_size
        group.append(stamp)
        if size >= LARGEST:
            yield group
            group, size = [], 0
    if len(group) > 1:
        yield group


def _join(home: UPath, day: str, stamps: Iterable[str]) -> list[Part]:
    name = f"{day}-{token_hex(2)}"
    folder = home / JOINED
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f".{name}.warc.gz.part"
    parts: list[Part] = []
    try:
        with copy.open("wb") as out:
            for stamp in stamps:
                start = sum(part.length for part in parts)
                with (home / stamp / batches.PAGES).open("rb") as file:
                    length, digest = _pour(iter(lambda: file.read(_CHUNK), b""), out.write)
                parts.append(Part(stamp, start, length, digest))
            pages.sync(out)
        with copy.open("rb") as file:
            for part in parts:
                if _pour(_stretch(file, part.length), len) != (part.length, part.sha256):
                    raise BatchError(f"{copy}: is not what was written to it: is the disk failing?")
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise BatchError(f"{copy}: cannot be written: {error.strerror or error}") from error
    pages.write_json(folder / f"{name}.json", [asdict(part) for part in parts])
    copy.rename(folder / f"{name}.warc.gz")
    _move_in(home, name, parts)
    return parts


def _move_in(home: UPath, name: str, parts: Iterable[Part]) -> None:
    """Have each batch read its part of the joined file, then delete its own file."""
    for part in parts:
        batch, file = home / part.stamp, f"{JOINED}/{name}.warc.gz"
        said = pages.place(batch)
        if said is None:
            pages.write_json(batch / pages.PLACE, {"file": file, "start": part.start, "length": part.length})
        elif said.get("file") != file:  # in another file, or deleted: this copy is not needed
            continue
        (batch / batches.PAGES).unlink(missing_ok=True)


def _pour(chunks: Iterable[bytes], write: Callable[[bytes], Any]) -> tuple[int, str]:
    length, digest = 0, hashlib.sha256()
    for chunk in chunks:
        write(chunk)
        digest.update(chunk)
        length += len(chunk)
    return length, digest.hexdigest()


def _stretch(file: Any, length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := file.read(min(_CHUNK, length))):
        length -= len(chunk)
        yield chunk


def _parts(index: UPath) -> list[Part]:
    try:
        return [Part(**part) for part in json.loads(index.read_text("utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise BatchError(f"{index}: damaged: {error}") from error


def _upto(home: UPath) -> Mapping[str, str]:
    try:
        return dict(json.loads((home / JOINED / _UPTO).read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        raise BatchError(f"{home / JOINED / _UPTO}: damaged: {error}; delete it") from error


def _put_upto(home: UPath, **days: str) -> None:
    (home / JOINED).mkdir(parents=True, exist_ok=True)
    pages.write_json(home / JOINED / _UPTO, {**_upto(home), **days})

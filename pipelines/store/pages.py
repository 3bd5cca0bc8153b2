"""Open the archived pages of a batch, wherever upkeep has put them.

    <data>/<source>/<stamp>/pages.warc.gz             as the crawl wrote them
    <data>/<source>/.joined/<day>-<hex>.warc.gz       with the other batches of their day (`joining`)
    nowhere                                           deleted by the source's rule `keep`

In the last two cases `pages.json` in the batch says where they are, or when they went. A
`raw_ref` names batch, offset and digest in all three, and never changes: an offset counts
from the start of the batch's own part.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from base64 import b32encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from pipelines.errors import BatchError, UsageError
from pipelines.store import archive, batches

if TYPE_CHECKING:
    from upath import UPath

PLACE = "pages.json"
"""Beside the other files of a batch whose pages are no longer in a file of their own."""

_REF = re.compile(r"(?P<batch>[^/]+/[^/]+)/[^/:]+:(?P<offset>\d+):(?P<digest>.+)")


@contextmanager
def opened(folder: UPath) -> Iterator[IO[bytes]]:
    """Open a batch's pages for reading, as one WARC that begins at byte 0.

    BatchError if they were deleted (it says when and by which rule), or are not there.
    """
    file = _open(folder)
    with file:
        yield file


def read(data: UPath, raw_ref: str) -> archive.Record:
    """Read the response that a `raw_ref` names; BatchError if it is not there, or is another.

    UsageError if that is no `raw_ref`.
    """
    match = _REF.fullmatch(raw_ref)
    if match is None:
        raise UsageError(
            f"{raw_ref!r} leads to no page: write <source>/<stamp>/pages.warc.gz:<offset>:<digest>"
        )
    with opened(batches.existing(data, match["batch"])) as file:
        record = archive.read_at(file, int(match["offset"]), raw_ref)
    if record.digest != match["digest"] or (
        record.digest.startswith("sha1:") and record.digest != f"sha1:{_sha1(record.payload)}"
    ):
        raise BatchError(f"{raw_ref}: the bytes there are not those: the archive is damaged")
    return record


def place(folder: UPath) -> Mapping[str, Any] | None:
    """What `pages.json` says of a batch's pages; None while they are in a file of their own.

    `file` (beside the batches of the source), `start` and `length` in bytes; or
    `deleted_at`, `rule` and `bytes`.
    """
    try:
        return dict(json.loads((folder / PLACE).read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BatchError(f"{folder / PLACE}: damaged: {error}") from error


def write_json(path: UPath, value: Any) -> None:
    """Write a small file, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(json.dumps(value, indent=1).encode())
        sync(file)
    part.rename(path)


def sync(file: IO[bytes]) -> None:
    """Have on disk what was written; object storage does so by itself."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except (OSError, AttributeError):  # no file of the system's
        return


def _open(folder: UPath) -> IO[bytes]:
    """Try the file first: that is where all young pages are. They may move while we look."""
    for _ in range(3):
        try:
            return folder.joinpath(batches.PAGES).open("rb")
        except FileNotFoundError:
            placed = place(folder)
        if placed is None:
            continue
        if "deleted_at" in placed:
            raise BatchError(
                f"{folder / batches.PAGES}: deleted on {placed['deleted_at'][:10]} by the source's rule "
                f"{placed['rule']}; the rows that were read from it stay"
            )
        try:
            joined = (folder.parent / placed["file"]).open("rb")
        except FileNotFoundError:
            continue  # deleted since: `pages.json` says so now
        return io.BufferedReader(_Part(joined, placed["start"], placed["length"]))
    raise BatchError(f"{folder / batches.PAGES}: no such file; its pages are lost")


class _Part(io.RawIOBase):
    """A stretch of a file, as if it were a file of its own."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file, self._start, self._length, self._at = file, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._at)
        found = self._file.read(min(len(buffer), max(0, self._length - self._at)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def close(self) -> None:
        self._file.close()
        super().close()


def _sha1(payload: bytes) -> str:
    return b32encode(hashlib.sha1(payload, usedforsecurity=False).digest()).decode()

"""The archive: responses as received, in a WARC 1.1 file. The only file that knows WARC.

Bodies are kept to the byte, Content-Encoding and all; header values outside ASCII are
percent-encoded.

Each record is a gzip member of its own, so that one story can be read at its offset.
Digests, compression and writing happen in a thread beside the crawl's event loop (their
C code lets go of the interpreter); bodies that the server had compressed are not
squeezed again.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import queue
import threading
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import brotli
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipelines.errors import BatchError

LARGEST = 20 * 1024 * 1024
"""Bytes of a body after decompression; a larger one is `too_large`."""

_STUMBLES = (AttributeError, TypeError, OverflowError)
"""What warcio raises over a header that is cut off before its URI or length."""

_QUEUE = 64
"""Records that may wait for the writer before the crawl has to wait."""


@dataclass(frozen=True)
class Record:
    """One archived response."""

    record_id: str
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    """As received: Content-Encoding still on it."""
    fetched_at: datetime
    offset: int
    digest: str
    """sha1 of the payload, as WARC writes it: `sha1:` and base 32."""


class BadBody(ValueError):
    """The body cannot be decompressed; the message says why."""


class BodyTooLarge(ValueError):
    """The body is larger than LARGEST once decompressed."""


class ArchiveWriter:
    """Append responses to a new WARC file; `add` returns at once, `close` when all is on disk."""

    def __init__(self, path: Path, *, software: str) -> None:
        self._file = path.open("xb")
        self._queue: queue.Queue[Callable[[], bytes] | None] = queue.Queue(_QUEUE)
        self._error: OSError | None = None
        self._queue.put(lambda: _packed(_warcinfo(path.name, software), 6))
        self._thread = threading.Thread(target=self._write, name="archive", daemon=True)
        self._thread.start()

    def add(
        self,
        url: str,
        *,
        status: int,
        reason: str,
        protocol: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        fetched_at: datetime,
        address: str | None = None,
    ) -> str:
        """Queue one response and return its record id.

        Raises OSError if an earlier record could not be written (disk full), so
        that a crawl ends rather than go on without an archive.
        """
        if self._error is not None:
            raise self._error
        record_id = f"<urn:uuid:{uuid.uuid4()}>"
        warc = {
            "WARC-Record-ID": record_id,
            "WARC-Date": fetched_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        if address:
            warc["WARC-IP-Address"] = address
        encoded = any(k.lower() == "content-encoding" for k, _ in headers)
        # warcio percent-encodes what is not ASCII in a value; in a name it stumbles over it.
        named = [(name.encode("ascii", "replace").decode(), value) for name, value in headers]
        head = StatusAndHeaders(f"{status} {reason}".strip(), named, protocol=protocol)
        self._queue.put(lambda: _packed(_response(url, head, body, warc), 0 if encoded else 1))
        return record_id

    def close(self) -> None:
        """Wait until all is written and synced; OSError if something could not be."""
        self._queue.put(None)
        self._thread.join()
        try:
            if self._error is not None:
                raise self._error
        finally:
            self._file.close()

    def _write(self) -> None:
        while (record := self._queue.get()) is not None:
            if self._error is not None:
                continue  # keep emptying, so that nobody waits for a place in the queue
            try:
                self._file.write(record())
            except Exception as error:  # whatever it is: an archive with a gap is none
                self._error = error if isinstance(error, OSError) else OSError(f"{error!r}")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._error = self._error or error


def records(file: IO[bytes], name: str) -> Iterator[Record]:
    """Every response of a WARC (plain or gzipped), in order.

    `name` stands in the errors. BatchError when the file is no WARC, or ends within
    a record; all records before that have been yielded by then.
    """
    end = 0  # of the last whole record
    try:
        archive = ArchiveIterator(file)
        for record in archive:
            response = record.rec_type == "response" and record.http_headers is not None
            payload = _payload(record) if response else record.raw_stream.read()
            # Without a limit the record's own header was cut off before its length.
            if getattr(record.raw_stream, "limit", 1) > 0:
                raise BatchError(f"{name}: cut off within the record at byte {end}")
            offset = archive.get_record_offset()  # reads to the record's end, blank lines too
            end = archive.offset
            if response:
                yield _record(record, payload, offset)
    except (ArchiveLoadFailed, zlib.error, EOFError, ValueError, OSError, *_STUMBLES) as error:
        words = " ".join(str(error).split())[:160]
        raise BatchError(f"{name}: damaged after byte {end}: {words}") from error
    if end < file.seek(0, os.SEEK_END):
        raise BatchError(f"{name}: cut off within the record at byte {end}")


def read_at(file: IO[bytes], offset: int, name: str) -> Record:
    """The response at an offset; BatchError if there is none."""
    file.seek(offset)
    record = next(records(file, name), None)
    if record is None:
        raise BatchError(f"{name}: no response at byte {offset}")
    return record


def decoded(record: Record) -> bytes:
    """The body of a record with its Content-Encoding undone: see `decode`."""
    return decode(record.payload, record.headers)


def decode(payload: bytes, headers: Iterable[tuple[str, str]]) -> bytes:
    """A body as received, with the Content-Encoding that its headers state undone.

    BadBody for a broken or unknown encoding, BodyTooLarge for a bomb: neither is
    ever unpacked beyond LARGEST.
    """
    body = payload
    stated = ",".join(v for k, v in headers if k == "content-encoding")
    for encoding in reversed([e.strip().lower() for e in stated.split(",") if e.strip()]):
        body = unpack(body, encoding)
    if len(body) > LARGEST:
        raise BodyTooLarge(f"{len(body)} bytes")
    return body


def copy(source: IO[bytes], target: Path, name: str, *, salvage: bool = False) -> int:
    """Copy the responses of any WARC into one of ours; return how many.

    A damaged end is a BatchError, unless `salvage`: then what is whole is kept.
    """
    writer = ArchiveWriter(target, software="wirehouse replay")
    count = 0
    try:
        for record in records(source, name):
            writer.add(
                record.url,
                status=record.status,
                reason="",
                protocol="HTTP/1.1",
                headers=record.headers,
                body=record.payload,
                fetched_at=record.fetched_at,
            )
            count += 1
    except BatchError as error:
        if not count:
            raise
        if not salvage:
            raise BatchError(f"{error}; the {count} responses before it are whole: --salvage") from error
    finally:
        writer.close()
    return count


def _payload(record: Any) -> bytes:
    """The body as received; the transfer's chunks joined, where an archive kept them."""
    transfer = record.http_headers.get_header("Transfer-Encoding") or ""
    if "chunked" not in transfer.lower():
        return bytes(record.raw_stream.read())
    body = bytes(ChunkedDataReader(record.raw_stream).read())
    record.raw_stream.read()
    return body


def _record(record: Any, payload: bytes, offset: int) -> Record:
    warc = record.rec_headers
    return Record(
        record_id=warc.get_header("WARC-Record-ID") or "",
        url=warc.get_header("WARC-Target-URI") or "",
        status=int(record.http_headers.get_statuscode() or 0),
        headers=tuple((k.lower(), v) for k, v in record.http_headers.headers),
        payload=payload,
        fetched_at=datetime.fromisoformat(warc.get_header("WARC-Date")).astimezone(UTC),
        offset=offset,
        digest=warc.get_header("WARC-Payload-Digest") or "sha1:" + _sha1(payload),
    )


def _sha1(payload: bytes) -> str:
    return base64.b32encode(hashlib.sha1(payload, usedforsecurity=False).digest()).decode()


def unpack(body: bytes, encoding: str) -> bytes:
    """One Content-Encoding undone; BadBody or BodyTooLarge where it cannot be."""
    try:
        match encoding:
            case "identity":
                return body
            case "gzip" | "x-gzip":
                return _inflate(body, 31)
            case "deflate":
                try:
                    return _inflate(body, 15)
                except zlib.error:  # many servers leave the zlib header out
                    return _inflate(body, -15)
            case "br":
                unpacker = brotli.Decompressor()
                out = _limited(unpacker.process(body, output_buffer_limit=LARGEST + 1))
                if body and not unpacker.is_finished():
                    raise EOFError("ends too early")
                return out
    except (zlib.error, brotli.error, EOFError) as error:
        raise BadBody(f"broken {encoding}: {error}") from error
    raise BadBody(f"unknown content encoding {encoding!r}")


def _inflate(body: bytes, wbits: int) -> bytes:
    out = b""
    while body:
        unpacker = zlib.decompressobj(wbits)
        out = _limited(out + unpacker.decompress(body, LARGEST + 1 - len(out)))
        if not unpacker.eof:
            raise EOFError("ends too early")
        # gzip may have several members; what follows and is none is rubbish, as browsers see it
        body = unpacker.unused_data if wbits == 31 and unpacker.unused_data[:2] == b"\x1f\x8b" else b""
    return out


def _limited(body: bytes) -> bytes:
    if len(body) > LARGEST:
        raise BodyTooLarge(f"more than {LARGEST} bytes when unpacked")
    return body


def _packed(record: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, wbits=31)
    return packer.compress(record) + packer.flush()


def _response(url: str, head: StatusAndHeaders, body: bytes, warc: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False, warc_version="1.1")
    record = writer.create_warc_record(
        url, "response", payload=io.BytesIO(body), http_headers=head, warc_headers_dict=warc
    )
    writer.write_record(record)
    return buffer.getvalue()


def _warcinfo(name: str, software: str) -> bytes:
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False, warc_version="1.1")
    info: Iterable[tuple[str, str]] = {"software": software, "format": "WARC File Format 1.1"}.items()
    writer.write_record(writer.create_warcinfo_record(name, dict(info)))
    return buffer.getvalue()

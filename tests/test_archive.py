"""Does the archive give back the bytes it was given, and notice when some are missing?"""

import gzip
import io
import random
import resource
import zlib
from datetime import UTC, datetime

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import BatchError
from pipelines.store import archive

BODIES = [b"one" * 50, b"two" * 50, b"three" * 50]
NOW = datetime(2026, 3, 5, 12, 0, 0, 123456, tzinfo=UTC)


def write(path, *bodies, headers=()):
    writer = archive.ArchiveWriter(path, software="test")
    for number, body in enumerate(bodies):
        writer.add(
            f"https://wire.example/{number}",
            status=200,
            reason="OK",
            protocol="HTTP/1.1",
            headers=headers,
            body=body,
            fetched_at=NOW,
        )
    writer.close()
    return path


def read(path):
    with path.open("rb") as file:
        return list(archive.records(file, path.name))


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=5))
def test_bytes_come_back_as_they_went_in(tmp_path_factory, bodies):
    path = write(tmp_path_factory.mktemp("warc") / "pages.warc.gz", *bodies)
    assert [record.payload for record in read(path)] == bodies


def test_a_record_keeps_url_headers_and_time(tmp_path):
    path = write(
        tmp_path / "p.warc.gz", b"x", headers=[("Content-Type", "text/html"), ("X-A", "1"), ("X-A", "2")]
    )
    (record,) = read(path)
    assert record.url == "https://wire.example/0"
    assert record.headers == (("content-type", "text/html"), ("x-a", "1"), ("x-a", "2"))
    assert record.fetched_at == NOW
    assert record.digest.startswith("sha1:")


def test_one_record_can_be_read_at_its_offset(tmp_path):
    path = write(tmp_path / "p.warc.gz", b"one", b"two", b"three")
    offset = read(path)[1].offset
    with path.open("rb") as file:
        assert archive.read_at(file, offset, "p").payload == b"two"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"rain", mtime=0)),
        ("x-gzip", gzip.compress(b"rain", mtime=0)),
        ("deflate", zlib.compress(b"rain")),
        ("deflate", zlib.compress(b"rain")[2:-4]),
        ("br", brotli.compress(b"rain")),
        ("gzip", gzip.compress(b"ra", mtime=0) + gzip.compress(b"in", mtime=0)),
        ("gzip", gzip.compress(b"rain", mtime=0) + b"rubbish"),
        ("gzip, br", brotli.compress(gzip.compress(b"rain", mtime=0))),
        ("identity", b"rain"),
    ],
)
def test_content_encodings_are_undone(tmp_path, encoding, packed):
    (record,) = read(write(tmp_path / "p.warc.gz", packed, headers=[("Content-Encoding", encoding)]))
    assert record.payload == packed
    assert archive.decoded(record) == b"rain"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"rain" * 99, mtime=0)[:-20]),
        ("gzip", b"no"),
        ("br", b"no"),
        ("br", brotli.compress(b"rain" * 999)[:-4]),
        ("zip", b""),
    ],
)
def test_a_broken_body_is_said_to_be_broken(tmp_path, encoding, packed):
    (record,) = read(write(tmp_path / "p.warc.gz", packed, headers=[("Content-Encoding", encoding)]))
    with pytest.raises(archive.BadBody):
        archive.decoded(record)


@pytest.mark.parametrize("pack", [gzip.compress, brotli.compress])
def test_a_bomb_is_not_unpacked(tmp_path, pack):
    bomb = pack(bytes(archive.LARGEST + 10))
    headers = [("Content-Encoding", "gzip" if pack is gzip.compress else "br")]
    (record,) = read(write(tmp_path / "p.warc.gz", bomb, headers=headers))
    with pytest.raises(archive.BodyTooLarge):
        archive.decoded(record)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write(tmp_path_factory.mktemp("cut") / "p.warc.gz", *BODIES).read_bytes()


@settings(max_examples=60)
@given(part=st.floats(0, 1))
def test_a_file_cut_anywhere_gives_whole_records_or_an_error(whole, part):
    cut = int(part * len(whole))
    seen = []
    try:
        for record in archive.records(io.BytesIO(whole[:cut]), "p"):
            seen.append(record.payload)
    except BatchError as error:
        assert str(error).startswith("p: ")
    assert seen == BODIES[: len(seen)]
    if cut > len(whole) - 8:  # nothing but the last check sum is missing
        assert seen == BODIES


@pytest.mark.parametrize("junk", [b"hello", b"<html>" * 50, b"\x1f\x8b\x08 no gzip", b"\x00" * 99])
def test_what_is_no_warc_says_so(junk):
    with pytest.raises(BatchError, match="pages: "):
        list(archive.records(io.BytesIO(junk), "pages"))


def test_odd_header_names_lose_no_record(tmp_path):
    path = write(tmp_path / "p.warc.gz", b"one", b"two", headers=[("X-\xe9", "caf\xe9 \u20ac")])
    assert [record.payload for record in read(path)] == [b"one", b"two"]


def test_an_archive_that_is_there_is_never_written_over(tmp_path):
    path = write(tmp_path / "p.warc.gz", b"one")
    with pytest.raises(FileExistsError):
        write(path, b"two")


def test_a_full_disk_is_an_error_and_not_a_shorter_archive(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))  # as a full disk: a write fails half-way
    try:
        with pytest.raises(OSError, match="File too large"):
            write(tmp_path / "p.warc.gz", *(random.Random(n).randbytes(1_000) for n in range(5)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

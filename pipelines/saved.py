"""Saved pages: read one, or the many of a manifest, without a batch or a crawl."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines import urls
from pipelines.errors import UsageError
from pipelines.extract import extract_page
from pipelines.ledger import Outcome, Reject
from pipelines.pool import read_pages
from pipelines.records import Capture, Source, Story
from pipelines.sources import nameless
from pipelines.store.archive import BadBody, BodyTooLarge, unpack
from pipelines.written import dump


def read_page(file: Path, url: str, fetched_at: str | None, source: Source | None = None) -> dict[str, Any]:
    """The story of one saved page, with the table's field names, or why there is none."""
    capture = _capture(file, url, fetched_at)
    return answer(extract_page(capture, source or nameless(url)))


def read_manifest(manifest: Path, processes: int) -> Iterator[dict[str, Any]]:
    """An answer per line of the manifest, in its order, each with `seconds`.

    A line is {"file", "url", "fetched_at"?}; a relative `file` is looked for beside
    the manifest, then here. A file that cannot be read is a reasoned reject of that
    line; a manifest that cannot be read is a UsageError that names the line.
    """
    lines = list(_lines(manifest))
    unread: dict[int, str] = {}

    def captures() -> Iterator[Capture]:
        for number, line in enumerate(lines):
            try:
                yield _capture(_found(manifest, line), line["url"], line.get("fetched_at"), str(number))
            except UsageError as error:
                unread[number] = str(error)

    reads = read_pages(captures(), None, processes=processes, limit_seconds=10.0)
    read = next(reads, None)
    for number in range(len(lines)):
        if read is not None and read.capture_ref == str(number):
            given = (
                answer(read.result) | {"raw_ref": None}
                if isinstance(read.result, Story)
                else answer(read.result)
            )
            yield given | {"seconds": round(read.seconds, 4)}
            read = next(reads, None)
        else:
            yield {"outcome": Outcome.BAD_CONTENT.value, "reason": unread[number], "seconds": 0.0}


def answer(result: Story | Reject) -> dict[str, Any]:
    return dict(json.loads(dump(asdict(result), indent=None)))


def _lines(manifest: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = manifest.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{manifest}: cannot be read: {error}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            if not all(isinstance(values[k], str) for k in ("file", "url", *({"fetched_at"} & set(values)))):
                raise TypeError("`file`, `url` and `fetched_at` must be texts")
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(f'{manifest}:{number}: {error!r}; a line is {{"file": …, "url": …}}') from error
        yield values


def _found(manifest: Path, line: Mapping[str, Any]) -> Path:
    beside = manifest.parent / line["file"]
    return beside if beside.exists() else Path(line["file"])


def _capture(file: Path, url: str, fetched_at: str | None, ref: str | None = None) -> Capture:
    if urls.absolute(url, url) is None:
        raise UsageError(f"{url!r} is no http(s) URL")
    try:
        body = file.read_bytes()
        if body[:2] == b"\x1f\x8b":
            body = unpack(body, "gzip")
    except (OSError, BadBody, BodyTooLarge) as error:
        raise UsageError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    try:
        fetched = datetime.fromisoformat(fetched_at) if fetched_at else datetime.now(UTC)
    except ValueError:
        raise UsageError(f"{fetched_at!r} is no time; write it like 2026-03-05T12:00:00+00:00") from None
    return Capture(
        url=url,
        status=200,
        headers=(("content-type", "text/html"),),
        body=body,
        fetched_at=fetched.astimezone(UTC) if fetched.tzinfo else fetched.replace(tzinfo=UTC),
        raw_ref=ref,
    )

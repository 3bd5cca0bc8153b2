"""Replay: make batches of WARC files from anywhere, as if we had crawled them. No network.

Each HTML answer of the file is a lead; the bytes are copied into the batch, so that
every row still leads back to them when the file is gone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from upath import UPath

from pipelines import urls
from pipelines.crawl_step import publish, workplace
from pipelines.errors import BatchError, UsageError
from pipelines.ledger import Outcome, Run, outcome_of_status
from pipelines.records import Source
from pipelines.store import archive, batches

_OF_THE_SITE = {"/robots.txt": "robots", "/.well-known/tdmrep.json": "rights"}
"""Files about the site, which an archive of a crawl of ours has too: no leads."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})


def within(folder: UPath, name: str) -> UPath:
    """The WARC that somebody named from afar, in the folder meant for that; UsageError for anything else.

    A form in a browser must not read files of the worker: no other folder, no way up, no
    link that leads out, nothing but a WARC. The name is relative to the folder, or begins
    with it.
    """
    start = str(folder).rstrip("/") + "/"
    inner = name.strip().removeprefix(start)
    parts = inner.split("/")
    if "://" in inner or not inner.isprintable() or "\\" in inner or {"", ".", ".."} & set(parts):
        raise UsageError(f"{name!r} is not in the folder of replays: name a file below {start}")
    if not inner.endswith((".warc", ".warc.gz")):
        raise UsageError(f"{name!r} is no WARC by its name: it ends with .warc or .warc.gz")
    file = folder.joinpath(*parts)
    if file.protocol in ("", "file", "local"):
        real, home = Path(file.path).resolve(), Path(folder.path).resolve()
        if not real.is_relative_to(home):
            raise UsageError(f"{name!r} leads out of the folder of replays, {start}")
        file = UPath(real)
    if not file.is_file():
        raise UsageError(f"{start}{inner}: no such file")
    return file


def import_warc(
    data: UPath, file: Path | UPath, source: Source, *, own: bool = False, salvage: bool = False
) -> str:
    """Copy one WARC into a new batch of the source; returns the batch's name.

    Redirects and robots.txt are no leads. With `own`, pages of hosts that are not the
    source's end out of scope.

    UsageError if the file cannot be opened; BatchError if it is no WARC or cut off:
    nothing of it is kept then, unless `salvage` asks for what is whole.
    """
    now = datetime.now(UTC)
    batch = batches.new_name(source.name, now)
    with workplace(data, source.name) as home:
        work = home / f".{batch.split('/')[1]}.part"
        work.mkdir()
        try:
            try:
                with file.open("rb") as opened:
                    archive.copy(opened, work / batches.PAGES, str(file), salvage=salvage)
            except FileNotFoundError:
                raise UsageError(f"{file}: no such file") from None
            except (IsADirectoryError, PermissionError) as error:
                raise UsageError(f"{file}: {error.strerror}") from None
            leads, received = _write_logs(work, file.name, now, source if own else None)
            if not leads:
                raise BatchError(f"{file}: a WARC without a single response")
            batches.write_run(work / batches.RUN, _run(batch, source, now, leads, received))
            batches.mark(data, batches.UNREAD, batch)
            publish(work, data / batch)
        except OSError as error:
            raise BatchError(f"{data / batch}: cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return batch


def _write_logs(work: Path, name: str, now: datetime, own: Source | None) -> tuple[int, int]:
    leads = received = 0
    with (
        (work / batches.PAGES).open("rb") as pages,
        (work / batches.CRAWL_LOG).open("w", encoding="utf-8") as crawl_log,
        (work / batches.FETCH_LOG).open("w", encoding="utf-8") as fetch_log,
    ):
        for position, record in enumerate(archive.records(pages, name)):
            fetch_log.write(json.dumps(_fetch_line(record)) + "\n")
            received += len(record.payload)
            if record.status in REDIRECTS or urlsplit(record.url).path in _OF_THE_SITE:
                continue
            line = _lead_line(record, name, position, now)
            if own is not None and line["outcome"] is None and not urls.in_scope(record.url, own):
                line |= {"outcome": Outcome.OUT_OF_SCOPE.value, "reason": "not a host or path of this source"}
            crawl_log.write(json.dumps(line) + "\n")
            leads += 1
    return leads, received


def _lead_line(record: archive.Record, name: str, position: int, now: datetime) -> dict[str, Any]:
    headers = dict(record.headers)
    outcome, reason = outcome_of_status(record.status), str(record.status)
    kind = headers.get("content-type", "text/html")
    if outcome is None and "html" not in kind.lower():
        outcome, reason = Outcome.NOT_HTML, kind
    return {
        "kind": "lead",
        "url": urls.canonical(record.url),
        "found_url": record.url,
        "channel": name,
        "channel_kind": "replay",
        "position": position,
        "found_at": now.isoformat(),
        "at": record.fetched_at.isoformat(),
        "outcome": outcome.value if outcome else None,
        "reason": reason if outcome else None,
        "final_url": record.url,
        "http_status": record.status,
        "record_id": record.record_id,
        "digest": _digest(record),
        "etag": headers.get("etag"),
        "last_modified": headers.get("last-modified"),
    }


def _digest(record: archive.Record) -> str | None:
    """sha256 of the body, as a crawl would note it; None if it cannot be unpacked."""
    try:
        return hashlib.sha256(archive.decoded(record)).hexdigest()
    except (archive.BadBody, archive.BodyTooLarge):
        return None


def _fetch_line(record: archive.Record) -> dict[str, Any]:
    outcome = outcome_of_status(record.status)
    headers = dict(record.headers)
    return {
        "url": record.url,
        "purpose": _OF_THE_SITE.get(urlsplit(record.url).path, "story"),
        "outcome": outcome.value if outcome else "ok",
        "http_status": record.status,
        "content_type": headers.get("content-type"),
        "bytes": len(record.payload),
        "etag": headers.get("etag"),
        "last_modified": headers.get("last-modified"),
        "started_at": record.fetched_at.isoformat(),
        "record_id": record.record_id,
    }


def _run(batch: str, source: Source, now: datetime, leads: int, received: int) -> Run:
    return Run(
        run_id=batch,
        source_id=source.name,
        kind="replay",
        started_at=now,
        ended_at=datetime.now(UTC),
        finish_reason="finished",
        leads=leads,
        requests=0,
        responses=leads,
        bytes=received,
        wirehouse_version=version("wirehouse"),
    )

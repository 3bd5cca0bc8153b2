"""What of a request and its answer the crawl log keeps. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from pipelines.ledger import Outcome
from pipelines.records import Heard, Seen
from spiders.outcomes import CONDITIONS, of_exception


def conditions(seen: Seen | Heard | None) -> dict[str, str]:
    """Headers that let the server answer 304, from what we had of it last."""
    if seen is None or seen.digest is None:
        return {}
    stated = zip(CONDITIONS, (seen.etag, seen.last_modified), strict=True)
    return {name: value for name, value in stated if value}


def lost(failure: Failure) -> tuple[Request, Outcome, str]:
    """The request that brought no answer, and why; a fault of ours is raised again."""
    error = failure.value
    assert error is not None
    request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy puts it there
    return request, *of_exception(error)


def answered(response: Response, now: datetime) -> dict[str, Any]:
    """Status, place in the archive, digest and validators of an answer."""

    def header(name: str) -> str | None:
        value = response.headers.get(name)
        return value.decode("latin-1") if value else None

    return {
        "at": response.meta.get("wirehouse_at", now).isoformat(),
        "final_url": response.url,
        "http_status": response.status,
        "record_id": response.meta.get("wirehouse_record"),
        "digest": hashlib.sha256(response.body).hexdigest(),
        "etag": header("ETag"),
        "last_modified": header("Last-Modified"),
        "cache_control": header("Cache-Control"),
        "rights": response.meta.get("wirehouse_rights", []),
    }

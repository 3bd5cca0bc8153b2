"""Where things are: read from the environment, here and nowhere else.

WIREHOUSE_HOME        where everything is kept; ./var
WIREHOUSE_DATA        batches: a folder or an fsspec URL; $WIREHOUSE_HOME/data
WIREHOUSE_WAREHOUSE   attach string; ducklake:sqlite:$WIREHOUSE_HOME/warehouse/catalog.sqlite
WIREHOUSE_SOURCES     a folder of your own sources; those that ship
WIREHOUSE_PROCESSES   for extraction; one per core
WIREHOUSE_REPLAY      WARCs that the UI may replay: a folder or an fsspec URL; $WIREHOUSE_HOME/replay
WIREHOUSE_CONTACT     an address or page by which those we ask can reach you; none

Of object storage the usual AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from pipelines.errors import UsageError

_CONTACT = re.compile(r"https?://[!-~]{3,150}|[!-~]{1,64}@[A-Za-z0-9.-]{3,100}")


@dataclass(frozen=True)
class Places:
    """Where things are."""

    home: Path
    data: UPath
    warehouse: str
    sources: Path | None
    processes: int
    replay: UPath
    contact: str | None = None
    """Stands in the user agent."""


def places() -> Places:
    """Read from the environment where things are."""
    home = Path(os.environ.get("WIREHOUSE_HOME") or "var").absolute()
    sources = os.environ.get("WIREHOUSE_SOURCES")
    processes = os.environ.get("WIREHOUSE_PROCESSES") or str(os.cpu_count() or 1)
    if not (processes.isascii() and processes.isdecimal()) or int(processes) < 1:
        raise UsageError(f"WIREHOUSE_PROCESSES must be a whole number from 1, is {processes!r}")
    return Places(
        home=home,
        data=_place("WIREHOUSE_DATA", home / "data"),
        warehouse=os.environ.get("WIREHOUSE_WAREHOUSE")
        or f"ducklake:sqlite:{home / 'warehouse' / 'catalog.sqlite'}",
        sources=Path(sources).absolute() if sources else None,
        processes=int(processes),
        replay=_place("WIREHOUSE_REPLAY", home / "replay"),
        contact=_contact(os.environ.get("WIREHOUSE_CONTACT") or ""),
    )


def object_storage() -> dict[str, str]:
    """How object storage is reached, as DuckDB's secrets name it: from the variables that all clients read.

    AWS_ENDPOINT_URL with http:// is asked without TLS. Empty where none of them is set.
    """
    env = os.environ
    endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or ""
    found = {
        "KEY_ID": env.get("AWS_ACCESS_KEY_ID"),
        "SECRET": env.get("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": env.get("AWS_SESSION_TOKEN"),
        "REGION": env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
        "ENDPOINT": endpoint.partition("://")[2].rstrip("/") or None,
        "URL_STYLE": "path" if endpoint else None,
        "USE_SSL": "false" if endpoint.startswith("http://") else None,
    }
    return {name: value for name, value in found.items() if value}


def _contact(text: str) -> str | None:
    """A mail address or URL, fit for a header; UsageError for anything else."""
    if text and not _CONTACT.fullmatch(text):
        raise UsageError(f"WIREHOUSE_CONTACT must be a mail address or an http(s) URL, is {text!r}")
    return text or None


def _place(name: str, otherwise: Path) -> UPath:
    """A folder or an fsspec URL; UsageError if nothing knows such a place."""
    text = os.environ.get(name) or str(otherwise)
    try:
        place = UPath(text)
        if place.protocol in ("", "file", "local"):
            return UPath(Path(place.path).absolute())
        if place.protocol in ("s3", "s3a"):
            # Others write there: a list that is kept would hide it from a server that runs for months.
            place = UPath(text, use_listings_cache=False)
        place.fs  # noqa: B018  # does its client know such a place?
    except Exception as error:  # each client has errors of its own
        raise UsageError(f"{name}={text}: {' '.join(str(error).split())[:200]}") from error
    return place

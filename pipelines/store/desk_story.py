"""What the desk reads of one story, of one address, and of one archived page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from upath import UPath
from w3lib.encoding import html_to_unicode

from pipelines.errors import BatchError, UsageError
from pipelines.ledger import LedgerLine
from pipelines.store import archive, batches, pages, staging
from pipelines.store.desk import rows
from pipelines.store.warehouse import Connection

_REF = re.compile(r"[a-z0-9_]+/[0-9TZa-f-]+/[\w.-]+:\d{1,15}:[\w:+/=-]{1,100}", re.ASCII)

LONGEST = 4 * 1024 * 1024
"""Bytes of an archived page that are shown."""

_LEDGER = """
SELECT * FROM ledger
WHERE list_contains($keys, url) OR list_contains($keys, final_url) OR list_contains($keys, canonical_url)
ORDER BY found_at DESC LIMIT 200"""

_SIGHTINGS = """
SELECT url, source_id, channel, channel_kind, min(position) AS position, count(*) AS times,
  min(seen_at) AS first_at, max(seen_at) AS last_at, any_value(title) AS title
FROM sightings WHERE list_contains($keys, url) GROUP BY ALL ORDER BY first_at LIMIT 50"""

_STORIES = """
SELECT story_id, source_id, url, version, headline, pub_status, change_kind, first_seen_at, last_seen_at,
  cluster_id, raw_ref, run_id
FROM stories
WHERE list_contains($ids, story_id) OR list_contains($keys, url) OR list_contains($keys, canonical_url)
  OR list_contains($keys, amp_url) OR list_contains($keys, uri)
ORDER BY first_seen_at LIMIT 20"""

_VERSIONS = """
SELECT story_id, version, valid_from, valid_to, change_kind, diff_ratio, headline
FROM story_versions
WHERE list_contains($ids, story_id) ORDER BY story_id, version LIMIT 200"""

_MEMBERS = """
SELECT c.cluster_id, c.story_id, c.role, c.similarity, s.source_id, s.headline, s.published_at
FROM clusters c JOIN stories s USING (story_id)
WHERE list_contains($clusters, c.cluster_id) ORDER BY c.role <> 'origin', s.first_seen_at LIMIT 60"""


def trail(connection: Connection, keys: Sequence[str]) -> dict[str, Any]:
    """All that tables know of these addresses, or story ids."""
    asked = {"keys": list(keys)}
    ended = rows(connection, _LEDGER, asked)
    ids = sorted({line["story_id"] for line in ended if line["story_id"]} | set(keys))
    stories = rows(connection, _STORIES, asked | {"ids": ids})
    ids = [story["story_id"] for story in stories]
    clusters = sorted({story["cluster_id"] for story in stories if story["cluster_id"]})
    if not ended and stories:  # asked for by id, or by an address that no channel announced
        addresses = {"keys": [story["url"] for story in stories]}
        ended = rows(connection, _LEDGER, addresses)
    announced = sorted({line["url"] for line in ended} | set(keys))
    return {
        "sightings": rows(connection, _SIGHTINGS, {"keys": announced}),
        "ledger": ended,
        "stories": stories,
        "versions": rows(connection, _VERSIONS, {"ids": ids}) if ids else [],
        "members": rows(connection, _MEMBERS, {"clusters": clusters}) if clusters else [],
    }


def members(connection: Connection, cluster: str | None) -> list[dict[str, Any]]:
    """The stories of a cluster, its origin first."""
    return rows(connection, _MEMBERS, {"clusters": [cluster]}) if cluster else []


def staged(data: UPath, names: Sequence[str], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Lines of the ledgers of batches that are not loaded, about these addresses."""
    wanted, found = set(keys), []
    for name in names:
        try:
            lines = list(staging.read(data / name / batches.LEDGER, LedgerLine))
        except BatchError:  # loaded and tidied away meanwhile, or damaged: its task says so
            continue
        found += [
            {field: getattr(line, field) for field in line.__dataclass_fields__}
            for line in lines
            if wanted & {line.url, line.final_url, line.canonical_url, line.story_id}
        ]
    return found


def page(data: UPath, ref: str) -> tuple[str, str, datetime]:
    """An archived page as text, its URL, and when it was fetched.

    UsageError if `ref` is no `raw_ref`; BatchError if the archive does not have it.
    """
    if _REF.fullmatch(ref) is None:  # it comes from an address that anybody may have written
        raise UsageError(f"{ref[:80]!r} is no place in an archive: copy a raw_ref")
    record = pages.read(data, ref)
    try:
        body = archive.decoded(record)
    except ValueError as error:
        raise BatchError(f"{ref}: {error}") from error
    kind = next((value for name, value in record.headers if name == "content-type"), "")
    _, text = html_to_unicode(kind, body[:LONGEST])
    return text, record.url, record.fetched_at

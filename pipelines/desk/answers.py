"""The answers of the desk, as JSON has them: the edge where pure shaping meets warehouse and archive."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pipelines import compare, show_changes, urls
from pipelines.desk import glance, trail
from pipelines.errors import UsageError, WarehouseError, WirehouseError
from pipelines.places import Places, places
from pipelines.records import Source
from pipelines.sources import declared
from pipelines.sources import names as source_names
from pipelines.store import batches, desk, desk_story, findings, reading, switches
from pipelines.store.kept_open import KeptOpen
from pipelines.store.warehouse import Connection, is_absent
from pipelines.written import dump

RUNS = 60
"""Batches of a source's timeline."""

LONGEST_SEARCH = 2_000
"""Characters of what is searched for; longer addresses are nobody's."""

_SHOWN = (
    *compare.FIELDS,
    "published_raw",
    "published_precision",
    "published_evidence",
    "located",
    "word_count",
)
"""Fields of a version that are shown beside its body."""


def overview() -> bytes:
    """All sources, as JSON. Before the first load: those that are declared, what is wrong, and what to do.

    What is held or wrong must be seen then too: a first batch that is held is the reason why none is loaded.
    """
    where, now = places(), datetime.now(UTC)
    until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    held = batches.held(where.data)
    try:
        with _warehouse(where.warehouse).connection() as connection:
            found = desk.glance(connection, now, until) | {"before": _before(where.warehouse, until)}
            found["troubles"] = _troubles(where, connection)
    except WarehouseError as error:
        if not is_absent(error):
            raise
        found = desk.nothing() | {"sources": _declared(where)}
        found["troubles"] = findings.troubles(where.warehouse, where.data)
        return _json(glance.overview(found, held, now, until) | {"note": str(error)})
    return _json(glance.overview(found, held, now, until))


def outdated(told: bytes, error: Exception | None) -> bytes:
    """An overview that could not be made anew for minutes: it says so itself, and that its states are old.

    `error`: why it could not; None where the attempt has not ended yet.
    """
    found = json.loads(told)
    why = str(error) if isinstance(error, WirehouseError) else type(error).__name__ if error else None
    notice = {
        "cause": "down" if why else "slow",
        "severity": "error" if why else "warning",
        "since": found["at"],
        "message": f"What is shown is old, and may be wrong by now: {why or 'no newer answer has come yet'}",
        "next_step": "see whether it can be reached: `wirehouse status` asks it the same",
    }
    return _json(found | {"old": True, "warehouse": [notice, *found.get("warehouse", ())]})


def source(name: str) -> bytes:
    """One source near: its batches, channels, findings, latest stories. UsageError if there is none such."""
    where, now = places(), datetime.now(UTC)
    try:
        with _warehouse(where.warehouse).connection() as connection:
            found = desk.near(connection, name, now, RUNS)
            troubles = _troubles(where, connection)
    except WarehouseError as error:
        if not is_absent(error):
            raise
        found = desk.nothing_near() | {"source": next(iter(_declared(where, name)), None)}
        troubles = findings.troubles(where.warehouse, where.data)
    found["troubles"] = [t for t in troubles if t["source_id"] == name]
    held = batches.held(where.data, name)
    is_known = found["source"] is not None or found["runs"] or held
    if not is_known and name not in source_names(where.sources):
        raise UsageError(f"{name}: no such source")
    outcomes: dict[str, dict[str, int]] = defaultdict(dict)
    for row in found.pop("ledger"):
        outcomes[row["run_id"]][row["outcome"]] = row["leads"]
    runs = [run | {"outcomes": outcomes[run["run_id"]]} for run in found.pop("runs")]
    staged = {
        "held": held,
        "waiting": [batch for batch in batches.waiting(where.data) if batch.startswith(f"{name}/")],
        "unread": batches.unread(where.data, name),
    }
    return _json({"name": name, "at": now, "runs": runs, **found, **staged})


def story(story_id: str) -> bytes:
    """A story with all its versions, and the stories of its cluster."""
    with _warehouse(places().warehouse).connection() as connection:
        versions = reading.versions_in(connection, story_id)
        others = desk_story.members(connection, versions[-1]["cluster_id"])
    return _json(
        {"story_id": versions[-1]["story_id"], "versions": [*map(_shown, versions)], "members": others}
    )


def difference(story_id: str, old: int | None, new: int | None) -> bytes:
    """What changed between two versions of a story, word by word; without numbers, between its last two."""
    with _warehouse(places().warehouse).connection() as connection:
        versions = reading.versions_in(connection, story_id)
    before, after = show_changes.pick(versions, old, new)
    fields = [
        {"name": name, "pieces": compare.words(_text(one), _text(two))}
        for name, (one, two) in compare.fields(before, after).items()
    ]
    body = list(compare.paragraphs(before["body_text"], after["body_text"]))
    return _json({"old": before["version"], "new": after["version"], "fields": fields, "body": body})


def find(asked: str) -> bytes:
    """Where a URL (or a story, by its id) went, told in words: see `trail`."""
    asked = asked.strip()
    if not asked or len(asked) > LONGEST_SEARCH:
        raise UsageError("name a URL, as a channel or a browser shows it, or a story_id")
    keys = list(dict.fromkeys([asked, urls.canonical(asked), urls.address(asked)]))
    where = places()
    held = batches.held(where.data)
    staged = desk_story.staged(where.data, [*batches.waiting(where.data), *held], keys)
    found: Mapping[str, Any] = {k: [] for k in ("sightings", "ledger", "stories", "versions", "members")}
    hosts: list[str] = []
    try:
        with _warehouse(where.warehouse).connection() as connection:
            found = desk_story.trail(connection, keys)
            if not any(found.values()) and not staged:
                hosts = _of_host(connection, asked)
    except WarehouseError as error:
        if not is_absent(error):
            raise
    loaded = {line["run_id"] for line in found["ledger"]}
    steps = trail.told(found, [line for line in staged if line["run_id"] not in loaded], held)
    return _json({"asked": asked, "key": urls.canonical(asked), "steps": steps, "same_host": hosts})


def page(ref: str) -> tuple[str, str, datetime]:
    """An archived page as text, its URL, and when it was fetched."""
    return desk_story.page(places().data, ref)


def _of_host(connection: Connection, asked: str) -> list[str]:
    """Sources whose front page is on the host of an address nobody knows: where one would look next.

    UsageError if that is no address at all, such as `http://[`.
    """
    try:
        host = (urlsplit(asked).hostname or "").removeprefix("www.")
    except ValueError as error:
        raise UsageError(f"{asked} is no address, and no channel has ever announced it: {error}") from error
    known = desk.rows(connection, "SELECT source_id, home FROM sources")
    return [s["source_id"] for s in known if host and (urlsplit(s["home"]).hostname or "").endswith(host)]


def _declared(where: Places, name: str | None = None) -> list[dict[str, Any]]:
    """The sources that are declared, or the one named, as the first load will have them in the table."""
    switched = switches.read(where.home)
    known = source_names(where.sources)
    found = declared(where.sources, None if name is None else {name} & {*known})
    return [
        {
            "source_id": one,
            "title": source.title if isinstance(source, Source) else one,
            "home": source.home if isinstance(source, Source) else "",
            "language": source.language if isinstance(source, Source) else None,
            "enabled": switched.get(one, isinstance(source, Source) and source.enabled),
            "tags": list(source.tags) if isinstance(source, Source) else [],
            "every": int(source.every.total_seconds()) if isinstance(source, Source) else None,
        }
        for one, source in found.items()
    ]


def _shown(version: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "version",
        "valid_from",
        "valid_to",
        "change_kind",
        "diff_ratio",
        "raw_ref",
        "run_id",
        "source_id",
    )
    more = (
        "extraction_confidence",
        "extractor",
        "extractor_version",
        "cluster_id",
        "story_id",
        "language",
        "keywords",
    )
    shown = {name: version[name] for name in dict.fromkeys((*names, *more, *_SHOWN))}
    return shown | {"body_text": version["body_text"]}


@functools.lru_cache(maxsize=1)
def _before(attach: str, until: datetime) -> Any:
    """What came by the hour in the weeks before: read once an hour, since it hardly changes."""
    with _warehouse(attach).connection() as connection:
        return desk.before(connection, until)


@functools.cache
def _warehouse(attach: str) -> KeptOpen:
    return KeptOpen(attach)


def _troubles(where: Places, connection: Connection) -> list[dict[str, Any]]:
    """What is wrong now; nothing in a warehouse that no load has given that table yet."""
    if not desk.has(connection, "findings"):
        return []
    return findings.troubles_in(connection, findings.untold(where.data))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _json(value: Any) -> bytes:
    return dump(value, indent=None).encode()

"""Where did this URL go? What the tables know of it, told in words, from discovery to row. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from pipelines.ledger import Outcome

Row = Mapping[str, Any]
Step = dict[str, Any]

ENDED = {
    Outcome.NEW: "It was read as a new story",
    Outcome.UPDATED: "It was read, and its words had changed",
    Outcome.UNCHANGED: "It had not changed",
    Outcome.DUPLICATE: "It is a copy: the same headline and body stand at another address of the source",
    Outcome.NOT_STORY: "The page is there, but holds no story",
    Outcome.REJECTED: "The page was read and rejected",
    Outcome.GONE: "The page is gone",
    Outcome.HTTP_ERROR: "The server answered with an error",
    Outcome.TIMEOUT: "The server did not answer in time",
    Outcome.DNS_ERROR: "Its host could not be found",
    Outcome.TLS_ERROR: "The server's certificate is not to be trusted",
    Outcome.CONNECTION_ERROR: "The connection failed",
    Outcome.ROBOTS_DENIED: "robots.txt forbids to fetch it",
    Outcome.RIGHTS_RESERVED: "Its publisher reserves it, and the source's file says to skip such stories",
    Outcome.ADDRESS_BLOCKED: "Its host has a private address, which the source's file does not allow",
    Outcome.TOO_LARGE: "The answer was too large",
    Outcome.NOT_HTML: "The answer was no HTML page",
    Outcome.BAD_CONTENT: "The answer could not be unpacked or read",
    Outcome.OUT_OF_SCOPE: "It is out of the source's scope, and was not fetched",
    Outcome.OVER_BUDGET: "It was not fetched: the crawl's budget was used up, or its host asked for a pause",
    Outcome.NOT_DUE: "It was not fetched: it was not yet time to look again",
}
"""How a lead ended, as a person would say it."""

GOOD = frozenset({"new", "updated", "unchanged"})
"""There is a story because of it."""


def told(
    found: Mapping[str, Sequence[Row]], staged: Sequence[Row] = (), held: Collection[str] = ()
) -> list[Step]:
    """The steps that an address went, in the order of a story's life; one that says so if there is none.

    `found`: as `store.desk_story.trail` reads it; `staged`: ledger lines of batches not loaded
    yet, of which those of `held` are in quarantine. A step has `kind`, `good` (None: neither), `text`, `at`
    (seconds since 1970) and what leads on: `source`, `run`, `page` (a raw_ref), `story`, `version`.
    """
    steps = [
        *map(_announced, found["sightings"]),
        *_unannounced(found),
        *_ended(found["ledger"]),
        *(_waiting(line, line["run_id"] in held) for line in staged),
        *_rows(found),
    ]
    if not steps:
        steps = [
            _step(
                "nothing",
                False,
                "No channel of any source has announced this address, and nothing was fetched there.",
            )
        ]
    return steps


def _announced(row: Row) -> Step:
    """A channel that named it.

    >>> noon = datetime.fromisoformat("2026-03-05T12:00:00Z")
    >>> _announced({"source_id": "ap", "channel": "https://ap.example/rss", "channel_kind": "rss",
    ...     "position": 0, "times": 1, "first_at": noon, "last_at": noon, "title": None, "url": ""})["text"]
    'Announced by rss https://ap.example/rss, at the top.'
    """
    place = "at the top" if row["position"] == 0 else f"{row['position']} below the top"
    again = f", {row['times']} times until {row['last_at']:%d %b %H:%M} UTC" if row["times"] > 1 else ""
    kind = row["channel_kind"].replace("_", " ")
    text = f"Announced by {kind} {row['channel']}, {place}{again}."
    return _step("announced", True, text, row["first_at"], source=row["source_id"], quote=row["title"])


def _unannounced(found: Mapping[str, Sequence[Row]]) -> Iterator[Step]:
    if found["ledger"] and not found["sightings"]:
        first = found["ledger"][-1]
        how = {
            "recheck": "No channel announces it; our own memory asked for it again.",
            "replay": f"It came with an archive, {first['channel']}.",
        }.get(first["channel_kind"], f"It was found in {first['channel']}.")
        yield _step("announced", None, how, first["found_at"], source=first["source_id"])


def _ended(lines: Sequence[Row]) -> Iterator[Step]:
    """What each run came to, oldest first; runs that ended alike are told once."""
    ordered = sorted(lines, key=lambda line: line["found_at"])
    for _, alike in groupby(
        ordered, key=lambda x: (x["source_id"], x["outcome"], x["reason"], x["final_url"])
    ):
        several = list(alike)
        first, last = several[0], several[-1]
        yield _step(
            "ended",
            _good(first),
            _sentence(first) + _times(several),
            first["fetched_at"] or first["found_at"],
            source=first["source_id"],
            run=last["run_id"],
            page=None if first["http_status"] == 304 else last["raw_ref"] or first["raw_ref"],
            story=first["story_id"],
            outcome=str(first["outcome"]),
        )


def _sentence(line: Row) -> str:
    outcome = Outcome(line["outcome"])
    asked = ""
    if line["fetched_at"] is not None:
        asked = f"Fetched, HTTP {line['http_status']}" if line["http_status"] else "Asked for"
        if line["final_url"] and line["final_url"] != line["url"]:
            asked += f", led on to {line['final_url']}"
        asked += ". "
    why = f": {line['reason']}" if line["reason"] else ""
    return f"{asked}{ENDED[outcome]}{why}."


def _times(several: Sequence[Row]) -> str:
    last = several[-1]["fetched_at"] or several[-1]["found_at"]
    return f" So it was {len(several)} times, last {last:%d %b %H:%M} UTC." if len(several) > 1 else ""


def _waiting(line: Row, is_held: bool) -> Step:
    where = "held in quarantine" if is_held else "not loaded yet"
    text = f"{_sentence(line)} That is staged, and {where}: batch {line['run_id']}."
    more = {"source": line["source_id"], "run": line["run_id"], "page": line["raw_ref"]}
    return _step("staged", None, text, line["fetched_at"] or line["found_at"], **more)


def _rows(found: Mapping[str, Sequence[Row]]) -> Iterator[Step]:
    for story in found["stories"]:
        chain = [v for v in found["versions"] if v["story_id"] == story["story_id"]]
        text = (
            f"In the table stories: {story['story_id']}, version {story['version']}, {story['pub_status']}."
        )
        more = {"source": story["source_id"], "story": story["story_id"], "quote": story["headline"]}
        yield _step("row", True, text, story["first_seen_at"], page=story["raw_ref"], **more)
        for version in chain if len(chain) > 1 else ():
            yield _version(version)
        if story["cluster_id"]:
            yield _cluster(story, [m for m in found["members"] if m["cluster_id"] == story["cluster_id"]])


def _version(row: Row) -> Step:
    changed = f", {row['diff_ratio']:.0%} of the words" if row["diff_ratio"] is not None else ""
    text = f"Version {row['version']}: {row['change_kind']}{changed}."
    more = {"story": row["story_id"], "version": row["version"], "quote": row["headline"]}
    return _step("version", None, text, row["valid_from"], **more)


def _cluster(story: Row, members: Sequence[Row]) -> Step:
    mine = next((m for m in members if m["story_id"] == story["story_id"]), None)
    others = len(members) - (mine is not None)
    if mine is None or not others:
        return _step("cluster", None, f"In a cluster of its own, {story['cluster_id']}: no copy is known.")
    origin = next((m for m in members if m["role"] == "origin"), None)
    text = f"In cluster {story['cluster_id']}, as {mine['role']}, with {others} other{'s' * (others > 1)}"
    if origin is not None and mine["role"] != "origin":
        text += f"; the origin is of {origin['source_id']}, which has {mine['similarity']:.0%} of its text"
    more = {"story": origin["story_id"]} if origin is not None and origin is not mine else {}
    return _step("cluster", None, f"{text}.", story["first_seen_at"], **more)


def _good(line: Row) -> bool | None:
    if line["outcome"] in GOOD:
        return True
    return (
        None
        if line["outcome"] in ("duplicate", "not_due", "out_of_scope", "over_budget", "not_story")
        else False
    )


def _step(kind: str, good: bool | None, text: str, at: datetime | None = None, **more: Any) -> Step:
    told = {"kind": kind, "good": good, "text": text, "at": int(at.timestamp()) if at else None}
    return told | {key: value for key, value in more.items() if value is not None}

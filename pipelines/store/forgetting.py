"""Keep of a story that is long over only what keeps it from being fetched again, or from being taken for new.

A row of the frontier's memory takes about half a kilobyte. Of a URL that is no longer due by
itself and was last asked for more than AFTER ago, there stays a line in `past`: a digest of
the URL, when it was first seen and last asked for, its story, and by what its guid is
believed. Channels may name it for ever: it is known, and fetched only if they say that it
changed. What was announced that long ago and never asked for goes whole: it would be fetched
if it were named again, before as after.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from pipelines.records import Seen

AFTER = timedelta(days=180)
"""Three times the last rung of a story's ladder (`frontier.LAST_RUNG`)."""

SCHEMA = """
create table if not exists past (
    key integer primary key, first_seen_at real not null, last_visit_at real not null,
    is_page integer not null, story_id text, guid_key integer, published_raw text
);
create index if not exists past_guid on past (guid_key) where guid_key is not null;
"""

_OVER = "due_at is null and target is null and last_visit_at < :before"
_NEVER = "due_at is null and last_visit_at is null and first_seen_at < :before"

ONCE_READ = "-"
"""In place of the digest of a page that we had: it is like no digest."""


@dataclass(frozen=True)
class Forgotten:
    """What one pass over a memory came to."""

    rows: int = 0
    bytes: int = 0
    """By which the file became smaller."""


def forget(db: sqlite3.Connection, before: datetime) -> Forgotten:
    """Shorten what was over before then; nothing of it becomes due, or new, by that."""
    db.create_function("digest", 1, key, deterministic=True)
    size = _size(db)
    moment = {"before": before.timestamp()}
    with db:
        db.execute(
            "insert or replace into past select digest(url), first_seen_at, last_visit_at,"  # noqa: S608  our own words
            f" digest is not null, story_id, digest(guid), published_raw from seen where {_OVER}",
            moment,
        )
        rows = db.execute(f"delete from seen where ({_OVER}) or ({_NEVER})", moment).rowcount  # noqa: S608
    if rows:
        db.execute("vacuum")
    return Forgotten(rows, max(0, size - _size(db)))


def recall(db: sqlite3.Connection, url: str) -> Seen | None:
    """What is left of a URL; None if it was never asked for, or is not long over."""
    row = db.execute("select * from past where key = ?", (key(url),)).fetchone()
    return _seen(row, url) if row else None


def under_guid(db: sqlite3.Connection, guid: str, limit: int) -> list[Seen]:
    """What is left of the stories that were announced under a guid; their URLs are not."""
    rows = db.execute("select * from past where guid_key = ? limit ?", (key(guid), limit))
    return [_seen(row, "") for row in rows]


def key(text: str | None) -> int | None:
    """Digest a URL or guid to eight bytes: of ten million, two are alike by a chance of 1 : 300,000."""
    if text is None:
        return None
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)


def _seen(row: sqlite3.Row, url: str) -> Seen:
    return Seen(
        url=url,
        first_seen_at=datetime.fromtimestamp(row["first_seen_at"], UTC),
        last_visit_at=datetime.fromtimestamp(row["last_visit_at"], UTC),
        visits=1,
        digest=ONCE_READ if row["is_page"] else None,
        story_id=row["story_id"],
        published_raw=row["published_raw"],
    )


def _size(db: sqlite3.Connection) -> int:
    (pages,), (size,) = db.execute("pragma page_count").fetchone(), db.execute("pragma page_size").fetchone()
    return int(pages * size)

"""Find stories: what is typed, asked of the warehouse's index; what may be shown, as the tables say now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.search import following, question, serving
from pipelines.search.choosing import Choice
from pipelines.search.excerpts import excerpt
from pipelines.search.matching import Match
from pipelines.store.attach import parse_attach, quoted
from pipelines.store.warehouse import Connection, opened

SPARE = 20
"""How many more than wanted are taken from the index: of these some may be under embargo, or gone."""


@dataclass(frozen=True)
class Hit:
    """A story that was found."""

    score: float
    """How well it fits (BM25): to be compared within one answer only."""
    story_id: str
    version: int
    source_id: str
    published_at: datetime | None
    language: str | None
    pub_status: str
    headline: str | None
    url: str
    snippet: str
    """Where in the text the words are."""


def find(
    attach: str,
    home: Path,
    text: str,
    choice: Choice | None = None,
    limit: int = 20,
    say: Callable[[str], None] = lambda words: None,
) -> list[Hit]:
    """The stories that have the words, best first; UsageError if the question asks for none.

    Latest versions only, in the words that they have now, of stories that may be used (`stories_usable`),
    unless `choice.withdrawn`.
    """
    asked, choice = question.read(text), choice or Choice()
    with opened(attach, read_only=True) as connection:
        if not parse_attach(attach).is_lake:
            rows = serving.best(connection, asked, choice, limit)
            return [_shown(row, question.wanted(asked)) for row in rows]
        followed = following.follow(connection, following.place(attach, home), say)
        if followed.behind:
            say(f"the index is {followed.behind} loads behind: it cannot be written just now")
        most = limit + SPARE
        while True:
            matches = followed.index.best(asked, choice, most)
            kept = _standing(connection, matches, choice)
            if len(kept) >= limit or len(matches) < most:
                break
            most *= 4
    return [_hit(match, question.wanted(asked)) for match in kept[:limit]]


def catch_up(attach: str, home: Path) -> None:
    """Bring the kept index up to date after a load; where nobody has searched yet, there is none to be
    kept."""
    at = following.place(attach, home)
    if parse_attach(attach).is_lake and at.exists():
        with opened(attach, read_only=True) as connection:
            following.follow(connection, at)


def forget(attach: str, home: Path) -> None:
    """Throw the kept index away; the next search makes it again."""
    following.throw_away(following.place(attach, home))


def _standing(connection: Connection, matches: Sequence[Match], choice: Choice) -> list[Match]:
    """Those that the tables have in that very version, and let be used."""
    if not matches:
        return []
    ids = ", ".join(quoted(match.story_id) for match in matches)
    table = "stories" if choice.withdrawn else "stories_usable"
    rows = connection.execute(
        f"SELECT story_id, fingerprint FROM {table} WHERE story_id IN ({ids})"  # noqa: S608  quoted ids
    ).fetchall()
    there = set(rows)
    return [match for match in matches if (match.story_id, match.fingerprint) in there]


def _hit(match: Match, phrases: Sequence[question.Words]) -> Hit:
    stated = match.said["published_at"]
    published = datetime.fromisoformat(stated) if stated else None
    row = {"story_id": match.story_id, "score": match.score, **match.said, "published_at": published}
    return _shown(row, phrases)


def _shown(row: Mapping[str, Any], phrases: Sequence[question.Words]) -> Hit:
    said = {name: value for name, value in row.items() if name not in ("body_text", "score")}
    return Hit(score=round(row["score"], 3), snippet=excerpt(row["body_text"] or "", phrases), **said)

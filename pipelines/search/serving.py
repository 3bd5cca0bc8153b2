"""Ask a Postgres server which stories have the words: it keeps their index itself, in
`stories.search_text`."""

from __future__ import annotations

from typing import Any

from pipelines.search.choosing import Choice
from pipelines.search.question import Both, Node, Words
from pipelines.store.attach import quoted
from pipelines.store.warehouse import Connection

COLUMNS = (
    "story_id", "version", "source_id", "published_at", "language", "pub_status", "headline", "url",
    "body_text",
)  # fmt: skip


def best(connection: Connection, question: Node, choice: Choice, most: int) -> list[dict[str, Any]]:
    """The stories that fit best, best first, with `score` and COLUMNS; ranked by the server (`ts_rank`)."""
    conditions = [f"search_text @@ to_tsquery('simple', {quoted(as_tsquery(question))})"]
    if not choice.withdrawn:
        conditions.append("story_id IN (SELECT story_id FROM stories_usable)")
    if choice.sources:
        conditions.append(f"source_id IN ({', '.join(map(quoted, choice.sources))})")
    if choice.languages:
        tags = ", ".join(quoted(language.lower()) for language in choice.languages)
        conditions.append(f"(lower(language) IN ({tags}) OR split_part(lower(language), '-', 1) IN ({tags}))")
    if choice.since:
        conditions.append(f"published_at >= {quoted(choice.since.isoformat())}")
    if choice.until:
        conditions.append(f"published_at < {quoted(choice.until.isoformat())}")
    asked = (
        f"SELECT ts_rank(search_text, to_tsquery('simple', {quoted(as_tsquery(question))})) AS score, "  # noqa: S608
        f"{', '.join(COLUMNS)} FROM stories WHERE {' AND '.join(conditions)} "
        f"ORDER BY score DESC, published_at DESC NULLS LAST, story_id LIMIT {most:d}"
    )
    found = connection.execute("SELECT * FROM postgres_query('pg', ?)", [asked]).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def as_tsquery(node: Node) -> str:
    """A question as Postgres writes it. Words have no signs in them, so nothing of it can be taken for SQL.

    >>> from pipelines.search.question import read
    >>> as_tsquery(read('"port ell*" (rain OR snow) NOT hail'))
    "('port' <-> 'ell':* & ('rain' | 'snow') & !'hail')"
    """
    if isinstance(node, Words):
        *before, last = node.words
        return " <-> ".join([*(f"'{word}'" for word in before), f"'{last}'" + (":*" if node.prefix else "")])
    if isinstance(node, Both):
        parts = [as_tsquery(part) for part in node.parts]
        none = [as_tsquery(part) for part in node.none]
        parts += [f"!{text}" if " " not in text or text.startswith("(") else f"!({text})" for text in none]
        return f"({' & '.join(parts)})"
    return f"({' | '.join(as_tsquery(part) for part in node.parts)})"

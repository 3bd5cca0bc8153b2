"""Ask the kept index which stories have the words, and put stories into it: the only file that knows its
library.

The index is Tantivy's: pieces that are written once, and one small file that says which of them hold. So a
reader sees one state of it, a writer that is killed leaves the last one, and both may be there at the same
time.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import tantivy

from pipelines.errors import UsageError, WarehouseError
from pipelines.search.choosing import Choice
from pipelines.search.question import Both, Node, Words
from pipelines.search.words import words

FORM = 1
"""Of the index: raised where `words` or the fields below change, so that it is made anew."""

MEMORY = 64_000_000
"""Bytes that a writer gathers before it writes a piece."""

HEADLINE = 2.5
"""How much more a word counts in the headline: it is said once there, and is what the story is about."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TEXT = ("headline", "body_text")

SHOWN = ("source_id", "published_at", "language", "version", "pub_status", "url", "headline", "body_text")
"""What the index keeps to be shown: twenty texts lie in twenty places of a lake's files, and to read them
there takes far longer than to find them. `published_at` is there in ISO 8601."""


@dataclass(frozen=True)
class Match:
    """A story that has the words, in the version that the index knows."""

    story_id: str
    fingerprint: str
    score: float
    said: dict[str, Any]
    """What is shown of it: SHOWN, as the table had it."""


class Index:
    """A kept index, open to be asked or to be written."""

    def __init__(self, folder: Path) -> None:
        """Open what is in a folder; an index without stories is made where there is none."""
        try:
            self._index = tantivy.Index(_schema(), path=str(folder), reuse=True)
        except (ValueError, OSError) as error:
            raise WarehouseError(f"{folder}: the search index cannot be read: {error}") from error
        analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self._index.register_tokenizer("words", analyzer)

    def stories(self) -> int:
        """How many it holds."""
        return int(self._index.searcher().num_docs)

    def put(self, rows: Iterable[Mapping[str, Any]], gone: Iterable[str] = ()) -> int:
        """Put stories in, in place of what is there under their ids, and take others out; returns how many
        came in.

        All of it at once, at the end: whoever asks meanwhile, or if we are killed, has what was there before.
        """
        writer = self._index.writer(heap_size=MEMORY, num_threads=1)
        for story_id in gone:
            writer.delete_documents_by_term("story_id", story_id)
        count = 0
        for row in rows:
            writer.add_document(_document(row))
            count += 1
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        return count

    def best(self, question: Node, choice: Choice, most: int) -> list[Match]:
        """The stories that fit best, best first."""
        schema, searcher = self._index.schema, self._index.searcher()
        query = _narrowed(schema, _query(schema, question), choice)
        found = []
        try:
            for score, address in searcher.search(query, limit=most, count=False).hits:
                document = searcher.doc(address)
                said = json.loads(zlib.decompress(document["shown"][0]))
                found.append(Match(document["story_id"][0], document["fingerprint"][0], float(score), said))
        except (ValueError, OSError, zlib.error) as error:
            if "max expansions" in str(error):
                raise UsageError(
                    "too many words begin so for a phrase: type more letters before the *"
                ) from None
            raise WarehouseError(
                f"the search index is damaged, make it anew with --remake: {error}"
            ) from error
        return found


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in ("story_id", "fingerprint"):
        builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("source_id", "language", "pub_status"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published_at", indexed=True, fast=True)
    builder.add_bytes_field("shown", stored=True)
    for name in _TEXT:
        builder.add_text_field(name, tokenizer_name="words", index_option="position")
    return builder.build()


def _document(row: Mapping[str, Any]) -> tantivy.Document:
    document = tantivy.Document()
    for name in ("story_id", "fingerprint", "source_id", "pub_status"):
        document.add_text(name, row[name])
    for tag in _tags(row["language"]):
        document.add_text("language", tag)
    if row["published_at"] is not None:
        document.add_integer("published_at", _micros(row["published_at"]))
    for name in _TEXT:
        if row[name]:
            document.add_text(name, " ".join(words(row[name])))
    shown = {name: _plain(row[name]) for name in SHOWN}
    document.add_bytes(
        "shown", zlib.compress(json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace"), 1)
    )
    return document


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _tags(language: str | None) -> list[str]:
    """A language as it is stated, and without its region: who asks for `en` means `en-GB` too.

    >>> _tags("en-GB")
    ['en-gb', 'en']
    """
    tag = (language or "").lower()
    return list(dict.fromkeys([tag, tag.partition("-")[0]])) if tag else []


def _narrowed(schema: tantivy.Schema, query: tantivy.Query, choice: Choice) -> tantivy.Query:
    parts = [(tantivy.Occur.Must, query)]
    chosen: list[tuple[str, Sequence[str]]] = [
        ("source_id", choice.sources),
        ("language", [language.lower() for language in choice.languages]),
        ("pub_status", () if choice.withdrawn else ("usable",)),
    ]
    for name, values in chosen:
        if values:
            parts.append(
                (tantivy.Occur.Must, _unweighed(tantivy.Query.term_set_query(schema, name, list(values))))
            )
    if choice.since or choice.until:
        span = tantivy.Query.range_query(
            schema,
            "published_at",
            tantivy.FieldType.Integer,
            lower_bound=_micros(choice.since) if choice.since else None,
            upper_bound=_micros(choice.until) - 1 if choice.until else None,
        )
        parts.append((tantivy.Occur.Must, _unweighed(span)))
    return tantivy.Query.boolean_query(parts)


def _unweighed(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)


def _query(schema: tantivy.Schema, node: Node) -> tantivy.Query:
    if isinstance(node, Words):
        title, body = (_said(schema, name, node) for name in _TEXT)
        both = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(title, HEADLINE)),
            (tantivy.Occur.Should, body),
        ]
        return tantivy.Query.boolean_query(both)
    if isinstance(node, Both):
        parts = [(tantivy.Occur.Must, _query(schema, part)) for part in node.parts]
        parts = parts or [(tantivy.Occur.Must, tantivy.Query.all_query())]
        return tantivy.Query.boolean_query(
            [*parts, *((tantivy.Occur.MustNot, _query(schema, part)) for part in node.none)]
        )
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, _query(schema, part)) for part in node.parts])


def _said(schema: tantivy.Schema, field: str, said: Words) -> tantivy.Query:
    """One field has this word, phrase or beginning."""
    *before, last = said.words
    if not said.prefix:
        if not before:
            return tantivy.Query.term_query(schema, field, last, index_option="freq")
        return tantivy.Query.phrase_query(schema, field, list(said.words))
    if not before:
        return tantivy.Query.regex_query(schema, field, re.escape(last) + ".*")
    patterns: list[str | tuple[int, str]] = [*map(re.escape, before), re.escape(last) + ".*"]
    return tantivy.Query.regex_phrase_query(schema, field, patterns)

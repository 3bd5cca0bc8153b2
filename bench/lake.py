"""Fill a warehouse with invented stories as many loads and upkeep leave it: for `bench.analyst`.

Bodies are of 2 kB: words as frequent as Zipf says, in sentences and paragraphs, a tenth of each text a
stock phrase, so that they compress about as prose does. PER_DAY stories come in a day, from SOURCES sources.
Rows go straight into the tables, FILE stories at a time, which makes files of the size that upkeep makes, in
its order. Of stories after the first WHOLE there are no ledger, sightings and fetches, which no question of
the bench reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.records import Story
from pipelines.store import staging, warehouse

SOURCES, PER_DAY, FILE, BLOCK = 200, 20_000, 500_000, 2_500
WHOLE = 1_000_000
START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
DAY = 86_400 * 1_000_000
WORDS, VOCABULARY = 300, 40_000
FIELDS = staging.schema(Story)
TIME = pa.timestamp("us", "UTC")


class Press:
    """Draws texts, a block at a time."""

    def __init__(self) -> None:
        chance = np.random.default_rng(7)
        letters = np.array(list("aeiourstnldmkpbgvh"))
        words = ["".join(chance.choice(letters, 2 + n % 9 + n // 12_000)) for n in range(VOCABULARY)]
        # Four forms of each word: within a sentence, and at the end of a sentence, a paragraph, the text.
        self.forms = pa.array([word + end for end in (" ", ". ", ".\n\n", ".") for word in words])
        weight = 1 / (np.arange(VOCABULARY) + 3)
        bounds = np.cumsum(weight) / weight.sum()
        self.frequent = np.searchsorted(bounds, (np.arange(65_536) + 0.5) / 65_536).astype(np.int32)
        self.phrases = self._drawn(chance, (2_000, 10))

    def _drawn(self, chance: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
        return self.frequent[chance.integers(0, 65_536, shape, dtype=np.uint16)]

    def texts(self, chance: np.random.Generator, count: int) -> pa.Array:
        words = self._drawn(chance, (count, WORDS))
        for place in range(0, WORDS, 100):
            words[:, place : place + 10] = self.phrases[chance.integers(0, len(self.phrases), count)]
        words[:, 14::15] += VOCABULARY
        words[:, 59::60] += VOCABULARY
        words[:, -1] += VOCABULARY
        offsets = pa.array(np.arange(0, count * WORDS + 1, WORDS, dtype=np.int32))
        drawn = self.forms.take(pa.array(words.ravel()))
        return pc.binary_join(pa.ListArray.from_arrays(offsets, drawn), "")

    def titles(self, chance: np.random.Generator, count: int, words: int) -> pa.Array:
        offsets = pa.array(np.arange(0, count * words + 1, words, dtype=np.int32))
        drawn = self.forms.take(pa.array(self._drawn(chance, (count, words)).ravel()))
        return pc.binary_join(pa.ListArray.from_arrays(offsets, drawn), "")


def fill(attach: str, press: Press, first: int, last: int) -> int:
    """Put the stories from `first` up to `last` into the warehouse; returns the bytes of their bodies."""
    size = 0
    with warehouse.opened(attach) as connection:
        for start in range(first, last, FILE):
            blocks = range(start, min(last, start + FILE), BLOCK)
            narrow: list[pa.RecordBatch] = []
            sizes: list[int] = []
            made = _made(press, start, blocks, narrow, sizes)
            opening = next(made)
            reader = pa.RecordBatchReader.from_batches(opening.schema, _chained(opening, made))
            with warehouse.transaction(connection):
                connection.register("made", reader)
                connection.execute("INSERT INTO stories BY NAME FROM made")
                connection.unregister("made")
                connection.register("narrow", pa.Table.from_batches(narrow))
                for table, statement in _BESIDE.items():
                    if start < WHOLE or table in ("observations", "clusters", "runs"):
                        connection.execute(statement)
                connection.unregister("narrow")
            size += sum(sizes)
    return size


_BESIDE = {
    "observations": """INSERT INTO observations BY NAME
    SELECT story_id, source_id, url, fetched_at, published_at, fingerprint, run_id, raw_ref, 'new' AS outcome,
      (md5_number_lower(story_id) >> 1)::BIGINT AS story_key, (md5_number_lower(url) >> 1)::BIGINT AS url_key,
      (md5_number_lower(content_hash) >> 1)::BIGINT AS text_key
    FROM narrow""",
    "clusters": """INSERT INTO clusters BY NAME
    SELECT cluster_id, story_id, CASE WHEN is_syndicated THEN 'reprint' ELSE 'origin' END AS role,
      CASE WHEN is_syndicated THEN 0.95 ELSE 1.0 END AS similarity, [] AS also_from, run_id
    FROM narrow""",
    "ledger": """INSERT INTO ledger BY NAME
    SELECT run_id, source_id, url, url AS final_url, story_id, 'new' AS outcome,
      source_id || '.rss' AS channel, 'rss' AS channel_kind,
      (row_number() OVER ()) % 30 AS position, 200 AS http_status, fetched_at AS found_at, fetched_at, raw_ref
    FROM narrow""",
    "sightings": """INSERT INTO sightings BY NAME
    SELECT run_id, source_id, url, source_id || '.rss' AS channel, 'rss' AS channel_kind,
      (row_number() OVER ()) % 30 AS position, fetched_at AS seen_at
    FROM narrow""",
    "fetches": """INSERT INTO fetches BY NAME
    SELECT run_id, source_id, url, 'story' AS purpose, 'ok' AS outcome, 200 AS http_status, 18000 AS bytes,
      'text/html; charset=utf-8' AS content_type, 0.3 AS seconds, fetched_at AS started_at, raw_ref
    FROM narrow""",
    "runs": """INSERT INTO runs BY NAME
    SELECT run_id, source_id, 'crawl' AS kind, min(fetched_at) AS started_at, max(fetched_at) AS ended_at,
      'finished' AS finish_reason, count(*) AS leads, count(*) AS requests, count(*) AS responses,
      sum(18000)::BIGINT AS bytes, '0.1.0' AS wirehouse_version, max(fetched_at) AS loaded_at
    FROM narrow GROUP BY ALL""",
}


def _chained(opening: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield opening
    yield from rest


def _made(
    press: Press, start: int, blocks: range, narrow: list[pa.RecordBatch], sizes: list[int]
) -> Iterator[pa.RecordBatch]:
    """The blocks of one file, source after source, as upkeep sorts them."""
    for n, block in enumerate(blocks):
        batch = _block(press, np.random.default_rng((11, block)), start, n * BLOCK // (FILE // SOURCES))
        narrow.append(batch.select(_NARROW))
        sizes.append(pc.sum(pc.binary_length(batch.column("body_text"))).as_py())
        yield batch


_NARROW = [
    "story_id", "source_id", "url", "fetched_at", "published_at", "fingerprint", "run_id", "raw_ref",
    "content_hash", "cluster_id", "is_syndicated",
]  # fmt: skip


def _block(press: Press, chance: np.random.Generator, start: int, source: int) -> pa.RecordBatch:
    count = BLOCK
    name, host = f"s{source:03d}", f"https://www.s{source:03d}.example"
    at = np.sort(START + start * DAY // PER_DAY + chance.integers(0, FILE * DAY // PER_DAY, count))
    published, fetched = _times(at), _times(at + chance.integers(60, 1_200, count) * 1_000_000)
    days = pc.strftime(published, "%Y/%m/%d")
    hexes = _hexes(chance, count)
    headline = pc.utf8_trim(press.titles(chance, count, 8), " ")
    slug = pc.replace_substring(headline, " ", "-")
    url = _joined(count, f"{host}/", days, "/", slug, "-", pc.utf8_slice_codeunits(hexes, 0, 6), ".html")
    body = press.texts(chance, count)
    runs = _joined(count, f"{name}/", pc.strftime(published, "%Y%m%dT%H0000Z"), "-3f2a")
    reprint = chance.random(count) < 0.3
    own = chance.integers(0, 40, (4, count))
    zeros, words = pa.nulls(count), np.array(["World", "Sport", "Politics", "Business", "Culture"])
    columns = {
        "story_id": pc.utf8_slice_codeunits(hexes, 0, 20), "version": pa.array(np.ones(count, np.int32)),
        "source_id": _same(name, count), "url": url, "canonical_url": url,
        "uri": _joined(count, "urn:newsml:", f"{name}:", pc.utf8_slice_codeunits(hexes, 20, 32)),
        "pub_status": _same("usable", count), "published_at": published, "version_created": published,
        "published_raw": pc.strftime(published, "%Y-%m-%dT%H:%M:%S+00:00"),
        "published_precision": _same("second", count), "published_evidence": _same("jsonld", count),
        "published_tz_known": pa.array(np.ones(count, bool)), "modified_at": published,
        "first_seen_at": fetched, "last_seen_at": fetched, "fetched_at": fetched, "loaded_at": fetched,
        "valid_from": fetched, "headline": headline, "alternative_headline": zeros.cast(pa.string()),
        "byline": _joined(count, "By Ann Lee ", _numbers(own[0])),
        "authors": _lists(_joined(count, "Ann Lee ", _numbers(own[0]))),
        "dateline": _joined(count, "PORT ", _numbers(own[1]), ", March 5 (Example Wire) -"),
        "located": _joined(count, "PORT ", _numbers(own[1])), "credit_line": _same("Example Wire", count),
        "info_sources": _lists(_same("Example Wire", count)),
        "description": pc.utf8_trim(press.titles(chance, count, 20), " "), "body_text": body,
        "word_count": pa.array(np.full(count, WORDS)), "is_truncated": pa.array(np.zeros(count, bool)),
        "language": _same(("en", "de", "fr", "es")[source % 4], count),
        "section": pa.array(words[own[2] % 5]),
        "keywords": _lists(_joined(count, "topic ", _numbers(own[3]))),
        "image_url": _joined(count, f"{host}/img/", pc.utf8_slice_codeunits(hexes, 8, 20), ".jpg"),
        "copyright_holder": _same(name, count), "copyright_notice": _same(f"© 2026 {name}", count),
        "robots_meta": _same("max-image-preview:large", count),
        "is_accessible_for_free": pa.array(np.ones(count, bool)),
        "cluster_id": _joined(count, "c-", pc.utf8_slice_codeunits(hexes, 32, 48)),
        "origin_agency": pa.array(np.where(reprint, "Example Wire", None)),
        "is_syndicated": pa.array(reprint), "content_hash": hexes, "extractor": _same("wirehouse", count),
        "extractor_version": _same("0.1.0", count),
        "extraction_confidence": pa.array(np.round(0.8 + 0.2 * chance.random(count), 3)),
        "raw_ref": _joined(count, runs, "/pages.warc.gz:", _numbers(chance.integers(0, 10**8, count)),
                           ":sha1-", pc.utf8_slice_codeunits(hexes, 0, 32)),
        "run_id": runs, "fingerprint": pc.utf8_slice_codeunits(hexes, 48, 64),
        "change_kind": _same("new", count),
    }  # fmt: skip
    empty = {n: pa.array([[]] * count, FIELDS.field(n).type) for n in _EMPTY}
    return pa.RecordBatch.from_pydict(columns | empty)


_EMPTY = ("published_candidates", "date_flags", "subjects", "genres", "rights_evidence")


def _hexes(chance: np.random.Generator, count: int) -> pa.Array:
    digits = chance.bytes(32 * count).hex()
    return pa.array([digits[n : n + 64] for n in range(0, len(digits), 64)])


def _times(micros: np.ndarray) -> pa.Array:
    return pa.array(micros, pa.int64()).cast(TIME)


def _numbers(values: np.ndarray) -> pa.Array:
    return pa.array(values).cast(pa.string())


def _same(text: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [text]).cast(pa.string())


def _joined(count: int, *parts: pa.Array | str) -> pa.Array:
    texts = [p if isinstance(p, pa.Array) else _same(p, count) for p in parts]
    return pc.binary_join_element_wise(*texts, "")


def _lists(values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.arange(len(values) + 1, dtype=np.int32)), values)

"""Read the warehouse from Python: read-only, while loads run; neither Airflow nor a server is needed.

    import wirehouse

    with wirehouse.connect() as wh:                      # or connect("ducklake:sqlite:/srv/…/catalog.sqlite")
        rows = wh.sql("SELECT source_id, count(*) AS stories FROM stories GROUP BY ALL").rows()
        mine = wh.sql("FROM stories WHERE source_id = ? AND published_at > ?", ["ap", moment]).arrow()
        hits = wh.search('"port ellery" OR flood*', sources=["ap"]).rows()

    with wirehouse.connect(as_of=moment) as then:        # all tables as they stood
        ...

`connect()` reads where the warehouse is from the environment, as the commands do. Each question sees the
latest load, whole. An answer is in memory: `.rows()` (dicts) and `.arrow()` hand it on, and, where pandas or
Polars are installed, `.df()` and `.pl()`. `wh.sql` answers one SELECT about the warehouse and touches no file
of yours, as `wirehouse sql`. For what should stay lazy, and to join files and frames of your own, `wh.duckdb`
is a DuckDB connection beside it, in which the warehouse is read-only but which is not shut in: what is asked
there can read and write your files, so it is not for questions of others.

    wh.duckdb.register("mine", table)
    wh.duckdb.sql("SELECT * FROM mine JOIN stories USING (story_id)").limit(10).fetchall()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from types import TracebackType
from typing import Any

import pyarrow as pa

from pipelines.errors import UsageError, WarehouseError, WirehouseError
from pipelines.places import places
from pipelines.store import reading
from pipelines.store.attach import parse_attach, redacted
from pipelines.store.warehouse import Connection, is_wrong_question, opened, speaking
from pipelines.written import span

__all__ = ["Answer", "UsageError", "Warehouse", "WarehouseError", "WirehouseError", "connect"]


def connect(warehouse: str | None = None, *, as_of: datetime | None = None) -> Warehouse:
    """Open the warehouse to read it; close it, or use it in a `with`.

    `warehouse` is an attach string; without one, WIREHOUSE_WAREHOUSE or the lake of WIREHOUSE_HOME (./var).
    `as_of` shows all tables as they stood then. WarehouseError says what is wrong if it cannot be reached.
    """
    return Warehouse(warehouse or places().warehouse, as_of)


class Warehouse:
    """The warehouse, open to be read. From several threads, open it several times."""

    def __init__(self, attach: str, as_of: datetime | None = None) -> None:
        """Use `connect`."""
        self._attach, self._as_of = attach, as_of
        self._target = parse_attach(attach)
        self._own: Connection | None = None
        with ExitStack() as stack:
            self._connection = stack.enter_context(opened(attach, read_only=True, as_of=as_of))
            with speaking(self._target):
                reading.shut_in(self._connection, self._target.files)
            self._stack = stack.pop_all()

    @property
    def duckdb(self) -> Connection:
        """A DuckDB connection of your own, in which the warehouse is attached read-only as `wh`.

        It is made when first asked for. It is not shut in: it may read and write your files. It may use 2 GB:
        `wh.duckdb.execute("SET memory_limit = '8GB'")` gives it more.
        """
        if self._own is None:
            again = opened(self._attach, read_only=True, as_of=self._as_of)
            self._own = self._stack.enter_context(again)
        return self._own

    def sql(self, question: str, values: Sequence[Any] = ()) -> Answer:
        """Answer one SELECT about the warehouse, in which `?` stand for `values`.

        UsageError if it is something else, or not understood.
        """
        reading.refuse_all_but_questions(question, self._target)
        with speaking(self._target):
            try:
                return Answer(reading.steady(self._connection, question, values))
            except Exception as error:
                if is_wrong_question(error):
                    said = redacted(str(error))
                    raise UsageError(f"the warehouse does not understand that: {said}") from None
                raise

    def search(
        self,
        words: str,
        *,
        sources: Iterable[str] = (),
        languages: Iterable[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 20,
        withdrawn: bool = False,
    ) -> Answer:
        """Find stories by their words, best first, as `wirehouse search` does; of today's warehouse."""
        from pipelines.search import finding
        from pipelines.search.choosing import Choice

        if self._as_of is not None:
            raise UsageError("a search is of the stories as they are now: connect without as_of")
        choice = Choice(tuple(sources), tuple(languages), since, until, withdrawn)
        with speaking(self._target):
            hits = finding.find(self._attach, places().home, words, choice, limit)
        return Answer(pa.Table.from_pylist([asdict(hit) for hit in hits], schema=_HITS))

    def close(self) -> None:
        """Let go of it; what was answered stays."""
        self._stack.close()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Answer:
    """An answer, in memory; in the form that is asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def arrow(self) -> pa.Table:
        """As an Arrow table."""
        return self._table

    def pl(self) -> Any:
        """As a Polars frame."""
        import polars

        return polars.from_arrow(self._table)

    def df(self) -> Any:
        """As a pandas frame."""
        return self._table.to_pandas()

    def rows(self) -> list[dict[str, Any]]:
        """As a dict per row."""
        return [{name: span(value) for name, value in row.items()} for row in self._table.to_pylist()]

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        return f"<{len(self)} rows: {', '.join(self._table.column_names)}>"


_TIME = pa.timestamp("us", tz="UTC")
_HITS = pa.schema(
    {
        "score": pa.float64(), "story_id": pa.string(), "version": pa.int32(), "source_id": pa.string(),
        "published_at": _TIME, "language": pa.string(), "pub_status": pa.string(), "headline": pa.string(),
        "url": pa.string(), "snippet": pa.string(),
    }
)  # fmt: skip

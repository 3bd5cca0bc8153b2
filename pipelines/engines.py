"""Read a table of the lake with other engines, Polars or Spark: its files, less what was deleted; no copy.

    polars_frame("stories").filter(pl.col("source_id") == "demo_wire").collect()
    spark_frame(session, "stories").createOrReplaceTempView("stories")

Both are lazy, and see the table as it stood when they were made, though loads go on. The engines are not
among what Wirehouse needs: `pip install polars`, `pip install pyspark` (which needs Java 17 or 21).
"""

from __future__ import annotations

from typing import Any

from pipelines.places import places
from pipelines.store.files import Snapshot, snapshot_of


def polars_frame(table: str, *, warehouse: str | None = None) -> Any:
    """A table as a `polars.LazyFrame`, of the warehouse named or else of the environment's."""
    import polars as pl

    taken = snapshot_of(warehouse or places().warehouse, table)
    frames = []
    for part in taken.parts:
        frame = pl.scan_parquet(part.data, row_index_name=_POSITION, glob=False)
        if part.deletes:
            gone = pl.scan_parquet(part.deletes, glob=False).select(pl.col("pos").cast(pl.UInt32))
            frame = frame.join(gone, left_on=_POSITION, right_on="pos", how="anti")
        there = frame.collect_schema().names()
        frames.append(frame.select([name for name in taken.columns if name in there]))
    if not frames:
        raise ValueError(f"{table} has no rows, and so no files")
    return pl.concat(frames, how="diagonal")


def spark_frame(session: Any, table: str, *, warehouse: str | None = None) -> Any:
    """A table as a Spark `DataFrame`; each file's deleted positions are taken out by its row index."""
    from pyspark.sql import functions as f

    taken = snapshot_of(warehouse or places().warehouse, table)
    if not taken.parts:
        raise ValueError(f"{table} has no rows, and so no files")
    rows = session.read.option("mergeSchema", "true").parquet(*(p.data for p in taken.parts))
    return _standing(session, taken, rows, f).select(*taken.columns)


def _standing(session: Any, taken: Snapshot, rows: Any, f: Any) -> Any:
    deletes = {p.deletes: p.data for p in taken.parts if p.deletes}
    if not deletes:
        return rows
    gone = session.read.parquet(*deletes).select(
        f.regexp_extract("file_path", _NAME, 0).alias("gone_from"), f.col("pos").alias("gone_at")
    )
    placed = rows.withColumns(
        {"in_file": f.regexp_extract("_metadata.file_path", _NAME, 0), "at_row": f.col("_metadata.row_index")}
    )
    return placed.join(
        f.broadcast(gone),
        (placed.in_file == gone.gone_from) & (placed.at_row == gone.gone_at),
        "left_anti",
    )


_POSITION = "__position"

_NAME = r"[^/]+$"
"""Of a file: DuckLake gives each a name of its own, and engines write the folder in different ways."""

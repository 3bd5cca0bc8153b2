"""Read the warehouse: questions in SQL, the state of each source, the ledger of a run.

Read only, and shut in: a question sees the warehouse and nothing else of this machine.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.errors import UsageError, WarehouseError
from pipelines.ledger import Cause, Finding, LedgerLine, Outcome, Severity
from pipelines.store import plain
from pipelines.store.attach import Attach, parse_attach, quoted
from pipelines.store.warehouse import (
    Connection,
    is_absent,
    is_wrong_question,
    kinds_of_statement,
    one,
    opened,
    snapshot,
    words_of_sql,
)

_FOREIGN = re.compile(
    # Table functions that open other databases in spite of enable_external_access = false; what says how
    # ours was reached; the catalog's own tables.
    r"(?:sqlite|postgres)_\w+|(?:duckdb|which)_(?:databases|secrets?)|(?:pragma_)?database_list"
    r"|__ducklake_metadata.*",
    re.S,
)
_ACTING = re.compile(
    # Functions that run a text as SQL, in which the others could hide, and those that write or delete files
    # of a lake, though it is attached read-only. DuckLake names some of its own twice.
    r"query(?:_table)?|json_execute_serialized_sql|(?:force_)?checkpoint"
    r"|merge_adjacent_files|set_option|set_commit_message"
    r"|ducklake_(?!(?:current_snapshot|last_committed_snapshot|list_files|options|settings|snapshots"
    r"|table_changes|table_deletions|table_info|table_insertions)$)\w+"
)
_TEXT = re.compile(r"(e)?'(.*)'.*|\$(\w*)\$(.*)\$\3\$.*", re.S | re.I)


STEADY_TRIES = 8
"""Commits come seconds apart; a question that takes longer than that gets its last answer."""

_LEDGER = "SELECT * FROM ledger WHERE list_contains(?, run_id) ORDER BY run_id, found_at, position, url"


_MET = """
SELECT story_id, source_id, url, outcome, published_at, fingerprint IS NOT NULL AS has_words
FROM observations WHERE {key} = (md5_number_lower($story) >> 1)::BIGINT"""
"""What was seen of a story, or at an address: by a number, which is found quickly. Asked for each
key by itself: with OR, or a part of the question in common, every row of all these columns is read."""

_WHICH = """
SELECT DISTINCT story_id FROM stories
WHERE story_id = $story OR url = $story OR canonical_url = $story OR uri = $story ORDER BY ALL"""
"""What no observation names: addresses that pages call their own, guids. It reads four wide columns."""

_CHECKS = {
    "ledger_balances": """
        SELECT source_id,
          format('{}: {} leads were found, {} are accounted for', run_id, leads, coalesce(n, 0)) AS message
        FROM runs LEFT JOIN (SELECT run_id, count(*) AS n FROM ledger GROUP BY ALL) USING (run_id)
        WHERE leads <> coalesce(n, 0)""",
    "stories_are_new_once": """
        SELECT source_id, format('{} stories, but {} observations are new', stories, news) AS message
        FROM (SELECT source_id, count(*) AS stories FROM stories GROUP BY ALL)
        FULL JOIN (SELECT source_id, count(*) AS news FROM observations WHERE outcome = 'new' GROUP BY ALL)
          USING (source_id)
        WHERE stories IS DISTINCT FROM news""",
    "stories_are_once": """
        SELECT any_value(source_id) AS source_id,
          format('{} stands {} times in stories', story_id, count(*)) AS message
        FROM stories GROUP BY story_id HAVING count(*) > 1""",
}


def query(attach: str, sql: str, *, as_of: datetime | None = None) -> pa.Table:
    """Answer one SELECT; UsageError if it is something else, or not SQL, or not about our tables.

    It works while a load runs, and sees all of a load or nothing of it. `as_of`
    answers as the tables stood at that time.
    """
    target = parse_attach(attach)
    refuse_all_but_questions(sql, target)
    with opened(attach, read_only=True, as_of=as_of) as connection:
        shut_in(connection, target.files)
        try:
            return steady(connection, sql)
        except Exception as error:
            if is_wrong_question(error):
                raise UsageError(f"the warehouse does not understand that: {_first_lines(error)}") from None
            raise


def steady(connection: Connection, sql: str, values: Sequence[Any] = ()) -> pa.Table:
    """Answer a question about one state of the warehouse; asked again if a commit came in between.

    With a catalog in SQLite DuckLake reads rows that are still in the catalog outside its own
    transaction: a flush that moves them into a file in that moment would hide them from the answer.
    """
    for _ in range(STEADY_TRIES):
        before = snapshot(connection)
        answer = connection.execute(sql, list(values)).to_arrow_table()
        if snapshot(connection) == before:
            break
    return answer


def shut_in(connection: Connection, files: str | None) -> None:
    """Take from a connection all files but the warehouse's own, and the means to get them back."""
    if not plain.is_plain(connection):
        folder = files or one(
            connection, "SELECT value FROM ducklake_options('wh') WHERE option_name = 'data_path'"
        )
        connection.execute(f"SET allowed_directories = [{quoted(folder)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def status(attach: str) -> list[dict[str, Any]]:
    """Per source: last run, last good run, newest story, counts against what it promises, last trouble.

    Rows of the view `source_health`, sources in trouble first.
    """
    asked = """
        SELECT * FROM source_health
        ORDER BY coalesce(troubles_last_day, 0) > 0 DESC, last_good_run_at NULLS FIRST, source_id"""
    rows: list[dict[str, Any]] = query(attach, asked).to_pylist()
    return rows


def with_troubles(
    rows: Iterable[dict[str, Any]], troubles: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The same rows, each with its source's `troubles`, the worst first; those in trouble come first."""
    known: dict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
    for trouble in troubles:
        known[trouble["source_id"]].append(trouble)
    return sorted(
        (row | {"troubles": known[row["source_id"]]} for row in rows), key=lambda row: not row["troubles"]
    )


def versions(attach: str, story: str) -> list[dict[str, Any]]:
    """All versions of a story, oldest first; `story` is its id, or any address it was seen at.

    UsageError if the warehouse has no such story, or several at that address.
    """
    with opened(attach, read_only=True) as connection:
        return versions_in(connection, story)


def versions_in(connection: Connection, story: str) -> list[dict[str, Any]]:
    """The same, of a warehouse that is open; of its files only those are read that the story may be in."""
    met = _met(connection, story)
    ids = sorted({row["story_id"] for row in met if row["story_id"] == story or _was_read(row, story)})
    if not ids:
        ids = [row[0] for row in connection.execute(_WHICH, {"story": story}).fetchall()]
    if len(ids) > 1:
        raise UsageError(f"{story}: several stories were seen there: {', '.join(ids)}; name one of them")
    if ids and ids != [story]:  # (what was seen at the address is not all that was seen of the story)
        met = _met(connection, ids[0])
    found = _versions_of(connection, ids[0], met) if ids else []
    if not found:
        raise UsageError(f"{story}: no such story: name its story_id, or an address it was seen at")
    return found


def _met(connection: Connection, story: str) -> list[dict[str, Any]]:
    asked = (_MET.format(key=key) for key in ("story_key", "url_key"))
    return [row for sql in asked for row in _dicts(connection, sql, {"story": story})]


def _was_read(row: Mapping[str, Any], url: str) -> bool:
    return row["url"] == url and row["outcome"] in ("new", "updated")


def _versions_of(
    connection: Connection, story_id: str, met: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of `story_versions` of a story, which observations tell in which files to look for."""
    mine = [row for row in met if row["story_id"] == story_id]
    times = [row["published_at"] for row in mine if row["has_words"]]
    of_source, in_time = "", ""
    if len({row["source_id"] for row in mine}) == 1:
        of_source = f" AND source_id = {quoted(mine[0]['source_id'])}"
    if times and None not in times:
        first, last = (quoted(time.isoformat()) for time in (min(times), max(times)))
        in_time = f" AND published_at BETWEEN {first} AND {last}"
    its = f"WHERE story_id = {quoted(story_id)}{of_source}"
    now = f"SELECT *, NULL::TIMESTAMPTZ AS valid_to FROM stories {its}"  # noqa: S608  quoted
    # (Read again, a page may say another time than was observed.)
    rows = _dicts(connection, now + in_time) or _dicts(connection, now)
    past = []
    if one(connection, f"SELECT count(*) FROM past_versions {its}"):  # noqa: S608  (all its columns cost more)
        past = _dicts(connection, f"SELECT * FROM past_versions {its} AND version IS NOT NULL")  # noqa: S608
    of_all = {name: row[name] for row in rows for name in ("first_seen_at", "last_seen_at", "cluster_id")}
    return sorted([row | of_all for row in past if rows] + rows, key=lambda row: row["version"])


def _dicts(connection: Connection, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = connection.execute(sql, parameters).to_arrow_table().to_pylist()
    return rows


def ledger(attach: str, names: Sequence[str]) -> list[LedgerLine]:
    """The ledger lines of loaded runs, as the load made them final; of runs not loaded, none."""
    try:
        with opened(attach, read_only=True) as connection:
            found = connection.execute(_LEDGER, [list(names)]).to_arrow_table()
    except WarehouseError as error:
        if is_absent(error):
            return []
        raise
    return [LedgerLine(**(row | {"outcome": Outcome(row["outcome"])})) for row in found.to_pylist()]


def is_loaded(attach: str, batch: str) -> bool:
    """Is a batch's run in the tables? WarehouseError if that cannot be told."""
    try:
        with opened(attach, read_only=True) as connection:
            return bool(one(connection, "SELECT count(*) FROM runs WHERE run_id = ?", [batch]))
    except WarehouseError as error:
        if is_absent(error):
            return False
        raise


def check(attach: str, now: datetime) -> list[Finding]:
    """Hold the tables against each other; what does not agree is a fault of ours, never of a source."""
    found: list[Finding] = []
    for name, sql in _CHECKS.items():
        for row in query(attach, sql).to_pylist():
            found.append(
                Finding(
                    check=name,
                    severity=Severity.ERROR,
                    cause=Cause.OURS,
                    source_id=row["source_id"],
                    run_id=None,
                    message=row["message"],
                    next_step="a fault of ours: keep the warehouse as it is and report it",
                    found_at=now,
                )
            )
    return found


def refuse_all_but_questions(sql: str, target: Attach) -> None:
    """UsageError if a text is not one SELECT, or asks about more than our own tables."""
    kinds = kinds_of_statement(sql)
    if len(kinds) > 1 and kinds[0] == "CREATE" and re.match(r"\s*(?:from\b.*)?pivot\b", sql, re.I | re.S):
        kinds = kinds[-1:]  # DuckDB rewrites PIVOT into two statements
    if not kinds:
        raise UsageError("there is no question: write one SELECT")
    explained = re.match(r"\s*explain\s+(?:analyze\s+)?(?:select|with|from|values)\b", sql, re.I)
    if len(kinds) > 1 or not (kinds[0] == "SELECT" or (kinds[0] == "EXPLAIN" and explained)):
        raise UsageError(f"the warehouse is read only here: write one SELECT, not {', '.join(kinds)}")
    refuse_foreign(sql, target)


def refuse_foreign(sql: str, target: Attach) -> None:
    """UsageError if a question, or a part of one, names what is not for questions."""
    words = words_of_sql(sql)
    if words[:1] == ["pragma"]:  # (some are SELECT to DuckDB)
        raise UsageError("PRAGMA is not for questions: only the warehouse's own tables are")
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        text = _TEXT.fullmatch(word)  # which FROM takes for a name, too
        name = word if text is None else _meant(text)
        server = text is None and not target.is_lake and (name, after) == ("pg", ".") and before != "."
        if server or _FOREIGN.fullmatch(name) or (after == "(" and _ACTING.fullmatch(name)):
            raise UsageError(f"{name} is not for questions: only the warehouse's own tables are")


def _meant(text: re.Match[str]) -> str:
    said = text[4] if text[2] is None else text[2]
    if text[1]:
        said = said.encode("ascii", "backslashreplace").decode("unicode_escape", "replace")
    return said.lower()


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split("LINE 1:")[0].split())

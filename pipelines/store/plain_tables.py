"""Say what our tables are in plain Postgres: columns, keys, indexes, comments. Pure.

Made from the same `schema.sql` as the tables of a lake. Lists are native arrays; lists of structs are JSONB,
since DuckDB's extension knows no composite types. What is looked up has an index of the server's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from pipelines.store.attach import quoted
from pipelines.store.dictionary import Table, tables, views, words_of
from pipelines.store.plain_words import folded

OF_THE_WHOLE_STORY = ("first_seen_at", "last_seen_at", "cluster_id")
"""Columns of `stories` that `past_versions`, which is made like it, does not have."""

OTHERS_DEPEND = "others depend on our views:"

_VIEW = re.compile(r"^(CREATE OR REPLACE VIEW (\w+) AS\n.*?);$", re.M | re.S)

_COLUMNS = re.compile(r"\bCOLUMNS\((\w+)(?:, (\w+))?\)")

_KINDS = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double precision",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "timestamptz",
    "INTERVAL": "interval",
    "BLOB": "bytea",
}

SEARCH_TEXT = (
    "setweight(to_tsvector('simple', left("
    + folded("left(coalesce(headline, ''), 20000)")
    + ", 10000)), 'A') || setweight(to_tsvector('simple', left("
    + folded("left(body_text, 200000)")
    + ", 100000)), 'B')"
)
"""What `stories.search_text` is made of. 'simple' stems nothing, in any language.

A tsvector of more than 1,048,575 bytes is an error, and that would stop every load. Folding can make 18
letters of one, so what counts is cut after it. The worst of texts are 110,000 words of one letter each, all
different: a letter takes 4 bytes at most, its word's alignment 1, its count of places 2, its place 2. That
is 9 bytes for a letter, 990,000 in all."""

_KEYS = {
    "stories": "story_id",
    "runs": "run_id",
    "sources": "source_id",
    "clusters": "story_id",
    "measures": "run_id",
    # One row: of two programs that make the tables at once, the second is refused.
    "turnstile": "(true)",
}

_INDEXES = {
    # Addresses may be longer than a B-tree's entry, and are only looked up whole: these are hashed.
    "stories": (
        "hash (url)", "hash (canonical_url)", "hash (uri)", "hash (amp_url)", "(source_id, published_at)",
        "(source_id, first_seen_at)", "(published_at)", "(first_seen_at)", "(loaded_at)", "(cluster_id)",
        "(run_id)", "gin (search_text)",
    ),
    "past_versions": ("(story_id, version)", "(loaded_at)", "(run_id)"),
    "observations": (
        "(story_key)", "(url_key)", "(text_key)", "(story_id)", "hash (url)", "(source_id, fetched_at)",
        "(run_id)",
    ),
    "ledger": (
        "(run_id)", "(story_id)", "hash (url)", "hash (final_url)", "hash (canonical_url)", "hash (raw_ref)",
        "(source_id, found_at)", "(found_at)",
    ),
    "sightings": ("(run_id)", "hash (url)", "(source_id, seen_at)"),
    "fetches": ("(run_id)", "hash (url)", "(source_id, started_at)"),
    "clusters": ("(cluster_id)",),
    "prints": ("(story_key)", "gin (keys)"),
    "runs": ("(source_id, started_at)",),
    "exports": ("(export_id)", "(story_id)"),
    "findings": ("(run_id)", "(source_id, found_at)"),
    "measures": ("(source_id, started_at)",),
}  # fmt: skip


@cache
def declared() -> Mapping[str, Mapping[str, str]]:
    """All our tables, each with its columns and their kinds as DuckDB writes them, NOT NULL included.

    >>> declared()["turnstile"]
    {'loads': 'BIGINT NOT NULL'}
    >>> list(declared()["past_versions"])[-2:]
    ['diff_ratio', 'valid_to']
    """
    found = {table.name: {c.name: c.kind for c in table.columns} for table in _tables()}
    whole = {n: kind for n, kind in found["stories"].items() if n not in OF_THE_WHOLE_STORY}
    for name in ("version", "valid_from", "change_kind"):  # a copy set aside has none
        whole[name] = whole[name].removesuffix(" NOT NULL")
    return found | {"past_versions": whole | found["past_versions"]}


def kind_of(kind: str) -> str:
    """The kind of a column in Postgres, for one of DuckDB's.

    >>> kind_of("VARCHAR[] NOT NULL"), kind_of('STRUCT(name VARCHAR, "at" TIMESTAMPTZ)[] NOT NULL')
    ('text[] NOT NULL', 'jsonb NOT NULL')
    """
    bare, needed = kind.removesuffix(" NOT NULL"), " NOT NULL" if kind.endswith(" NOT NULL") else ""
    if is_json(bare):
        return f"jsonb{needed}"
    return f"{_KINDS[bare.removesuffix('[]')]}{'[]' if bare.endswith('[]') else ''}{needed}"


def is_json(kind: str) -> bool:
    """Is a column of this kind kept as JSON?"""
    return kind.startswith("STRUCT(")


def holdable(name: str, kind: str) -> str:
    """A column of a lake as Postgres can hold it: U+FFFD for each NUL, in lists and structs too.

    >>> print(holdable("authors", "VARCHAR[] NOT NULL"))
    list_transform("authors", lambda e: replace(e, chr(0), '\ufffd'))
    >>> print(holdable("filled", "STRUCT(of VARCHAR, n BIGINT)[] NOT NULL"))
    list_transform("filled", lambda e: struct_pack(of := replace(e.of, chr(0), '\ufffd'), n := e.n))
    """
    bare = kind.removesuffix(" NOT NULL")
    if is_json(bare):
        fields = [field.split() for field in bare.removeprefix("STRUCT(").removesuffix(")[]").split(", ")]
        packed = ", ".join(f"{field} := {_holdable(f'e.{field}', of)}" for field, of in fields)
        return f'list_transform("{name}", lambda e: struct_pack({packed}))'
    if bare == "VARCHAR[]":
        return f'list_transform("{name}", lambda e: {_holdable("e", "VARCHAR")})'
    return _holdable(f'"{name}"', bare)


def _holdable(value: str, kind: str) -> str:
    return f"replace({value}, chr(0), '\ufffd')" if kind == "VARCHAR" else value


def create(there: Mapping[str, Sequence[str]]) -> list[str]:
    """The statements that make what is not `there` (tables with their columns), indexes and comments too."""
    statements = []
    for table, columns in declared().items():
        if table not in there:
            lines = [f'"{name}" {kind_of(kind)}' for name, kind in columns.items()]
            statements.append(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(lines)})")
        else:
            statements += [
                f'ALTER TABLE {table} ADD COLUMN "{name}" {_with_default(kind_of(kind))}'
                for name, kind in columns.items()
                if name not in there[table]
            ]
        if table == "stories" and "search_text" not in there.get(table, ()):
            statements.append(
                f"ALTER TABLE stories ADD COLUMN search_text tsvector GENERATED ALWAYS AS ({SEARCH_TEXT}) "
                "STORED"
            )
        statements += _indexes(table)
    return statements


def comments() -> list[str]:
    """The statements that give tables, views and their columns their comments."""
    said: list[str] = []
    words: dict[str, str] = {}
    for table in _tables():
        said.append(f"COMMENT ON TABLE {table.name} IS {quoted(table.definition)}")
        words |= {f"{table.name}.{c.name}": quoted(words_of(c)) for c in table.columns}
    of_past = {f"past_versions.{name}": words.get(f"stories.{name}") for name in declared()["past_versions"]}
    for column, comment in ({n: c for n, c in of_past.items() if c} | words).items():
        said.append(f"COMMENT ON COLUMN {column} IS {comment}")
    said.append(
        "COMMENT ON COLUMN stories.search_text IS 'Words of headline (weight A) and body (weight B), "
        "without capitals and accents: search_text @@ to_tsquery(''simple'', …) (tsvector)'"
    )
    for view in views(_script("views.sql")):
        said.append(f"COMMENT ON VIEW {view.name} IS {quoted(view.definition)}")
        for c in view.columns:
            comment = words[c.definition] if c.definition in words else quoted(words_of(c))
            said.append(f'COMMENT ON COLUMN {view.name}."{c.name}" IS {comment}')
    return said


def view_statement() -> str:
    """The statement that makes our views, all columns named.

    Postgres lets none be replaced by one with other columns: then ours go and are made anew, with the grants
    that they had. Where others are built on them that is an error, which names those (OTHERS_DEPEND).
    """

    def named(match: re.Match[str]) -> str:
        of, whole = match[1], match[2] or match[1]
        return ", ".join(
            f'{whole if name in OF_THE_WHOLE_STORY else of}."{name}"' for name in declared()["stories"]
        )

    script = _COLUMNS.sub(named, _script("views_postgres.sql"))
    made = _VIEW.findall(script)
    make = ";\n".join(statement for statement, _ in made)
    return f"""
        DO $do$ DECLARE again text[]; given text; why text;
        BEGIN {make};
        EXCEPTION WHEN invalid_table_definition THEN
          SELECT array_agg(format('GRANT %s ON %I TO %s%s', a.privilege_type, c.relname,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)) INTO again
          FROM pg_class c, aclexplode(c.relacl) a
          WHERE c.relnamespace = current_schema()::regnamespace AND a.grantee <> c.relowner
            AND c.relkind = 'v' AND c.relname = ANY('{{{", ".join(name for _, name in made)}}}');
          BEGIN DROP VIEW IF EXISTS {", ".join(name for _, name in made)};
          EXCEPTION WHEN dependent_objects_still_exist THEN
            GET STACKED DIAGNOSTICS why = PG_EXCEPTION_DETAIL;
            RAISE EXCEPTION '{OTHERS_DEPEND} <%>', why;
          END;
          {make};
          FOREACH given IN ARRAY coalesce(again, '{{}}') LOOP EXECUTE given; END LOOP;
        END $do$"""  # noqa: S608  our own views


def _indexes(table: str) -> list[str]:
    made = []
    if table in _KEYS:
        made.append(f"CREATE UNIQUE INDEX IF NOT EXISTS {table}_key ON {table} ({_KEYS[table]})")
    for index in _INDEXES.get(table, ()):
        name = "_".join([table, *re.findall(r"\w+", index)])
        using = index if index.startswith("(") else f"USING {index}"
        made.append(f"CREATE INDEX IF NOT EXISTS {name} ON {table} {using}")
    return made


def _with_default(kind: str) -> str:
    """A new column of rows of before: a list is empty, all else NULL, for nothing was known of it then."""
    if kind.endswith("[] NOT NULL"):
        return f"{kind} DEFAULT '{{}}'"
    if kind == "jsonb NOT NULL":
        return f"{kind} DEFAULT '[]'"
    return kind.removesuffix(" NOT NULL")


def _tables() -> list[Table]:
    return tables(_script("schema.sql"))


def _script(name: str) -> str:
    return resources.files("pipelines.store").joinpath(name).read_text("utf-8")

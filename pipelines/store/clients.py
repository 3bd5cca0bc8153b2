"""Say what any DuckDB client must be told to read the warehouse. Pure."""

from __future__ import annotations

import dataclasses

from pipelines.store.attach import Attach, parse_attach, redacted, without_keys, without_password


def attach_script(text: str) -> str:
    """What a DuckDB client must be told, from an attach string; without passwords and keys.

    >>> print(attach_script("postgres:dbname=wire host=db").splitlines()[1])
    ATTACH 'dbname=wire host=db' AS wirehouse (TYPE postgres, READ_ONLY);

    >>> print(attach_script("ducklake:postgres:dbname=wire host=db password=s3cret (DATA_PATH 's3://b/f')"))
    INSTALL ducklake; LOAD ducklake; INSTALL postgres; LOAD postgres; INSTALL httpfs; LOAD httpfs;
    -- The password is not shown: set PGPASSWORD, or write it into ~/.pgpass.
    ATTACH 'ducklake:postgres:dbname=wire host=db' AS wirehouse (DATA_PATH 's3://b/f', READ_ONLY);
    USE wirehouse;
    """
    target = parse_attach(text)
    bare = dataclasses.replace(
        target, where=without_password(target.where), options=without_keys(target.options)
    )
    lines = [" ".join(f"INSTALL {name}; LOAD {name};" for name in extensions(target))]
    if bare.where != target.where:
        lines.append("-- The password is not shown: set PGPASSWORD, or write it into ~/.pgpass.")
    if bare.options != target.options or ("s3://" in target.options and "SECRET" in target.options.upper()):
        lines.append("-- Keys are not shown: CREATE SECRET first, with your own.")
    statement = bare.statement(read_only=True, as_of=None)
    statement = statement.replace(f"' AS {target.name}", "' AS wirehouse", 1)
    return redacted("\n".join([*lines, statement + ";", "USE wirehouse;"]))


def extensions(target: Attach) -> list[str]:
    """DuckDB's own names of the extensions that reading it takes."""
    found = ["ducklake"] if target.is_lake else []
    found.append("sqlite" if target.kind == "ducklake:sqlite" else "postgres")
    return [*found, "httpfs"] if "://" in target.options else found

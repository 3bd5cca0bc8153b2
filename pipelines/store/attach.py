"""Read an attach string: which warehouse, what DuckDB is told of it, what people are shown. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import WarehouseError

LOGIN = "wirehouse_server"
"""By what name DuckDB knows the password of the server."""

_ATTACH = re.compile(
    r"""(?P<kind>ducklake:sqlite|ducklake:postgres|postgres):
    # A bracket in a value (in quotes, or behind a backslash or a letter) begins no options.
    (?P<where>(?:=\s*'(?:[^'\\]|\\.)*'|\\.|(?!=\s*'(?:[^'\\]|\\.)*')[^\\])*?)
    (?:\s+\((?P<options>.*)\))?""",
    re.S | re.X,
)
_VALUE = r"""(?:
    ''(?:[^'\\]|\\.|'(?!'))*(?:''|$)  # as SQL has it, its quotes doubled: first, for '' is a value too
  | '(?:[^'\\]|\\.)*(?:'|$)          # as libpq has it; one that nobody closed goes on to the end
  | (?:\\.|[^\s'\\])(?:\\.|\S)*
)"""
_KEY = r"\b\w*(?:password|secret)\s*=\s*"
_OPTION = r"\b\w*(?:password|secret|key_id|token)\s+'(?:[^']|'')*(?:'|$)"
_OF_ADDRESS = r"(?<=://)([^:/@\s]*):(?:[^@\s]*|[^@/]*)(?=@)"

_SECRET = re.compile(rf"(?P<key>{_KEY}){_VALUE}|{_OF_ADDRESS}|(?P<option>{_OPTION})", re.I | re.S | re.X)
_PASSWORD = re.compile(
    # As libpq reads it: no text in SQL, so no quote is doubled, and '' is an empty one.
    rf"\s*{_KEY}(?:'(?:[^'\\]|\\.)*(?:'|$)|(?:\\.|\S)*)|{_OF_ADDRESS}",
    re.I | re.S,
)
_WORD = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:\\.|[^\s'\\])(?:\\.|\S)*|)\s*", re.S)
_KEYS = re.compile(rf",?\s*{_OPTION}", re.I | re.S)

_HINTS = (
    # What the engine says, and what to do about it.
    (
        r"No space left|Disk quota|not enough space",
        "the disk is full: make room, then try again",
    ),
    (r"File too large", "a file may not grow that large here (ulimit -f): raise the limit, then load again"),
    (
        r"Permission denied|readonly database|read-only file|Read-only file system|permission denied",
        "no permission: check who owns it",
    ),
    (
        r"Connection refused|could not connect|could not translate host|timeout expired|Is the server",
        "no server answers there: check host and port, and that it runs",
    ),
    (
        r"authentication failed|no password supplied|role .* does not exist",
        "the server refuses the login: check user and password",
    ),
    (r"database .* does not exist", "the server has no such database: create it (CREATE DATABASE …)"),
    (
        r"normalization can only be performed",
        "plain tables need a database in UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)",
    ),
    (r"not a database|file is encrypted|malformed", "that file is no catalog: check the path"),
    (r"database is locked|[Cc]onflict", "another load is running: try again when it has ended"),
    (r"DATA_PATH", "name the folder of its files: … (DATA_PATH '/folder')"),
    (
        r"unable to open database file|No such file or directory|does not exist",
        "no such place: check the path",
    ),
)


@dataclass(frozen=True)
class Attach:
    """An attach string, read: what DuckDB is told, and what people are shown."""

    kind: str
    where: str
    options: str
    shown: str
    """Without passwords: for messages and logs."""

    @property
    def is_lake(self) -> bool:
        return self.kind.startswith("ducklake:")

    @property
    def name(self) -> str:
        """By what name it is attached: plain tables are shown as `wh` by views (see `plain`)."""
        return "wh" if self.is_lake else "pg"

    @property
    def files(self) -> str | None:
        """The folder of its Parquet files, where the string and not the catalog says it."""
        return f"{self.catalog}.files/" if self.catalog and "DATA_PATH" not in self.options.upper() else None

    @property
    def catalog(self) -> Path | None:
        """The SQLite file of the catalog; None if a server has it."""
        return Path(self.where).absolute() if self.kind == "ducklake:sqlite" else None

    @property
    def password(self) -> str | None:
        """What DuckDB is told apart, so that it does not stand where the attached databases are listed.

        None where there is none, and of an address (`postgresql://…`): to those DuckDB adds no secret.
        """
        if self.catalog is not None or "://" in self.where or "META_SECRET" in self.options.upper():
            return None
        found = [value for key, value in _WORD.findall(self.where) if key == "password"]
        if not found:
            return None
        value = found[-1][1:-1] if found[-1].startswith("'") else found[-1]
        return re.sub(r"\\(.)", r"\1", value, flags=re.S)

    def statement(self, *, read_only: bool, as_of: datetime | None) -> str:
        if not self.is_lake:
            where = f"postgres:{self.where}" if self.where.startswith("//") else self.where
            if self.password is not None:
                where = _without_own_password(where)
            told = f", SECRET {LOGIN}" if self.password is not None else ""
            return f"ATTACH {quoted(where)} AS pg (TYPE postgres{told}{', READ_ONLY' if read_only else ''})"
        options = [self.options] if self.options else []
        where = self.where
        if self.catalog is not None:
            where = str(self.catalog)
            if self.files is not None:
                # Stated at every attach, so that catalog and files can be moved together.
                options += [f"DATA_PATH {quoted(self.files)}", "OVERRIDE_DATA_PATH true"]
            options.append("META_BUSY_TIMEOUT 10000")
            if not read_only:
                options.append("META_JOURNAL_MODE 'WAL'")  # so that no reader ever waits for a load
        elif self.password is not None:
            where = _without_own_password(where)
            options.append(f"META_SECRET {quoted(LOGIN)}")
        if read_only:
            options.append("READ_ONLY")
        if as_of is not None:
            options.append(f"SNAPSHOT_TIME {quoted(as_of.astimezone(UTC).isoformat())}")
        return f"ATTACH {quoted(f'{self.kind}:{where}')} AS wh" + (
            f" ({', '.join(options)})" if options else ""
        )


def parse_attach(text: str) -> Attach:
    """Read an attach string; WarehouseError says what one looks like.

    >>> parse_attach("ducklake:postgres:dbname=wire password=s3cret (DATA_PATH '/files')").shown
    "ducklake:postgres:dbname=wire password=*** (DATA_PATH '/files')"
    """
    shown = redacted(text)
    match = _ATTACH.fullmatch(text.strip())
    if match is None or not match["where"].strip():
        raise WarehouseError(
            f"{shown!r} is no warehouse: "
            "write ducklake:sqlite:PATH, ducklake:postgres:dbname=… (DATA_PATH '…') or postgres:dbname=…"
        )
    if match["kind"] == "postgres" and match["options"]:
        raise WarehouseError(
            f"{shown}: plain Postgres tables take no options in brackets: "
            "write ducklake:postgres:… for a lake with its catalog there"
        )
    return Attach(match["kind"], match["where"].strip(), (match["options"] or "").strip(), shown)


def redacted(text: str) -> str:
    """The text without passwords and keys.

    >>> redacted("postgres://ann:s3cret@db/wire")
    'postgres://ann:***@db/wire'
    """

    def hidden(match: re.Match[str]) -> str:
        if match["option"]:
            return match["option"].partition("'")[0] + "***"
        return f"{match['key']}***" if match["key"] else f"{match[2]}:***"

    return _SECRET.sub(hidden, text)


def _without_own_password(where: str) -> str:
    r"""What libpq is told, but for the password of the login.

    >>> _without_own_password(r"dbname=wire password='it\'s s3cret' options='-c x.password=y'")
    "dbname=wire options='-c x.password=y'"
    """
    return _WORD.sub(lambda word: "" if word[1] == "password" else word[0], where).strip()


def without_password(where: str) -> str:
    r"""What libpq is told, but for its passwords.

    >>> without_password(r"dbname=wire password='it\'s s3cret' host=db")
    'dbname=wire host=db'
    """
    return _PASSWORD.sub(r"\1", where).strip()


def without_keys(options: str) -> str:
    """The options of an attach string but for its keys."""
    return _KEYS.sub("", options).strip(", ")


def explained(message: str) -> str:
    """The engine's message in one line, without secrets, and what to do about it.

    >>> explained("IO Error: Could not write\\nfile: No space left on device")
    'IO Error: Could not write file: No space left on device: the disk is full: make room, then try again'
    """
    # Redacted as it came: where spaces are made one, a quote's end may no longer be where it was. The line of
    # the statement is left out: it may begin amid a password, where nothing tells that it is one.
    words = " ".join(redacted(re.split(r"\s+LINE \d+: ", message)[0]).split())
    words = words[max(words.rfind("connection to server"), 0) :]  # before it, the attach string again
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, words)), "")
    if len(words) > 300:  # a server's reason often stands at the end of a long story
        words = words[:140] + " … " + words[-150:]
    return f"{words}: {hint}" if hint else words


def quoted(text: str) -> str:
    """A text as SQL writes it.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"

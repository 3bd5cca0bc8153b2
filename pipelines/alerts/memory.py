"""Keep what was told, who is muted and which tasks failed in `<data>/.alerts/`, for all who share it.

    told.json            what was told of each cause: `plan.Memory`
    mutes/<name>.json    a cause or source that nobody wants to hear of, and until when
    marks/<key>.json     a task that failed, or a run that does not end: told until it goes well
    sending              held by the one who sends just now
    printed/             told.json and sending again, of those who read what `wirehouse alert --told` prints

A file is there whole or not at all.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from upath import UPath

from pipelines.alerts.plan import OF_ALL, Known, Memory, Told, Trouble
from pipelines.errors import UsageError, WirehouseError
from pipelines.ledger import Severity

ALERTS = ".alerts"

PRINTED = "printed"
"""Who reads what is printed: what they were told, nobody else was."""

STALE = timedelta(minutes=10)
"""Nobody sends for so long: whoever held the lock was killed."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")

log = logging.getLogger("wirehouse")


@dataclass(frozen=True, kw_only=True)
class Mute:
    """A cause or a source that is not told of for a while."""

    name: str
    until: datetime
    since: datetime
    why: str | None = None
    by: str | None = None


def read(data: UPath, who: str = "") -> Memory:
    """What they were told; nothing if that is not there, or damaged (then it is told again).

    `who`: PRINTED, or as it stands those whom Airflow tells, by whatever channel.
    """
    file = _of(data, who) / "told.json"
    table = _read(file) or {}
    try:
        causes = {
            cause: Told(
                severity=Severity(told["severity"]),
                last_at=datetime.fromisoformat(told["last_at"]),
                by=told["by"],
                sources={
                    source: Known(
                        severity=Severity(known["severity"]),
                        since=datetime.fromisoformat(known["since"]),
                        gone_since=_time(known["gone_since"]),
                    )
                    for source, known in told["sources"].items()
                },
            )
            for cause, told in table.get("causes", {}).items()
        }
        return Memory(causes=causes, digest_at=_time(table.get("digest_at")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.error("%s: damaged, what stands there is told again: %s", file, error)
        return Memory()


def write(data: UPath, memory: Memory, who: str = "") -> None:
    """Keep what they were told."""
    _write(_of(data, who) / "told.json", asdict(memory))


def mute(data: UPath, one: Mute) -> None:
    """Mute a cause or source until then; a later mute of the same name counts."""
    _write(_file(data, "mutes", one.name), asdict(one))


def unmute(data: UPath, name: str) -> None:
    """End a mute; UsageError if there is none."""
    try:
        _file(data, "mutes", name).unlink()
    except FileNotFoundError:
        raise UsageError(f"{name} is not muted: see `wirehouse mutes`") from None


def mutes(data: UPath, now: datetime) -> list[Mute]:
    """The mutes that hold; those that have expired are swept away."""
    found = []
    for file, table in _all(data / ALERTS / "mutes"):
        until = datetime.fromisoformat(table["until"])
        if until > now:
            found.append(Mute(**table | {"until": until, "since": datetime.fromisoformat(table["since"])}))
        else:
            file.unlink(missing_ok=True)
    return sorted(found, key=lambda one: one.until)


def mark(data: UPath, key: str, trouble: Trouble) -> None:
    """Note a task that failed; one that failed before keeps its `since`."""
    file = _file(data, "marks", key)
    before = _read(file) or {}
    _write(file, asdict(trouble) | {"since": before.get("since") or trouble.since})


def unmark(data: UPath, key: str) -> None:
    """The task went well."""
    _file(data, "marks", key).unlink(missing_ok=True)


def marks(data: UPath) -> list[Trouble]:
    """The tasks that failed, and did not go well since."""
    return [
        Trouble(
            **table
            | {
                "since": datetime.fromisoformat(table["since"]),
                "severity": Severity(table["severity"]),
                "source_id": table["source_id"] or OF_ALL,
            }
        )
        for _, table in _all(data / ALERTS / "marks")
    ]


@contextmanager
def sending(data: UPath, now: datetime, who: str = "") -> Iterator[bool]:
    """Be the only one who sends: False where somebody else does just now, and will tell all that is due.

    Where the lock cannot be written (a full disk), that is logged and True: of that, above
    all, somebody has to be told, if need be twice.
    """
    lock = _of(data, who) / "sending"
    mine = kept = False
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        if (since := _held_since(lock)) is not None and now - since > STALE:
            lock.unlink(missing_ok=True)
        mine = kept = _taken(lock, now)
    except OSError as error:
        log.error("%s: cannot be written, another may say the same: %s", lock, error)
        mine = True
    try:
        yield mine
    finally:
        if kept:
            lock.unlink(missing_ok=True)


def _held_since(lock: UPath) -> datetime | None:
    """None if nobody holds it. Of one that was broken off before it said since when, its own age tells."""
    try:
        text = lock.read_bytes()
        with suppress(ValueError, TypeError, KeyError):
            return datetime.fromisoformat(json.loads(text)["at"]).astimezone(UTC)
        return datetime.fromtimestamp(lock.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _taken(lock: UPath, now: datetime) -> bool:
    """Take the lock, False if somebody has it; OSError if it cannot be written: then it is not there."""
    try:
        file = lock.open("xb")
    except FileExistsError:
        return False
    except (ValueError, NotImplementedError):  # a storage that cannot: then two may say the same
        return True
    except OSError:  # not all object stores say it in the same words
        if lock.exists():
            return False
        raise
    try:
        with file:
            file.write(json.dumps({"at": now.isoformat()}).encode())
    except FileExistsError:  # object stores write, and look, at the end
        return False
    except OSError:
        if _is_local(lock):  # it is ours
            lock.unlink(missing_ok=True)
        elif lock.exists():
            return False
        raise
    return True


def _all(folder: UPath) -> Iterator[tuple[UPath, dict[str, Any]]]:
    if folder.exists():
        for file in sorted(folder.iterdir(), key=str):
            if file.name.endswith(".json") and (table := _read(file)) is not None:
                yield file, table


def _of(data: UPath, who: str) -> UPath:
    return data / ALERTS / who if who else data / ALERTS


def _file(data: UPath, kind: str, name: str) -> UPath:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a cause or source")
    return data / ALERTS / kind / f"{name}.json"


def _read(file: UPath) -> dict[str, Any] | None:
    try:
        table = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        log.error("%s: damaged, left out: %s", file, error)
        return None
    except OSError as error:
        raise WirehouseError(f"{file}: cannot be read: {error}") from error
    return table if isinstance(table, dict) else None


def _write(file: UPath, table: dict[str, Any]) -> None:
    text = json.dumps(table, default=_plain, indent=1) + "\n"
    part = file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if _is_local(file):  # an object store has a file whole or not at all
            part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
        part.write_text(text, "utf-8")
        if part != file:
            part.replace(file)
    except OSError as error:
        with suppress(OSError):
            if part != file:
                part.unlink(missing_ok=True)
        raise WirehouseError(f"{file}: cannot be written: {error}") from error


def _is_local(file: UPath) -> bool:
    return file.protocol in ("", "file", "local")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

"""Tell what is due, and remember it: the verb behind the task `alert` and `wirehouse alert`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pipelines.alerts import memory, plan, words
from pipelines.alerts.channels import Channel
from pipelines.alerts.memory import Mute
from pipelines.alerts.plan import OF_ALL, Event, Item, Memory, Message, Trouble
from pipelines.errors import AlertFailed, WirehouseError
from pipelines.ledger import Cause, Severity
from pipelines.places import Places, places
from pipelines.sources import names as source_names
from pipelines.store import findings, switches

LOG = "log"
"""The channel where none is set."""

TRIES = 3
PAUSE = 2.0
"""Seconds before the second try; twice that before the third."""

log = logging.getLogger("wirehouse")


def tell(
    channel: Channel | None,
    *,
    who: str = "",
    desk: str | None = None,
    pause: float = PAUSE,
    log: logging.Logger = log,
) -> list[dict[str, Any]]:
    """Send what is due, or only log it where there is no channel; returns what was told.

    `who` is told: see `memory.read`. One message that cannot be delivered, or a memory that
    cannot be written, keeps no other from being sent: at the end it is AlertFailed, or the
    WirehouseError of the memory. What was not delivered or remembered is due again at the
    next call. When another process is just telling, this one leaves it to that.
    """
    told: list[dict[str, Any]] = []
    failed: list[WirehouseError] = []
    where = places()
    now = datetime.now(UTC)

    def keep(known: Memory) -> None:
        try:
            memory.write(where.data, known, who)
        except WirehouseError as error:
            failed.append(error)

    with memory.sending(where.data, now, who) as mine:
        if not mine:
            log.info("somebody else is telling what is due")
            return []
        known, messages = _due(where, now, who, better=channel is not None)
        keep(known)
        tries = TRIES
        for message in messages:
            try:
                said = _say(channel, message, now, desk, pause, log, tries)
            except AlertFailed as error:
                failed.append(error)
                tries = 1  # where nothing arrives not all wait for it: who sends for STALE seems dead
                continue
            known = plan.after(known, message, now, channel.name if channel else LOG)
            keep(known)
            told.append(said)
    if failed:
        raise next((one for one in failed if isinstance(one, AlertFailed)), failed[0])
    return told


def once(
    channel: Channel | None,
    trouble: Trouble,
    *,
    desk: str | None = None,
    pause: float = PAUSE,
    log: logging.Logger = log,
) -> None:
    """Tell of something that happened and does not last, unless it is muted; nothing is remembered."""
    now = datetime.now(UTC)
    if _muted(memory.mutes(places().data, now))(trouble.cause, trouble.source_id):
        return
    item = Item(
        event=Event.BEGINS,
        cause=trouble.cause,
        severity=trouble.severity,
        since=trouble.since,
        troubles=(trouble,),
    )
    _say(channel, Message(items=(item,)), now, desk, pause, log)


def due(*, who: str = "", desk: str | None = None) -> list[dict[str, Any]]:
    """What they would be told now; nothing is sent or remembered."""
    where = places()
    now = datetime.now(UTC)
    _, messages = _due(where, now, who, better=False)
    return [words.payload(message, now, desk) for message in messages]


def _due(where: Places, now: datetime, who: str, *, better: bool) -> tuple[Memory, list[Message]]:
    """Memory as it is now, and what is due; `better`: there is a channel, so what was only logged is told."""
    data = where.data
    known = memory.read(data, who)
    if better:
        kept = {cause: told for cause, told in known.causes.items() if told.by != LOG}
        if len(kept) < len(known.causes):
            known = replace(known, causes=kept, digest_at=None)
    muted = _muted(memory.mutes(data, now))
    rows = [one for one in memory.marks(data) if one.source_id == OF_ALL or _followed(where, one.source_id)]
    try:
        found = map(_trouble, findings.troubles(where.warehouse, data))
        rows += [one for one in found if one.source_id == OF_ALL or _followed(where, one.source_id)]
    except (
        WirehouseError,
        OSError,
    ) as error:  # what we cannot see is not over; nor where no file can be made
        rows.append(
            Trouble(
                cause=Cause.OURS,
                severity=Severity.ERROR,
                since=now,
                message=f"what is wrong cannot be read: {error}",
                next_step="is the warehouse there? `wirehouse check` says the same by hand",
            )
        )
        return known, plan.due(known, rows, now, muted)
    known = plan.settled(known, rows, now, muted)
    return known, plan.due(known, rows, now, muted)


def _trouble(row: dict[str, Any]) -> Trouble:
    return Trouble(
        source_id=row["source_id"] or OF_ALL,
        cause=row["cause"],
        severity=Severity(row["severity"]),
        since=row["since"].astimezone(UTC),
        message=row["message"],
        next_step=row["next_step"],
    )


def _followed(where: Places, source: str) -> bool:
    """Is the source still declared, and not switched off? Its failed tasks will never go well again else."""
    return source in source_names(where.sources) and switches.read(where.home).get(source, True)


def _muted(mutes: Sequence[Mute]) -> Callable[[str, str], bool]:
    names = {one.name for one in mutes}
    return lambda cause, source: cause in names or source in names


def _say(
    channel: Channel | None,
    message: Message,
    now: datetime,
    desk: str | None,
    pause: float,
    log: logging.Logger,
    tries: int = TRIES,
) -> dict[str, Any]:
    """Send a message, or log it where there is no channel; returns it in words."""
    said = words.payload(message, now, desk) | {"at": now}
    if channel is None:
        level = logging.ERROR if message.severity is Severity.ERROR else logging.WARNING
        log.log(level, "%s", said["text"])
    else:
        _send(channel, said, pause, log, tries)
    return said


def _send(channel: Channel, said: dict[str, Any], pause: float, log: logging.Logger, tries: int) -> None:
    for left in reversed(range(tries)):
        try:
            channel.send(said)
        except AlertFailed as error:
            if not left:
                log.error("not delivered, tried %s: %s", "once" if tries == 1 else f"{tries} times", error)
                log.error("%s", said["text"])
                raise
            log.warning("not delivered, tried again: %s", error)
            time.sleep(pause)
            pause *= 2
        else:
            log.info("told %s: %s", channel.name, said["subject"])
            return

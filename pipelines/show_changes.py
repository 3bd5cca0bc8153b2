"""Print what changed between two versions of a story: in colours at a terminal, with marks elsewhere."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from pipelines import compare
from pipelines.errors import UsageError
from pipelines.written import dump, printable

_AT_TERMINAL = {
    "same": lambda text: text,
    "cut": lambda text: click.style(text, fg="red", strikethrough=True),
    "added": lambda text: click.style(text, fg="green", underline=True),
}
_MARKED = {
    "same": lambda text: text,
    "cut": lambda text: f"[-{text}-]",
    "added": lambda text: f"{{+{text}+}}",
}
"""As wdiff marks them, so that what can read that reads this."""

WIDTH = 100
"""Characters of a line at a terminal."""


def pick(
    versions: Sequence[Mapping[str, Any]], old: int | None, new: int | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The two versions to compare; UsageError if there are none such."""
    known = {row["version"]: row for row in versions}
    last = max(known)
    if old is None and last == 1:
        raise UsageError(f"{versions[0]['story_id']}: has one version only, there is nothing to compare")
    wanted = (last - 1 if old is None else old, last if new is None else new)
    for version in wanted:
        if version not in known:
            raise UsageError(f"{versions[0]['story_id']}: has no version {version}, but 1 to {last}")
    return known[wanted[0]], known[wanted[1]]


def difference(old: Mapping[str, Any], new: Mapping[str, Any], *, as_json: bool) -> None:
    """Both versions' place in the chain, the fields that changed, and the body, word by word."""
    changed = compare.fields(old, new)
    body = list(compare.paragraphs(old["body_text"], new["body_text"]))
    if as_json:
        texts = [[piece._asdict() for piece in pieces] for pieces in body]
        click.echo(dump({"old": _place(old), "new": _place(new), "fields": changed, "body_text": texts}))
        return
    marks = _AT_TERMINAL if sys.stdout.isatty() else _MARKED
    click.echo(f"{old['story_id']}  {printable(new['url'])}\n")
    for row in (old, new):
        place = _place(row)
        ratio = f", {place['diff_ratio']:.1%} of the words" if place["diff_ratio"] is not None else ""
        until = place["valid_to"] or "now"
        click.echo(
            f"version {row['version']:>2}  {place['valid_from']} – {until}  {place['change_kind']}{ratio}"
        )
    for name, (before, after) in changed.items():
        pieces = compare.words(_text(before), _text(after))
        click.echo(f"\n{name}\n{_indented(_drawn(pieces, marks))}")
    if all(piece.kind == "same" for pieces in body for piece in pieces):
        click.echo("\nbody_text is the same")
        return
    click.echo("\nbody_text")
    for number, pieces in enumerate(body):
        if [piece.kind for piece in pieces] != ["same"]:
            click.echo(_indented(_drawn(pieces, marks)))
        elif not number or [piece.kind for piece in body[number - 1]] != ["same"]:
            click.echo(_indented("…"))


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("version", "valid_from", "valid_to", "change_kind", "diff_ratio", "raw_ref")
    return {name: _text(row[name]) if isinstance(row[name], datetime) else row[name] for name in names}


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}Z"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _drawn(pieces: Sequence[compare.Piece], marks: Mapping[str, Any]) -> str:
    return "".join(marks[piece.kind](printable(piece.text)) for piece in pieces)


def _indented(text: str) -> str:
    if not sys.stdout.isatty():
        return textwrap.indent(text, "  ")
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False)

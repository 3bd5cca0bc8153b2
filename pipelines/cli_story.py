"""The commands about one story: `diff`, what changed in it, and `show`, all that is known of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from pipelines.errors import BatchError, UsageError
from pipelines.places import places
from pipelines.typed import as_json
from pipelines.written import dump, printable

_EVIDENCE = (
    "published_raw", "published_evidence", "published_precision", "published_tz_known",
    "published_candidates", "date_flags", "rights_evidence", "extraction_confidence",
    "extractor", "extractor_version",
)  # fmt: skip
_OURS = (
    "story_id", "version", "source_id", "pub_status", "signal", "change_kind", "diff_ratio",
    "valid_from", "valid_to", "first_seen_at", "last_seen_at", "fetched_at", "loaded_at", "run_id",
    "cluster_id", "content_hash", "fingerprint",
)  # fmt: skip


@click.command()
@click.argument("story")
@click.argument("old", type=int, required=False)
@click.argument("new", type=int, required=False)
@as_json
def diff(story: str, old: int | None, new: int | None, as_json: bool) -> None:
    """What changed between two versions of a story, word by word.

    STORY is a story_id, or an address it was seen at; OLD and NEW are versions, the last two
    if none is named, OLD and the latest if only that is.
    """
    from pipelines import show_changes, steps

    show_changes.difference(*show_changes.pick(steps.versions(story), old, new), as_json=as_json)


@click.command("show")
@click.argument("story")
@click.option("--version", type=click.IntRange(1), help="Not the latest version, but this one.")
@click.option("--page", is_flag=True, help="The archived page that it was read from, on stdout.")
@click.option("--head", is_flag=True, help="What the server said of that page, as JSON.")
@as_json
def show_story(story: str, version: int | None, page: bool, head: bool, as_json: bool) -> None:
    """A story as it stands in the warehouse, the evidence for it, and where its bytes are.

    STORY is a story_id, or an address it was seen at; with --page or --head also a raw_ref.
    """
    from pipelines import steps
    from pipelines.store import archive, pages

    versions: list[dict[str, Any]] = []
    row: dict[str, Any] = {"raw_ref": story}
    if not (page or head) or ".warc.gz:" not in story:
        versions = steps.versions(story)
        row = _version(versions, version, story)
    data = places().data
    if page or head:
        record = pages.read(data, row["raw_ref"])
        if head:
            said = {"url": record.url, "http_status": record.status, "fetched_at": record.fetched_at}
            click.echo(dump(said | {"raw_ref": row["raw_ref"], "headers": record.headers}))
            return
        try:
            sys.stdout.buffer.write(archive.decoded(record))
        except ValueError as error:
            raise BatchError(f"{row['raw_ref']}: {error}") from error
        return
    try:
        record = pages.read(data, row["raw_ref"])
        lie = f"{len(record.payload):,} bytes as received, HTTP {record.status}: see --page and --head"
    except BatchError as error:  # deleted by rule, or damaged: the row stays
        lie = str(error)
    click.echo(dump({**row, "bytes_are": lie}) if as_json else _told(row, lie, len(versions)))


def _version(versions: Sequence[dict[str, Any]], wanted: int | None, story: str) -> dict[str, Any]:
    for row in versions:
        if row["version"] == (wanted or versions[-1]["version"]):
            return row
    raise UsageError(f"{story} has no version {wanted}: {', '.join(str(v['version']) for v in versions)}")


def _told(row: Mapping[str, Any], lie: str, versions: int) -> str:
    said = [n for n in row if n not in (*_EVIDENCE, *_OURS, "body_text", "raw_ref")]
    more = f" (version {row['version']} of {versions})" if versions > 1 else ""
    blocks = [
        _block(f"What the publisher says{more}", row, said),
        _block("How we know", row, _EVIDENCE),
        _block("What we observed", row, _OURS),
        f"Where its bytes are\n  {row['raw_ref']}\n  {printable(lie)}",
        "\n\n".join(printable(paragraph) for paragraph in row["body_text"].split("\n\n")),
    ]
    return "\n\n".join(blocks)


def _block(title: str, row: Mapping[str, Any], names: Sequence[str]) -> str:
    stated = [(name, row[name]) for name in names if row[name] not in (None, [], "")]
    widest = max((len(name) for name, _ in stated), default=0)
    return "\n".join([title, *(f"  {name:<{widest}}  {_plain(value)}" for name, value in stated)])


def _plain(value: Any) -> str:
    """A value on one line; what a page says cannot move the cursor.

    >>> _plain(["cricket", "weather"]), _plain(True)
    ('cricket, weather', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ("; " if value and isinstance(value[0], dict) else ", ").join(map(_plain, value))
    if isinstance(value, dict):
        return " ".join(_plain(part) for part in value.values() if part is not None)
    return printable(value.isoformat(sep=" ") if hasattr(value, "isoformat") else str(value))

"""The command that finds stories by their words: `wirehouse search`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from typing import TYPE_CHECKING

import click

from pipelines.typed import moment
from pipelines.written import printable

if TYPE_CHECKING:
    from pipelines.search.finding import Hit
    from pipelines.search.question import Words

DATES = "%Y-%m-%d %H:%MZ"


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--source", "sources", multiple=True, help="Only stories of this source; may be given again.")
@click.option(
    "--language", "languages", multiple=True, help="Only in this language: en, pt-BR; may be given again."
)
@click.option("--since", metavar="T", help="Only what was published at or after T, ISO 8601.")
@click.option("--until", metavar="T", help="Only what was published before T.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--withdrawn", is_flag=True, help="Also stories that may not be used: killed, withheld.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)
@click.option("--remake", is_flag=True, help="Throw the kept index away and make it again.")
def search(
    words: tuple[str, ...],
    sources: tuple[str, ...],
    languages: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int,
    withdrawn: bool,
    form: str,
    remake: bool,
) -> None:
    """Find stories by the words of headline and body, best first.

    WORDS: rain snow (both), "port ellery" (next to each other), rain OR snow, rain NOT cricket, flood*
    (words that begin so), (rain OR snow) leeds. Accents and case make no difference. A shell takes quotes for
    its own: put all in single quotes, '"port ellery" NOT cricket'.

    The latest version of each story, of those that may be used. Also while a load runs.
    """
    import pyarrow as pa

    from pipelines import show, steps
    from pipelines.search.choosing import Choice
    from pipelines.search.finding import Hit
    from pipelines.search.question import read, wanted

    choice = Choice(sources, languages, moment(since), moment(until), withdrawn)
    text = " ".join(words)
    hits = steps.search(text, choice, limit, remake=remake, say=lambda said: click.echo(said, err=True))
    if form == "table":
        click.echo(_told(hits, wanted(read(text))))
        return
    columns = {name: [getattr(hit, name) for hit in hits] for name in Hit.__dataclass_fields__}
    if form == "csv":
        show.rows(pa.table(columns), form, None)
    else:
        from pipelines.written import dump

        click.echo(dump([asdict(hit) for hit in hits]))


def _told(hits: Sequence[Hit], wanted: Sequence[Words]) -> str:
    """Three lines a story: what, where and when, and the place in it; the words in bold at a terminal."""
    if not hits:
        return "no story has that"
    blocks = []
    for hit in hits:
        when = f"{hit.published_at.astimezone(UTC):{DATES}}" if hit.published_at else "no date"
        state = "" if hit.pub_status == "usable" else f"  {hit.pub_status}"
        facts = f"{hit.source_id}  {when}  {hit.story_id}{state}"
        shown = (printable(hit.headline or "(no headline)"), printable(facts), printable(hit.snippet))
        headline, facts, snippet = shown
        blocks.append(f"{_marked(headline, wanted)}\n  {facts}\n  {_marked(snippet, wanted)}")
    return "\n\n".join(blocks)


def _marked(text: str, wanted: Sequence[Words]) -> str:
    if not sys.stdout.isatty():
        return text
    from pipelines.search.excerpts import marks

    for start, end in reversed(marks(text, wanted)):
        text = text[:start] + click.style(text[start:end], bold=True) + text[end:]
    return text

"""Choose sources by name, tag and language. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.errors import SourceError
from pipelines.records import Source


def chosen(
    known: Mapping[str, Source | SourceError],
    names: Sequence[str] = (),
    tags: Sequence[str] = (),
    languages: Sequence[str] = (),
) -> dict[str, Source | SourceError]:
    """Those named, and those with all the tags and one of the languages; all, if nothing is said.

    A language covers its regions: `de` is `de-AT` too. A source whose file is wrong has
    neither tag nor language.
    """
    fit = bool(tags or languages or not names)
    return {n: one for n, one in known.items() if n in names or (fit and _fits(one, tags, languages))}


def _fits(source: Source | SourceError, tags: Sequence[str], languages: Sequence[str]) -> bool:
    if isinstance(source, SourceError):
        return not tags and not languages
    spoken = f"{source.language or ''}-".lower()
    return set(tags) <= set(source.tags) and (
        not languages or any(spoken.startswith(f"{one.lower()}-") for one in languages)
    )

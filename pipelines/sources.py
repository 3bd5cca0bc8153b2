"""Declared sources: read `sources/*.toml` and say precisely what is wrong in one."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pipelines.errors import SourceError, UsageError
from pipelines.records import Expect, Rule, Source

RECHECK = ("15m", "1h", "3h", "12h", "1d", "3d", "7d")
"""Default ages at which a story is looked at again: most edits come early."""

_DATED = ("year", "month", "day")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HOST = re.compile(r"[^\s/:@]+|[0-9a-fA-F:]+")
_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def declared(
    folder: Path | None = None, only: Iterable[str] | None = None
) -> dict[str, Source | SourceError]:
    """Every declared source by name, or `only` some; one that is wrong stands there as its error.

    `folder` is a folder of the user's own (`WIREHOUSE_SOURCES`); without it, the
    sources that come with Wirehouse.
    """
    return {name: _load_or_error(name, folder) for name in (names(folder) if only is None else only)}


def names(folder: Path | None = None) -> list[str]:
    """Names of all declared sources, valid or not; UsageError if no such folder."""
    root = _root(folder)
    if not root.is_dir():
        raise UsageError(f"no folder of sources at {root}: set WIREHOUSE_SOURCES to one")
    return sorted(p.name[:-5] for p in root.iterdir() if p.name.endswith(".toml"))


def load_source(name: str, folder: Path | None = None) -> Source:
    """One declared source; SourceError if its file is missing or wrong."""
    path = _root(folder) / f"{name}.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        known = names(folder)
        near = get_close_matches(name, known, n=3)
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif len(known) > 10:
            hint = f"{len(known)} are declared: see `wirehouse sources`"
        else:
            hint = f"declared: {', '.join(known) or 'none'}"
        where = folder or "sources"
        raise SourceError(f"no source named {name!r} (no {where}/{name}.toml); {hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"sources/{name}.toml: cannot be read: {error}") from error
    return parse_source(name, text)


def parse_source(name: str, text: str) -> Source:
    """Pure half of `load_source`; SourceError names file and key.

    >>> parse_source("ap", 'title = "AP"\\nhome = "https://ap.example/"\\nfeeds = []')
    Traceback (most recent call last):
    ...
    pipelines.errors.SourceError: sources/ap.toml: feeds: no channel: name `feeds`, `sitemaps` or `sections`
    """
    where = f"sources/{name}.toml"
    if not _NAME.fullmatch(name):
        raise SourceError(f"{where}: a source's name is lower case letters, digits and _, at most 63")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceError(f"{where}: not valid TOML: {error}") from error
    values = _read(where, table, _KEYS)
    for key in ("title", "home"):
        if key not in values:
            raise SourceError(f"{where}: {key}: missing")
    source = Source(name=name, **{"recheck": tuple(map(duration, RECHECK)), **values})
    if not (source.feeds or source.sitemaps or source.sections or source.discover):
        raise SourceError(f"{where}: feeds: no channel: name `feeds`, `sitemaps` or `sections`")
    return source


def scope_hosts(source: Source) -> frozenset[str]:
    """Hosts whose pages are this source's: home's, the channels', and `hosts`.

    A host covers its subdomains and its `www.` twin (`urls.in_scope`).
    """
    stated = (urlsplit(u).hostname for u in (source.home, *source.feeds, *source.sitemaps, *source.sections))
    return frozenset(h for h in (*stated, *source.hosts) if h)


def nameless(url: str) -> Source:
    """A source for a page of which we know nothing but its URL: named by its host.

    Whoever has the page in hand decides what may be done with it: what is reserved is
    said, and nothing is left out.
    """
    host = urlsplit(url).hostname or "page"
    return Source(name=host, title=host, home=url, rights="keep")


def rebased(source: Source, base: str) -> Source:
    """The same source on another server, to try it on loopback (`--url-base`).

    The host of `base` may be private: whoever names it at the keyboard trusts it.
    """
    try:
        host = urlsplit(_url(base)).hostname or ""
    except ValueError as error:
        raise UsageError(f"--url-base {error}") from None
    return replace(
        source,
        home=rebase(source.home, base),
        feeds=tuple(rebase(u, base) for u in source.feeds),
        sitemaps=tuple(rebase(u, base) for u in source.sitemaps),
        sections=tuple(rebase(u, base) for u in source.sections),
        archives=tuple(rebase(u, base) for u in source.archives),
        allow=(),
        private_hosts=(*source.private_hosts, host),
    )


def rebase(url: str, base: str) -> str:
    """The same path on another server.

    >>> rebase("https://wire.example/world.rss?n=1", "http://127.0.0.1:8000/wire")
    'http://127.0.0.1:8000/wire/world.rss?n=1'
    """
    target, parts = urlsplit(base), urlsplit(url)
    return urlunsplit((target.scheme, target.netloc, target.path.rstrip("/") + parts.path, parts.query, ""))


def _root(folder: Path | None) -> Any:
    return folder if folder is not None else resources.files("sources")


def _load_or_error(name: str, folder: Path | None) -> Source | SourceError:
    try:
        return load_source(name, folder)
    except SourceError as error:
        return error


def _read(where: str, table: Mapping[str, Any], keys: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Each value through its key's reader; foreign errors become ours once, here."""
    values = {}
    for key, value in table.items():
        if key not in keys:
            raise SourceError(f"{where}: {key}: no such key; known: {', '.join(sorted(keys))}")
        try:
            values[key] = keys[key](value)
        except (TypeError, ValueError, KeyError) as error:
            raise SourceError(f"{where}: {key}: {error}") from error
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be a text, is {value!r}")
    return value


def _tag(value: Any) -> str:
    if len(_text(value)) > 100:
        raise ValueError(f"a tag has at most 100 characters, this has {len(value)}")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, is {value!r}")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"must be a whole number from 0, is {value!r}")
    return value


def _url(value: Any) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"must be an http(s) URL, is {value!r}")
    return str(value)


def _archive(value: Any) -> str:
    """The address of an archive, with the year, and with month and day where it has them."""
    try:
        named = {name for _, name, _, _ in string.Formatter().parse(_url(value)) if name is not None}
        value.format(year=2026, month=3, day=5)
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise ValueError(f"{value!r} is no pattern of {{year}}, {{month:02}}, {{day:02}}: {error}") from None
    if not named or named != set(_DATED[: len(named)]):
        raise ValueError(f"{value!r}: must have {{year}}, and may have {{month:02}}, and with it {{day:02}}")
    return str(value)


def _pattern(value: Any) -> str:
    try:
        re.compile(_text(value))
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error
    return str(value)


def duration(value: Any) -> timedelta:
    """Read a length of time; ValueError says how one is written.

    >>> duration("90m")
    datetime.timedelta(seconds=5400)
    """
    match = _DURATION.fullmatch(_text(value))
    if match is None:
        raise ValueError(f"must be a duration like 45s, 15m, 6h or 1d, is {value!r}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _beat(value: Any) -> timedelta:
    if not duration(value):
        raise ValueError(f"must be longer than nothing, is {value!r}")
    return duration(value)


def _ladder(value: Any) -> tuple[timedelta, ...]:
    return tuple(sorted(_many(duration)(value)))


def _language(value: Any) -> str:
    if not LANGUAGE.fullmatch(_text(value)):
        raise ValueError(f"must be a language tag such as de or pt-BR, is {value!r}")
    return str(value)


def _host(value: Any) -> str:
    if not _HOST.fullmatch(_text(value)):
        raise ValueError(f"must be a host's name alone, such as www.example.org, is {value!r}")
    return str(value).lower()


def _zone(value: Any) -> str:
    try:
        ZoneInfo(_text(value))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is no IANA time zone, such as Europe/Berlin") from None
    return str(value)


def _same_by(value: Any) -> str:
    if value not in ("url", "guid"):
        raise ValueError(f"must be url or guid, is {value!r}")
    return str(value)


def _rights(value: Any) -> str:
    if value not in ("keep", "metadata", "skip"):
        raise ValueError(f"must be keep, metadata or skip, is {value!r}")
    return str(value)


def _day(value: Any) -> date:
    if type(value) is not date:
        raise ValueError(f"must be a day like 2026-03-01 (no quotes), is {value!r}")
    return value


def _many(one: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"must be a list, is {value!r}")
        return tuple(one(item) for item in value)

    return read


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"must be a share from 0 to 1, is {value!r}")
    return float(value)


def _expect(value: Any) -> Expect:
    _known("in [expect]", value, ("stories", "fresh", "filled"))
    stories = _known("in stories", value.get("stories", {}), ("min", "max"))
    filled = value.get("filled", {})
    unknown = set(filled) - set(_story_fields())
    if unknown:
        raise ValueError(f"filled: no such field: {', '.join(sorted(unknown))}")
    least = _count(stories["min"]) if "min" in stories else None
    most = _count(stories["max"]) if "max" in stories else None
    if least is not None and most is not None and least > most:
        raise ValueError(f"stories: min {least} is more than max {most}")
    return Expect(
        stories_min=least,
        stories_max=most,
        fresh=_beat(value["fresh"]) if "fresh" in value else None,
        filled={name: _share(share) for name, share in filled.items()},
    )


def _rules(value: Any) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        raise ValueError("must be written as [[rules]]")
    return tuple(_rule(f"rule {n}", table) for n, table in enumerate(value, 1))


def _rule(where: str, table: Mapping[str, Any]) -> Rule:
    _known(where, table, _RULE_KEYS)
    return Rule(**{key: _RULE_KEYS[key](value) for key, value in table.items()})


def _selector(value: Any) -> str:
    from pipelines.selectors import compiled  # heavy, and few sources have rules

    try:
        compiled(_text(value))
    except SourceError as error:
        raise ValueError(str(error).removeprefix("rules: ")) from None
    return str(value)


def _known(where: str, table: Mapping[str, Any], keys: Iterable[str]) -> Mapping[str, Any]:
    unknown = set(table) - set(keys)
    if unknown:
        raise ValueError(
            f"{where}: no such key: {', '.join(sorted(unknown))}; known: {', '.join(sorted(keys))}"
        )
    return table


def _story_fields() -> Iterable[str]:
    from pipelines.records import Story

    return Story.__dataclass_fields__


_RULE_KEYS: dict[str, Callable[[Any], Any]] = {
    "until": _day,
    "body": _selector,
    "headline": _selector,
    "byline": _selector,
    "published_at": _selector,
    "drop": _many(_selector),
}

_KEYS: dict[str, Callable[[Any], Any]] = {
    "title": _text,
    "home": _url,
    "language": _language,
    "timezone": _zone,
    "every": _beat,
    "feeds": _many(_url),
    "sitemaps": _many(_url),
    "sections": _many(_url),
    "archives": _many(_archive),
    "discover": _flag,
    "enabled": _flag,
    "tags": _many(_tag),
    "agency": _text,
    "same_by": _same_by,
    "hosts": _many(_host),
    "allow": _many(_pattern),
    "deny": _many(_pattern),
    "budget": _count,
    "recheck": _ladder,
    "delay": duration,
    "private_hosts": _many(_host),
    "rights": _rights,
    "keep": _beat,
    "expect": _expect,
    "rules": _rules,
}
"""The keys of a source file: `sources/__init__.py` explains each."""

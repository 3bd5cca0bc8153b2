"""Which address does a page mean to be its own? Its rel=canonical, unless that cannot be meant. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from pipelines.urls import absolute, address, canonical

_ID = re.compile(r"\d{5,}|(?=[0-9a-f]*\d)[0-9a-f]{8,}")
_DAY = re.compile(r"(?:19|20)\d\d(?:[01]\d(?:[0-3]\d)?)?")
_FRONT = re.compile(
    r"/(?:home|homepage|start|startseite|index|default|news|[a-z]{2}|[a-z]{2}-[a-z]{2})(?:\.\w+)?", re.I
)
_CHOOSES = re.compile(r".*id|p|page|no|num|nr|doc|story|article|artikel|item|idx|slug|key|q", re.I)
_GENERIC = frozenset(
    ("index", "article", "story", "news", "show", "node", "read", "view", "page", "item", "detail", "default")
)
_ERROR = re.compile(r"/(?:404|error|not-?found|login|signin|register|subscribe|consent)\b", re.I)


def own_address(url: str, stated: Iterable[str]) -> str | None:
    """The address that a page at `url` states as its own, cleaned; None if what it states is wrong.

    >>> own_address("https://m.wire.example/world/rain-7?amp", ["/world/rain-7"])
    'https://m.wire.example/world/rain-7'
    >>> own_address("https://wire.example/world/rain-7", ["https://wire.example/"]) is None
    True

    Publishers' templates err: every page names the home page, its section, an error
    page, a test server, or one and the same story. So an address of another site, a
    front, or a page above ours is not believed, nor one that has neither words nor
    number with ours in common, unless ours says nothing (`/?p=17`). Two that differ
    cancel each other out, except that one of them may be ours. Refusing a right one
    costs little: the same text under two addresses is found to be a duplicate.
    """
    found = dict.fromkeys(
        found for link in stated if link.strip() and (found := absolute(link, url)) is not None
    )
    keys = {canonical(link): address(link) for link in found}
    ours = canonical(url)
    if ours in keys:
        return keys[ours]
    if len(keys) != 1:
        return None
    ((key, cleaned),) = keys.items()
    return cleaned if _can_be_meant(ours, key) else None


def _can_be_meant(ours: str, theirs: str) -> bool:
    here, there = urlsplit(ours), urlsplit(theirs)
    if _site(here.netloc) != _site(there.netloc):
        return False
    path, stated = here.path.rstrip("/"), there.path.rstrip("/")
    if (not stated and not there.query) or (_FRONT.fullmatch(stated) and not there.query):
        return False
    if _ERROR.search(stated) or (path != stated and (path + "/").startswith(stated + "/")):
        return False
    if path == stated:  # the query alone differs: what chooses the page must be in both
        return _chosen(here.query) <= _chosen(there.query) and (bool(_words(path)) or not here.query)
    ours_ids, their_ids = _ids(f"{path}?{here.query}"), _ids(f"{stated}?{there.query}")
    if ours_ids & their_ids:
        return True
    ours_words, their_words = _words(path), _words(stated)
    common = len(ours_words & their_words)
    if common and common * 2 >= min(len(ours_words), len(their_words)):
        return not (ours_ids and their_ids)
    return not ours_words and len(their_words) + len(their_ids) > 1


def _site(netloc: str) -> str:
    """The last two names of a host, three where two are too few: of `de.wire.example`, `wire.example`."""
    host = netloc.rpartition("@")[2].lower()
    labels = host.split(".")
    few = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return host if host[-1:].isdigit() or ":" in host else ".".join(labels[-3 if few else -2 :])


def _ids(text: str) -> frozenset[str]:
    return frozenset(found for found in _ID.findall(text.lower()) if not _DAY.fullmatch(found))


def _chosen(query: str) -> frozenset[tuple[str, str]]:
    """What of a query chooses a page, by the names that all the world gives it."""
    return frozenset((name, value) for name, value in parse_qsl(query) if _CHOOSES.fullmatch(name))


def _words(path: str) -> frozenset[str]:
    """Words of the last part of a path: what a story is named by."""
    last = re.sub(r"\.\w{2,5}$", "", unquote(path).rpartition("/")[2])
    tokens = re.split(r"[\W_]+", last.lower())
    return frozenset(t for t in tokens if t.isalpha() and (len(t) > 2 or not t.isascii())) - _GENERIC

"""Headlines: one out of the several that a page states, without the site's name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pipelines.words import squash

_TAIL = re.compile(
    r"(?P<head>.*\S)(?:\s+[|–—·•:»-]\s*|\s*[|ㅣ：：]\s*|\s+::\s+)(?P<tail>[^|–—•]{1,60})$", re.S
)
_HEAD = re.compile(r"(?P<tail>[^|–—•:]{2,40})\s*(?:[|–—•»]|\s-\s|::)\s*(?P<head>\S.{10,})$", re.S)


def choose(
    stated: Mapping[str, str], titles: Iterable[str], site_names: Iterable[str], url: str
) -> str | None:
    """The headline: as printed if anything confirms it, else as stated for machines.

    >>> choose({"ld": "Rain hits Lille", "og": "Rain in Lille | The Post"}, ["Rain in Lille"], ["The Post"], "https://x.example/")
    'Rain in Lille'

    Publishers state up to four headlines (page, search, sharing, tab). The printed one
    is the story's; but a page may print other `<h1>`, so it needs a second witness.
    """
    names = known_names(site_names, url)
    forms = {where: strip_site(text, names) for where, text in stated.items()}
    printed = [strip_site(title, names) for title in titles]
    printed = [title for title in printed if title and squash(title) not in names and len(squash(title)) > 2]
    machine = [forms[k] for k in ("ld", "og", "twitter", "meta", "title") if forms.get(k)]
    keys = [squash(form) for form in machine]
    for title in printed:
        if squash(title) in keys:
            return title
    for where in ("og", "ld", "twitter", "meta"):
        form = forms.get(where)
        if form and any(_holds(title, form) for title in printed) and len(squash(form)) > 10:
            return form
    if len(printed) == 1 and any(_similar(printed[0], form) for form in machine):
        return printed[0]
    for where in ("ld", "og", "twitter", "meta"):
        if forms.get(where):
            return forms[where]
    if len(printed) >= 1:
        return printed[0]
    return forms.get("title")


def alternative(headline: str | None, stated: Mapping[str, str], titles: Iterable[str], alternative: str | None,
                site_names: Iterable[str], url: str) -> str | None:  # fmt: skip
    """Another headline that the page states: its own `alternativeHeadline`, or one that says it otherwise."""
    names = known_names(site_names, url)
    for form in (alternative, *titles, stated.get("ld"), stated.get("og")):
        text = strip_site(form, names) if form else None
        if (
            text
            and headline
            and squash(text) != squash(headline)
            and squash(text) not in names
            and _similar(text, headline)
        ):
            return text
    return alternative or None


def known_names(site_names: Iterable[str], url: str) -> set[str]:
    """The site's names, squashed: stated ones, and what its host says."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    labels = host.split(".")
    own = {squash(host), squash(host.rsplit(".", 1)[0]), squash(labels[-2]) if len(labels) > 1 else ""}
    return {
        name for name in {squash(n) for n in site_names if not n.startswith("http")} | own if len(name) > 1
    }


def strip_site(title: str, names: set[str]) -> str:
    """Take the site's own name off a title.

    >>> strip_site("Rain in Lille - The Post", {"thepost"})
    'Rain in Lille'
    >>> strip_site("Rain - a story in two parts", {"thepost"})
    'Rain - a story in two parts'
    """
    text = " ".join(title.replace("\u00ad", "").replace("\u200b", "").split())
    while match := _TAIL.match(text):
        tail = squash(match["tail"])
        if _is_name(tail, names):
            text = match["head"]
        else:
            break
    if (match := _HEAD.match(text)) and _is_name(squash(match["tail"]), names) and len(match["head"]) > 15:
        text = match["head"]
    return text.strip()


def _is_name(tail: str, names: set[str]) -> bool:
    return bool(tail) and any(
        tail == n or (len(n) > 3 and len(tail) > 3 and (tail in n or n in tail)) for n in names
    )


def _holds(title: str, form: str) -> bool:
    """Is the stated form what is printed, less a kicker before it?"""
    return len(form) > 15 and squash(title).endswith(squash(form))


def _similar(a: str, b: str) -> bool:
    one, two = set(re.findall(r"\w+", a.casefold())), set(re.findall(r"\w+", b.casefold()))
    return bool(one & two) and len(one & two) >= 0.3 * min(len(one), len(two))

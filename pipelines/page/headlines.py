"""Headlines: one out of the several that a page states, without the site's name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pipelines.page.words import squash

_TAIL = re.compile(
    r"(?P<head>.*\S)(?:\s+[|–—·•:»-]\s*|\s*[|｜ㅣ]\s*|\s+\*\s+|\s+::\s+)(?P<tail>[^|｜–—•*]{1,60})$", re.S
)
_BY = re.compile(r"by \S+ \S+")
_HEAD = re.compile(r"(?P<tail>[^|–—•:]{2,40})\s*(?:[|–—•»]|\s-\s|::)\s*(?P<head>\S.{10,})$", re.S)


def choose(
    stated: Mapping[str, str],
    titles: Iterable[str],
    site_names: Iterable[str],
    url: str,
    section: str | None = None,
) -> str | None:
    """The headline that most of the page's own statements agree on, without the site's name.

    >>> stated = {"ld": "Rain hits Lille", "og": "Rain in Lille | The Post"}
    >>> choose(stated, ["Rain in Lille"], ["The Post"], "https://x.example/")
    'Rain in Lille'

    Publishers state up to four headlines (page, search, sharing, tab), and a page may
    print `<h1>` of other things, so two witnesses count more than one. A kicker that is
    printed or stated before the headline ("Flood: Rain in Lille") is no part of it.
    """
    names = known_names(site_names, url)
    also = squash(section)
    forms = {where: strip_site(text, names, also) for where, text in stated.items()}
    printed = [strip_site(title, names) for title in titles]
    printed = [title for title in printed if squash(title) not in names and len(squash(title)) > 2]
    keys = {squash(title) for title in printed}
    ld, og = forms.get("ld"), forms.get("og")
    if og and len(og) > 15 and any(_has_kicker(longer, og) for longer in (ld, *printed) if longer):
        return og
    if og and ld and squash(og) == squash(ld):
        return ld
    for form in (og, ld, forms.get("microdata"), forms.get("twitter"), forms.get("title"), forms.get("meta")):
        if form and squash(form) in keys:
            return form
    if ld:
        return ld
    if og and (not printed or len(og) > 15):
        return og
    if printed:
        return printed[0]
    return next((forms[where] for where in ("microdata", "twitter", "meta", "title") if where in forms), None)


def alternative(
    headline: str | None,
    stated: Mapping[str, str],
    titles: Iterable[str],
    alternative: str | None,
    site_names: Iterable[str],
    url: str,
) -> str | None:
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


def strip_site(title: str, names: set[str], section: str = "") -> str:
    """Take the site's own name (and that of its `section`, squashed) off a title.

    >>> strip_site("Rain in Lille - The Post", {"thepost"})
    'Rain in Lille'
    >>> strip_site("Rain - a story in two parts", {"thepost"})
    'Rain - a story in two parts'
    """
    text = " ".join(title.replace("\u00ad", "").replace("\u200b", "").split())
    while match := _TAIL.match(text):
        tail = squash(match["tail"])
        if _is_name(tail, names) or (section and tail == section) or _BY.match(match["tail"]):
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


def _has_kicker(longer: str, headline: str) -> bool:
    """Is `longer` the headline after a few words of topic?"""
    one, two = squash(longer), squash(headline)
    return one != two and one.endswith(two) and len(one) - len(two) < 60


def _similar(a: str, b: str) -> bool:
    one, two = set(re.findall(r"\w+", a.casefold())), set(re.findall(r"\w+", b.casefold()))
    return bool(one & two) and len(one & two) >= 0.3 * min(len(one), len(two))

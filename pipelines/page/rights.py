"""What a publisher states about the use of its pages, and what follows from it. Pure.

Statements come from the page (`<meta>`, `<link>`), from its headers, and from files of
its site (robots.txt, /.well-known/tdmrep.json), which only the crawl sees. Each is kept as
words, "key: value (where)", so that a story carries what was said when it was fetched:

    tdm-reservation: 1 (header)            robots: noai, noarchive (meta)
    license: https://wire.example/rsl.xml (robots.txt)

A *reservation* is what says that machines may not read: `tdm-reservation: 1` (W3C's TDM
Reservation Protocol) and the robots directives in RESERVING. The rest (noindex, noarchive,
licences, content signals) speaks of other uses than ours, or must be read by a person: it
is kept and stands in nobody's way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlsplit

from pipelines.ledger import Outcome, Reject
from pipelines.page.markup import Tree
from pipelines.records import Capture, Story

SETTINGS = ("keep", "metadata", "skip")
"""What a source's `rights` may be."""

RESERVING = frozenset({"noai", "noml", "notdm"})
"""Robots directives that reserve reading by machines; `noimageai` speaks of pictures, which are not kept."""

LONGEST = 300
"""Characters of one value."""

MOST_RULES = 1_000
"""Of one tdmrep.json."""

_ROBOTS = ("robots", "wirehouse")
_STATEMENT = re.compile(r"([a-z-]+): (.*) \(([^()]+)\)", re.S)
_LINK = re.compile(r"<([^<>]*)>\s*((?:;[^,<]*)*)")
_SITE_LINE = re.compile(r"^\s*(license|content-signal|content-usage)\s*:\s*([^#\r\n]+)", re.I | re.M)
_HEADER = re.compile(r"robots: .* \(header\)")
_FOR_SOMEBODY = re.compile(r"\s*([\w*-]+)\s*:\s*(?!-?\d)(.*)", re.S)


class Rule(NamedTuple):
    """A line of a site's tdmrep.json."""

    location: str
    """Path, with `*` for anything and `$` for its end."""
    reserved: bool
    policy: str | None


@dataclass(frozen=True)
class Rights:
    """What all statements about one page come to."""

    reserved: bool | None
    """Some statement reserves it; None if nothing speaks of it."""
    tdm_reserved: bool | None
    tdm_policy: str | None
    license_url: str | None
    evidence: tuple[str, ...]


def of_capture(tree: Tree, capture: Capture) -> list[str]:
    """All that is stated about a captured page, the nearest first."""
    site = capture.lead.rights if capture.lead else ()
    return [*of_page(tree), *of_headers(capture.headers), *site]


def of_page(tree: Tree) -> list[str]:
    """What the page itself states."""
    found = []
    for element in tree.iter("meta", "link"):
        if element.tag == "meta":
            name = (element.get("name") or element.get("property") or "").strip().lower()
            if name in ("tdm-reservation", "tdm-policy") or name in _ROBOTS:
                found += _say("robots" if name in _ROBOTS else name, element.get("content"), "meta")
        elif "license" in (element.get("rel") or "").lower().split():
            found += _say("license", element.get("href"), "link")
    return found


def of_headers(headers: Iterable[tuple[str, str]]) -> list[str]:
    """What the headers of an answer state.

    >>> of_headers([("tdm-reservation", "1"), ("x-robots-tag", "otherbot: noindex")])
    ['tdm-reservation: 1 (header)']

    A directive for a robot of another name is none for us.
    """
    found = []
    for name, value in headers:
        name = name.lower()
        if name in ("tdm-reservation", "tdm-policy"):
            found += _say(name, value, "header")
        elif name == "x-robots-tag":
            addressed = _FOR_SOMEBODY.fullmatch(value)
            # `unavailable_after: 25 Jun 2026` looks like a name, too.
            if addressed and addressed[1].lower() not in (*_ROBOTS, "*", "unavailable_after"):
                continue
            others = addressed is not None and addressed[1].lower() != "unavailable_after"
            found += _say("robots", addressed[2] if addressed and others else value, "header")
        elif name == "link":
            for url, parameters in _LINK.findall(value):
                if re.search(r';\s*rel\s*=\s*"?[^";]*\blicense\b', parameters, re.I):
                    found += _say("license", url, "header")
    return found


def of_robots(body: bytes) -> list[str]:
    """What a robots.txt states besides who may fetch: RSL's licences, content signals.

    >>> of_robots(b"License: https://wire.example/rsl.xml\\nUser-agent: *\\nDisallow: /x")
    ['license: https://wire.example/rsl.xml (robots.txt)']
    """
    lines = _SITE_LINE.findall(body.decode("utf-8", "ignore"))[:20]
    return [one for key, value in lines for one in _say(key.lower(), value, "robots.txt")]


def tdm_rules(body: bytes) -> list[Rule]:
    """The rules of a tdmrep.json; none if it is no such file, for what it says nobody knows then."""
    try:
        table = json.loads(body)
    except (ValueError, RecursionError):
        return []
    rules = []
    for entry in table[:MOST_RULES] if isinstance(table, list) else []:
        if not isinstance(entry, dict):
            continue
        location, reserved = entry.get("location"), entry.get("tdm-reservation")
        if isinstance(location, str) and location.startswith("/") and str(reserved) in ("0", "1"):
            policy = entry.get("tdm-policy")
            kept = policy if isinstance(policy, str) and len(policy) <= LONGEST else None
            rules.append(Rule(location[:LONGEST], str(reserved) == "1", kept))
    return rules


def of_site(rules: Sequence[Rule], url: str) -> list[str]:
    """What a tdmrep.json states about one URL: the first rule that fits it.

    >>> of_site([Rule("/free/*", False, None), Rule("/", True, None)], "https://wire.example/rain")
    ['tdm-reservation: 1 (tdmrep.json)']
    """
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    rule = next((rule for rule in rules if _fits(rule.location, path)), None)
    if rule is None:
        return []
    where = "tdmrep.json"
    return [
        *_say("tdm-reservation", "1" if rule.reserved else "0", where),
        *_say("tdm-policy", rule.policy, where),
    ]


def judge(statements: Iterable[str]) -> Rights:
    """What statements come to; of those on one question, the first one counts: name the nearest first.

    >>> judge(["tdm-reservation: 0 (meta)", "tdm-reservation: 1 (tdmrep.json)"]).reserved
    False
    >>> judge(["robots: noindex, noai (header)"]).reserved
    True
    """
    said = list(dict.fromkeys(statements))
    split = [match.groups() for one in said if (match := _STATEMENT.fullmatch(one))]

    def first(key: str) -> str | None:
        return next((value for name, value, _ in split if name == key), None)

    tdm = {"1": True, "0": False}.get((first("tdm-reservation") or "").strip())
    directives = {
        word for name, value, _ in split if name == "robots" for word in re.split(r"[\s,]+", value.lower())
    }
    return Rights(
        reserved=True if directives & RESERVING else tdm,
        tdm_reserved=tdm,
        tdm_policy=first("tdm-policy"),
        license_url=first("license"),
        evidence=tuple(said),
    )


def bound(story: Story, statements: Iterable[str], setting: str) -> Story | Reject:
    """The story with its rights, as far as they let us keep it.

    `setting` is the source's: `skip` leaves no story of what is reserved, `metadata` one
    without the publisher's text. The digest of the text stays, which tells an edit from
    a repetition and gives nothing of it away.
    """
    rights = judge(statements)
    if rights.reserved and setting == "skip":
        return Reject(outcome=Outcome.RIGHTS_RESERVED, reason="; ".join(rights.evidence))
    headers = [
        one.removeprefix("robots: ").removesuffix(" (header)")
        for one in rights.evidence
        if _HEADER.match(one)
    ]
    flagged = replace(
        story,
        robots_meta=", ".join([*filter(None, [story.robots_meta]), *headers]) or None,
        tdm_reserved=rights.tdm_reserved,
        tdm_policy=rights.tdm_policy,
        license_url=rights.license_url,
        rights_reserved=rights.reserved,
        rights_evidence=rights.evidence,
    )
    if rights.reserved and setting == "metadata":
        return replace(flagged, body_text="", word_count=0, description=None)
    return flagged


def _say(key: str, value: str | None, where: str) -> list[str]:
    words = " ".join((value or "").split())
    return [f"{key}: {words} ({where})"] if words and len(words) <= LONGEST else []


def _fits(pattern: str, path: str) -> bool:
    """Does a path begin as the pattern says? Without a regular expression: the pattern is a stranger's."""
    *parts, last = pattern.removesuffix("$").split("*")
    if not parts:
        return path == last if pattern.endswith("$") else path.startswith(last)
    if not path.startswith(parts[0]):
        return False
    place = len(parts[0])
    for part in parts[1:]:
        place = path.find(part, place)
        if place < 0:
            return False
        place += len(part)
    if pattern.endswith("$"):
        return path.endswith(last) and len(path) - len(last) >= place
    return path.find(last, place) >= 0

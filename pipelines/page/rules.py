"""Rules of a source: the one that holds for a capture, and what its selectors find. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from pipelines.page.blocks import clean
from pipelines.page.markup import Tree
from pipelines.records import Rule
from pipelines.selectors import compiled


def choose(rules: Iterable[Rule], fetched_at: datetime) -> Rule | None:
    """The rule for a page of that day: the first, oldest first, whose `until` is still to come.

    >>> from datetime import UTC, date
    >>> old, new = Rule(until=date(2026, 3, 1), body="#text"), Rule(body="article")
    >>> choose([old, new], datetime(2026, 2, 28, tzinfo=UTC)).body
    '#text'
    """
    ordered = sorted(rules, key=lambda rule: (rule.until is None, rule.until or fetched_at.date()))
    return next((rule for rule in ordered if rule.until is None or fetched_at.date() < rule.until), None)


def all_of(tree: Tree, selectors: Iterable[str]) -> list[Tree]:
    """All elements that any of the selectors finds."""
    return [
        found
        for selector in selectors
        for found in compiled(selector)(tree)
        if isinstance(found, etree._Element)
    ]


def first(tree: Tree, selector: str | None) -> Tree | None:
    """The element that the selector finds; a new one around them if it finds several."""
    if not selector:
        return None
    found = all_of(tree, [selector])
    if len(found) <= 1:
        return found[0] if found else None
    around: Tree = tree.makeelement("div")
    parent = found[0].getparent()
    if parent is None:
        return found[0]
    parent.insert(parent.index(found[0]), around)
    around.extend(found)
    return around


def text(tree: Tree, selector: str | None) -> str | None:
    """Text, or attribute value, of the first thing that the selector finds."""
    if not selector:
        return None
    for found in compiled(selector)(tree):
        value = (
            found
            if isinstance(found, str)
            else found.get("datetime") or found.get("content") or "".join(found.itertext())
        )
        if cleaned := clean(str(value)):
            return cleaned
    return None

"""JSON-LD: what a page says of itself in `application/ld+json`, however broken. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

LONGEST = 1_500_000
"""Characters of one script; what is longer is a product list or an attack."""

_ARTICLE = re.compile(r"(Article|BlogPosting|Posting|Report|Review|Recipe)$|^(News|LiveBlog)")
_WRAPPERS = (
    "@graph",
    "mainEntity",
    "mainEntityOfPage",
    "itemListElement",
    "hasPart",
    "item",
    "subjectOf",
    "about",
)
_COMMENT_OPEN = re.compile(r"^\s*(?:<!--|/\*\s*<!\[CDATA\[\s*\*/|//\s*<!\[CDATA\[|<!\[CDATA\[)")
_COMMENT_CLOSE = re.compile(r"(?:-->|/\*\s*\]\]>\s*\*/|//\s*\]\]>|\]\]>)\s*$")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_BAD_ESCAPE = re.compile(r"\\(?![\"\\/bfnrtu])")
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))|\\."
)
_UNWRITABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_TAG = re.compile(
    r"<(?:/?(?:p|br|div|a|b|i|em|strong|span|h\d|ul|ol|li|blockquote|img|figure)\b)[^>]*>", re.I
)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1>", re.S | re.I)
_BLOCK_TAG = re.compile(r"</?(?:p|br|div|h\d|ul|ol|li|blockquote|figure)\b[^>]*>", re.I)


def load(script: str) -> Any:
    """The value of one script, mended where publishers break it; None if hopeless.

    >>> load('<!-- {"headline": "Rain", } -->')
    {'headline': 'Rain'}

    Mended: comment and CDATA wrappers, trailing commas, raw line breaks in strings,
    HTML entities for quotes, backslashes that escape nothing, two objects in a row.
    A NUL or half a surrogate pair, which not every file and database can hold, is left out.
    """
    if len(script) > LONGEST:
        return None
    text = _COMMENT_CLOSE.sub("", _COMMENT_OPEN.sub("", script)).strip().rstrip(";")
    if not text:
        return None
    for mend in _MENDS:
        try:
            return json.loads(_writable(mend(text)), strict=False)
        except (ValueError, RecursionError):
            continue
    return _first_value(text)


def article_nodes(scripts: list[str]) -> tuple[list[Node], set[str]]:
    """All nodes that describe an article, and the names of all types on the page."""
    nodes: list[Node] = []
    kinds: set[str] = set()
    for script in scripts:
        for node in _walk(load(script), 0):
            of_node = types(node)
            kinds.update(of_node)
            if any(_ARTICLE.search(kind) for kind in of_node):
                nodes.append(node)
    return nodes, kinds


def main_node(nodes: list[Node]) -> list[Node]:
    """The node of the page's own article first, then those that say more of the same one.

    >>> related, own = {"headline": "B"}, {"headline": "A", "datePublished": "2026-03-05"}
    >>> main_node([related, own])[0]["headline"]
    'A'

    Several articles may be described (related ones too): the fullest one wins.
    """
    if not nodes:
        return []
    wanted = (
        "headline",
        "author",
        "datePublished",
        "articleBody",
        "dateModified",
        "mainEntityOfPage",
        "publisher",
    )
    first = max(
        nodes, key=lambda n: (bool(n.get("headline") or n.get("name")), sum(bool(n.get(k)) for k in wanted))
    )
    same = [n for n in nodes if n is not first and one(n.get("headline")) == one(first.get("headline"))]
    return [first, *same]


def types(node: Node) -> list[str]:
    """Type names of a node, without a vocabulary's address before them."""
    kind = node.get("@type") or []
    return [str(k).rsplit("/", 1)[-1] for k in (kind if isinstance(kind, list) else [kind])]


def pick(nodes: list[Node], *keys: str) -> Any:
    """First value that is not empty, node by node."""
    return next((n[k] for n in nodes for k in keys if n.get(k)), None)


def one(value: Any) -> str | None:
    """A text out of whatever stands for one: text, list, `{"@value"}`, `{"name"}`."""
    if isinstance(value, list):
        return next((found for item in value[:20] if (found := one(item))), None)
    if isinstance(value, dict):
        return one(value.get("@value") or value.get("name") or value.get("url") or value.get("@id"))
    if value is None or isinstance(value, bool):
        return None
    return " ".join(html.unescape(str(value)).split()) or None


def named(value: Any) -> list[tuple[str, str]]:
    """(name, type) of each author or publisher, in order; addresses are no names.

    >>> named([{"@type": "Person", "name": "Ana Ruiz"}, "EFE", "https://x.example/ana"])
    [('Ana Ruiz', 'Person'), ('EFE', '')]
    """
    found: list[tuple[str, str]] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            kind = (types(item) or [""])[0]
            name = item.get("name")
            if not name and (item.get("givenName") or item.get("familyName")):
                name = f"{item.get('givenName') or ''} {item.get('familyName') or ''}"
            found += [(n, kind or k) for n, k in named(name)]
        elif isinstance(item, list):
            found += named(item)
        elif item is not None and (text := one(item)) and not re.match(r"(https?:)?//", text):
            found.append((text, ""))
    return list(dict.fromkeys(found))


def plain_text(value: Any) -> str | None:
    """`articleBody` as lines: some publishers put markup in it, or escape it (twice)."""
    if isinstance(value, list):
        value = "\n".join(str(part) for part in value)
    text = str(value or "")
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
    if _TAG.search(text):
        text = re.sub(r"<[^>]+>", "", _BLOCK_TAG.sub("\n", _HIDDEN.sub("", text)))
    return re.sub(r"\s*\n\s*", "\n", text).strip() or None


def _walk(value: Any, depth: int) -> Iterator[Node]:
    if depth > 8:
        return
    if isinstance(value, list):
        for item in value[:500]:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        for key in _WRAPPERS:
            if isinstance(value.get(key), dict | list):
                yield from _walk(value[key], depth + 1)


def _writable(script: str) -> str:
    r"""JSON without the escapes that stand for no letter.

    >>> _writable(r'"a\u0000b \ud83d\ude00 \ud83d \\u0000"')
    '"ab \\ud83d\\ude00  \\\\u0000"'
    """
    return _ESCAPE.sub(lambda m: "" if m[1] else m[0], script) if _UNWRITABLE.search(script) else script


def _as_is(text: str) -> str:
    return text


def _without_trailing_commas(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", text)


def _without_bad_escapes(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", _BAD_ESCAPE.sub(r"\\\\", text))


_MENDS = (_as_is, _without_trailing_commas, html.unescape, _without_bad_escapes)


def _first_value(text: str) -> Any:
    try:
        return json.JSONDecoder(strict=False).raw_decode(_writable(text))[0]
    except (ValueError, RecursionError):
        return None

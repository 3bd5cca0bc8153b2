"""Markup: the bytes of a page become one tree, whatever the server said of them. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from pipelines.ledger import Outcome, Reject

Tree: TypeAlias = etree._Element

LARGEST = 10_000_000
"""Bytes; of 100,000 news pages hardly one is larger than 5 MB, and that one holds data, not a story."""

_NOT_HTML = (
    b"%PDF",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"RIFF",
    b"OggS",
    b"\x00\x00\x00",
)
_MARKUP = re.compile(rb"<[a-zA-Z!/?]")
_HTML_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "application/octet-stream", "text/xml",
               "application/xml", "application/vnd.wap.xhtml+xml")  # fmt: skip
_CONTROL = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20)])


def decode(body: bytes, content_type: str | None = None) -> str | Reject:
    r"""The text of a page, in the charset that a browser would take.

    >>> decode(b"<p>caf\xe9", "text/html; charset=iso-8859-1")
    '<p>café'
    >>> decode(b"%PDF-1.7")
    Reject(outcome=<Outcome.NOT_HTML: 'not_html'>, reason='not_html')

    In order: byte order mark, HTTP header, `<meta>`, UTF-8, windows-1252. Unlike a
    browser we pass over a charset in which the bytes are not valid, and take UTF-8
    before a declared 8-bit charset if there are multi-byte characters and all are
    valid: that happens by chance on no real page, and servers do lie.
    """
    found = _decoded(body, content_type)
    return found if isinstance(found, Reject) else found[0]


def read(body: bytes, content_type: str | None = None) -> tuple[str, Tree] | Reject:
    """`decode` and `parse` in one; a page in the UTF-8 that the parser wants is not written again for it.

    >>> text, tree = read(b"<title>Rain</title>")
    >>> text, tree.findtext("head/title")
    ('<title>Rain</title>', 'Rain')
    """
    found = _decoded(body, content_type)
    if isinstance(found, Reject):
        return found
    text, is_utf8 = found
    tree = _parsed(body if is_utf8 else text.encode("utf-8", "replace"))
    return tree if isinstance(tree, Reject) else (text, tree)


def _decoded(body: bytes, content_type: str | None) -> tuple[str, bool] | Reject:
    """The text, and whether the bytes are its UTF-8."""
    kind = (content_type or "").split(";")[0].strip().lower()
    if kind and kind not in _HTML_TYPES:
        return Reject(outcome=Outcome.NOT_HTML, reason="not_html")
    if body.startswith(_NOT_HTML):
        bom = read_bom(body)[0]
        if bom is None:
            return Reject(outcome=Outcome.NOT_HTML, reason="not_html")
    if len(body) > LARGEST:
        return Reject(outcome=Outcome.TOO_LARGE, reason="too_large")
    if not body.strip():
        return Reject(outcome=Outcome.REJECTED, reason="empty")
    text, is_utf8 = _text(body, content_type)
    head = text[:2000].encode(
        "utf-8", "replace"
    )  # of random bytes, one in nine is a control character; of a page, hardly any
    if len(head) - len(head.translate(None, _CONTROL)) > len(head) // 20:
        return Reject(outcome=Outcome.BAD_CONTENT, reason="binary")
    if not _MARKUP.search(body) and "<" not in text[:100_000]:
        return Reject(outcome=Outcome.NOT_HTML, reason="no_markup")
    return text, is_utf8


def parse(text: str) -> Tree | Reject:
    """One tree for all readers: no comments, no processing instructions, no control characters.

    A page that lxml cannot make a tree of is rejected; libxml2 itself cuts nesting
    off at 2,048 levels.
    """
    return _parsed(text.encode("utf-8", "replace"))


def _parsed(page: bytes) -> Tree | Reject:
    # Not lxml.html's parser: its elements are made by Python code, one by one, which costs more than parsing.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        tree = etree.fromstring(page.translate(None, _CONTROL), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        return Reject(outcome=Outcome.BAD_CONTENT, reason="unreadable_markup")
    if tree is None or tree.tag != "html":
        return Reject(outcome=Outcome.BAD_CONTENT, reason="unreadable_markup")
    return tree


def _text(body: bytes, content_type: str | None) -> tuple[str, bool]:
    charset_of_bom, bom = read_bom(body)
    if charset_of_bom is not None and bom is not None:
        return body[len(bom) :].decode(charset_of_bom, "replace"), False
    declared = list(_declared(body, content_type))
    tried = declared if body.isascii() or any(map(_stateful, declared)) else ["utf-8", *declared]
    for charset in (*tried, "utf-8"):
        try:
            return body.decode(charset), charset == "utf-8"
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode(declared[-1] if declared else "cp1252", "replace"), False


def _declared(body: bytes, content_type: str | None) -> Iterator[str]:
    for charset in (http_content_type_encoding(content_type), html_body_declared_encoding(body)):
        if charset and _decodable(charset):
            yield charset


def _stateful(charset: str) -> bool:
    """Charsets whose bytes may be valid UTF-8 (ASCII) and yet mean something else."""
    return charset.lower().replace("_", "-") in (
        "iso-2022-jp",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-7",
        "hz",
    )


def _decodable(charset: str) -> bool:
    try:
        return codecs.lookup(charset)._is_text_encoding
    except LookupError:
        return False

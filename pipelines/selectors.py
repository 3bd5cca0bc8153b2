"""Compile the selectors of a source's rules: CSS, or XPath where one begins like a path."""

from __future__ import annotations

from functools import lru_cache

from cssselect import HTMLTranslator, SelectorError
from lxml import etree

from pipelines.errors import SourceError


@lru_cache(maxsize=256)
def compiled(selector: str) -> etree.XPath:
    """The selector, ready for use; SourceError if it is neither CSS nor XPath.

    >>> compiled("article p:not(.promo)").path[:24]
    'descendant-or-self::arti'
    """
    try:
        path = selector if selector.startswith(("/", "./", "(")) else HTMLTranslator().css_to_xpath(selector)
        return etree.XPath(path)
    except (SelectorError, etree.XPathSyntaxError) as error:
        raise SourceError(f"rules: {selector!r} is neither CSS nor XPath: {error}") from error

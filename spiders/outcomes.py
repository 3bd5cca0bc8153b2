"""From what Scrapy reports to the outcomes of the ledger. Pure."""

from __future__ import annotations

import zlib

import brotli
from OpenSSL import SSL
from scrapy import Request
from scrapy import exceptions as scrapy
from twisted.internet import error as twisted

from pipelines.ledger import Outcome, outcome_of_status
from spiders.guards import AddressBlocked, TooLarge
from spiders.rests import HostRests
from spiders.rights import RightsReserved
from spiders.robots import RobotsUnavailable

_TYPES: list[tuple[type[BaseException] | tuple[type[BaseException], ...], Outcome]] = [
    (AddressBlocked, Outcome.ADDRESS_BLOCKED),
    (TooLarge, Outcome.TOO_LARGE),
    (HostRests, Outcome.OVER_BUDGET),
    (RightsReserved, Outcome.RIGHTS_RESERVED),
    (RobotsUnavailable, Outcome.HTTP_ERROR),
    ((scrapy.DownloadTimeoutError, twisted.TimeoutError, TimeoutError), Outcome.TIMEOUT),
    ((scrapy.CannotResolveHostError, twisted.DNSLookupError), Outcome.DNS_ERROR),
    (scrapy.DownloadCancelledError, Outcome.TOO_LARGE),  # Scrapy cancels for size only
    (SSL.Error, Outcome.TLS_ERROR),
    (scrapy.UnsupportedURLSchemeError, Outcome.ADDRESS_BLOCKED),
]

_WORDS = [
    (scrapy.IgnoreRequest, "Forbidden by robots.txt", Outcome.ROBOTS_DENIED),
    (scrapy.IgnoreRequest, "DOWNLOAD_MAXSIZE", Outcome.TOO_LARGE),
    (scrapy.IgnoreRequest, "max redirections reached", Outcome.HTTP_ERROR),
    (scrapy.DownloadFailedError, "OpenSSL", Outcome.TLS_ERROR),
    (scrapy.DownloadFailedError, "service_identity", Outcome.TLS_ERROR),
]
"""Where Scrapy has one type for several troubles, only its words tell; a URL may be among them."""

OURS = (AttributeError, TypeError, NameError, LookupError, AssertionError)
"""Faults of this program, not of the server: never an outcome."""

CONDITIONS = ("If-None-Match", "If-Modified-Since")
"""Headers with which a 304 is asked for."""

_DECODING = (EOFError, ValueError, OSError, zlib.error, brotli.error)
"""What Scrapy's decompression raises over a broken body."""


def of_exception(error: BaseException) -> tuple[Outcome, str]:
    """Outcome and reason of a request that brought no usable answer.

    Raises the error again if it is a fault of ours: the run must be red then.
    """
    if isinstance(error, OURS):
        raise error
    text = " ".join(str(error).split())[:300]
    reason = text or type(error).__name__
    if isinstance(error, scrapy.DownloadCancelledError):  # while it is received; then without words
        reason = "more than DOWNLOAD_MAXSIZE bytes"
    for kind, words, outcome in _WORDS:
        if isinstance(error, kind) and words in text:
            return outcome, reason
    for types, outcome in _TYPES:
        if isinstance(error, types):
            return outcome, reason
    if isinstance(error, _DECODING) and not isinstance(error, ConnectionError):
        return Outcome.BAD_CONTENT, f"cannot be decompressed: {reason}"
    return Outcome.CONNECTION_ERROR, reason


def of_answer(status: int, request: Request | None) -> tuple[str, str | None]:
    """Outcome and reason of an answer; one that nothing has changed must have been asked for that.

    Broken caches say 304 to everybody: taken for `unchanged`, such a page would never be read.
    """
    asked = request is not None and any(name in request.headers for name in CONDITIONS)
    if status == 304 and not asked:
        return str(Outcome.HTTP_ERROR), "304, though we had nothing that could be unchanged"
    return of_response(status)


def of_response(status: int) -> tuple[str, str | None]:
    """Outcome and reason of an answer by its HTTP status, for the fetch log.

    >>> of_response(200), of_response(304), of_response(301)
    (('ok', None), ('unchanged', None), ('redirect', None))
    >>> of_response(410)
    ('gone', '410')
    """
    if status in (301, 302, 303, 307, 308):
        return "redirect", None
    outcome = outcome_of_status(status)
    if outcome is None:
        return "ok", None
    return str(outcome), None if outcome is Outcome.UNCHANGED else str(status)

"""One connection: to a public address alone, with headers that end, at a bearable rate.

Scrapy's handler bounds the body and the whole time. What it leaves to the server is
bounded here, in the protocol itself, so that nothing is kept of what is too much:

- the peer's address is judged as soon as there is a connection, whoever resolved it;
- headers (all lines until the body, interim 1xx answers too) have MOST_HEADER_BYTES;
- an answer that has begun must bring SLOWEST bytes a second, or it is given up.

A host that asked to be left alone is not asked again from a queue: see `spiders.rests`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, ResponseFailed
from twisted.web.http import _DataLoss

from spiders import guards
from spiders.guards import AddressBlocked, TooLarge
from spiders.rests import hold

MOST_HEADER_BYTES = 128 * 1024
"""Real answers have a few thousand."""

SLOWEST = 100
"""Bytes a second, over the window that the setting `DOWNLOAD_RATE_WINDOW` gives."""


class TooSlow(DownloadTimeoutError):
    """An answer has begun and hardly goes on."""


OURS = (AddressBlocked, TooLarge, TooSlow)


class BoundedParser(_LenientHTTPClientParser):
    """Read an answer whose headers have an end."""

    head = 0

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        self.head += len(line) + 1
        if self.head > MOST_HEADER_BYTES:
            raise TooLarge(f"headers of more than {MOST_HEADER_BYTES} bytes")
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        raise TooLarge(f"a header of more than {self.MAX_LENGTH} bytes")

    def statusReceived(self, status: bytes) -> None:  # noqa: N802
        super().statusReceived(status)  # type: ignore[no-untyped-call]
        if not 100 <= self.response.code <= 999:
            raise ParseError("no HTTP status", status)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: N802
        """Without this, a body that ends with its connection would pass for whole when we cut it off."""
        # Twisted calls this at the end of every answer too, then with an exception instead of a Failure.
        if isinstance(getattr(reason, "value", None), OURS) and self.bodyDecoder is not None:
            lost = [reason, _failure(_DataLoss("given up"))]
            self.response._bodyDataFinished(_failure(ResponseFailed(lost, self.response)))  # type: ignore[no-untyped-call]
        else:
            super().connectionLost(reason)


class BoundedProtocol(_LenientHTTP11ClientProtocol):
    """Speak HTTP with a server that may stop listening to us, but not keep us waiting."""

    def __init__(self, quiescent: Any, window: float) -> None:
        super().__init__(quiescent)  # type: ignore[no-untyped-call]
        self._window = window
        self._received = 0
        self._watch: Any = None

    def request(self, request: Any) -> Any:
        self._rest()
        answer = super().request(request)
        if self._parser is not None:
            self._parser.__class__ = BoundedParser
        return answer

    def dataReceived(self, bytes: bytes) -> None:  # noqa: A002, N802  Twisted's name
        self._received += len(bytes)
        if self._watch is None:
            self._watch = _call_later(self._window, self._judge_rate)
        super().dataReceived(bytes)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self._rest()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def _judge_rate(self) -> None:
        self._watch = None
        if self._state == "QUIESCENT":
            return
        if self._received < SLOWEST * self._window:
            slow = TooSlow(f"{self._received} bytes in {self._window:g} seconds, and no end")
            self._giveUp(_failure(slow))
            return
        self._received = 0
        self._watch = _call_later(self._window, self._judge_rate)

    def _rest(self) -> None:
        self._received = 0
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _giveUp(self, reason: Failure) -> None:  # noqa: N802
        """Twisted waits for the other side to let go; one that floods us never will."""
        if isinstance(reason.value, (*OURS, ParseError, ValueError, LookupError)):
            self.transport.abortConnection()  # type: ignore[union-attr]  # there is one, or nothing came
            self._disconnectParser(reason)  # type: ignore[no-untyped-call]
        else:
            super()._giveUp(reason)  # type: ignore[no-untyped-call]


class BoundedFactory(_LenientHTTP11ClientFactory):
    """Make protocols, for public addresses."""

    def __init__(self, *args: Any, window: float) -> None:
        super().__init__(*args)  # type: ignore[no-untyped-call]
        self._window = window

    def buildProtocol(self, addr: Any) -> BoundedProtocol:  # noqa: N802
        guards.judge_peer(addr.host)
        return BoundedProtocol(self._quiescentCallback, self._window)


class GuardedHandler(HTTP11DownloadHandler):
    """Scrapy's download handler, over the connections above."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        window = crawler.settings.getfloat("DOWNLOAD_RATE_WINDOW")
        self._pool._factory = partial(BoundedFactory, window=window)  # type: ignore[assignment]

    async def download_request(self, request: Request) -> Response:
        rests = getattr(self._crawler.spider, "rests", None)
        if rests is not None:
            rests.refuse(request.url)
        host = urlparse_cached(request).hostname or ""
        try:
            response = await super().download_request(request)
        except CannotResolveHostError as error:
            if host in guards.REFUSED:
                raise AddressBlocked(guards.REFUSED[host]) from error
            raise
        except (DownloadFailedError, ResponseDataLossError) as error:
            raise _cause(error) from error.__cause__
        except ValueError as error:
            if "invalid hostname" in str(error):
                raise CannotResolveHostError(str(error)) from error
            raise
        if rests is not None:
            rests.heed(request, response)
            hold(self._crawler, request)
        return response


def _cause(error: Exception) -> Exception:
    """The error behind one that Twisted wrapped: ours as it is, another in words."""
    reasons = [reason.value for reason in getattr(error.__cause__, "reasons", ())]
    for reason in reasons:
        if isinstance(reason, OURS):
            return reason
    said = "; ".join(f"{type(reason).__module__}.{type(reason).__name__}: {reason}" for reason in reasons)
    return type(error)(said) if said else error


def _call_later(seconds: float, call: Any) -> Any:
    from twisted.internet import reactor

    clock: Any = reactor
    return clock.callLater(seconds, call)


def _failure(error: Exception) -> Failure:
    return Failure(error)  # type: ignore[no-untyped-call]

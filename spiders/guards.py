"""No requests into private networks, whatever a feed, a redirect or a DNS answer says.

Three times, each for what the one before cannot see: a literal address before the
request; a resolved one by the resolver itself, so that a second look-up cannot give
another; and, once connected, the peer's own (`spiders.connection`), however we came
there. Hosts in a source's `private_hosts` are let through: the demo wire and intranets.
Names are resolved to IPv4 alone, so no second address family races the first.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

TRUSTED: set[str] = set()
"""Hosts that may be private, in this process; set once by the spider."""

TRUSTED_ADDRESSES: set[str] = set()
"""Where TRUSTED hosts were found to be."""

REFUSED: dict[str, str] = {}
"""Names found at an address that is not public, and why: Twisted loses a resolver's words."""

MOST_ENCODINGS = 2
"""Content-Encodings on one body; more are a bomb in a bomb."""

METADATA = frozenset({"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"})
"""Addresses at which clouds hand out credentials."""


LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
"""NAT64 of one's own network (RFC 8215): whatever IPv4 address it makes of it."""

WRAPPING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""IPv6 addresses that are an IPv4 address in other words: NAT64, compatible, translated."""


class AddressBlocked(IgnoreRequest):
    """The address is not on the public internet; the message names it."""


class TooLarge(IgnoreRequest):
    """Headers without end, or a body packed too often to be unpacked."""


def is_public(address: str) -> bool:
    """Is this IP address one of the public internet?

    >>> is_public("93.184.216.34"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and any(ip in net for net in WRAPPING):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local or ip in LOCAL:
            return False
    return ip.is_global and not ip.is_multicast and address not in METADATA


def literal_address(host: str) -> str | None:
    """The IP address a host name *is*, in any form that a resolver takes for one.

    >>> literal_address("2130706433"), literal_address("0x7f.1"), literal_address("wire.example")
    ('127.0.0.1', '127.0.0.1', None)
    """
    host = host.strip("[]").rstrip(".")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:  # decimal, octal, hexadecimal and shortened forms
        return socket.inet_ntoa(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


def judge(address: str, name: str) -> str:
    """The address that a name was found at; AddressBlocked if nobody may go there."""
    if name in TRUSTED:
        TRUSTED_ADDRESSES.add(address)
    elif not is_public(address):
        raise AddressBlocked(f"{name} is at {address}, which is not a public address")
    return address


def judge_peer(address: str) -> None:
    """AddressBlocked if a connection came to an address where it must not be."""
    if address not in TRUSTED_ADDRESSES and not is_public(address):
        raise AddressBlocked(f"connected to {address}, which is not a public address")


class AddressGuard:
    """Downloader middleware: refuse literal private addresses and strange URLs."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AddressGuard:
        return cls()

    def process_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https"):
            raise AddressBlocked(f"{parts.scheme}: is not fetched")
        if "@" in parts.netloc:
            raise AddressBlocked("a URL with a user name in it is not fetched")
        address = literal_address(host)
        if address is not None and host not in TRUSTED and not is_public(address):
            raise AddressBlocked(f"{address} is not a public address")


class PackingGuard:
    """Downloader middleware, below decompression: no body that is packed over and over."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PackingGuard:
        return cls()

    def process_response(self, request: Request, response: Response) -> Response:
        stated = b",".join(response.headers.getlist("Content-Encoding"))
        if stated.count(b",") >= MOST_ENCODINGS:
            raise TooLarge(f"packed {stated.count(b',') + 1} times, {MOST_ENCODINGS} are taken off")
        return response


class PublicResolver(CachingThreadedResolver):
    """Resolve as Scrapy does, but never to an address that is not public."""

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802
        found: Deferred[str] = super().getHostByName(name, timeout)
        return found.addCallback(self._judge, name)

    @staticmethod
    def _judge(address: str, name: str) -> str:
        try:
            return judge(address, name)
        except AddressBlocked as error:
            REFUSED[name] = str(error)
            raise DNSLookupError(str(error)) from error

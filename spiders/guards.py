"""No requests into private networks, whatever a feed, a redirect or a DNS answer says.

Judged is the address that the connection goes to: a literal one before the request,
a resolved one by the resolver itself, so that a second look-up cannot give another.
Hosts in a source's `private_hosts` are let through: the demo wire and intranets.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

TRUSTED: set[str] = set()
"""Hosts that may be private, in this process; set once by the spider."""

BLOCKED = "address_blocked"
"""Stands in the error of a name that resolves to a private address; Scrapy keeps only the words."""

METADATA = frozenset({"169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"})
"""Addresses at which clouds hand out credentials."""


WRAPPING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""IPv6 addresses that are an IPv4 address in other words: NAT64, compatible, translated."""


class AddressBlocked(IgnoreRequest):
    """The address is not on the public internet; the message names it."""


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
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and address not in METADATA


def literal_address(host: str) -> str | None:
    """The IP address a host name *is*, in any form that a resolver takes for one.

    >>> literal_address("2130706433"), literal_address("0x7f.1"), literal_address("wire.example")
    ('127.0.0.1', '127.0.0.1', None)
    """
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:  # decimal, octal, hexadecimal and shortened forms
        return socket.inet_ntoa(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


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


class PublicResolver(CachingThreadedResolver):
    """Resolve as Scrapy does, but never to an address that is not public."""

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802
        found: Deferred[str] = super().getHostByName(name, timeout)
        return found.addCallback(self._judge, name)

    @staticmethod
    def _judge(address: str, name: str) -> str:
        if name not in TRUSTED and not is_public(address):
            raise DNSLookupError(f"{BLOCKED}: {name} is at {address}, which is not a public address")
        return address

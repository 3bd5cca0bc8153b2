"""Can a feed or a page make us connect into a private network?"""

import pytest
from scrapy import Request
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import DNSLookupError

from spiders import guards
from spiders.connection import BoundedFactory
from spiders.guards import AddressBlocked, AddressGuard, PublicResolver

BLOCKED = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://10.0.0.1/",
    "http://172.16.5.4/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://224.0.0.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://127.0.0.1./",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/latest/meta-data/",
    "http://user@wire.example/",
    "ftp://wire.example/",
]


@pytest.fixture(autouse=True)
def nobody_trusted(monkeypatch):
    monkeypatch.setattr(guards, "TRUSTED", set())
    monkeypatch.setattr(guards, "TRUSTED_ADDRESSES", set())
    monkeypatch.setattr(guards, "REFUSED", {})


@pytest.mark.parametrize("url", BLOCKED)
def test_is_refused(url):
    with pytest.raises(AddressBlocked):
        AddressGuard().process_request(Request(url))


@pytest.mark.parametrize(
    "url", ["http://93.184.216.34/", "https://wire.example/", "http://[2606:4700::1111]/"]
)
def test_is_let_through(url):
    assert AddressGuard().process_request(Request(url)) is None


def test_a_trusted_host_may_be_private_and_no_other():
    guards.TRUSTED.add("127.0.0.1")
    assert AddressGuard().process_request(Request("http://127.0.0.1:8701/")) is None
    with pytest.raises(AddressBlocked):
        AddressGuard().process_request(Request("http://127.0.0.2/"))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254"])
def test_a_name_that_resolves_to_a_private_address_does_not_resolve(address):
    with pytest.raises(DNSLookupError, match=f"wire.example is at {address}"):
        PublicResolver._judge(address, "wire.example")


def test_a_public_name_resolves():
    assert PublicResolver._judge("93.184.216.34", "wire.example") == "93.184.216.34"


def test_where_a_trusted_name_is_a_connection_may_go_and_nowhere_else():
    guards.TRUSTED.add("wire.example")
    assert PublicResolver._judge("10.0.0.9", "wire.example") == "10.0.0.9"
    guards.judge_peer("10.0.0.9")
    with pytest.raises(AddressBlocked, match=r"connected to 10\.0\.0\.8"):
        guards.judge_peer("10.0.0.8")


def test_a_connection_that_came_to_a_private_address_is_never_spoken_on():
    factory = BoundedFactory(lambda protocol: None, None, window=10)
    with pytest.raises(AddressBlocked):
        factory.buildProtocol(IPv4Address("TCP", "192.168.7.7", 80))
    with pytest.raises(AddressBlocked):
        factory.buildProtocol(IPv6Address("TCP", "::1", 80))
    assert factory.buildProtocol(IPv4Address("TCP", "93.184.216.34", 80)) is not None

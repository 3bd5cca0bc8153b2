"""Does a crawl end well whatever servers do to it? Each misbehaviour in its outcome, and nothing lost.

All in one crawl: after each misbehaviour stands a good story, which must be read too.
"""

from __future__ import annotations

import ssl
from contextlib import ExitStack

import pytest
from certificates import DAY, Authority
from crawling import crawl, hurried, log_of
from hostile import (
    MEGABYTES_24,
    REACHED_BY_REDIRECT,
    Hostile,
    floods,
    head,
    misbehaviours,
    moves,
    says,
    says_and_waits,
    serving,
    slug,
    whole,
)
from website import declare, rss

from pipelines import steps
from pipelines.ledger import LedgerLine
from pipelines.store import batches, staging

MOST_MEMORY = 400 * 2**20
"""Bytes of the crawl's process: several bodies of the largest size, packed and unpacked, and the program itself."""

DOCTYPE = '<?xml version="1.0"?><!DOCTYPE rss [{}]><rss version="2.0"><channel>{}</channel></rss>'
ITEM = "<item><title>{}</title><link>{}</link></item>"


def laughs(levels: int = 9) -> str:
    entities = "".join(
        f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' if n else '<!ENTITY l1 "ha">' for n in range(levels)
    )
    return DOCTYPE.format(entities, ITEM.format(f"&l{levels};", "http://127.0.0.1/laughs"))


def hostile_channels(base: str) -> dict[str, tuple[object, str]]:
    """What a feed does, and how it ends; `ok`: it is read, and nothing came of its tricks."""
    xml = "application/rss+xml"
    inside = ITEM.format("&x;", f"{base}/good/inside?&x;")
    return {
        "is a bomb": (says(whole(_gz(MEGABYTES_24), "Content-Encoding: gzip", kind=xml)), "too_large"),
        "never ends": (floods(head(kind=xml), b"<rss>" + bytes(2**16)), "too_large"),
        "never begins": (says_and_waits(b""), "timeout"),
        "redirects in circles": (moves("/bad/feed-redirects-in-circles"), "http_error"),
        "redirects to the metadata": (moves("http://169.254.169.254/"), "address_blocked"),
        "redirects to a file": (moves("file:///etc/passwd"), "http_error"),
        "is a web page": (says(whole(b"<!doctype html><title>Sign in</title>")), "bad_content"),
        "is nothing": (says(whole(b"", kind=xml)), "bad_content"),
        "is nested JSON": (says(whole(b'{"items":' + b"[" * 200_000, kind="application/json")), "bad_content"),
        "reads our files": (
            says(whole(DOCTYPE.format('<!ENTITY x SYSTEM "file:///etc/hostname">', inside).encode(), kind=xml)),
            "ok",
        ),
        "reads the network": (
            says(whole(DOCTYPE.format(f'<!ENTITY x SYSTEM "{base}/dtd">', inside).encode(), kind=xml)),
            "ok",
        ),
        "has an outer DTD": (
            says(whole(f'<!DOCTYPE rss SYSTEM "{base}/dtd"><rss version="2.0"><channel/></rss>'.encode(), kind=xml)),
            "ok",
        ),
        "laughs a billion times": (says(whole(laughs().encode(), kind=xml)), "ok"),
        "names files as stories": (
            says(whole(rss("", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x")[2], kind=xml)),
            "ok",
        ),
        "is an index of itself": (
            says(whole(f"<sitemapindex><sitemap><loc>{base}/bad/feed-is-an-index-of-itself</loc></sitemap>"
                       "</sitemapindex>".encode(), kind="text/xml")),
            "ok",
        ),
        "is a sitemap with entities": (
            says(whole(f'<!DOCTYPE urlset [<!ENTITY x SYSTEM "{base}/dtd">]><urlset><url><loc>{base}/good/sm&x;'
                       "</loc></url></urlset>".encode(), kind="text/xml")),
            "ok",
        ),
    }  # fmt: skip


def _gz(body: bytes) -> bytes:
    import gzip

    return gzip.compress(body, 9)


def tls_servers(stack: ExitStack, good: Authority, bad: Authority) -> dict[str, tuple[Hostile, str]]:
    """HTTPS servers, and how a story of theirs ends."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts = {
        "good": (good.server(), "new"),
        "expired": (good.server(since=-9 * DAY, until=-DAY), "tls_error"),
        "not yet valid": (good.server(since=DAY / 2), "tls_error"),
        "of another host": (good.server(address=None), "tls_error"),
        "of another address": (good.server(address="127.0.0.3"), "tls_error"),
        "of nobody we trust": (bad.server(), "tls_error"),
        "without a certificate": (old, "connection_error"),
        "not TLS at all": (None, "tls_error"),
    }
    servers = {
        name: (stack.enter_context(serving(context)), end) for name, (context, end) in contexts.items()
    }
    servers["not TLS at all"][0].greeting = b"HTTP/1.1 400 This is plain HTTP\r\n\r\n"
    return servers


@pytest.fixture(scope="module")
def hostile():
    with serving() as site:
        yield site


def test_each_misbehaviour_ends_in_its_outcome_and_the_crawl_goes_on(home, tmp_path, hostile, monkeypatch):
    hurried(
        monkeypatch,
        DOWNLOAD_TIMEOUT=8,
        DOWNLOAD_RATE_WINDOW=2,
        RETRY_TIMES=0,
        CONCURRENT_REQUESTS=16,
        CONCURRENT_REQUESTS_PER_DOMAIN=16,
        AUTOTHROTTLE_ENABLED=False,
    )
    deeds = misbehaviours(hostile.port)
    feeds = hostile_channels(hostile.base)
    good, bad = Authority(tmp_path), Authority(tmp_path, "Another")
    monkeypatch.setenv("SSL_CERT_FILE", str(good.file))
    with ExitStack() as stack:
        servers = tls_servers(stack, good, bad)
        hostile.deeds |= {f"/bad/{slug(name)}": deed for name, (deed, _) in deeds.items()}
        hostile.deeds |= {f"/bad/feed-{slug(name)}": deed for name, (deed, _) in feeds.items()}
        hostile.deeds |= {f"/hop/{n}": moves(f"/hop/{n + 1}") for n in range(12)}
        paths = [f"{hostile.base}{p}/{slug(name)}" for name in deeds for p in ("/bad", "/good")]
        secure = [f"https://127.0.0.1:{site.port}/good/tls-{slug(n)}" for n, (site, _) in servers.items()]
        links = [f"{hostile.base}/good/known", *paths, *secure]
        hostile.deeds["/rss"] = says(whole(rss("", *links)[2], kind="application/rss+xml"))
        channels = [f"{hostile.base}/rss", *(f"{hostile.base}/bad/feed-{slug(name)}" for name in feeds)]
        declare(
            home,
            "wire",
            hostile.base,
            feeds=str(channels),
            hosts=str(list(REACHED_BY_REDIRECT)),
            budget="1000",
        )
        crawled = crawl()
        assert crawled.run.finish_reason == "finished"
        steps.extract(crawled.batch)

    folder = steps.places().data / crawled.batch
    ledger = {line.url: line for line in staging.read(folder / batches.LEDGER, LedgerLine)}
    wanted = {f"{hostile.base}/bad/{slug(name)}": end for name, (_, end) in deeds.items()}
    wanted |= {f"{hostile.base}/good/{slug(name)}": "new" for name in (*deeds, "known")}
    wanted |= {url: end for url, (_, end) in zip(secure, servers.values(), strict=True)}
    found = {url: ledger[url].outcome.value if url in ledger else None for url in wanted}
    assert {u: (f, ledger.get(u) and ledger[u].reason) for u, f in found.items() if f != wanted[u]} == {}
    assert len(deeds) + len(feeds) + len(servers) >= 60

    said = {line["url"]: line.get("outcome") or "ok" for line in log_of(crawled, "channel")}
    ends = {name: said[f"{hostile.base}/bad/feed-{slug(name)}"] for name in feeds}
    assert {n: e for n, e in ends.items() if e != feeds[n][1]} == {}
    assert "/dtd" not in hostile.asked
    assert not any("passwd" in url or "hostname" in url for url in ledger)
    assert len(ledger) == crawled.run.leads
    assert [f for f in steps.check(crawled.batch) if f.check == "ledger_balances"] == []
    print("peak of the crawl's process:", crawled.stats["wirehouse/peak_bytes"] // 2**20, "MiB")
    assert crawled.stats["wirehouse/peak_bytes"] < MOST_MEMORY

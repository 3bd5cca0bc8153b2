"""A server that misbehaves in every way we know of, over real HTTP and TLS on loopback.

Each misbehaviour has a name, the function that does it, and the outcome in which a lead to
it must end. `serving()` starts one server; `/bad/<name>` does it, `/good/<name>` is a story.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import brotli

try:
    from compression import zstd
except ImportError:
    from backports import zstd

Writer = asyncio.StreamWriter
Deed = Callable[[Writer], Awaitable[None]]

MEGABYTES_24 = bytes(24 * 2**20)
"""More than a body may have."""

WORDS = "It rained on the harbour all day long and nobody in the town of {} was surprised by any of it"


def page(name: str) -> bytes:
    paragraphs = "".join(f"<p>{WORDS.format(name)}, said number {n}.</p>" for n in range(5))
    return (
        f'<!doctype html><html lang="en"><head><title>Story {name}</title>'
        f'<meta property="article:published_time" content="2026-03-05T12:00:00Z"></head>'
        f"<body><article><h1>Story {name}</h1>{paragraphs}</article></body></html>"
    ).encode()


def head(*lines: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Type: {kind}", *lines, "", ""]).encode("latin-1")


def whole(body: bytes, *lines: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8") -> bytes:
    return head(*lines, f"Content-Length: {len(body)}", status=status, kind=kind) + body


def says(data: bytes) -> Deed:
    """Say this, and close."""

    async def deed(out: Writer) -> None:
        out.write(data)
        await out.drain()

    return deed


def says_and_waits(data: bytes) -> Deed:
    async def deed(out: Writer) -> None:
        out.write(data)
        await out.drain()
        await asyncio.sleep(60)  # the client hangs up, or the server is stopped

    return deed


def floods(start: bytes, again: bytes) -> Deed:
    """Say `again` until the client hangs up."""

    async def deed(out: Writer) -> None:
        out.write(start)
        while True:
            out.write(again)
            await out.drain()

    return deed


def dribbles(start: bytes, again: bytes) -> Deed:
    """The same, five times a second."""

    async def deed(out: Writer) -> None:
        out.write(start)
        while True:
            out.write(again)
            await out.drain()
            await asyncio.sleep(0.2)

    return deed


def resets(data: bytes) -> Deed:
    async def deed(out: Writer) -> None:
        out.write(data)
        await out.drain()
        sock = out.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        out.transport.abort()

    return deed


def moves(to: str) -> Deed:
    return says(whole(b"", f"Location: {to}", status="302 Found"))


def packed(body: bytes, how: str) -> Deed:
    return says(whole(body, f"Content-Encoding: {how}"))


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(body) + packer.flush()


@dataclass
class Hostile:
    """A running server; `deeds` may be added to while it runs."""

    port: int = 0
    deeds: dict[str, Deed] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    greeting: bytes = b""
    """Said before anything is asked."""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, out: Writer) -> None:
        try:
            if self.greeting:
                out.write(self.greeting)
                return
            while line := await reader.readline():
                path = line.split(b" ")[1].decode("latin-1")
                while (await reader.readline()).strip():
                    pass
                self.asked.append(path)
                if path.startswith("/good/"):
                    out.write(whole(page(path[6:])))
                    await out.drain()
                    continue
                deed = self.deeds.get(path, says(whole(b"not here", status="404 Not Found")))
                await deed(out)
                return
        except (ConnectionError, asyncio.IncompleteReadError, IndexError, ValueError):
            pass
        finally:
            with contextlib.suppress(Exception):
                out.close()


@contextmanager
def serving(tls: object = None) -> Iterator[Hostile]:
    """A server on a free port of 127.0.0.1, with its event loop in a thread."""
    site, loop, started = Hostile(), asyncio.new_event_loop(), threading.Event()

    async def main() -> None:
        server = await asyncio.start_server(site.answer, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
        site.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()

    stop = asyncio.Event()
    loop.set_exception_handler(lambda *_: None)  # clients of these servers hang up in the middle
    thread = threading.Thread(target=lambda: (loop.run_until_complete(main()), _end(loop)), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()


CHUNKED = head("Transfer-Encoding: chunked")
BOMB = gzip.compress(MEGABYTES_24, 9)


def misbehaviours(port: int) -> dict[str, tuple[Deed, str]]:
    """What the server of this port does at `/bad/<name>`, and how a lead to it ends."""
    return {
        # The connection
        "closes at once": (says(b""), "connection_error"),
        "resets at once": (resets(b""), "connection_error"),
        "resets within the body": (resets(head("Content-Length: 9999") + page("x")), "connection_error"),
        "ends before its Content-Length": (
            says(head("Content-Length: 9999") + page("x")),
            "connection_error",
        ),
        "ends within a chunk": (says(CHUNKED + b"fff\r\n<p>"), "connection_error"),
        "ends before the last chunk": (says(CHUNKED + b"3\r\n<p>\r\n"), "connection_error"),
        "never answers": (says_and_waits(b""), "timeout"),
        "stops in the status line": (says_and_waits(b"HTTP/1."), "timeout"),
        "stops in the headers": (says_and_waits(b"HTTP/1.1 200 OK\r\nContent-Ty"), "timeout"),
        "stops in the body": (says_and_waits(head("Content-Length: 99") + b"<p>"), "timeout"),
        "stops in a chunk": (says_and_waits(CHUNKED + b"fff\r\n<p>"), "timeout"),
        "dribbles headers": (dribbles(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "timeout"),
        "dribbles a body": (dribbles(head("Content-Length: 9999"), b"<p>"), "timeout"),
        "dribbles a body without a length": (dribbles(head(), b"<p>"), "timeout"),
        "dribbles chunks": (dribbles(CHUNKED, b"1\r\nx\r\n"), "timeout"),
        "is not quite too slow for ever": (
            dribbles(head(), b"<p>It goes on and on and on.</p>" * 4),
            "timeout",
        ),
        # The status line
        "answers garbage": (says(bytes(range(256)) * 9), "connection_error"),
        "answers without headers": (says(b"<html>HTTP/0.9"), "connection_error"),
        "speaks another protocol": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), "connection_error"),
        "has a word for a status": (says(b"HTTP/1.1 fine OK\r\n\r\n"), "connection_error"),
        "has a status of twenty digits": (
            says(b"HTTP/1.1 99999999999999999999 OK\r\n\r\n"),
            "connection_error",
        ),
        "has a negative status": (says(b"HTTP/1.1 -200 OK\r\n\r\n"), "connection_error"),
        "has status zero": (says(b"HTTP/1.1 000 OK\r\n\r\n"), "connection_error"),
        "has status 999": (says(whole(b"", status="999 No")), "http_error"),
        "has no version": (says(b"HTTP 200 OK\r\n\r\n"), "connection_error"),
        "has a long status line": (floods(b"HTTP/1.1 200 ", b"O" * 4096), "too_large"),
        # The headers
        "sends headers without end": (floods(b"HTTP/1.1 200 OK\r\n", b"X-Flood: yes\r\n" * 99), "too_large"),
        "sends thousands of headers": (says(head(*(f"X-{n}: {n}" for n in range(20_000)))), "too_large"),
        "sends a header line without end": (floods(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 4096), "too_large"),
        "sends a header folded without end": (
            floods(b"HTTP/1.1 200 OK\r\nX: y\r\n", b" y\r\n" * 99),
            "too_large",
        ),
        "says Continue without end": (floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99), "too_large"),
        "begins with a folded header": (says(b"HTTP/1.1 200 OK\r\n folded\r\n\r\n"), "connection_error"),
        "has two Content-Lengths": (
            says(head("Content-Length: 3", "Content-Length: 5") + b"<p>"),
            "connection_error",
        ),
        "has a negative Content-Length": (says(head("Content-Length: -3") + b"<p>"), "connection_error"),
        "has a word for a Content-Length": (says(head("Content-Length: all") + b"<p>"), "connection_error"),
        "has an unknown Transfer-Encoding": (
            says(head("Transfer-Encoding: zip") + b"<p>"),
            "connection_error",
        ),
        "has a word for a chunk size": (says(CHUNKED + b"many\r\n<p>\r\n"), "connection_error"),
        "has a chunk size without end": (floods(CHUNKED, b"0" * 4096), "connection_error"),
        "sends trailers without end": (
            floods(CHUNKED + b"0\r\n", b"X-Flood: yes\r\n" * 99),
            "connection_error",
        ),
        "hides control codes in headers": (
            says(whole(page("esc"), "X: \x00\x1b[2J\x7f", 'ETag: "\x01"')),
            "new",
        ),
        "has header names of no language": (says(whole(page("name"), "X\xe9\xff: y")), "connection_error"),
        "has headers without a colon": (says(whole(page("colon"), "no colon here")), "new"),
        "sets a thousand cookies": (
            says(whole(page("cookie"), *(f"Set-Cookie: {n}=x" for n in range(1000)))),
            "new",
        ),
        # The body
        "declares a terabyte": (says_and_waits(head("Content-Length: 1099511627776")), "too_large"),
        "sends a body without end": (floods(head(), bytes(2**16)), "too_large"),
        "sends chunks without end": (floods(CHUNKED, b"10000\r\n" + bytes(2**16) + b"\r\n"), "too_large"),
        "is a gzip bomb": (packed(BOMB, "gzip"), "too_large"),
        "is a deflate bomb": (packed(zlib.compress(MEGABYTES_24, 9), "deflate"), "too_large"),
        "is a raw deflate bomb": (packed(raw_deflate(MEGABYTES_24), "deflate"), "too_large"),
        "is a brotli bomb": (packed(brotli.compress(MEGABYTES_24, quality=5), "br"), "too_large"),
        "is a zstd bomb": (packed(zstd.compress(MEGABYTES_24), "zstd"), "too_large"),
        "is a bomb in a bomb": (packed(gzip.compress(BOMB), "gzip, gzip"), "too_large"),
        "is packed a hundred times": (
            packed(gzip.compress(page("x")), ", ".join(["gzip"] * 100)),
            "too_large",
        ),
        "is broken gzip": (packed(b"\x1f\x8b\x08\x00" + bytes(40), "gzip"), "bad_content"),
        "is half a gzip": (packed(gzip.compress(page("half"))[:120], "gzip"), "bad_content"),
        "is not gzip": (packed(page("plain"), "gzip"), "bad_content"),
        "is not brotli": (packed(page("plain"), "br"), "bad_content"),
        "is packed as nobody packs": (packed(page("odd"), "x-odd"), "bad_content"),
        "is a picture": (says(whole(b"\x89PNG\r\n\x1a\n" + bytes(99), kind="image/png")), "not_html"),
        "is a download": (says(whole(bytes(99), kind="application/octet-stream")), "not_html"),
        "is an archive called a page": (says(whole(BOMB[:9000])), "not_html"),
        "has a charset that is none": (
            says(whole(page("charset"), kind="text/html; charset=\xff\x00evil")),
            "new",
        ),
        "is nothing": (says(whole(b"")), "rejected"),
        "nests without end": (says(whole(b"<div>" * 200_000)), "rejected"),
        "is one attribute": (says(whole(b'<p title="' + b"x" * 3_000_000 + b'">')), "rejected"),
        "is NUL bytes": (says(whole(bytes(99_999))), "not_html"),
        # Redirects
        "redirects in circles": (moves("/bad/redirects-in-circles"), "http_error"),
        "redirects ten times": (moves("/hop/0"), "http_error"),
        "redirects to nowhere": (says(whole(b"", status="302 Found")), "http_error"),
        "redirects to a file": (moves("file:///etc/passwd"), "http_error"),
        "redirects to a script": (moves("javascript:alert(1)"), "http_error"),
        "redirects to data": (moves("data:text/html,<p>hello"), "http_error"),
        "redirects to gopher": (moves("gopher://127.0.0.1:70/1"), "http_error"),
        "redirects with a user name": (moves("http://127.0.0.1@169.254.169.254/"), "http_error"),
        "redirects with a backslash": (moves("http:\\\\169.254.169.254/"), "http_error"),
        "redirects to a broken address": (moves("http://[::1"), "http_error"),
        "redirects to another publisher": (moves("http://elsewhere.example/"), "out_of_scope"),
        "redirects to a known story": (moves("/good/known"), "duplicate"),
        "redirects to the cloud's metadata": (moves("http://169.254.169.254/latest/"), "address_blocked"),
        "redirects to the intranet": (moves("http://10.0.0.1/"), "address_blocked"),
        "redirects to another loopback": (moves(f"http://127.0.0.2:{port}/good/x"), "address_blocked"),
        "redirects to a decimal address": (moves(f"http://2130706434:{port}/good/x"), "address_blocked"),
        "redirects to an octal address": (moves(f"http://0177.0.0.2:{port}/good/x"), "address_blocked"),
        "redirects to a hexadecimal address": (moves(f"http://0x7f000002:{port}/good/x"), "address_blocked"),
        "redirects to a short address": (moves(f"http://127.2:{port}/good/x"), "address_blocked"),
        "redirects to nobody's address": (moves(f"http://0.0.0.0:{port}/good/x"), "address_blocked"),
        "redirects to IPv6 loopback": (moves(f"http://[::1]:{port}/good/x"), "address_blocked"),
        "redirects to a mapped address": (moves(f"http://[::ffff:7f00:2]:{port}/good/x"), "address_blocked"),
        "redirects to a name of loopback": (moves(f"http://localhost:{port}/good/x"), "address_blocked"),
    }


def slug(name: str) -> str:
    """A name as it stands in a path."""
    return name.replace(" ", "-").replace("'", "")


REACHED_BY_REDIRECT = (
    "169.254.169.254", "10.0.0.1", "127.0.0.2", "2130706434", "0177.0.0.2", "0x7f000002", "127.2", "0.0.0.0",
    "::1", "::ffff:7f00:2", "localhost",
)  # fmt: skip
"""Hosts that the source calls its own, so that only the guard stands before them."""

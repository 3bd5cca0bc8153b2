"""Serve a wire over HTTP on 127.0.0.1: one port per site, in a thread of its own."""

from __future__ import annotations

import asyncio
import gzip
import math
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib import resources
from pathlib import Path
from typing import Any

import uvicorn

from demo.pages import Answer
from demo.sites import FIRST_PORT, SITES
from demo.troubles import Trouble
from demo.truth import Truth
from demo.wire import Wire

REMEMBERED = 10_000
"""Requests kept in the log; older ones are forgotten."""

PAUSE = 0.25
"""Seconds, the longest between two drops of a slow body: so long does a stop wait for one."""

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the server saw it."""

    site: str
    method: str
    path: str
    """With its query."""
    headers: dict[str, str]
    """Names in lower case."""
    status: int
    at: float
    """Seconds of `time.monotonic` when it came, for tests of politeness."""


class Served:
    """A wire that is being served; made by `serve`."""

    def __init__(self, wire: Wire, clock: Callable[[], datetime], slow: timedelta) -> None:
        self.wire = wire
        """With the real ports in `origins`."""
        self._clock, self._slow = clock, slow.total_seconds()
        self._ahead = timedelta(0)
        self._log: deque[Asked] = deque(maxlen=REMEMBERED)
        self._by_port = {int(base.rsplit(":", 1)[1]): site for site, base in wire.origins.items()}

    @property
    def origins(self) -> dict[str, str]:
        """Base URL of each site."""
        return self.wire.origins

    @property
    def now(self) -> datetime:
        """The moment that the sites show: the clock's, and all advances."""
        return self._clock() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Let time go on at once."""
        self._ahead += by

    def trouble(self, name: str, site: str, since: datetime | None = None) -> None:
        """Make a site sick, from now on or since a moment: see `demo.troubles`."""
        new = Trouble(name, site, since or self.now)
        self.wire = replace(self.wire, troubles=(*self.wire.troubles, new))

    def cure(self, site: str) -> None:
        """Make a site sound again."""
        left = tuple(t for t in self.wire.troubles if t.site != site)
        self.wire = replace(self.wire, troubles=left)

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What was asked, oldest first, at most the last `REMEMBERED`."""
        return tuple(self._log)

    def truth(self) -> dict[str, Truth]:
        """What is true now, by URL."""
        return self.wire.truth_at(self.now)

    def declare(self, folder: Path) -> list[str]:
        """Write the sites' source files into `folder` with the real ports; returns their names."""
        names = []
        for number, site in enumerate(SITES):
            names.append(f"demo_{site}")
            shipped = (resources.files("sources") / f"demo_{site}.toml").read_text("utf-8")
            text = shipped.replace(f"http://127.0.0.1:{FIRST_PORT + number}", self.origins[site])
            (folder / f"demo_{site}.toml").write_text(text, "utf-8")
        return names

    def hurry(self) -> None:
        """Let slow bodies end at once: nobody waits for them any more."""
        self._slow = 0.0

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        came, site = time.monotonic(), self._by_port[scope["server"][1]]
        query = scope["query_string"].decode("latin-1")
        path = scope["path"] + (f"?{query}" if query else "")
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        answer = encoded(self.wire.answer(site, path, self.now, headers.get("host", "")), site, headers)
        self._log.append(Asked(site, scope["method"], path, headers, answer.status, came))
        raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers]
        if answer.status != 304:
            raw.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        body = b"" if scope["method"] == "HEAD" else answer.body
        drops = max(4, math.ceil(self._slow / PAUSE)) if answer.trickles else 1
        size = len(body) // drops + 1
        while len(body) > size:
            await send({"type": "http.response.body", "body": body[:size], "more_body": True})
            await asyncio.sleep(self._slow / drops)
            body = body[size:]
        await send({"type": "http.response.body", "body": body})


def encoded(answer: Answer, site: str, headers: dict[str, str]) -> Answer:
    """The answer as it goes out: 304 where the asker has it, gzip where site and asker can. Pure."""
    etag, changed = answer.header("etag"), answer.header("last-modified")
    if etag and changed and _has_it(headers, etag, changed):
        return replace(answer, status=304, body=b"", headers=(("etag", etag), ("last-modified", changed)))
    if (
        SITES[site].gzip
        and "gzip" in headers.get("accept-encoding", "")
        and not answer.header("content-encoding")
    ):
        packed = (*answer.headers, ("content-encoding", "gzip"), ("vary", "accept-encoding"))
        return replace(answer, body=gzip.compress(answer.body, mtime=0), headers=packed)
    return answer


def _has_it(headers: dict[str, str], etag: str, changed: str) -> bool:
    """If-None-Match decides where it is given (RFC 9110, 13.1.3)."""
    if "if-none-match" in headers:
        return etag in re.split(r",\s*", headers["if-none-match"].replace("W/", ""))
    try:
        return parsedate_to_datetime(headers["if-modified-since"]) >= parsedate_to_datetime(changed)
    except (KeyError, ValueError, TypeError):
        return False


def _utc_now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def serve(
    wire: Wire,
    port_base: int = FIRST_PORT,
    clock: Callable[[], datetime] = _utc_now,
    slow: timedelta = timedelta(seconds=3),
) -> Iterator[Served]:
    """Serve a wire until the block ends; `port_base=0` takes free ports.

    `clock` says what time the sites have: `lambda: wire.epoch` stands still until
    `advance`. `slow` is how long a trickling body takes. OSError names a taken port.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(_listen(port_base and port_base + n)) for n in range(len(SITES))]
        bases = (f"http://127.0.0.1:{s.getsockname()[1]}" for s in sockets)
        served = Served(replace(wire, origins=dict(zip(SITES, bases, strict=True))), clock, slow)
        server = uvicorn.Server(
            uvicorn.Config(
                served,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        ready = threading.Event()
        thread = threading.Thread(target=_run, args=(server, sockets, ready), name="demo", daemon=True)
        thread.start()
        ready.wait()
        try:
            yield served
        finally:
            served.hurry()
            server.should_exit = True
            thread.join()


def _run(server: uvicorn.Server, sockets: list[socket.socket], ready: threading.Event) -> None:
    async def run() -> None:
        # The sockets listen already, so whoever connects now is served as soon as the loop turns.
        ready.set()
        await server.serve(sockets=sockets)

    asyncio.run(run())


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"port {port} on 127.0.0.1 is taken", str(port)) from error
    return listening

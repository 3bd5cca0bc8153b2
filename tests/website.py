"""A web site for one test: real HTTP on a free port of 127.0.0.1, answers as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answer = Callable[["Request"], None]


@dataclass
class Site:
    """`site.pages[path]` is what a path answers: bytes, (status, headers, body), or a callable."""

    base: str = ""
    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Request(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.site.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        page = self.site.pages.get(self.path, (404, {}, b"not here"))
        if callable(page):
            page = page(self)
            if page is None:
                return
        if isinstance(page, bytes):
            page = (200, {"Content-Type": "text/html; charset=utf-8"}, page)
        status, headers, body = page
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests read `site.asked`, nobody reads stderr."""


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()
    handler = type("Handler", (Request,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients of these tests hang up on purpose
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def rss(base: str, *stories: str) -> tuple[int, dict[str, str], bytes]:
    items = "".join(
        f"<item><title>Story {path}</title><link>{base}{path}</link><guid>{path}</guid>"
        f"<pubDate>Thu, 05 Mar 2026 12:00:00 GMT</pubDate></item>"
        for path in stories
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'
    return 200, {"Content-Type": "application/rss+xml"}, body.encode()


def story(headline: str, *paragraphs: str) -> bytes:
    body = "".join(f"<p>{p}</p>" for p in paragraphs)
    return (
        f'<!doctype html><html lang="en"><head><title>{headline}</title>'
        f'<meta property="article:published_time" content="2026-03-05T12:00:00Z"></head>'
        f"<body><article><h1>{headline}</h1>{body}</article></body></html>"
    ).encode()


def declare(home: Path, name: str, base: str, **more: str) -> None:
    """Declare a source that reads `/rss` of a test's site."""
    lines = {
        "title": f'"{name}"',
        "home": f'"{base}/"',
        "feeds": f'["{base}/rss"]',
        "delay": '"1ms"',
        "private_hosts": '["127.0.0.1"]',
    } | more
    (home / "sources" / f"{name}.toml").write_text("\n".join(f"{k} = {v}" for k, v in lines.items()), "utf-8")

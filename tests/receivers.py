"""Who is told: a mail server, a web server that takes POSTs, and a UDP port, on free ports of 127.0.0.1."""

from __future__ import annotations

import base64
import queue
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class MailServer:
    """An SMTP server (RFC 5321) that keeps what it is given; `logins` are as the client sent them."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    at_once: bool = False
    """TLS from the first byte; else STARTTLS is offered."""
    refuse: list[int] = field(default_factory=list)
    """Codes with which the next letters are refused."""
    letters: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)


class _Smtp(socketserver.StreamRequestHandler):
    mail: MailServer

    def handle(self) -> None:
        secure = False
        if self.mail.at_once:
            secure = self._wrap()
        self._say(220, "ready")
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            match word.upper():
                case "EHLO" | "HELO":
                    extra = ["STARTTLS"] if self.mail.tls and not secure else ["AUTH PLAIN LOGIN"]
                    self.wfile.write(f"250-here\r\n250 {extra[0]}\r\n".encode())
                case "STARTTLS":
                    self._say(220, "go on")
                    secure = self._wrap()
                case "AUTH":
                    self.mail.logins.append(base64.b64decode(rest.split()[-1]).decode())
                    self._say(235, "fine")
                case "RCPT":
                    self.mail.to.append(rest.partition("<")[2].partition(">")[0])
                    self._say(250, "fine")
                case "DATA":
                    self._say(354, "go on")
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part.removeprefix(b".") if part.startswith(b"..") else part
                    if self.mail.refuse:
                        self._say(self.mail.refuse.pop(0), f"no room for {self.mail.logins}")
                        continue
                    self.mail.letters.append(
                        message_from_bytes(body, _class=EmailMessage, policy=policy.default)
                    )
                    self.mail.secure.append(secure)
                    self._say(250, "kept")
                case "QUIT":
                    self._say(221, "bye")
                    return
                case _:
                    self._say(250, "fine")

    def _wrap(self) -> bool:
        assert self.mail.tls is not None
        self.request = self.mail.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        return True

    def _say(self, code: int, words: str) -> None:
        self.wfile.write(f"{code} {words}\r\n".encode())


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[MailServer]:
    mail = MailServer(tls=tls, at_once=at_once)
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Smtp", (_Smtp,), {"mail": mail}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up on purpose
    mail.port = server.server_address[1]
    with _running(server):
        yield mail


@dataclass
class Posts:
    """A web server that keeps what is posted; `answers` are (status, headers) for the next ones, else 200."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


class _Post(BaseHTTPRequestHandler):
    posts: Posts

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, headers = self.posts.answers.pop(0) if self.posts.answers else (200, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Tests read `got`."""


@contextmanager
def web_server() -> Iterator[Posts]:
    posts = Posts()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Post", (_Post,), {"posts": posts}))
    server.daemon_threads = True
    posts.url = f"http://127.0.0.1:{server.server_address[1]}"
    with _running(server):
        yield posts


@contextmanager
def udp_port() -> Iterator[tuple[int, Callable[[], list[str]]]]:
    """A port, and what gives the lines that came to it since, in their order."""
    came: queue.Queue[str] = queue.Queue()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]

        def listen() -> None:
            while (data := receiver.recv(65535)) != b"end":
                came.put(data.decode())

        def send(text: bytes) -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(text, ("127.0.0.1", port))

        def lines() -> list[str]:
            send(b"so far")
            return [line for some in iter(came.get, "so far") for line in some.splitlines()]

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield port, lines
        finally:
            send(b"end")
            thread.join(10)


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()

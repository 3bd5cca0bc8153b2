"""Deliver a message: by mail, to a webhook, or to a command.

`channel` makes one of the fields of an Airflow connection; nothing here knows Airflow. A
password or the secret address of a webhook stands in no error, no log and no `repr`.
"""

from __future__ import annotations

import ipaddress
import json
import os
import smtplib
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, Protocol
from urllib.parse import urlsplit

from pipelines.errors import AlertFailed, UsageError

TIMEOUT = 20.0
"""Seconds for one try of a mail or webhook."""

COMMAND_TIMEOUT = 60.0

MOST_TEXT = 1900
"""Characters for a webhook: Discord refuses more than 2,000, all of them show so many."""


class Channel(Protocol):
    """Where messages go."""

    @property
    def name(self) -> str:
        """What it is, without secrets: `mail to desk@example.org`."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Deliver what `words.payload` made; AlertFailed if that was not possible."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """By SMTP. Without encryption only to this machine."""

    host: str
    port: int
    to: Sequence[str]
    sender: str
    security: str
    """tls (from the first byte), starttls or none."""
    login: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return f"mail to {', '.join(self.to)}"

    def send(self, message: Mapping[str, Any]) -> None:
        letter = EmailMessage()
        letter["Subject"] = message["subject"]
        letter["From"], letter["To"] = self.sender, ", ".join(self.to)
        letter["Date"] = format_datetime(message["at"])
        letter["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2] or "localhost")
        letter["Auto-Submitted"] = "auto-generated"  # no out-of-office answers, please
        letter.set_content(message["text"])
        tls = ssl.create_default_context()
        try:
            with (
                smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=tls)
                if self.security == "tls"
                else smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
            ) as server:
                if self.security == "starttls":
                    server.starttls(context=tls)
                if self.login:
                    server.login(self.login, self.password or "")
                refused = server.send_message(letter)
        except (OSError, smtplib.SMTPException) as error:
            raise AlertFailed(f"mail server {self.host}:{self.port}: {_said(error)}") from None
        if refused:
            raise AlertFailed(f"mail server {self.host}:{self.port} refused {', '.join(refused)}")


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """By an HTTP POST of JSON, as Slack, Mattermost and Discord (`…/slack`) take it: `{"text": …}`.

    The rest of the payload is beside it. Redirects are not followed: they would hand the
    message to whoever answers.
    """

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        return f"webhook at {urlsplit(self.url).hostname}"

    def send(self, message: Mapping[str, Any]) -> None:
        text = f"*{_slack(message['subject'])}*\n```\n"
        text += f"{_cut(_slack(message['text']), MOST_TEXT - len(text) - 3, message.get('desk'))}```"
        body = json.dumps({**message, "text": text, "at": message["at"].isoformat()}).encode()
        request = urllib.request.Request(  # noqa: S310  https, or this machine: see `channel`
            self.url, body, {"Content-Type": "application/json", "User-Agent": "wirehouse"}, method="POST"
        )
        try:
            with _OPENER.open(request, timeout=TIMEOUT) as answer:
                answer.read(1000)
        except urllib.error.HTTPError as error:
            raise AlertFailed(f"{self.name} answered {error.code}") from None
        except (OSError, ValueError) as error:
            raise AlertFailed(f"{self.name}: {_said(error)}") from None


@dataclass(frozen=True, kw_only=True)
class Command:
    """By a program: a list of arguments, no shell; the payload as JSON on its standard input."""

    argv: Sequence[str] = field(repr=False)

    @property
    def name(self) -> str:
        return f"command {self.argv[0]}"

    def send(self, message: Mapping[str, Any]) -> None:
        known = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TZ") if key in os.environ}
        try:
            done = subprocess.run(
                list(self.argv),
                input=json.dumps({**message, "at": message["at"].isoformat()}).encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # it may print what it was given
                timeout=COMMAND_TIMEOUT,
                env=known,  # Airflow's own holds keys and connections
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AlertFailed(f"{self.name}: {_said(error)}") from None
        if done.returncode:
            raise AlertFailed(f"{self.name} ended with {done.returncode}")


def channel(
    *,
    conn_type: str,
    host: str | None = None,
    port: int | None = None,
    login: str | None = None,
    password: str | None = None,
    schema: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Channel:
    """The channel that an Airflow connection describes; UsageError says what is wrong with it.

    smtp, email: `host`, `port`, `login`, `password`; extra `to` (a list), `from_email`,
    and as in Airflow's own SMTP connections `disable_ssl` and `disable_tls`.
    http, https, slackwebhook: `host` (and `schema`, `port`), or all of the URL in `host`; what is
    secret of its path is the `password`.
    generic: extra `command`, a list; or without it as http, whose type the UI does not offer by itself.

    >>> channel(conn_type="generic", extra={"command": ["/usr/bin/logger", "-t", "wirehouse"]}).name
    'command /usr/bin/logger'
    """
    more = dict(extra or {})
    if conn_type in ("smtp", "email"):
        return _mail(host, port, login, password, more)
    if conn_type in ("http", "https", "slackwebhook"):
        return _webhook(host, port, password, schema)
    if conn_type == "generic":
        if host and "command" not in more:
            return _webhook(host, port, password, schema)
        argv = more.get("command")
        if not (isinstance(argv, list) and argv and all(isinstance(word, str) and word for word in argv)):
            raise UsageError(
                'wirehouse_alerts: extra must be {"command": ["/path/to/program", "argument", …]}'
            )
        return Command(argv=tuple(argv))
    raise UsageError(f"wirehouse_alerts: type {conn_type!r}: must be smtp, http or generic")


def _mail(
    host: str | None, port: int | None, login: str | None, password: str | None, extra: Mapping[str, Any]
) -> Mail:
    if not host:
        raise UsageError("wirehouse_alerts: host: name the mail server")
    to = extra.get("to")
    to = [part.strip() for part in to.split(",")] if isinstance(to, str) else to
    if not (isinstance(to, list) and to and all(map(_is_address, to))):
        raise UsageError('wirehouse_alerts: extra: must name whom to write to: {"to": ["desk@example.org"]}')
    sender = extra.get("from_email") or (login if login and "@" in login else "wirehouse@localhost")
    if not _is_address(sender):
        raise UsageError("wirehouse_alerts: extra: from_email is no mail address")
    if not _is_true(extra.get("disable_ssl")):
        security = "tls"
    else:
        security = "none" if _is_true(extra.get("disable_tls")) else "starttls"
    if security == "none" and not _is_here(host):
        raise UsageError(f"wirehouse_alerts: {host} is another machine: without TLS all could read it")
    ports = {"tls": 465, "starttls": 587, "none": 25}
    return Mail(
        host=host,
        port=port or ports[security],
        to=to,
        sender=sender,
        security=security,
        login=login or None,
        password=password,
    )


def _webhook(host: str | None, port: int | None, password: str | None, schema: str | None) -> Webhook:
    whole = host or ""
    if "://" not in whole:
        whole = f"{schema or 'https'}://{whole}" + (f":{port}" if port else "")
    url = f"{whole.rstrip('/')}/{password.lstrip('/')}" if password else whole
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = None
    if not known or any(not "!" <= c <= "~" for c in url):
        raise UsageError(
            "wirehouse_alerts: host: must be the webhook's URL (its secret part as the password)"
        )
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        raise UsageError(f"wirehouse_alerts: {parts.hostname} is another machine: its URL must be https")
    return Webhook(url=url)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1", "yes")


def _is_address(text: Any) -> bool:
    try:
        address = Address(addr_spec=text)
    except Exception:  # the parser raises many kinds
        return False
    return bool(address.username and address.domain) and text.isascii() and text.isprintable()


def _slack(text: str) -> str:
    """Text of a site as text: no links, no mentions, and no end of the block that it stands in."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("```", "'''").replace("*", "∗")


def _cut(text: str, most: int, desk: str | None) -> str:
    """As many whole lines as there is room for, then how much more there is, and where.

    >>> _cut("one" + chr(10) + "two" + chr(10), 100, None)
    'one\\ntwo\\n'
    >>> _cut("Why:" + chr(10) + "a long reason " * 9, 60, None)
    'Why:\\n… and 126 characters more: see the desk\\n'
    """
    if len(text) <= most:
        return text
    more = f"… and {{:,}} characters more: see {_slack(desk) if desk else 'the desk'}\n"
    end = text.rfind("\n", 0, max(0, most - len(more) - 6)) + 1
    return text[:end] + more.format(len(text) - end)


def _said(error: Exception) -> str:
    """What went wrong, without what was sent."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code}"  # some servers repeat what they were given
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"refused {', '.join(error.recipients)}"
    if isinstance(error, TimeoutError | subprocess.TimeoutExpired | socket.timeout):
        return "no answer in time"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        return _said(error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)

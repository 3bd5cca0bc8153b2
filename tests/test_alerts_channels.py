"""Does a message arrive by mail, webhook and command, and does no secret leak where it does not?"""

from __future__ import annotations

import json
import re
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from certificates import Authority
from receivers import mail_server, web_server

from pipelines.alerts import words
from pipelines.alerts.channels import channel
from pipelines.alerts.plan import Event, Item, Message, Trouble
from pipelines.errors import AlertFailed, UsageError
from pipelines.ledger import Severity

NOW = datetime(2026, 3, 5, 14, 15, tzinfo=UTC)
SECRET = "s3cret-Zq9"


def trouble(source: str, message: str = "9 of 10 answers are 403") -> Trouble:
    return Trouble(
        source_id=source,
        cause="blocked",
        severity=Severity.ERROR,
        since=NOW - timedelta(minutes=135),
        message=message,
        next_step="open it in a browser; write to its publisher",
    )


def item(*troubles: Trouble) -> Item:
    since = NOW - timedelta(minutes=135)
    return Item(event=Event.BEGINS, cause="blocked", severity=Severity.ERROR, since=since, troubles=troubles)


def said(*troubles: Trouble) -> dict:
    message = Message(items=(item(*troubles or (trouble("acme"),)),))
    return words.payload(message, NOW, "http://127.0.0.1:8080/plugin/desk") | {"at": NOW}


def mail(port: int, **more) -> dict:
    extra = {"to": ["desk@example.org", "night@example.org"], "from_email": "wire@example.org"}
    return {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "extra": extra | more.pop("extra", {}),
    } | more


def test_a_mail_says_what_since_when_why_and_what_to_do():
    with mail_server() as server:
        channel(**mail(server.port, extra={"disable_ssl": True, "disable_tls": True})).send(said())
    [letter] = server.letters
    assert server.to == ["desk@example.org", "night@example.org"]
    assert letter["Subject"] == "[wirehouse] ERROR blocked: acme"
    assert letter["From"] == "wire@example.org"
    assert letter["Date"].datetime == NOW
    assert letter.get_content().splitlines() == [
        "ERROR blocked: acme",
        "What:   the site turns us away",
        "Since:  2026-03-05 12:00 UTC (2 hours)",
        "Why:    acme: 9 of 10 answers are 403 (since 12:00)",
        "Next:   open it in a browser; write to its publisher",
        "",
        "Desk:   http://127.0.0.1:8080/plugin/desk",
        "Quiet:  wirehouse mute blocked --for 4h   (or the DAG `mute`; a source's name does too)",
    ]


def test_the_message_in_the_docs_is_what_is_sent():
    later = replace(trouble("other", "12 of 12 answers are 403"), since=NOW - timedelta(minutes=45))
    sent = said(trouble("acme"), later)
    docs = (Path(__file__).parents[1] / "docs" / "operators.md").read_text("utf-8")
    assert f"```\n{sent['subject']}\n\n{sent['text']}```" in docs


def test_thirty_sources_are_ten_lines_and_twenty_names():
    text = said(*(trouble(f"s{n:02}") for n in range(30)))["text"]
    assert text.count("9 of 10 answers") == 10
    assert text.count("open it in a browser") == 1
    assert "and s10, s11," in text
    assert "s29" in text


@pytest.mark.parametrize("at_once", [True, False])
def test_a_mail_to_a_server_with_tls_is_encrypted_before_the_login(tmp_path, monkeypatch, at_once):
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with mail_server(authority.server(), at_once=at_once) as server:
        extra = {"disable_ssl": not at_once}
        channel(**mail(server.port, login="wire", password=SECRET, extra=extra)).send(said())
    assert server.secure == [True]
    assert server.logins == [f"\0wire\0{SECRET}"]


def test_a_mail_server_whose_certificate_is_not_known_is_given_nothing(tmp_path):
    with mail_server(Authority(tmp_path).server(), at_once=True) as server:
        to = channel(**mail(server.port, login="wire", password=SECRET))
        with pytest.raises(AlertFailed, match="SSL"):
            to.send(said())
    assert server.letters == server.logins == []


@pytest.mark.parametrize("conn_type", ["http", "generic"])
def test_a_webhook_gets_json_as_slack_takes_it_with_all_of_it_beside(conn_type):
    with web_server() as server:
        channel(conn_type=conn_type, host=server.url, password=f"services/T0/{SECRET}").send(said())
    [(path, headers, body)] = server.got
    assert path == f"/services/T0/{SECRET}"
    assert headers["content-type"] == "application/json"
    told = json.loads(body)
    assert told["text"].startswith("*[wirehouse] ERROR blocked: acme*\n```\nERROR blocked: acme\n")
    assert told["items"][0]["sources"] == ["acme"]
    assert told["items"][0]["event"] == "begins"


def test_text_of_a_site_stays_text_in_a_chat_and_in_a_mail():
    hostile = "<!channel> <https://evil.example|click>```*bold*\r\nBcc: all@example.org\u202e\x1b[31m"
    with web_server() as web, mail_server() as letters:
        channel(conn_type="http", host=web.url).send(said(trouble("acme", hostile)))
        extra = {"disable_ssl": True, "disable_tls": True}
        channel(**mail(letters.port, extra=extra)).send(said(trouble("acme", hostile)))
    text = json.loads(web.got[0][2])["text"]
    assert "<" not in text
    assert text.count("```") == 2
    [letter] = letters.letters
    assert letter["Bcc"] is None
    assert letters.to == ["desk@example.org", "night@example.org"]
    assert not set("\u202e\x1b") & set(letter.get_content())


@pytest.mark.parametrize("message", ["9 of 10 answers are 403 " * 10, "<&>" * 90])
def test_a_long_message_is_cut_for_a_chat_and_says_how_much_more_there_is(message):
    long = said(*(trouble(f"s{n:02}", message) for n in range(30)))
    with web_server() as web:
        channel(conn_type="http", host=web.url).send(long)
    told = json.loads(web.got[0][2])
    assert len(told["text"]) <= 1900
    assert told["text"].startswith(
        "*[wirehouse] ERROR blocked: 30 sources*\n```\nERROR blocked: 30 sources\n"
    )
    *_, last, end = told["text"].split("\n")
    assert re.fullmatch(r"… and [1-9][\d,]+ characters more: see http://127.0.0.1:8080/plugin/desk", last)
    assert end == "```"
    assert len(told["items"][0]["sources"]) == 30


def test_a_redirect_of_a_webhook_is_not_followed():
    with web_server() as other, web_server() as server:
        server.answers.append((307, {"Location": other.url}))
        with pytest.raises(AlertFailed, match="webhook at 127.0.0.1 answered 307"):
            channel(conn_type="http", host=server.url).send(said())
    assert other.got == []


def test_a_command_gets_it_on_its_standard_input_and_no_shell_and_no_secrets_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", SECRET)
    out = tmp_path / "out.json"
    program = "import json,os,sys; json.dump([sys.argv[2:], dict(os.environ), json.load(sys.stdin)], open(sys.argv[1], 'w'))"
    argv = [sys.executable, "-c", program, str(out), "$(touch /tmp/nothing); *"]
    channel(conn_type="generic", extra={"command": argv}).send(said())
    arguments, environment, told = json.loads(out.read_text())
    assert arguments == ["$(touch /tmp/nothing); *"]
    assert SECRET not in str(environment)
    assert told["subject"] == "[wirehouse] ERROR blocked: acme"


def nobody_listens() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_what_could_not_be_delivered_is_said_without_any_secret():
    failures = []
    open_mail = {"disable_ssl": True, "disable_tls": True}
    with web_server() as web, mail_server() as letters:
        web.answers.append((500, {}))
        letters.refuse.append(552)
        for one in (
            channel(conn_type="http", host=web.url, password=SECRET),
            channel(conn_type="http", host=f"http://127.0.0.1:{nobody_listens()}", password=SECRET),
            channel(**mail(letters.port, login="wire", password=SECRET, extra=open_mail)),
            channel(**mail(nobody_listens(), login="wire", password=SECRET, extra=open_mail)),
            channel(conn_type="generic", extra={"command": [sys.executable, "-c", f"exit('{SECRET}')"]}),
            channel(conn_type="generic", extra={"command": ["/nowhere/at/all", SECRET]}),
        ):
            with pytest.raises(AlertFailed) as failed:
                one.send(said())
            failures.append(f"{failed.value} {one!r} {one.name}")
            assert failed.value.__cause__ is None
    assert len(failures) == 6
    assert "answered 500" in failures[0]
    assert "Connection refused" in failures[1]
    assert "answered 552" in failures[2]
    assert "ended with 1" in failures[4]
    assert SECRET not in "".join(failures)


@pytest.mark.parametrize(
    ("connection", "wrong"),
    [
        ({"conn_type": "ftp"}, "must be smtp, http or generic"),
        ({"conn_type": "smtp"}, "name the mail server"),
        ({"conn_type": "smtp", "host": "mail.example"}, "whom to write to"),
        ({"conn_type": "smtp", "host": "mail.example", "extra": {"to": "desk"}}, "whom to write to"),
        (
            {"conn_type": "smtp", "host": "m.example", "extra": {"to": "a@b.example\r\nBcc: c@d.example"}},
            "whom to write to",
        ),
        (
            {
                "conn_type": "smtp",
                "host": "mail.example",
                "extra": {"to": "a@b.example", "disable_ssl": True, "disable_tls": True},
            },
            "all could read it",
        ),
        ({"conn_type": "http", "host": "http://hooks.example/x"}, "must be https"),
        ({"conn_type": "http", "host": "hooks.example", "schema": "http"}, "must be https"),
        ({"conn_type": "http"}, "must be the webhook's URL"),
        ({"conn_type": "http", "host": "https://hooks.example/a b"}, "must be the webhook's URL"),
        ({"conn_type": "http", "host": "file:///etc/passwd"}, "must be the webhook's URL"),
        ({"conn_type": "generic"}, "extra must be"),
        ({"conn_type": "generic", "extra": {"command": "rm -rf /"}}, "extra must be"),
    ],
)
def test_a_connection_that_cannot_work_is_refused_with_what_is_wrong(connection, wrong):
    with pytest.raises(UsageError, match=wrong) as refused:
        channel(**connection | {"password": SECRET})
    assert SECRET not in str(refused.value)

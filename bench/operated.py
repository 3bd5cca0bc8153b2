"""An Airflow to be operated by clicks: its four components, its users, and sites two of which are sick."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pipelines.up import embedded, launch
from pipelines.up.airflow_api import AirflowApi
from pipelines.up.crew import Crew

PASSWORD = "a word that only this run knows"
USERS = {"admin": "admin", "olga": "op", "vera": "viewer"}
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PLACES = ("Port Ellery", "Saltmarsh", "Norwick", "Dunwater", "Kelso", "Brisco", "Larkfield", "Islemouth")
NOTICE = (
    "We and our partners care about your choices. Please accept what is needed to go on reading here. " * 3
)


def pages(kind: str, base: str) -> dict[str, tuple[str, bytes]]:
    """What a site answers by path: `well`, one `notice` in place of each story, or `bare` of any text."""
    made = {}
    for n, place in enumerate(PLACES):
        text = "".join(
            f"<p>The council of {place} voted on Monday by {n + 3} to {n} to keep the light on pier {n + 1}, "
            f"and {other} will pay for what the keeper of {place} needs in the winter that comes.</p>"
            for other in PLACES
            if other != place
        )
        body = {"well": text, "notice": f"<p>{NOTICE}</p>", "bare": ""}[kind]
        made[f"/{kind}/{n}"] = (
            "text/html; charset=utf-8",
            (
                f'<!doctype html><html lang="en"><head><title>{place} keeps light {n}</title><meta '
                'property="article:published_time" content="2026-03-05T12:00:00Z"></head><body>'
                f"<article><h1>{place} keeps light {n}</h1>{body}</article></body></html>"
            ).encode(),
        )
    links = "".join(
        f'<a href="{path}">The light of {place} stays lit</a>'
        for path, place in zip(made, PLACES, strict=True)
    )
    items = "".join(f"<item><title>{path}</title><link>{base}{path}</link></item>" for path in made)
    made[f"/{kind}/rss"] = (
        "application/rss+xml",
        f'<rss version="2.0"><channel>{items}</channel></rss>'.encode(),
    )
    made[f"/{kind}/day/2026-03-05"] = "text/html", f"<!doctype html><html><body>{links}".encode()
    return made


@contextmanager
def site() -> Iterator[str]:
    """Serve three sites under one address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = answers.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    answers = {path: page for kind in ("well", "notice", "bare") for path, page in pages(kind, base).items()}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield base
    finally:
        server.shutdown()


def declare(home: Path, base: str) -> None:
    """Declare the three sites as sources."""
    (home / "sources").mkdir()
    (home / "replay").mkdir()
    for kind in ("well", "notice", "bare"):
        (home / "sources" / f"{kind}.toml").write_text(
            f'title = "A site: {kind}"\nhome = "{base}/"\nfeeds = ["{base}/{kind}/rss"]\nevery = "1d"\n'
            f'archives = ["{base}/{kind}/day/{{year}}-{{month:02}}-{{day:02}}"]\n'
            'delay = "10ms"\nprivate_hosts = ["127.0.0.1"]\n'
        )


@contextmanager
def airflow(home: Path, *, fab: bool) -> Iterator[tuple[str, AirflowApi]]:
    """Airflow's four components, as `wirehouse up` starts them, but with our users."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    embedded.lay_out(home)
    (home / "airflow" / "passwords.json").write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)))
    os.environ |= {"WIREHOUSE_HOME": str(home), "WIREHOUSE_SOURCES": str(home / "sources")}
    env = embedded.environment(home, port, os.environ)
    env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = ",".join(f"{n}:{role}" for n, role in USERS.items())
    if fab:
        env["AIRFLOW__CORE__AUTH_MANAGER"] = FAB
    with (home / "lock").open("w") as held:
        crew = Crew(home, held.fileno())
        try:
            if fab:
                add_users(crew, env)
            began = datetime.now(UTC)
            launch.start_airflow(crew, home, env)
            api = AirflowApi(f"http://127.0.0.1:{port}", "admin", PASSWORD)
            launch.until_healthy(crew, api, began)
            yield f"http://127.0.0.1:{port}", api
        finally:
            crew.stop()


def add_users(crew: Crew, env: dict[str, str]) -> None:
    """As docker-compose.yml does it."""
    command = str(Path(sys.executable).with_name("airflow"))
    crew.run("migrate", [command, "db", "migrate"], env)
    look = ["roles", "add-perms", "Viewer", "User", "--resource", "Plugins", "--action", "can_read"]
    crew.run("roles", [command, *look], env)
    for name, role in USERS.items():
        crew.run(
            "users",
            [
                *(command, "users", "create", "--role", role.capitalize(), "--username", name),
                *(
                    "--password",
                    PASSWORD,
                    "--firstname",
                    name,
                    "--lastname",
                    role,
                    "--email",
                    f"{name}@localhost",
                ),
            ],
            env,
        )

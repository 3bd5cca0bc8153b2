"""A real Airflow API server for tests: on a free port of 127.0.0.1, with users and their logins."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from pipelines.up import embedded

PASSWORD = "a word that only tests know"


@dataclass(frozen=True)
class Ui:
    base: str

    def token(self, user: str) -> str:
        body = json.dumps({"username": user, "password": PASSWORD}).encode()
        asked = Request(f"{self.base}/auth/token", body, {"Content-Type": "application/json"})
        with urlopen(asked, timeout=60) as answer:
            return str(json.load(answer)["access_token"])

    def get(self, path: str, token: str | None = None) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with urlopen(Request(self.base + path, headers=headers), timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            return error.code, error.headers, error.read()


@contextmanager
def serving(home: Path, database: Path, users: Mapping[str, str]) -> Iterator[Ui]:
    """Airflow's API server and UI over a copy of an empty metadata database; `users`: name → role."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    embedded.lay_out(home)
    passwords = home / "airflow" / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(users, PASSWORD)), "utf-8")
    env = embedded.environment(home, port, os.environ | {"WIREHOUSE_HOME": str(home)})
    env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = ",".join(f"{n}:{role}" for n, role in users.items())
    airflow = str(Path(sys.executable).with_name("airflow"))
    shutil.copy(database, home / "airflow" / "airflow.db")
    server = subprocess.Popen(
        [airflow, "api-server"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        said: list[str] = []
        for line in server.stdout:
            said.append(line)
            if "Uvicorn running on" in line:
                break
        else:
            raise AssertionError("".join(said))
        # It must never wait for a reader of what it says.
        threading.Thread(target=said.extend, args=(server.stdout,), daemon=True).start()
        yield Ui(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(60)

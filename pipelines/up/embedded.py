"""Lay out an Airflow of our own in one folder: its secrets, and the environment that configures it.

    <home>/airflow/            AIRFLOW_HOME, readable by its owner alone
        airflow.db             Airflow's metadata (SQLite)
        secrets.json           keys that sign and encrypt; made once, kept
        passwords.json         the login of the UI; made once, kept
        logs/                  task logs
    <home>/logs/<name>.log     what each component prints

There is no configuration file to edit: Airflow reads all of it from the environment. A
variable that we leave alone, such as `AIRFLOW__CORE__PARALLELISM`, may be set by the user.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from pipelines.errors import WirehouseError

USER = "admin"


def lay_out(home: Path) -> None:
    """Make the folders, the secrets and the password, where they are not there yet."""
    airflow = home / "airflow"
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
        airflow.mkdir(mode=0o700, exist_ok=True)
        _once(airflow / "secrets.json", _new_secrets)
        # Airflow would make this file itself, but readable by everybody.
        _once(airflow / "passwords.json", lambda: {USER: secrets.token_urlsafe(12)})
    except OSError as error:
        raise WirehouseError(
            f"cannot write {error.filename or home}: {error.strerror}; set WIREHOUSE_HOME to a folder you own"
        ) from error


def password(home: Path) -> str:
    """The password of `USER`, as `lay_out` made it."""
    return _read(home / "airflow" / "passwords.json")[USER]


def environment(home: Path, port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of every Airflow component: what is inherited, and our settings over it.

    `port`: of the API server and UI, on 127.0.0.1; nothing listens elsewhere.
    """
    airflow = home / "airflow"
    keys = _read(airflow / "secrets.json")
    defaults = {
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",  # seconds; a busy machine's server is slow to answer
        "AIRFLOW__CORE__PARALLELISM": "8",  # tasks at a time; a crawl mostly waits for its site
        # Seconds. On a busy machine the scheduler's loop takes a minute; by Airflow's 30 it would then take
        # itself for dead, and kill all its tasks to begin them again.
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "180",
        # Seconds. By Airflow's 300 the tasks of one that is dead would wait for longer still.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",  # seconds until a new DAG file is noticed
    }
    fixed = {
        "AIRFLOW_HOME": str(airflow),
        "AIRFLOW_CONFIG": str(airflow / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(part("dags")),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(part("plugins")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet_key"],
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(airflow / "passwords.json"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(airflow / "logs"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": keys["api_secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt_secret"],
    }
    return {**defaults, **inherited, **fixed}


def part(name: str) -> Path:
    """The folder of our DAGs or plugins: of the checkout, or as the wheel brings it."""
    checkout = Path(str(resources.files("sources"))).parent / name
    return checkout if checkout.is_dir() else Path(str(resources.files("pipelines"))) / "airflow" / name


def _new_secrets() -> dict[str, str]:
    return {
        "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt_secret": secrets.token_urlsafe(48),
        "api_secret_key": secrets.token_urlsafe(32),
    }


def _once(path: Path, make: Callable[[], dict[str, str]]) -> None:
    """Write what `make` gives to a new file with mode 0600; leave one that is there."""
    if path.exists():
        return
    part_written = path.with_suffix(".part")
    part_written.unlink(missing_ok=True)
    with open(os.open(part_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(make(), file)
    part_written.rename(path)


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise WirehouseError(f"cannot read {path}: {error}; delete it to have a new one made") from error

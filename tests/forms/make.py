"""Make a warehouse with the program as it was at a commit, for test_forms: `python tests/forms/make.py COMMIT...`.

Run it in the repository: the old code is checked out beside it, runs in the present environment, and makes
its tables; two stories are put in, into whatever columns that must have something. What comes out is packed
as `tests/forms/<form>-<commit>.tar.xz`, with the catalog and its files.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

INSIDE = """
import sys
from pipelines.store import warehouse
with warehouse.opened(sys.argv[1]) as connection:
    samples = {"VARCHAR": "'x' || n", "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ '2026-03-05T12:00:00Z'",
      "BOOLEAN": "false", "DOUBLE": "0.9"}
    for table in ("stories", "past_versions", "observations"):
        needed = [(r[0], r[1]) for r in connection.execute(f"DESCRIBE {table}").fetchall()
                  if r[2] == "NO" or r[0] in ("story_id", "version", "published_at")]
        values = ["[]" if kind.endswith("[]") else samples.get(kind, "1") for _, kind in needed]
        names = ", ".join(name for name, _ in needed)
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM range(1, 3) t(n)")
    print(connection.execute("SELECT max(version) FROM schema_version").fetchone()[0])
"""


def make(commit: str) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        code, made = Path(folder, "code"), Path(folder, "made")
        subprocess.run(["git", "worktree", "add", "--detach", str(code), commit], check=True)
        made.mkdir()
        try:
            done = subprocess.run(
                [sys.executable, "-c", INSIDE, f"ducklake:sqlite:{made}/catalog.sqlite"],
                cwd=code,
                env={"PYTHONPATH": str(code)},
                check=True,
                capture_output=True,
                text=True,
            )
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(code)], check=True)
        packed = HERE / f"{done.stdout.split()[-1]}-{commit[:7]}.tar.xz"
        with tarfile.open(packed, "w:xz") as tar:
            for file in sorted(made.rglob("*")):
                tar.add(file, file.relative_to(made).as_posix(), recursive=False, filter=_anonymous)
    return packed


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


if __name__ == "__main__":
    for commit in sys.argv[1:]:
        print(make(commit))

"""The demo wire as a neighbour process: how to start it, and where its sources then are.

Only its command line is used here; `demo` is a program beside us, not a part of us.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from importlib import resources
from pathlib import Path

FIRST_PORT = 8701
SITES = 6
"""One port for each site, from the first on, as the `sources/demo_*.toml` have them."""

_ORIGIN = re.compile(r"http://127\.0\.0\.1:(\d+)/")


def command(home: Path, port_base: int, now: datetime) -> list[str]:
    """How the wire is started. Its epoch is kept in `demo.json`, so that its story goes on.

    The wire is a function of its epoch and the clock: with the epoch of the first start
    the stories that were loaded then are still there, and new ones have come since.
    """
    kept = home / "demo.json"
    if not kept.exists():
        part = kept.with_suffix(".part")
        part.write_text(json.dumps({"epoch": now.isoformat(timespec="seconds"), "seed": 7}), "utf-8")
        part.rename(kept)
    wire = json.loads(kept.read_text("utf-8"))
    options = {"--port-base": port_base, "--epoch": wire["epoch"], "--seed": wire["seed"]}
    return [sys.executable, "-m", "demo", "serve", *(str(x) for pair in options.items() for x in pair)]


def sources(folder: Path | None, target: Path, port_base: int | None) -> Path:
    """Make `target` a folder of the same sources, with the wire's where it is served.

    `port_base`: its first port; None leaves its sources out, since their crawls could
    only fail. The other sources are links, so that an edit shows; called again, it takes
    over the files that came and went.
    """
    target.mkdir(exist_ok=True)
    declared = {path.name: path for path in (folder or Path(str(resources.files("sources")))).glob("*.toml")}
    wanted = {n: p for n, p in declared.items() if port_base is not None or not n.startswith("demo_")}
    for old in target.glob("*.toml"):
        if old.name not in wanted:
            old.unlink()
    for name, path in wanted.items():
        copy = target / name
        if port_base is None or not name.startswith("demo_"):
            if not copy.is_symlink():
                copy.unlink(missing_ok=True)
                copy.symlink_to(path.absolute())
        elif not copy.exists() or copy.is_symlink():
            copy.unlink(missing_ok=True)
            copy.write_text(on_ports(path.read_text("utf-8"), port_base), "utf-8")
        elif copy.read_text("utf-8") != (text := on_ports(path.read_text("utf-8"), port_base)):
            copy.write_text(text, "utf-8")
    return target


def on_ports(text: str, port_base: int) -> str:
    """A source file with its origins moved from the wire's usual ports.

    >>> on_ports('home = "http://127.0.0.1:8703/"', 9000)
    'home = "http://127.0.0.1:9002/"'
    """
    return _ORIGIN.sub(lambda m: f"http://127.0.0.1:{int(m[1]) - FIRST_PORT + port_base}/", text)

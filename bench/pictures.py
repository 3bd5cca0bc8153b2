"""Take the pictures of docs/ anew: `python -m bench.pictures [--minutes 8] [--only desk]`.

`wirehouse up` runs in a new home until the demo's DAGs have run for some minutes; the pictures of Airflow
are taken then. For those of the desk invented sources are added by SQL, with five weeks of a past and with
troubles, since a wire that is minutes old has no past to be compared with. Needs Chromium.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from playwright.sync_api import Page, sync_playwright

from bench.desk import FLAGS, insert
from pipelines.store import reading, warehouse
from pipelines.up import embedded

DOCS = Path(__file__).resolve().parents[1] / "docs"
HOURS = 35 * 24


class Invented(NamedTuple):
    name: str
    title: str
    tags: list[str]
    daily: int
    """Stories a day."""
    severity: str | None = None
    cause: str | None = None
    hours: int = 0
    """Since when."""
    left: float = 1.0
    """Share of its stories that still come."""
    message: str = ""
    next_step: str = ""


SICK = [
    Invented("ellery_herald", "Port Ellery Herald", ["coast", "daily"], 64, "error", "blocked", 7, 0.0,
             "31 of 31 answers were 403; usual are 0 %", "ask its publisher, or name WIREHOUSE_CONTACT"),
    Invented("norwick_post", "Norwick Post", ["inland", "daily"], 90, "error", "layout_changed", 3, 0.2,
             "confidence fell from 93 % to 41 %; 24 of 30 pages hold no story", "add a rule for it"),
    Invented("dunwater_radio", "Dunwater Radio", ["broadcaster"], 48, "error", "feed_frozen", 11, 0.0,
             "the feed answers 200, and names nothing new for 11 h", "open the feed in a browser"),
    Invented("st_aubrey_times", "St. Aubrey Times", ["coast", "daily"], 70, "warning", "volume_drop", 9, 0.35,
             "9 stories in 9 h; usual are 24 to 41", "compare with its front page"),
    Invented("kingsmere_wire", "Kingsmere Wire", ["agency"], 160, "warning", "section_lost", 26, 0.7,
             "the feed of Sport is gone (404); the others go on", "take it out of the source's file"),
]  # fmt: skip

WELL = [
    Invented(name, title, tags, daily)
    for name, title, tags, daily in (
        ("aldermoor_gazette", "Aldermoor Gazette", ["inland", "daily"], 55),
        ("brisco_standard", "Brisco Standard", ["inland", "daily"], 80),
        ("cape_farrow_news", "Cape Farrow News", ["coast"], 35),
        ("delmont_agency", "Delmont Agency", ["agency"], 220),
        ("eastholm_tribune", "Eastholm Tribune", ["inland", "daily"], 60),
        ("fennick_weekly", "Fennick Weekly", ["weekly"], 14),
        ("glaslow_mail", "Glaslow Mail", ["coast", "daily"], 75),
        ("harrowgate_tv", "Harrowgate TV", ["broadcaster"], 50),
        ("islemouth_echo", "Islemouth Echo", ["coast", "daily"], 44),
        ("juniper_business", "Juniper Business", ["markets"], 120),
        ("kelso_press", "Kelso Press Association", ["agency"], 180),
        ("larkfield_star", "Larkfield Star", ["inland", "daily"], 66),
        ("marisville_observer", "Marisville Observer", ["coast", "daily"], 58),
    )
]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=8, help="how long the demo runs before")
    parser.add_argument("--port", type=int, default=8880)
    parser.add_argument("--only", choices=["desk"], help="leave the pictures of Airflow as they are")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="wirehouse-pictures-") as made,
        up(Path(made), given.port) as base,
    ):
        time.sleep(given.minutes * 60)
        word = json.loads((Path(made) / "airflow" / "passwords.json").read_text())[embedded.USER]
        attach = f"ducklake:sqlite:{made}/warehouse/catalog.sqlite"
        with browser(base, word, "light") as page:
            if given.only is None:
                airflow(page, base)
            with warehouse.opened(attach) as connection:
                invent(connection)
            desk(page, base, attach)
        with browser(base, word, "dark") as page:
            page.goto(f"{base}/plugin/desk")
            shoot(page, "desk_dark", "a.row")


@contextmanager
def up(home: Path, port: int) -> Iterator[str]:
    """Everything, with the demo wire, until the block ends."""
    call = [sys.executable, "-c", "from pipelines.cli import main; main()", "up", "--port", str(port)]
    env = os.environ | {"WIREHOUSE_HOME": str(home)}
    with subprocess.Popen(
        [*call, "--demo-port", str(port + 1)], env=env, stdout=subprocess.PIPE, text=True
    ) as all_:
        assert all_.stdout is not None
        for line in all_.stdout:
            if "password" in line:
                break
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            all_.send_signal(signal.SIGINT)
            all_.communicate()


@contextmanager
def browser(base: str, word: str, scheme: Any) -> Iterator[Page]:
    """A page that is logged in, light or dark."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = chromium.new_page(viewport={"width": 1440, "height": 810}, color_scheme=scheme)
        page.set_default_timeout(120_000)
        page.goto(f"{base}/")
        page.fill("input[name=username]", embedded.USER)
        page.fill("input[name=password]", word)
        page.click("button[type=submit]")
        page.wait_for_url(f"{base}/")
        yield page
        chromium.close()


def airflow(page: Page, base: str) -> None:
    page.goto(f"{base}/dags")
    page.wait_for_selector("text=crawl_demo_courier")
    page.locator("[aria-label*='table view' i], [title*='table view' i]").first.click()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / "dags.png")
    page.goto(f"{base}/dags/crawl_demo_meridian")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / "crawl.png")


def desk(page: Page, base: str, attach: str) -> None:
    page.goto(f"{base}/plugin/desk")
    shoot(page, "desk", "a.row")
    page.set_viewport_size({"width": 1440, "height": 1300})
    page.goto(f"{base}/dags/crawl_demo_courier/plugin/desk_dag")
    shoot(page, "desk_source", ".beside iframe")
    page.set_viewport_size({"width": 1440, "height": 810})
    asked = "SELECT story_id, url FROM stories WHERE diff_ratio > 0 ORDER BY diff_ratio DESC LIMIT 1"
    [row] = reading.query(attach, asked).to_pylist()
    page.goto(f"{base}/plugin/desk/desk/#story={row['story_id']}")
    shoot(page, "desk_story", ".diff")
    page.goto("about:blank")
    page.goto(f"{base}/plugin/desk/desk/#find={row['url']}")
    shoot(page, "desk_find", "ol.trail")


def shoot(page: Page, name: str, awaited: str) -> None:
    frame = page.frame_locator("iframe[title=Desk]")
    frame.locator(awaited).first.wait_for()
    page.wait_for_timeout(2_000)  # what is older than it should be is asked for again
    page.screenshot(path=DOCS / f"{name}.png")


def invent(connection: warehouse.Connection) -> None:
    """Add the invented sources: what they are, their runs and stories by the hour, and what checks found."""
    chance = random.Random(7)
    now = datetime.now(UTC).replace(microsecond=0)
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("sources", "runs", "measures", "stories", "ledger", "findings")
    }
    for one in (*SICK, *WELL):
        rows["sources"].append(
            {
                "source_id": one.name,
                "title": one.title,
                "home": f"https://{one.name}.example/",
                "tags": one.tags,
            }
            | {"timezone": "UTC", "enabled": True, "every": timedelta(minutes=30)}
        )
        for ago in range(HOURS):
            _hour(rows, one, now - timedelta(hours=ago, minutes=chance.randrange(12)), ago, chance)
    for name, made in rows.items():
        connection.register("made", pa.Table.from_pylist(made))
        insert(connection, name, "SELECT * FROM made")
        connection.unregister("made")


def _hour(rows: dict[str, list[Any]], one: Invented, at: datetime, ago: int, chance: random.Random) -> None:
    run = {"run_id": f"{one.name}/{at:%Y%m%dT%H%M%S}Z-00aa", "source_id": one.name}
    ill = one.cause is not None and ago < one.hours
    rows["runs"].append(
        run
        | {"kind": "crawl", "started_at": at, "ended_at": at, "finish_reason": "finished", "bytes": 900_000}
    )
    rows["measures"].append(run | {"kind": "crawl", "started_at": at, "judged_at": at})
    if ill:
        said = {
            "severity": one.severity,
            "cause": one.cause,
            "message": one.message,
            "next_step": one.next_step,
        }
        rows["findings"].append(run | said | {"check_name": "invented", "found_at": at, "since": at})
    wakes = max(0.05, math.sin((at.hour - 5) / 24 * 2 * math.pi) + 0.55) * (0.6 if at.weekday() > 4 else 1)
    rate = one.daily / 24 * wakes * (one.left if ill else 1)
    came = sum(chance.random() < rate / 40 for _ in range(40))
    worse = 0.45 if ill and one.cause == "layout_changed" else 0.92
    for n in range(came):
        seen = at - timedelta(seconds=chance.randrange(3000))
        url = f"https://{one.name}.example/{at:%Y%m%d%H}-{n}"
        story = {"story_id": f"{chance.getrandbits(80):020x}", "url": url, "fetched_at": seen}
        rows["stories"].append(
            run | story | {"version": 1, "pub_status": "usable", "first_seen_at": seen}
            | {"extraction_confidence": chance.gauss(worse, 0.02)}
        )  # fmt: skip
    if ago < 24:
        failed = {"blocked": "http_error", "layout_changed": "rejected"}.get(one.cause or "") if ill else None
        ends = {
            "new": came,
            "unchanged": round(rate * 2),
            failed or "gone": round(rate * 3) if failed else ago % 9 == 0,
        }
        for outcome, leads in ends.items():
            kind = "recheck" if outcome == "unchanged" else "rss"
            lead = {"url": "https://x.example/", "channel": "x", "channel_kind": kind, "found_at": at}
            rows["ledger"] += [run | lead | {"outcome": outcome}] * int(leads)


if __name__ == "__main__":
    main()

"""Click through an operator's day in Airflow's own UI, with a real scheduler.

    python -m bench.clicks [--fab] [--pictures]

Airflow runs as `wirehouse up` starts it, in a folder of its own, with three users: *olga* (role Op) does
all that is done here, *vera* (Viewer) may look and not act, and nobody else sees anything. Two sources whose
pages are a notice, or nothing, in place of stories are crawled and held by the checks themselves; one is
released and one discarded by clicks on *Required Actions*; a third source is well. The forms are opened,
read, filled in and triggered, until their runs are green. `--fab` does the same with the auth manager of a
team's installation (extra `team`). `--pictures` takes the pictures of docs/ that show it. Needs Chromium;
takes some minutes.

Prints a line for all that was seen to work; ends with an error, and a picture of the page, at the first
that does not.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from bench.desk import FLAGS
from bench.operated import PASSWORD, airflow, declare, site
from pipelines import steps
from pipelines.errors import WirehouseError
from pipelines.store import batches
from pipelines.up.airflow_api import AirflowApi, NoAnswerError

DOCS = Path(__file__).resolve().parents[1] / "docs"
PATIENCE = timedelta(minutes=10)
BEGAN = datetime.now(UTC)


def saw(what: str) -> None:
    print(f"{(datetime.now(UTC) - BEGAN).total_seconds():5.0f} s  {what}", flush=True)


def until(what: str, found: Callable[[], Any]) -> Any:
    """Wait for something that Airflow does in its own time; what it was that was found."""
    ends = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < ends:
        try:
            if one := found():
                saw(what)
                return one
        except (NoAnswerError, WirehouseError):
            pass
        time.sleep(1)
    raise AssertionError(f"not within {PATIENCE}: {what}")


# Without a browser: who may what


def asked(base: str, method: str, path: str, token: str | None, body: Any = None) -> int:
    """The status of an answer."""
    request = Request(base + path, json.dumps(body).encode() if body else None, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def token(base: str, user: str) -> str:
    body = json.dumps({"username": user, "password": PASSWORD}).encode()
    request = Request(f"{base}/auth/token", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["access_token"])


def roles(base: str, run_id: str) -> None:
    """Hold Airflow to who may look and who may act."""
    held = f"/api/v2/dags/quarantine/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
    looks = ["/desk/", "/desk/api/overview", "/api/v2/dags", held]
    runs = {"logical_date": None, "conf": {"name": "blocked"}}
    acts = [
        ("PATCH", held, {"chosen_options": ["Approve"], "params_input": {}}),
        ("POST", "/api/v2/dags/mute/dagRuns", runs),
        ("POST", "/api/v2/dags/crawl_well/dagRuns", {"logical_date": None}),
        ("PATCH", "/api/v2/dags/publish", {"is_paused": True}),
    ]
    for user, may_look, may_act in ((None, 401, 401), ("vera", 200, 403)):
        word = token(base, user) if user else None
        told = {path: asked(base, "GET", path, word) for path in looks}
        assert told == dict.fromkeys(looks, may_look), (user, told)
        told = {path: asked(base, method, path, word, body) for method, path, body in acts}
        assert set(told.values()) == {may_act}, (user, told)
        saw(f"{user or 'nobody'}: looking {may_look}, acting {may_act}")


# In the browser


@contextmanager
def logged_in(chromium: Browser, base: str, user: str) -> Iterator[Page]:
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{base}/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(f"{base}/")
    try:
        yield page
    except Exception:
        page.screenshot(path="clicks.png")
        print("what the browser showed is in clicks.png", file=sys.stderr)
        raise
    finally:
        page.context.close()


def decide(
    page: Page, base: str, batch: str, word: str, shown: str, why: str | None = None, picture: bool = False
) -> None:
    """Answer what Airflow asks about a held batch, as one who comes from the list of required actions."""
    page.goto(f"{base}/required_actions")
    page.click(f"a:has-text('Load {batch}?')")
    page.wait_for_selector(f"text={shown}")
    page.wait_for_selector("text=Kept with the run's findings.")
    if picture:
        page.screenshot(path=DOCS / "quarantine.png")
    if why:
        page.fill("#element_why", why)
    page.click(f"[data-testid=hitl-option-{word}]:not([disabled])")
    saw(f"{word} of {batch} is clicked")


def trigger(page: Page, base: str, dag_id: str, fields: dict[str, str], helps: str, picture: bool) -> None:
    """Open the form of a DAG, read its help, fill it in and send it."""
    page.goto(f"{base}/dags/{dag_id}")
    page.click("[data-testid=trigger-dag-button]")
    form = page.locator("[role=dialog]").last
    form.locator(f"text={helps}").wait_for()
    for name, value in fields.items():
        if name == "source":
            form.locator("input[role=combobox]").click()
            page.locator(f"[role=option]:has-text('{value}')").first.click()
            continue
        field = form.locator(f"[name=element_{name}]")
        field.fill(value)
        field.blur()
    if picture:
        page.screenshot(path=DOCS / "form.png")
    form.locator("[data-testid=trigger-dag-submit]:not([disabled])").click()
    form.wait_for(state="hidden")
    saw(f"the form of {dag_id} is filled in and sent")


def day(chromium: Browser, base: str, api: AirflowApi, home: Path, pictures: bool) -> None:
    def ended(dag_id: str, state: str = "success") -> bool:
        return any(run.dag_id == dag_id and run.state == state for run in api.runs_since(BEGAN))

    def asks(source: str) -> str | None:
        runs = (run.run_id for run in api.runs_since(BEGAN) if run.dag_id == "quarantine")
        run_id = next((run for run in runs if run.startswith(f"held__{source}--")), None)
        if run_id is None:
            return None
        [state] = [t.state for t in api.tasks(api_run(run_id)) if t.task_id == "approve"]
        return run_id if state == "awaiting_input" else None

    def api_run(run_id: str) -> Any:
        return next(run for run in api.runs_since(BEGAN) if run.run_id == run_id)

    def row(batch: str) -> Any:
        return steps.query(f"SELECT finish_reason FROM runs WHERE run_id = '{batch}'").to_pylist()

    held = {
        source: until(
            f"{source} is crawled, held by its own findings, and asked about", lambda s=source: asks(s)
        )
        for source in ("bare", "notice")
    }
    named = {source: run_id.removeprefix("held__").replace("--", "/") for source, run_id in held.items()}
    roles(base, held["bare"])
    page = chromium.new_context().new_page()
    page.goto(f"{base}/required_actions")
    page.wait_for_selector("input[name=password]")
    assert "Load " not in page.inner_text("body")
    page.context.close()
    saw("nobody: the UI shows its login alone")

    with logged_in(chromium, base, "vera") as page:
        page.goto(f"{base}/dags/crawl_bare/plugin/desk_dag")
        page.frame_locator("iframe").locator("text=none of 8 pages holds a story").first.wait_for()
        saw("vera: the tab Desk of crawl_bare says what is wrong")
        page.goto(f"{base}/required_actions")
        page.click(f"a:has-text('Load {named['bare']}?')")
        page.wait_for_selector("[data-testid=hitl-option-Approve]")
        page.fill("#element_why", "it is not mine to say")
        with page.expect_response(lambda r: "hitlDetails" in r.url and r.request.method == "PATCH") as said:
            page.click("[data-testid=hitl-option-Approve]")
        assert said.value.status == 403, said.value.status
        assert asks("bare")
        saw("vera: a click on Approve is refused, and it is still asked")

    with logged_in(chromium, base, "olga") as page:
        runs = [run for run in api.runs_since(BEGAN) if run.dag_id == "crawl_bare"]
        page.goto(f"{base}/dags/crawl_bare/runs/{runs[0].run_id}/tasks/check")
        page.wait_for_selector("text=none of 8 pages holds a story")
        saw("olga: the log of the red check says what was found")
        none = "none of 8 pages holds a story"
        decide(page, base, named["bare"], "Reject", none, "we looked at it", picture=pictures)
        decide(page, base, named["notice"], "Approve", "have the same text")
        until("the one is discarded: its run is loaded, and says so",
              lambda: row(named["bare"]) == [{"finish_reason": "discarded"}])  # fmt: skip
        until(
            "the other is released, and loaded",
            lambda: row(named["notice"]) == [{"finish_reason": "finished"}],
        )
        until("well is crawled, and loaded", lambda: ended("crawl_well") and ended("publish"))

        first = min((home / "data" / "well").glob("*/run.json")).parent
        shutil.copy(first / batches.PAGES, home / "replay" / "ours.warc.gz")
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        forms = {
            "recrawl": ({"source": "well"}, "none: all that its channels name"),
            "backfill": (
                {"source": "well", "first_day": "2026-03-05", "budget": "5"},
                "The first day, if none is named.",
            ),
            "replay": ({"file": "ours.warc.gz", "source": "well"}, "in the folder of replays"),
            "rehearse": ({"sources": "well", "since": f"{BEGAN:%Y-%m-%d}", "until": today}, "one a line"),
            "mute": ({"name": "blocked", "hours": "2", "why": "it is known"}, "0 tells of it again."),
        }
        for dag_id, (fields, helps) in forms.items():
            trigger(page, base, dag_id, fields, helps, pictures and dag_id == "backfill")
        for dag_id in forms:
            until(f"the run of {dag_id} is green", lambda d=dag_id: ended(d))
        from pipelines.alerts import mutes

        assert [(m.name, m.why) for m in mutes.mutes()] == [("blocked", "it is known")]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fab", action="store_true", help="users and roles of Airflow's FAB provider")
    parser.add_argument("--pictures", action="store_true", help="take the pictures of docs/ anew")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clicks") as made, site() as sites, sync_playwright() as play:
        home = Path(made)
        declare(home, sites)
        with airflow(home, fab=given.fab) as (base, api):
            saw("Airflow is healthy")
            chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            day(chromium, base, api, home, given.pictures)
            chromium.close()
    saw("all of it works")


if __name__ == "__main__":
    main()

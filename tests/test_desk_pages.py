"""Does the desk work in a browser, behind Airflow's login, and is text from pages only ever text?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from urllib.parse import urlencode

import airflow_ui
import pytest
from airflow_ui import Ui
from desk_stock import stock
from website import Site, serving

from pipelines import steps
from pipelines.desk import answers
from pipelines.desk.kept import Kept
from pipelines.errors import WarehouseError
from pipelines.up import embedded

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

API = ["overview", "source/wire", "story/0", "diff/0", "find?q=x", "page?ref=x"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium: on Debian, apt install chromium")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    home = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch, serving() as site:
        (home / "sources").mkdir()
        patch.setenv("WIREHOUSE_HOME", str(home))
        patch.setenv("WIREHOUSE_SOURCES", str(home / "sources"))
        stock(home, site)
        yield site


@pytest.fixture(scope="module")
def ui(site, airflow_database):
    home = steps.places().home
    with airflow_ui.serving(home, airflow_database, {"ann": "admin", "vera": "viewer"}) as ui:
        yield ui


# Behind the login


@pytest.mark.parametrize("path", ["", "files/x/desk.js", *(f"api/{path}" for path in API)])
def test_nobody_sees_anything_without_a_login(ui, path):
    status, _, body = ui.get(f"/desk/{path}")
    assert (status, json.loads(body)) == (401, {"detail": "Not authenticated"})


def test_a_viewer_sees_the_desk_and_what_it_says(ui):
    token = ui.token("vera")
    assert ui.get("/desk/", token)[0] == 200
    status, _, body = ui.get("/desk/api/overview", token)
    assert status == 200
    assert [row["name"] for row in json.loads(body)["sources"]] == ["wire"]


def test_what_is_not_there_is_said_in_words(ui):
    token = ui.token("vera")
    for path in ("source/nobody", "story/0", "diff/0"):
        status, _, body = ui.get(f"/desk/api/{path}", token)
        assert status == 404
        assert "no such" in json.loads(body)["error"]
    assert ui.get("/desk/files/x/..%2fdesk.py", token)[0] == 404


def test_no_answer_may_run_a_script_that_is_not_ours_or_be_framed_elsewhere(ui):
    token = ui.token("ann")
    for path in ("", "api/overview", "files/x/desk.js", "api/page?ref=x"):
        _, headers, _ = ui.get(f"/desk/{path}", token)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]


def test_an_archived_page_is_sent_with_no_right_to_anything(ui):
    [row] = steps.query("SELECT raw_ref FROM stories WHERE headline LIKE '%harmed%'").to_pylist()
    asked = urlencode({"ref": row["raw_ref"]})
    _, headers, body = ui.get(f"/desk/api/page?{asked}", ui.token("vera"))
    assert b"harmed" in body
    policy = headers["Content-Security-Policy"].split("; ")
    assert "sandbox" in policy
    assert [part for part in policy if part.startswith(("script-src", "connect-src", "frame-src"))] == []


def test_airflow_has_the_desk_in_its_navigation_and_on_each_dag(ui):
    _, _, body = ui.get("/api/v2/plugins", ui.token("ann"))
    [desk] = [plugin for plugin in json.loads(body)["plugins"] if plugin["name"] == "desk"]
    assert {view["destination"]: view["href"] for view in desk["external_views"]} == {
        "nav": "/desk/",
        "dag": "/desk/#dag={DAG_ID}",
    }


def test_a_process_of_airflow_that_answers_nobody_does_not_pay_for_the_desk(tmp_path):
    heavy = "'fastapi', 'duckdb', 'pyarrow', 'numpy', 'pipelines', 'desk_page'"
    code = (
        "import sys, airflow.plugins_manager; n = set(sys.modules); import desk; "
        f"print({{{heavy}}} & set(sys.modules) - n)"
    )
    env = os.environ | {"PYTHONPATH": str(embedded.part("plugins")), "AIRFLOW_HOME": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "set()"


def test_an_overview_that_is_old_says_so_and_a_fresh_one_does_not(site, monkeypatch):
    monkeypatch.syspath_prepend(embedded.part("plugins"))
    from desk_page import app

    now, answering = [0.0], [True]

    def made():
        if not answering[0]:
            raise WarehouseError("warehouse.ducklake: no answer")
        return answers.overview()

    kept = Kept(made, fresh=app.FRESH, stale=app.STALE, clock=lambda: now[0])
    monkeypatch.setattr(app, "overview", lambda: kept)
    assert "old" not in json.loads(app.api_overview().body)
    answering[0], now[0] = False, app.OLD + 1
    kept.refresh().join()
    told = json.loads(app.api_overview().body)
    assert told["old"]
    assert "warehouse.ducklake: no answer" in told["warehouse"][0]["message"]


# In a browser


class Browser:
    """A page of a browser, and what went wrong or was asked for in it."""

    def __init__(self, page, ui: Ui, site: Site) -> None:
        self.page, self.ui, self.site = page, ui, site
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.set_default_timeout(60_000)

    def login(self, user: str) -> None:
        self.page.goto(f"{self.ui.base}/")
        self.page.fill("input[name=username]", user)
        self.page.fill("input[name=password]", airflow_ui.PASSWORD)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(f"{self.ui.base}/")

    def desk(self, **place: str) -> None:
        self.page.goto(f"{self.ui.base}/desk/")
        self.page.wait_for_selector("a.row")
        if place:
            self.page.evaluate("hash => { location.hash = hash }", urlencode(place))
            self.page.wait_for_selector("section.head")


@pytest.fixture(scope="module")
def browser(ui, site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        one = Browser(chromium.new_page(), ui, site)
        one.login("vera")
        yield one
        chromium.close()


def id_of(path: str) -> str:
    return str(
        steps.query(f"SELECT story_id FROM stories WHERE url LIKE '%/{path}'").to_pylist()[0]["story_id"]
    )


@needs_chromium
def test_all_sources_stand_in_airflows_own_frame(browser):
    browser.page.goto(f"{browser.ui.base}/plugin/desk")
    desk = browser.page.frame_locator("iframe[title=Desk]")
    row = desk.locator("a.row", has_text="wire")
    row.wait_for()
    assert row.locator("svg.spark").get_attribute("aria-label").endswith("too new to say what is usual")
    row.click()
    desk.locator("h2", has_text="What became of its leads").wait_for()
    assert browser.errors == []


@needs_chromium
def test_the_tab_of_a_dag_opens_its_source_and_that_of_another_all_sources(browser):
    browser.page.goto("about:blank")
    browser.page.goto(f"{browser.ui.base}/desk/#dag=crawl_wire")
    browser.page.wait_for_selector("section.head .facts:has-text('every 15 min')")
    browser.page.goto("about:blank")
    browser.page.goto(f"{browser.ui.base}/desk/#dag=publish")
    browser.page.wait_for_selector("a.row")


@needs_chromium
def test_keys_move_open_and_lead_back(browser):
    browser.desk()
    page = browser.page
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.name") == "wire"
    page.keyboard.press("Enter")
    page.wait_for_selector("section.head")
    page.keyboard.press("Escape")
    page.wait_for_selector("a.row")
    page.keyboard.press("/")
    page.keyboard.type("nothing of that name")
    page.wait_for_selector("text=No source passes the filter.")
    page.keyboard.press("Escape")  # empties the box
    page.wait_for_selector("a.row")
    page.keyboard.press("Escape")  # leaves it
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")


@needs_chromium
def test_only_sick_leaves_out_the_well_and_a_tag_chooses(browser):
    browser.desk()
    page = browser.page
    page.select_option("#tags", "coast")
    assert page.locator("a.row").count() == 1
    told = json.loads(browser.ui.get("/desk/api/overview", browser.ui.token("vera"))[2])
    page.check("#only-sick")
    assert page.locator("a.row").count() == sum(
        row["state"] in ("sick", "ailing", "held") for row in told["sources"]
    )


@needs_chromium
def test_no_state_that_is_old_is_shown_in_its_colour(browser):
    browser.desk()
    page = browser.page

    def looks():
        return page.eval_on_selector("a.row .dot", "dot => getComputedStyle(dot).borderTopStyle")

    fresh = looks()
    old = answers.outdated(answers.overview(), WarehouseError("warehouse.ducklake: no answer"))
    page.route("**/api/overview", lambda route: route.fulfill(body=old, content_type="application/json"))
    page.reload()
    page.wait_for_selector(".notice.error:has-text('warehouse.ducklake: no answer')")
    assert (fresh, looks()) == ("none", "dashed")
    page.unroute("**/api/overview")


@needs_chromium
def test_a_url_in_the_search_box_is_followed_to_its_row(browser):
    browser.desk()
    browser.page.fill("#search", f"{browser.site.base}/plain")
    browser.page.press("#search", "Enter")
    browser.page.wait_for_selector("ol.trail")
    told = browser.page.inner_text("ol.trail")
    assert "Announced by rss" in told
    assert "version 2, usable" in told
    browser.page.click("text=what changed >> nth=-1")
    browser.page.wait_for_selector(".diff")
    assert browser.page.locator(".diff .body del").all_inner_texts() == ["nine", "two"]
    assert browser.page.locator(".diff .body ins").all_inner_texts() == ["ten", "one"]


@needs_chromium
def test_text_of_pages_feeds_and_reasons_is_shown_and_never_runs_or_fetches(browser):
    browser.asked.clear()
    before = len(browser.site.asked)
    places = [
        {},
        {"source": "wire"},
        {"story": id_of("hostile")},
        {"find": f"{browser.site.base}/hostile"},
        {"find": f"{browser.site.base}/odd"},
        {"find": "javascript:top.harmed=1"},
        {"find": "<img src=/beacon.png onerror=top.harmed=1>"},
        {"source": "<img src=/beacon.png onerror=top.harmed=1>"},
    ]
    shown = []
    for place in places:
        browser.page.goto("about:blank")
        browser.page.goto(f"{browser.ui.base}/desk/#{urlencode(place)}")
        browser.page.wait_for_selector("a.row, section.head, .notice.error")
        browser.page.wait_for_load_state("networkidle")
        shown.append(browser.page.inner_text("main"))
        assert browser.page.evaluate(
            "[typeof harmed, document.querySelectorAll('#main img, #main script').length]"
        ) == [
            "undefined",
            0,
        ]
    assert sum("<script>top.harmed" in text for text in shown) >= 3
    assert browser.dialogs == []
    assert browser.errors == []
    assert [url for url in browser.asked if not url.startswith((browser.ui.base, "about:"))] == []
    assert browser.site.asked[before:] == []


@needs_chromium
def test_their_page_stands_beside_what_was_read_in_it_without_its_scripts(browser):
    browser.desk(story=id_of("hostile"))
    frame = browser.page.frame_locator("iframe[title^='Their page']")
    frame.locator("text=A keeper's flat below the lamp").wait_for()
    assert "A keeper's flat below the lamp" in browser.page.inner_text(".read")
    assert browser.page.get_attribute("iframe[title^='Their page']", "sandbox") == ""
    browser.page.click("button:text('as text')")
    frame.locator("pre", has_text="<script>top.harmed=1").wait_for()
    assert browser.page.evaluate("typeof harmed") == "undefined"


@needs_chromium
def test_it_is_dark_where_airflow_is_and_light_where_airflow_is(browser):
    browser.desk()
    for theme, is_dark in (("dark", True), ("light", False)):
        browser.page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
        browser.page.reload()
        browser.page.wait_for_selector("a.row")
        red, green, blue = browser.page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
        )
        assert (red + green + blue < 200) is is_dark


@needs_chromium
def test_logged_out_there_is_only_the_login(browser):
    anonymous = browser.page.context.browser.new_context().new_page()
    answer = anonymous.goto(f"{browser.ui.base}/desk/")
    assert answer.status == 401
    anonymous.goto(f"{browser.ui.base}/plugin/desk")
    anonymous.wait_for_selector("input[name=password]")
    assert anonymous.locator("a.row").count() == 0
    anonymous.context.close()

"""Do the runs that an operator starts in Airflow do what their forms say, and refuse what they must?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_runs import Airflow
from website import Site, declare, rss, serving, story

from pipelines.errors import UsageError
from pipelines.ledger import LedgerLine
from pipelines.replay import within
from pipelines.store import batches, staging

TEXT = [
    "The council of Port Ellery voted on Monday to keep the light on its pier.",
    "Nobody spoke against it, and the keeper was applauded by all who had come.",
]


@pytest.fixture(scope="module")
def served() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture(scope="module")
def place(served: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("runs")
    for name in ("sources", "replay"):
        (home / name).mkdir()
    archives = f'["{served.base}/{{year}}-{{month:02}}-{{day:02}}"]'
    for name in ("wire", "walled"):
        declare(home, name, served.base, archives=archives)
    return home


@pytest.fixture(scope="module")
def airflow(place: Path, airflow_database: Path) -> Iterator[Airflow]:
    with Airflow(
        place, airflow_database, WIREHOUSE_HOME=str(place), WIREHOUSE_SOURCES=str(place / "sources")
    ) as one:
        yield one


@pytest.fixture
def site(served: Site) -> Site:
    served.pages = {"/rss": rss(served.base, "/a"), "/a": story("Light stays", *TEXT)}
    served.asked.clear()
    return served


def ends(place: Path, batch: str) -> dict[str, str]:
    """How the leads of a batch ended, by their path."""
    lines = staging.read(place / "data" / batch / batches.LEDGER, LedgerLine)
    return {line.url.split("/", 3)[3]: line.outcome.value for line in lines}


def run_of(place: Path, batch: str) -> dict[str, str]:
    return json.loads((place / "data" / batch / batches.RUN).read_text())


READ = {"extract": "success", "quarantine": "skipped", "check": "success"}


def test_who_may_only_look_cannot_start_a_run_nor_decide_about_one(airflow, site):
    forms = {
        "recrawl": {"source": "wire"},
        "backfill": {"source": "wire", "first_day": "2026-03-05"},
        "replay": {"source": "wire", "file": "a.warc.gz"},
        "quarantine": {"batch": "wire/20260305T120000Z-3f2a"},
    }
    told = {dag_id: airflow.trigger(dag_id, form, user="viewer")[0] for dag_id, form in forms.items()}
    assert told == dict.fromkeys(forms, 403)
    days = {"dag_id": "backfill", "from_date": "2026-03-05T00:00:00Z", "to_date": "2026-03-05T00:00:00Z"}
    assert airflow.api("POST", "backfills", days, "viewer")[0] == 403
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    place = "dags/quarantine/dagRuns/any/taskInstances/approve/-1/hitlDetails"
    assert airflow.api("PATCH", place, answer, "viewer")[0] == 403


@pytest.mark.parametrize(
    ("dag_id", "form", "field"),
    [
        ("recrawl", {}, "source"),
        ("recrawl", {"source": "nobody"}, "source"),
        ("recrawl", {"source": "wire; rm -rf /"}, "source"),
        ("recrawl", {"source": "wire", "urls": ["https://wire.example/"] * 501}, "urls"),
        ("recrawl", {"source": "wire", "urls": "https://wire.example/"}, "urls"),
        ("backfill", {"source": "wire", "first_day": "yesterday"}, "first_day"),
        ("backfill", {"source": "wire", "first_day": "2026-03-05", "budget": 0}, "budget"),
        ("replay", {"source": "wire"}, "file"),
        ("replay", {"source": "wire", "file": "/etc/passwd"}, "file"),
        ("quarantine", {"batch": "../../etc"}, "batch"),
    ],
)
def test_what_does_not_fit_a_form_is_refused_by_the_name_of_its_field(airflow, dag_id, form, field):
    status, told = airflow.trigger(dag_id, form)
    assert status == 400
    assert field in told["detail"]


def test_a_page_is_crawled_again_and_what_came_is_staged(airflow, place, site):
    site.pages["/late"] = story("Late", *TEXT)
    airflow.trigger("recrawl", {"source": "wire", "urls": [f"{site.base}/late", ""]})
    [run] = airflow.carry_out("recrawl")
    assert run["tasks"] == {"crawl": "success", **READ}, airflow.log[-50:]
    batch = run["results"]["crawl"]
    assert ends(place, batch) == {"late": "new"}
    assert run_of(place, batch)["kind"] == "recrawl"
    status, events = airflow.api("GET", "assets/events?source_dag_id=recrawl")
    assert (status, [event["extra"]["batch"] for event in events["asset_events"]]) == (200, [batch])


def test_a_page_of_another_host_makes_the_run_red_and_nobody_is_asked(airflow, site):
    airflow.trigger("recrawl", {"source": "wire", "urls": ["http://169.254.169.254/latest/meta-data/"]})
    [run] = airflow.carry_out("recrawl")
    assert run["tasks"]["crawl"] == "failed"
    assert "is not one of wire's" in "".join(airflow.log)
    assert site.asked == []


def archive(site: Site, *days: str) -> None:
    for day in days:
        site.pages[f"/{day}"] = (
            f'<!doctype html><html><body><a href="/{day}-light.html">The light stays on the pier</a>'.encode()
        )
        site.pages[f"/{day}-light.html"] = story(f"Light of {day}", *TEXT).replace(
            b"2026-03-05", day.encode()
        )


def test_the_days_of_a_form_are_one_run(airflow, place, site):
    archive(site, "2026-03-01", "2026-03-02")
    airflow.trigger("backfill", {"source": "wire", "first_day": "2026-03-01", "last_day": "2026-03-02"})
    [run] = airflow.carry_out("backfill")
    assert run["tasks"] == {"crawl": "success", **READ}, airflow.log[-50:]
    assert {"/2026-03-01", "/2026-03-02"} <= set(site.paths())
    assert run_of(place, run["results"]["crawl"])["kind"] == "backfill"


def test_days_in_the_wrong_order_make_the_run_red(airflow, site):
    airflow.trigger("backfill", {"source": "wire", "first_day": "2026-03-02", "last_day": "2026-03-01"})
    [run] = airflow.carry_out("backfill")
    assert run["tasks"]["crawl"] == "failed"
    assert "first_day 2026-03-02 is after last_day 2026-03-01" in "".join(airflow.log)
    assert site.asked == []


def test_airflows_own_backfill_makes_one_run_a_day_and_each_asks_for_its_day_alone(airflow, place, site):
    archive(site, "2026-04-01", "2026-04-02")
    asked = {
        "dag_id": "backfill",
        "from_date": "2026-04-01T00:00:00Z",
        "to_date": "2026-04-02T00:00:00Z",
        "dag_run_conf": {"source": "wire", "budget": 10},
    }
    status, told = airflow.api("POST", "backfills", asked)
    assert status == 200, told
    for run, day in zip(airflow.carry_out("backfill"), ["2026-04-01", "2026-04-02"], strict=True):
        assert (run["type"], run["day"][:10]) == ("backfill", day)
        assert run["tasks"] == {"crawl": "success", **READ}
        assert f"{day}-light.html" in ends(place, run["results"]["crawl"])
        other = "2026-04-02" if day == "2026-04-01" else "2026-04-01"
        assert f"{other}-light.html" not in ends(place, run["results"]["crawl"])


def test_a_backfill_never_runs_by_itself(airflow):
    _, told = airflow.api("GET", "dags/backfill")
    assert told["next_dagrun_logical_date"] is None
    assert told["is_backfillable"]


def test_a_warc_of_the_folder_is_replayed_and_no_other_file_can_be_named(airflow, place, site):
    airflow.trigger("recrawl", {"source": "wire", "urls": []})  # (what a form said stays in this process)
    [made] = airflow.carry_out("recrawl")
    shutil.copy(place / "data" / made["results"]["crawl"] / batches.PAGES, place / "replay" / "ours.warc.gz")
    airflow.trigger("replay", {"source": "wire", "file": "ours.warc.gz"})
    airflow.trigger("replay", {"source": "wire", "file": f"../data/{made['results']['crawl']}/pages.warc.gz"})
    good, bad = airflow.carry_out("replay")
    assert good["tasks"] == {"replay": "success", **READ}
    assert "new" in ends(place, good["results"]["replay"]).values()
    assert run_of(place, good["results"]["replay"])["kind"] == "replay"
    assert bad["tasks"]["replay"] == "failed"
    assert "is not in the folder of replays" in "".join(airflow.log)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.warc",
        "inner/../../secret.warc",
        "./ours.warc",
        "link.warc",
        "linked/secret.warc",
        "/etc/secret.warc",
        "{outside}/secret.warc",
        "file://{outside}/secret.warc",
        "http://169.254.169.254/secret.warc",
        "s3://bucket/secret.warc",
        "ours.warc\x00.warc",
        "..\\secret.warc",
        "secret.txt",
        "nothing.warc",
        "inner.warc",
        "",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    from upath import UPath

    folder, outside = tmp_path / "replay", tmp_path / "outside"
    (folder / "inner.warc").mkdir(parents=True)  # a folder by the name of a file
    outside.mkdir()
    for file in (
        folder / "ours.warc",
        outside / "secret.warc",
        folder / "secret.txt",
        tmp_path / "secret.warc",
    ):
        file.touch()
    (folder / "link.warc").symlink_to(outside / "secret.warc")
    (folder / "linked").symlink_to(outside)
    with pytest.raises(UsageError):
        within(UPath(folder), name.format(outside=outside))


def test_a_name_of_the_folder_is_found_also_by_its_whole_path(tmp_path):
    from upath import UPath

    (tmp_path / "march").mkdir()
    file = tmp_path / "march" / "a b.warc.gz"
    file.touch()
    assert within(UPath(tmp_path), "march/a b.warc.gz") == within(UPath(tmp_path), str(file)) == UPath(file)


def answer(airflow: Airflow, run: dict[str, str], word: str) -> None:
    place = f"dags/quarantine/dagRuns/{run['run_id']}/taskInstances/approve/-1/hitlDetails"
    body = {"chosen_options": [word], "params_input": {"why": "we looked at it"}}
    status, told = airflow.api("PATCH", place, body)
    assert status == 200, told


def hold(airflow: Airflow, place: Path) -> str:
    """A crawl whose batch is held; returns its name."""
    suspect = place / "suspect"
    suspect.touch()
    airflow.trigger("crawl_walled", {})
    [crawl] = airflow.carry_out("crawl_walled")
    suspect.unlink()
    batch = crawl["results"]["crawl"]
    assert crawl["tasks"]["quarantine"] == "success", airflow.log[-80:]
    assert crawl["results"]["extract"] == [
        {"conf": {"batch": batch}, "trigger_run_id": f"held__{batch.replace('/', '--')}"}
    ]
    return batch


@pytest.mark.parametrize(
    ("word", "taken", "left"), [("Reject", "discard", "release"), ("Approve", "release", "discard")]
)
def test_a_held_batch_waits_for_a_word_while_its_source_is_crawled_on(
    airflow, place, site, word, taken, left
):
    batch = hold(airflow, place)
    [run] = airflow.carry_out("quarantine")
    assert run["conf"] == {"batch": batch}
    assert run["tasks"]["approve"] == "awaiting_input", airflow.log[-80:]
    assert "confidence fell to 0.1" in run["results"]["evidence"]
    assert "Light stays" in run["results"]["evidence"]
    airflow.trigger("crawl_walled", {})
    [next_crawl] = airflow.carry_out("crawl_walled")  # and nobody is asked about the held one again
    assert next_crawl["tasks"]["crawl"] == next_crawl["tasks"]["check"] == "success"
    assert airflow.api("GET", "dags/quarantine/dagRuns?state=queued")[1]["total_entries"] == 0
    answer(airflow, run, word)
    ended = airflow.go_on("quarantine", run["run_id"])
    assert ended["tasks"] == {"evidence": "success", "approve": "success", taken: "success", left: "skipped"}
    said = json.loads((place / "data" / batch / batches.DECISION).read_text())
    assert (said["by"], said["why"]) == ("admin", "we looked at it")
    assert (place / "data" / ".waiting" / batch.replace("/", "--")).exists()
    assert not list((place / "data" / ".held").iterdir())
    assert ends(place, batch) == {"a": "new" if word == "Approve" else "rejected"}
    events = airflow.api("GET", "assets/events?source_dag_id=quarantine")[1]["asset_events"]
    assert batch in [event["extra"]["batch"] for event in events if event["source_task_id"] == taken]

"""Do the commands do what their help says, and say in one line what is wrong?"""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from website import declare, rss, story

from pipelines import typed
from pipelines.cli import main
from pipelines.records import Story
from pipelines.store import archive

WIREHOUSE = str(Path(sys.executable).with_name("wirehouse"))

BODY = [
    f"The council of Port Ellery voted on {day} to keep the old lighthouse lit through the winter, its mayor said."
    for day in ("Monday", "Tuesday", "Thursday", "Friday")
]


def wirehouse(*arguments, code=0, **env):
    done = subprocess.run(
        [WIREHOUSE, *arguments], capture_output=True, text=True, env=os.environ | env, timeout=120
    )
    assert done.returncode == code, done.stderr[-2000:] + done.stdout[-500:]
    return done


def complaint(*arguments, code=1, **env):
    """The one line on stderr; in this process, since there are many."""
    done = CliRunner().invoke(main, ["-q", *arguments], env=env)
    assert done.exit_code == code, done.output
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("wirehouse: ")
    return line


@pytest.fixture
def loaded(home, site):
    declare(home, "wire", site.base)
    site.pages |= {
        "/rss": rss(site.base, "/light", "/gone"),
        "/light": story("Lighthouse stays lit, =council+says", *BODY),
    }
    wirehouse("run", "wire")
    return home


def test_run_prints_the_ledger_and_every_lead_has_an_end(home, site):
    declare(home, "wire", site.base)
    site.pages |= {"/rss": rss(site.base, "/light", "/gone"), "/light": story("Lighthouse stays lit", *BODY)}
    out = wirehouse("run", "wire").stdout
    assert "2 leads, each with one outcome" in out
    lines = json.loads(wirehouse("run", "wire", "--json").stdout)
    assert lines == []  # the feed says the same: nothing was asked for


def test_step_by_step_is_the_same_as_run(home, site):
    declare(home, "wire", site.base)
    site.pages |= {"/rss": rss(site.base, "/light"), "/light": story("Lighthouse stays lit", *BODY)}
    batch = json.loads(wirehouse("crawl", "wire", "--json").stdout)["batch"]
    assert json.loads(wirehouse("extract", batch, "--json").stdout) == {"new": 1}
    assert wirehouse("check", batch).stdout == "all checks passed\n"
    assert wirehouse("cluster").stdout == f"{batch}\n"
    assert json.loads(wirehouse("load", "--json").stdout)["new"] == 1
    assert wirehouse("check").stdout == "all checks passed\n"
    assert wirehouse("cluster").stdout == "nothing is ready to load\n"
    assert wirehouse("load").stdout == "nothing waits to be loaded\n"
    (row,) = json.loads(
        wirehouse(
            "sql", "SELECT headline, outcome FROM stories JOIN ledger USING (story_id)", "--format", "json"
        ).stdout
    )
    assert row == {"headline": "Lighthouse stays lit", "outcome": "new"}


def test_sql_answers_in_every_form(loaded, tmp_path):
    import pyarrow.parquet as pq

    question = "SELECT source_id, headline, published_at, authors FROM stories"
    assert "1 row" in wirehouse("sql", question).stdout
    (row,) = json.loads(wirehouse("sql", question, "--format", "json").stdout)
    assert row["published_at"] == "2026-03-05T12:00:00+00:00"
    sheet = tmp_path / "out.csv"
    wirehouse("sql", question, "--format", "csv", "--out", str(sheet))
    assert b"\r" not in sheet.read_bytes()
    (line,) = csv.DictReader(io.StringIO(sheet.read_text()))
    assert line["authors"] == "[]"
    wirehouse("sql", question, "--format", "parquet", "--out", str(tmp_path / "out.parquet"))
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 1


def test_parquet_does_not_go_to_a_terminal(loaded):
    terminal, end = os.openpty()
    asked = [WIREHOUSE, "sql", "SELECT 1", "--format", "parquet"]
    done = subprocess.run(asked, stdout=end, stderr=subprocess.PIPE, text=True, env=os.environ, timeout=120)
    os.close(terminal)
    os.close(end)
    assert (done.returncode, done.stderr) == (
        2,
        "wirehouse: parquet is not for a terminal: name a file with --out\n",
    )


def test_a_headline_is_no_formula_in_a_spreadsheet(loaded):
    asked = "SELECT '=' || headline AS h FROM stories"
    (line,) = csv.DictReader(io.StringIO(wirehouse("sql", asked, "--format", "csv").stdout))
    assert line["h"].startswith("'=")


def test_sql_as_of_a_time_before_the_load_knows_nothing(loaded):
    assert "2001" in complaint("sql", "FROM stories", "--as-of", "2001-01-01T00:00:00Z")
    assert "1 row" in wirehouse("sql", "FROM stories", "--as-of", "2999-01-01").stdout


def test_a_span_of_time_is_shown_as_one(loaded):
    asked = "SELECT INTERVAL 90 MINUTE AS span, TIMESTAMPTZ '2026-03-05T12:00:00Z' AS t"
    assert wirehouse("sql", asked).stdout.splitlines()[1] == "1:30:00  2026-03-05 12:00:00Z"
    (row,) = json.loads(wirehouse("sql", asked, "--format", "json").stdout)
    assert row["span"] == 5400.0


def test_one_source_that_fails_does_not_keep_the_others_from_the_warehouse(home, site):
    declare(home, "good", site.base)
    declare(home, "sick", "http://127.0.0.1:9")
    site.pages |= {"/rss": rss(site.base, "/light"), "/light": story("Lighthouse stays lit", *BODY)}
    failed = wirehouse("-q", "run", "sick", "good", code=1)
    assert "channels_answer: http://127.0.0.1:9/rss" in failed.stderr
    assert "1 row" in wirehouse("sql", "FROM stories").stdout


def test_replay_of_many_publishers_may_take_the_sources_own_alone(home, warc):
    declare(home, "other", "https://other.example")
    assert "out_of_scope" in wirehouse("replay", str(warc("/a")), "--source", "other", "--own").stdout


def test_status_names_the_source_and_its_last_run(loaded):
    (row,) = json.loads(wirehouse("status", "--json").stdout)
    assert row["source_id"] == "wire"
    assert row["troubles"] == []
    assert "wire" in wirehouse("status").stdout


def test_status_says_what_is_wrong_since_when_until_it_is_over(loaded, home, site):
    site.pages["/rss"] = (403, {}, b"who are you?")
    wirehouse("-q", "run", "wire", code=1)
    (row,) = json.loads(wirehouse("status", "--json").stdout)
    (trouble,) = row["troubles"]
    assert (trouble["cause"], trouble["severity"]) == ("blocked", "error")
    assert trouble["since"] == row["last_run_at"]
    assert "rss: http_error: 403" in wirehouse("status").stdout
    site.pages["/rss"] = rss(site.base, "/light")
    wirehouse("-q", "run", "wire")
    (row,) = json.loads(wirehouse("status", "--json").stdout)
    assert row["troubles"] == []


def test_one_saved_page_is_one_story_with_the_tables_names(tmp_path, home):
    page = tmp_path / "page.html.gz"
    page.write_bytes(gzip.compress(story("Lighthouse stays lit", *BODY)))
    told = json.loads(wirehouse("extract", "--file", str(page), "--url", "https://wire.example/light").stdout)
    assert set(told) == set(Story.__dataclass_fields__)
    assert told["headline"] == "Lighthouse stays lit"
    assert told["body_text"].split("\n\n") == BODY


def test_a_page_without_a_story_says_why(tmp_path, home):
    (tmp_path / "page.html").write_text("<html><body></body></html>")
    told = json.loads(
        wirehouse("extract", "--file", str(tmp_path / "page.html"), "--url", "https://wire.example/x").stdout
    )
    assert told["outcome"] == "rejected"
    assert told["reason"]


def test_a_manifest_is_answered_line_by_line_in_its_order(tmp_path, home):
    for n in range(20):
        (tmp_path / f"{n}.html").write_bytes(story(f"Lighthouse number {n} stays lit", *BODY))
    (tmp_path / "cut.html.gz").write_bytes(gzip.compress(b"x" * 999)[:20])
    files = [*(f"{n}.html" for n in range(20)), "missing.html", "cut.html.gz", "3.html"]
    lines = [json.dumps({"file": f, "url": f"https://wire.example/{n}"}) for n, f in enumerate(files)]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    answers = [
        json.loads(a)
        for a in wirehouse("extract", "--manifest", str(tmp_path / "m.jsonl")).stdout.splitlines()
    ]
    heads = [a.get("headline") for a in answers]
    assert heads == [
        *(f"Lighthouse number {n} stays lit" for n in range(20)),
        None,
        None,
        "Lighthouse number 3 stays lit",
    ]
    assert all(a["seconds"] >= 0 for a in answers)
    assert "No such file" in answers[20]["reason"]
    assert "broken gzip" in answers[21]["reason"]


def test_sources_lists_what_is_declared(home):
    declare(home, "wire", "https://wire.example")
    assert "wire    enabled" in wirehouse("sources").stdout
    (row,) = json.loads(wirehouse("sources", "wire", "--json").stdout)
    assert row["feeds"] == ["https://wire.example/rss"]


def enabled():
    rows = json.loads(CliRunner().invoke(main, ["sources", "--json"]).stdout)
    return [row["name"] for row in rows if row["enabled"]]


def test_sources_are_switched_on_and_off_by_name_tag_and_language(home):
    declare(home, "wire", "https://wire.example", tags='["de", "agency"]', language='"de"')
    declare(home, "blatt", "https://blatt.example", tags='["at"]', language='"de-AT"', enabled="false")
    declare(home, "post", "https://post.example", tags='["de", "newspaper"]', enabled="false")
    assert enabled() == ["wire"]
    assert "post    enabled" in wirehouse("sources", "--enable", "--tag", "de", "--tag", "newspaper").stdout
    assert enabled() == ["post", "wire"]
    wirehouse("sources", "--enable", "--language", "de")
    assert enabled() == ["blatt", "post", "wire"]
    wirehouse("sources", "--disable", "wire", "post")
    assert enabled() == ["blatt"]
    assert json.loads((home / "switched.json").read_text()) == {"blatt": True, "post": False, "wire": False}
    listed = json.loads(wirehouse("sources", "--tag", "de", "--json").stdout)
    assert [row["name"] for row in listed] == ["post", "wire"]
    assert wirehouse("sources", "--tag", "fr").stdout == "no such source is declared\n"


def test_what_cannot_be_switched_is_said_and_nothing_is(home):
    declare(home, "wire", "https://wire.example")
    (home / "sources" / "broken.toml").write_text("title = \n")
    assert "no source named 'nobody'" in complaint("sources", "--disable", "wire", "nobody")
    assert "sources/broken.toml" in complaint("sources", "--disable", "wire", "broken")
    assert "no source is meant" in complaint("sources", "--disable", code=2)
    assert "no source is meant" in complaint("sources", "--disable", "--tag", "xx", code=2)
    assert "not both" in complaint("sources", "--disable", "--enable", "wire", code=2)
    assert not (home / "switched.json").exists()
    (home / "switched.json").write_text('{"wire": "yes"}')
    assert "switched.json: must be names with true or false" in complaint("sources", "wire")


@pytest.fixture
def warc(tmp_path):
    def make(*paths, name="pages.warc.gz"):
        from datetime import UTC, datetime

        writer = archive.ArchiveWriter(tmp_path / name, software="test")
        for n, path in enumerate(paths):
            writer.add(
                f"https://wire.example{path}",
                status=404 if "gone" in path else 200,
                reason="",
                protocol="HTTP/1.1",
                headers=[("Content-Type", "application/pdf" if "pdf" in path else "text/html")],
                body=story(f"Lighthouse number {n} stays lit", *(f"{p} It is number {n}." for p in BODY)),
                fetched_at=datetime(2026, 3, 5, 12, n, tzinfo=UTC),
            )
        writer.close()
        return tmp_path / name

    return make


def test_replay_loads_a_warc_without_a_network(home, warc):
    declare(home, "wire", "https://wire.example")
    site = ("/robots.txt", "/.well-known/tdmrep.json")
    out = wirehouse("replay", str(warc("/a", "/b", "/gone", "/pdf", *site)), "--source", "wire").stdout
    assert "4 leads, each with one outcome" in out, "files about the site are none"
    rows = json.loads(
        wirehouse("sql", "SELECT url, fetched_at FROM stories ORDER BY url", "--format", "json").stdout
    )
    assert [row["url"] for row in rows] == ["https://wire.example/a", "https://wire.example/b"]
    assert rows[0]["fetched_at"] == "2026-03-05T12:00:00+00:00"


def test_a_replayed_archive_may_be_in_another_language_than_its_source(home, warc):
    declare(home, "wire", "https://wire.example", language='"de"')
    assert "wrong_language" not in wirehouse("replay", str(warc("/a")), "--source", "wire").stdout
    assert "1 row" in wirehouse("sql", "FROM stories").stdout


def test_a_cut_off_warc_is_refused_or_salvaged(home, warc):
    declare(home, "wire", "https://wire.example")
    whole = warc("/a", "/b", "/c")
    whole.write_bytes(whole.read_bytes()[:-200])
    said = complaint("replay", str(whole), "--source", "wire")
    assert f"{whole}: cut off within the record at byte" in said
    assert "--salvage" in said
    assert not list((home / "data" / "wire").glob("2*"))
    assert "2 leads" in wirehouse("replay", str(whole), "--source", "wire", "--salvage").stdout


def test_what_is_wrong_is_said_in_one_line(home, site, tmp_path):
    declare(home, "wire", site.base)
    (home / "sources" / "broken.toml").write_text("title = \n")
    (tmp_path / "no.warc").write_text("hello")
    (tmp_path / "m.jsonl").write_text('{"file": 1}')
    expected = {
        ("crawl", "nobody"): (1, "no source named 'nobody'"),
        ("run", "wire", "nobody"): (1, "no source named 'nobody'"),
        ("crawl", "broken"): (1, "sources/broken.toml: not valid TOML"),
        ("sources",): (1, "sources/broken.toml"),
        ("extract", "wire/20260305T120000Z-0000"): (1, "no batch wire/20260305T120000Z-0000"),
        ("extract", "../../etc"): (2, "is no batch"),
        ("extract",): (2, "give one of BATCH, --file and --manifest"),
        ("extract", "--file", "nowhere.html", "--url", "https://a.example/"): (
            2,
            "nowhere.html: No such file",
        ),
        ("extract", "--file", "nowhere.html", "--url", "file:///etc/passwd"): (2, "is no http(s) URL"),
        ("extract", "--file", "nowhere.html"): (2, "--url"),
        ("extract", "--manifest", str(tmp_path / "m.jsonl")): (2, "m.jsonl:1:"),
        ("replay", "nowhere.warc", "--source", "wire"): (2, "nowhere.warc: no such file"),
        ("replay", str(tmp_path / "no.warc"), "--source", "wire"): (1, "no.warc: damaged after byte 0"),
        ("sql", "SELECT 1"): (1, "there is no warehouse yet"),
        ("status",): (1, "there is no warehouse yet"),
        ("extract", "--file", "x", "--url", "https://a.example/", "--source", "nobody"): (
            1,
            "no source named",
        ),
        ("crawl", "wire", "--url-base", "nonsense"): (2, "--url-base must be an http(s) URL"),
        ("run", "wirr"): (1, "did you mean wire?"),
        ("crawl", "wire", "--until", "2026-03-05"): (2, "--until needs --since"),
        ("crawl", "wire", "--since", "2026-03-05", "--until", "2026-03-01"): (2, "2026-03-05 is after"),
    }
    for arguments, (code, words) in expected.items():
        assert words in complaint(*arguments, code=code), arguments


def test_a_day_that_is_none_is_said_as_a_day():
    for word in ("yesterday", "2026-02-30"):
        done = CliRunner().invoke(main, ["crawl", "wire", "--since", word])
        assert (done.exit_code, f"'{word}' is no day; write it like 2026-03-05" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "zone", ["Pacific/Kiritimati", "Etc/GMT+12"]
)  # at any hour, one has another day than UTC
def test_a_backfill_without_an_end_goes_on_to_today_where_the_source_is(zone):
    today = datetime.now(ZoneInfo(zone)).date()
    first, last = typed.days(today, None, lambda: zone)
    assert (first, last - today) in ((today, timedelta(0)), (today, timedelta(days=1)))  # midnight may pass


def test_a_wrong_warehouse_is_named_without_its_password(home):
    said = complaint(
        "sql",
        "SELECT 1",
        WIREHOUSE_WAREHOUSE="ducklake:postgres:host=127.0.0.1 port=1 password=hush dbname=x",
    )
    assert "hush" not in said
    assert "127.0.0.1" in said
    assert "no warehouse" in complaint("sql", "SELECT 1", WIREHOUSE_WAREHOUSE="nonsense:x")


def test_a_place_that_cannot_be_written_is_named(home, site):
    declare(home, "wire", site.base)
    assert "/proc/nowhere/wire: cannot be written" in complaint(
        "crawl", "wire", WIREHOUSE_DATA="/proc/nowhere"
    )


def test_a_wrong_setting_is_named(home, site):
    declare(home, "wire", site.base)
    assert "WIREHOUSE_PROCESSES" in complaint("crawl", "wire", code=2, WIREHOUSE_PROCESSES="many")
    assert "WIREHOUSE_PROCESSES" in complaint("crawl", "wire", code=2, WIREHOUSE_PROCESSES="²")
    assert "WIREHOUSE_DATA=foo://bar" in complaint("status", code=2, WIREHOUSE_DATA="foo://bar")
    assert "WIREHOUSE_SOURCES" in complaint("sources", code=2, WIREHOUSE_SOURCES="/nowhere")


def test_every_command_explains_itself():
    commands = [
        line.split()[0] for line in wirehouse("--help").stdout.split("Commands:")[1].splitlines() if line.strip()
    ]  # fmt: skip
    assert {
        "up",
        "run",
        "crawl",
        "extract",
        "cluster",
        "load",
        "check",
        "replay",
        "probe",
        "sources",
        "sql",
        "status",
    } <= {c for c in commands if c.isalpha()}
    for command in {"up", "run", "crawl", "extract", "replay", "probe", "sources", "sql"}:
        assert len(wirehouse(command, "--help").stdout.splitlines()) > 5

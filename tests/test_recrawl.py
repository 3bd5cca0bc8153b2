"""Can an operator have a page, or a whole source, fetched at once, and nothing else by that way?"""

import json

import pytest
from click.testing import CliRunner
from crawling import crawl, log_of, outcomes
from website import declare, rss, story

from pipelines import steps
from pipelines.cli import main
from pipelines.errors import UsageError
from pipelines.store import batches


@pytest.fixture
def declared(home, site):
    declare(home, "wire", site.base)
    return site


@pytest.fixture
def wire(declared, site):
    """A source whose two stories were fetched just now, so that none is due."""
    site.pages |= {
        "/rss": rss(site.base, "/a", "/b"),
        "/a": (200, {"Content-Type": "text/html", "ETag": '"a1"'}, story("A", "First words.")),
        "/b": story("B", "Other words."),
    }
    assert outcomes(crawl()) == {"a": None, "b": None}
    site.asked.clear()
    return site


def stories_asked(site):
    return sorted(path for path in site.paths() if path in ("/a", "/b", "/c", "/rss"))


def test_a_page_is_fetched_though_it_is_not_due_and_nothing_else_is(wire):
    wire.pages["/a"] = story("A", "Corrected words.")
    crawled = crawl(recrawl=[f"{wire.base}/a"])
    assert outcomes(crawled) == {"a": None}
    assert stories_asked(wire) == ["/a"]
    assert batches.read_run(steps.places().data / crawled.batch).kind == "recrawl"


def test_the_server_is_asked_for_the_page_and_what_its_channel_said_still_stands(wire):
    [line] = log_of(crawl(recrawl=[f"{wire.base}/a"]), "lead")
    assert (line["title"], line["channel"], line["recheck"]) == ("Story /a", f"{wire.base}/rss", True)
    assert line["outcome"] == "unchanged"
    [headers] = [headers for path, headers in wire.asked if path == "/a"]
    assert "if-none-match" not in headers


def test_a_page_that_no_channel_ever_named_is_fetched_and_remembered(wire):
    wire.pages["/c"] = story("C", "Nobody named it.")
    crawled = crawl(recrawl=[f"{wire.base}/c"])
    assert outcomes(crawled) == {"c": None}
    [line] = log_of(crawled, "lead")
    assert line["channel_kind"] == "recrawl"
    wire.pages["/rss"] = rss(wire.base, "/a", "/b", "/c")
    assert outcomes(crawl())["c"] == "not_due"


def test_without_an_address_all_channels_are_asked_and_all_that_they_name(wire):
    assert outcomes(crawl(recrawl=[])) == {"a": "unchanged", "b": "unchanged"}
    assert stories_asked(wire) == ["/a", "/b", "/rss"]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://elsewhere.example/a", "is not one of wire's"),
        ("http://169.254.169.254/latest/meta-data/", "is not one of wire's"),
        ("file:///etc/passwd", "is no http"),
        ("/etc/passwd", "is no http"),
        ("http://[", "is no http"),
        ("http://127.0.0.1/a\x00b", "is no http"),
    ],
)
def test_any_other_address_is_refused_before_anything_is_asked(declared, address, why):
    with pytest.raises(UsageError, match=why):
        crawl(recrawl=[address])
    assert declared.asked == []


def test_more_addresses_than_one_run_may_have_are_refused(declared):
    with pytest.raises(UsageError, match="501 addresses, the most are 500"):
        crawl(recrawl=[f"{declared.base}/{n}" for n in range(501)])


def test_more_addresses_than_the_budget_of_a_crawl_are_all_asked_for(declared, home):
    declare(home, "wire", declared.base, budget="1")
    assert outcomes(crawl(recrawl=[f"{declared.base}/a", f"{declared.base}/b"])) == {"a": "gone", "b": "gone"}


def test_the_command_ends_in_the_tables(wire):
    wire.pages["/a"] = story("A", *["The council of Port Ellery voted to keep its light on the pier."] * 5)
    done = CliRunner().invoke(main, ["-q", "recrawl", "wire", f"{wire.base}/a", "--json"])
    assert done.exit_code == 0, done.output
    assert [line["outcome"] for line in json.loads(done.stdout)] == ["new"]
    assert steps.query("SELECT kind FROM runs ORDER BY started_at").column("kind").to_pylist() == ["recrawl"]

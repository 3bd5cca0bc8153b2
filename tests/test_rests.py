"""Is a host that has had enough left alone, in this crawl and the next?"""

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from crawling import crawl, log_of
from website import declare, rss, serving, story

from pipelines import steps
from spiders.rests import FIRST, LONGEST, SOON, Rest, next_rest, retry_after

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Thu, 05 Mar 2026 12:01:00 GMT", 60),
        ("Thursday, 05-Mar-26 12:01:00 GMT", 60),
        ("Thu Mar  5 12:01:00 2026", 60),
        ("Thu, 05 Mar 2026 11:00:00 GMT", 0),
        ("999999999999999999999", LONGEST.total_seconds()),
        ("Thu, 05 Mar 2099 12:00:00 GMT", LONGEST.total_seconds()),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Thu, 99 Mar 2026 12:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_a_retry_after_is_read(stated, seconds):
    wait = retry_after(stated, NOW)
    assert (None if wait is None else wait.total_seconds()) == seconds


def test_a_host_that_says_no_time_rests_twice_as_long_each_time():
    first = next_rest(None, None, NOW)
    assert first == Rest(NOW + FIRST, 1)
    again = next_rest(None, first, first.until + timedelta(hours=1))
    assert again == Rest(first.until + timedelta(hours=1) + 2 * FIRST, 2)
    assert next_rest(None, again, again.until + SOON) == Rest(again.until + SOON + FIRST, 1)
    assert next_rest(None, Rest(NOW, 99), NOW).until == NOW + LONGEST


@pytest.fixture
def sites():
    with ExitStack() as stack:
        yield [stack.enter_context(serving()) for _ in range(6)]


def test_a_host_is_left_alone_as_long_as_it_asks(home, sites):
    """Six servers in one crawl, of five stories each; then the next crawl, and one when all is over."""
    asking, sick, moody, waiting, shy, well = sites
    until = datetime.now(UTC) + timedelta(hours=2)
    paths = [f"/{n}" for n in range(5)]
    for site in sites:
        site.pages |= dict.fromkeys(paths, story("A", "a"))
    waits = iter([(429, HTML | {"Retry-After": "1"}, b"wait")])
    asking.pages["/1"] = (503, HTML | {"Retry-After": format_datetime(until, usegmt=True)}, b"enough")
    sick.pages |= dict.fromkeys(paths, (503, HTML, b"oops"))
    moody.pages["/1"] = (503, HTML, b"oops")
    waiting.pages["/1"] = lambda request: next(waits, story("B", "b"))
    shy.pages["/robots.txt"] = (429, HTML | {"Retry-After": "600"}, b"enough")
    well.pages["/rss"] = rss("", *(site.base + path for site in sites for path in paths))
    declare(home, "wire", well.base)

    first = crawl()
    leads = {line["url"]: line for line in log_of(first, "lead")}

    def ended(site):
        return [leads[site.base + path]["outcome"] for path in paths]

    asked = [path for path in asking.paths() if path[1:].isdigit()]
    assert asked[-1] == "/1"  # nothing more once it had said so; which pages came before is chance
    outcomes = dict(zip(paths, ended(asking), strict=True))
    left = [path for path in paths if path not in asked]
    assert outcomes == dict.fromkeys(asked) | dict.fromkeys(left, "over_budget") | {"/1": "http_error"}
    told = leads[asking.base + left[0]]["reason"]
    assert told.endswith(f"asked to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC")
    assert len([path for path in sick.paths() if path[1:].isdigit()]) == 3
    assert set(ended(sick)) == {"http_error", "over_budget"}
    assert ended(moody) == [None, "http_error", None, None, None]
    assert ended(waiting) == [None] * 5
    assert waiting.paths().count("/1") == 2
    assert set(ended(shy)) == {"over_budget"}
    assert shy.paths() == ["/robots.txt"]
    assert ended(well) == [None] * 5
    resting = {line["host"]: line for line in log_of(first, "site") if "rest_until_at" in line}
    assert resting.keys() == {site.base.removeprefix("http://") for site in (asking, sick, shy)}

    for site in sites:
        site.asked.clear()
    leads = {line["url"]: line for line in log_of(crawl(), "lead")}
    assert asking.asked == sick.asked == shy.asked == []
    assert leads[asking.base + left[0]]["outcome"] == "over_budget"

    the_time_has_come()
    asking.pages["/1"] = story("A", "a")
    leads = {line["url"]: line for line in log_of(crawl(), "lead")}
    assert leads[asking.base + left[0]]["outcome"] is None


def the_time_has_come():
    """Let all rests be over: the crawl logs are all that is remembered of them."""
    for path in (steps.places().data / "wire").glob("*/crawl.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        lines = [line | ({"rest_until_at": past} if "rest_until_at" in line else {}) for line in lines]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (steps.places().data / "wire" / "frontier.sqlite").unlink()  # it is folded again from the logs


def test_a_source_that_rests_is_no_alarm(home, site):
    declare(home, "wire", site.base)
    site.pages["/rss"] = (429, HTML | {"Retry-After": "3600"}, b"enough")
    crawl()
    crawled = crawl()
    assert len(site.asked) == 2
    (line,) = log_of(crawled, "channel")
    assert line["outcome"] == "over_budget"
    steps.extract(crawled.batch)
    assert [(f.check, f.severity) for f in steps.check(crawled.batch)] == [("channels_answer", "warning")]

"""Is robots.txt obeyed as RFC 9309 has it, and is what sites ask of our speed acted on?"""

import gzip
from contextlib import ExitStack
from datetime import timedelta

import pytest
from crawling import crawl, log_of
from scrapy.robotstxt import ProtegoRobotParser
from website import declare, rss, serving, story

from spiders.robots import MOST_BYTES, plain, wanted_delay

TEXT = {"Content-Type": "text/plain"}
STAR = "User-agent: *\nDisallow: /\n"


def parser(text):
    body = text if isinstance(text, bytes) else text.encode()
    return ProtegoRobotParser(plain(body, "Wirehouse"), None)


def allows(text, path):
    return parser(text).allowed(f"https://wire.example{path}", "Wirehouse")


def group(*lines):
    return "\n".join(["User-agent: *", *lines])


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        (group("Disallow:"), "/a", True),
        (group("Disallow: /a"), "/a", False),
        (group("Disallow: /a"), "/abc", False),
        (group("Disallow: /a"), "/b/a", True),
        (group("Disallow: /A"), "/a", True),  # paths have their case
        (group("Disallow: /", "Allow: /news/"), "/news/rain", True),  # the longest match decides
        (group("Allow: /news/", "Disallow: /"), "/news/rain", True),  # not the first
        (group("Allow: /news", "Disallow: /news"), "/news", True),  # of two as long, the kinder
        (group("Disallow: /news/", "Allow: /*.html"), "/news/rain.html", True),
        (group("Disallow: /*.pdf$"), "/x/rain.pdf", False),
        (group("Disallow: /*.pdf$"), "/x/rain.pdf?page=2", True),
        (group("Disallow: /a*z"), "/a-to-z", False),
        (group("Disallow: /%7Ebob/"), "/~bob/x", False),  # compared as octets, however written
        (group("Disallow: /ü"), "/%C3%BC/x", False),
        (group("Disallow: /?print"), "/?print=1", False),
        (group("disallow : /a # everything", ""), "/a", False),
        ("user-AGENT: *\r\nDISALLOW: /a\r\n", "/a", False),
        (b"User-agent: *\rDisallow: /a\r", "/a", False),
        (b"\xef\xbb\xbf" + STAR.encode(), "/a", False),
        (STAR.encode("utf-16"), "/a", False),
        (b"\xff\xfe\x00garbage\x00\x01", "/a", True),
        (STAR.encode() + b"\xe9\xff # latin-1", "/a", False),
        ("Disallow: /", "/a", True),  # a rule of nobody's group
        ("<!doctype html><title>Not found</title>", "/a", True),
        (STAR, "/robots.txt", True),
    ],
)
def test_a_path_is_judged_by_the_longest_rule_that_fits(text, path, allowed):
    assert allows(text, path) is allowed


@pytest.mark.parametrize(
    ("agents", "ours"),
    [
        (["Wirehouse"], True),
        (["WIREHOUSE"], True),
        (["wirehouse/2.0"], True),
        (["Wirehouse (news)"], True),
        (["Other", "Wirehouse"], True),
        (["Wire"], False),
        (["House"], False),
        (["WirehouseNews"], False),
        (["Other"], False),
    ],
)
def test_a_group_is_ours_by_its_whole_token(agents, ours):
    text = "\n".join([*(f"User-agent: {agent}" for agent in agents), "Disallow: /a"])
    assert allows(text, "/a") is not ours


def test_our_own_group_stands_for_all_others_and_may_be_said_in_parts():
    text = "User-agent: *\nDisallow: /a\n\nUser-agent: wirehouse\nDisallow: /b\n\nUser-agent: wirehouse\nDisallow: /c"
    assert [allows(text, path) for path in ("/a", "/b", "/c")] == [True, False, False]


def test_five_hundred_kibibytes_are_read_and_no_half_rule():
    filler = "# rain\n" * (MOST_BYTES // 7)
    rest = MOST_BYTES - len("User-agent: *\n") - len(filler)
    text = "User-agent: *\n" + filler + "#" * (rest - 9) + "\nDisallow: /news\n" + "Disallow: /late\n"
    assert len(text) > MOST_BYTES
    assert allows(text, "/news")  # cut within: `Disallow` alone forbids nothing
    assert allows(text, "/late")
    assert not allows(group("Disallow: /first") + "\n" + filler + filler, "/first")


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("Crawl-delay: 2", 2),
        ("Crawl-delay: 0.5", 0.5),
        ("crawl-delay:1.25 # please", 1.25),
        ("Request-rate: 1/5", 5),
        ("Request-rate: 30/1m", 2),
        ("Crawl-delay: 0", None),
        ("Crawl-delay: -3", None),
        ("Crawl-delay: soon", None),
        ("Crawl-delay: nan", None),
        ("Crawl-delay: inf", None),
        ("Crawl-delay: 1e300", 1e300),
    ],
)
def test_a_wish_for_slowness_is_read(line, seconds):
    assert wanted_delay(parser(group(line)), "Wirehouse") == seconds


@pytest.fixture
def sites():
    with ExitStack() as stack:
        yield [stack.enter_context(serving()) for _ in range(9)]


def test_what_a_server_answers_for_its_robots_txt_decides(home, sites):
    """Nine servers in one crawl, each with a robots.txt of its own and the same story."""
    endless = b"User-agent: *\nDisallow: /a\n" + b"# rain\n" * 500_000
    bomb = gzip.compress(b"# rain\n" * 4_000_000)
    answers = {
        "good": (404, TEXT, STAR.encode()),  # an error page is no rule
        "forbidden": (403, TEXT, STAR.encode()),
        "to nowhere": (302, TEXT, STAR.encode()),
        "in circles": (302, {"Location": "/robots.txt"}, b""),
        "elsewhere": (302, {"Location": f"{sites[0].base}/hop"}, b""),
        "without end": (200, TEXT, endless),
        "a bomb": (200, TEXT | {"Content-Encoding": "gzip"}, bomb),
        "in trouble": (500, TEXT, b"oops"),
        "too often": (429, TEXT, b"enough"),
    }
    sites[0].pages["/hop"] = (301, {"Location": f"{sites[1].base}/rules.txt"}, b"")
    sites[1].pages["/rules.txt"] = (200, TEXT, b"User-agent: *\nDisallow: /a\n")
    for site, answer in zip(sites, answers.values(), strict=True):
        site.pages |= {"/robots.txt": answer, "/a": story("A", "a")}
    links = rss("", *(f"{site.base}/a" for site in sites))
    sites[0].pages["/rss"] = links
    declare(home, "wire", sites[0].base)
    ended = {line["url"]: line["outcome"] for line in log_of(crawl(), "lead")}
    assert dict(zip(answers, (ended[f"{site.base}/a"] for site in sites), strict=True)) == {
        "good": None,
        "forbidden": None,
        "to nowhere": None,
        "in circles": None,
        "elsewhere": "robots_denied",
        "without end": "robots_denied",
        "a bomb": "too_large",
        "in trouble": "http_error",
        "too often": "over_budget",
    }
    assert {path for site in sites[5:] for path in site.paths()} == {"/robots.txt"}


def test_an_absurd_delay_is_bounded_and_said(home, site, caplog):
    declare(home, "wire", site.base)
    site.pages["/robots.txt"] = (200, TEXT, b"User-agent: *\nCrawl-delay: 86400\n")
    with caplog.at_level("WARNING"):
        crawled = crawl(deadline=timedelta(seconds=6))
    assert crawled.run.finish_reason == "deadline"
    assert "asks for 86400 s between requests; it gets 60 s" in caplog.text
    assert site.paths() == ["/robots.txt"]

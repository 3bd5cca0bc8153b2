"""Does a probe tell what a site allows, announces and says, and is the file that it writes crawled for real?"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from website import rss, serving, story

import demo
from demo.sites import SITES
from pipelines import steps
from pipelines.cli import main
from pipelines.probe import declare, verdict
from pipelines.probe import site as of_site
from pipelines.probe.report import Found, Problem, Report
from pipelines.sources import parse_source

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LIGHT = [
    f"The council of Port Ellery voted on {day} to keep the old lighthouse lit through the winter, its mayor said."
    for day in ("Monday", "Tuesday", "Thursday", "Friday")
]


def probed(url, **options):
    return steps.probe(url, delay=timedelta(milliseconds=1), private=True, **options)


def used(report):
    return {(c.kind, c.url) for c in report.channels if c.used}


def typed(*arguments, code=0):
    done = CliRunner().invoke(main, ["-q", "probe", *arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def wire():
    made = demo.Wire(seed=7, epoch=NOW, interval=timedelta(minutes=20), backlog=60)
    with demo.serve(made, port_base=0, clock=lambda: NOW, slow=timedelta(seconds=0.1)) as served:
        yield served


@pytest.fixture(scope="module")
def courier(wire):
    return probed(wire.origins["courier"])


def test_a_paper_with_a_feed_and_a_news_sitemap_is_found_out(wire, courier):
    base = wire.origins["courier"]
    assert used(courier) == {("rss", f"{base}/rss.xml"), ("news_sitemap", f"{base}/news-sitemap.xml")}
    assert {c.named_by for c in courier.channels if c.used} == {"the front page", "robots.txt"}
    assert (courier.title, courier.language) == (SITES["courier"].title, "en")
    assert courier.stories >= 8
    assert courier.filled["headline"] == courier.filled["published_at"] == 1.0
    assert courier.markup["microdata"] == courier.stories
    assert set(courier.offsets) == {"-04:00"}, "Halifax"
    assert "no `timezone`: all times of the sample state theirs" in courier.toml
    assert sum(courier.outcomes.values()) == courier.asked


def test_an_agency_is_told_from_a_paper_that_prints_its_stories(wire, courier):
    report = probed(wire.origins["meridian"])
    assert parse_source("meridian", report.toml).agency == "Meridian Wire"
    assert parse_source("courier", courier.toml).agency is None
    assert '# agency = "Meridian Wire" if this is its own site' in courier.toml


def test_times_ahead_of_the_clock_are_a_sign_that_they_are_not_utc():
    report = Report(url="x", home="x", name="x", looked_at=NOW, stories=4, filled={"published_at": 1.0})
    for ahead, said in ((55, "taken for UTC they lie up to 1 h ahead"), (20, "nothing tells the site's")):
        (problem,) = verdict.problems(replace(report, ahead=timedelta(minutes=ahead)))
        assert problem.what == f"4 of 4 times state no zone, and {said}"


def announced(wire, key):
    channels = wire.wire.announced_at(NOW).items()
    return {url for channel, urls in channels if channel.startswith(wire.origins[key]) for url in urls}


def test_the_rate_is_that_of_what_it_announces(wire, courier):
    urls = announced(wire, "courier")
    times = [t.story.published_at for t in wire.truth().values() if t.story and t.url in urls]
    per_day = (len(urls) - 1) / ((max(times) - min(times)) / timedelta(days=1))
    assert courier.stories_per_day == pytest.approx(per_day, rel=0.3)


def test_the_proposed_file_is_crawled_for_real_and_gives_the_stories(wire, courier, home):
    (home / "sources" / f"{courier.name}.toml").write_text(courier.toml)
    assert not steps.source(courier.name).enabled
    batch = steps.crawl(courier.name).batch
    assert steps.extract(batch)["new"] >= courier.stories
    assert {line.url for line in steps.ledger([batch])} == announced(wire, "courier")


def test_an_index_is_declared_in_place_of_its_parts(wire):
    report = probed(wire.origins["kuestenblatt"], stories=3)
    assert used(report) == {("index", wire.origins["kuestenblatt"] + "/sitemap.xml")}
    assert report.stories == 3
    assert report.zones_stated == 0
    assert "state no zone" in " ".join(p.what for p in report.problems)
    assert "[expect]" not in report.toml, "three stories are no promise"


@pytest.fixture
def paper(site):
    """A paper with one feed, at a usual place, and a front page that does not name it."""
    site.pages |= {
        "/": b'<!doctype html><html lang="en"><head><title>The Ellery Light - news</title>'
        b'<meta name="tdm-reservation" content="1"></head><body><nav><a href="/world">World</a>'
        b'<a href="/account/login">Log in</a></nav><a href="/light">Lighthouse stays lit</a></body></html>',
        "/robots.txt": (200, {"Content-Type": "text/plain"}, b"License: https://l.example/rsl.xml\n"),
        "/rss.xml": rss(site.base, "/light", "/dark"),
        "/light": (
            200,
            {"Content-Type": "text/html", "X-Robots-Tag": "noai"},
            story("The light stays", *LIGHT),
        ),
        "/dark": story("Lighthouse goes dark after all", *LIGHT),
        "/.well-known/tdmrep.json": (
            200,
            {"Content-Type": "application/json"},
            json.dumps(
                [{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://l.example/p"}]
            ).encode(),
        ),
    }
    return site


def test_a_person_is_told_all_and_the_file_stands_where_asked(paper, home):
    folder = home / "mine"
    asked = [f"{paper.base}/", "--private", "--delay", "0", "--name", "light", "--write", str(folder)]
    said = typed(*asked).stdout
    for words in (
        "The Ellery Light: ",
        "lets us in",
        "tdm-reservation: 1 (meta)",
        "tdm-reservation: 1 (tdmrep.json)",
        "tdm-policy: https://l.example/p (tdmrep.json)",
        "robots: noai (header)",
        "license: https://l.example/rsl.xml (robots.txt)",
        "2 of 2 stories are reserved by their publisher",
        "sections     " + paper.base + "/world",
        "a usual place",
        "2 new",
        "published_at   100%",
        "nothing new since 2026-03-05",
    ):
        assert words in said
    assert said.splitlines()[-1] == str(folder / "light.toml")
    declared = parse_source("light", (folder / "light.toml").read_text())
    assert (declared.title, declared.rights) == ("The Ellery Light", "metadata")
    assert sorted(p.name for p in home.iterdir()) == ["mine", "sources"], "nothing else is kept"
    (folder / "light.toml").write_text("mine")
    assert "is there already" in typed(*asked, code=1).stderr
    assert (folder / "light.toml").read_text() == "mine"
    assert "no such folder" in typed(*asked[:-1], str(home / "no" / "where"), code=2).stderr


def test_a_site_that_moved_to_another_host_is_probed_there(paper):
    with serving() as old:
        old.pages["/"] = (301, {"Location": f"{paper.base}/"}, b"")
        report = probed(old.base, stories=1)
    assert report.home == f"{paper.base}/"
    assert used(report) == {("rss", f"{paper.base}/rss.xml")}
    assert "/rss.xml" not in old.paths()


def test_the_address_of_a_feed_is_enough_and_a_program_is_told_in_json(paper):
    done = typed(f"{paper.base}/rss.xml", "--private", "--delay", "0", "--stories", "1", "--json")
    report = json.loads(done.stdout)
    assert [c["url"] for c in report["channels"] if c["used"]] == [f"{paper.base}/rss.xml"]
    assert report["home"] == f"{paper.base}/"
    assert report["stories"] == 1
    assert parse_source("paper", report["toml"]).feeds == (f"{paper.base}/rss.xml",)


def test_a_site_that_forbids_robots_is_not_looked_at(paper):
    paper.pages["/robots.txt"] = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /\n")
    done = typed(paper.base, "--private", "--delay", "0", code=1)
    assert "robots.txt does not let us in" in done.stdout
    assert "nothing to declare" in done.stderr
    assert paper.paths() == ["/robots.txt"]


def test_a_site_without_any_channel_says_so(site):
    site.pages["/"] = (
        b"<!doctype html><html><head><title>Empty</title></head><body><p>Nothing.</p></body></html>"
    )
    done = typed(site.base, "--private", "--delay", "0", code=1)
    assert "no feed, no sitemap and no page with links to stories was found" in done.stdout


def test_a_front_page_without_a_feed_becomes_a_section(paper):
    paper.pages["/rss.xml"] = (404, {}, b"")
    links = "".join(
        f'<h2><a href="/2026/03/05/light-stays-lit-{n}">Light number {n} stays lit</a></h2>' for n in range(9)
    )
    paper.pages["/"] = f"<!doctype html><html><body><main>{links}</main></body></html>".encode()
    paper.pages |= {
        f"/2026/03/05/light-stays-lit-{n}": story(f"Light {n} stays lit", *LIGHT) for n in range(9)
    }
    report = probed(paper.base, stories=4)
    assert used(report) == {("section", f"{paper.base}/")}
    assert report.outcomes["new"] == 4
    assert any("no feed and no news sitemap" in p.what for p in report.problems)


@pytest.mark.parametrize(
    "url", ["", "ftp://wire.example/", "http://", "https://u:p@wire.example/", "http://[x/", "two words"]
)
def test_what_is_no_address_is_wrong_usage(url):
    assert "wirehouse: " in typed(url, code=2).stderr


def test_nobody_at_home_is_said(site):
    closed = typed("http://127.0.0.1:9/", "--private", "--delay", "0", code=1).stdout
    assert "cannot be reached" in closed
    refused = typed(site.base, "--delay", "0", code=1).stdout
    assert "its address is refused" in refused
    assert "--private" in refused
    assert site.paths() == []


def test_a_zone_is_proposed_on_evidence_alone():
    def zone(home, language, offsets):
        return verdict.timezone(home, language, offsets, [])[0]

    assert zone("https://blatt.de/", "de", {}) is None, "Germany has two in the database: Berlin and Büsingen"
    assert zone("https://avis.no/", "no", {}) == "Europe/Oslo"
    assert zone("https://post.com/", "en-IE", {}) == "Europe/Dublin"
    assert zone("https://post.com/", "en", {}) is None
    assert zone("https://avis.no/", "no", {"+09:00": 3}) is None, "what is printed speaks against it"


def found(kind, url="https://x.example/a", stories=9, named_by="robots.txt", **more):
    return Found(url=url, kind=kind, stories=stories, named_by=named_by, **more)


@pytest.mark.parametrize(
    ("channels", "declared"),
    [
        ([found("rss"), found("sitemap", "https://x.example/all")], {"https://x.example/a"}),
        ([found("index"), found("news_sitemap", "https://x.example/part", named_by="an index")], {"https://x.example/a"}),
        ([found("index"), found("sitemap", "https://x.example/part", named_by="an index")], {"https://x.example/a"}),
        ([found("section"), found("sitemap", "https://x.example/all")], {"https://x.example/a", "https://x.example/all"}),
        ([found("section", stories=2)], set()),
        ([found("rss", stories=0), found(None, trouble="404")], set()),
    ],
)  # fmt: skip
def test_feeds_and_news_sitemaps_are_declared_and_other_channels_only_without_them(channels, declared):
    assert {c.url for c in verdict.chosen(channels) if c.used} == declared


def test_a_host_that_has_half_of_the_stories_is_named():
    there = [{"url": "https://other.example/a", "outcome": "out_of_scope"}]
    here = [{"url": "https://x.example/a", "outcome": "over_budget"}]
    assert verdict.other_hosts(there + here) == ("other.example",)
    assert verdict.other_hosts(there + here * 2) == ()


def test_robots_txt_is_read_for_delay_and_sitemaps():
    text = "\ufeffUser-agent: *\nCrawl-delay: 2.5\nSitemap: https://x.example/n.xml\n"
    said = of_site.robots(text, 200)
    assert said.crawl_delay == 2.5
    assert said.sitemaps == ("https://x.example/n.xml",)
    assert of_site.robots("Crawl-delay: 9", 404).crawl_delay is None


@pytest.mark.parametrize("delay", ["²", "9" * 30])
def test_an_absurd_delay_stops_no_probe(delay):
    said = of_site.robots(f"User-agent: *\nCrawl-delay: {delay}\n", 200)
    now = datetime(2026, 3, 5, tzinfo=UTC)
    report = Report(url="https://x.example/", home="https://x.example/", name="x", looked_at=now, robots=said)
    assert any("between requests" in p.what for p in verdict.problems(report)) is (delay != "²")


TEXT = st.text(max_size=60)


@given(
    title=TEXT,
    what=TEXT,
    language=st.text('abcé"\\', min_size=1, max_size=5),
    path=st.text("abc/%\"'", max_size=20),
)
def test_whatever_a_page_says_the_file_is_valid(title, what, language, path):
    report = Report(
        url="https://wire.example/",
        home="https://wire.example/",
        name="wire",
        looked_at=NOW,
        title=title.strip() or None,
        language=language,
        languages={language: 12},
        stories=12,
        filled={"headline": 1.0, "byline": 0.4},
        stated=(what,),
        reserved=1,
        barren=(f"/{path}/",),
        problems=(Problem(what=what, next_step=what),),
        channels=(Found(url=f"https://wire.example/{path}", named_by="given", kind="rss", used=True),),
    )
    source = parse_source("wire", declare.declaration(report, delay=timedelta(seconds=2), private=True))
    assert source.feeds == (f"https://wire.example/{path}",)
    assert source.language in (language, None), "what is no language tag is left out"
    assert source.expect.filled == {"headline": 0.95}

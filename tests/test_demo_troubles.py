"""Is a sick site of the demo wire sick as it is meant, that one alone, and only from then on?"""

import re
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError

import pytest

import demo
from demo.prose import sections
from demo.sites import SITES
from demo.troubles import EDITIONS, NEW_HOST, TROUBLES, Trouble
from demo.truth import Truth

EPOCH = datetime(2026, 3, 5, 12, tzinfo=UTC)
WIRE = demo.Wire(epoch=EPOCH)
LATER = EPOCH + 60 * WIRE.interval
FEEDS = {
    site.key: site.channels[0].path.replace("/sitemap.xml", "/sitemap-news.xml") for site in SITES.values()
}


def sick(name: str, site: str, since: datetime = EPOCH) -> demo.Wire:
    return replace(WIRE, troubles=(Trouble(name, site, since),))


def feed(wire: demo.Wire, site: str, now: datetime = LATER) -> list[str]:
    """Paths of the stories that the site's first channel shows."""
    body = wire.answer(site, FEEDS[site], now).body.decode()
    found = re.findall(r"<loc>(.*?)<|<link>(.*?)<|href=\"(.*?)\"|\"url\": \"(.*?)\"", body)
    paths = [next(filter(None, groups)).removeprefix(wire.origins[site]) for groups in found]
    return [path for path in paths if re.search(r"\d", path)]


def new_story(site: str) -> Truth:
    """A sound story that came out after the trouble began."""
    told = (t for t in WIRE.stories_at(LATER) if t.site == site and t.published > EPOCH)
    return next(t for t in told if t.fate == "none" and t.story and not t.origin)


def page(wire: demo.Wire, told: Truth, **more: str) -> demo.pages.Answer:
    return wire.answer(told.site, told.url.removeprefix(wire.origins[told.site]), LATER, **more)


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("site", SITES)
def test_a_site_is_as_sound_as_ever_before_and_its_neighbours_always(name, site):
    other = next(key for key in SITES if key != site)
    for path in ("/robots.txt", FEEDS[site], new_story(site).url.removeprefix(WIRE.origins[site])):
        before = EPOCH - timedelta(seconds=1)
        assert sick(name, site).answer(site, path, before) == WIRE.answer(site, path, before)
        assert sick(name, other).answer(site, path, LATER) == WIRE.answer(site, path, LATER)


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("site", SITES)
def test_something_of_a_sick_site_is_another(name, site):
    paths = ("/robots.txt", FEEDS[site], new_story(site).url.removeprefix(WIRE.origins[site]))
    told = [(sick(name, site).answer(site, path, LATER), WIRE.answer(site, path, LATER)) for path in paths]
    assert any(ours != theirs for ours, theirs in told)


@pytest.mark.parametrize("site", SITES)
def test_a_frozen_feed_shows_what_it_showed_then_and_an_empty_one_nothing(site):
    assert feed(sick("feed_frozen", site), site) == feed(WIRE, site, EPOCH) != feed(WIRE, site)
    assert feed(sick("feed_empty", site), site) == []
    assert page(sick("feed_frozen", site), new_story(site)) == page(WIRE, new_story(site))


@pytest.mark.parametrize("site", SITES)
def test_a_wall_stands_before_all_but_robots_txt(site):
    wire = sick("wall_403", site)
    statuses = [wire.answer(site, path, LATER).status for path in ("/", FEEDS[site], "/robots.txt")]
    assert [*statuses, page(wire, new_story(site)).status] == [403, 403, 200, 403]


@pytest.mark.parametrize("site", SITES)
def test_closed_robots_forbid_all(site):
    assert sick("robots_closed", site).answer(site, "/robots.txt", LATER).body.endswith(b"\nDisallow: /\n")


@pytest.mark.parametrize("site", SITES)
def test_a_new_layout_says_the_same_words_without_structure(site):
    body = page(sick("layout_change", site), new_story(site)).body
    for word in (b"ld+json", b"itemprop", b"og:title", b"<h1", b"<p>", b"<time"):
        assert word not in body
    lede = new_story(site).story.body_text.split("\n\n")[0]
    assert lede[:20].encode(SITES[site].charset) in body


@pytest.mark.parametrize("site", SITES)
def test_a_paywall_leaves_the_first_paragraph_and_says_what_it_is(site):
    body = page(sick("paywall", site), new_story(site)).body.decode(SITES[site].charset)
    first, *others = new_story(site).story.body_text.split("\n\n")
    assert '"isAccessibleForFree": false' in body
    assert first[:20] in body
    assert max(others, key=len) not in body


@pytest.mark.parametrize("site", SITES)
def test_who_asks_a_site_that_moved_is_sent_to_the_new_host_and_answered_there(site):
    wire, told = sick("moved_domain", site), new_story(site)
    old, new = page(wire, told), page(wire, told, host=f"{NEW_HOST}:1")
    there = WIRE.origins[site].replace("127.0.0.1", NEW_HOST)
    assert (old.status, old.header("location")) == (301, told.url.replace(WIRE.origins[site], there))
    assert new.status == 200
    channel = wire.answer(site, FEEDS[site], LATER, NEW_HOST).body.decode()
    assert there in channel
    assert "127.0.0.1" not in channel


@pytest.mark.parametrize("site", SITES)
def test_a_storm_announces_each_story_under_several_addresses_that_all_answer(site):
    wire = sick("duplicate_storm", site)
    once, storm = feed(WIRE, site), feed(wire, site)
    assert len(set(storm)) == EDITIONS * len(set(once))
    assert {re.sub(r"^/edition-\d", "", path) for path in storm} == set(once)
    path = new_story(site).url.removeprefix(WIRE.origins[site])
    answers = [wire.answer(site, f"/edition-{n}{path}", LATER) for n in range(EDITIONS)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) > 1 or site == "saltmarsh"  # each is canonical


@pytest.mark.parametrize("site", SITES)
def test_nonsense_dates_are_printed_and_announced(site):
    wire = sick("date_nonsense", site)
    told = wire.answer(site, FEEDS[site], LATER).body.decode()
    assert re.search("1969-12|31 Dec 1969|1970", told)  # west of Greenwich it was still 1969
    assert "2099" in told
    assert re.search(rb"1969|1970|2099", page(wire, new_story(site)).body)


def test_a_redirect_of_a_site_with_nonsense_dates_leads_to_a_story_still():
    later = EPOCH + 120 * WIRE.interval
    told = next(t for t in WIRE.stories_at(later) if t.fate == "redirect" and t.published > EPOCH)
    path = told.url.removeprefix(WIRE.origins[told.site])
    answer = sick("date_nonsense", told.site).answer(told.site, path, later)
    assert answer.status == 302
    assert answer.header("location") in WIRE.truth_at(later)


@pytest.mark.parametrize("site", SITES)
def test_half_of_the_sections_are_gone_from_feed_and_site(site):
    filed = {p.path: p.copy.section for n in WIRE.numbers(LATER) for p in WIRE.printings(n, LATER)}
    before = {filed[path] for path in feed(WIRE, site) if path in filed}
    left = {filed[path] for path in feed(sick("half_sections_gone", site), site) if path in filed}
    assert 0 < len(left) <= len(before) / 2
    fronts = [f"/section/{name.lower()}" for name in sections(SITES[site].language)]
    statuses = [sick("half_sections_gone", site).answer(site, path, LATER).status for path in fronts]
    assert 404 in statuses
    assert 200 in statuses


def test_three_in_five_new_stories_are_announced_nowhere():
    many = replace(WIRE, interval=timedelta(seconds=1))
    now = EPOCH + timedelta(seconds=600)
    ill = replace(many, troubles=(Trouble("silent_drop_60", "courier", EPOCH),))

    def new(wire: demo.Wire) -> int:
        shown = wire.answer("courier", "/news-sitemap.xml", now).body.decode()
        return sum(int(n) > WIRE.backlog for n in re.findall(r"-(\d+)\.html</loc>", shown))

    assert 0.35 < new(ill) / new(many) < 0.45


def test_a_slow_server_lets_every_answer_drip():
    wire = sick("slow_server", "courier")
    assert wire.answer("courier", "/rss.xml", LATER).trickles
    assert page(wire, new_story("courier")).trickles


def test_a_site_can_fall_ill_and_be_cured_while_it_is_served():
    with demo.serve(WIRE, port_base=0, clock=lambda: LATER) as served:
        url = f"{served.origins['courier']}/rss.xml"
        assert urllib.request.urlopen(url, timeout=20).status == 200
        served.trouble("wall_403", "courier")
        with pytest.raises(HTTPError, match="403"):
            urllib.request.urlopen(url, timeout=20)
        served.cure("courier")
        assert urllib.request.urlopen(url, timeout=20).status == 200


@pytest.mark.parametrize("wrong", [("plague", "courier"), ("paywall", "nowhere")])
def test_a_trouble_that_there_is_not_is_refused(wrong):
    with pytest.raises(ValueError, match="no such"):
        Trouble(*wrong)

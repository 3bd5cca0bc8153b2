"""Does a story stay the same one when its address, guid, slug or headline change, and only then?"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import pytest
from website import declare, story

from pipelines import frontier, steps
from pipelines.records import Lead, Seen

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
WORDS = "The river rose again today, and the council of the town met for another time to talk of it. " * 4


@pytest.fixture
def wire(home, site):
    declare(
        home, "wire", site.base, recheck=str([f"{second}s" for second in range(1, 120)])
    )  # each crawl looks
    return site


def feed(base, *entries):
    """Entries are (path, guid, title)."""
    items = "".join(
        f"<item><title>{escape(title)}</title><link>{base}{path}</link><guid isPermaLink='false'>{guid}</guid>"
        f"<pubDate>Thu, 05 Mar 2026 12:00:00 GMT</pubDate></item>"
        for path, guid, title in entries
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'
    return 200, {"Content-Type": "application/rss+xml"}, body.encode()


def page(headline, more="", canonical=None):
    html = story(headline, f"{headline}. {WORDS}", WORDS + more).decode()
    link = f"<link rel='canonical' href='{canonical}'>" if canonical else ""
    return html.replace("<head>", f"<head>{link}", 1).encode()


def chains(source="wire"):
    """The versions' headlines of each story of the source, once all that waits is crawled and loaded."""
    steps.extract(steps.crawl(source).batch)
    steps.load(steps.cluster())
    rows = steps.query("SELECT story_id, headline FROM story_versions ORDER BY valid_from").to_pylist()
    found = {}
    for row in rows:
        found.setdefault(row["story_id"], []).append(row["headline"])
    return sorted(found.values())


def test_a_story_that_redirects_to_a_new_address_stays_the_same(wire):
    wire.pages |= {"/rss": feed(wire.base, ("/rain", "g1", "Rain")), "/rain": page("Rain")}
    assert chains() == [["Rain"]]
    wire.pages |= {"/rain": (301, {"Location": "/floods"}, b""), "/floods": page("Floods", "It rose.")}
    assert chains() == [["Rain", "Floods"]]
    wire.pages["/rss"] = feed(wire.base, ("/floods", "g9", "Floods"))
    wire.pages["/floods"] = page("Floods recede", "It fell.")
    assert chains() == [["Rain", "Floods", "Floods recede"]]


def test_a_story_whose_slug_changes_is_known_by_its_guid(wire):
    wire.pages |= {"/rss": feed(wire.base, ("/rain", "wire-1807", "Rain")), "/rain": page("Rain")}
    chains()
    del wire.pages["/rain"]
    wire.pages |= {
        "/rss": feed(wire.base, ("/floods", "wire-1807", "Floods")),
        "/floods": page("Floods", "It rose."),
    }
    assert chains() == [["Rain", "Floods"]]


def test_a_story_whose_canonical_address_changes_stays_the_same(wire):
    wire.pages |= {
        "/rss": feed(wire.base, ("/s/17?id=17", "a", "Rain")),
        "/s/17?id=17": page("Rain", canonical="/s/17"),
    }
    chains()
    wire.pages |= {"/s/17?id=17": page("Floods", "It rose.", canonical="/s/17/floods")}
    assert chains() == [["Rain", "Floods"]]


def test_two_addresses_that_stand_at_once_under_one_guid_are_two_stories(wire):
    wire.pages |= {"/rss": feed(wire.base, ("/rain", "wire-1807", "Rain")), "/rain": page("Rain")}
    chains()
    wire.pages |= {
        "/rss": feed(wire.base, ("/rain", "wire-1807", "Rain"), ("/floods", "wire-1807", "Floods")),
        "/floods": page("Floods", "It rose."),
    }
    assert chains() == [["Floods"], ["Rain"]]


def known(url, story_id, title="Rain in Leeds", raw="Thu, 05 Mar 2026 12:00:00 GMT"):
    return Seen(url=url, first_seen_at=NOW, story_id=story_id, title=title, published_raw=raw)


def lead(guid="wire-1807", title="Rain in Leeds", raw=None):
    return Lead(
        url="https://w.example/b", found_url="https://w.example/b", channel="c", channel_kind="rss",
        guid=guid, title=title, published_raw=raw,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "under_guid", "story"),
    [
        (lead(), [known("a", "s1")], "s1"),
        (lead(title="Floods", raw="Thu, 05 Mar 2026 12:00:00 GMT"), [known("a", "s1")], "s1"),
        (lead(title="Cup won by York", raw="Fri, 06 Mar 2026 12:00:00 GMT"), [known("a", "s1")], None),
        (lead(), [known("a", "s1"), known("b", "s2")], None),
        (lead(), [known("a", "s1"), known("b", "s1")], "s1"),
        (lead(guid="17"), [known("a", "s1")], None),
        (lead(guid=None), [known("a", "s1")], None),
        (lead(), [], None),
    ],
)
def test_a_guid_is_believed_where_it_can_be(found, under_guid, story):
    assert frontier.same_story(found, None, under_guid) == story

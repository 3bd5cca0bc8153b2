"""Is everything found that the demo wire announces, by whatever kind of channel, and nothing fetched in vain?"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

import demo
from demo.channels import NEWS_LIST
from demo.sites import NEWEST, SITES
from demo.truth import truth
from pipelines import channels, steps
from pipelines.sources import load_source
from pipelines.urls import canonical

EPOCH = datetime(2026, 3, 5, 12, tzinfo=UTC)
INTERVAL = timedelta(seconds=30)
WIRE = demo.Wire(seed=7, epoch=EPOCH, interval=INTERVAL)
KINDS = [
    *((site.key, channel.kind, channel.path) for site in SITES.values() for channel in site.channels),
    ("kuestenblatt", "news_sitemap", NEWS_LIST),
    *((site, "section", path) for site in SITES for path in ("/", "/section/world")),
]
"""Site, kind of channel, path: the sitemap of kuestenblatt is an index."""


def announced(site, at=EPOCH, most=NEWEST):
    """What a site has announced, but for the section front that it passes off as a story."""
    told = (truth(WIRE, printing, at) for printing in WIRE.latest(site, at, most))
    return {canonical(one.url) for one in told if one.fate != "front"}


@pytest.mark.parametrize(("site", "kind", "path"), KINDS)
def test_every_kind_of_channel_gives_all_that_it_announces_and_nothing_else(site, kind, path):
    answer = WIRE.answer(site, path, EPOCH)
    said = channels.read(
        answer.body,
        url=WIRE.origins[site] + path,
        content_type=answer.header("content-type"),
        page_of=load_source(f"demo_{site}"),
    )
    if said.kind == "index":
        assert [part.url for part in said.parts] == [WIRE.origins[site] + NEWS_LIST]
        return
    assert said.kind == kind
    most = 1_000 if kind == "news_sitemap" else NEWEST
    assert {lead.url for lead in said.leads} - {WIRE.origins[site] + "/section/world"} == announced(
        site, most=most
    )


def test_three_rivals_find_all_and_no_story_is_fetched_twice_for_the_same_version(home):
    """The Courier by feed, news sitemap and section page, crawled twice while stories come and change."""
    with demo.serve(WIRE, port_base=0, clock=lambda: EPOCH, slow=timedelta(seconds=0.1)) as served:
        served.declare(home / "sources")
        place = home / "sources" / "demo_courier.toml"
        base = served.origins["courier"]
        text = place.read_text().replace(
            "[expect]", f'sections = ["{base}/", "{base}/section/world"]\n[expect]'
        )
        place.write_text(text.replace('recheck  = ["30s", "2m", "10m"]', 'recheck = ["7d"]'))
        found: set[str] = set()
        batches = []
        for later in (timedelta(0), 12 * INTERVAL):
            served.advance(later)
            batches.append(steps.crawl("demo_courier").batch)
            steps.extract(batches[-1])
            found |= {line.url for line in steps.ledger(batches[-1:])}
            shown = {
                url
                for channel, urls in served.wire.announced_at(served.now).items()
                if base in channel
                for url in urls
            }
            assert shown <= found  # recall 1.0, at every round
        steps.load(steps.cluster())
        asked = Counter(
            base + one.path for one in served.requests if one.site == "courier" and one.status == 200
        )
        versions = {
            url: len([v for v in told.versions if v.at <= served.now])
            for url, told in served.truth().items()
            if told.site == "courier" and told.outcome.value == "new"
        }
    told = {url: (asked[url], most) for url, most in versions.items() if asked[url]}
    assert len(told) >= 10
    assert {url: counts for url, counts in told.items() if counts[0] > counts[1]} == {}
    kinds = steps.query("SELECT DISTINCT channel_kind FROM sightings ORDER BY 1").to_pylist()
    assert [row["channel_kind"] for row in kinds] == ["news_sitemap", "rss", "section"]
    rows = steps.query(
        "SELECT sum(stories) AS stories, min(found_share) AS least FROM completeness"
    ).to_pylist()
    assert rows == [
        {"stories": steps.query("SELECT count(*) AS n FROM stories").to_pylist()[0]["n"], "least": 1.0}
    ]

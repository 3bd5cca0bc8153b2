"""Is the catalogue what it says: real, wide, switched off, and honest about where each file comes from?"""

import re
from collections import Counter
from importlib import resources
from urllib.parse import urlsplit

import pytest

from pipelines.records import Source
from pipelines.sources import declared

KINDS = {"agency", "broadcaster", "newspaper", "magazine", "online"}
PLACES = {"africa", "asia", "europe", "north_america", "oceania", "south_america", "world"}

ALL = declared()
CATALOGUE = {name: one for name, one in ALL.items() if not name.startswith("demo_")}


def text(name):
    return (resources.files("sources") / f"{name}.toml").read_text("utf-8")


def test_every_file_is_valid():
    assert [str(one) for one in ALL.values() if not isinstance(one, Source)] == []


def test_there_are_many_sources_in_many_languages_from_everywhere():
    languages = Counter((one.language or "").split("-")[0] for one in CATALOGUE.values())
    assert "" not in languages
    assert len(CATALOGUE) >= 190
    assert len(languages) >= 50
    tags = Counter(tag for one in CATALOGUE.values() for tag in one.tags)
    assert min(tags[kind] for kind in ("agency", "broadcaster", "newspaper", "regional")) >= 15
    assert min(tags[place] for place in PLACES - {"world"}) >= 4


def test_nothing_of_it_is_crawled_unasked():
    assert [name for name, one in CATALOGUE.items() if one.enabled] == []


@pytest.mark.parametrize("name", CATALOGUE)
def test_file_says_what_it_is_where_it_comes_from_and_how_sure_that_is(name):
    said = " ".join(line.lstrip("# ") for line in text(name).splitlines() if line.startswith("#"))
    assert re.search(r"[Tt]aken 20\d\d-\d\d from ", said)
    assert "not verified against the live site" in said
    one = CATALOGUE[name]
    country, place, kind, *_ = one.tags
    assert re.fullmatch("[a-z]{2}", country)
    assert (place in PLACES, kind in KINDS) == (True, True)
    assert one.timezone != "UTC" or "world" in one.tags


def test_no_channel_is_in_two_files():
    channels = Counter(url for one in CATALOGUE.values() for url in (*one.feeds, *one.sitemaps))
    assert [url for url, times in channels.items() if times > 1] == []


def test_no_address_has_a_name_or_a_password_in_it():
    urls = [url for one in CATALOGUE.values() for url in (one.home, *one.feeds, *one.sitemaps)]
    assert [url for url in urls if urlsplit(url).username] == []

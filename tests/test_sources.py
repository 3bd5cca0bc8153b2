"""Is a declaration right, and does it say precisely what is wrong?"""

from datetime import date, timedelta

import pytest

from pipelines import sources
from pipelines.errors import SourceError, UsageError
from pipelines.records import Source

GOOD = 'title = "Wire"\nhome = "https://wire.example/"\nfeeds = ["https://wire.example/rss"]\n'


def test_every_source_that_ships_is_valid():
    known = sources.declared()
    assert len([n for n in known if not n.startswith("demo_")]) >= 3
    assert [str(s) for s in known.values() if not isinstance(s, Source)] == []


def test_a_minimal_source_has_the_documented_defaults():
    source = sources.parse_source("wire", GOOD)
    assert (source.every, source.budget, source.timezone, source.enabled, source.same_by) == (
        timedelta(minutes=15),
        500,
        "UTC",
        True,
        "url",
    )
    assert source.recheck[0] == timedelta(minutes=15)


def test_every_key_is_explained():
    import sources as package

    undocumented = [
        key
        for key in sources._KEYS
        if f"`{key}`" not in package.__doc__ and f"[{key}]" not in package.__doc__
    ]
    assert undocumented == []


def test_rules_keep_their_order_and_their_end():
    text = (
        GOOD
        + '[[rules]]\nuntil = 2026-02-11\nbody = "div.old"\n[[rules]]\nbody = "article p"\ndrop = [".promo"]\n'
    )
    old, new = sources.parse_source("wire", text).rules
    assert (old.until, old.body) == (date(2026, 2, 11), "div.old")
    assert (new.until, new.drop) == (None, (".promo",))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("every = 15", "every: must be a text"),
        ('every = "15 minutes"', "every: must be a duration like"),
        ('timezone = "Mars/Base"', "timezone: 'Mars/Base' is no IANA time zone"),
        ("feed = []", "feed: no such key"),
        ('allow = ["("]', "allow: '(' is no regular expression"),
        ("enabled = 1", "enabled: must be true or false"),
        ("budget = -1", "budget: must be a whole number"),
        ('same_by = "slug"', "same_by: must be url or guid"),
        ("[expect]\nfilled = { headlin = 1.0 }", "expect: filled: no such field: headlin"),
        ("[expect]\nfilled = { headline = 2 }", "expect: must be a share from 0 to 1"),
        ("[expect]\nstories = { min = 10, max = 2 }", "expect: stories: min 10 is more than max 2"),
        ('every = "0s"', "every: must be longer than nothing"),
        ('language = "English!"', "language: must be a language tag such as de or pt-BR"),
        ('hosts = ["https://wire.example/"]', "hosts: must be a host's name alone"),
        ('private_hosts = ["127.0.0.1:8000"]', "private_hosts: must be a host's name alone"),
        ('[[rules]]\nuntil = "2026-01-01"', "rules: must be a day"),
        ('[[rules]]\nbdy = "p"', "rules: rule 1: no such key: bdy"),
        ('[[rules]]\nbody = "p::!"', "rules: 'p::!' is neither CSS nor XPath"),
        ('[[rules]]\ndrop = ["//p["]', "rules: '//p[' is neither CSS nor XPath"),
        ("[rules]", "rules: must be written as [[rules]]"),
        ("title = ", "not valid TOML"),
    ],
)
def test_a_wrong_line_is_named_with_file_and_key(line, complaint):
    with pytest.raises(SourceError) as raised:
        sources.parse_source("wire", GOOD + line + "\n")
    assert str(raised.value).startswith("sources/wire.toml: ")
    assert complaint in str(raised.value)


@pytest.mark.parametrize("missing", ["title", "home"])
def test_a_missing_key_is_named(missing):
    text = "\n".join(line for line in GOOD.splitlines() if not line.startswith(missing))
    with pytest.raises(SourceError, match=f"{missing}: missing"):
        sources.parse_source("wire", text)


@pytest.mark.parametrize("url", ["ftp://wire.example/", "/rss", "wire.example"])
def test_a_channel_must_be_a_web_address(url):
    with pytest.raises(SourceError, match="feeds: must be an http"):
        sources.parse_source("wire", GOOD.replace("https://wire.example/rss", url))


def test_one_wrong_file_does_not_hide_the_others(tmp_path):
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "wrong.toml").write_text("titel = 1")
    known = sources.declared(tmp_path)
    assert isinstance(known["good"], Source)
    assert "sources/wrong.toml: titel: no such key" in str(known["wrong"])


def test_an_unknown_source_lists_what_is_declared(tmp_path):
    (tmp_path / "good.toml").write_text(GOOD)
    with pytest.raises(SourceError, match="no source named 'other'.*declared: good"):
        sources.load_source("other", tmp_path)


def test_a_misspelt_source_is_guessed_among_many(tmp_path):
    for number in range(12):
        (tmp_path / f"source_{number:02}.toml").write_text(GOOD)
    (tmp_path / "ansa.toml").write_text(GOOD)
    with pytest.raises(SourceError) as raised:
        sources.load_source("ansi", tmp_path)
    assert str(raised.value) == f"no source named 'ansi' (no {tmp_path}/ansi.toml); did you mean ansa?"
    with pytest.raises(SourceError, match="13 are declared: see `wirehouse sources`"):
        sources.load_source("zzz", tmp_path)


def test_a_source_may_promise_something_new_so_often():
    promised = sources.parse_source("ap", GOOD + 'expect = { fresh = "6h" }').expect.fresh
    assert promised == timedelta(hours=6)


def test_the_ages_of_rechecks_may_stand_in_any_order():
    ages = sources.parse_source("wire", GOOD + 'recheck = ["1h", "30m"]\n').recheck
    assert ages == (timedelta(minutes=30), timedelta(hours=1))


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="WIREHOUSE_SOURCES"):
        sources.names(tmp_path / "nowhere")


def test_moved_to_another_server_a_source_keeps_its_paths():
    moved = sources.rebased(sources.parse_source("wire", GOOD), "http://127.0.0.1:8000")
    assert moved.feeds == ("http://127.0.0.1:8000/rss",)
    assert moved.private_hosts == ("127.0.0.1",)

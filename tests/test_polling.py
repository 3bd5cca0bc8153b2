"""When is a channel asked again, and may its server say that nothing changed?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ledger import Outcome
from pipelines.polling import LONGEST, RIVALS, may_be_conditional, not_yet, remember, stated
from pipelines.records import Heard, Source

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
BEAT = timedelta(minutes=15)
SOURCE = Source(name="wire", title="Wire", home="https://wire.example/", every=BEAT)
FEED = "https://wire.example/rss"


def line(at=NOW, outcome=None, digest="d", **more):
    status = 304 if outcome == "304" else 200
    outcome = Outcome.UNCHANGED if outcome == "304" else outcome
    return {
        "kind": "channel",
        "url": FEED,
        "at": at,
        "outcome": outcome,
        "http_status": status,
        "digest": digest,
    } | more


def polled(hours, news_every, since=None, **more):
    """A channel that is asked whenever it is due, beat by beat; returns it and how often it was asked."""
    heard, asked, found = None, 0, []
    for beat in range(int(timedelta(hours=hours) / BEAT)):
        now = NOW + beat * BEAT
        if not_yet(heard, SOURCE, now):
            continue
        asked += 1
        last = heard.last_asked_at if heard else NOW - news_every
        brought = int((now - NOW) / news_every) - int((last - NOW) / news_every)
        found.append(brought)
        heard = remember(
            line(now, digest=str(now) if brought else "d", **more), heard, SOURCE, news=brought, rival_news=0
        )
    return heard, asked


@pytest.mark.parametrize(
    "every", [timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=2), timedelta(hours=5)]
)
def test_what_brings_news_often_is_asked_in_every_beat(every):
    assert polled(24, every)[1] == 24 * 4


def test_what_brings_news_once_a_day_is_asked_every_hour():
    assert 20 * 24 < polled(20 * 24, timedelta(days=1))[1] < 30 * 24


def test_what_brings_none_is_asked_less_and_less_but_four_times_a_day():
    _, first_month = polled(30 * 24, timedelta(days=900))
    assert 30 * 4 < first_month < 30 * 14


def asked_before(minutes, **more):
    at = NOW - timedelta(minutes=minutes)
    known = {"first_asked_at": at, "last_asked_at": at, "due_at": NOW + timedelta(minutes=30)} | more
    return Heard(url=FEED, **known)


def test_a_channel_that_is_not_due_says_when_and_why():
    assert not_yet(asked_before(15, gap=timedelta(hours=12)), SOURCE, NOW) == (
        "asked again at 2026-03-05 12:30 UTC: it brings news about every 12 h"
    )


def test_a_crawl_by_hand_off_the_beat_asks_all():
    assert not_yet(asked_before(7), SOURCE, NOW) is None


def test_a_beat_that_comes_a_little_early_is_not_skipped():
    assert not_yet(asked_before(15, due_at=NOW + timedelta(minutes=3)), SOURCE, NOW) is None


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ({}, None),
        ({"ttl": 1800.0}, timedelta(minutes=30)),
        ({"cache_control": "public, max-age=600"}, timedelta(minutes=10)),
        ({"cache_control": "max-age=600, no-cache"}, None),
        ({"cache_control": "MAX-AGE=600", "ttl": 60}, timedelta(minutes=10)),
        ({"cache_control": "max-age=banana"}, None),
        ({"cache_control": "max-age=0"}, None),
    ],
)
def test_what_feed_and_server_state(said, wait):
    assert stated(line(**said)) == wait


def due_after(heard=None, **said):
    return remember(line(**said), heard, SOURCE, news=3, rival_news=0).due_at - NOW


def test_what_it_states_counts_until_we_know_better():
    assert due_after(ttl=1800) == timedelta(minutes=30)
    busy = asked_before(20, news_at=NOW - timedelta(minutes=20), gap=timedelta(minutes=20))
    assert due_after(busy, ttl=1800) == timedelta(minutes=10)


def test_a_day_that_it_states_is_not_believed():
    assert due_after(ttl=86_400) == timedelta(hours=1)


@given(st.text(max_size=60))
def test_no_header_crashes_it(cache):
    assert remember(line(cache_control=cache), None, SOURCE, news=0, rival_news=0).due_at <= NOW + LONGEST


def test_a_sick_channel_is_asked_in_every_beat_so_that_the_run_shows_it():
    sick = remember(line(outcome=Outcome.TIMEOUT), asked_before(60), SOURCE, news=0, rival_news=0)
    assert (sick.failures, sick.due_at) == (1, None)


def known_with(**more):
    return asked_before(15, digest="d", etag='"1"', full_at=NOW - timedelta(hours=1), **more)


def test_a_channel_with_validators_is_asked_with_them():
    assert may_be_conditional(known_with(), NOW)


@pytest.mark.parametrize(
    "heard",
    [
        None,
        asked_before(15),
        known_with(lies=True),
        known_with(rivals=RIVALS),
        known_with(channel_kind="index"),
        replace(known_with(), full_at=NOW - timedelta(days=1)),
    ],
)
def test_a_channel_in_doubt_is_asked_for_its_body(heard):
    assert not may_be_conditional(heard, NOW)


def test_304_while_rivals_bring_news_is_doubted():
    heard = known_with()
    for _ in range(RIVALS):
        assert may_be_conditional(heard, NOW)
        heard = remember(line(outcome="304"), heard, SOURCE, news=0, rival_news=2)
    assert not may_be_conditional(heard, NOW)
    assert may_be_conditional(remember(line(etag='"1"'), heard, SOURCE, news=0, rival_news=2), NOW)


def test_304_while_nobody_has_news_is_believed():
    heard = known_with()
    for _ in range(9):
        heard = remember(line(outcome="304"), heard, SOURCE, news=0, rival_news=0)
    assert may_be_conditional(heard, NOW)


def test_who_changed_its_body_but_not_its_validators_is_not_asked_with_them_again():
    liar = remember(line(digest="other", etag='"1"'), known_with(rivals=RIVALS), SOURCE, news=1, rival_news=0)
    assert liar.lies
    assert not may_be_conditional(liar, NOW)
    honest = remember(line(digest="other", etag='"2"'), known_with(), SOURCE, news=1, rival_news=0)
    assert may_be_conditional(honest, NOW)


def test_what_was_not_asked_teaches_nothing():
    assert remember(line(outcome=Outcome.NOT_DUE), known_with(), SOURCE, news=0, rival_news=0) is None
    assert remember(line(backfill=True), known_with(), SOURCE, news=5, rival_news=0) is None

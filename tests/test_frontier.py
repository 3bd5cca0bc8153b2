"""When do we look at a story again? Wire copy is rewritten in its first hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.frontier import CURIOUS, EARLY, ENOUGH, GIVE_UP, Rung, is_due, ladder, next_look, remember
from pipelines.ledger import Outcome
from pipelines.records import Lead, Seen, Source

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
SOURCE = Source(
    name="wire",
    title="Wire",
    home="https://wire.example/",
    recheck=(timedelta(minutes=15), timedelta(hours=1)),
)
LEAD = Lead(
    url="http://wire.example/rain",
    found_url="http://wire.example/rain",
    channel="http://wire.example/rss.xml",
    channel_kind="rss",
)


def seen(minutes_ago, **more):
    at = NOW - timedelta(minutes=minutes_ago)
    return Seen(url=LEAD.url, **({"first_seen_at": at, "last_visit_at": at, "visits": 1} | more))


def updated(minutes_ago):
    return replace(LEAD, updated_at=NOW - timedelta(minutes=minutes_ago))


never = None
announced_but_not_fetched = seen(5, last_visit_at=None, visits=0)
fetched = seen(10)
rung_is_now = seen(15, due_at=NOW)
rung_is_later = seen(14, due_at=NOW + timedelta(seconds=1))


@pytest.mark.parametrize("known", [never, announced_but_not_fetched, rung_is_now])
def test_is_due(known):
    assert is_due(LEAD, known, NOW)


@pytest.mark.parametrize("known", [fetched, rung_is_later])
def test_is_not_due(known):
    assert not is_due(LEAD, known, NOW)


def test_is_due_when_a_channel_says_that_it_changed_since():
    assert is_due(updated(9), fetched, NOW)
    assert not is_due(updated(11), fetched, NOW)


def test_is_not_due_for_an_update_in_the_future():
    assert not is_due(updated(-60), fetched, NOW)


def test_the_ladder_is_counted_from_the_first_look():
    first = NOW - timedelta(minutes=20)
    assert next_look(SOURCE, {}, LEAD.url, first, first) == first + timedelta(minutes=15)
    assert next_look(SOURCE, {}, LEAD.url, first, NOW) == first + timedelta(hours=1)
    assert next_look(SOURCE, {}, LEAD.url, first, first + timedelta(hours=2)) is None


QUARTER, HOUR = SOURCE.recheck
NEVER, SOMETIMES, OFTEN = Rung(ENOUGH, 0), Rung(ENOUGH, 2), Rung(ENOUGH, 10)
URLS = [f"https://wire.example/{n}" for n in range(400)]


def first_looks(habits):
    """At what age each of many stories is looked at first."""
    return [next_look(SOURCE, habits, url, NOW, NOW) - NOW for url in URLS]


def test_where_a_source_never_edits_most_stories_are_not_looked_at():
    ages = first_looks({QUARTER: NEVER})
    assert set(ages) == {QUARTER, HOUR}
    assert 0.5 / CURIOUS < ages.count(QUARTER) / len(ages) < 2 / CURIOUS  # a few, to notice a change of habit


@pytest.mark.parametrize("known", [{}, {QUARTER: SOMETIMES}, {QUARTER: Rung(ENOUGH - 1, 0)}])
def test_where_it_edits_at_times_or_little_is_known_all_are_looked_at(known):
    assert set(first_looks(known)) == {QUARTER}


def test_the_last_rung_is_always_kept():
    assert {next_look(SOURCE, {QUARTER: NEVER, HOUR: NEVER}, url, NOW, NOW + QUARTER) for url in URLS} == {
        NOW + HOUR
    }


def test_where_edits_come_late_they_are_looked_for_later():
    assert list(ladder(SOURCE, {HOUR: SOMETIMES})) == [QUARTER, HOUR]
    assert list(ladder(SOURCE, {HOUR: OFTEN})) == [QUARTER, HOUR, 2 * HOUR]
    always = dict.fromkeys([HOUR * 2**n for n in range(12)], OFTEN)
    assert max(ladder(SOURCE, always)) <= timedelta(days=60)


def test_habits_change():
    rung = Rung()
    for _ in range(1000):
        rung = rung.looked(edited=False)
    for _ in range(20):
        rung = rung.looked(edited=True)
    assert rung.share > 0.02


def line(outcome=None, **more):
    return {"kind": "lead", "url": LEAD.url, "at": NOW, "outcome": outcome} | more


def test_a_page_leaves_its_digest_and_its_next_rung():
    known = remember(line(digest="d1", etag='"e"'), None, SOURCE)
    assert (known.digest, known.etag, known.visits) == ("d1", '"e"', 1)
    assert known.due_at == NOW + timedelta(minutes=15)


def test_a_304_keeps_what_was_known_of_the_page():
    known = remember(line("unchanged", http_status=304, digest="of-nothing"), seen(60, digest="d1"), SOURCE)
    assert (known.digest, known.visits) == ("d1", 2)


def test_failures_wait_twice_as_long_each_time_and_then_end():
    known, waits = None, []
    for _ in range(GIVE_UP):
        known = remember(line(Outcome.TIMEOUT), known, SOURCE)
        waits.append(known.due_at and known.due_at - NOW)
    assert waits[:3] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert waits[-1] is None


def test_a_good_answer_ends_the_failures():
    failed = remember(line(Outcome.HTTP_ERROR), None, SOURCE)
    assert remember(line(digest="d"), failed, SOURCE).failures == 0


def test_is_due_for_an_update_since_the_crawl_began_or_by_a_clock_that_is_ahead():
    assert is_due(updated(-4), fetched, NOW)
    assert is_due(updated(-20), fetched, NOW, told_at=NOW + timedelta(minutes=20))


def test_a_page_that_is_not_there_is_asked_for_again_for_more_than_an_hour():
    known, at = None, NOW
    for _ in range(EARLY):
        known = remember(line(Outcome.GONE, http_status=404) | {"at": at}, known, SOURCE)
        at, last = known.due_at, at
    assert known.due_at is None
    assert last - NOW > timedelta(hours=1)


@pytest.mark.parametrize(
    "outcome", [Outcome.GONE, Outcome.ROBOTS_DENIED, Outcome.NOT_HTML, Outcome.TOO_LARGE]
)
def test_the_servers_word_is_not_asked_for_again(outcome):
    assert remember(line(outcome, http_status=410), None, SOURCE).due_at is None


def test_what_was_over_budget_is_taken_up_by_the_next_crawl():
    known = remember(line(Outcome.OVER_BUDGET), None, SOURCE)
    assert is_due(LEAD, known, NOW)
    assert known.due_at == NOW


def test_what_was_not_asked_for_teaches_nothing():
    assert remember(line(Outcome.NOT_DUE), fetched, SOURCE) is None
    assert remember(line(Outcome.OUT_OF_SCOPE), None, SOURCE) is None


def test_what_went_out_of_scope_is_not_rechecked_for_ever():
    assert remember(line(Outcome.OUT_OF_SCOPE), rung_is_now, SOURCE).due_at is None


def test_a_redirect_out_of_scope_is_not_followed_in_every_crawl():
    known = remember(line(Outcome.OUT_OF_SCOPE, http_status=302), None, SOURCE)
    assert not is_due(LEAD, known, NOW + timedelta(days=1))


def test_a_story_that_we_had_is_asked_for_again_when_it_is_missing():
    had = Seen(url="https://wire.example/rain", first_seen_at=NOW, last_visit_at=NOW, digest="d")
    for status, waits in (
        (404, [timedelta(minutes=65), timedelta(days=1), None]),
        (410, [timedelta(days=1), None]),
    ):
        seen, at = had, NOW
        for wait in waits:
            at += timedelta(hours=2)
            line = {"kind": "lead", "url": had.url, "at": at, "outcome": "gone", "http_status": status}
            seen = remember(line, seen, SOURCE)
            assert seen.due_at == (None if wait is None else at + wait)

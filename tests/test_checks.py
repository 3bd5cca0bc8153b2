"""What do checks make of a run beside its source's past: is it ill, of what, or is it only quiet?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from press import story

from pipelines import checks
from pipelines.checks import rhythm
from pipelines.checks.overdue import Last, overdue
from pipelines.ledger import Cause, Fetch, LedgerLine, Outcome, Run, Severity, Sighting
from pipelines.measures import Asked, Counted, Measures
from pipelines.records import Expect, Source

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)  # a Thursday
HOUR = timedelta(hours=1)
FEED = "https://ap.example/rss"
AP = Source(name="ap", title="AP", home="https://ap.example/", feeds=(FEED,), every=HOUR)
ENDED = {Outcome.NEW: "ok", Outcome.REJECTED: "ok", Outcome.NOT_DUE: "ok"}


def by_day(moment):
    """Six stories an hour by day, none by night, two at weekends."""
    return 0 if not 6 <= moment.hour < 22 else 6 if moment.weekday() < 5 else 2


def past(days=28, came=by_day, **more):
    """What hourly runs of so many days measured, up to an hour ago."""
    runs = []
    for back in range(days * 24, 0, -1):
        at = NOW - back * HOUR
        n = came(at)
        given = {
            "channels": (Asked(url=FEED, outcome="ok", named=30, arrived=n),),
            "arrived": n, "fetched": n, "pages": n, "stories": n, "leads": 30, "requests": n + 2,
            "words": 400.0, "confidence": 0.9, "seconds": 0.3, "newest_said_at": at,
            "filled": (Counted(name="byline", count=n), Counted(name="section", count=n)),
        }  # fmt: skip
        runs.append(
            Measures(run_id=f"ap/{back}", source_id="ap", kind="crawl", started_at=at, judged_at=at)
            if n is None
            else replace(
                Measures(run_id=f"ap/{back}", source_id="ap", kind="crawl", started_at=at, judged_at=at),
                **(given | more),
            )
        )
    return runs


def judged(stories=6, before=None, *, source=AP, now=NOW, outcome=Outcome.NEW, channel="ok", status=200,
           others=None, kind="crawl", **fields):  # fmt: skip
    """A run at noon with so many new stories, and what is found in it."""
    lines, told, fetches = [], [], []
    for n in range(stories):
        url = f"https://ap.example/{n}"
        lines.append(LedgerLine(run_id="ap/now", source_id="ap", url=url, outcome=outcome, channel=FEED,
                                channel_kind="rss", found_at=now, fetched_at=now))  # fmt: skip
        failed = ENDED.get(outcome, outcome.value)
        fetches.append(Fetch(run_id="ap/now", source_id="ap", url=url, purpose="story", outcome=failed,
                             http_status=status, seconds=0.3, started_at=now))  # fmt: skip
        if outcome is Outcome.NEW:
            given = {"says": f"number {n}", "word_count": 400, "byline": "By Ada Pell", "section": "World"}
            told.append(
                story(f"s{n}", **(given | {k: v(n) if callable(v) else v for k, v in fields.items()}))
            )
    fetches.append(Fetch(run_id="ap/now", source_id="ap", url=FEED, purpose="channel", outcome=channel,
                         http_status=status, seconds=0.3, started_at=now))  # fmt: skip
    seen = [Sighting(run_id="ap/now", source_id="ap", url="https://ap.example/0", channel=FEED,
                     channel_kind="rss", position=0, seen_at=now)]  # fmt: skip
    run = Run(run_id="ap/now", source_id="ap", kind=kind, started_at=now, ended_at=now, leads=len(lines),
              finish_reason="finished", requests=9, responses=9, bytes=9, wirehouse_version="0")  # fmt: skip
    sightings = seen if channel == "ok" else []
    return checks.judged(source, run, lines, told, fetches, sightings, before or [], others=others, now=now)


def found(*given, **more):
    return [(f.severity.value, f.cause.value) for f in judged(*given, **more)[1]]


def test_a_run_as_always_is_nothing_and_says_what_was_expected():
    measures, findings = judged(6, past())
    assert findings == []
    assert measures.expected == pytest.approx(6, abs=0.5)
    assert measures.causes == ()


def test_a_first_run_is_nothing():
    assert found(40) == []


# Silence, and less


def silent_for(hours):
    return past(came=lambda at: 0 if at >= NOW - hours * HOUR else by_day(at))


def test_a_feed_that_answers_and_says_nothing_new_for_hours_is_frozen():
    (frozen,) = judged(0, silent_for(4))[1]
    assert (frozen.severity, frozen.cause) == (Severity.ERROR, Cause.FEED_FROZEN)
    assert frozen.evidence.startswith("30 stories were expected; the newest entry is of 2026-03-05")


def test_a_pause_of_an_hour_is_nothing():
    assert found(0, past()) == []


def test_a_night_is_nothing():
    midnight = NOW.replace(hour=4)
    assert found(0, [m for m in past() if m.started_at < midnight], now=midnight) == []


def test_it_is_frozen_still_after_days_as_what_was_wrong_teaches_nothing():
    ill = [
        replace(m, causes=("feed_frozen",)) if m.started_at >= NOW - 60 * HOUR else m for m in silent_for(72)
    ]
    assert ("error", "feed_frozen") in found(0, ill)


def test_a_source_that_is_not_known_for_two_weeks_may_be_silent_for_days():
    young = [m for m in silent_for(70) if m.started_at >= NOW - timedelta(days=10)]
    assert found(0, young) == []


def thinned(share, hours=24):
    def came(at):
        return round(by_day(at) * share) if at >= NOW - hours * HOUR else by_day(at)

    return past(came=came)


def test_half_a_day_with_sixty_percent_less_is_a_drop_or_for_a_while_a_day_like_a_sunday():
    busy_sundays = [replace(m, arrived=4) if m.arrived == 2 else m for m in past()]
    thin = [
        replace(m, arrived=2) if m.arrived and m.started_at >= NOW - 8 * HOUR else m for m in busy_sundays
    ]
    assert found(2, thin) == [("warning", "volume_drop")]
    assert found(2, thinned(0.34)) == [("note", "quiet_day")]
    assert found(2, thinned(0.34, hours=72)) == [("warning", "volume_drop")]


def test_a_day_with_a_third_less_is_nobodys_trouble():
    assert found(4, thinned(0.67)) == []


def test_where_the_other_sources_are_quiet_too_it_is_a_quiet_day():
    others = {f"other{n}": (30.0, 100.0) for n in range(4)}
    assert found(2, thinned(0.34), others=others) == [("note", "quiet_day")]
    assert found(0, silent_for(5), others=others) == [("note", "quiet_day")]


def test_a_workday_like_a_sunday_is_a_holiday_unless_the_others_work():
    like_a_sunday = past(came=lambda at: 0 if at >= NOW - 5 * HOUR else by_day(at) if at.weekday() < 5 else 0)
    assert found(0, like_a_sunday) == [("note", "quiet_day")]
    working = {f"other{n}": (100.0, 100.0) for n in range(4)}
    assert found(2, thinned(0.34), others=working) == [("warning", "volume_drop")]


def test_a_holiday_is_of_a_working_day_by_the_sources_own_clock():
    zone = ZoneInfo("America/Chicago")
    abroad = replace(AP, timezone=zone.key)

    def lately(today, now):
        """Weeks with poor Saturdays, and one poor day."""

        def came(at):
            there = at.astimezone(zone)
            poor = there.weekday() == 5 or there.date() == today.date()
            return 0 if not 6 <= there.hour < 22 else 2 if poor else 6

        return [m for m in past(days=40, came=came) if m.started_at < now]

    friday, sunday = (datetime(2026, *day, 19, tzinfo=zone) for day in ((2, 27), (3, 1)))
    for today, said in ((friday, ("note", "quiet_day")), (sunday, ("warning", "volume_drop"))):
        now = today.astimezone(UTC)  # it is Saturday there, and Monday
        assert found(2, lately(today, now), source=abroad, now=now) == [said]


@pytest.mark.parametrize(
    ("holiday", "working_day"),
    [(datetime(2026, 2, 27, tzinfo=UTC), -1), (datetime(2026, 2, 23, tzinfo=UTC), 1)],
)
def test_a_holiday_beside_a_weekend_is_one_and_a_second_day_like_it_is_a_drop(holiday, working_day):
    """A Friday and the day before, a Monday and the day after; looked at for five days."""

    def told(low_days):
        def came(at):
            low = at.date() in [(holiday + timedelta(days=n)).date() for n in low_days]
            return 2 * (6 <= at.hour < 22) if low else by_day(at)

        runs, said = past(days=40, came=came), set()
        for hours in range(12, 5 * 24, 6):
            now = holiday + hours * HOUR
            said |= set(found(came(now), [m for m in runs if m.started_at < now], now=now))
        return said

    assert told([0]) == {("note", "quiet_day")}
    assert ("warning", "volume_drop") in told([0, working_day])


def test_what_was_lost_is_named_where_it_is_a_section():
    sections = (Counted(name="World", count=3), Counted(name="Sport", count=3))

    def at_work(m):
        half = m.started_at >= NOW - 24 * HOUR and m.arrived
        return (
            replace(m, arrived=m.arrived // 2, sections=sections[:1])
            if half
            else replace(m, sections=sections)
        )

    before = [at_work(m) for m in past(came=lambda at: 6)]
    assert found(3, before) == [("warning", "section_lost")]


def test_a_promise_for_a_day_is_kept_or_red():
    promising = replace(AP, expect=Expect(stories_min=80))
    assert found(6, past(), source=promising) == []
    few = past(came=lambda at: by_day(at) // 2)
    assert found(3, few, source=promising) == [("error", "volume_drop")]


def test_a_promise_for_a_day_is_not_broken_by_a_sunday():
    sunday = NOW + timedelta(days=3, hours=10)
    before = [
        replace(m, started_at=m.started_at + (sunday - NOW))
        for m in past(came=lambda at: by_day(at + (sunday - NOW)))
    ]
    promising = replace(AP, expect=Expect(stories_min=80))
    assert found(2, before, source=promising, now=sunday) == [("note", "quiet_day")]


def test_a_promise_for_a_day_is_kept_where_we_sleep_at_night_and_find_its_stories_in_the_morning():
    promising = replace(AP, expect=Expect(stories_min=60, stories_max=100))
    awake = [
        replace(m, arrived=60 if m.started_at.hour == 9 else 4)
        for m in past(days=5)
        if 9 <= m.started_at.hour < 18
    ]
    for hour in (9, 10, 13, 17):
        now = NOW.replace(hour=hour)
        before = [m for m in awake if m.started_at < now]
        assert found(60 if hour == 9 else 4, before, source=promising, now=now) == []


# Answers


@pytest.mark.parametrize(
    ("channel", "status", "cause"),
    [
        ("http_error", 403, "blocked"),
        ("http_error", 429, "blocked"),
        ("http_error", 503, "down"),
        ("robots_denied", None, "robots_closed"),
        ("gone", 404, "moved"),
        ("timeout", None, "slow"),
        ("dns_error", None, "down"),
    ],
)
def test_channels_that_fail_are_red_and_silence_is_not_told_beside_it(channel, status, cause):
    assert found(0, silent_for(8), channel=channel, status=status) == [("error", cause)]


def test_a_channel_that_names_nothing_any_more_is_empty_also_while_it_stays_so():
    empty = [
        *past()[:-3],
        *(replace(m, channels=(Asked(url=FEED, outcome="ok", named=0),)) for m in past()[-3:]),
    ]
    assert found(0, empty, channel="unchanged", status=304)[0] == ("error", "feed_empty")


MAP = "https://ap.example/news.xml"
WEEKLY = replace(AP, feeds=(), sitemaps=(MAP,))
SUNDAY = NOW + timedelta(days=3, hours=6)


def workdays(came, now=SUNDAY, named=lambda at: 30):
    """Hourly runs of four weeks of a paper whose only channel is a news sitemap, and what they brought."""
    runs = [replace(m, started_at=m.started_at + (now - NOW)) for m in past(days=28)]
    return [
        replace(
            m,
            arrived=came(m.started_at),
            stories=came(m.started_at),
            filled=(),
            channels=(Asked(url=MAP, outcome="ok", named=named(m.started_at)),),
        )
        for m in runs
    ]


def noon(at):
    return 6 if at.weekday() < 5 and at.hour == 12 else 0


def emptied(before, now=SUNDAY):
    """What is found in a run whose news sitemap lists nothing."""
    asked = Fetch(run_id="ap/now", source_id="ap", url=MAP, purpose="channel", outcome="ok",
                  http_status=200, seconds=0.3, started_at=now)  # fmt: skip
    run = Run(run_id="ap/now", source_id="ap", kind="crawl", started_at=now, ended_at=now, leads=0,
              finish_reason="finished", requests=9, responses=9, bytes=9, wirehouse_version="0")  # fmt: skip
    said = checks.of_batch(WEEKLY, run, [], [], [asked], [], before, now=now)
    return [(f.severity.value, f.cause.value) for f in said]


def test_a_news_sitemap_of_a_paper_without_weekends_may_be_empty_on_a_sunday():
    assert emptied(workdays(noon)) == [("note", "feed_empty")]


def test_a_news_sitemap_is_sick_that_names_nothing_though_stories_came_within_the_day():
    friday = SUNDAY - timedelta(days=2)
    assert emptied(workdays(noon, now=friday), now=friday) == [("error", "feed_empty")]


def test_a_news_sitemap_that_is_empty_longer_than_its_rhythm_has_pauses_is_sick():
    silent = workdays(lambda at: 0 if at > SUNDAY - timedelta(days=2) else by_day(at))
    assert emptied(silent) == [("error", "feed_empty")]


def test_pages_that_are_refused_are_a_wall():
    assert ("error", "blocked") in found(6, past(), outcome=Outcome.HTTP_ERROR, status=403)


CDN = "https://feeds.example/ap"
"""Where the feed of AP is really served, by a redirect: no host of AP."""


def served_elsewhere(status, before=(), names="https://ap.example/0"):
    """What is found in a run whose only channel led to another's host."""
    outcome = {200: "ok", 304: "unchanged"}.get(status, "http_error")
    asked = Fetch(run_id="ap/now", source_id="ap", url=CDN, purpose="channel", outcome=outcome,
                  http_status=status, seconds=0.3, started_at=NOW)  # fmt: skip
    seen = Sighting(run_id="ap/now", source_id="ap", url=names, channel=CDN, channel_kind="rss",
                    position=0, seen_at=NOW)  # fmt: skip
    run = Run(run_id="ap/now", source_id="ap", kind="crawl", started_at=NOW, ended_at=NOW, leads=0,
              finish_reason="finished", requests=9, responses=9, bytes=9, wirehouse_version="0")  # fmt: skip
    said = [seen] if status == 200 else []
    return [
        (f.severity.value, f.cause.value)
        for f in checks.of_batch(AP, run, [], [], [asked], said, before, now=NOW)
    ]


def test_a_feed_served_by_anothers_host_that_names_the_sources_stories_has_not_moved():
    assert served_elsewhere(200) == []
    assert served_elsewhere(200, names="https://new.example/0") == [("warning", "moved")]


def test_a_feed_at_anothers_host_that_served_it_is_unchanged_blocked_or_down_there():
    before = past(channels=(Asked(url=CDN, outcome="ok", named=30, arrived=0),))
    assert served_elsewhere(304, before) == []
    assert served_elsewhere(403, before) == [("error", "blocked")]
    assert served_elsewhere(503, before) == [("error", "down")]


def test_a_channel_that_leads_to_anothers_host_and_fails_there_has_moved():
    assert ("error", "moved") in served_elsewhere(403, past())


@pytest.mark.parametrize(
    ("channel", "status", "said"),
    [("ok", 200, []), ("http_error", 403, [("error", "blocked")]), ("dns_error", None, [("error", "down")])],
)
def test_what_only_some_addresses_of_a_source_are_allowed_to_be_is_said_of_stories_not_channels(
    channel, status, said
):
    picky = replace(AP, allow=("/story/",))
    assert found(0, past(), source=picky, channel=channel, status=status) == said


def test_addresses_at_home_that_the_patterns_leave_out_lead_to_no_other_host():
    (f,) = judged(40, past(), source=replace(AP, allow=("/story/",)), outcome=Outcome.OUT_OF_SCOPE)[1]
    assert (f.severity, f.cause) == (Severity.ERROR, Cause.MOVED)
    assert "`allow` and `deny`" in f.message


# Pages


def test_pages_that_hold_no_story_are_red_and_the_batch_is_held():
    (f,) = judged(6, past(), outcome=Outcome.REJECTED)[1]
    assert (f.severity, f.cause, f.holds) == (Severity.ERROR, Cause.LAYOUT_CHANGED, True)
    assert judged(6, past(), outcome=Outcome.REJECTED)[0].held


def without(empty, of, promised, before=()):
    """What is found where some of a run's stories lack a promised field."""
    source = replace(AP, expect=Expect(filled={"byline": promised}))
    return found(of, before, source=source, byline=lambda n: None if n < empty else "By Ada Pell")


def test_a_promised_field_that_a_first_run_lacks_is_no_layout_that_changed():
    assert without(12, 12, 0.9) == [("warning", "unknown")]
    assert without(12, 12, 0.9, past()) == [("warning", "layout_changed")]


def test_one_of_a_few_stories_without_a_field_breaks_a_promise_of_all_and_none_of_most():
    assert without(1, 5, 0.9) == without(2, 11, 0.75) == []
    assert without(1, 5, 1.0) == [("warning", "unknown")]
    assert without(5, 10, 0.9) == [("warning", "unknown")]


def test_fields_that_are_gone_are_another_layout():
    assert found(12, past(), byline=None, section=None) == [("warning", "layout_changed")]


def test_a_reader_that_is_not_sure_any_more_holds_the_batch():
    (f,) = judged(6, past(), extraction_confidence=0.3)[1]
    assert (f.cause, f.holds) == (Cause.LAYOUT_CHANGED, True)
    (f,) = judged(6, past(), extraction_confidence=0.6)[1]
    assert (f.severity, f.holds) == (Severity.WARNING, False)


@pytest.mark.parametrize(
    ("usual", "most"),
    [
        ({"extraction_confidence": 0.3}, 5),
        ({"outcome": Outcome.REJECTED}, 4),
        ({"date_flags": ("impossible",)}, 4),
        ({"content_hash": "h"}, 4),
    ],
)
def test_what_was_released_is_usual_and_soon_held_no_longer(usual, most):
    runs, held = past(14), []
    for hour in range(24):
        now = NOW + hour * HOUR
        measures, findings = judged(6, runs, now=now, **usual)
        held.append(any(f.holds for f in findings))
        runs.append(replace(measures, run_id=f"ap/+{hour}", held=False, released=held[-1]))
    assert held[0]
    assert sum(held) <= most


def test_a_release_long_ago_lets_nothing_else_pass():
    since = [*past(2)[:5], *(replace(m, released=n == 0) for n, m in enumerate(past(2)[5:]))]
    assert judged(6, since, outcome=Outcome.REJECTED)[0].held
    assert judged(6, since, extraction_confidence=0.3)[0].held


def test_short_stories_behind_a_wall_are_a_paywall_and_nothing_else():
    said = found(12, past(), word_count=60, is_accessible_for_free=False, byline=None, section=None)
    assert said == [("warning", "paywall")] * len(said) != []


def test_dates_that_cannot_be_hold_the_batch():
    (f,) = judged(6, past(), date_flags=("impossible",))[1]
    assert (f.severity, f.cause, f.holds) == (Severity.ERROR, Cause.DATES_WRONG, True)


def test_the_same_text_under_other_addresses_is_a_storm_of_duplicates():
    assert found(8, past(), content_hash=lambda n: f"h{n // 2}") == [("warning", "duplicates")]


@pytest.mark.parametrize("before", [[], past()], ids=["a new source", "an old one"])
def test_bodies_all_alike_are_no_stories(before):
    (f,) = judged(6, before, content_hash="h")[1]
    assert (f.cause, f.holds) == (Cause.LAYOUT_CHANGED, True)


def test_a_replayed_archive_is_not_held_against_what_is_usual():
    assert found(2, thinned(0.1), kind="replay", extraction_confidence=0.2) == []


# The clock


def late(**last):
    source = replace(AP, expect=Expect(fresh=timedelta(hours=6)))
    return [(f.severity.value, f.cause.value) for f in overdue([source], {"ap": Last(**last)}, NOW)]


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ({"run_at": NOW - HOUR, "brought_at": NOW - 5 * HOUR}, []),
        ({"run_at": NOW - HOUR, "brought_at": NOW - 7 * HOUR}, [("error", "feed_frozen")]),
        ({"run_at": NOW - 2.5 * HOUR, "brought_at": NOW - 3 * HOUR}, []),
        ({"run_at": NOW - 3 * HOUR, "brought_at": NOW - 9 * HOUR}, [("warning", "not_running")]),
        ({"enabled_at": NOW - HOUR}, []),
        ({"enabled_at": NOW - 3 * HOUR}, [("warning", "not_running")]),
        ({"enabled_at": NOW - HOUR, "run_at": NOW - timedelta(days=9)}, []),
        ({}, []),
    ],
)
def test_who_is_not_crawled_or_not_fresh_is_late(last, said):
    assert late(**last) == said


# What is learned


def test_a_rhythm_is_of_its_hour_and_day():
    flow = rhythm.learned(past(), judged(6, past())[0], "UTC")
    assert flow.is_learned
    assert flow.window(24 * HOUR).expected == pytest.approx(96, rel=0.05)
    assert flow.window(24 * HOUR).on_weekends == pytest.approx(32, rel=0.1)


def test_what_piled_up_while_nobody_asked_teaches_nothing():
    runs = [m for m in past() if not NOW - 50 * HOUR < m.started_at < NOW - 30 * HOUR]
    runs = [replace(m, arrived=90) if m.started_at == NOW - 30 * HOUR else m for m in runs]
    flow = rhythm.learned(runs, judged(6, past())[0], "UTC")
    assert flow.window(6 * HOUR).expected == pytest.approx(36, rel=0.1)

"""What is told, when, and how often, while troubles come, grow, last and go?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipelines.alerts import plan, words
from pipelines.alerts.plan import Event, Memory, Trouble
from pipelines.ledger import Severity

START = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def trouble(source: str, cause: str = "blocked", severity: Severity = Severity.ERROR) -> Trouble:
    return Trouble(
        source_id=source,
        cause=cause,
        severity=severity,
        since=START,
        message="9 of 10 answers are 403",
        next_step="open it in a browser",
    )


class Watch:
    """Looks at troubles as time goes by, and hears all that is told."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.now = START
        self.muted = plan.nobody

    def look(self, *troubles: Trouble, after: timedelta = timedelta(0)) -> list[str]:
        self.now += after
        self.memory = plan.settled(self.memory, troubles, self.now, self.muted)
        messages = plan.due(self.memory, troubles, self.now, self.muted)
        for message in messages:
            self.memory = plan.after(self.memory, message, self.now, "mail")
        return [words.subject(message).removeprefix("[wirehouse] ") for message in messages]


def test_thirty_sources_blocked_at_once_are_one_message():
    assert Watch().look(*(trouble(f"s{n}") for n in range(30))) == ["ERROR blocked: 30 sources"]


def test_two_causes_are_two_messages():
    both = [trouble("acme"), trouble("acme", "feed_frozen")]
    assert Watch().look(*both) == ["ERROR blocked: acme", "ERROR feed_frozen: acme"]


def test_what_was_told_is_not_told_again_at_the_next_looks():
    watch = Watch()
    watch.look(trouble("acme"))
    assert [watch.look(trouble("acme"), after=15 * MINUTE) for _ in range(20)] == [[]] * 20


def test_it_is_told_again_once_a_day_while_it_lasts():
    watch = Watch()
    said = [line for _ in range(3 * 96 + 1) for line in watch.look(trouble("acme"), after=15 * MINUTE)]
    assert said == ["ERROR blocked: acme", *["still: ERROR blocked: acme"] * 3]


def test_a_wave_of_sources_is_told_at_its_begin_and_once_more_as_a_whole():
    watch = Watch()
    wave = [trouble(f"s{n}") for n in range(30)]
    said = [watch.look(*wave[: n + 1], after=timedelta(seconds=20)) for n in range(30)]
    said.append(watch.look(*wave, after=10 * MINUTE))
    assert [line for lines in said for line in lines] == [
        "ERROR blocked: s0",
        "worse: ERROR blocked: 30 sources",
    ]


def test_a_warning_that_becomes_an_error_is_told_at_once():
    watch = Watch()
    assert watch.look(trouble("acme", severity=Severity.WARNING)) == ["WARNING blocked: acme"]
    assert watch.look(trouble("acme"), after=MINUTE) == ["worse: ERROR blocked: acme"]


def test_an_error_that_becomes_a_warning_is_not_news():
    watch = Watch()
    watch.look(trouble("acme"))
    assert watch.look(trouble("acme", severity=Severity.WARNING), after=2 * HOUR) == []


def test_warnings_are_told_together_at_most_once_an_hour():
    watch = Watch()
    frozen, slow, lost = (
        trouble("acme", c, Severity.WARNING) for c in ("feed_frozen", "slow", "section_lost")
    )
    assert watch.look(frozen) == ["WARNING feed_frozen: acme"]
    assert watch.look(frozen, slow, after=20 * MINUTE) == []
    assert watch.look(frozen, slow, lost, after=20 * MINUTE) == []
    assert watch.look(frozen, slow, lost, after=20 * MINUTE) == [
        "2 warnings: slow (acme), section_lost (acme)"
    ]


def test_an_error_does_not_wait_for_the_warnings_hour():
    watch = Watch()
    slow = trouble("acme", "slow", Severity.WARNING)
    watch.look(slow)
    assert watch.look(slow, trouble("acme"), after=MINUTE) == ["ERROR blocked: acme"]


def test_notes_are_never_told():
    note = trouble("acme", "quiet_day", Severity.NOTE)
    watch = Watch()
    assert watch.look(note) == watch.look(note, after=2 * DAY) == watch.look(after=DAY) == []


def test_that_it_is_over_is_told_once_it_stays_away():
    watch = Watch()
    watch.look(trouble("acme"), trouble("other"))
    assert watch.look(trouble("other"), after=HOUR) == []
    assert watch.look(after=HOUR) == []
    assert watch.look(after=HOUR) == ["over: blocked: 2 sources"]
    assert watch.look(after=HOUR) == []


def test_one_that_comes_and_goes_with_every_crawl_is_told_once():
    watch = Watch()
    said = [watch.look(*([trouble("acme")] if n % 2 == 0 else []), after=15 * MINUTE) for n in range(40)]
    assert [line for lines in said for line in lines] == ["ERROR blocked: acme"]


def test_a_source_that_was_well_for_long_and_falls_ill_again_is_news_though_others_never_recovered():
    watch = Watch()
    watch.look(trouble("acme"), trouble("other"))
    watch.look(trouble("other"), after=MINUTE)
    watch.look(trouble("other"), after=2 * HOUR)
    assert watch.look(trouble("acme"), trouble("other"), after=MINUTE) == ["worse: ERROR blocked: 2 sources"]


def test_what_is_muted_is_not_told_and_what_is_still_there_afterwards_is():
    watch = Watch()
    watch.muted = lambda cause, source: source == "acme"
    assert watch.look(trouble("acme"), trouble("other")) == ["ERROR blocked: other"]
    watch.muted = plan.nobody
    assert watch.look(trouble("acme"), trouble("other"), after=HOUR) == ["worse: ERROR blocked: 2 sources"]


def test_a_mute_is_no_end_of_a_trouble():
    watch = Watch()
    watch.look(trouble("acme"))
    watch.muted = lambda cause, source: cause == "blocked"
    assert watch.look(trouble("acme"), after=HOUR) == watch.look(trouble("acme"), after=HOUR) == []
    watch.muted = plan.nobody
    assert watch.look(trouble("acme"), after=HOUR) == []
    assert watch.look(after=HOUR) + watch.look(after=HOUR) == ["over: blocked: acme"]


def test_a_digest_of_many_causes_spells_out_two_sources_of_each():
    causes = ("slow", "moved", "paywall", "feed_frozen", "duplicates", "section_lost")
    rows = [trouble(f"s{n}", cause, Severity.WARNING) for cause in causes for n in range(50)]
    [message] = plan.due(Memory(), rows, START)
    text = words.text(message, START)
    assert text.count("9 of 10 answers") == 2 * len(causes)
    assert text.count("s49") == len(causes)
    assert len(text) < 10_000


def test_what_is_wrong_with_all_of_it_has_no_source():
    assert Watch().look(trouble(plan.OF_ALL, "ours")) == ["ERROR ours: the whole installation"]


looks = st.lists(
    st.tuples(
        st.sets(
            st.tuples(st.sampled_from("abc"), st.sampled_from(["blocked", "slow"]), st.sampled_from(Severity))
        ),
        st.integers(1, 90),
    ),
    max_size=40,
)


@given(looks)
def test_whatever_happens_begins_and_ends_take_turns_and_nothing_is_told_five_times_in_half_an_hour(history):
    watch = Watch()
    told: list[tuple[datetime, str, Event]] = []
    digests: list[datetime] = []
    for rows, minutes in history:
        watch.now += minutes * MINUTE
        troubles = [trouble(s, c, v) for (s, c), v in {(s, c): v for s, c, v in sorted(rows)}.items()]
        watch.memory = plan.settled(watch.memory, troubles, watch.now)
        for message in plan.due(watch.memory, troubles, watch.now):
            watch.memory = plan.after(watch.memory, message, watch.now, "mail")
            if message.severity is not Severity.ERROR:
                digests.append(watch.now)
            told += [(watch.now, item.cause, item.event) for item in message.items]
    assert all(b - a >= HOUR for a, b in pairwise(digests))
    for cause in ("blocked", "slow"):
        events = [event for _, c, event in told if c == cause]
        for before, event in zip([Event.OVER, *events], events, strict=False):
            assert (event is Event.BEGINS) == (before is Event.OVER)  # begins and ends take turns
        times = [at for at, c, _ in told if c == cause]
        assert all(b - a >= HOUR / 2 for a, b in zip(times, times[4:], strict=False))

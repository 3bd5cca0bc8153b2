"""Is a page's rel=canonical believed where it can be meant, and survived where it cannot?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.page.own_address import own_address

PAGE = "https://www.wire.example/world/2026/03/rain-in-leeds-4711234"


@pytest.mark.parametrize(
    ("page", "stated", "own"),
    [
        (PAGE, PAGE, PAGE),
        (PAGE, "/world/2026/03/rain-in-leeds-4711234?utm_source=x", PAGE),
        (PAGE, "https://wire.example/world/2026/03/rain-in-leeds-4711234", PAGE.replace("www.", "")),
        (PAGE + "/amp", PAGE, PAGE),
        (PAGE.replace("www.", "amp."), PAGE, PAGE),
        (PAGE, "/a/4711234", "https://www.wire.example/a/4711234"),
        (PAGE, "/weather/heavy-rain-in-leeds", "https://www.wire.example/weather/heavy-rain-in-leeds"),
        ("https://wire.example/?p=17", "/2026/rain-in-leeds", "https://wire.example/2026/rain-in-leeds"),
        ("https://wire.example/story.php?id=48151", "/rain-48151", "https://wire.example/rain-48151"),
        (
            "https://feeds.wire.example/~r/world/~3/x7Fq/",
            "https://www.wire.example/rain-in-leeds",
            "https://www.wire.example/rain-in-leeds",
        ),
        ("https://wire.example/4711234", "/world/rain-in-leeds", "https://wire.example/world/rain-in-leeds"),
        ("https://wire.example/rain?a=1", "/rain", "https://wire.example/rain"),
    ],
)
def test_is_believed(page, stated, own):
    assert own_address(page, [stated]) == own


@pytest.mark.parametrize(
    "stated",
    [
        "https://www.wire.example/",
        "https://www.wire.example",
        "https://www.wire.example/?utm_source=x",
        "/",
        "",
        "/index.html",
        "/home",
        "/en/",
        "/news",
        "/world",
        "/world/",
        "/world/2026/03",
        "/404",
        "/error/not-found",
        "/login?next=rain-in-leeds-4711234",
        "/world/2026/03/wind-in-york-4711235",
        "/world/2026/03/rain-in-leeds-4711299",
        "/live/all-the-latest-news-today",
        "https://elsewhere.example/world/2026/03/rain-in-leeds-4711234",
        "https://staging.wire.test/world/2026/03/rain-in-leeds-4711234",
        "http://localhost:3000/world/2026/03/rain-in-leeds-4711234",
        "javascript:void(0)",
        "http://",
        "http://[::1",
        "{{ canonical }}",
        "https://www.wire.example/{{ slug }}",
    ],
)
def test_is_not_believed(stated):
    assert own_address(PAGE, [stated]) is None


def test_of_several_only_our_own_is_believed():
    other = "/world/2026/03/heavy-rain-in-leeds"
    assert own_address(PAGE, [other, PAGE]) == PAGE
    assert own_address(PAGE, [other, "/a/4711234"]) is None
    assert own_address(PAGE, [PAGE, PAGE + "?utm_source=x"]) == PAGE


def test_without_any_there_is_none():
    assert own_address(PAGE, []) is None


def test_a_query_that_chooses_the_page_is_not_given_up():
    assert own_address("https://wire.example/story?id=7", ["/story"]) is None
    assert own_address("https://wire.example/rain?id=7", ["/rain"]) is None
    assert own_address("https://wire.example/story?7", ["/story"]) is None
    assert own_address("https://wire.example/story?id=48151", ["/story?id=48152"]) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_crashes_it(path, stated):
    own = own_address("https://wire.example/" + path, [stated])
    assert own is None or own.startswith("http")

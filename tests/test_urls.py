"""Which URLs are the same page, and which are a source's own?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.records import Source
from pipelines.urls import absolute, canonical, in_scope

SOURCE = Source(
    name="wire",
    title="Wire",
    home="https://www.wire.example/",
    feeds=("https://feeds.wire-cdn.example/rss",),
    deny=("/video/",),
)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://Wire.Example/Rain", "https://wire.example/Rain"),
        ("https://wire.example:443/rain#top", "https://wire.example/rain"),
        ("https://wire.example/rain?utm_source=rss&utm_medium=x", "https://wire.example/rain"),
        ("https://wire.example/story?id=7&fbclid=abc", "https://wire.example/story?id=7"),
        ("https://user:secret@wire.example/rain", "https://wire.example/rain"),
        ("https://wire.example", "https://wire.example/"),
        ("http://127.0.0.1:8701/rain", "http://127.0.0.1:8701/rain"),
        ("https://zürich.example/regen", "https://xn--zrich-kva.example/regen"),
    ],
)
def test_one_page_has_one_key(url, key):
    assert canonical(url) == key


@given(st.text(max_size=80))
def test_no_text_crashes_it_and_a_key_is_its_own_key(text):
    key = canonical("https://wire.example/" + text)
    assert canonical(key) == key


@pytest.mark.parametrize(
    "link",
    [
        "javascript:x()",
        "mailto:a@b.example",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
    ],
)
def test_what_is_no_web_address_is_left_out(link):
    assert absolute(link, "https://wire.example/") is None


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://wire.example/rain", True),
        ("https://www.wire.example/rain", True),
        ("https://sport.wire.example/rain", True),
        ("https://feeds.wire-cdn.example/rain", True),
        ("https://wire.example.evil.test/rain", False),
        ("https://notwire.example/rain", False),
        ("https://wire.example/video/rain", False),
    ],
)
def test_scope_is_hosts_and_patterns(url, ours):
    assert in_scope(url, SOURCE) is ours

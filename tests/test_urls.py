"""Which URLs are the same page, and which are a source's own?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import urls
from pipelines.records import Source
from pipelines.urls import absolute, address, canonical, in_scope

SOURCE = Source(
    name="wire",
    title="Wire",
    home="https://www.wire.example/",
    feeds=("https://feeds.wire-cdn.example/rss",),
    deny=("/video/",),
)


SAME = """
tracking      https://wire.example/rain?utm_source=rss&utm_medium=x  https://wire.example/rain
tracking      https://wire.example/story?id=7&fbclid=IwAR0            https://wire.example/story?id=7
tracking      https://wire.example/rain?gclid=a&dclid=b&msclkid=c     https://wire.example/rain
tracking      https://wire.example/rain?mc_cid=1&mc_eid=2             https://wire.example/rain
tracking      https://wire.example/rain?at_medium=RSS&at_campaign=KARANGA  https://wire.example/rain
tracking      https://wire.example/rain?CMP=share_btn_tw              https://wire.example/rain
tracking      https://wire.example/rain?smid=tw-share&_r=0&id=4       https://wire.example/rain?_r=0&id=4
tracking      https://wire.example/rain?xtor=RSS-3208                 https://wire.example/rain
tracking      https://wire.example/rain?wt_mc=rss.ho.beitrag.atom     https://wire.example/rain
tracking      https://wire.example/rain?ref=rss                       https://wire.example/rain
tracking      https://wire.example/rain?source=rss                    https://wire.example/rain
tracking      https://wire.example/rain?cid=twitter_wire              https://wire.example/rain
tracking      https://wire.example/rain?guccounter=1&guce_referrer=a  https://wire.example/rain
tracking      https://wire.example/rain?a=1&amp;utm_source=x          https://wire.example/rain?a=1
tracking      https://wire.example/rain?UTM_Source=x                  https://wire.example/rain
tracking      https://wire.example/rain?ncid=txtlnk&id=3              https://wire.example/rain?id=3
tracking      https://wire.example/rain?srnd=premium                  https://wire.example/rain
tracking      https://wire.example/rain?%75tm_source=x                https://wire.example/rain
session       https://wire.example/rain;jsessionid=0A1B2C?id=4        https://wire.example/rain?id=4
session       https://wire.example/rain?PHPSESSID=8f14e45f&id=4       https://wire.example/rain?id=4
session       https://wire.example/rain?sid=8f14e45fceea167a5a36dedd4bea2543  https://wire.example/rain
amp           https://wire.example/rain/amp                           https://wire.example/rain
amp           https://wire.example/world/rain/amp/                    https://wire.example/world/rain
amp           https://wire.example/amp/world/rain-7                   https://wire.example/world/rain-7
amp           https://wire.example/news/amp/world-123                 https://wire.example/news/world-123
amp           https://wire.example/rain?amp                           https://wire.example/rain
amp           https://wire.example/rain?amp=1                         https://wire.example/rain
amp           https://wire.example/rain?outputType=amp                https://wire.example/rain
amp           https://wire.example/rain.amp.html                      https://wire.example/rain.html
amp           https://wire.example/rain.amp                           https://wire.example/rain
amp           https://amp.wire.example/rain                           https://wire.example/rain
amp           https://amp.wire.example/rain/amp?amp=1                 https://www.wire.example/rain
amp           https://www-wire-example.cdn.ampproject.org/c/s/www.wire.example/rain/amp  https://www.wire.example/rain
amp           https://wire-example.cdn.ampproject.org/v/s/wire.example/rain?amp_js_v=0.1&usqp=m  https://wire.example/rain
amp           https://www.google.com/amp/s/www.wire.example/rain      https://www.wire.example/rain
amp           https://www.google.co.uk/amp/s/amp.wire.example/rain    https://www.wire.example/rain
mobile        https://m.wire.example/rain                             https://www.wire.example/rain
mobile        https://mobile.wire.example/rain                        https://wire.example/rain
mobile        https://touch.wire.example/rain                         https://wire.example/rain
mobile        https://en.m.wire.example/rain                          https://en.wire.example/rain
mobile        https://m.wire.co.uk/rain                               https://www.wire.co.uk/rain
mobile        https://wire.example/2026/03/rain.html?m=1              https://wire.example/2026/03/rain.html
mobile        https://wire.example/m/world/rain-7                     https://wire.example/world/rain-7
mobile        https://wire.example/rain?view=mobile                   https://wire.example/rain
print         https://wire.example/rain/print                         https://wire.example/rain
print         https://wire.example/rain/print/                        https://wire.example/rain/
print         https://wire.example/rain?print=1                       https://wire.example/rain
print         https://wire.example/rain?view=print                    https://wire.example/rain
print         https://wire.example/rain?id=4&printable=true           https://wire.example/rain?id=4
print         https://wire.example/rain.print.html                    https://wire.example/rain.html
print         https://wire.example/rain?pagewanted=all                https://wire.example/rain
slash         https://wire.example/rain/                              https://wire.example/rain
slash         https://wire.example//world//rain                       https://wire.example/world/rain
slash         https://wire.example                                    https://wire.example/
slash         https://wire.example/rain/?id=4                         https://wire.example/rain?id=4
slash         https://wire.example?id=4                               https://wire.example/?id=4
case          HTTPS://Wire.Example/rain                               https://wire.example/rain
case          https://wire.example/caf%c3%a9                          https://wire.example/caf%C3%A9
encoding      https://wire.example/café                               https://wire.example/caf%C3%A9
encoding      https://wire.example/%7Erain/%61                        https://wire.example/~rain/a
encoding      https://wire.example/rain%2Dand%2Dwind                  https://wire.example/rain-and-wind
encoding      https://wire.example/s?q=a+b                            https://wire.example/s?q=a%20b
encoding      https://wire.example/дождь                              https://wire.example/%D0%B4%D0%BE%D0%B6%D0%B4%D1%8C
idn           https://zürich.example/regen                            https://xn--zrich-kva.example/regen
idn           https://ZÜRICH.example/regen                            https://xn--zrich-kva.example/regen
fragment      https://wire.example/rain#top                           https://wire.example/rain
fragment      https://wire.example/rain#Echobox=1700000000            https://wire.example/rain
fragment      https://wire.example/rain?id=4#comments                 https://wire.example/rain?id=4
fragment      https://wire.example/rain#                              https://wire.example/rain
port          https://wire.example:443/rain                           https://wire.example/rain
port          http://wire.example:80/rain                             http://wire.example/rain
port          http://wire.example:/rain                               http://wire.example/rain
host          https://www.wire.example/rain                           https://wire.example/rain
host          https://wire.example./rain                              https://wire.example/rain
host          https://user:secret@wire.example/rain                   https://wire.example/rain
scheme        http://wire.example/rain                                https://wire.example/rain
index         https://wire.example/rain/index.html                    https://wire.example/rain/
index         https://wire.example/rain/index.php?id=4                https://wire.example/rain/?id=4
index         https://wire.example/Default.aspx                       https://wire.example/
query         https://wire.example/s?b=2&a=1                          https://wire.example/s?a=1&b=2
query         https://wire.example/rain?                              https://wire.example/rain
query         https://wire.example/rain?&&a=1&                        https://wire.example/rain?a=1
query         https://wire.example/rain?page=1                        https://wire.example/rain
dots          https://wire.example/world/../rain                      https://wire.example/rain
dots          https://wire.example/./rain                             https://wire.example/rain
ip            http://[0:0::1]:8701/rain                               http://[::1]:8701/rain
""".strip().splitlines()

DIFFERENT = """
path          https://wire.example/rain             https://wire.example/wind
case          https://wire.example/Rain             https://wire.example/rain
case          https://wire.example/s?q=A            https://wire.example/s?q=a
query         https://wire.example/story?id=7       https://wire.example/story?id=8
query         https://wire.example/story?12345      https://wire.example/story?12346
query         https://wire.example/story?cid=4      https://wire.example/story?cid=5
query         https://wire.example/story?eid=17     https://wire.example/story?eid=18
query         https://wire.example/s?source=reuters https://wire.example/s?source=dpa
query         https://wire.example/?p=1             https://wire.example/?p=2
query         https://wire.example/?p=1             https://wire.example/
query         https://wire.example/g?gallery=2      https://wire.example/g?gallery=3
query         https://wire.example/rain?page=2      https://wire.example/rain
query         https://wire.example/rain?lang=de     https://wire.example/rain?lang=fr
query         https://wire.example/s?q=%26a         https://wire.example/s?q=&a
query         https://wire.example/s?a=1&a=2        https://wire.example/s?a=1
query         https://wire.example/s?s=rain         https://wire.example/s?s=wind
query         https://wire.example/s?view=photos    https://wire.example/s?view=text
query         https://wire.example/a?keyword=rain   https://wire.example/a?keyword=wind
query         https://wire.example/a?session=morning  https://wire.example/a?session=evening
host          https://sport.wire.example/rain       https://wire.example/rain
host          https://de.wire.example/rain          https://fr.wire.example/rain
host          https://m.example/rain                https://example/rain
host          https://m.co.uk/rain                  https://co.uk/rain
host          https://www.example/rain              https://example/rain
host          https://wire.example/rain             https://wire.test/rain
port          https://wire.example:8443/rain        https://wire.example/rain
scheme        http://127.0.0.1/rain                 https://127.0.0.1/rain
scheme        http://wire.example:8080/rain         https://wire.example:8080/rain
amp           https://wire.example/topic/amp        https://wire.example/topic
amp           https://wire.example/amplifier        https://wire.example/lifier
amp           https://wire.example/guitar-amp       https://wire.example/guitar
amp           https://wire.example/s?amp=fender     https://wire.example/s
amp           https://wire.example/amp              https://wire.example/
print         https://wire.example/tags/print       https://wire.example/tags
print         https://wire.example/print            https://wire.example/
print         https://wire.example/blueprint        https://wire.example/blue
mobile        https://wire.example/mobile/reviews   https://wire.example/reviews
mobile        https://wire.example/m/home           https://wire.example/home
index         https://wire.example/index-of-rain.html  https://wire.example/
index         https://wire.example/rain.html        https://wire.example/rain
encoding      https://wire.example/a%2Fb            https://wire.example/a/b
encoding      https://wire.example/a%3Fb            https://wire.example/a?b
encoding      https://wire.example/100%25           https://wire.example/100
encoding      https://wire.example/a+b              https://wire.example/a%20b
fragment      https://wire.example/#!/rain          https://wire.example/#!/wind
fragment      https://wire.example/#/rain           https://wire.example/
idn           https://zürich.example/               https://zurich.example/
session       https://wire.example/rain;v=1         https://wire.example/rain;v=2
""".strip().splitlines()


@pytest.mark.parametrize("pair", SAME)
def test_one_page_has_one_key(pair):
    _, first, second = pair.split()
    assert canonical(first) == canonical(second)


@pytest.mark.parametrize("pair", DIFFERENT)
def test_two_pages_have_two_keys(pair):
    _, first, second = pair.split()
    assert canonical(first) != canonical(second)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.Wire.Example/Rain/?b&a=1", "https://wire.example/Rain?a=1&b"),
        ("http://127.0.0.1:8701/rain/", "http://127.0.0.1:8701/rain"),
        ("http://localhost/rain", "http://localhost/rain"),
        ("not a url", "not a url"),
        ("http://[::1", "http://[::1"),
        ("ftp://wire.example/rain", "ftp://wire.example/rain"),
    ],
)
def test_a_key_is_written_as_an_address(url, key):
    assert canonical(url) == key


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("http://www.wire.example:80/rain/amp/?utm_source=x#top", "http://www.wire.example/rain/amp/"),
        ("https://m.wire.example/story?12345", "https://m.wire.example/story?12345"),
        ("https://wire.example/rain;jsessionid=4?id=4", "https://wire.example/rain?id=4"),
    ],
)
def test_a_cleaned_address_still_leads_to_the_page_that_was_asked_for(url, cleaned):
    assert address(url) == cleaned


hosts = st.sampled_from(
    [
        "wire.example",
        "www.m.wire.example",
        "amp.wire.example",
        "127.0.0.1:80",
        "[::1]",
        "ü.x.de",
        "x.cdn.ampproject.org/c/s/wire.example",
    ]
)


@given(st.text(max_size=80))
def test_no_text_crashes_it(text):
    assert isinstance(canonical(text), str)
    assert isinstance(address(text), str)


@given(hosts, st.text(max_size=80))
def test_a_key_is_its_own_key(host, text):
    key = canonical(f"https://{host}/{text}")
    assert canonical(key) == key


words = st.sampled_from(
    "amp print m mobile rain-7 index.html rain.amp.html topic 2026 .. . %2e a;b ;sid=4 ?amp ?m=1 &page=1 ?x=http://a/amp/".split()
)


@given(hosts, st.lists(words, max_size=7))
def test_a_key_of_views_within_views_is_its_own_key(host, words):
    url = f"https://{host}/{'/'.join(words)}"
    assert canonical(canonical(url)) == canonical(url)
    assert canonical(address(url)) == canonical(url)


@given(hosts, st.text(max_size=80))
def test_a_cleaned_address_has_the_same_key(host, text):
    url = f"https://{host}/{text}"
    assert canonical(address(url)) == canonical(url)
    assert address(address(url)) == address(url)


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


@pytest.mark.parametrize("view", ["/m", "/amp", "/print", "/index.html", ".amp"])
def test_hundreds_of_views_within_views_cost_no_more_than_a_few(view, monkeypatch):
    """Undone one by one, each would cost a whole reading of the address."""
    read = []

    def counted(url, once=urls._canonical):
        read.append(url)
        return once(url)

    monkeypatch.setattr(urls, "_canonical", counted)
    canonical(f"https://wire.example{view * 200}/rain-1{view * 200}")
    assert len(read) <= 20

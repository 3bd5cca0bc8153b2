"""Which links of a page lead to stories? Real forms of addresses, invented words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import channels
from pipelines.channels.links import LEAST, Link, points, shape
from pipelines.records import Source

BASE = "https://wire.example"
SOURCE = Source(name="wire", title="Wire", home=f"{BASE}/", feeds=(f"{BASE}/rss",))

STORIES = """
/2026/03/05/world/rain-stops-play.html
/2026/03/05/politics/harbour-vote-delayed/index.html
/world/2026/mar/05/rain-stops-play-in-leeds
/news/2026/3/5/harbour-vote-is-delayed-again
/20260305/regen-haelt-an-1234567.html
/news/html/20260305/k10014738291000.html
/view/AKR20260305001200001
/news/articles/c4g8ye2wlzno
/article/rain-stops-play-0a1b2c3d4e5f60718293a4b5c6d7e8f9
/inland/regen-stoppt-spiel-100.html
/politik/deutschland/regen-stoppt-das-spiel-a-0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0
/en/rain-stops-play/a-71234567
/international/article/2026/03/05/la-pluie-arrete-le-jeu_6543210_3210.html
/internacional/2026-03-05/la-lluvia-para-el-juego.html
/esportes/noticia/2026/03/05/chuva-para-o-jogo.ghtml
/sito/notizie/mondo/2026/03/05/la-pioggia-ferma-il-gioco_0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0.html
/norge/i/aB3xK9/regnet-stopper-kampen
/nyheter/inrikes/regnet-stoppar-matchen-i-leeds
/kotimaa/art-2000010123456.html
/news/national/rain-stops-play-in-leeds/article69012345.ece
/sport/rain-stops-play-in-leeds-on-day-two-3421987
/world/europe/rain-stops-play-2026-03-05/
/story/rain-stops-play-in-leeds/417
/nachrichten/regen-stoppt-das-spiel,417.php
/actu/la-pluie-arrete-le-jeu-417/
/news/view.php?no=2026030512345
/articulos/la-lluvia-para-el-juego-en-leeds
/artikel/regen-legt-spel-in-leeds-stil~b4f3a2c1/
/%EB%B9%84%EA%B0%80-%EA%B2%BD%EA%B8%B0%EB%A5%BC-%EB%A9%88%EC%B6%94%EB%8B%A4-12345
/opinion/columnists/why-the-rain-will-not-stop
/local/harbour-light-stays-lit-after-vote/article_0b1c2d3e-4f50-11ee-8394-a5b6c7d8e9f0.html
/a/harbour-light-stays-lit/8123456.html
/2026/03/rain-stops-play-in-leeds/
/archive/63076
/front/archives/2026/03/05/2003825372
/kjendis/david-eriksen-dukket-opp-da-det-regnet/s/5-95-2070077
/regional/nordseekueste/leuchtfeuer-bleibt-an,leuchtfeuer102.html
"""

OTHERS = """
/
/world
/world/europe
/politics/
/index.html
/sport/cricket/fixtures
/topics/climate-change-and-energy
/tag/harbour-and-shipping-news
/thema/leuchtturm-und-hafen-boerde
/author/mara-fairholt-and-others
/autor/jonas-van-der-brandt
/by/mara-fairholt
/about-us/how-we-work
/about
/contact
/privacy-policy
/terms-of-service
/login?next=/world
/subscribe/all-digital-access-offers
/newsletters/morning-briefing-for-readers
/newsletter-signup
/jobs
/job/mechaniker-und-betriebsmittelbauer-m-w-d.186192
/search?q=rain
/world?page=2
/video/rain-stops-play-in-leeds
/podcasts/the-harbour-hour-with-friends
/rss.xml
/img/harbour.jpg
/files/annual-report-of-the-harbour-2026.pdf
/weather/leeds
/live-tv
/en
/de/
/shop/harbour-tea-towel-set-of-three
"""


def link(path, text="Rain stops the play again in Leeds", **more):
    return Link(url=BASE + path, text=text, in_heading=True, **more)


@pytest.mark.parametrize("path", STORIES.split())
def test_a_headline_over_a_storys_address_is_a_story(path):
    assert points(link(path)) >= LEAST


@pytest.mark.parametrize("path", OTHERS.split())
def test_other_pages_are_none_even_under_a_long_title(path):
    assert points(link(path, "A long and winding title of this page")) < LEAST


@pytest.mark.parametrize(
    "path", ["/services/ways-to-watch", "/company/who-we-are-today", "/news/our-standards"]
)
def test_in_the_navigation_words_do_not_make_a_story(path):
    in_footer = Link(url=BASE + path, text="Who we are today", in_navigation=True)
    assert points(in_footer) < LEAST


def test_addresses_of_one_kind_have_one_shape():
    one, other, third = (BASE + p for p in ("/2026/03/05/a-b-c-1.html", "/2025/12/31/d-e-22.html", "/world"))
    assert shape(one) == shape(other) != shape(third)


PAGE = """<!doctype html><html><head><title>Wire</title>
<link rel="alternate" type="application/rss+xml" title="Wire" href="/rss">
<link rel="alternate" type="application/atom+xml" title="Wire" href="//wire.example/atom">
<link rel="alternate" type="application/rss+xml" title="Wire: Comments" href="/comments/feed/">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/7">
<link rel="next" href="/world?page=2"></head>
<body class="menu-open"><header><a href="/">Wire</a><nav><a href="/world">World</a><a href="/sport">Sport</a></nav></header>
<main><article><a href="/world/harbour-vote-delayed-again-4711"><img src="/x.jpg"></a>
<header><h2><a href="/world/harbour-vote-delayed-again-4711?utm_source=front#top">Harbour vote delayed again</a></h2></header>
<a rel="author" href="/people/mara-fairholt">Mara Fairholt</a> <a href="/world/harbour-vote-delayed-again-4711#comments">12</a></article>
<ul><li><a href="https://wire.example/sport/rain-stops-play-in-leeds-4712">Rain stops play in Leeds on day two</a></li>
<li><a href="https://elsewhere.example/sport/rain-stops-play-in-leeds-4712">Rain stops play in Leeds on day two</a></li>
<li><a href="/world/light-stays-lit-4713"><h3>Light stays lit</h3><p>It was a close vote in the council.</p></a></li></ul>
</main><footer><a href="/info/all-about-our-harbour-desk">All about our harbour desk</a></footer></body></html>"""


def read(page, source=SOURCE, url=f"{BASE}/world"):
    return channels.read(page.encode(), url=url, content_type="text/html", page_of=source)


def test_a_section_page_gives_its_stories_in_order_each_once():
    said = read(PAGE)
    assert said.kind == "section"
    assert [(lead.url, lead.position, lead.title) for lead in said.leads] == [
        (f"{BASE}/world/harbour-vote-delayed-again-4711", 0, "Harbour vote delayed again"),
        (f"{BASE}/sport/rain-stops-play-in-leeds-4712", 1, "Rain stops play in Leeds on day two"),
        (f"{BASE}/world/light-stays-lit-4713", 2, "Light stays lit"),
    ]
    assert {(lead.channel, lead.channel_kind) for lead in said.leads} == {(f"{BASE}/world", "section")}


def test_it_names_its_feeds_but_not_those_of_its_comments_and_the_page_after_it():
    said = read(PAGE)
    assert said.feeds == (f"{BASE}/rss", f"{BASE}/atom")
    assert said.next == f"{BASE}/world?page=2"


def test_the_sources_own_rules_come_before_the_shape():
    from dataclasses import replace

    denied = read(PAGE, replace(SOURCE, deny=("/sport/",)))
    assert not any("/sport/" in lead.url for lead in denied.leads)
    allowed = read(PAGE, replace(SOURCE, allow=("/info/",)))
    assert [lead.url for lead in allowed.leads] == [f"{BASE}/info/all-about-our-harbour-desk"]


def test_relative_links_follow_the_base_of_the_page():
    page = '<html><head><base href="https://wire.example/de/"></head><a href="meldung/regen-stoppt-das-spiel-4711">'
    assert [lead.url for lead in read(page + "Regen stoppt das Spiel</a>").leads] == [
        f"{BASE}/de/meldung/regen-stoppt-das-spiel-4711"
    ]


def test_a_page_where_a_feed_should_be_is_none():
    with pytest.raises(channels.NotAChannel):
        channels.read(PAGE.encode(), url=f"{BASE}/rss", content_type="text/html")


@given(st.data())
def test_no_damage_to_a_page_crashes_it(data):
    body = bytearray(PAGE.encode())
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        said = channels.read(bytes(body), url=BASE, content_type="text/html", page_of=SOURCE)
    except channels.NotAChannel:
        return
    assert all(lead.found_url.startswith("http") for lead in said.leads)


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_address_has_its_points(path, text):
    url = f"{BASE}/{path}"
    assert isinstance(points(Link(url=url, text=text)), int)
    assert isinstance(shape(url), str)

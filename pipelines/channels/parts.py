"""Choose which parts of a sitemap index are to be asked: never an index of thousands whole. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from pipelines.channels.days import period
from pipelines.channels.said import Part

MOST_LIVE = 10
"""Parts of one index that a live crawl asks."""

FRESH = timedelta(days=3)
"""A part that no crawl has asked is old news if it was not changed for so long, or names days before."""

SKEW = timedelta(hours=1)
"""By how much a publisher's clock may be wrong."""

_NEWS = re.compile(r"news|nachrichten|actu|noticias|aktuell|latest|recent", re.I)
_NO_STORIES = re.compile(
    r"(?:^|[/_-])(?:page|pages|categor\w+|tags?|post_tag|topics?|authors?|users?|images?|videos?|products?|"
    r"static|sections?|taxonom\w+|podcasts?|galler\w+)(?=[/_.-]|$)",
    re.I,
)


def live(
    parts: Sequence[Part],
    visited: Callable[[str], datetime | None],
    now: datetime,
    most: int = MOST_LIVE,
) -> tuple[list[str], int]:
    """Addresses of the parts that may hold news, the likeliest first; and how many more there would be.

    `visited` says when a part was last asked. One whose `lastmod` is before that has
    nothing new, one that names days long past neither. The newest is asked all the
    same: some publishers never renew a `lastmod`.
    """
    likely = [
        part
        for n, part in enumerate(_ranked(parts))
        if n == 0 or _may_have_news(part, visited(part.url), now)
    ]
    return [part.url for part in likely[:most]], max(0, len(likely) - most)


def of_days(parts: Sequence[Part], since: date, until: date, most: int) -> tuple[list[str], int]:
    """Parts that may hold stories of these days, newest first; and how many more there would be.

    A part that names its days is judged by them; another was changed at the earliest
    when its last story came, so one with a `lastmod` before `since` has none of them.
    """
    begin = datetime.combine(since, time(), UTC) - timedelta(days=1)  # the publisher's day, not ours

    def may(part: Part) -> bool:
        if said := period(part.url):
            return said[0] <= until + timedelta(days=1) and said[1] >= since - timedelta(days=1)
        return part.modified_by is None or part.modified_by >= begin

    chosen = [part.url for part in _ranked(parts) if may(part)]
    return chosen[:most], max(0, len(chosen) - most)


def _may_have_news(part: Part, visited: datetime | None, now: datetime) -> bool:
    said = period(part.url)
    if said is not None and said[1] < (now - FRESH).date():
        return False
    if part.modified_by is None:
        return True
    return part.modified_by >= (visited - SKEW if visited else now - FRESH)


def _ranked(parts: Sequence[Part]) -> list[Part]:
    order = sorted(enumerate(parts), key=lambda item: _rank(item[0], item[1], len(parts)))
    return [part for _, part in order]


def _rank(position: int, part: Part, count: int) -> tuple[int, float, int]:
    """News first, what holds no stories last; between, by the newest day it can have.

    Where nothing tells the days, the ends of the list come first: some publishers
    append the newest part, some put it on top.
    """
    path = urlsplit(part.url).path
    name = path.rsplit("/", 1)[-1]
    kind = 2 if _NO_STORIES.search(name) else 0 if _NEWS.search(name) else 1
    said = period(part.url)
    days = [datetime.combine(said[1], time(23, 59), UTC)] if said else []
    days += [part.modified_by] if part.modified_by else []
    newest = min(days).timestamp() if days else float("inf")
    return kind, -newest, min(position, count - 1 - position) if not days else position

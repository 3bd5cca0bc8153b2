"""Read a JSON Feed: https://www.jsonfeed.org/version/1.1/. Pure."""

from __future__ import annotations

import json
from typing import Any

from pipelines.channels.said import LARGEST, Channel, NotAChannel, instant, words
from pipelines.records import Lead
from pipelines.urls import absolute, canonical

MOST_VALUES = 2_000_000
"""Of one feed; each takes up to a hundred bytes of memory, and 50,000 entries have a quarter."""


def read(body: bytes, url: str) -> Channel:
    """Items with a usable link; NotAChannel for JSON that is no JSON Feed."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise NotAChannel("JSON of millions of values, no JSON Feed")
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotAChannel(f"begins like JSON, but is not: {error}") from error
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise NotAChannel("JSON without `items`, no JSON Feed")
    language = words(feed.get("language"))
    leads = (_lead(item, n, url, language) for n, item in enumerate(items[:LARGEST]))
    following = feed.get("next_url")
    return Channel(
        "json",
        tuple(lead for lead in leads if lead),
        next=absolute(following, url) if isinstance(following, str) and following else None,
    )


def _lead(item: Any, position: int, channel: str, language: str | None) -> Lead | None:
    link = isinstance(item, dict) and (item.get("url") or item.get("external_url"))
    found = absolute(link, channel) if isinstance(link, str) else None
    if found is None:
        return None
    return Lead(
        url=canonical(found),
        found_url=found,
        channel=channel,
        channel_kind="json",
        position=position,
        guid=words(str(item["id"])) if item.get("id") else None,
        title=words(item.get("title")),
        published_raw=words(item.get("date_published")),
        updated_raw=words(item.get("date_modified")),
        updated_at=instant(item.get("date_modified")),
        summary=words(item.get("summary")),
        language=words(item.get("language")) or language,
    )

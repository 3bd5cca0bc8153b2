"""Stories for the desk, crawled and loaded by the real steps: two versions of one, and some that mean harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

from website import Site, declare, rss, story

from pipelines import steps
from pipelines.store import archive

HARM = "<script>top.harmed=1;harmed=1</script><img src=/beacon.png onerror=top.harmed=1>"
"""Harmless only as text: run, it leaves `harmed`; drawn, it asks for /beacon.png."""

LINES = [
    "The council of Port Ellery voted nine to two on Monday to keep its light burning.",
    "It has stood on the northern mole since 1871, and burned oil until the war.",
    "A keeper's flat below the lamp is to be let to visitors from the spring.",
    "Boats that come home late, the harbour master said, look for it before the stars.",
]
CHANGED = [LINES[0].replace("nine to two", "ten to one"), *LINES[1:]]


def stock(home: Path, site: Site) -> None:
    """Crawl a source `wire` with an ordinary and a hostile story; then a later capture changes the former."""
    declare(home, "wire", site.base, title=f"'Wire {HARM}'", tags='["coast", "en"]')
    hostile = story(escape(HARM), *LINES, f"He wrote {escape(HARM)} on the wall.", f"So it was.{HARM}")
    feed = rss(site.base, "/plain", "/hostile", "/gone", "/odd")
    entry = (
        f"<item><title>{escape(HARM)}</title><link>javascript:top.harmed=1</link></item></channel>".encode()
    )
    site.pages |= {
        "/rss": (feed[0], feed[1], feed[2].replace(b"</channel>", entry)),
        "/plain": story("The light stays lit", *LINES),
        "/hostile": hostile,
        "/odd": (200, {"Content-Type": f"text/x;{HARM}"}, b"\x00\x01"),
    }
    steps.extract(steps.crawl("wire").batch)
    writer = archive.ArchiveWriter(home / "later.warc.gz", software="test")
    writer.add(
        f"{site.base}/plain",
        status=200,
        reason="OK",
        protocol="HTTP/1.1",
        headers=[("Content-Type", "text/html; charset=utf-8")],
        body=story("The light stays lit", *CHANGED),
        fetched_at=datetime.now(UTC) + timedelta(minutes=1),
    )
    writer.close()
    steps.extract(steps.replay(home / "later.warc.gz", "wire"))
    steps.load(steps.cluster())

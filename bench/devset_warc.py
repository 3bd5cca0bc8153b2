"""Make a WARC of a folder of saved pages, for `wirehouse replay`.

    python bench/devset_warc.py DEVSET OUT.warc.gz

DEVSET holds `truth.json`, a list of `{"file", "url", "crawl_date"}`, and the gzipped pages.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

_HEADERS = [("Content-Type", "text/html; charset=utf-8")]  # the pages are stored as UTF-8


def write(devset: Path, out: Path) -> int:
    """Write every page of the folder as one response record; returns their number."""
    items = json.loads((devset / "truth.json").read_text("utf-8"))
    with out.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for item in items:
            body = gzip.decompress((devset / item["file"]).read_bytes())
            record = writer.create_warc_record(
                item["url"],
                "response",
                payload=io.BytesIO(body),
                http_headers=StatusAndHeaders("200 OK", _HEADERS, protocol="HTTP/1.1"),
                warc_headers_dict={"WARC-Date": _date(item.get("crawl_date"))},
            )
            writer.write_record(record)
    return len(items)


def _date(stated: str | None) -> str:
    day = datetime.fromisoformat(stated) if stated else datetime(2026, 1, 1)  # noqa: DTZ001  # made UTC below
    return day.replace(tzinfo=UTC, microsecond=0).isoformat().replace("+00:00", "Z")


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), Path(sys.argv[2])), "pages")

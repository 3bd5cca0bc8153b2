"""What is extracted how well and how fast, on a folder of pages with their truth.

    python bench/extract.py DEVSET SCORE        # DEVSET has truth.json, SCORE has score.py

prints one table of `wirehouse` and its peers (those that are installed: extra `bench`),
page by page in one run, and the calibration of `extraction_confidence`.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.extract import extract_page
from pipelines.ledger import Reject
from pipelines.records import Capture, Source

_ANY = Source(
    name="bench", title="", home="https://bench.invalid/", feeds=("https://bench.invalid/",), rights="keep"
)
_HEADERS = (("content-type", "text/html; charset=utf-8"),)


def wirehouse(html: str, url: str) -> dict[str, Any]:
    """What the scorer asks for: title, authors, published, tags, body."""
    capture = Capture(url=url, status=200, headers=_HEADERS, body=html.encode(), fetched_at=datetime.now(UTC))
    story = extract_page(capture, _ANY)
    if isinstance(story, Reject):
        return {}
    return {
        "title": story.headline,
        "authors": story.authors,
        "published": story.published_at and story.published_at.isoformat(),
        "tags": story.keywords,
        "body": story.body_text,
        "confidence": story.extraction_confidence,
    }


def trafilatura_default(html: str, url: str) -> dict[str, Any]:
    return _trafilatura(html, url)


def trafilatura_fast(html: str, url: str) -> dict[str, Any]:
    return _trafilatura(html, url, fast=True)


def trafilatura_precision(html: str, url: str) -> dict[str, Any]:
    return _trafilatura(html, url, favor_precision=True)


def _trafilatura(html: str, url: str, **options: Any) -> dict[str, Any]:
    import trafilatura

    found = trafilatura.bare_extraction(
        html,
        url=url,
        with_metadata=True,
        include_comments=False,
        # The day is its default; asked for the time as well, as we are, it takes no longer.
        date_extraction_params={"original_date": True, "outputformat": "%Y-%m-%dT%H:%M:%S%z"},
        **options,
    )
    if found is None:
        return {}
    return {
        "title": found.title,
        "authors": (found.author or "").split("; "),
        "published": found.date,
        "tags": found.tags,
        "body": found.text,
    }


def newspaper(html: str, url: str) -> dict[str, Any]:
    from newspaper import Article

    article = Article(url, fetch_images=False)  # or it asks the network
    article.download(input_html=html)
    article.parse()
    return {
        "title": article.title,
        "authors": article.authors,
        "published": article.publish_date and article.publish_date.isoformat(),
        "tags": article.meta_keywords,
        "body": article.text,
    }


def newsplease(html: str, url: str) -> dict[str, Any]:
    from newsplease import NewsPlease

    article = NewsPlease.from_html(html, url, fetch_images=False)
    return {
        "title": article.title,
        "authors": article.authors,
        "published": article.date_publish and article.date_publish.isoformat(),
        "body": article.maintext,
    }


def readability(html: str, url: str) -> dict[str, Any]:
    import lxml.html
    from readability import Document

    page = Document(html, url=url)
    return {"title": page.short_title(), "body": lxml.html.fromstring(page.summary()).text_content()}


def resiliparse(html: str, url: str) -> dict[str, Any]:
    from resiliparse.extract.html2text import extract_plain_text

    return {"body": extract_plain_text(html, main_content=True)}


PEERS = (
    wirehouse,
    trafilatura_default,
    trafilatura_fast,
    trafilatura_precision,
    newspaper,
    newsplease,
    readability,
    resiliparse,
)


def main(devset: Path, score: Path) -> None:
    if importlib.util.find_spec("nltk") is None:
        sys.exit("the scorer needs nltk: uv pip install 'wirehouse[bench]'")
    able = []
    for peer in PEERS:
        try:
            peer("<html><body><p>Rain fell.</p></body></html>", "https://bench.invalid/a")
        except ImportError as error:
            print(f"{peer.__name__}: not installed ({error.name}): uv pip install 'wirehouse[bench]'")
            continue
        except Exception:  # a peer that fails on an empty page is measured all the same
            pass
        able.append(f"extract:{peer.__name__}")
    subprocess.run(
        [sys.executable, str(score / "score.py"), "--set", str(devset), *able],
        check=True,
        cwd=Path(__file__).parent,
    )


def calibration(devset: Path, score: Path) -> None:
    """Of the pages with at least so much confidence, how many have a body F1 of 0.95 or more?"""
    sys.path.insert(0, str(score))
    import scorers

    rows = []
    for item in json.loads((devset / "truth.json").read_text("utf-8")):
        html = gzip.decompress((devset / item["file"]).read_bytes()).decode()
        found = wirehouse(html, item["url"])
        f1 = scorers.body_scores(item["body"], found.get("body", ""))["shingle_f1"]
        rows.append((found.get("confidence", 0.0), f1))
    print("\nconfidence   pages   share with body F1 >= 0.95")
    for least in (0.0, 0.5, 0.7, 0.8, 0.9, 0.95):
        f1s = [f1 for confidence, f1 in rows if confidence >= least]
        print(f">= {least:<8} {len(f1s):>6}   {sum(f1 >= 0.95 for f1 in f1s) / max(1, len(f1s)):.3f}")


if __name__ == "__main__":
    folders = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    main(*folders)
    calibration(*folders)

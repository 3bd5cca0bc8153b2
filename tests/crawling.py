"""One crawl and what it left, for tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines import crawl_step, program, steps
from pipelines.crawl_step import Crawled
from pipelines.store import batches


def crawl(name: str = "wire", **more: Any) -> Crawled:
    return steps.crawl(name, **more)


def log_of(crawled: Crawled, *kinds: str) -> list[dict[str, Any]]:
    found = batches.lines(steps.places().data / crawled.batch / batches.CRAWL_LOG)
    return [line for line in found if not kinds or line["kind"] in kinds]


def outcomes(crawled: Crawled) -> dict[str, str | None]:
    """How each lead ended, by its path; None: its page is archived."""
    return {line["url"].split("/", 3)[3]: line["outcome"] for line in log_of(crawled, "lead")}


def hurried(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Crawls of this test with other settings of Scrapy's, so that nobody waits half a minute."""

    def run(command: Any, **more: Any) -> program.Ended:
        job = json.loads(command[-1]) | {"settings": settings}
        return program.run([*command[:-1], json.dumps(job)], **more)

    wrapped = type("Program", (), {"run": staticmethod(run), "Ended": program.Ended})
    monkeypatch.setattr(crawl_step, "program", wrapped)

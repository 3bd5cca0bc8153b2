"""What one crawl is to do, and where it writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import urls
from pipelines.channels.archives import Days
from pipelines.records import Source
from pipelines.sources import rebase
from pipelines.store.batches import CRAWL_LOG, FETCH_LOG, PAGES


@dataclass(frozen=True, kw_only=True)
class Job:
    """One crawl of one source."""

    source: Source
    folder: Path
    memory: Path
    now: datetime
    declared: Source | None = None
    """As the TOML says, when `source` was moved to another server by `url_base`."""
    url_base: str | None = None
    days: Days | None = None
    """Of a backfill: only stories of these days are leads."""
    recrawl: tuple[str, ...] | None = None
    """What is asked for whether or not it is due: these pages; with none, all that the channels name."""
    budget: int | None = None
    """Of stories, in place of the source's own."""
    contact: str | None = None
    """Who can be written to, for the user agent."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Scrapy's, over ours."""

    @property
    def pages(self) -> Path:
        return self.folder / PAGES

    @property
    def crawl_log(self) -> Path:
        return self.folder / CRAWL_LOG

    @property
    def fetch_log(self) -> Path:
        return self.folder / FETCH_LOG

    def moved(self, url: str) -> str:
        """A URL of the declared source, on the server that stands in for it."""
        if self.url_base is None or self.declared is None:
            return url
        everywhere = replace(self.declared, allow=(), deny=())
        return rebase(url, self.url_base) if urls.in_scope(url, everywhere) else url

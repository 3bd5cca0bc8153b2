"""Which waiting batches are fit to be loaded: a damaged one keeps no other from it.

One that a crash left damaged is to be read again: the next `extract` of its source does,
or an operator. What is made anew by clustering is thrown away.
"""

from __future__ import annotations

import logging

from upath import UPath

from pipelines.errors import BatchError
from pipelines.store import batches, loading

log = logging.getLogger("wirehouse")


def ready(data: UPath) -> list[str]:
    """The waiting batches whose files are whole, oldest first; others wait to be read instead."""
    return [batch for batch in batches.waiting(data) if _is_whole(data, batch)]


def _is_whole(data: UPath, batch: str) -> bool:
    folder = data / batch
    try:
        batches.read_run(folder)
        loading.refuse_damaged(folder)
    except BatchError as error:
        for made_anew in (batches.CLUSTERS, batches.PRINTS):
            (folder / made_anew).unlink(missing_ok=True)
        batches.mark(data, batches.UNREAD, batch)
        batches.unmark(data, batches.WAITING, [batch])
        log.error("%s is not loaded, the others are: %s (or wait for its source's next crawl)", batch, error)
        return False
    return True

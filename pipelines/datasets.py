"""Say what a step reads and writes, as datasets whose names stay the same from run to run. Pure.

    channels ─crawl▸ pages ─extract▸ stories, ledger … ─cluster▸ clusters ─load▸ tables ─check▸

A batch is a version of its source's datasets, not a dataset of its own: a catalog of them
then has as many entries as there are sources, not as many as there were crawls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

STAGED = ("stories.parquet", "ledger.parquet", "sightings.parquet", "fetches.parquet")
"""What `extract` leaves in a batch, of which `load` makes rows."""

TABLES = ("stories", "past_versions", "observations", "ledger", "sightings", "fetches", "clusters", "runs")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What OpenLineage calls a dataset."""

    namespace: str
    name: str
    version: str | None = None
    """The stamp of the batch."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What one step read, and what it wrote."""

    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()


def of_step(
    step: str,
    names: Sequence[str],
    *,
    data: str,
    warehouse: str,
    channels: Mapping[str, Iterable[str]] | None = None,
) -> Flow:
    """The flow of a step over these batches.

    `data`: folder or URL of all batches; `warehouse`: attach string without secrets;
    `channels`: the addresses that each source reads.

    >>> flow = of_step("extract", ["acme/20260305T120000Z-3f2a"], data="/var/data", warehouse="…")
    >>> flow.inputs[0].name, flow.inputs[0].version
    ('/var/data/acme/*/pages.warc.gz', '20260305T120000Z-3f2a')
    """

    def files(*kinds: str) -> tuple[Dataset, ...]:
        return tuple(_file(data, name, kind) for name in names for kind in kinds)

    tables = tuple(Dataset(namespace=warehouse, name=table) for table in TABLES)
    match step:
        case "crawl":
            asked = dict.fromkeys(url for n in names for url in (channels or {}).get(n.split("/")[0], ()))
            return Flow(inputs=tuple(map(_channel, asked)), outputs=files("pages.warc.gz", "crawl.jsonl"))
        case "extract":
            return Flow(inputs=files("pages.warc.gz", "crawl.jsonl"), outputs=files(*STAGED))
        case "check" if names:
            return Flow(inputs=files("stories.parquet", "ledger.parquet"), outputs=files("findings.parquet"))
        case "check":
            return Flow(inputs=tables, outputs=(Dataset(namespace=warehouse, name="findings"),))
        case "cluster":
            return Flow(inputs=(*files("stories.parquet"), tables[0]), outputs=files("clusters.parquet"))
        case "load":
            return Flow(inputs=files(*STAGED, "clusters.parquet"), outputs=tables if names else ())
    return Flow()


def _file(data: str, batch: str, kind: str) -> Dataset:
    source, _, stamp = batch.partition("/")
    scheme, mark, rest = data.partition("://")
    if mark and scheme not in ("file", "local"):  # s3://bucket/prefix
        host, _, folder = rest.strip("/").partition("/")
        namespace = f"{scheme}://{host}"
    else:
        namespace, folder = "file", "/" + (rest if mark else data).strip("/")
    path = "/".join(filter(None, [folder, source, "*", kind]))
    return Dataset(namespace=namespace, name=path, version=stamp)


def _channel(url: str) -> Dataset:
    """A channel by its site and path; what else stands in its address may be a key."""
    parts = urlsplit(url)
    return Dataset(namespace=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", name=parts.path or "/")

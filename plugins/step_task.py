"""Run a step as a task that is measured, and that says what it read and wrote.

    @step(retries=1)
    def extract(batch: str) -> dict[str, int]: ...

It is `@task`, and more: the metrics of `pipelines.metrics` go where Airflow's own go
(`[metrics]`: StatsD, OpenTelemetry, or nowhere), and OpenLineage's provider, where it is
installed and set up, is told the step's datasets. The name of the task is the step. Neither
can make a task fail.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import Context
from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, task_decorator_factory
from airflow.sdk.configuration import conf

log = logging.getLogger(__name__)


class StepOperator(DecoratedOperator, PythonOperator):
    """A function that calls one step; its arguments are a batch, several, or none."""

    custom_operator_name = "@step"
    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}  # noqa: RUF012

    def __init__(
        self, *, python_callable: Callable[..., Any], op_args: Any, op_kwargs: Any, **more: Any
    ) -> None:
        given = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=given, **given, **more)

    def execute(self, context: Context) -> Any:
        began, result = time.monotonic(), None
        try:
            result = super().execute(context)
        finally:
            measure(self.task_id, self._batches(result), result, time.monotonic() - began)
        return result

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What OpenLineage's provider asks of an operator."""
        return lineage(self.task_id, self._batches(None))

    def _batches(self, result: Any) -> list[str]:
        """The batches among our arguments, or that the step itself found waiting."""
        named = list(batch_names([*self.op_args, *self.op_kwargs.values()]))
        self._made = named or list(batch_names([result])) or getattr(self, "_made", [])
        return self._made


def step(python_callable: Callable[..., Any] | None = None, **more: Any) -> TaskDecorator:
    """Make a task of a function that calls a step; takes what `@task` takes."""
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=StepOperator, **more
    )


def measure(name: str, batches: Sequence[str], result: Any, seconds: float) -> None:
    """Send the metrics of a step that ended; nothing happens where Airflow sends none."""
    if not any(conf.getboolean("metrics", key, fallback=False) for key in (*_TAGGED, "statsd_on")):
        return
    try:
        from pipelines import step_metrics  # heavy: not while Airflow parses

        emit(step_metrics.after(name, batches, result, timedelta(seconds=seconds)))
    except Exception:
        log.warning("the metrics of this step are missing", exc_info=True)


def emit(metrics: Iterable[Any]) -> None:
    """Send metrics as Airflow sends its own.

    Plain StatsD knows no tags: their values then stand in the name, in the order of
    `metrics.NAMES` (`wirehouse.freshness.acme`), or sources would overwrite each other.
    """
    from airflow.sdk.observability import stats

    tagged = any(conf.getboolean("metrics", key, fallback=False) for key in _TAGGED)
    for one in metrics:
        name, tags = one.name, dict(one.tags)
        if not tagged:
            name, tags = ".".join([name, *tags.values()]), {}
        if one.kind == "counter":
            stats.incr(name, count=int(one.value), tags=tags)
        elif one.kind == "gauge":
            stats.gauge(name, one.value, tags=tags)
        else:
            stats.timing(name, one.value, tags=tags)


def lineage(name: str, batches: Sequence[str]) -> Any:
    """The datasets of a step, as OpenLineage's provider wants them."""
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import Dataset
    from openlineage.client.facet_v2 import DatasetFacet, dataset_version_dataset

    from pipelines import datasets
    from pipelines.places import places
    from pipelines.records import Source
    from pipelines.steps import declared_sources
    from pipelines.store.attach import parse_attach

    where = places()
    channels = {}
    if name == "crawl":
        found = (declared_sources(source).get(source) for source in {b.split("/")[0] for b in batches})
        channels = {s.name: (*s.feeds, *s.sitemaps, *s.sections) for s in found if isinstance(s, Source)}
    shown = parse_attach(where.warehouse).shown
    flow = datasets.of_step(name, batches, data=str(where.data), warehouse=shown, channels=channels)

    def told(one: datasets.Dataset) -> Dataset:
        facets: dict[str, DatasetFacet] = {}
        if one.version:
            facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(one.version)
        return Dataset(namespace=one.namespace, name=one.name, facets=facets)

    return OperatorLineage(inputs=[*map(told, flow.inputs)], outputs=[*map(told, flow.outputs)])


def batch_names(values: Iterable[Any]) -> Iterable[str]:
    """The names of batches in these values, in lists too.

    >>> list(batch_names(["acme/20260305T120000Z-3f2a", ["no batch"], 7]))
    ['acme/20260305T120000Z-3f2a']
    """
    from pipelines.store.batches import is_name

    for value in values:
        if isinstance(value, str):
            if is_name(value):
                yield value
        elif isinstance(value, list | tuple):
            yield from batch_names(value)


_TAGGED = ("statsd_datadog_enabled", "statsd_influxdb_enabled", "otel_on")
"""Settings of `[metrics]` with which tags arrive."""

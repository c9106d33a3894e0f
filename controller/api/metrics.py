"""`/metrics` for Prometheus: what the routers drop, how far the switches are, and what plugins tell of themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.api.gate import Gate, Operator, TheGate
from controller.loader.manager import PluginManager
from controller.plugin import Sample

_log = logging.getLogger(__name__)


class _Collected(Collector):
    """Metrics that were collected already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        """Hands them out."""
        return self._metrics


def metrics_router(manager: PluginManager) -> APIRouter:
    """The route; it is for operators, because it tells of all accounts."""
    router = APIRouter(tags=["Metrics (operators)"])

    @router.get("/metrics", operation_id="DescribeMetrics", response_class=Response)
    async def describe_metrics(gate: TheGate, who: Operator) -> Response:
        """All figures in Prometheus' text format."""
        samples = [*await manager.drops(), *_region(gate), *_of_plugins(manager)]
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(families(samples)))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def families(samples: Iterable[Sample]) -> Iterator[Metric]:
    """The samples by name; those of one name have the kind, help and labels of the first."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    for name, group in by_name.items():
        first = group[0]
        family = CounterMetricFamily if first.kind == "counter" else GaugeMetricFamily
        metric = family(f"p4vpc_{name}", first.help or name.replace("_", " "), labels=list(first.labels))
        for sample in group:
            metric.add_metric([sample.labels.get(label, "") for label in first.labels], sample.value)
        yield metric


def _region(gate: Gate) -> Iterator[Sample]:
    yield Sample("revision", gate.ledger.revision, help="The region's revision.")
    applied = min(gate.ledger.applied_revision, gate.ledger.revision)
    yield Sample("applied_revision", applied, help="The revision that all switches hold.")
    for switch in gate.switches():
        labels = {"host": switch.name}
        yield Sample("switch_ready", switch.state == "ready", labels, "Whether the switch holds its plan.")
        yield Sample("switch_entries", switch.entries, labels, "Table entries that the switch holds.")


def _of_plugins(manager: PluginManager) -> Iterator[Sample]:
    for plugin in manager.loaded:
        try:
            yield from list(plugin.metrics())
        except Exception:  # one plugin's fault must not hide everybody's figures
            _log.exception("plugin_failed name=%s", plugin.name)

"""Prometheus metrics, read from the counters when they are asked for; a request costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from tfx_endpoint.access_log import AccessLog, LineWriter
from tfx_endpoint.counters import BOUNDS_MS, Counters
from tfx_endpoint.deployed import Deployed, State
from tfx_endpoint.services import Services

_OfCounters = Callable[[Counters], int]
_OfDeployed = Callable[[Deployed], int]
_LABELS = ("endpoint", "deployed_model", "model", "version")


class Metrics:
    """The process's registry; what else counts something registers a collector of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def register(self, collector: Collector) -> None:
        """Has a collector's metrics shown."""
        self._registry.register(collector)

    async def show(self, request: Request) -> Response:
        """The metrics in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class DeployedCollector(Collector):
    """What each deployed model answered, and how busy it is."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        deployed = self._services.routes.all_deployed()
        yield _requests(deployed)
        yield _latencies(deployed)
        yield _counts(deployed, "predictions", "Instances predicted.", lambda c: c.predictions)
        yield _counts(
            deployed,
            "shadow_dropped",
            "Copies of requests that a busy shadow did not get.",
            lambda c: c.shadow_dropped,
        )
        yield _gauge(deployed, "ready", "1 when it is loaded.", lambda d: d.state is State.READY)
        yield _gauge(deployed, "failed", "1 when it cannot be loaded.", _is_failed)
        yield _gauge(deployed, "queued", "Requests that wait.", lambda d: _of_server(d, "queued"))
        yield _gauge(
            deployed, "in_flight", "Requests under way.", lambda d: _of_server(d, "in_flight")
        )


class ProcessWideCollector(Collector):
    """What concerns the process: every answer by its code, and lines of the log that were lost."""

    def __init__(self, access: AccessLog, writer: LineWriter) -> None:
        self._access, self._writer = access, writer

    def collect(self) -> Iterator[Metric]:
        answers = CounterMetricFamily(
            "tfx_endpoint_http_responses", "Answers of the process.", labels=("code",)
        )
        for code, count in sorted(self._access.codes.items()):
            answers.add_metric((str(code),), count)
        yield answers
        yield GaugeMetricFamily(
            "tfx_endpoint_http_in_flight", "Requests under way.", self._access.in_flight
        )
        yield CounterMetricFamily(
            "tfx_endpoint_access_log_lost", "Lines that were not written.", self._writer.lost
        )


def _labels(one: Deployed) -> tuple[str, ...]:
    version = one.version
    return one.endpoint, one.id, version.display_name, str(version.number or version.version_id)


def _requests(deployed: list[Deployed]) -> Metric:
    metric = CounterMetricFamily(
        "tfx_endpoint_requests",
        "Requests by deployed model and HTTP status.",
        labels=(*_LABELS, "code"),
    )
    for one in deployed:
        for code, count in sorted(one.counters.codes.items()):
            metric.add_metric((*_labels(one), str(code)), count)
    return metric


def _latencies(deployed: list[Deployed]) -> Metric:
    """Every fourth bucket, which doubles from one to the next."""
    metric = HistogramMetricFamily(
        "tfx_endpoint_latency_seconds", "Time in the model's queue and the model.", labels=_LABELS
    )
    for one in deployed:
        sums = list(accumulate(one.counters.latencies))
        buckets = [(f"{BOUNDS_MS[n] / 1_000:.6g}", sums[n]) for n in range(0, len(BOUNDS_MS), 4)]
        buckets.append(("+Inf", sums[-1]))
        metric.add_metric(_labels(one), buckets, one.counters.seconds)
    return metric


def _counts(deployed: list[Deployed], name: str, text: str, value: _OfCounters) -> Metric:
    metric = CounterMetricFamily(f"tfx_endpoint_{name}", text, labels=_LABELS)
    for one in deployed:
        metric.add_metric(_labels(one), value(one.counters))
    return metric


def _gauge(deployed: list[Deployed], name: str, text: str, value: _OfDeployed) -> Metric:
    metric = GaugeMetricFamily(f"tfx_endpoint_{name}", text, labels=_LABELS)
    for one in deployed:
        metric.add_metric(_labels(one), value(one))
    return metric


def _is_failed(one: Deployed) -> bool:
    return one.state is State.FAILED


def _of_server(one: Deployed, name: str) -> int:
    return int(getattr(one.server, name)) if one.server is not None else 0

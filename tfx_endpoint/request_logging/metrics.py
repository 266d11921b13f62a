"""The log's counters for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tfx_endpoint.request_logging.logger import RequestLogger


class LogCollector(Collector):
    """Reads the counters of a RequestLogger whenever it is asked."""

    def __init__(self, logger: RequestLogger) -> None:
        self._logger = logger

    def describe(self) -> Iterator[Metric]:
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        logger = self._logger
        requests = CounterMetricFamily(
            "tfx_endpoint_request_log_requests",
            "Sampled requests: written, lost, or of models without good rules.",
            labels=["outcome"],
        )
        for outcome in ("written", "lost", "unruled"):
            requests.add_metric([outcome], getattr(logger, outcome))
        yield requests
        withheld = CounterMetricFamily(
            "tfx_endpoint_request_log_withheld_instances",
            "Instances left out of written requests because they could not be searched.",
        )
        withheld.add_metric([], logger.withheld)
        yield withheld
        queued = GaugeMetricFamily(
            "tfx_endpoint_request_log_queued_requests", "Requests that wait to be written."
        )
        queued.add_metric([], logger.queued)
        yield queued
        since = logger.failing_since
        failing = GaugeMetricFamily(
            "tfx_endpoint_request_log_failing_since_seconds",
            "Unix time since when the database cannot be written; 0: it can.",
        )
        failing.add_metric([], since.timestamp() if since else 0)
        yield failing

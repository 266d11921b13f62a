"""Cloud Monitoring's time series of what endpoints answered.

As Google documents them: DELTA points, each of one sampling period, classes of response codes,
latencies in exponential buckets. Points of failed requests come as late as the descriptor allows,
all others at once, so that whoever does not wait sees good numbers only.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections import defaultdict
from typing import Any, NamedTuple

import grpc
from google.api.distribution_pb2 import Distribution
from google.api.metric_pb2 import MetricDescriptor
from google.cloud import monitoring_v3 as v3

PROJECT = "projects/taxi-project"
INGEST_SECONDS = 2
_BUCKETS = {"num_finite_buckets": 20, "growth_factor": 1.5, "scale": 1.0}
_BOUNDS = [1.5**i for i in range(21)]


class Answered(NamedTuple):
    """One request that an endpoint answered."""

    at: float
    endpoint_id: str
    deployed_model_id: str
    code: int
    milliseconds: float

    @property
    def period(self) -> int:
        """The end of its sampling period, which is a second."""
        return int(self.at) + 1


class Monitoring:
    """Handlers of `MetricService`.

    Args:
      answered: What there is to know.
      asked: The intervals that were asked for.
    """

    def __init__(self) -> None:
        self.answered: list[Answered] = []
        self.asked: list[v3.TimeInterval] = []

    def get_metric_descriptor(self, request: Any, context: Any) -> MetricDescriptor:
        if not request.name.startswith(f"{PROJECT}/"):
            context.abort(grpc.StatusCode.PERMISSION_DENIED, f"Permission denied on {request.name}")
        descriptor = MetricDescriptor(name=request.name)
        descriptor.metadata.ingest_delay.seconds = INGEST_SECONDS
        return descriptor

    def list_time_series(self, request: Any, context: Any) -> v3.ListTimeSeriesResponse:
        asked = dict(re.findall(r'([a-z_.]+)="([^"]*)"', request.filter))
        latencies = asked["metric.type"].endswith("prediction_latencies")
        self.asked.append(request.interval)
        start, stop = request.interval.start_time, request.interval.end_time
        series: Any = defaultdict(lambda: defaultdict(list))
        for one in list(self.answered):
            is_asked_for = one.endpoint_id == asked["resource.labels.endpoint_id"]
            late = 0 if one.code == 200 else INGEST_SECONDS
            is_there = time.time() >= one.period + late
            if is_asked_for and is_there and start.timestamp() < one.period <= stop.timestamp():
                kind = "total" if latencies else f"{one.code // 100}xx"
                series[one.deployed_model_id, kind][one.period].append(one)
        label = "latency_type" if latencies else "response_code"
        found = [
            {
                "metric": {
                    "type": asked["metric.type"],
                    "labels": {"deployed_model_id": id, label: kind},
                },
                "points": [
                    _point(end, periods[end], latencies) for end in sorted(periods, reverse=True)
                ],
            }
            for (id, kind), periods in series.items()
        ]
        return v3.ListTimeSeriesResponse(time_series=found)


def _point(end: int, found: list[Answered], latencies: bool) -> dict[str, Any]:
    value = (
        {"distribution_value": _distribution(found)} if latencies else {"int64_value": len(found)}
    )
    interval = {"start_time": {"seconds": end - 1}, "end_time": {"seconds": end}}
    return {"interval": interval, "value": value}


def _distribution(found: list[Answered]) -> Distribution:
    buckets = [bisect_right(_BOUNDS, one.milliseconds) for one in found]
    return Distribution(
        count=len(found),
        bucket_options={"exponential_buckets": _BUCKETS},
        bucket_counts=[buckets.count(i) for i in range(max(buckets) + 1)],
    )

"""The counters of a Vertex AI endpoint, as Cloud Monitoring has them.

From Google's list of metrics (docs.cloud.google.com/monitoring/api/metrics_gcp_a_b, `aiplatform`):
`prediction/online/response_count` and `prediction/online/prediction_latencies` have the resource
`aiplatform.googleapis.com/Endpoint` and the label `deployed_model_id`. Both are DELTA, each point
counts in an interval of its own, so the points of a step are added up. Of the label `latency_type`
only "total" is always there; its unit is milliseconds. `response_code` is documented as a class
(2xx, 4xx): where it is one, a 429 cannot be told from callers' mistakes and counts as an error.

A point comes minutes after its interval. A metric's descriptor says after how long every point is
there (`ingest_delay`); the list gives none for these two, and 360 s for their neighbours. Younger
points are left out even if they have come, because those of one response code may come before
those of another. What is left out has not been watched yet either: see `Meter.delay_minutes`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.counters import Counters
from tfx_airflow.serving.errors import ServingError

if TYPE_CHECKING:
    from google.cloud import monitoring_v3 as v3

RESPONSES = "aiplatform.googleapis.com/prediction/online/response_count"
LATENCIES = "aiplatform.googleapis.com/prediction/online/prediction_latencies"
_RESOURCE = "aiplatform.googleapis.com/Endpoint"
_LONGEST_DELAY = timedelta(seconds=360)
# Says how busy the endpoint is, and nothing of the version.
_QUEUE_FULL = "429"


class CloudMonitoringMeter:
    """Counts what each deployed model answered, minutes later than it did."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._project = clients.parent.partition("/locations/")[0]

    @cached_property
    def delay_minutes(self) -> float:
        """The age from which on all points are there.

        Raises:
          ServingError: Cloud Monitoring does not answer.
        """
        return max(map(self._delay, (RESPONSES, LATENCIES))) / timedelta(minutes=1)

    def read(self, endpoint: str, since: datetime) -> dict[str, Counters]:
        """Adds up the points that lie wholly between a moment and the delay before now.

        Raises:
          ServingError: Cloud Monitoring does not answer.
        """
        until = datetime.now(UTC) - timedelta(minutes=self.delay_minutes)
        if until <= since:
            return {}
        tallies: defaultdict[str, Tally] = defaultdict(Tally)
        of_endpoint = f'resource.labels.endpoint_id="{endpoint.rpartition("/")[2]}"'
        for labels, value in self._points(RESPONSES, of_endpoint, since, until):
            tally = tallies[labels["deployed_model_id"]]
            tally.add_responses(labels["response_code"], value.int64_value)
        total = f'{of_endpoint} AND metric.labels.latency_type="total"'
        for labels, value in self._points(LATENCIES, total, since, until):
            tallies[labels["deployed_model_id"]].add_latencies(value.distribution_value)
        return {id: tally.counters for id, tally in tallies.items()}

    def _points(
        self, metric: str, of: str, since: datetime, until: datetime
    ) -> Iterator[tuple[dict[str, str], v3.TypedValue]]:
        request = {
            "name": self._project,
            "filter": f'metric.type="{metric}" AND resource.type="{_RESOURCE}" AND {of}',
            "interval": {"start_time": since, "end_time": until},
        }
        with self._asking(metric):
            for series in self._clients.metrics.list_time_series(request=request):
                for point in series.points:
                    # The client's library gives datetimes here, and is typed otherwise.
                    interval: Any = point.interval
                    if since <= interval.start_time and interval.end_time <= until:
                        yield dict(series.metric.labels), point.value

    def _delay(self, metric: str) -> timedelta:
        name = f"{self._project}/metricDescriptors/{metric}"
        with self._asking(metric):
            descriptor = self._clients.metrics.get_metric_descriptor(name=name)
        delay: timedelta = descriptor.metadata.ingest_delay.ToTimedelta()
        return delay or _LONGEST_DELAY

    @contextmanager
    def _asking(self, metric: str) -> Iterator[None]:
        from google.api_core.exceptions import GoogleAPIError

        try:
            yield
        except GoogleAPIError as error:
            raise ServingError(
                f"Cloud Monitoring of {self._project} does not give '{metric}': {error}. The "
                f"connection's account needs the role roles/monitoring.viewer."
            ) from error


@dataclass
class Tally:
    """What the points of one deployed model add up to.

    Args:
      requests: How many were answered, errors included.
      errors: How many got an error.
      latencies: Answers by the upper bound of their bucket in milliseconds, empty buckets included;
        points with other buckets fit in as well.
    """

    requests: int = 0
    errors: int = 0
    latencies: Counter[float] = field(default_factory=Counter)

    def add_responses(self, code: str, count: int) -> None:
        """Adds answers with one response code, `404` or `4xx`."""
        if code != _QUEUE_FULL:
            self.requests += count
            self.errors += 0 if code.startswith("2") else count

    def add_latencies(self, distribution: Any) -> None:
        """Adds a `google.api.Distribution`, whose empty last buckets may be left out."""
        edges = [*upper_bounds(distribution.bucket_options), math.inf]
        self.latencies.update(dict(zip_longest(edges, distribution.bucket_counts, fillvalue=0)))

    @property
    def counters(self) -> Counters:
        edges = sorted({*self.latencies, math.inf})
        return Counters(
            requests=self.requests,
            errors=self.errors,
            bounds=tuple(edges[:-1]),
            buckets=tuple(self.latencies[edge] for edge in edges),
        )


def upper_bounds(options: Any) -> list[float]:
    """The upper bounds of all buckets but the last, which has none."""
    kind = options.WhichOneof("options")
    if kind == "linear_buckets":
        linear = options.linear_buckets
        return [linear.offset + linear.width * i for i in range(linear.num_finite_buckets + 1)]
    if kind == "exponential_buckets":
        powers = options.exponential_buckets
        count = powers.num_finite_buckets + 1
        return [powers.scale * powers.growth_factor**i for i in range(count)]
    return list(options.explicit_buckets.bounds)

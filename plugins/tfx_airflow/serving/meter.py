"""Where the counters of an endpoint's deployed models are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.cloud_monitoring import CloudMonitoringMeter
from tfx_airflow.serving.counters import Counters
from tfx_airflow.serving.errors import ServingError
from tfx_contract.serving_spec import Serving, Target

_ANSWER_SECONDS = 10.0
_OK = 200
# Says how busy the endpoint is, and nothing of the version.
_QUEUE_FULL = 429


class Meter(Protocol):
    """Reads unsampled counters."""

    @property
    def delay_minutes(self) -> float:
        """How old a request is, at the most, before it is counted."""

    def read(self, endpoint: str, since: datetime) -> dict[str, Counters]:
        """What each deployed model of an endpoint has answered, by its id.

        Args:
          endpoint: Its resource name.
          since: What was answered before may be left out.
        """


class LocalMeter:
    """The embedded endpoint's own counters, of all the time since its process began."""

    delay_minutes = 0.0

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, endpoint: str, since: datetime) -> dict[str, Counters]:
        """Asks the endpoint.

        Raises:
          ServingError: it does not say.
        """
        url = self._clients.url(endpoint, "counters")
        answer = self._clients.http.get(url, timeout=_ANSWER_SECONDS)
        if not answer.ok:
            raise ServingError(f"{url} answered {answer.status_code}: {answer.text[:300]}")
        said: dict[str, Any] = answer.json()
        began = str(said["since"])
        return {id: _counters(one, began) for id, one in said["deployedModels"].items()}


def meter_of(clients: Clients, serving: Serving) -> Meter:
    """The meter of a target."""
    if serving.target is Target.LOCAL:
        return LocalMeter(clients)
    return CloudMonitoringMeter(clients)


def _counters(document: dict[str, Any], since: str) -> Counters:
    codes = {int(code): int(count) for code, count in document["codes"].items()}
    return Counters(
        requests=sum(count for code, count in codes.items() if code != _QUEUE_FULL),
        errors=sum(count for code, count in codes.items() if code not in (_OK, _QUEUE_FULL)),
        since=since,
        bounds=tuple(map(float, document["histogram"]["upper_bounds_ms"])),
        buckets=tuple(map(int, document["histogram"]["counts"])),
    )

"""Where the counters of an endpoint's deployed models are read."""

from __future__ import annotations

from typing import Any, Protocol

from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.counters import Counters
from tfx_airflow.serving.errors import ServingError
from tfx_contract.errors import InputError
from tfx_contract.serving_spec import Serving, Target

_ANSWER_SECONDS = 10.0
_OK = 200
# Says how busy the endpoint is, and nothing of the version.
_QUEUE_FULL = 429


class Meter(Protocol):
    """Reads unsampled counters."""

    def read(self, endpoint: str) -> dict[str, Counters]:
        """What each deployed model of an endpoint has answered, by its id."""


class LocalMeter:
    """The embedded endpoint's own counters."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, endpoint: str) -> dict[str, Counters]:
        """Asks the endpoint.

        Raises:
          ServingError: it does not say.
        """
        url = self._clients.url(endpoint, "counters")
        answer = self._clients.http.get(url, timeout=_ANSWER_SECONDS)
        if not answer.ok:
            raise ServingError(f"{url} answered {answer.status_code}: {answer.text[:300]}")
        said: dict[str, Any] = answer.json()
        since = str(said["since"])
        return {id: _counters(one, since) for id, one in said["deployedModels"].items()}


def meter_of(clients: Clients, serving: Serving) -> Meter:
    """The meter of a target.

    Raises:
      InputError: there is none for it.
    """
    if serving.target is Target.LOCAL:
        return LocalMeter(clients)
    raise InputError(
        "'serving.target: vertex_ai': a canary there needs Cloud Monitoring's counters, which are "
        "not read yet; push with 'target: local'."
    )


def _counters(document: dict[str, Any], since: str) -> Counters:
    codes = {int(code): int(count) for code, count in document["codes"].items()}
    return Counters(
        requests=sum(count for code, count in codes.items() if code != _QUEUE_FULL),
        errors=sum(count for code, count in codes.items() if code not in (_OK, _QUEUE_FULL)),
        since=since,
        bounds=tuple(map(float, document["histogram"]["upper_bounds_ms"])),
        buckets=tuple(map(int, document["histogram"]["counts"])),
    )

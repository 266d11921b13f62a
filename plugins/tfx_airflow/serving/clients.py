"""Builds Google's own clients for either target; everything else is the same for both.

`local` is the embedded endpoint over plain HTTP, `vertex_ai` is Google's service over gRPC with the
credentials of an Airflow connection.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tfx_contract.errors import SetupError
from tfx_contract.home import Home
from tfx_contract.record import Record
from tfx_contract.serving_spec import Serving, Target

if TYPE_CHECKING:
    from google.cloud import aiplatform_v1 as v1
    from google.cloud import monitoring_v3

ADDRESS_FILE = "endpoint.json"
TOKEN_FILE = "token"
ADDRESS_VARIABLE = "TFX_AIRFLOW_ENDPOINT"
DEFAULT_ADDRESS = "http://127.0.0.1:8501"
LOCAL_PARENT = "projects/local/locations/local"
_CONNECT_SECONDS = 3.0


class EndpointAddress(Record):
    """Where the embedded endpoint listens, as whoever started it wrote it down."""

    address: str


@dataclass(frozen=True)
class Clients:
    """The services of one target.

    Args:
      parent: `projects/P/locations/L`, where everything lies.
      address: Base URL of the REST API.
      models: Client of the model registry.
      endpoints: Client of the endpoints.
      http: A `requests` session that signs in by itself, for what no client can do over REST:
        `rawPredict` with a body of its own, and the embedded endpoint's counters.
      credentials: What the clients sign in with.
    """

    parent: str
    address: str
    models: v1.ModelServiceClient
    endpoints: v1.EndpointServiceClient
    http: Any
    credentials: Any

    @cached_property
    def metrics(self) -> monitoring_v3.MetricServiceClient:
        """Client of Cloud Monitoring, which only a canary on Vertex AI needs."""
        from google.cloud import monitoring_v3

        return monitoring_v3.MetricServiceClient(credentials=self.credentials)

    def url(self, resource: str, method: str) -> str:
        """The address of a custom method: `http://…/v1/projects/…:counters`."""
        return f"{self.address}/v1/{resource}:{method}"


def connect(serving: Serving, home: Home | None = None) -> Clients:
    """The clients of the model's target.

    Raises:
      SetupError: the embedded endpoint does not answer.
    """
    if serving.target is Target.LOCAL:
        return _local(home or Home.from_environment())
    return _vertex_ai(serving)


def local_address(home: Home) -> str:
    """Where the embedded endpoint is, by the environment or by the deployment's own record."""
    named = os.environ.get(ADDRESS_VARIABLE)
    if named:
        return named.rstrip("/")
    try:
        return EndpointAddress.read(home.endpoint / ADDRESS_FILE).address.rstrip("/")
    except (OSError, ValueError):
        return DEFAULT_ADDRESS


def _local(home: Home) -> Clients:
    address = local_address(home)
    _refuse_silence(address)
    return _clients(LOCAL_PARENT, address, "rest", address, _token(home.endpoint / TOKEN_FILE))


def _vertex_ai(serving: Serving) -> Clients:
    from airflow.providers.google.common.hooks.base_google import GoogleBaseHook

    place = serving.vertex_ai
    assert place is not None
    host = f"{place.location}-aiplatform.googleapis.com"
    credentials = GoogleBaseHook(gcp_conn_id=place.connection).get_credentials()
    parent = f"projects/{place.project}/locations/{place.location}"
    return _clients(parent, f"https://{host}", "grpc", f"{host}:443", credentials)


def _clients(
    parent: str, address: str, transport: str, api_endpoint: str, credentials: Any
) -> Clients:
    from google.auth.transport.requests import AuthorizedSession
    from google.cloud import aiplatform_v1

    options: dict[str, Any] = {
        "transport": transport,
        "credentials": credentials,
        "client_options": {"api_endpoint": api_endpoint},
    }
    return Clients(
        parent=parent,
        address=address,
        models=aiplatform_v1.ModelServiceClient(**options),
        endpoints=aiplatform_v1.EndpointServiceClient(**options),
        http=AuthorizedSession(credentials),  # type: ignore[no-untyped-call]
        credentials=credentials,
    )


def _token(path: Path) -> Any:
    from google.auth.credentials import AnonymousCredentials
    from google.oauth2.credentials import Credentials

    try:
        return Credentials(token=path.read_text("utf-8").strip())  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]


def _refuse_silence(address: str) -> None:
    parts = urlsplit(address)
    place = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    try:
        socket.create_connection(place, timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise SetupError(
            f"The endpoint does not answer at {address} ({error}). Start it: tfx-airflow up"
        ) from error

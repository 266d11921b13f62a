"""Asks a model's endpoint, the embedded one or Vertex AI's, through `rawPredict`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import JsonValue

from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.endpoint import ModelEndpoint, State
from tfx_airflow.serving.errors import ServingError
from tfx_contract.errors import InputError

_ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What the endpoint said, and who of it."""

    predictions: list[JsonValue]
    deployed_model: str
    request_id: str


def predict(
    clients: Clients, model: str, instances: list[JsonValue], signature: str | None
) -> Answer:
    """One prediction for each instance.

    Raises:
      InputError: the endpoint refused the instances; the message is its own.
      ServingError: there is no such endpoint, or it cannot answer.
    """
    return ask(clients, ModelEndpoint(clients, model).read(), instances, signature)


def ask(
    clients: Clients, state: State, instances: list[JsonValue], signature: str | None
) -> Answer:
    """One prediction for each instance, of an endpoint that was read before.

    Raises:
      InputError: the endpoint refused the instances; the message is its own.
      ServingError: it cannot answer.
    """
    body = {"instances": instances, **({"signature_name": signature} if signature else {})}
    url = clients.url(state.name, "rawPredict")
    answer = clients.http.post(url, json=body, timeout=_ANSWER_SECONDS)
    if not answer.ok:
        kind = InputError if answer.status_code < 500 else ServingError
        raise kind(f"{state.display_name}: {_message(answer.text)}")
    deployed = {each.id: str(each.version or each.id) for each in state.deployed}
    asked = answer.headers.get("X-Vertex-AI-Deployed-Model-Id", "")
    return Answer(
        predictions=answer.json()["predictions"],
        deployed_model=deployed.get(asked, asked),
        request_id=answer.headers.get("X-Request-Id", ""),
    )


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["error"]["message"])
    except (KeyError, TypeError, ValueError):
        return text[:500]

"""From a request's body to an answer: the same for every REST shape there is."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from starlette.requests import Request

from tfx_endpoint.access_log import entry_of
from tfx_endpoint.deployed import Deployed
from tfx_endpoint.errors import RequestError, invalid
from tfx_endpoint.routing import Route
from tfx_endpoint.served import ServedRequest
from tfx_endpoint.services import Services

log = logging.getLogger(__name__)

TIMEOUT_HEADER = "x-request-timeout-ms"
_LONGEST_TIMEOUT_SECONDS = 3_600
_MOST_SHADOWS = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """What a body asks for: rows (`instances`) or columns (`inputs`), and by which signature."""

    instances: list[JsonValue] | None
    inputs: JsonValue
    signature: str | None

    @property
    def in_columns(self) -> bool:
        return self.instances is None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the model said, and who it was."""

    by: Deployed
    request_id: int
    signature: str
    predictions: JsonValue  # a list of rows, or TF Serving's `outputs` if columns were sent

    def headers(self) -> dict[str, str]:
        """Vertex AI's of rawPredict, and the id under which the request is logged."""
        return {
            "X-Request-Id": str(self.request_id),
            "X-Vertex-AI-Deployed-Model-Id": self.by.id,
            "X-Vertex-AI-Model": self.by.version.model,
            "X-Vertex-AI-Model-Version-Id": self.by.version.version_id,
        }


class Predictor:
    """Lets a deployed model answer, counts it, hands it to the log and to the shadow."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._default_timeout = services.settings.limits.deadline_seconds
        self._shadows: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request, route: Route, one: Deployed, asked: Asked) -> Answered:
        """The answer of one deployed model.

        Raises:
          RequestError: the model's, or the caller's mistake.
        """
        deadline = time.monotonic() + self._timeout(request)
        answered = await self._ask(one, asked, deadline)
        entry = entry_of(request.scope)
        entry.request_id, entry.deployed_model = answered.request_id, one.id
        entry.signature, entry.instances = answered.signature, _count(answered.predictions)
        shadow = route.shadow
        if shadow is not None and shadow is not one:
            self._copy_to(shadow, asked, answered.request_id)
        return answered

    async def _ask(
        self, one: Deployed, asked: Asked, deadline: float, copy_of: int | None = None
    ) -> Answered:
        began = time.perf_counter()
        try:
            signature, predictions = await _predict(one, asked, deadline)
        except RequestError as error:
            one.counters.failed(error.http_status)
            raise
        except Exception:
            one.counters.failed(500)
            raise
        seconds = time.perf_counter() - began
        one.counters.answered(_count(predictions), seconds)
        request_id = copy_of or random.getrandbits(62) + 1
        answered = Answered(one, request_id, signature, predictions)
        if self._services.observe is not None:
            self._observe(asked, answered, seconds, shadow=copy_of is not None)
        return answered

    def _observe(self, asked: Asked, answered: Answered, seconds: float, shadow: bool) -> None:
        """The log must never cost an answer."""
        try:
            self._services.observe(_served(asked, answered, seconds, shadow))  # type: ignore[misc]
        except Exception:
            log.exception("the request log refused a request")

    def _copy_to(self, shadow: Deployed, asked: Asked, request_id: int) -> None:
        """Asks the shadow in the background, unless it has enough to do."""
        if len(self._shadows) >= _MOST_SHADOWS:
            shadow.counters.shadow_dropped += 1
            return
        work = self._ask_shadow(shadow, asked, request_id)
        task = asyncio.get_running_loop().create_task(work)
        self._shadows.add(task)
        task.add_done_callback(self._shadows.discard)

    async def _ask_shadow(self, shadow: Deployed, asked: Asked, request_id: int) -> None:
        try:
            await self._ask(shadow, asked, time.monotonic() + self._default_timeout, request_id)
        except RequestError:
            pass  # It is counted.
        except Exception:
            log.exception("%s failed as a shadow", shadow.version)

    def _timeout(self, request: Request) -> float:
        text = request.headers.get(TIMEOUT_HEADER)
        if text is None:
            return self._default_timeout
        if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 9 and int(text)):
            raise invalid(f"X-Request-Timeout-Ms must be a whole number above 0, not '{text}'")
        return min(int(text) / 1_000, _LONGEST_TIMEOUT_SECONDS)


def asked(content: dict[str, Any], allowed: tuple[str, ...]) -> Asked:
    """Reads a body.

    Raises:
      RequestError: INVALID_ARGUMENT: an unknown field, or neither rows nor columns.
    """
    for key in content:
        if key not in allowed:
            raise invalid(f"unknown field '{key}'; a body may have {', '.join(allowed)}")
    instances, columns = content.get("instances"), content.get("inputs")
    choice = " or ".join(f"'{key}'" for key in ("instances", "inputs") if key in allowed)
    if (instances is None) == (columns is None):
        raise invalid(f"a body must have {choice}" + ("" if instances is None else ", not both"))
    if instances is not None and not isinstance(instances, list):
        raise invalid("'instances' must be an array with one element for each prediction")
    return Asked(instances, columns, _signature(content))


def _signature(content: dict[str, Any]) -> str | None:
    """The signature that a body names, at its top or among Vertex AI's parameters."""
    parameters = content.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise invalid("'parameters' must be an object")
    for key in parameters or ():
        if key != "signature_name":
            raise invalid(f"unknown parameter '{key}'; the one there is: signature_name")
    names = (content.get("signature_name"), (parameters or {}).get("signature_name"))
    given = [name for name in names if name is not None]
    if any(not isinstance(name, str) for name in given) or len(set(given)) > 1:
        raise invalid("'signature_name' must be one string")
    # TF Serving takes an empty name for the default.
    return given[0] or None if given else None


async def _predict(one: Deployed, asked: Asked, deadline: float) -> tuple[str, JsonValue]:
    server = one.ready_server()
    if asked.instances is not None:
        answer = await server.predict(asked.instances, asked.signature, deadline)
        return answer.signature, answer.predictions
    signature = server.choose_signature(asked.inputs, asked.signature)
    return signature, await server.predict_columns(asked.inputs, signature, deadline)


def _served(asked: Asked, answered: Answered, seconds: float, shadow: bool) -> ServedRequest:
    one, version = answered.by, answered.by.version
    columns = asked.in_columns
    return ServedRequest(
        request_id=answered.request_id,
        at=datetime.now(UTC),
        endpoint=one.endpoint,
        deployed_model_id=one.id,
        model=version.display_name,
        model_version=version.version_id,
        version=version.number,
        signature=answered.signature,
        instances=rows_of(asked.inputs) if columns else asked.instances or [],
        predictions=rows_of(answered.predictions) if columns else answered.predictions,  # type: ignore[arg-type]
        latency_ms=seconds * 1_000,
        shadow=shadow,
    )


def rows_of(columns: JsonValue) -> list[JsonValue]:
    """Columns as rows: what the request log holds of them."""
    if isinstance(columns, list):
        return columns
    if not isinstance(columns, dict) or not all(isinstance(v, list) for v in columns.values()):
        return [columns]
    values: list[Any] = list(columns.values())
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=False)]


def _count(predictions: JsonValue) -> int:
    if isinstance(predictions, list):
        return len(predictions)
    if isinstance(predictions, dict):
        first = next(iter(predictions.values()), None)
        return len(first) if isinstance(first, list) else 1
    return 1

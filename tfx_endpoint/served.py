"""What a prediction leaves behind for the request log."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue


class ServedRequest(NamedTuple):
    """One request that was answered, and its answer; a tuple goes to another process cheaply."""

    request_id: int  # positive, 63 bits; the caller has it from X-Request-Id
    at: datetime
    endpoint: str  # projects/P/locations/L/endpoints/E
    deployed_model_id: str
    model: str  # the model's display name, which is that of its folder under dags/
    model_version: str  # Vertex AI's version id
    version: int | None  # ours, from the alias `v<N>`; None: it was not pushed by us
    signature: str
    instances: list[JsonValue]
    predictions: list[JsonValue]
    latency_ms: float
    shadow: bool = False  # the caller got another deployed model's answer

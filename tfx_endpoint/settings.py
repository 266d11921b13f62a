"""The settings of the endpoint's process: from the command line and `TFX_AIRFLOW_ENDPOINT_*`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from tfx_contract.errors import SetupError
from tfx_contract.record import Record

LOOPBACK = ("127.0.0.1", "::1", "localhost")
PREFIX = "TFX_AIRFLOW_ENDPOINT_"


class Limits(Record):
    """What one request, and all of them together, may cost."""

    max_request_bytes: int = Field(default=10 * 1024 * 1024, ge=1)
    max_instances: int = Field(default=10_000, ge=1, description="In one request.")
    max_queued_instances: int = Field(
        default=50_000, ge=1, description="Per deployed model; beyond, 429."
    )
    max_queued_requests: int = Field(default=2_000, ge=1, description="Likewise.")
    max_batch_size: int = Field(default=1_024, ge=1, description="Instances in one model call.")
    deadline_seconds: float = Field(
        default=30.0, gt=0, description="Of a request that names none; beyond, 504."
    )


class LogSettings(Record):
    """How the request log is written; what of a request is kept is the model's to say."""

    url: str = Field(description="SQLAlchemy URL.")
    max_queued: int = Field(default=10_000, ge=1, description="Beyond, rows are counted as lost.")
    batch_size: int = Field(default=500, ge=1)
    flush_seconds: float = Field(default=1.0, gt=0, description="Greatest age of an unwritten row.")


class Settings(Record):
    """Everything that the process needs to know."""

    folder: Path = Field(description="State, token and, by default, the request log.")
    dags: Path = Field(description="Where each model says how its requests are logged.")
    host: str = "127.0.0.1"
    port: int = Field(default=8501, ge=0, le=65535)
    buckets: Path | None = Field(
        default=None,
        description="Where Cloud Storage buckets are mounted, each as a folder of its name.",
    )
    token: str | None = Field(default=None, description="Bearer token; None: not asked for.")
    limits: Limits = Limits()
    log: LogSettings | None = None

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK


def limits_from(environment: Mapping[str, str]) -> Limits:
    """The limits, each of which a variable like `TFX_AIRFLOW_ENDPOINT_MAX_INSTANCES` may set.

    Raises:
      SetupError: a variable has no value that is possible.
    """
    names = {name: PREFIX + name.upper() for name in Limits.model_fields}
    given = {name: environment[key] for name, key in names.items() if key in environment}
    try:
        return Limits.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        variable = names[str(first["loc"][0])]
        raise SetupError(f"{variable}={first['input']}: {first['msg']}") from None

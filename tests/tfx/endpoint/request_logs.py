"""Models with rules, and requests that they answered."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import yaml

from tfx_endpoint.request_logging import RequestLogger
from tfx_endpoint.served import ServedRequest
from tfx_endpoint.settings import LogSettings
from tfx_request_log import RequestLog

ENDPOINT = "projects/p/locations/l/endpoints/1"
_ids = itertools.count(1)


def write_model(dags: Path, name: str = "taxi", **log: object) -> Path:
    """Writes a model's folder whose `serving.log` is this; returns its model.yaml."""
    path = dags / name / "model.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "data": {"uri": "data", "label": "tips"},
        "evaluation": {"label": "tips_xf", "metrics": {"AUC": {"minimum": 0.7}}},
        "serving": {"log": log},
    }
    path.write_text(yaml.safe_dump(document))
    return path


def served(**changes: Any) -> ServedRequest:
    """A request of one row, with an id of its own."""
    values: dict[str, Any] = {
        "request_id": next(_ids),
        "at": datetime.now(UTC),
        "endpoint": ENDPOINT,
        "deployed_model_id": "d1",
        "model": "taxi",
        "model_version": "1",
        "version": 7,
        "signature": "serving_json",
        "instances": [{"fare": 12.5, "company": "Blue", "person": "ann"}],
        "predictions": [0.25],
        "latency_ms": 1.5,
    }
    return ServedRequest(**{**values, **changes})


def logger_in(folder: Path, url: str | None = None, **settings: Any) -> RequestLogger:
    """A logger that writes to a file in `folder` and finds its models in `folder/dags`."""
    quick = {"flush_seconds": 0.05, **settings}
    log = LogSettings(url=url or f"sqlite:///{folder / 'log.db'}", **quick)
    return RequestLogger(log, folder / "endpoint", folder / "dags", purge_seconds=0.2)


def writing_process(parent: int | None = None) -> psutil.Process:
    """The process that writes the log of this one, or of `parent`: what its fork server forked."""
    forked = [
        process
        for server in psutil.Process(parent).children()
        if "multiprocessing.forkserver" in " ".join(server.cmdline())
        for process in server.children()
        if process.status() != psutil.STATUS_ZOMBIE
    ]
    (process,) = forked
    return process


def payloads(log: RequestLog, model: str = "taxi") -> list[list[str]]:
    """Every request's payload, the oldest first."""
    return [row.request_payload for row in reversed(list(log.read(model)))]


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Fails when it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)

"""The server against what its own description allows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis

from tests.tfx.endpoint.server import EndpointProcess, serve


def test_no_request_that_the_description_allows_is_a_server_error(
    server: EndpointProcess, saved_models: Callable[[int], Path]
) -> None:
    serve(server, saved_models(2), "described")
    schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
    found: list[str] = []
    for result in schema.get_all_operations():
        _attack(result.ok(), found)
    assert not found
    assert server.client.get("/health").status_code == 200


def _attack(operation: Any, found: list[str]) -> None:
    """A few requests of the operation; appends those that end in a server error."""
    modes = schemathesis.GenerationMode
    strategy = operation.as_strategy(generation_mode=modes.POSITIVE) | operation.as_strategy(
        generation_mode=modes.NEGATIVE
    )

    @hypothesis.given(case=strategy)
    @hypothesis.settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    def ask(case: Any) -> None:
        response = case.call(timeout=30)
        if response.status_code >= 500:
            found.append(f"{response.status_code} {case.as_curl_command()}")

    with suppress(hypothesis.errors.Unsatisfiable):
        ask()

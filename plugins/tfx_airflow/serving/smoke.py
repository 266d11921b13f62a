"""Asks a new version the golden requests before any user can, on an endpoint that none knows."""

from __future__ import annotations

from typing import Any

from tfx_airflow.serving import registry
from tfx_airflow.serving.errors import ServingError
from tfx_airflow.serving.golden import differences, largest_difference, summary
from tfx_airflow.serving.push import Push
from tfx_airflow.serving.steps import refuse
from tfx_contract.deployments import Happened
from tfx_contract.manifest import GOLDEN_FILE, GoldenAnswers

_ANSWER_SECONDS = 60.0
_ALL_OF_IT = {"0": 100}
# Busy, starting or overtaxed: that says nothing of the version.
_AGAIN = (429, 502, 503, 504)


def smoke_test(push: Push) -> str:
    """Loads the version where no user asks and compares its answers; returns a note.

    Raises:
      Refused: it answers otherwise than the SavedModel itself, or not at all.
      ServingError: the endpoint was too busy to say.
    """
    push.endpoint.check(push.lease)
    push.smoke_endpoint.ensure(push.wait)
    version = push.version
    push.smoke_endpoint.undeploy(lambda _, each: each.version == version, push.wait)
    name = registry.upload(push.clients, push.folder, push.manifest, push.serving, push.wait)
    push.smoke_endpoint.deploy(version, name, push.serving, push.wait, _ALL_OF_IT)
    try:
        return _ask(push)
    finally:
        # Not waited for: a step that is run again would load the version anew.
        push.smoke_endpoint.undeploy_soon()


def _ask(push: Push) -> str:
    try:
        golden = GoldenAnswers.read(push.folder / GOLDEN_FILE)
    except FileNotFoundError:
        note = "it loads; it has no golden answers to compare with"
        push.record(Happened.SMOKE_TESTED, note)
        return note
    found = _predictions(push, golden)
    if lines := differences(golden.predictions, found):
        why = f"answers golden requests wrongly by '{golden.signature}': {summary(lines)}"
        largest = largest_difference(golden.predictions, found)
        raise refuse(push, why, differences=len(lines), largest_difference=largest)
    numbers = {
        "requests": len(golden.instances),
        "largest_difference": largest_difference(golden.predictions, found),
    }
    push.record(Happened.SMOKE_TESTED, f"signature '{golden.signature}'", numbers)
    return f"{len(golden.instances)} golden requests answered as the SavedModel does"


def _predictions(push: Push, golden: GoldenAnswers) -> Any:
    endpoint = push.smoke_endpoint.read().name
    body = {"signature_name": golden.signature, "instances": golden.instances}
    url = push.clients.url(endpoint, "rawPredict")
    answer = push.clients.http.post(url, json=body, timeout=_ANSWER_SECONDS)
    if answer.status_code in _AGAIN:
        raise ServingError(f"{url} answered {answer.status_code}: {answer.text[:300]}")
    if not answer.ok:
        said = f"{answer.status_code}: {answer.text[:300]}"
        raise refuse(push, f"does not answer golden requests by '{golden.signature}', {said}")
    return answer.json().get("predictions")

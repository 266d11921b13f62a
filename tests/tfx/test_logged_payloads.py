"""Logged requests are taken apart; what is not as it should be is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tfx_components.request_statistics.payloads import Parts, take_apart
from tfx_request_log.records import Payload

SIGNATURES = {"serving_json"}


def request(
    instances: list[Any],
    predictions: list[Any],
    labels: Any = None,
    signature: str = "serving_json",
) -> Payload:
    """A request as the log holds it."""
    asked, answered = (
        json.dumps([json.dumps(one) for one in some]) for some in (instances, predictions)
    )
    return Payload(signature, asked, answered, None if labels is None else json.dumps(labels))


GOOD = request([{"fare": 1}, {"fare": 2}], [0.25, 0.5], [1, None])


def parts_of(*payloads: Payload) -> Parts:
    return take_apart(payloads, SIGNATURES)


def test_instances_and_predictions_stay_in_order_and_labels_find_theirs() -> None:
    parts = parts_of(GOOD, request([{"fare": 3}], [0.75], [0]))
    assert parts == Parts(
        instances=['{"fare": 1}', '{"fare": 2}', '{"fare": 3}'],
        predictions=["0.25", "0.5", "0.75"],
        labelled=[("0.25", 1), ("0.75", 0)],
    )


def test_requests_to_other_signatures_are_counted() -> None:
    parts = parts_of(request([{"a_xf": 1}], [0.5], signature="serving_transformed"), GOOD)
    assert (len(parts.instances), parts.others, parts.malformed) == (2, 1, 0)


@pytest.mark.parametrize(
    "damaged",
    [
        GOOD._replace(request=GOOD.request[:-4]),
        GOOD._replace(request="{}"),
        GOOD._replace(request="[1, 2]"),
        GOOD._replace(request='["a"], ["b"]'),
        GOOD._replace(response="[]"),
        GOOD._replace(response="null"),
        GOOD._replace(groundtruth="[1"),
        GOOD._replace(groundtruth="[1]"),
        GOOD._replace(groundtruth="1"),
    ],
)
def test_a_damaged_request_is_counted_and_harms_no_other(damaged: Payload) -> None:
    parts = parts_of(GOOD, damaged, GOOD)
    assert parts.malformed == 1
    assert parts.instances == [*parts_of(GOOD).instances] * 2
    assert parts.labelled == [("0.25", 1)] * 2


def test_no_requests_are_no_parts() -> None:
    assert parts_of() == Parts()

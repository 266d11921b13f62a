"""A whole server on small SavedModels: what it answers, and how it leaves."""

from __future__ import annotations

import asyncio
import json
import math
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tfx.endpoint.saved_models import example, save_counter, save_kinds, save_taxi
from tests.tfx.endpoint.serving_tools import serving, soon
from tfx_endpoint.errors import Code, RequestError

ROW = {"fare": 12.5, "trips": 2, "payment_type": "Cash"}


@pytest.fixture(scope="module")
def taxi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_taxi(tmp_path_factory.mktemp("taxi"))


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_kinds(tmp_path_factory.mktemp("kinds"))


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_counter(tmp_path_factory.mktemp("counter"))


@pytest.fixture(scope="module")
def bare(taxi: Path) -> Any:
    return tf.saved_model.load(str(taxi))


def _ask(path: Path, instances: Any, signature: str | None = None, **limits: Any) -> list[Any]:
    async def run() -> list[Any]:
        async with serving(path, **limits) as server:
            return (await server.predict(instances, signature, soon())).predictions

    return asyncio.run(run())


def _ask_columns(path: Path, inputs: Any, signature: str | None = None) -> Any:
    async def run() -> Any:
        async with serving(path) as server:
            return await server.predict_columns(inputs, signature, soon())

    return asyncio.run(run())


def _b64(row: dict[str, Any]) -> dict[str, str]:
    return {"b64": b64encode(example(row)).decode()}


def _bare_columns(model: Any, rows: list[dict[str, Any]]) -> list[list[float]]:
    def column(name: str) -> tf.Tensor:
        if name == "payment_type":
            return tf.constant([row[name] or "" for row in rows])
        numbers = [math.nan if row[name] is None else row[name] for row in rows]
        return tf.constant(numbers, tf.float64)

    answer = model.signatures["serving_json"](**{name: column(name) for name in ROW})
    return answer["probability"].numpy().tolist()


ROWS = st.fixed_dictionaries(
    {
        "fare": st.none() | st.floats(-1e6, 1e6, width=32) | st.integers(0, 99),
        "trips": st.none() | st.integers(0, 2**40) | st.just(3.0),
        "payment_type": st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
    }
)


@given(requests=st.lists(st.lists(ROWS, min_size=1, max_size=3), min_size=1, max_size=12))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_concurrent_answers_are_those_of_the_model_itself(
    taxi: Path, bare: Any, requests: list[list[Any]]
) -> None:
    async def run() -> None:
        async with serving(taxi) as server:
            by_row = [server.predict(rows, None, soon()) for rows in requests]
            serialized = [
                server.predict([_b64(row) for row in rows], None, soon()) for rows in requests
            ]
            for rows, *answers in zip(
                requests,
                await asyncio.gather(*by_row),
                await asyncio.gather(*serialized),
                strict=True,
            ):
                expected = _bare_columns(bare, rows)
                assert [answer.signature for answer in answers] == [
                    "serving_json",
                    "serving_default",
                ]
                for answer in answers:
                    np.testing.assert_allclose(answer.predictions, expected, rtol=1e-6)

    asyncio.run(run())


def test_values_come_back_as_they_were_sent(kinds: Path) -> None:
    rows = [
        {"number": 0.1, "whole": -7, "flag": True, "text": "Zürich"},
        {"number": None, "whole": 2**31 - 1, "flag": False, "text": {"b64": "/w=="}},
    ]
    assert _ask(kinds, rows) == [
        {**rows[0], "text_bytes": {"b64": "WsO8cmljaA=="}},
        {**rows[1], "text_bytes": {"b64": "/w=="}},
    ]


def test_predictions_are_plain_json_values(kinds: Path) -> None:
    predictions = _ask(kinds, [[[1, 2, 0.1], [3, 4, 5]]], "matrix")
    assert predictions == [[3.1, 12.0]]
    assert json.loads(json.dumps(predictions)) == predictions


def test_what_is_not_finite_is_null(kinds: Path) -> None:
    assert _ask(kinds, [0, 4, None], "quotient") == [None, 0.25, None]


def test_small_floats_and_unsigned_numbers_are_answered(kinds: Path) -> None:
    assert _ask(kinds, [1.5], "halves") == [{"bfloat16": 1.5, "float16": 1.5, "uint64": 1}]


@pytest.mark.parametrize("rows", [[1, 2], [[1], [2]], [[[1, 2]], [[3, 4]]]])
def test_a_feature_of_any_rank_takes_the_shape_that_is_sent(kinds: Path, rows: Any) -> None:
    assert _ask(kinds, rows, "any_rank") == (np.array(rows) + 1).tolist()


def test_columns_are_answered_in_columns(kinds: Path) -> None:
    assert _ask_columns(kinds, {"by": [2, 4]}, "quotient") == [0.5, 0.25]
    rows = {"number": [1.5], "whole": [2], "flag": [True], "text": ["a"]}
    assert _ask_columns(kinds, rows) == {**rows, "text_bytes": [{"b64": "YQ=="}]}


def test_a_signature_without_rows_is_asked_in_columns(counter: Path) -> None:
    assert _ask_columns(counter, {"x": 2.5}, "scalar") == {"double": 5.0, "name": "two\0"}
    assert _ask_columns(counter, [1, 2, 3], "total") == 6.0
    assert _ask(counter, list(range(8)), "eight") == list(range(8))
    with pytest.raises(RequestError, match=r"'total' of shape \[\] has no value for each of the 2"):
        _ask(counter, [1, 2], "total")


def test_rows_choose_the_signature_that_takes_them(taxi: Path) -> None:
    async def run() -> None:
        async with serving(taxi) as server:
            chosen = [
                (await server.predict([row], asked, soon())).signature
                for row, asked in [
                    (_b64(ROW), None),
                    ({"examples": _b64(ROW)}, None),
                    (ROW, None),
                    ([0.1, 0.2, 0.3], "serving_transformed"),
                ]
            ]
            assert chosen == [
                "serving_default",
                "serving_default",
                "serving_json",
                "serving_transformed",
            ]

    asyncio.run(run())


def test_a_deployment_may_have_another_default_signature(taxi: Path) -> None:
    predictions = _ask(taxi, [[1, 2, 3]], default_signature="serving_transformed")
    assert predictions == _ask(taxi, [[1, 2, 3]], "serving_transformed")


def test_an_unknown_signature_is_refused_with_those_there_are(taxi: Path) -> None:
    with pytest.raises(RequestError) as refused:
        _ask(taxi, [ROW], "serving_jason")
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert str(refused.value) == (
        "there is no signature 'serving_jason'; the model has serving_default, serving_json, "
        "serving_transformed, transform_features"
    )


def test_too_many_instances_are_refused(taxi: Path) -> None:
    with pytest.raises(RequestError, match="found 3 rows, at most 2"):
        _ask(taxi, [ROW] * 3, max_instances=2)


def test_a_bad_request_disturbs_none_of_its_neighbours(taxi: Path) -> None:
    bad: list[Any] = [[{"b64": "?"}], [{"fare": "x"}], [_b64(ROW), {"b64": "AAAA"}], [], "rows"]

    async def run() -> None:
        async with serving(taxi) as server:
            requests = [[_b64(ROW)], *([bad[i % 5], [ROW]][i % 2] for i in range(40))]
            outcomes = await asyncio.gather(
                *(server.predict(request, None, soon()) for request in requests),
                return_exceptions=True,
            )
            for request, outcome in zip(requests, outcomes, strict=True):
                if request in bad:
                    assert isinstance(outcome, RequestError)
                    assert outcome.http_status == 400
                else:
                    assert not isinstance(outcome, BaseException)
                    assert len(outcome.predictions) == 1
            assert server.in_flight == 0

    asyncio.run(run())


def test_draining_waits_for_the_last_request(counter: Path) -> None:
    async def run() -> None:
        async with serving(counter) as server:
            server.warm_up(None)
            await server.drain()
            rows = list(range(10_000))
            tasks = [asyncio.create_task(server.predict(rows, None, soon())) for _ in range(4)]
            await asyncio.sleep(0)
            assert server.in_flight == 4
            await server.drain()
            assert server.in_flight == 0
            assert [len(task.result().predictions) for task in tasks] == [10_000] * 4

    asyncio.run(run())


def test_a_server_answers_between_start_and_close_alone(counter: Path) -> None:
    async def run() -> None:
        async with serving(counter, max_batch_size=1) as server:
            working = asyncio.create_task(server.predict(list(range(2_000)), None, soon()))
            await asyncio.sleep(0.05)
            waiting = asyncio.create_task(server.predict([2], None, soon()))
            await asyncio.sleep(0.01)
            assert server.queued == 1
            server.close()
            for refused in (waiting, server.predict([3], None, soon())):
                with pytest.raises(RequestError, match="model@1 takes no requests") as error:
                    await refused
                assert error.value.code is Code.UNAVAILABLE
            assert len((await working).predictions) == 2_000

    asyncio.run(run())

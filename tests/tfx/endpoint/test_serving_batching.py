"""The queue before a model, with a real model behind it and its thread held where that matters."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tfx.endpoint.saved_models import example, save_counter, save_kinds, save_taxi
from tests.tfx.endpoint.serving_tools import soon
from tfx_endpoint.errors import Code, RequestError
from tfx_endpoint.serving.batching import Batcher
from tfx_endpoint.serving.calls import Call, Caller
from tfx_endpoint.serving.loaded import LoadedModel
from tfx_endpoint.settings import Limits


class Held:
    """A model's thread that does nothing until it is let go."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self._free = threading.Event()
        thread.submit(self._free.wait)

    def let_go(self) -> None:
        self._free.set()


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return LoadedModel.load(save_counter(tmp_path_factory.mktemp("counter")))


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def _batcher(model: LoadedModel, thread: ThreadPoolExecutor, **limits: Any) -> Batcher:
    settings = Limits(**limits)
    return Batcher(Caller(model, settings.max_batch_size), thread, settings)


def _numbers(*values: float, signature: str = "serving_default", deadline: float = 0) -> Call:
    tensors = {"x": np.array(values, np.float32)}
    return Call(signature, tensors, len(values), deadline or soon())


def _calls_so_far(model: LoadedModel) -> int:
    """Itself among them."""
    return int(model.call("serving_default", {"x": np.zeros(1, np.float32)})["calls"][0]) + 1


def _code(outcome: object) -> Code:
    assert isinstance(outcome, RequestError), outcome
    return outcome.code


async def _queued(batcher: Batcher, *calls: Call) -> list[asyncio.Task[Any]]:
    """Tasks of calls that all stand in the queue."""
    tasks = [asyncio.create_task(batcher.run(call)) for call in calls]
    await asyncio.sleep(0.02)
    return tasks


def test_what_gathers_while_the_model_works_goes_together(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    async def run() -> None:
        batcher, held = _batcher(counter, thread), Held(thread)
        first = await _queued(batcher, _numbers(0))
        rest = await _queued(batcher, *(_numbers(i, i + 0.5) for i in range(1, 20)))
        assert batcher.queued == 19
        held.let_go()
        [alone] = await asyncio.gather(*first)
        answers = await asyncio.gather(*rest)
        assert alone["together"].tolist() == [1]
        assert [answer["x"].tolist() for answer in answers] == [[i, i + 0.5] for i in range(1, 20)]
        assert {count for answer in answers for count in answer["together"].tolist()} == {38}
        assert batcher.queued == 0

    asyncio.run(run())


def test_a_batch_is_no_larger_than_allowed(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    async def run() -> None:
        batcher, held = _batcher(counter, thread, max_batch_size=8), Held(thread)
        tasks = await _queued(batcher, _numbers(0), *(_numbers(*range(3)) for _ in range(5)))
        held.let_go()
        answers = await asyncio.gather(*tasks)
        assert [int(answer["together"][0]) for answer in answers] == [7, 7, 7, 6, 6, 3]

    asyncio.run(run())


def test_a_request_larger_than_a_batch_is_answered_in_parts(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    async def run() -> None:
        answer = await _batcher(counter, thread, max_batch_size=8).run(_numbers(*range(20)))
        assert answer["x"].tolist() == list(range(20))
        assert answer["together"].tolist() == [8] * 16 + [4] * 4

    asyncio.run(run())


def test_requests_of_different_shapes_do_not_mix(
    tmp_path: Path, thread: ThreadPoolExecutor
) -> None:
    def tokens(*row: int) -> Call:
        return Call("ragged", {"tokens": np.array([row], np.int64)}, 1, soon())

    async def run() -> None:
        batcher, held = _batcher(LoadedModel.load(save_kinds(tmp_path)), thread), Held(thread)
        tasks = await _queued(batcher, tokens(0), tokens(1, 2), tokens(1, 2, 3), tokens(4, 5))
        held.let_go()
        answers = await asyncio.gather(*tasks)
        assert [answer["sum"].tolist() for answer in answers] == [[0], [3], [6], [9]]

    asyncio.run(run())


def test_signatures_without_rows_are_called_one_by_one(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    async def run() -> None:
        batcher, held = _batcher(counter, thread, max_batch_size=2), Held(thread)
        totals = [_numbers(1, 2, 3, signature="total"), _numbers(4, signature="total")]
        tasks = await _queued(batcher, *totals)
        held.let_go()
        answers = await asyncio.gather(*tasks)
        assert [answer["total"].tolist() for answer in answers] == [6, 4]

    asyncio.run(run())


def test_only_the_request_to_blame_fails(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    def request(*examples: bytes) -> Call:
        tensors = {"examples": np.array(examples, object)}
        return Call("serving_default", tensors, len(examples), soon())

    good = example({"fare": 12.5, "payment_type": "Cash"})
    calls = [request(good) for _ in range(20)]
    calls[7] = request(good, good, b"\xff corrupt\nvalue", good)

    async def run() -> None:
        model = LoadedModel.load(save_taxi(tmp_path))
        batcher, held = _batcher(model, thread), Held(thread)
        tasks = await _queued(batcher, *calls)
        held.let_go()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        refused = outcomes.pop(7)
        assert _code(refused) is Code.INVALID_ARGUMENT
        message = str(refused)
        assert message.startswith("instances[2]: the model refused it: Could not parse example")
        assert "\n" not in message
        assert message.isprintable()
        expected = model.call("serving_default", request(good).tensors)["probability"].tolist()
        answers = [outcome for outcome in outcomes if isinstance(outcome, dict)]
        assert len(answers) == 19
        assert all(answer["probability"].tolist() == expected for answer in answers)

    asyncio.run(run())


def test_the_bad_instance_of_a_large_request_is_named(
    tmp_path: Path, thread: ThreadPoolExecutor
) -> None:
    examples = np.full(500, example({"fare": 1.0}), object)
    examples[321] = b"corrupt"
    call = Call("serving_default", {"examples": examples}, 500, soon())

    async def run() -> None:
        batcher = _batcher(LoadedModel.load(save_taxi(tmp_path)), thread, max_batch_size=64)
        with pytest.raises(RequestError, match=r"^instances\[321\]: .* value: 'corrupt'$"):
            await batcher.run(call)

    asyncio.run(run())


def test_a_full_queue_refuses_at_once(counter: LoadedModel, thread: ThreadPoolExecutor) -> None:
    async def run() -> None:
        limits = {"max_queued_requests": 3, "max_queued_instances": 10}
        batcher, held = _batcher(counter, thread, **limits), Held(thread)
        working = await _queued(batcher, _numbers(0))
        waiting = await _queued(batcher, _numbers(1), _numbers(*range(8)))
        with pytest.raises(RequestError, match="2 requests with 9 instances wait") as refused:
            await batcher.run(_numbers(1, 2))
        assert refused.value.code is Code.RESOURCE_EXHAUSTED
        waiting += await _queued(batcher, _numbers(1))
        with pytest.raises(RequestError, match="the queue is full: 3 requests"):
            await batcher.run(_numbers(1))
        held.let_go()
        assert len(await asyncio.gather(*working, *waiting)) == 4
        await batcher.run(_numbers(1))

    asyncio.run(run())


def test_a_request_past_its_deadline_is_refused_and_never_run(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    async def run() -> None:
        batcher, held = _batcher(counter, thread), Held(thread)
        before = _calls_so_far(counter)
        began = time.monotonic()
        [busy] = await _queued(batcher, _numbers(0))
        [late] = await _queued(batcher, _numbers(1, deadline=soon(0.1)))
        with pytest.raises(RequestError, match="the deadline passed") as refused:
            await late
        assert time.monotonic() - began < 5
        assert refused.value.code is Code.DEADLINE_EXCEEDED
        assert batcher.queued == 0
        held.let_go()
        await busy
        assert _calls_so_far(counter) == before + 2

    asyncio.run(run())


def test_a_deadline_that_passed_before_the_request_refuses_it(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    with pytest.raises(RequestError, match="the deadline passed"):
        asyncio.run(_batcher(counter, thread).run(_numbers(1, deadline=soon(-1))))


def test_a_deadline_counts_while_the_model_works_too(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    async def run() -> None:
        batcher, held = _batcher(counter, thread), Held(thread)
        [taken] = await _queued(batcher, _numbers(1, deadline=soon(0.1)))
        assert batcher.queued == 0
        with pytest.raises(RequestError, match="the deadline passed"):
            await taken
        held.let_go()

    asyncio.run(run())


def test_a_caller_that_has_gone_leaves_the_queue(
    counter: LoadedModel, thread: ThreadPoolExecutor
) -> None:
    async def run() -> None:
        batcher, held = _batcher(counter, thread, max_queued_instances=5), Held(thread)
        before = _calls_so_far(counter)
        [busy] = await _queued(batcher, _numbers(0))
        [gone] = await _queued(batcher, _numbers(*range(5)))
        gone.cancel()
        await asyncio.wait([gone])
        assert batcher.queued == 0
        [stays] = await _queued(batcher, _numbers(*range(5)))
        held.let_go()
        await asyncio.gather(busy, stays)
        assert _calls_so_far(counter) == before + 3

    asyncio.run(run())

"""One version of a model, ready to answer: what the HTTP side knows of serving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from tfx_contract.manifest import GoldenAnswers
from tfx_endpoint.errors import Code, RequestError, invalid
from tfx_endpoint.serving.batching import Batcher
from tfx_endpoint.serving.calls import Call, Caller
from tfx_endpoint.serving.decoding import Decoder, count_rows
from tfx_endpoint.serving.encoding import encode_columns, encode_rows
from tfx_endpoint.serving.loaded import Arrays, LoadedModel
from tfx_endpoint.serving.signatures import SignatureSpec
from tfx_endpoint.serving.warming import warm_up
from tfx_endpoint.settings import Limits

DEFAULT_SIGNATURE, COLUMNS_SIGNATURE = "serving_default", "serving_json"


@dataclass(frozen=True)
class Answer:
    """Predictions, one for each instance: a bare value, or an object of outputs and values."""

    predictions: list[JsonValue]
    signature: str


class ModelServer:
    """Answers requests with one loaded model, in a thread of its own.

    `load` and `warm_up` block; the rest belongs to one event loop, between `start` and `close`.

    Args:
      name: For messages, as `chicago_taxi@7`.
      model: What answers.
      limits: What requests may cost.
      default_signature: Of requests that name none.

    Raises:
      RequestError: FAILED_PRECONDITION; the model has no such default signature.
    """

    def __init__(
        self, name: str, model: LoadedModel, limits: Limits, default_signature: str | None = None
    ) -> None:
        self.name = name
        self.signatures: dict[str, SignatureSpec] = model.signatures
        self.in_flight = 0
        if default_signature and default_signature not in self.signatures:
            message = f"{name}: {self._no_signature(default_signature)}"
            raise RequestError(Code.FAILED_PRECONDITION, message)
        self._default = default_signature
        self._limits = limits
        self._model: LoadedModel | None = model
        self._decoders = {
            key: Decoder(spec, limits.max_instances) for key, spec in self.signatures.items()
        }
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._batcher: Batcher | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @classmethod
    def load(
        cls, name: str, saved_model: Path, limits: Limits, default_signature: str | None = None
    ) -> ModelServer:
        """Reads a SavedModel, in the calling thread.

        Raises:
          RequestError: FAILED_PRECONDITION; there is none, it is damaged, or it has no signatures.
        """
        return cls(name, LoadedModel.load(saved_model), limits, default_signature)

    @property
    def queued(self) -> int:
        """Requests that the model has not begun with."""
        return self._batcher.queued if self._batcher else 0

    def warm_up(self, golden: GoldenAnswers | None) -> None:
        """Calls every signature, so that the first request is no slower than the second; blocks."""
        if self._model is not None:
            # In the thread that will answer: TensorFlow sets up each thread that calls it.
            self._thread.submit(warm_up, self._model, self._decoders, golden, self._limits).result()

    async def start(self) -> None:
        """Takes requests from here on, in the running event loop."""
        if self._model is not None:
            caller = Caller(self._model, self._limits.max_batch_size)
            self._batcher = Batcher(caller, self._thread, self._limits)

    async def drain(self) -> None:
        """Waits for the last request; refuses none, so whoever sends them must have stopped."""
        await self._idle.wait()

    def close(self) -> None:
        """Frees the thread and the model; requests that still wait get UNAVAILABLE."""
        if self._batcher is not None:
            self._batcher.refuse_all(self._unavailable())
        self._batcher = self._model = None
        self._thread.shutdown(wait=False)

    async def predict(
        self, instances: list[JsonValue], signature: str | None, deadline: float
    ) -> Answer:
        """One prediction for each instance.

        Args:
          instances: Objects of features and values, or bare values where there is one feature.
          signature: None for the default.
          deadline: A value of time.monotonic().

        Raises:
          RequestError: INVALID_ARGUMENT names the instance, the feature and what is expected;
            RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED, UNAVAILABLE, INTERNAL.
        """
        row = instances[0] if isinstance(instances, list) and instances else None
        name = self.choose_signature(row, signature)
        tensors = self._decoders[name].rows(instances)
        outputs = await self._run(name, tensors, len(instances), deadline)
        return Answer(encode_rows(outputs, len(instances)), name)

    async def predict_columns(
        self, inputs: JsonValue, signature: str | None, deadline: float
    ) -> JsonValue:
        """TF Serving's `outputs` for its `inputs`: all rows of a feature in one.

        Raises:
          RequestError: as `predict` does.
        """
        name = self.choose_signature(inputs, signature)
        tensors = self._decoders[name].columns(inputs)
        return encode_columns(await self._run(name, tensors, count_rows(tensors), deadline))

    def choose_signature(self, row: JsonValue, asked: str | None) -> str:
        """The signature that answers a request.

        Args:
          row: Its first instance, or its `inputs`.
          asked: The signature that it names, if any.

        Raises:
          RequestError: INVALID_ARGUMENT; there is no such signature, or no default.
        """
        name = asked or self._default or DEFAULT_SIGNATURE
        if name not in self.signatures:
            if asked is None and len(self.signatures) == 1:
                return next(iter(self.signatures))
            raise invalid(self._no_signature(name))
        by_default = not (asked or self._default)
        if by_default and COLUMNS_SIGNATURE in self.signatures:
            return name if self._decoders[name].takes(row) else COLUMNS_SIGNATURE
        return name

    async def _run(self, signature: str, tensors: Arrays, rows: int, deadline: float) -> Arrays:
        if self._batcher is None:
            raise self._unavailable()
        async with self._counted():
            return await self._batcher.run(Call(signature, tensors, rows, deadline))

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self.in_flight += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._idle.set()

    def _no_signature(self, name: str) -> str:
        there_are = ", ".join(self.signatures)
        return f"there is no signature '{name}'; the model has {there_are}"

    def _unavailable(self) -> RequestError:
        return RequestError(Code.UNAVAILABLE, f"{self.name} takes no requests")

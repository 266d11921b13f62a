"""Calls of the model on behalf of several requests, none of which may harm another.

Everything here runs in the model's own thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from tfx_endpoint.errors import Code, RequestError
from tfx_endpoint.serving.loaded import Arrays, LoadedModel, refusal


@dataclass(frozen=True, eq=False)
class Call:
    """What one request asks the model.

    Attributes:
      rows: Instances.
      deadline: A value of time.monotonic().
    """

    signature: str
    tensors: Arrays
    rows: int
    deadline: float


class Caller:
    """Calls one model.

    Args:
      model: The model.
      max_batch_size: Instances in one call of the model.
    """

    def __init__(self, model: LoadedModel, max_batch_size: int) -> None:
        self._model = model
        self._max_batch_size = max_batch_size

    def has_batches(self, signature: str) -> bool:
        """Whether calls of a signature can be put together."""
        return self._model.signatures[signature].has_batches

    def answer(self, calls: list[Call]) -> list[Arrays | RequestError]:
        """An outcome for each call; all are of one signature, and of one shape but for their rows.

        They go through the model together. When that fails, each goes alone, so that only those
        which are to blame fail.
        """
        if len(calls) > 1:
            try:
                return [*self._together(calls)]
            except Exception:  # Whoever it was finds out below, alone.
                pass
        return [self._alone(call) for call in calls]

    def _together(self, calls: list[Call]) -> list[Arrays]:
        signature, rows = calls[0].signature, sum(call.rows for call in calls)
        outputs = self._model.call(
            signature,
            {
                name: np.concatenate([call.tensors[name] for call in calls])
                for name in calls[0].tensors
            },
        )
        if any(len(array) != rows for array in outputs.values()):
            raise ValueError("an output has another number of rows")
        answers, start = [], 0
        for call in calls:
            stop = start + call.rows
            answers.append({name: array[start:stop] for name, array in outputs.items()})
            start = stop
        return answers

    def _alone(self, call: Call) -> Arrays | RequestError:
        if time.monotonic() > call.deadline:
            return too_late()
        whole = not self.has_batches(call.signature)
        size = call.rows if whole else min(call.rows, self._max_batch_size)
        parts = []
        for start in range(0, call.rows, size):
            stop = min(start + size, call.rows)
            try:
                parts.append(self._part(call, start, stop))
            except Exception as error:  # Whatever the model raises is this request's answer.
                return refusal(error) if whole else self._blame(call, start, stop, error)
        return parts[0] if len(parts) == 1 else _concatenated(parts)

    def _part(self, call: Call, start: int, stop: int) -> Arrays:
        if stop - start == call.rows:
            return self._model.call(call.signature, call.tensors)
        part = {name: array[start:stop] for name, array in call.tensors.items()}
        return self._model.call(call.signature, part)

    def _blame(self, call: Call, start: int, stop: int, error: Exception) -> RequestError:
        """Halves the rows that failed until one is left."""
        refused = refusal(error)
        if refused.code is not Code.INVALID_ARGUMENT:
            return refused
        while stop - start > 1:
            middle = (start + stop) // 2
            if self._fails(call, start, middle):
                stop = middle
            else:
                start = middle
        if not self._fails(call, start, stop):
            return refused  # The rows fail only together.
        return RequestError(refused.code, f"instances[{start}]: the model refused it: {refused}")

    def _fails(self, call: Call, start: int, stop: int) -> bool:
        try:
            self._part(call, start, stop)
        except Exception:  # Asked for just this.
            return True
        return False


def too_late() -> RequestError:
    """What a request gets whose deadline has passed."""
    return RequestError(
        Code.DEADLINE_EXCEEDED, "the deadline passed before the model had answered; try again later"
    )


def _concatenated(parts: list[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

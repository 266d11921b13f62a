"""Metrics of labelled answers, and whether a difference is more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

# Names of TFMA's for which Keras has another.
_SPELLED = {"AUCPrecisionRecall": lambda: tf.keras.metrics.AUC(curve="PR")}
_RESAMPLES = 100
# One-sided, one in a thousand, of a normal distribution.
_QUANTILE = 3.09
# One-sided, five in a hundred.
_GAIN_QUANTILE = 1.645
_MOST_DRAWN = 2_000
_SEED = 20_130_617


@dataclass(frozen=True)
class Labelled:
    """Predictions and what turned out to be true, a row each."""

    predictions: Numbers
    labels: Numbers

    @classmethod
    def of(cls, pairs: Sequence[tuple[Any, Any]]) -> Labelled | None:
        """Pairs as JSON has them; None where they are no numbers, or of different shapes.

        A pair with a null is left out.
        """
        try:
            predictions = np.array([prediction for prediction, _ in pairs], dtype=np.float64)
            labels = np.array([label for _, label in pairs], dtype=np.float64)
        except (TypeError, ValueError):
            return None
        if not pairs:
            return None
        rows = len(pairs)
        predictions, labels = predictions.reshape(rows, -1), labels.reshape(rows, -1)
        known = np.isfinite(predictions).all(axis=1) & np.isfinite(labels).all(axis=1)
        return cls(predictions[known], labels[known]) if known.any() else None

    @property
    def rows(self) -> int:
        return len(self.labels)

    def picked(self, rows: Rows) -> Labelled:
        """Some of the rows, perhaps several times."""
        return Labelled(self.predictions[rows], self.labels[rows])


@dataclass(frozen=True)
class Difference:
    """A metric, twice; by chance alone it would differ by no more than `chance`."""

    before: float
    after: float
    chance: float


class Metric:
    """A metric by the name of its Keras class.

    Args:
      name: As in `evaluation.metrics` of model.yaml.
    """

    def __init__(self, name: str) -> None:
        make = _SPELLED.get(name) or getattr(tf.keras.metrics, name, None)
        # Made once: that takes longer than to compute one of a thousand rows.
        self._metric = make() if make else None

    def of(self, labelled: Labelled) -> float | None:
        """Its value; None when Keras has no such metric, or cannot compute it of these."""
        if self._metric is None:
            return None
        self._metric.reset_state()
        try:
            self._metric.update_state(labelled.labels, labelled.predictions)
            return float(self._metric.result())
        except (TypeError, ValueError, tf.errors.InvalidArgumentError):
            return None


def compare(name: str, before: Labelled, after: Labelled) -> Difference | None:
    """A metric in two samples, with what chance makes of their difference.

    The standard error is that of the bootstrap: both samples are drawn again from themselves.

    Returns:
      None when the metric cannot be computed of one of them.
    """
    metric = Metric(name)
    first, second = metric.of(before), metric.of(after)
    if first is None or second is None:
        return None
    random = np.random.default_rng(_SEED)
    one, other = (_spread(metric, sample, random) for sample in (before, after))
    return Difference(first, second, _QUANTILE * float(np.hypot(one, other)))


def compare_models(
    name: str, labels: Sequence[Any], before: Sequence[Any], after: Sequence[Any]
) -> Difference | None:
    """A metric of two models on the same rows; what both get wrong cancels out.

    Args:
      name: As for `Metric`.
      labels: Of the rows.
      before: One model's predictions of them.
      after: The other's.

    Returns:
      None when the metric cannot be computed of one of them.
    """
    pairs = [Labelled.of(list(zip(some, labels, strict=True))) for some in (before, after)]
    if pairs[0] is None or pairs[1] is None or pairs[0].rows != pairs[1].rows:
        return None
    metric, one, other = Metric(name), pairs[0], pairs[1]
    first, second = metric.of(one), metric.of(other)
    if first is None or second is None:
        return None
    random = np.random.default_rng(_SEED)
    drawn = [_between(metric, one, other, rows) for rows in _resamples(one.rows, random)]
    spread = float(np.nanstd(drawn)) * _shrink(one.rows)
    return Difference(first, second, _GAIN_QUANTILE * spread)


def _between(metric: Metric, one: Labelled, other: Labelled, rows: Rows) -> float:
    """How far apart two models are on some rows; NaN where that cannot be told."""
    values = [metric.of(each.picked(rows)) for each in (one, other)]
    return np.nan if values[0] is None or values[1] is None else values[1] - values[0]


def _spread(metric: Metric, labelled: Labelled, random: np.random.Generator) -> float:
    """The standard error of a metric."""
    drawn = [metric.of(labelled.picked(rows)) for rows in _resamples(labelled.rows, random)]
    known = [value for value in drawn if value is not None]
    return float(np.std(known)) * _shrink(labelled.rows)


def _resamples(rows: int, random: np.random.Generator) -> Iterator[Rows]:
    for _ in range(_RESAMPLES):
        yield random.integers(0, rows, min(rows, _MOST_DRAWN))


def _shrink(rows: int) -> float:
    """What makes the spread of smaller samples that of a whole one."""
    return float(np.sqrt(min(rows, _MOST_DRAWN) / rows))

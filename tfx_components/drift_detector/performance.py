"""Metrics of labelled answers, and whether a difference is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Numbers = npt.NDArray[np.float64]

# Names of TFMA's for which Keras has another.
_SPELLED = {"AUCPrecisionRecall": lambda: tf.keras.metrics.AUC(curve="PR")}
_RESAMPLES = 200
# One-sided, one in a thousand, of a normal distribution.
_QUANTILE = 3.09
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


@dataclass(frozen=True)
class Difference:
    """A metric in two samples; `chance` is how much worse it may be by chance alone."""

    before: float
    after: float
    chance: float


def metric_of(name: str, labelled: Labelled) -> float | None:
    """A metric by the name of its Keras class; None when Keras has none of that name.

    Args:
      name: As in `evaluation.metrics` of model.yaml.
      labelled: Predictions and labels.
    """
    make = _SPELLED.get(name) or getattr(tf.keras.metrics, name, None)
    if make is None:
        return None
    metric = make()
    try:
        metric.update_state(labelled.labels, labelled.predictions)
        return float(metric.result())
    except (TypeError, ValueError, tf.errors.InvalidArgumentError):
        return None


def compare(name: str, before: Labelled, after: Labelled) -> Difference | None:
    """A metric in two samples, with what chance makes of their difference.

    The standard error is that of the bootstrap: both samples are drawn again from themselves.

    Returns:
      None when the metric cannot be computed of one of them.
    """
    values = metric_of(name, before), metric_of(name, after)
    if None in values:
        return None
    random = np.random.default_rng(_SEED)
    one, other = (_spread(name, sample, random) for sample in (before, after))
    chance = _QUANTILE * float(np.hypot(one, other))
    return Difference(float(values[0] or 0), float(values[1] or 0), chance)


def _spread(name: str, labelled: Labelled, random: np.random.Generator) -> float:
    drawn = []
    for _ in range(_RESAMPLES):
        picked = random.integers(0, labelled.rows, labelled.rows)
        again = Labelled(labelled.predictions[picked], labelled.labels[picked])
        drawn.append(metric_of(name, again))
    return float(np.std([value for value in drawn if value is not None]))

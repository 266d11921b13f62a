"""Whether a candidate beats the live model on the same rows, beyond what chance explains."""

from __future__ import annotations

import numpy as np
import pytest

from tfx_components.gain_check.gain import judge_gain
from tfx_contract.training_spec import Threshold

METRICS = {"ExampleCount": Threshold(), "AUC": Threshold()}


def scores(labels: list[int], noise: float, seed: int) -> list[list[float]]:
    """Predictions that tell the labels apart, the better the less noise."""
    drawn = np.random.default_rng(seed).normal(0, noise, len(labels))
    return [
        [1 / (1 + np.exp(-(2 * label - 1 + n)))] for label, n in zip(labels, drawn, strict=True)
    ]


def truth(rows: int) -> list[int]:
    drawn: list[int] = np.random.default_rng(3).integers(0, 2, rows).tolist()
    return drawn


def test_a_better_model_gains() -> None:
    labels = truth(2_000)
    gain = judge_gain(METRICS, labels, scores(labels, 3, 1), scores(labels, 1, 2))
    assert gain.gained
    assert (gain.metric, gain.rows) == ("AUC", 2_000)
    assert gain.candidate is not None
    assert gain.live is not None
    assert gain.candidate > gain.live + 0.1


@pytest.mark.parametrize("seed", range(2, 8))
def test_another_model_that_is_as_good_rarely_gains_enough(seed: int) -> None:
    labels = truth(500)
    gain = judge_gain(METRICS, labels, scores(labels, 2, 1), scores(labels, 2, seed))
    assert gain.bound is not None
    assert abs((gain.candidate or 0) - (gain.live or 0)) < 2 * gain.bound


def test_the_same_model_gains_nothing() -> None:
    labels = truth(500)
    same = scores(labels, 2, 1)
    assert not judge_gain(METRICS, labels, same, same).gained


def test_of_an_error_less_is_more() -> None:
    labels = truth(500)
    metrics = {"MeanSquaredError": Threshold(higher_is_better=False)}
    one, other = scores(labels, 3, 1), scores(labels, 1, 2)
    assert judge_gain(metrics, labels, one, other).gained
    assert not judge_gain(metrics, labels, other, one).gained


def test_metrics_that_keras_lacks_are_told() -> None:
    gain = judge_gain({"ExampleCount": Threshold()}, [1], [[0.5]], [[0.5]])
    assert not gain.gained
    assert "ExampleCount" in gain.reason

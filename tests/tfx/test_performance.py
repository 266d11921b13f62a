"""Metrics of labelled answers: what they are, and what chance makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfx_components.performance import Labelled, Metric, compare


def answers(rows: int, seed: int, noise: float = 1.0) -> Labelled:
    """Scores of two classes that tell them apart, the better the less noise."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows)
    scores = 1 / (1 + np.exp(-(2 * labels - 1 + random.normal(0, noise, rows))))
    labelled = Labelled.of(
        [([float(s)], int(label)) for s, label in zip(scores, labels, strict=True)]
    )
    assert labelled is not None
    return labelled


@pytest.mark.parametrize(
    ("name", "pairs", "expected"),
    [
        ("BinaryAccuracy", [(0.9, 1), (0.2, 0), (0.6, 0), (0.1, 0)], 0.75),
        ("BinaryAccuracy", [([0.9], True), ([0.2], False)], 1.0),
        ("AUC", [(0.1, 0), (0.2, 0), (0.8, 1), (0.9, 1)], 1.0),
        ("AUCPrecisionRecall", [(0.1, 0), (0.2, 0), (0.8, 1), (0.9, 1)], 1.0),
        ("SparseCategoricalAccuracy", [([0.1, 0.9], 1), ([0.8, 0.2], 1)], 0.5),
        ("MeanSquaredError", [(3, 1), (2, 2)], 2.0),
    ],
)
def test_a_metric_is_that_of_keras(name: str, pairs: list[Any], expected: float) -> None:
    labelled = Labelled.of(pairs)
    assert labelled is not None
    assert Metric(name).of(labelled) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "pairs", [[], [("yes", 1)], [(0.5, "yes")], [(0.5, None)], [([1], 1), ([1, 2], 1)]]
)
def test_what_is_no_number_gives_no_metric(pairs: list[Any]) -> None:
    assert Labelled.of(pairs) is None


def test_a_metric_that_does_not_fit_is_none() -> None:
    assert Metric("ExampleCount").of(answers(50, 1)) is None
    assert Metric("AUC").of(answers(50, 1)) is not None


def test_worse_answers_differ_by_more_than_chance() -> None:
    found = compare("AUC", answers(3_000, 1), answers(1_000, 2, noise=3.0))
    assert found is not None
    assert found.before - found.after > found.chance


def test_as_good_answers_differ_by_no_more_than_chance() -> None:
    before = answers(2_000, 1)
    for seed in range(2, 8):
        found = compare("BinaryAccuracy", before, answers(1_000, seed))
        assert found is not None
        assert abs(found.before - found.after) <= found.chance


def test_chance_makes_more_of_fewer_answers() -> None:
    few, many = (compare("BinaryAccuracy", answers(2_000, 1), answers(n, 2)) for n in (100, 2_000))
    assert few is not None
    assert many is not None
    assert few.chance > 2 * many.chance

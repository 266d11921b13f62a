"""How much better a candidate is than the live model, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from tfx_components.performance import compare_models
from tfx_contract.record import Record
from tfx_contract.training_spec import Threshold

GAIN_FILE = "gain.json"


class Gain(Record):
    """What was found."""

    gained: bool
    reason: str
    metric: str | None = None
    live: float | None = None
    candidate: float | None = None
    bound: float | None = Field(
        default=None, description="Gain that chance alone stays below, 95 times in a hundred."
    )
    rows: int = 0


def judge_gain(
    metrics: Mapping[str, Threshold],
    labels: Sequence[Any],
    live: Sequence[Any],
    candidate: Sequence[Any],
) -> Gain:
    """Compares two models by the first metric that Keras has, with a paired bootstrap.

    Args:
      metrics: `evaluation.metrics` of model.yaml.
      labels: Of the rows.
      live: The live model's predictions of them.
      candidate: The candidate's.
    """
    for name, limit in metrics.items():
        if found := compare_models(name, labels, live, candidate):
            sign = 1 if limit.higher_is_better else -1
            gain = sign * (found.after - found.before)
            return Gain(
                gained=gain > found.chance,
                reason=(
                    f"{name} {found.after:.4f}, the live model's {found.before:.4f}: "
                    f"a gain of {gain:.4f}, by chance up to {found.chance:.4f}, "
                    f"on {len(labels)} rows of the newest data"
                ),
                metric=name,
                live=found.before,
                candidate=found.after,
                bound=found.chance,
                rows=len(labels),
            )
    return Gain(gained=False, reason=f"none of {', '.join(metrics)} can be computed row by row")


def read_gain(folder: str) -> Gain:
    """What GainCheck wrote."""
    return Gain.read(Path(folder) / GAIN_FILE)

"""`training`, `tuning` and `evaluation` of `model.yaml`."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from tfx_contract.record import Record


class Training(Record):
    """How long the Trainer trains, and with what."""

    steps: int = Field(default=1000, ge=1, description="Batches to learn from.")
    eval_steps: int = Field(default=100, ge=1, description="Batches to validate on.")
    hyperparameters: dict[str, int | float | str | bool] = Field(
        default={}, description="Handed to `run_fn` as `fn_args.custom_config`."
    )


class TuneWhen(StrEnum):
    """Which runs look for hyperparameters."""

    ASKED = "asked"
    ALWAYS = "always"


class Tuning(Record):
    """Has `tuner_fn` of `trainer.py` look for the best hyperparameters."""

    when: TuneWhen = Field(
        default=TuneWhen.ASKED,
        description="`asked`: runs whose parameter `tune` is true, and the others take the best "
        "of the last such run; `always`: every run.",
    )
    steps: int = Field(default=100, ge=1, description="Batches that a trial learns from.")
    eval_steps: int = Field(default=20, ge=1, description="Batches that a trial is validated on.")


class Threshold(Record):
    """What a metric must reach before a model is blessed."""

    minimum: float | None = Field(default=None, description="Smallest value that will do.")
    maximum: float | None = Field(default=None, description="Largest value that will do.")
    may_worsen_by: float | None = Field(
        default=None, ge=0, description="Largest loss against the baseline, in the metric's unit."
    )
    higher_is_better: bool = Field(
        default=True, description="`false` for errors and losses; only `may_worsen_by` asks."
    )


class Evaluation(Record):
    """How a candidate is judged."""

    label: str = Field(description="Label after the transformation, for instance `tips_xf`.")
    signature: str = Field(
        default="serving_default",
        description="SavedModel signature that the Evaluator calls, on serialized raw examples.",
    )
    preprocessing_signature: str = Field(
        default="transform_features",
        description="SavedModel signature that transforms raw examples, label included.",
    )
    metrics: dict[str, Threshold] = Field(
        min_length=1,
        description="TFMA or Keras metric class names, each with its thresholds (or `{}`).",
    )
    slices: list[str | list[str]] = Field(
        default=[], description="Columns, or lists of columns, to report metrics by."
    )

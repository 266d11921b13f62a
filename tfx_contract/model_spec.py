"""`model.yaml`: what a team says about one model. Only `data` and `evaluation` have no default."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import Field, ValidationError, field_validator

from tfx_contract.errors import SpecError
from tfx_contract.parameters import FORCE_FULL_RUN, ParameterSpec
from tfx_contract.record import Record
from tfx_contract.spec_errors import describe_mistakes

SPEC_FILE = "model.yaml"
MODEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class DataFormat(StrEnum):
    """File formats that ExampleGen reads."""

    CSV = "csv"


class Data(Record):
    """The training data."""

    uri: str = Field(
        description="Folder of the data files. `package://NAME/PATH` points into an installed "
        "Python package of the TFX environment."
    )
    format: DataFormat = DataFormat.CSV
    label: str = Field(description="Column that the model learns to predict.")


class Training(Record):
    """How long the Trainer trains, and with what."""

    steps: int = Field(default=1000, ge=1)
    eval_steps: int = Field(default=100, ge=1)
    hyperparameters: dict[str, int | float | str | bool] = Field(
        default={}, description="Handed to `run_fn` as `fn_args.custom_config`."
    )


class Threshold(Record):
    """What a metric must reach before a model is blessed."""

    minimum: float | None = None
    maximum: float | None = None
    may_worsen_by: float | None = Field(
        default=None, ge=0, description="Largest loss against the baseline, in the metric's unit."
    )
    higher_is_better: bool = True


class Evaluation(Record):
    """How a candidate is judged."""

    label: str = Field(description="Label after the transformation, for instance `tips_xf`.")
    signature: str = Field(
        default="serving_default",
        description="SavedModel signature that the Evaluator calls, on serialized raw examples.",
    )
    preprocessing_signature: str = "transform_features"
    metrics: dict[str, Threshold] = Field(
        min_length=1,
        description="TFMA or Keras metric class names, each with its thresholds (or `{}`).",
    )
    slices: list[str | list[str]] = Field(
        default=[], description="Columns, or lists of columns, to report metrics by."
    )


class Push(Record):
    """Whether a blessed model becomes a version."""

    enabled: bool = True


class Execution(Record):
    """How Airflow runs the nodes."""

    retries: int = Field(default=2, ge=0)
    retry_delay_seconds: float = Field(default=5, ge=0)
    timeout_minutes: float = Field(default=240, gt=0)
    stall_minutes: float = Field(
        default=15,
        gt=0,
        description="A node without output and processor time for so long is ended.",
    )
    transform_statistics: bool = Field(
        default=False,
        description="Have Transform compute statistics of its own, at a third of its time.",
    )
    beam_args: list[str] = Field(
        default=["--direct_running_mode=in_memory"], description="Beam pipeline options."
    )


class ModelSpec(Record):
    """One model, as `dags/<model>/model.yaml` declares it."""

    description: str = ""
    owner: str = "airflow"
    tags: list[str] = []
    schedule: str | None = Field(
        default=None,
        description="Cron expression or preset such as `@daily`; left out, only manual runs.",
    )
    timezone: str = "UTC"
    data: Data
    training: Training = Training()
    evaluation: Evaluation
    push: Push = Push()
    execution: Execution = Execution()
    parameters: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ParameterSpec] = {}

    @field_validator("timezone")
    @classmethod
    def _is_a_time_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("is not a time zone of the tz database, such as 'America/Chicago'")
        return name

    @field_validator("parameters")
    @classmethod
    def _leaves_our_name_alone(cls, value: dict[str, ParameterSpec]) -> dict[str, ParameterSpec]:
        if FORCE_FULL_RUN in value:
            raise ValueError(f"'{FORCE_FULL_RUN}' is a parameter of every DAG; choose another name")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def load_model_spec(folder: Path) -> ModelSpec:
    """Reads `model.yaml` of a model's folder.

    Raises:
      SpecError: there is no such file, it is not YAML, or it has mistakes; all are listed.
    """
    path = folder / SPEC_FILE
    if not MODEL_NAME.fullmatch(folder.name):
        raise SpecError(
            f"{folder}: a model is named by its folder, in lower-case letters, digits and "
            f"underscores, a letter first, 63 at most; found '{folder.name}'."
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such file; a model folder holds one.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: this is not valid YAML in UTF-8: {error}") from error
    try:
        return ModelSpec.model_validate({} if content is None else content)
    except ValidationError as error:
        raise SpecError(describe_mistakes(path, error, ModelSpec)) from error

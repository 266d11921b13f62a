"""`model.yaml`: what a team says about one model.

A model of the standard training pipeline must say what its `data` and `evaluation` are. One with a
pipeline of its own, in `pipeline.py` or in an installed package, says the rest only.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from tfx_contract.data_spec import Data, Scoring, check_room
from tfx_contract.drift_spec import Drift
from tfx_contract.errors import SpecError
from tfx_contract.parameters import ParameterSpec, RunOption
from tfx_contract.record import Record
from tfx_contract.serving_spec import Serving
from tfx_contract.spans import Spans
from tfx_contract.spec_errors import describe_mistakes
from tfx_contract.training_spec import Evaluation, Training, Tuning

SPEC_FILE = "model.yaml"
PIPELINE_FILE = "pipeline.py"
MODEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Push(Record):
    """Whether a blessed model becomes a version."""

    enabled: bool = Field(default=True, description="`false` trains and judges without pushing.")
    in_backfills: bool = Field(
        default=False, description="Whether a backfill pushes, too, when it is not asked to."
    )


class Execution(Record):
    """How Airflow runs the nodes."""

    retries: int = Field(default=2, ge=0, description="Tries of a node after the first.")
    retry_delay_seconds: float = Field(default=5, ge=0, description="Time between tries.")
    timeout_minutes: float = Field(default=240, gt=0, description="Longest time of one node.")
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
    """What every model may say, as `dags/<model>/model.yaml` declares it."""

    description: str = Field(default="", description="One sentence, shown in Airflow.")
    owner: str = Field(default="airflow", description="Owner of the DAGs.")
    tags: list[str] = Field(default=[], description="Tags of the DAGs.")
    schedule: str | None = Field(
        default=None,
        description="Cron expression or preset such as `@daily`; left out, only manual runs.",
    )
    timezone: str = Field(
        default="UTC",
        description="Time zone of the schedule and of spans, a name of the tz database.",
    )
    start_date: date | None = Field(
        default=None, description="First day of the schedule; needed to catch up."
    )
    catchup: bool = Field(
        default=False, description="Run every tick since `start_date` that has not run yet."
    )
    spans: Spans = Spans()
    push: Push = Push()
    serving: Serving | None = Field(
        default=None, description="How versions are served; left out, they are only pushed."
    )
    execution: Execution = Execution()
    parameters: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ParameterSpec] = Field(
        default={}, description="The form of a run: what may differ from one run to the next."
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                "is not a time zone of the tz database, such as 'America/Chicago'"
            ) from error
        return name

    @field_validator("parameters")
    @classmethod
    def _leaves_our_names_alone(cls, value: dict[str, ParameterSpec]) -> dict[str, ParameterSpec]:
        if taken := sorted(set(value) & set(RunOption)):
            raise ValueError(f"'{taken[0]}' is a parameter of every DAG; choose another name")
        return value

    @model_validator(mode="after")
    def _knows_where_to_start(self) -> Self:
        if self.catchup and self.start_date is None:
            raise ValueError("'catchup' needs a 'start_date'")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class StandardModelSpec(ModelSpec):
    """A model of the standard training pipeline."""

    data: Data
    training: Training = Training()
    tuning: Tuning | None = None
    evaluation: Evaluation
    scoring: Scoring | None = None
    drift: Drift | None = Field(
        default=None, description="Watches what is asked of the model; left out, nobody does."
    )

    @model_validator(mode="after")
    def _has_the_spans_it_speaks_of(self) -> Self:
        if self.spans != Spans() and not self.data.has_spans:
            raise ValueError(
                "'spans' needs a 'data.pattern' with {SPAN}, or with {YYYY}, {MM} and {DD}"
            )
        return self

    @model_validator(mode="after")
    def _logs_what_it_watches(self) -> Self:
        if self.drift and self.serving is None:
            raise ValueError("'drift' compares logged requests, so it needs 'serving'")
        return self

    @model_validator(mode="after")
    def _has_room_for_what_it_logs(self) -> Self:
        if self.drift and self.drift.learn_from_log:
            check_room(self.data)
        return self


class OwnPipeline(Record):
    """A pipeline that somebody wrote with TFX, taken as it is."""

    function: str = Field(
        default="pipeline:create_pipeline",
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="`module:function` that returns a TFX Pipeline; a module of the model's "
        "folder, or of an installed package.",
    )
    arguments: dict[str, Any] = Field(
        default={},
        description="Its arguments. Those named `pipeline_name`, `pipeline_root`, `enable_cache`, "
        "`beam_pipeline_args`, `metadata_path` and `metadata_connection_config` are filled in.",
    )


class CustomModelSpec(ModelSpec):
    """A model with a pipeline of its own."""

    pipeline: OwnPipeline = OwnPipeline()


AnyModelSpec = StandardModelSpec | CustomModelSpec


def load_model_spec(folder: Path) -> AnyModelSpec:
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
    content = _read_yaml(path)
    own = (folder / PIPELINE_FILE).exists() or (isinstance(content, dict) and "pipeline" in content)
    shape: type[AnyModelSpec] = CustomModelSpec if own else StandardModelSpec
    try:
        return shape.model_validate({} if content is None else content)
    except ValidationError as error:
        raise SpecError(describe_mistakes(path, error, shape)) from error


def _read_yaml(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path}: there is no such file; a model folder holds one.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: this is not valid YAML in UTF-8: {error}") from error

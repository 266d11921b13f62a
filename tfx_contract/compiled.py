"""The compiled pipeline: a self-contained folder under its own digest.

compiled/<model>/
    current.json            the digest that new runs take, and what it was compiled from
    <digest>/
        package.json        these records
        train.ir.json       TFX's intermediate representation of each pipeline
        modules/            the model's own Python modules, put first on sys.path of a node
        files/              schema, expectations, golden requests: the node's working directory
                            is the package folder, so the IR names them by relative path
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationError

from tfx_contract.errors import PackageError
from tfx_contract.model_spec import AnyModelSpec, ModelSpec, StandardModelSpec
from tfx_contract.parameters import ParameterSpec, RunOption
from tfx_contract.record import Record

PACKAGE_FILE = "package.json"
POINTER_FILE = "current.json"

TRAIN = "train"
SCORE = "score"
DRIFT = "drift"
# DAGs of a model that run no pipeline of TFX.
PUSH = "push"
ROLLBACK = "rollback"


class Waits(StrEnum):
    """What a node needs of the nodes before it."""

    SUCCESS = "success"
    NO_FAILURE = "no_failure"
    END = "end"


class NodeRecord(Record):
    """One TFX node as a plain record."""

    id: str
    type: str = Field(description="Component class, as TFX names it.")
    upstream: list[str] = []
    parameters: dict[str, object] = {}
    runs_if: RunOption | None = Field(
        default=None, description="A boolean run option without which the node is skipped."
    )
    waits_for: Waits = Waits.SUCCESS


class CodeOrigin(Record):
    """Where the code of a compiled pipeline came from."""

    git_commit: str | None = None
    git_dirty: bool | None = None
    environment: str | None = Field(
        default=None, description="SHA-256 of the TFX environment's lock."
    )


class CompiledPipeline(Record):
    """One TFX pipeline of a model, rendered as one DAG."""

    nodes: list[NodeRecord] = Field(description="In topological order.")
    parameters: dict[str, ParameterSpec] = Field(description="Defaults filled in from the IR.")
    pattern: str | None = Field(
        default=None, description="The input pattern with spans, when there is one."
    )


class Package(Record):
    """A model's folder, compiled: what the DAG factory renders and the node runner executes."""

    model: str
    digest: str
    spec: AnyModelSpec
    pipelines: dict[str, CompiledPipeline] = Field(description="By name; `train` is always there.")
    modules_digest: str
    origin: CodeOrigin = CodeOrigin()
    tfx_version: str

    @property
    def train(self) -> CompiledPipeline:
        return self.pipelines[TRAIN]


def dag_id(model: str, pipeline: str) -> str:
    """The DAG of a pipeline; the MLMD pipeline has the same name."""
    return model if pipeline == TRAIN else f"{model}__{pipeline}"


def schedule_of(spec: ModelSpec, pipeline: str) -> str | None:
    """The cron expression that a pipeline of a model runs by."""
    if pipeline == SCORE and isinstance(spec, StandardModelSpec) and spec.scoring:
        return spec.scoring.schedule
    return spec.schedule if pipeline == TRAIN else None


class Pointer(Record):
    """Which package new runs of a model take."""

    digest: str
    sources: dict[str, str] = Field(description="SHA-256 of every source file, by relative path.")
    compiled_at: str
    failure: str | None = Field(
        default=None, description="Why the newest sources could not be compiled, if they could not."
    )


def load_package(folder: Path) -> Package:
    """Reads a compiled pipeline.

    Raises:
      PackageError: it is missing or damaged; the message names the command that makes it anew.
    """
    model = folder.parent.name
    try:
        package = Package.read(folder / PACKAGE_FILE)
    except (OSError, ValidationError, ValueError) as error:
        raise PackageError(
            f"The compiled pipeline of model '{model}' at {folder} cannot be read "
            f"({_first_line(error)}). Compile it: tfx-airflow compile {model}"
        ) from error
    if package.digest != folder.name:
        raise PackageError(
            f"The compiled pipeline at {folder} says that its digest is {package.digest}. "
            f"Compile it: tfx-airflow compile {model}"
        )
    return package


def load_pointer(folder: Path) -> Pointer:
    """Reads `current.json` of a model's folder under `compiled/`.

    Raises:
      PackageError: nothing was compiled yet, or the file is damaged.
    """
    try:
        return Pointer.read(folder / POINTER_FILE)
    except (OSError, ValidationError, ValueError) as error:
        raise PackageError(
            f"Model '{folder.name}' has no compiled pipeline in {folder} ({_first_line(error)}). "
            f"Compile it: tfx-airflow compile {folder.name}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

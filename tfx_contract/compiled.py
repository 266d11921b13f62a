"""The compiled pipeline: a self-contained folder under its own digest.

compiled/<model>/
    current.json            the digest that new runs take, and what it was compiled from
    <digest>/
        pipeline.json       these records
        ir.json             TFX's intermediate representation
        modules/            the model's own Python modules, put first on sys.path of a node
        files/              schema, expectations, golden requests: the node's working directory
                            is the package folder, so the IR names them by relative path
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from tfx_contract.errors import PackageError
from tfx_contract.model_spec import ModelSpec
from tfx_contract.parameters import ParameterSpec
from tfx_contract.record import Record

PACKAGE_FILE = "pipeline.json"
POINTER_FILE = "current.json"


class NodeRecord(Record):
    """One TFX node as a plain record."""

    id: str
    type: str = Field(description="Component class, as TFX names it.")
    upstream: list[str] = []
    parameters: dict[str, object] = {}


class CodeOrigin(Record):
    """Where the code of a compiled pipeline came from."""

    git_commit: str | None = None
    git_dirty: bool | None = None
    environment: str | None = Field(
        default=None, description="SHA-256 of the TFX environment's lock."
    )


class CompiledPipeline(Record):
    """What the DAG factory renders and the node runner executes."""

    model: str
    digest: str
    spec: ModelSpec
    nodes: list[NodeRecord] = Field(description="In topological order.")
    parameters: dict[str, ParameterSpec] = Field(description="Defaults filled in from the IR.")
    modules_digest: str
    origin: CodeOrigin = CodeOrigin()
    tfx_version: str


class Pointer(Record):
    """Which package new runs of a model take."""

    digest: str
    sources: dict[str, str] = Field(description="SHA-256 of every source file, by relative path.")
    compiled_at: str
    failure: str | None = Field(
        default=None, description="Why the newest sources could not be compiled, if they could not."
    )


def load_package(folder: Path) -> CompiledPipeline:
    """Reads a compiled pipeline.

    Raises:
      PackageError: it is missing or damaged; the message names the command that makes it anew.
    """
    model = folder.parent.name
    try:
        package = CompiledPipeline.read(folder / PACKAGE_FILE)
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

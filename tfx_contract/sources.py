"""Which files a model's compiled pipeline is made from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tfx_contract.home import PROJECT_ROOT

SHARED_FOLDER = "_shared"

# The graph of a model without a `pipeline.py` is ours.
_BUILDERS = tuple(
    f"tfx_runtime/{name}.py"
    for name in (
        "eval_config",
        "input_rows",
        "learning",
        "model_files",
        "scoring_pipeline",
        "training_pipeline",
    )
)
_NO_SOURCES = ("dag.py", "tests")


def source_files(folder: Path) -> dict[str, Path]:
    """The model's own files, the modules that models share, and the pipeline builder.

    Returns:
      Files by their path relative to the model's folder.
    """
    shared = (folder.parent / SHARED_FOLDER).rglob("*.py")
    builders = (PROJECT_ROOT / name for name in _BUILDERS)
    return {os.path.relpath(path, folder): path for path in [*_own(folder), *shared, *builders]}


def _own(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
        if path.is_file() and not hidden and relative.parts[0] not in _NO_SOURCES:
            yield path

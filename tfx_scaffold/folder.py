"""Writes a model's folder, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tfx_contract.errors import InputError
from tfx_contract.model_spec import MODEL_NAME, load_model_spec


def check_target(dags: Path, name: str) -> Path:
    """The folder to be.

    Raises:
      InputError: it is there already, its name is no model's, or there is no folder of models.
    """
    if not MODEL_NAME.fullmatch(name):
        raise InputError(
            f"'{name}' is no name of a model; allowed: lower-case letters, digits and underscores, "
            "a letter first, 63 at most."
        )
    if not dags.is_dir():
        raise InputError(f"{dags}: expected the folder of the models; there is none.")
    if (dags / name).exists():
        raise InputError(
            f"{dags / name}: there is a model of this name already, and nothing was changed. "
            "Choose another name, or move that folder away."
        )
    return dags / name


def write_folder(target: Path, files: Mapping[str, str]) -> None:
    """Writes the files beside the target, checks `model.yaml`, and renames the folder into place.

    Raises:
      InputError: somebody made a folder of this name meanwhile.
    """
    # Nothing that looks for models looks into hidden folders, nor two levels down.
    hidden = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    draft = hidden / target.name
    try:
        for name, text in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_text(text, encoding="utf-8")
        load_model_spec(draft)
        os.rename(draft, target)
    except (FileExistsError, OSError) as error:
        if not target.exists():
            raise
        raise InputError(f"{target}: there is a model of this name already.") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)

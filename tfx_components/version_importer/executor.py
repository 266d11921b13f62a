"""Copies the version's SavedModel and schema, so that the run has them whatever becomes of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import path_utils

from tfx_components.version_pusher.versions import fingerprint
from tfx_contract.errors import InputError
from tfx_contract.manifest import MANIFEST_FILE, SAVED_MODEL_FOLDER, VersionManifest

VERSION = "version"
FINGERPRINT = "model_fingerprint"


class Executor(base_executor.BaseExecutor):
    """VersionImporter's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the model and the schema.

        Raises:
          InputError: there is no version, it has no such signature, it was changed, or its schema
            is gone.
        """
        folder = _version_folder(exec_properties)
        manifest = VersionManifest.read(folder / MANIFEST_FILE)
        _check_signature(manifest, exec_properties["signature"])
        model = artifact_utils.get_single_instance(output_dict["model"])
        # A copy: TFX removes the outputs of a node that failed, and versions are not its own.
        copy = Path(path_utils.serving_model_dir(model.uri))
        shutil.copytree(folder / SAVED_MODEL_FOLDER, copy)
        _check_content(manifest, copy, folder)
        _copy_schema(manifest, artifact_utils.get_single_uri(output_dict["schema"]))
        model.set_int_custom_property(VERSION, manifest.version)
        model.set_string_custom_property(FINGERPRINT, manifest.model_fingerprint)


def _version_folder(properties: dict[str, Any]) -> Path:
    versions = Path(properties["versions"])
    if not properties.get("version"):
        raise InputError(
            f"{versions}: no version of this model was pushed yet, so there is nothing to score "
            f"with. Run the DAG '{versions.name}' until it pushes one."
        )
    return versions / str(properties["version"])


def _check_signature(manifest: VersionManifest, signature: str) -> None:
    if signature not in manifest.signatures:
        raise InputError(
            f"model.yaml: scoring.signature: found '{signature}'; version {manifest.version} "
            f"of '{manifest.model}' has {', '.join(manifest.signatures)}."
        )


def _check_content(manifest: VersionManifest, copy: Path, folder: Path) -> None:
    if fingerprint(copy) != manifest.model_fingerprint:
        raise InputError(
            f"{folder}: its model is not the one that its manifest names "
            f"({manifest.model_fingerprint[:12]}…); somebody changed it. Push a new version."
        )


def _copy_schema(manifest: VersionManifest, target: str) -> None:
    record = manifest.artifacts.get("schema")
    if record is None or not Path(record.uri).is_dir():
        raise InputError(
            f"Version {manifest.version} of '{manifest.model}': expected the schema that it "
            f"learned with at {record.uri if record else 'a place that the manifest names'}; it is "
            "gone. Push a new version."
        )
    shutil.copytree(record.uri, target, dirs_exist_ok=True)

"""The model registry: one model, and a version with the alias `v<N>` for each pushed version N."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tfx_airflow.serving.clients import Clients
from tfx_airflow.serving.operations import Wait
from tfx_contract.manifest import SAVED_MODEL_FOLDER, VersionManifest
from tfx_contract.serving_spec import Serving

_ALIAS = re.compile(r"v([1-9][0-9]*)")
_LABEL_LENGTH = 63
_NOT_IN_A_LABEL = re.compile(r"[^a-z0-9_-]")


def alias_of(version: int) -> str:
    return f"v{version}"


def version_of_alias(alias: str) -> int | None:
    """The inverse of `alias_of`; None for any other text."""
    found = _ALIAS.fullmatch(alias)
    return int(found[1]) if found else None


def label(text: str) -> str:
    """Text as Google allows it in a label's value."""
    return _NOT_IN_A_LABEL.sub("_", text.lower())[:_LABEL_LENGTH]


def find_version(clients: Clients, model: str, version: int) -> str | None:
    """The resource name of an uploaded version, `…/models/M@ID`; None when there is none."""
    parent = _find_model(clients, model)
    if parent is None:
        return None
    for found in clients.models.list_model_versions(name=parent):
        if alias_of(version) in found.version_aliases:
            return f"{parent}@{found.version_id}"
    return None


def upload(
    clients: Clients, folder: Path, manifest: VersionManifest, serving: Serving, wait: Wait
) -> str:
    """Sees to it that a version is in the registry; returns its resource name.

    Args:
      clients: The target's.
      folder: The version's folder.
      manifest: The version's manifest.
      serving: Where and on what the model is served.
      wait: What is done while the registry takes the version in.
    """
    while (name := find_version(clients, manifest.model, manifest.version)) is None:
        request: dict[str, Any] = {
            "parent": clients.parent,
            "model": _model(folder, manifest, serving),
            "parent_model": _find_model(clients, manifest.model) or "",
        }
        wait(clients.models.upload_model(request=request).operation.name)
    return name


def _model(folder: Path, manifest: VersionManifest, serving: Serving) -> dict[str, Any]:
    place = serving.vertex_ai
    container = {"container_spec": {"image_uri": place.serving_image}} if place else {}
    # The embedded endpoint's own; Google allows no capital letters in a label.
    default = {"signature": serving.signature} if serving.signature and not place else {}
    return {
        "display_name": manifest.model,
        "artifact_uri": str(folder / SAVED_MODEL_FOLDER),
        "version_aliases": [alias_of(manifest.version)],
        "version_description": f"version {manifest.version}, run {manifest.run.run_id}",
        "labels": {
            "model": label(manifest.model),
            "version": str(manifest.version),
            "fingerprint": label(manifest.model_fingerprint),
            "pipeline": label(manifest.pipeline_digest),
            **default,
        },
        **container,
    }


def _find_model(clients: Clients, model: str) -> str | None:
    request = {"parent": clients.parent, "filter": f'display_name="{model}"'}
    found = [m for m in clients.models.list_models(request=request) if m.display_name == model]
    # Two uploads at once may have made two; everybody takes the first.
    oldest = min(found, key=lambda each: (each.create_time, each.name), default=None)
    return str(oldest.name).partition("@")[0] if oldest else None

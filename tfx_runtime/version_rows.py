"""The rows that a pushed version learned from and was judged by, and their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfx_components.example_rows import plain_value
from tfx_contract.errors import InputError
from tfx_contract.manifest import MANIFEST_FILE, VersionManifest

JSON_SIGNATURE = "serving_json"
LEARNED, JUDGED = "Split-train", "Split-eval"
_FEATURES_SIGNATURE = "serving_transformed"
_TRANSFORM_SIGNATURE = "transform_features"

Values = dict[str, Any]


def read_manifest(version: Path) -> VersionManifest:
    """The manifest of a version's folder.

    Raises:
      InputError: it is none.
    """
    try:
        return VersionManifest.read(version / MANIFEST_FILE)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{version}: expected a pushed version with a manifest: {error}"
        ) from error


def examples_of(manifest: VersionManifest, *splits: str) -> tf.data.Dataset:
    """The serialized `tf.Example`s of these splits.

    Raises:
      InputError: they are gone.
    """
    record = manifest.artifacts.get("examples")
    folders = [Path(record.uri) / split for split in splits] if record else []
    files = [str(path) for folder in folders for path in sorted(folder.glob("*.gz"))]
    if not files:
        raise InputError(
            f"Version {manifest.version}: expected the examples that it came from in "
            f"{record.uri if record else 'its manifest'}; they are gone. Run the model again."
        )
    return tf.data.TFRecordDataset(files, compression_type="GZIP")


def transformed_labels(signatures: Mapping[str, Any], examples: Sequence[bytes]) -> list[Values]:
    """The label as the transformation makes it: what it gives and the model does not take."""
    if not {_TRANSFORM_SIGNATURE, _FEATURES_SIGNATURE} <= set(signatures):
        return [{} for _ in examples]
    transformed = signatures[_TRANSFORM_SIGNATURE](tf.constant(examples))
    taken = signatures[_FEATURES_SIGNATURE].structured_input_signature[1]
    return by_row({k: v for k, v in transformed.items() if k not in taken}, len(examples))


def by_row(tensors: Mapping[str, tf.Tensor], count: int) -> list[Values]:
    """What each row of these tensors holds."""
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    return [{name: plain_value(a[i]) for name, a in arrays.items()} for i in range(count)]

"""Reads the anomalies that ExampleValidator found, without importing TFDV."""

from __future__ import annotations

import os

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

_FILE = "SchemaDiff.pb"


def describe_anomalies(artifact: Artifact) -> list[str]:
    """One line an anomaly: its split, its feature, and TFDV's words."""
    splits = artifact_utils.decode_split_names(artifact.split_names)
    return [line for split in splits for line in _of_split(artifact, split)]


def _of_split(artifact: Artifact, split: str) -> list[str]:
    path = os.path.join(artifact_utils.get_split_uri([artifact], split), _FILE)
    anomalies = anomalies_pb2.Anomalies()
    with fileio.open(path, "rb") as file:
        anomalies.ParseFromString(file.read())
    features = [
        f"split '{split}', feature '{name}': {info.short_description}: {info.description}"
        for name, info in sorted(anomalies.anomaly_info.items())
    ]
    if anomalies.HasField("dataset_anomaly_info"):
        features.append(f"split '{split}': {anomalies.dataset_anomaly_info.description}")
    return features

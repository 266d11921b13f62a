"""AnomalyGate on anomalies as ExampleValidator writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import ExampleAnomalies

from tfx_components.anomaly_gate.executor import Executor
from tfx_components.artifacts import DataBlessing
from tfx_contract.errors import DataError


def _anomalies(folder: Path, **by_split: anomalies_pb2.Anomalies) -> ExampleAnomalies:
    for split, anomalies in by_split.items():
        path = folder / f"Split-{split}" / "SchemaDiff.pb"
        path.parent.mkdir(parents=True)
        path.write_bytes(anomalies.SerializeToString())
    artifact = ExampleAnomalies()
    artifact.uri = str(folder)
    artifact.split_names = artifact_utils.encode_split_names(list(by_split))
    return artifact


def _run(anomalies: ExampleAnomalies, folder: Path) -> Path:
    blessing = DataBlessing()
    blessing.uri = str(folder / "blessing")
    Executor().Do({"anomalies": [anomalies]}, {"blessing": [blessing]}, {})
    return Path(blessing.uri)


def test_data_without_anomalies_is_blessed(tmp_path: Path) -> None:
    none = anomalies_pb2.Anomalies()
    blessing = _run(_anomalies(tmp_path / "a", train=none, eval=none), tmp_path)
    assert (blessing / "BLESSED").exists()


def test_every_anomaly_is_named_by_split_and_feature(tmp_path: Path) -> None:
    bad = anomalies_pb2.Anomalies()
    bad.anomaly_info["payment_type"].short_description = "Unexpected string values"
    bad.anomaly_info["payment_type"].description = "Examples contain values missing: Barter"
    bad.anomaly_info["fare"].short_description = "Column dropped"
    anomalies = _anomalies(tmp_path / "a", train=anomalies_pb2.Anomalies(), eval=bad)
    with pytest.raises(DataError) as caught:
        _run(anomalies, tmp_path)
    message = str(caught.value)
    assert "2 anomalies" in message
    assert "split 'eval', feature 'fare': Column dropped" in message
    assert "split 'eval', feature 'payment_type': Unexpected string values" in message
    assert "Barter" in message
    assert not (tmp_path / "blessing" / "BLESSED").exists()

"""What requests will be compared with: the rows of the train split, and the model's predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact

from tests.tfx.data_files import write_tf_records
from tests.tfx.drift_checks import instances_of
from tests.tfx.trips import batch_of, drawn, read_trips
from tfx_components import artifacts
from tfx_components.distributions.columns import columns_of
from tfx_components.distributions.reference import Reference
from tfx_components.serving_reference.executor import Executor
from tfx_contract.errors import InputError

TRIPS = drawn(read_trips(), 3_000, np.random.default_rng(4))
COLUMNS = batch_of(TRIPS).schema.names
SPLITS = {"train": TRIPS[:2_000], "eval": TRIPS[2_000:]}


class Fares(tf.Module):
    """Answers with a tenth of the fare, and with what kind of trip it is."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        feature = tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0])
        fare = tf.io.parse_example(examples, {"fare": feature})["fare"]
        return {"share": fare / 10, "kind": tf.where(fare > 10, "long", "short")}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def transform(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        feature = tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0])
        fare = tf.io.parse_example(examples, {"fare": feature})["fare"]
        return {"long_xf": tf.cast(fare > 10, tf.int64), "fare_xf": fare}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="fare")])
    def serve_columns(self, fare: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"share": fare / 10}


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, list[Artifact]]:
    """Examples in two splits, their schema, and a model."""
    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = str(tmp_path / "examples"), '["train", "eval"]'
    for split, trips in SPLITS.items():
        rows = instances_of(trips[COLUMNS])
        write_tf_records(tmp_path / "examples" / f"Split-{split}" / "data-0.gz", rows)
    schema = standard_artifacts.Schema()
    schema.uri = str(tmp_path / "schema")
    statistics = tfdv.generate_statistics_from_dataframe(TRIPS[COLUMNS])
    (tmp_path / "schema").mkdir()
    text = text_format.MessageToString(tfdv.infer_schema(statistics))
    (tmp_path / "schema" / "schema.pbtxt").write_text(text)
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    fares = Fares()
    signatures = {
        "serving_default": fares.serve,
        "serving_columns": fares.serve_columns,
        "transform_features": fares.transform,
    }
    tf.saved_model.save(fares, f"{model.uri}/Format-Serving", signatures=signatures)
    return {"examples": [examples], "schema": [schema], "model": [model]}


def reference_of(
    inputs: dict[str, list[Artifact]], folder: Path, signature: str, label: str = "long_xf"
) -> Reference:
    output = artifacts.ServingReference()
    output.uri = str(folder / "reference")
    properties = {
        "signature": signature,
        "preprocessing_signature": "transform_features",
        "label": label,
    }
    Executor().Do(inputs, {"reference": [output]}, properties)
    return Reference.read(folder / "reference")


def test_the_train_split_is_counted_and_the_eval_split_is_predicted(
    inputs: dict[str, list[Artifact]], tmp_path: Path
) -> None:
    reference = reference_of(inputs, tmp_path, "serving_default")
    assert reference.rows.num_examples == len(SPLITS["train"])
    rows = columns_of(reference.rows)
    assert set(rows) == set(COLUMNS)
    assert rows["company"].missing == SPLITS["train"].company.isna().sum()
    assert reference.predictions is not None
    predictions = columns_of(reference.predictions)
    kinds = dict(
        zip(
            predictions["prediction.kind[0]"].values,
            predictions["prediction.kind[0]"].counts,
            strict=True,
        )
    )
    assert kinds["long"] == (SPLITS["eval"].fare > 10).sum()
    assert predictions["prediction.share[0]"].is_numeric
    assert predictions["prediction.share[0]"].size == len(SPLITS["eval"])
    said, labels = zip(*reference.labelled, strict=True)
    assert [label == [1] for label in labels] == [row["kind"] == ["long"] for row in said]
    assert len(labels) == len(SPLITS["eval"])


def test_without_a_label_there_is_nothing_to_judge_performance_by(
    inputs: dict[str, list[Artifact]], tmp_path: Path
) -> None:
    reference = reference_of(inputs, tmp_path, "serving_default", label="unknown_xf")
    assert reference.predictions is not None
    assert reference.labelled == []


@pytest.mark.parametrize("signature", ["serving_columns", "unknown"])
def test_without_a_signature_of_examples_there_are_no_predictions(
    inputs: dict[str, list[Artifact]], tmp_path: Path, signature: str
) -> None:
    reference = reference_of(inputs, tmp_path, signature)
    assert reference.predictions is None
    assert reference.rows.num_examples == len(SPLITS["train"])


def test_the_same_rows_give_the_same_files(
    inputs: dict[str, list[Artifact]], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        reference_of(inputs, tmp_path / name, "serving_default")
    for file in ("rows.pb", "predictions.pb", "schema.pbtxt"):
        one, two = (tmp_path / name / "reference" / file for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_version_without_a_reference_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="train a new one"):
        Reference.read(tmp_path)

"""ModelCheck on small real SavedModels, good ones and bad ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils
from tfx.types import standard_artifacts

from tfx_components.model_check.check import check_model
from tfx_components.model_check.executor import Executor, read_reasons
from tfx_contract.errors import InputError
from tfx_contract.manifest import GoldenAnswers

RAW = {
    "fare": tf.io.VarLenFeature(tf.float32),
    "payment_type": tf.io.VarLenFeature(tf.string),
}
REQUESTS = json.dumps(
    [{"fare": 3.5, "payment_type": "Cash"}, {"fare": None, "payment_type": "Card"}, {"fare": 1}]
)

Predict = Callable[[tf.Tensor], tf.Tensor]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A transform graph that fills blanks in `fare` with zeros."""
    folder = tmp_path_factory.mktemp("graph")

    def preprocess(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"fare_xf": _dense(inputs["fare"])}

    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(RAW))
    rows = [{"fare": [1.0], "payment_type": [b"Cash"]}]
    with tft_beam.Context(temp_dir=str(folder / "temp")):
        transform = (rows, metadata) | tft_beam.AnalyzeDataset(preprocess)
        transform | tft_beam.WriteTransformFn(str(folder / "graph"))
    # As TFX's Transform does; the writer above leaves the raw columns out.
    metadata_io.write_metadata(metadata, str(folder / "graph" / "metadata"))
    return str(folder / "graph")


def _dense(column: tf.SparseTensor) -> tf.Tensor:
    shape = [column.dense_shape[0], 1]
    return tf.sparse.to_dense(tf.SparseTensor(column.indices, column.values, shape))


def _double(fare: tf.Tensor) -> tf.Tensor:
    return fare * 2


def _save(
    folder: Path,
    of_examples: Predict = _double,
    of_json: Predict = _double,
    leave_out: str = "",
) -> str:
    class Served(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"score": of_examples(_dense(tf.io.parse_example(examples, RAW)["fare"]))}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float64, name="fare")])
        def columns(self, fare: tf.Tensor) -> dict[str, tf.Tensor]:
            known = tf.where(tf.math.is_nan(fare), tf.zeros_like(fare), fare)
            return {"score": of_json(tf.cast(known, tf.float32)[:, tf.newaxis])}

        @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="fare_xf")])
        def transformed(self, fare_xf: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"score": _double(fare_xf)}

    served = Served()
    signatures = {
        "serving_default": served.examples,
        "serving_json": served.columns,
        "serving_transformed": served.transformed,
    }
    signatures.pop(leave_out, None)
    path = folder / "Format-Serving"
    tf.saved_model.save(served, str(path), signatures=signatures)
    return str(path)


def test_a_good_model_is_blessed_as_infra_validator_would(graph: str, tmp_path: Path) -> None:
    _save(tmp_path / "model")
    blessing = _run(graph, tmp_path)
    assert blessing.get_int_custom_property("blessed") == 1
    assert (Path(blessing.uri) / "INFRA_BLESSED").exists()
    assert read_reasons(blessing.uri) == []


def test_a_model_that_gives_nan_is_not_blessed_and_says_why(graph: str, tmp_path: Path) -> None:
    _save(tmp_path / "model", of_json=lambda fare: tf.math.log(-fare))
    blessing = _run(graph, tmp_path)
    assert blessing.get_int_custom_property("blessed") == 0
    assert (Path(blessing.uri) / "INFRA_NOT_BLESSED").exists()
    [reason] = read_reasons(blessing.uri)
    assert "signature 'serving_json', output 'score': row 1 is [nan]" in reason


def test_a_model_with_the_wrong_number_of_rows_is_not_blessed(graph: str, tmp_path: Path) -> None:
    model = _save(tmp_path / "model", of_examples=lambda fare: fare[:1])
    [reason] = check_model(model, graph, REQUESTS).reasons
    assert "signature 'serving_default', output 'score': the shape (1, 1) has not 3 rows" in reason


def test_signatures_that_disagree_are_not_blessed(graph: str, tmp_path: Path) -> None:
    model = _save(tmp_path / "model", of_json=lambda fare: fare * 3)
    reasons = check_model(model, graph, REQUESTS).reasons
    assert any("'serving_default' and 'serving_json' disagree on 'score'" in r for r in reasons)


def test_a_signature_that_raises_is_a_reason(graph: str, tmp_path: Path) -> None:
    model = _save(tmp_path / "model", of_json=lambda fare: tf.ensure_shape(fare, [1, 1]))
    [reason] = check_model(model, graph, REQUESTS).reasons
    assert "signature 'serving_json' cannot be called" in reason


def test_a_golden_request_with_an_unknown_column_is_refused(graph: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\[0\]: .*no column 'fair'\. Did you mean 'fare'"):
        check_model(_save(tmp_path / "model"), graph, json.dumps([{"fair": 1}]))


def test_golden_answers_are_rows_of_columns_with_null_for_what_is_missing(
    graph: str, tmp_path: Path
) -> None:
    _save(tmp_path / "model")
    answers = GoldenAnswers.read(Path(_run(graph, tmp_path).uri) / "golden_answers.json")
    assert answers.signature == "serving_json"
    assert answers.instances == [{"fare": 3.5}, {"fare": None}, {"fare": 1.0}]
    assert answers.predictions == [[7.0], [0.0], [2.0]]


def test_a_column_of_text_that_a_golden_request_leaves_out_is_null(
    graph: str, tmp_path: Path
) -> None:
    path = str(tmp_path / "model")
    tf.saved_model.save(_Texts(), path, signatures={"serving_json": _Texts().columns})
    answers = check_model(path, graph, REQUESTS).answers
    assert answers
    assert answers.instances == [
        {"fare": [3.5], "payment_type": "Cash"},
        {"fare": [None], "payment_type": "Card"},
        {"fare": [1.0], "payment_type": None},
    ]
    # Of 32 bits: as a number of 64 bits, 0.1 would be 0.10000000149011612.
    assert answers.predictions[0] == {
        "kind_bytes": {"b64": "Q2FzaCE="},
        "share": 0.1,
        "pair": [[0.1], [0.1]],
    }


def test_without_columns_golden_requests_are_serialized_examples(
    graph: str, tmp_path: Path
) -> None:
    path = _save(tmp_path / "model", leave_out="serving_json")
    answers = check_model(path, graph, REQUESTS).answers
    assert answers
    assert answers.signature == "serving_default"
    examples = [base64.b64decode(instance["b64"]) for instance in answers.instances]
    again = tf.saved_model.load(path).signatures["serving_default"](tf.constant(examples))
    assert again["score"].numpy().tolist() == answers.predictions == [[7.0], [0.0], [2.0]]


def test_a_model_that_is_not_blessed_has_no_golden_answers(graph: str, tmp_path: Path) -> None:
    _save(tmp_path / "model", of_json=lambda fare: tf.math.log(-fare))
    assert not (Path(_run(graph, tmp_path).uri) / "golden_answers.json").exists()


class _Texts(tf.Module):
    """Two columns, one of them a vector of one; three outputs."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 1], tf.float64, name="fare"),
            tf.TensorSpec([None], tf.string, name="payment_type"),
        ]
    )
    def columns(self, fare: tf.Tensor, payment_type: tf.Tensor) -> dict[str, tf.Tensor]:
        tenth = tf.ones_like(fare, tf.float32) / 10
        pair = tf.tile(tenth[:, tf.newaxis], [1, 2, 1])
        return {"kind_bytes": payment_type + "!", "share": tenth[:, 0], "pair": pair}


def _run(graph: str, folder: Path) -> standard_artifacts.InfraBlessing:
    model, transform = standard_artifacts.Model(), standard_artifacts.TransformGraph()
    blessing = standard_artifacts.InfraBlessing()
    model.uri, transform.uri = str(folder / "model"), graph
    blessing.uri = str(folder / "blessing")
    inputs = {"model": [model], "transform_graph": [transform]}
    Executor().Do(inputs, {"blessing": [blessing]}, {"golden_requests": REQUESTS})
    return blessing


def test_the_graph_of_these_tests_is_a_real_one(graph: str) -> None:
    assert set(tft.TFTransformOutput(graph).transformed_feature_spec()) == {"fare_xf"}

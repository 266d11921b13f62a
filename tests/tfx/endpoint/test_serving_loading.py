"""What is read from a SavedModel, and what is said of one that cannot be served."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from tests.tfx.endpoint.saved_models import save_counter, save_kinds, save_taxi
from tfx_contract.manifest import GoldenAnswers, TensorShape
from tfx_endpoint.errors import Code, RequestError
from tfx_endpoint.serving.server import ModelServer
from tfx_endpoint.settings import Limits


@pytest.fixture(scope="module")
def taxi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_taxi(tmp_path_factory.mktemp("taxi"))


@pytest.fixture
def copy(taxi: Path, tmp_path: Path) -> Path:
    """One to be damaged."""
    return Path(shutil.copytree(taxi, tmp_path / "copy"))


def _load(path: Path, default: str | None = None) -> ModelServer:
    return ModelServer.load("taxi@7", path, Limits(), default)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def _no_file(model: Path) -> None:
    shutil.rmtree(model)


def _not_a_model(model: Path) -> None:
    (model / "saved_model.pb").write_bytes(b"not a SavedModel")


def _half_a_graph(model: Path) -> None:
    _truncate(model / "saved_model.pb")


def _half_of_its_weights(model: Path) -> None:
    [data] = model.glob("variables/*.data-*")
    data.write_bytes(b"")


def _no_weights(model: Path) -> None:
    shutil.rmtree(model / "variables")


@pytest.mark.parametrize(
    "damage", [_no_file, _not_a_model, _half_a_graph, _half_of_its_weights, _no_weights]
)
def test_a_damaged_model_is_refused_in_one_line(copy: Path, damage: Callable[[Path], None]) -> None:
    damage(copy)
    with pytest.raises(RequestError) as refused:
        _load(copy)
    assert refused.value.code is Code.FAILED_PRECONDITION
    message = str(refused.value)
    assert message.startswith(f"the SavedModel in {copy} cannot be loaded: ")
    assert "\n" not in message
    assert len(message) < 600


def test_a_model_without_signatures_is_refused(tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "model"))
    with pytest.raises(RequestError, match="it has no signatures"):
        _load(tmp_path / "model")


def test_a_signature_that_json_cannot_write_is_named(tmp_path: Path) -> None:
    class Waves(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.complex64, name="wave")])
        def angle(self, wave: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"angle": tf.math.angle(wave)}

    waves = Waves()
    tf.saved_model.save(waves, str(tmp_path / "model"), {"serving_default": waves.angle})
    with pytest.raises(RequestError, match="tensor 'wave': found dtype complex64"):
        _load(tmp_path / "model")


def test_a_default_signature_that_is_not_there_is_refused(taxi: Path) -> None:
    with pytest.raises(RequestError, match="no signature 'best'; the model has serving_default, "):
        _load(taxi, "best")


def test_signatures_are_listed_with_dtypes_and_shapes(taxi: Path) -> None:
    signatures = _load(taxi).signatures
    assert set(signatures) == {
        "serving_default",
        "serving_json",
        "serving_transformed",
        "transform_features",
    }
    assert signatures["serving_transformed"].inputs == {
        "numbers_xf": TensorShape(dtype="float32", shape=[None, 3])
    }
    assert signatures["serving_json"].inputs["payment_type"].dtype == "string"
    assert signatures["serving_json"].outputs == {
        "probability": TensorShape(dtype="float32", shape=[None, 1])
    }


def test_metadata_are_those_of_tf_serving(taxi: Path) -> None:
    metadata = _load(taxi).signatures["serving_transformed"].as_metadata()
    assert metadata["method_name"] == "tensorflow/serving/predict"
    assert metadata["inputs"] == {
        "numbers_xf": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {
                "dim": [{"size": "-1", "name": ""}, {"size": "3", "name": ""}],
                "unknown_rank": False,
            },
        }
    }


def test_only_signatures_with_rows_throughout_have_batches(tmp_path: Path) -> None:
    signatures = _load(save_counter(tmp_path)).signatures
    assert {name for name, spec in signatures.items() if spec.has_batches} == {"serving_default"}


def test_warming_up_calls_whatever_signatures_there_are(taxi: Path, tmp_path: Path) -> None:
    golden = GoldenAnswers(
        signature="serving_json",
        instances=[{"fare": 3.5, "trips": None, "payment_type": "Cash"}],
        predictions=[0.5],
    )
    for path in (taxi, save_kinds(tmp_path / "a"), save_counter(tmp_path / "b")):
        for known in (golden, None):
            server = _load(path)
            server.warm_up(known)
            server.close()

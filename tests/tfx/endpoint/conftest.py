"""SavedModels that tell by their answers which of them was asked, and servers for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tfx.endpoint.server import EndpointProcess


@pytest.fixture(autouse=True)
def restored_process() -> None:
    """Nothing here runs TFX nodes in this process, so there is nothing to restore."""


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Makes a SavedModel that multiplies by a number, and gives its folder."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("saved_models")

    class Multiplier(tf.Module):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.factor = tf.Variable(factor)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
        def times(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"y": x * self.factor}

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.float32, name="a"),
                tf.TensorSpec([None], tf.string, name="text"),
            ]
        )
        def columns(self, a: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"product": a * self.factor, "length": tf.strings.length(text)}

    def make(factor: int) -> Path:
        path = folder / str(factor) / "model"
        if not path.exists():
            module = Multiplier(float(factor))
            signatures = {"serving_default": module.times, "columns": module.columns}
            tf.saved_model.save(module, str(path), signatures)
        return path

    return make


@pytest.fixture
def endpoint_process(tmp_path: Path) -> Iterator[Callable[..., EndpointProcess]]:
    """Makes servers that are this test's alone, and stops them."""
    made: list[EndpointProcess] = []

    def make(*arguments: str, **environment: str) -> EndpointProcess:
        made.append(EndpointProcess(tmp_path / f"endpoint-{len(made)}", *arguments, **environment))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.kill()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointProcess]:
    """One server for the tests that do no harm to it."""
    buckets = str(tmp_path_factory.getbasetemp())
    process = EndpointProcess(tmp_path_factory.mktemp("endpoint"), "--buckets", buckets).start()
    yield process
    process.stop()

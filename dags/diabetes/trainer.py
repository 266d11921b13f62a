"""The diabetes model: a regression. How it is served stands in `_shared/signatures.py`."""

from __future__ import annotations

import features
import fitting
import keras
import tensorflow as tf
import tensorflow_transform as tft
from cells import transformed
from signatures import Served
from tfx.components.trainer.fn_args_utils import FnArgs

_LABEL = transformed(features.LABEL)
# Of the label in the 442 patients: a network learns numbers around 0 sooner.
_MEAN, _DEVIATION = 152.0, 77.0


def run_fn(fn_args: FnArgs) -> None:
    """Trains and saves the model; TFX's Trainer calls it."""
    settings = fitting.hyperparameters(fn_args)
    keras.utils.set_random_seed(settings["seed"])
    model = build_model(settings["learning_rate"])
    fitting.fit(model, fn_args, _LABEL, settings["batch_size"])
    graph = tft.TFTransformOutput(fn_args.transform_graph_path)
    served = Served(model, graph, features.RAW_COLUMNS, _LABEL, _answer)
    served.save(fn_args.serving_model_dir)


def build_model(learning_rate: float) -> keras.Model:
    """Linear: on so few patients a deeper network only remembers them."""
    inputs = {name: keras.Input((1,), name=name) for name in map(transformed, features.RAW_COLUMNS)}
    weighed = keras.layers.Dense(1)(keras.layers.Concatenate()(list(inputs.values())))
    progression = keras.layers.Rescaling(_DEVIATION, _MEAN)(weighed)
    model = keras.Model(inputs, progression)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        # In the label's own unit the first steps would be thousands of times too long.
        loss=lambda truth, guess: keras.ops.mean(((truth - guess) / _DEVIATION) ** 2),
        metrics=[keras.metrics.MeanAbsoluteError(name="error")],
    )
    return model


def _answer(progression: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"progression": progression}

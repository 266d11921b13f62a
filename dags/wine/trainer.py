"""The wine model: one hidden layer, whose size and learning rate the Tuner can look for.

How it is served stands in `_shared/signatures.py`.
"""

from __future__ import annotations

import features
import fitting
import keras
import keras_tuner
import tensorflow as tf
import tensorflow_transform as tft
from cells import transformed
from signatures import Served
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx.components.tuner.component import TunerFnResult

_LABEL = transformed(features.LABEL)
_TRIALS = 4


def run_fn(fn_args: FnArgs) -> None:
    """Trains and saves the model; TFX's Trainer calls it."""
    settings = fitting.hyperparameters(fn_args)
    keras.utils.set_random_seed(settings["seed"])
    model = build_model(settings["learning_rate"], settings["hidden"])
    fitting.fit(model, fn_args, _LABEL, settings["batch_size"])
    graph = tft.TFTransformOutput(fn_args.transform_graph_path)
    served = Served(model, graph, features.RAW_COLUMNS, _LABEL, _answer)
    served.save(fn_args.serving_model_dir)


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """What TFX's Tuner searches; `values` of the winner reach `run_fn`."""
    settings = fitting.hyperparameters(fn_args)
    space = keras_tuner.HyperParameters()
    space.Choice("learning_rate", [0.001, 0.003, 0.01, 0.03])
    space.Choice("hidden", [8, 16, 32])
    tuner = keras_tuner.RandomSearch(
        lambda tried: build_model(tried.get("learning_rate"), tried.get("hidden")),
        objective="val_loss",
        max_trials=_TRIALS,
        seed=settings["seed"],
        hyperparameters=space,
        directory=fn_args.working_dir,
        project_name="wine",
    )
    rows = fitting.datasets(fn_args, _LABEL, settings["batch_size"])
    return TunerFnResult(tuner=tuner, fit_kwargs={**rows, "verbose": 0})


def build_model(learning_rate: float, hidden: int) -> keras.Model:
    """A small network: a hundred bottles do not carry more."""
    inputs = {name: keras.Input((1,), name=name) for name in map(transformed, features.RAW_COLUMNS)}
    layer = keras.layers.Concatenate()(list(inputs.values()))
    layer = keras.layers.Dense(hidden, activation="relu")(layer)
    probabilities = keras.layers.Dense(features.CULTIVARS, activation="softmax")(layer)
    model = keras.Model(inputs, probabilities)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


def _answer(probabilities: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"probabilities": probabilities, "cultivar": tf.argmax(probabilities, axis=1)}

"""The taxi model: wide and deep. How it is served stands in `_shared/signatures.py`."""

from __future__ import annotations

import itertools

import features
import fitting
import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from signatures import Served
from tfx.components.trainer.fn_args_utils import FnArgs

_EMBEDDING = 8
_HIDDEN = (64, 32)
_LABEL = features.transformed(features.LABEL)


def run_fn(fn_args: FnArgs) -> None:
    """Trains and saves the model; TFX's Trainer calls it."""
    settings = fitting.hyperparameters(fn_args)
    keras.utils.set_random_seed(int(settings.get("seed", 0)))
    model = build_model(float(settings.get("learning_rate", 1e-3)))
    fitting.fit(model, fn_args, _LABEL, batch=int(settings.get("batch_size", 64)))
    graph = tft.TFTransformOutput(fn_args.transform_graph_path)
    served = Served(model, graph, features.RAW_COLUMNS, _LABEL, _answer)
    served.save(fn_args.serving_model_dir)


def build_model(learning_rate: float) -> keras.Model:
    """A linear part that memorises categories and their cross; a network that generalises."""
    numbers = {
        name: keras.Input((1,), name=name) for name in map(features.transformed, features.NUMBERS)
    }
    sizes = features.sizes()
    codes = {name: keras.Input((1,), name=name, dtype="int64") for name in sizes}
    # One table with a range of rows for each feature is far faster than a table for each.
    starts = list(itertools.accumulate(sizes.values(), initial=0))
    rows = keras.layers.Concatenate()(list(codes.values())) + np.array(starts[:-1])
    wide = keras.layers.Flatten()(keras.layers.Embedding(starts[-1], 1)(rows))
    deep = keras.layers.Flatten()(keras.layers.Embedding(starts[-1], _EMBEDDING)(rows))
    hidden = keras.layers.Concatenate()([*numbers.values(), deep])
    for units in _HIDDEN:
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
    logit = keras.ops.sum(wide, axis=1, keepdims=True) + keras.layers.Dense(1)(hidden)
    probability = keras.layers.Activation("sigmoid", name="probability")(logit)
    model = keras.Model({**numbers, **codes}, probability)
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=[keras.metrics.AUC(name="auc")],
    )
    return model


def _answer(probability: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"probability": probability}

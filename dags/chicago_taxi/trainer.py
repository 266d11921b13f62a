"""The taxi model: wide and deep, and the signatures it is served by.

serving_default      serialized tf.Examples; the Evaluator calls it, too
serving_json         raw columns, one vector each: texts ('' is missing) and float64 numbers (NaN is
                     missing, for integers too: float64 holds every integer of these columns)
serving_transformed  features after the transformation
transform_features   that transformation of serialized tf.Examples; the Evaluator's labels
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import features
import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx_bsl.tfxio import dataset_options

_EMBEDDING = 8
_HIDDEN = (64, 32)
_LOG_SECONDS = 2.0
_DATA_LABEL = features.transformed(features.LABEL)


def run_fn(fn_args: FnArgs) -> None:
    """Trains and saves the model; TFX's Trainer calls it."""
    settings = fn_args.custom_config or {}
    keras.utils.set_random_seed(int(settings.get("seed", 0)))
    graph = tft.TFTransformOutput(fn_args.transform_graph_path)
    batch = int(settings.get("batch_size", 64))
    model = build_model(float(settings.get("learning_rate", 1e-3)))
    model.fit(
        _dataset(fn_args, fn_args.train_files, graph, batch),
        steps_per_epoch=fn_args.train_steps,
        validation_data=_dataset(fn_args, fn_args.eval_files, graph, batch),
        validation_steps=fn_args.eval_steps,
        callbacks=[
            keras.callbacks.TensorBoard(fn_args.model_run_dir, update_freq=100),
            _Progress(fn_args.train_steps),
        ],
        verbose=0,
    )
    served = _Served(model, graph)
    tf.saved_model.save(served, fn_args.serving_model_dir, signatures=served.signatures())


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


def _dataset(
    fn_args: FnArgs, files: list[str], graph: tft.TFTransformOutput, batch: int
) -> tf.data.Dataset:
    options = dataset_options.TensorFlowDatasetOptions(
        batch_size=batch, label_key=_DATA_LABEL, shuffle=True, shuffle_seed=0, num_epochs=1
    )
    schema = graph.transformed_metadata.schema
    rows = fn_args.data_accessor.tf_dataset_factory(files, options, schema)
    # They fit into memory, and decoding them in every epoch would cost as much as learning.
    return rows.cache().repeat()


class _Progress(keras.callbacks.Callback):
    """A line in the log every few seconds; a progress bar would flood it."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps
        self._last = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if time.monotonic() - self._last >= _LOG_SECONDS:
            self._last = time.monotonic()
            self._log(f"step {batch + 1} of {self._steps}", logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._log(f"trained {self._steps} steps", logs)

    def _log(self, what: str, logs: dict[str, float] | None) -> None:
        values = ", ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
        logging.info("%s: %s", what, values)


class _Served(tf.Module):
    """The model with the transformation that belongs to it."""

    def __init__(self, model: keras.Model, graph: tft.TFTransformOutput) -> None:
        super().__init__()
        self.model = model
        self.transformation = graph.transform_features_layer()
        self._raw = graph.raw_feature_spec()
        self._transformed = graph.transformed_feature_spec()

    def signatures(self) -> dict[str, Any]:
        """By name, each with its input's shape."""
        serialized = tf.TensorSpec([None], tf.string, name="examples")
        inputs = {
            name: tf.TensorSpec([None, *spec.shape], spec.dtype, name=name)
            for name, spec in self._transformed.items()
            if name != _DATA_LABEL
        }
        columns = {name: self._column(name) for name in features.RAW_COLUMNS}
        return {
            "serving_default": tf.function(self._of_examples).get_concrete_function(serialized),
            "serving_json": tf.function(self._of_columns).get_concrete_function(**columns),
            "serving_transformed": tf.function(self._of_features).get_concrete_function(**inputs),
            "transform_features": tf.function(self._transform).get_concrete_function(serialized),
        }

    def _column(self, name: str) -> tf.TensorSpec:
        is_text = self._raw[name].dtype == tf.string
        return tf.TensorSpec([None], tf.string if is_text else tf.float64, name=name)

    def _of_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        wanted = {name: self._raw[name] for name in features.RAW_COLUMNS}
        return self._predict(self.transformation(tf.io.parse_example(examples, wanted)))

    def _of_columns(self, **columns: tf.Tensor) -> dict[str, tf.Tensor]:
        raw = {name: _sparse(column, self._raw[name].dtype) for name, column in columns.items()}
        return self._predict(self.transformation(raw))

    def _of_features(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._predict(inputs)

    def _transform(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(self.transformation(tf.io.parse_example(examples, self._raw)))

    def _predict(self, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {"probability": self.model(inputs, training=False)}


def _sparse(column: tf.Tensor, dtype: tf.DType) -> tf.SparseTensor:
    """Leaves missing values out, as a tf.Example does."""
    present = column != "" if dtype == tf.string else ~tf.math.is_nan(column)
    rows = tf.where(present)
    values = tf.cast(tf.gather(column, rows[:, 0]), dtype)
    indices = tf.concat([rows, tf.zeros_like(rows)], axis=1)
    return tf.SparseTensor(indices, values, [tf.size(column, tf.int64), 1])

"""Training a Keras model on transformed examples, the same for every model of this folder."""

from __future__ import annotations

import time
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from absl import logging
from tfx.components.trainer.fn_args_utils import FnArgs
from tfx_bsl.tfxio import dataset_options

_LOG_SECONDS = 2.0


def hyperparameters(fn_args: FnArgs) -> dict[str, Any]:
    """Those of `model.yaml` and of the run; what a Tuner found comes before them."""
    tuned = (fn_args.hyperparameters or {}).get("values", {})
    if tuned:
        logging.info("Tuned: %s", tuned)
    return {**(fn_args.custom_config or {}), **tuned}


def fit(model: keras.Model, fn_args: FnArgs, label: str, batch: int) -> None:
    """Trains the model for as many steps as the run says, with a line in the log now and then."""
    model.fit(
        **datasets(fn_args, label, batch),
        callbacks=[
            keras.callbacks.TensorBoard(fn_args.model_run_dir, update_freq=100),
            _Progress(fn_args.train_steps),
        ],
        verbose=0,
    )


def datasets(fn_args: FnArgs, label: str, batch: int) -> dict[str, Any]:
    """The arguments of `fit` that say what to learn from, and for how long."""
    return {
        "x": _dataset(fn_args, fn_args.train_files, label, batch),
        "steps_per_epoch": fn_args.train_steps,
        "validation_data": _dataset(fn_args, fn_args.eval_files, label, batch),
        "validation_steps": fn_args.eval_steps,
    }


def _dataset(fn_args: FnArgs, files: list[str], label: str, batch: int) -> tf.data.Dataset:
    options = dataset_options.TensorFlowDatasetOptions(
        batch_size=batch, label_key=label, shuffle=True, shuffle_seed=0, num_epochs=1
    )
    schema = tft.TFTransformOutput(fn_args.transform_graph_path).transformed_metadata.schema
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

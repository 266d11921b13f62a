"""The signatures that every model of this folder is served by.

serving_default      serialized tf.Examples; the Evaluator and batch scoring call it, too
serving_json         raw columns, one vector each: texts ('' is missing) and float64 numbers (NaN is
                     missing, for integers too: float64 holds every integer of these columns)
serving_transformed  features after the transformation
transform_features   that transformation of serialized tf.Examples; the Evaluator's labels
transform_json       that transformation of raw columns: what the model sees of a request
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft

Tensors = dict[str, tf.Tensor]


class Served(tf.Module):
    """A model with the transformation that belongs to it.

    Args:
      model: Takes transformed features.
      graph: The transformation.
      columns: Raw columns that the model needs; never the label, which requests do not have.
      label: The label after the transformation.
      answer: Names the model's outputs.
    """

    def __init__(
        self,
        model: keras.Model,
        graph: tft.TFTransformOutput,
        columns: Iterable[str],
        label: str,
        answer: Callable[[tf.Tensor], Tensors],
    ) -> None:
        super().__init__()
        # Keras' own variables are saved twice, and TensorFlow 1's loader, which TFX's BulkInferrer
        # uses, fills one of the two and serves the other (TFX's issue 7782). Hence the variables
        # behind them, and the model where TensorFlow does not see it.
        self.weights = [variable.value for variable in model.variables]
        self._predict = lambda inputs: answer(model(inputs, training=False))
        self.transformation = graph.transform_features_layer()
        self._raw = graph.raw_feature_spec()
        self._transformed = graph.transformed_feature_spec()
        self._columns = list(columns)
        self._label = label

    def save(self, folder: str) -> None:
        """Writes the SavedModel."""
        tf.saved_model.save(self, folder, signatures=self._signatures())

    def _signatures(self) -> dict[str, Any]:
        """By name, each with its input's shape."""
        serialized = tf.TensorSpec([None], tf.string, name="examples")
        inputs = {
            name: tf.TensorSpec([None, *spec.shape], spec.dtype, name=name)
            for name, spec in self._transformed.items()
            if name != self._label
        }
        columns = {name: self._column(name) for name in self._columns}
        return {
            "serving_default": tf.function(self._of_examples).get_concrete_function(serialized),
            "serving_json": tf.function(self._of_columns).get_concrete_function(**columns),
            "serving_transformed": tf.function(self._of_features).get_concrete_function(**inputs),
            "transform_features": tf.function(self._transform).get_concrete_function(serialized),
            "transform_json": tf.function(self._transform_raw).get_concrete_function(**columns),
        }

    def _column(self, name: str) -> tf.TensorSpec:
        is_text = self._raw[name].dtype == tf.string
        return tf.TensorSpec([None], tf.string if is_text else tf.float64, name=name)

    def _of_examples(self, examples: tf.Tensor) -> Tensors:
        wanted = {name: self._raw[name] for name in self._columns}
        return self._predict(self.transformation(tf.io.parse_example(examples, wanted)))

    def _of_columns(self, **columns: tf.Tensor) -> Tensors:
        return self._predict(self._transform_raw(**columns))

    def _of_features(self, **inputs: tf.Tensor) -> Tensors:
        return self._predict(inputs)

    def _transform(self, examples: tf.Tensor) -> Tensors:
        return dict(self.transformation(tf.io.parse_example(examples, self._raw)))

    def _transform_raw(self, **columns: tf.Tensor) -> Tensors:
        raw = {name: _sparse(column, self._raw[name].dtype) for name, column in columns.items()}
        return dict(self.transformation(raw))


def _sparse(column: tf.Tensor, dtype: tf.DType) -> tf.SparseTensor:
    """Leaves missing values out, as a tf.Example does."""
    present = column != "" if dtype == tf.string else ~tf.math.is_nan(column)
    rows = tf.where(present)
    values = tf.cast(tf.gather(column, rows[:, 0]), dtype)
    indices = tf.concat([rows, tf.zeros_like(rows)], axis=1)
    return tf.SparseTensor(indices, values, [tf.size(column, tf.int64), 1])

"""Reads the rows, converts them, writes them."""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils

from tfx_components.typed_rows.conversion import Types, converted, types_of

_GZIP = "GZIP"


class Executor(base_executor.BaseExecutor):
    """TypedRows' work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes examples of the same splits and files.

        Raises:
          DataError: a value cannot be converted.
        """
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        typed = artifact_utils.get_single_instance(output_dict["typed_examples"])
        schema = artifact_utils.get_single_uri(input_dict["schema"])
        types = types_of(io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema)))
        typed.split_names = examples.split_names
        examples_utils.set_payload_format(typed, examples_utils.get_payload_format(examples))
        examples_utils.set_file_format(typed, examples_utils.get_file_format(examples))
        for split in artifact_utils.decode_split_names(examples.split_names):
            source = artifact_utils.get_split_uri([examples], split)
            target = artifact_utils.get_split_uri([typed], split)
            fileio.makedirs(target)
            for name in fileio.listdir(source):
                _convert(os.path.join(source, name), os.path.join(target, name), types)


def _convert(path: str, target: str, types: Types) -> None:
    rows = tf.data.TFRecordDataset(path, compression_type=_GZIP).as_numpy_iterator()
    options = tf.io.TFRecordOptions(compression_type=_GZIP)
    with tf.io.TFRecordWriter(target, options) as file:
        for row in rows:
            file.write(converted(row, types))

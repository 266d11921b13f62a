"""Writes the examples; TFX's base executor splits and shuffles them, the readers are ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apache_beam as beam
from tfx.components.example_gen.base_example_gen_executor import BaseExampleGenExecutor
from tfx.types import standard_component_specs
from tfx.types.artifact import Artifact

from tfx_components.example_gen import readers
from tfx_components.example_gen.driver import PROBLEM, SEPARATOR
from tfx_components.input_files import matching
from tfx_contract.data_spec import DataFormat
from tfx_contract.errors import DataError

# BigQuery's place, once it comes: its reader takes queries where these take files, so it needs an
# entry here, and a driver that fills the span into the query (TFX's QueryBasedDriver does).
_READERS: dict[DataFormat, Callable[[list[str]], beam.PTransform]] = {
    DataFormat.CSV: readers.ReadCsv,
    DataFormat.TFRECORD: readers.ReadTfRecords,
    DataFormat.AVRO: readers.ReadAvro,
    DataFormat.PARQUET: readers.ReadParquet,
}


class Executor(BaseExampleGenExecutor):
    """SpanExampleGen's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads and writes the examples.

        Raises:
          DataError: what the run should read is missing, or no file of its format.
        """
        if problem := exec_properties.get(PROBLEM):
            raise DataError(problem)
        super().Do(input_dict, output_dict, exec_properties)

    def GetInputSourceToExamplePTransform(self) -> Callable[..., beam.PTransform]:  # noqa: N802
        """TFX's hook: what reads the files of one split."""
        return _read


def _read(exec_properties: dict[str, Any], split_pattern: str) -> beam.PTransform:
    uri = exec_properties[standard_component_specs.INPUT_BASE_KEY]
    patterns = split_pattern.split(SEPARATOR)
    files = [path for pattern in patterns for path in matching(uri, pattern)]
    return _READERS[DataFormat(exec_properties["format"])](files)

"""Beam transforms that read files of one format into `tf.Example`s, all files in one go.

TFX's own take one pattern each. To read the spans of a window one after the other would have every
span of CSV files infer column types of its own, so that one column is whole numbers in one span and
fractions in the next. Those for Avro and Parquet also drop every 0 and false, and have no place for
time stamps and decimals (`tfx.components.example_gen.utils.dict_to_example`).
"""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.avroio import ReadAllFromAvro
from apache_beam.io.parquetio import ReadAllFromParquet
from apache_beam.io.tfrecordio import ReadAllFromTFRecord
from google.protobuf.message import DecodeError
from tfx.components.example_gen.csv_example_gen import executor as csv_executor
from tfx.utils import io_utils
from tfx_bsl.coders import csv_decoder

from tfx_components.columns import check_agreement, read_columns
from tfx_components.values import example_of
from tfx_contract.data_spec import DataFormat
from tfx_contract.errors import DataError


class _Reader(beam.PTransform):
    """Reads files into `tf.Example`s."""

    def __init__(self, files: list[str]) -> None:
        super().__init__()
        self._files = files

    def _paths(self, pipeline: beam.Pipeline) -> beam.PCollection:
        return pipeline | "Files" >> beam.Create(self._files)


class ReadCsv(_Reader):
    """Puts the steps of TFX's CsvExampleGen together for files of several patterns."""

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Infers the type of each column from all files, then makes examples of the lines."""
        rows = (
            self._paths(pipeline)
            | "Lines" >> beam.ParDo(csv_executor._ReadCsvRecordsFromTextFile())
            | "Cells" >> beam.ParDo(csv_decoder.ParseCSVLine(delimiter=","))
            | "Rows" >> beam.Keys()
        )
        inferrer = csv_decoder.ColumnTypeInferrer(_csv_columns(self._files), skip_blank_lines=True)
        types = rows | "Types" >> beam.CombineGlobally(inferrer)
        to_example = csv_executor._ParsedCsvToTfExample()
        return rows | "Examples" >> beam.ParDo(to_example, beam.pvalue.AsSingleton(types))


class ReadTfRecords(_Reader):
    """Reads files of serialized `tf.Example`s; compressed ones by their ending, such as `.gz`."""

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Makes sure of every record that it is a `tf.Example`."""
        records = self._paths(pipeline) | "Records" >> ReadAllFromTFRecord()
        return records | "Examples" >> _to_examples(_parsed)


class ReadAvro(_Reader):
    """Reads Avro records."""

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Looks at the schema of every file first."""
        _check_columns(self._files, DataFormat.AVRO)
        rows = self._paths(pipeline) | "Rows" >> ReadAllFromAvro()
        return rows | "Examples" >> _to_examples(example_of)


class ReadParquet(_Reader):
    """Reads Parquet rows."""

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Looks at the schema of every file first."""
        _check_columns(self._files, DataFormat.PARQUET)
        rows = self._paths(pipeline) | "Rows" >> ReadAllFromParquet()
        return rows | "Examples" >> _to_examples(example_of)


def _to_examples(function: Any) -> beam.PTransform:
    return beam.Map(function).with_output_types(tf.train.Example)


def _parsed(record: bytes) -> tf.train.Example:
    try:
        return tf.train.Example.FromString(record)
    except DecodeError as error:
        raise DataError(f"A record is no tf.Example: {error}; it starts {record[:40]!r}") from error


def _csv_columns(files: list[str]) -> list[str]:
    columns: list[str] = io_utils.load_csv_column_names(files[0])
    for path in files[1:]:
        if (others := io_utils.load_csv_column_names(path)) != columns:
            raise DataError(
                f"{path}, line 1: expected the columns of {files[0]} in the same order "
                f"({', '.join(columns)}); found {', '.join(others)}."
            )
    return columns


def _check_columns(files: list[str], data_format: DataFormat) -> None:
    check_agreement((path, read_columns(path, data_format)) for path in files)

"""`data` and `scoring` of `model.yaml`: where rows come from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from tfx_contract.record import Record
from tfx_contract.spans import check_pattern, has_spans


class DataFormat(StrEnum):
    """File formats that ExampleGen reads."""

    CSV = "csv"
    TFRECORD = "tfrecord"
    AVRO = "avro"
    PARQUET = "parquet"

    @property
    def default_pattern(self) -> str:
        """The files of a folder that are of this format by name; TFRecord files have no ending."""
        return "*" if self is DataFormat.TFRECORD else f"*.{self.value}"


class Source(Record):
    """Files of rows."""

    uri: str = Field(
        description="Folder of the data files. `package://NAME/PATH` points into an installed "
        "Python package of the TFX environment, `home://PATH` below the home of this installation."
    )
    format: DataFormat = Field(
        default=DataFormat.CSV, description="Format of the files; TFRecord files hold tf.Examples."
    )
    pattern: str | None = Field(
        default=None,
        description="Files below `uri`. `{SPAN}`, or `{YYYY}`, `{MM}` and `{DD}`, stand for the "
        "span of the run, `{VERSION}` for its newest version. "
        "Left out: `*.csv`, `*.avro`, `*.parquet`, and `*` for TFRecord.",
    )

    @field_validator("pattern")
    @classmethod
    def _makes_sense(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            check_pattern(pattern)
        return pattern

    @property
    def files(self) -> str:
        """The pattern, or the format's own."""
        return self.pattern or self.format.default_pattern

    @property
    def has_spans(self) -> bool:
        """Whether each run reads a span of its own."""
        return has_spans(self.files)


class Data(Source):
    """The training data."""

    label: str = Field(description="Column that the model learns to predict.")
    prepare: str | None = Field(
        default=None,
        pattern=r"^[a-z_][a-z0-9_]*\.py$",
        description="Module of the model's folder whose `prepare(folder)` writes the files "
        "before they are checked; for data that comes from elsewhere. "
        "Files it does not write again stay.",
    )


def check_room(source: Source) -> None:
    """Raises ValueError, saying what to do, when rows cannot be added to the data."""
    if "://" in source.uri and not source.uri.startswith("home://"):
        raise ValueError(
            f"'drift.learn_from_log' adds files to the data, and nothing is written to "
            f"'{source.uri}'; copy the files, for instance to home://data, and name that folder "
            "in 'data.uri'"
        )
    if not source.has_spans and "*" not in source.files:
        raise ValueError(
            f"'drift.learn_from_log' adds files to the data, and 'data.pattern' has no room for "
            f"another than '{source.files}'; write a '*' where names may differ, or {{SPAN}}"
        )


class Scoring(Source):
    """Scores new rows in a DAG of its own, `<model>__score`, with the newest pushed version."""

    schedule: str | None = Field(
        default=None,
        description="Cron expression or preset; left out, only manual runs.",
    )
    output: str = Field(
        description="Folder that gets `<run>/` with the scored rows as JSON lines, in no "
        "particular order, and a record of the version that scored them. May be `home://PATH`."
    )
    signature: str = Field(
        default="serving_default",
        description="SavedModel signature that scores, on serialized raw examples.",
    )

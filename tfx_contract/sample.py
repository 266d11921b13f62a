"""What `python -m tfx_runtime.sample_rows` says of the rows that it drew."""

from __future__ import annotations

from tfx_contract.record import Record


class WrittenRows(Record):
    """A file of rows, added to the data of a model."""

    path: str
    rows: int
    span: int | None = None
    day: str | None = None


class Sample(Record):
    """Rows drawn from the data of a version."""

    rows: int
    signature: str
    labelled: int
    written: WrittenRows | None = None

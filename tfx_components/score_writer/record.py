"""The record beside scored rows: which version scored what, in which run."""

from __future__ import annotations

from pydantic import Field

from tfx_contract.manifest import DataSource
from tfx_contract.node import Run
from tfx_contract.record import Record

RECORD_FILE = "scored.json"
ROWS_FILE = "rows.jsonl"


class ScoredRows(Record):
    """`scored.json`. `rows.jsonl` beside it has a line a row: `{"columns": …, "outputs": …}`."""

    model: str
    version: int = Field(description="The version's manifest says where the model came from.")
    model_fingerprint: str
    signature: str
    run: Run
    pipeline_digest: str
    data: DataSource
    rows: int
    rows_not_finite: int = Field(description="Rows with an output that is no finite number.")

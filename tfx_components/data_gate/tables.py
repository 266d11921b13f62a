"""Reads the files of a run, whatever their format."""

from __future__ import annotations

from tfx_components.data_gate.csv_table import read_csv_tables
from tfx_components.data_gate.record_table import read_record_tables
from tfx_components.data_gate.table import Table
from tfx_contract.data_spec import DataFormat
from tfx_contract.errors import DataError


def read_tables(data_format: DataFormat, files: list[str], label: str) -> list[Table]:
    """Reads every file; its columns are those of the others, and the label is one of them.

    Raises:
      DataError: naming the file, the line or column, what was found and what was expected.
    """
    tables: list[Table]
    if data_format is DataFormat.CSV:
        tables = [*read_csv_tables(files)]
        header = ", line 1"
    else:
        tables = [*read_record_tables(data_format, files)]
        header = ""
    first = tables[0]
    if not any(label in table.columns for table in tables):
        raise DataError(
            f"{first.path}{header}: expected the label column '{label}' (data.label in "
            f"model.yaml); found the columns {', '.join(first.columns)}."
        )
    return tables

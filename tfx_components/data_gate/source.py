"""What a DataGate is told to check, read from its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfx_components.input_files import Input
from tfx_contract.data_spec import DataFormat


def format_of(exec_properties: Mapping[str, Any]) -> DataFormat:
    """The format of the files."""
    return DataFormat(exec_properties["format"])


def input_of(exec_properties: Mapping[str, Any]) -> Input:
    """The files to check, as ExampleGen will look for them."""
    return Input(
        uri=str(exec_properties["data_uri"]),
        pattern=str(exec_properties["pattern"]),
        span=exec_properties.get("span"),
        window=int(exec_properties["window"]),
    )

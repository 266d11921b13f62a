"""Reads what a Tuner found."""

from __future__ import annotations

import json

from tfx.utils import io_utils

from tfx_contract.node import ParameterValue


def tuned_values(uri: str) -> dict[str, ParameterValue]:
    """The values of a HyperParameters artifact, in the form that Keras Tuner writes."""
    config = json.loads(io_utils.read_string_file(io_utils.get_only_uri_in_dir(uri)))
    values: dict[str, ParameterValue] = config["values"]
    return values

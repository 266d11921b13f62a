"""Raises on anomalies, blesses the data otherwise."""

from __future__ import annotations

import os
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils

from tfx_components.anomaly_gate.anomalies import describe_anomalies
from tfx_contract.errors import DataError

_SHOWN = 20


class Executor(base_executor.BaseExecutor):
    """AnomalyGate's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the blessing.

        Raises:
          DataError: there are anomalies; the message names each with its split and feature.
        """
        found = describe_anomalies(artifact_utils.get_single_instance(input_dict["anomalies"]))
        if found:
            raise DataError(_message(found))
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        io_utils.write_string_file(os.path.join(blessing.uri, "BLESSED"), "")


def _message(found: list[str]) -> str:
    shown = "\n".join(f"- {line}" for line in found[:_SHOWN])
    more = f"\n- and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        f"The data has {len(found)} anomalies against the curated schema:\n{shown}{more}\n"
        "Correct the data, or change schema.pbtxt if the data is right."
    )

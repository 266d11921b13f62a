"""Has the model's module write into a scratch folder, then moves the files into place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from absl import logging
from tfx.components.util import udf_utils
from tfx.dsl.components.base import base_executor
from tfx.types.artifact import Artifact

from tfx_components.data_preparation.placing import move_changed, scratch_folder
from tfx_contract.errors import InputError


class Executor(base_executor.BaseExecutor):
    """DataPreparation's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Calls `prepare`; whatever it raises fails the node.

        Raises:
          InputError: the data lies where files cannot be moved into place.
        """
        prepare = udf_utils.get_fn(exec_properties, "prepare")
        data = _local_folder(exec_properties["data_uri"])
        with scratch_folder(data) as scratch:
            prepare(scratch)
            changed, total = move_changed(scratch, data)
        logging.info("%s: prepared %d files, %d of them new or changed", data, total, changed)


def _local_folder(uri: str) -> Path:
    if "://" in uri:
        raise InputError(
            f"data.uri: found '{uri}'; with data.prepare it is a folder of a file system, a path "
            "or home://PATH."
        )
    return Path(uri)

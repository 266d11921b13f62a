"""Blesses a model that answers the golden requests, or says why not."""

from __future__ import annotations

import json
import os
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils, path_utils

from tfx_components.model_check.check import check_model
from tfx_contract.manifest import GOLDEN_FILE

RESULT_FILE = "result.json"


class Executor(base_executor.BaseExecutor):
    """ModelCheck's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Publishes the blessing, as TFX's InfraValidator does, with the reasons beside it.

        Beside the blessing of a good model lie its answers: VersionPusher passes them on.

        A bad model does not fail the node: the run goes on to Pusher, which then pushes nothing.

        Raises:
          InputError: the golden requests themselves are wrong.
        """
        model = artifact_utils.get_single_instance(input_dict["model"])
        graph = artifact_utils.get_single_uri(input_dict["transform_graph"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        path = path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))
        checked = check_model(path, graph, str(exec_properties["golden_requests"]))
        for reason in checked.reasons:
            logging.warning("Not blessed: %s", reason)
        if checked.answers:
            answers = checked.answers.model_dump_json(indent=2) + "\n"
            io_utils.write_string_file(os.path.join(blessing.uri, GOLDEN_FILE), answers)
        _publish(blessing, checked.reasons)


def read_reasons(blessing_uri: str) -> list[str]:
    """Why a model was not blessed; empty when it was."""
    text = io_utils.read_string_file(os.path.join(blessing_uri, RESULT_FILE))
    return [str(reason) for reason in json.loads(text)["reasons"]]


def _publish(blessing: Artifact, reasons: list[str]) -> None:
    result = json.dumps({"blessed": not reasons, "reasons": reasons}, indent=2)
    io_utils.write_string_file(os.path.join(blessing.uri, RESULT_FILE), result)
    # The names and the property are those of TFX's InfraValidator: its Pusher reads them.
    name = "INFRA_NOT_BLESSED" if reasons else "INFRA_BLESSED"
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property("blessed", int(not reasons))

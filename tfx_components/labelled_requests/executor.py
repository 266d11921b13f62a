"""Reads the labelled requests of a window, and writes them to the training data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from tfx_components.distributions.reference import Reference
from tfx_components.labelled_requests.ledger import Ledger
from tfx_components.labelled_requests.reading import LabelledReader
from tfx_components.labelled_requests.taken import TAKEN_FILE
from tfx_components.labelled_requests.taking import take
from tfx_components.request_statistics.logged_window import LoggedWindow
from tfx_components.request_statistics.place import request_log_url
from tfx_components.request_statistics.signatures import asked_of
from tfx_components.version_pusher.request import context_of
from tfx_contract.data_spec import Data


class Executor(base_executor.BaseExecutor):
    """LabelledRequests' work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the rows, unless they were written before or are too few.

        Raises:
          InputError: nothing can be written there.
          DataError: the rows have no place in the data.
          SetupError: there is no log.
        """
        statistics = artifact_utils.get_single_instance(input_dict["statistics"])
        output = artifact_utils.get_single_instance(output_dict["labelled"])
        data = Data.model_validate_json(exec_properties["data"])
        context = context_of(self._context, output.uri)
        manifest = context.manifest(statistics.version)
        schema = Reference.read(Path(artifact_utils.get_single_uri(input_dict["reference"]))).schema
        asked = asked_of(manifest.signature_shapes, schema, exec_properties["signature"])
        taken = take(
            _window(context.model, statistics),
            LabelledReader(schema, asked.signatures, data),
            Ledger(context.versions, statistics.version),
            data,
        )
        taken.write(Path(output.uri) / TAKEN_FILE)
        logging.info("Labelled requests: %s", taken.sentence)
        if written := taken.written:
            output.rows = written.rows
            if written.span is not None:
                output.span = written.span


def _window(model: str, statistics: Artifact) -> LoggedWindow:
    since, until = map(datetime.fromisoformat, (statistics.since, statistics.until))
    return LoggedWindow(request_log_url(), model, statistics.version, since, until)

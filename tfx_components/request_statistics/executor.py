"""Reads the request log of a window, and writes its statistics."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from absl import logging
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from tfx_components.distributions.reference import Reference
from tfx_components.request_statistics.counting import WindowStatistics, count_window
from tfx_components.request_statistics.files import RequestFiles
from tfx_components.request_statistics.logged_window import LoggedWindow
from tfx_components.request_statistics.on_beam import count_on_beam
from tfx_components.request_statistics.place import request_log_url
from tfx_components.request_statistics.signatures import Asked, asked_of
from tfx_components.version_pusher.request import context_of
from tfx_contract.drift_report import Window
from tfx_contract.errors import InputError


class Executor(base_beam_executor.BaseBeamExecutor):
    """RequestStatistics' work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the statistics; what cannot be read is counted and skipped.

        Raises:
          InputError: the window holds no rows that could be compared.
          SetupError: there is no log.
        """
        output = artifact_utils.get_single_instance(output_dict["statistics"])
        reference = Reference.read(Path(artifact_utils.get_single_uri(input_dict["reference"])))
        version = int(exec_properties["version"])
        since, until = (datetime.fromisoformat(exec_properties[n]) for n in ("since", "until"))
        context = context_of(self._context, output.uri)
        shapes = context.manifest(version).signature_shapes
        asked = asked_of(shapes, reference.schema, exec_properties["signature"])
        logged = LoggedWindow(request_log_url(), context.model, version, since, until)
        found = self._count(logged, reference, asked, int(exec_properties["beam_above_rows"]))
        window = _window(logged, asked, found)
        if not window.rows:
            raise InputError(
                f"Version {version} of '{context.model}', requests from {since} to {until}: found "
                f"{window.requests}, {window.malformed} of their instances damaged, and none with "
                f"the columns {', '.join(asked.columns) or 'that the version learned from'}."
            )
        logging.info("Counted %d instances of %d requests", window.rows, window.requests)
        files = RequestFiles(window, found.rows, found.predictions, found.counted.labelled)
        files.write(Path(output.uri))
        output.version, output.rows = version, window.rows
        output.since, output.until = since.isoformat(), until.isoformat()

    def _count(
        self, window: LoggedWindow, reference: Reference, asked: Asked, beam_above_rows: int
    ) -> WindowStatistics:
        most = beam_above_rows
        with window.open_log() as log:
            if log.instances_between(*window.chosen, at_most=most + 1) <= most:
                return count_window(log.payloads(*window.chosen), reference, asked)
        logging.info("More than %d rows: they are counted on Beam", beam_above_rows)
        folder = self._get_tmp_dir()
        return count_on_beam(self._make_beam_pipeline(), window, reference, asked, folder)


def _window(logged: LoggedWindow, asked: Asked, found: WindowStatistics) -> Window:
    counted = found.counted
    return Window(
        since=logged.since,
        until=logged.until,
        columns=list(asked.columns),
        requests=counted.requests,
        rows=found.rows.num_examples,
        malformed=counted.malformed,
        withheld=counted.withheld,
        others=counted.others,
    )

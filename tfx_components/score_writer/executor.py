"""Writes the scored rows of a run, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from absl import logging
from tfx.components.example_gen import utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from tfx_components.atomic_folder import whole_folder
from tfx_components.score_writer.predictions import is_finite, read_scored_rows
from tfx_components.score_writer.record import RECORD_FILE, ROWS_FILE, ScoredRows
from tfx_components.version_importer.executor import FINGERPRINT, VERSION
from tfx_components.version_pusher.request import RunContext, run_context
from tfx_contract.errors import InputError
from tfx_contract.manifest import DataSource

Artifacts = dict[str, list[Artifact]]


class Executor(base_executor.BaseExecutor):
    """ScoreWriter's work."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        """Writes the folder of the run, unless an earlier try of this run has.

        Raises:
          InputError: the output is no folder of a file system.
        """
        scores = artifact_utils.get_single_instance(output_dict["scores"])
        target = _local_folder(exec_properties["output"]) / self._context.pipeline_run_id
        if not target.is_dir():
            self._write(target, scores.uri, input_dict, exec_properties)
        record = ScoredRows.read(target / RECORD_FILE)
        record.write(Path(scores.uri) / RECORD_FILE)
        scores.path, scores.version = str(target), record.version
        scores.rows, scores.rows_not_finite = record.rows, record.rows_not_finite
        logging.info("%d rows scored by version %d: %s", record.rows, record.version, target)

    def _write(
        self, target: Path, uri: str, inputs: Artifacts, exec_properties: dict[str, Any]
    ) -> None:
        context = self._context
        node = context.pipeline_node.node_info.id
        about = run_context(context.pipeline_info.id, context.pipeline_run_id, uri, node)
        with whole_folder(target) as draft:
            result = artifact_utils.get_single_uri(inputs["inference_result"])
            counts = _write_rows(draft / ROWS_FILE, result)
            _record(inputs, exec_properties, about, *counts).write(draft / RECORD_FILE)


def _write_rows(path: Path, inference_uri: str) -> tuple[int, int]:
    """Returns how many rows there are, and how many have an output that is not finite."""
    rows = not_finite = 0
    with path.open("w", encoding="utf-8") as file:
        for row in read_scored_rows(inference_uri):
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            rows += 1
            not_finite += not is_finite(row)
    return rows, not_finite


def _record(
    inputs: Artifacts, properties: dict[str, Any], about: RunContext, rows: int, not_finite: int
) -> ScoredRows:
    model = artifact_utils.get_single_instance(inputs["model"])
    return ScoredRows(
        model=about.model,
        version=model.get_int_custom_property(VERSION),
        model_fingerprint=model.get_string_custom_property(FINGERPRINT),
        signature=properties["signature"],
        run=about.run,
        pipeline_digest=about.package.digest if about.package else "",
        data=_data(inputs["examples"], properties["data_uri"]),
        rows=rows,
        rows_not_finite=not_finite,
    )


def _data(examples: list[Artifact], uri: str) -> DataSource:
    """What ExampleGen noted when it read the rows; the files may be others by now."""
    [read] = examples
    return DataSource(
        uri=uri,
        fingerprint=read.get_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME),
        span=read.get_int_custom_property(utils.SPAN_PROPERTY_NAME),
        splits=artifact_utils.decode_split_names(read.split_names),
    )


def _local_folder(uri: str) -> Path:
    if "://" in uri:
        raise InputError(
            f"scoring.output: found '{uri}'; allowed is a folder of a file system, a path or "
            "home://PATH, because the rows of a run appear there in one step."
        )
    return Path(uri)

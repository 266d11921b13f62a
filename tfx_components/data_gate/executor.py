"""Checks the data files and writes the report; raises when the data must not be used."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact
from tfx.utils import io_utils

from tfx_components.data_gate.data_docs import make_offline
from tfx_components.data_gate.source import format_of, input_of
from tfx_components.data_gate.table import Table
from tfx_components.data_gate.tables import read_tables
from tfx_components.input_files import find_files, fingerprint
from tfx_contract.errors import DataError

RESULT_FILE = "result.json"
DATA_DOCS = "data_docs"
_SHOWN_FINDINGS = 20


class Executor(base_executor.BaseExecutor):
    """DataGate's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the report.

        Raises:
          DataError: the data did not pass; the message names what failed and where the report is.
          InputError: a mistake in `expectations.json`, or a pattern that the run cannot fill in.
        """
        report = artifact_utils.get_single_instance(output_dict["report"])
        uri = str(exec_properties["data_uri"])
        known = exec_properties.get("data_fingerprint") or fingerprint(input_of(exec_properties))
        with tempfile.TemporaryDirectory() as folder:
            result, error = _check(uri, exec_properties, Path(folder))
            (Path(folder) / RESULT_FILE).write_text(json.dumps(result, indent=2, default=str))
            if error:
                kept = self._kept_folder(report.uri, known)
                _copy(folder, kept)
                raise DataError(f"{error}\nThe report is in {kept}")
            _copy(folder, report.uri)
        report.data_uri, report.data_fingerprint, report.rows = uri, known, result["rows"]

    def _kept_folder(self, output_uri: str, known: str) -> str:
        """Outside the output folders, which TFX's launcher removes when a node fails."""
        node = getattr(self._context, "pipeline_node", None)
        name = node.node_info.id if node else "DataGate"
        root, found, _ = output_uri.rpartition(f"/{name}/")
        base = os.path.join(root, name) if found else os.path.dirname(output_uri)
        return os.path.join(base, "failed", known[:12])


def _check(
    uri: str, exec_properties: dict[str, Any], folder: Path
) -> tuple[dict[str, Any], str | None]:
    try:
        files = find_files(input_of(exec_properties))
        tables = read_tables(format_of(exec_properties), files, str(exec_properties["label"]))
    except DataError as error:
        return {"success": False, "data_uri": uri, "structure": str(error)}, str(error)
    return _expect(uri, tables, str(exec_properties["expectations"]), folder)


def _expect(
    uri: str, tables: list[Table], expectations: str, folder: Path
) -> tuple[dict[str, Any], str | None]:
    # Here, because importing Great Expectations takes seconds that compiling must not spend.
    from tfx_components.data_gate.validation import validate

    site = folder / DATA_DOCS
    validation = validate(uri, tables, expectations, str(site))
    make_offline(site)
    critical = [item for item in validation.findings if item.severity == "critical"]
    files = [table.path for table in tables]
    result = {
        "success": not critical,
        "data_uri": uri,
        "files": files,
        "rows": sum(map(len, tables)),
        "structure": None,
        "findings": [
            {"severity": item.severity, "column": item.column, "finding": item.describe()}
            for item in validation.findings
        ],
        "expectations": validation.results,
    }
    return result, _message(files, [item.describe() for item in critical]) if critical else None


def _message(files: list[str], findings: list[str]) -> str:
    data = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    shown = findings[:_SHOWN_FINDINGS]
    if more := len(findings) - len(shown):
        shown.append(f"and {more} more; the report has them all")
    lines = "\n".join(f"- {line}" for line in shown)
    return f"{data}: the data does not meet {len(findings)} expectations:\n{lines}"


def _copy(source: str, target: str) -> None:
    if fileio.exists(target):
        fileio.rmtree(target)
    io_utils.copy_dir(source, target)

"""Runs Great Expectations over well-formed tables, and says what it found in plain records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

# Read at import: Great Expectations would otherwise report its use to its maker.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
import pandas as pd
from great_expectations.checkpoint import UpdateDataDocsAction
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.registry import list_registered_expectation_implementations

from tfx_components.data_gate.expectations import declared_columns, parse_expectations
from tfx_components.data_gate.table import Table

_EXAMPLES = 5


@dataclass(frozen=True)
class Finding:
    """One expectation that the data does not meet."""

    expectation: str
    column: str | None
    severity: str
    wanted: dict[str, Any]
    count: int | None
    examples: list[tuple[Any, str]]
    problem: str | None = None

    def describe(self) -> str:
        """One line: column, expectation, how many cells, the first of them with their rows."""
        wanted = ", ".join(f"{key} {value}" for key, value in self.wanted.items())
        where = f"column '{self.column}': " if self.column else ""
        return f"{where}{self.expectation}{f' ({wanted})' if wanted else ''}: {self._found()}"

    def _found(self) -> str:
        if self.count is None:
            return self.problem or "not met"
        shown = ", ".join(f"{value!r} in {place}" for value, place in self.examples)
        more = ", …" if self.count > len(self.examples) else ""
        return f"{self.count} cells do not meet it: {shown}{more}"


@dataclass(frozen=True)
class Validation:
    """All that Great Expectations found."""

    findings: list[Finding]
    results: list[dict[str, Any]]


def validate(uri: str, tables: list[Table], expectations_json: str, site: str) -> Validation:
    """Checks the tables of a folder against expectations; writes Data Docs into the folder `site`.

    Raises:
      InputError: a mistake in `expectations.json`.
    """
    known = set(list_registered_expectation_implementations())
    expectations = parse_expectations(expectations_json, known)
    numbers, text = declared_columns(expectations)
    frame = pd.concat([table.frame(numbers, text) for table in tables], ignore_index=True)
    results = _run(frame, expectations, site)
    findings = [_finding(result, frame, uri, tables) for result in results if not result["success"]]
    return Validation(sorted(findings, key=lambda finding: finding.problem is not None), results)


def _run(
    frame: pd.DataFrame, expectations: list[dict[str, Any]], site: str
) -> list[dict[str, Any]]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    _add_site(context, site)
    suite = context.suites.add(gx.ExpectationSuite(name="expectations", expectations=expectations))
    asset = context.data_sources.add_pandas("files").add_dataframe_asset("rows")
    definition = gx.ValidationDefinition(
        name="data_gate", data=asset.add_batch_definition_whole_dataframe("all"), suite=suite
    )
    checkpoint = gx.Checkpoint(
        name="data_gate",
        validation_definitions=[context.validation_definitions.add(definition)],
        result_format={"result_format": "SUMMARY", "partial_unexpected_count": _EXAMPLES},
        actions=[UpdateDataDocsAction(name="data_docs")],
    )
    outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    (run,) = outcome.run_results.values()
    return [result.to_json_dict() for result in run.results]


def _add_site(context: Any, site: str) -> None:
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": site}
    index = {"class_name": "DefaultSiteIndexBuilder"}
    # A new context has a site of its own, in a temporary folder that nobody would look at.
    for name in list(context.get_site_names()):
        context.delete_data_docs_site(name)
    context.add_data_docs_site(
        "data_docs",
        {"class_name": "SiteBuilder", "site_index_builder": index, "store_backend": store},
    )


def _finding(result: dict[str, Any], frame: pd.DataFrame, uri: str, tables: list[Table]) -> Finding:
    config, found = result["expectation_config"], result["result"]
    kwargs = {k: v for k, v in config["kwargs"].items() if k not in ("column", "batch_id")}
    column = config["kwargs"].get("column")
    indices = found.get("partial_unexpected_index_list") or []
    values = found.get("partial_unexpected_list") or []
    return Finding(
        expectation=config["type"],
        column=column,
        severity=config.get("severity") or "critical",
        wanted=kwargs,
        count=found.get("unexpected_count"),
        examples=[
            (value, _place(int(index), uri, tables))
            for value, index in zip(values, indices, strict=False)
        ],
        problem=_problem(result, frame, column),
    )


def _problem(result: dict[str, Any], frame: pd.DataFrame, column: str | None) -> str | None:
    """Why there is no count of cells: the column is absent, or holds what cannot be compared."""
    if result["result"].get("unexpected_count") is not None:
        return None
    if column is not None and column not in frame.columns:
        return f"the column is missing; found the columns {', '.join(map(str, frame.columns))}"
    if "observed_value" in result["result"]:
        return f"found {result['result']['observed_value']}"
    return f"cannot be checked: {_exception_message(result.get('exception_info') or {})}"


def _exception_message(info: dict[str, Any]) -> str:
    """Great Expectations nests one message per failed metric, or gives one for all."""
    nested = [item for item in info.values() if isinstance(item, dict)]
    messages = [item.get("exception_message") for item in [*nested, info]]
    return next((str(message) for message in messages if message), "no reason was given")


def _place(index: int, uri: str, tables: list[Table]) -> str:
    for table in tables:
        if index < len(table):
            return f"{os.path.relpath(table.path, uri)} {table.place(index)}"
        index -= len(table)
    return f"row {index + 1}"

"""From a data file to a model's folder."""

from __future__ import annotations

import json
from pathlib import Path

from tfx_scaffold.columns import Column, Kind, check_keep, plan_columns
from tfx_scaffold.expectations import MOST_COLUMNS
from tfx_scaffold.facts import column_facts
from tfx_scaffold.folder import check_target, write_folder
from tfx_scaffold.generate import Findings, model_files
from tfx_scaffold.leakage import find_leaks, refuse_leaks
from tfx_scaffold.problem import infer_problem
from tfx_scaffold.problem_kind import ProblemKind
from tfx_scaffold.table import read_table


def scaffold(
    name: str,
    csv: Path,
    label: str,
    dags: Path,
    problem_kind: ProblemKind | None = None,
    drop: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
) -> Findings:
    """Writes `dags/<name>/` for the label of the file, and returns what was inferred.

    Raises:
      InputError: the file, an option or the name is not what it has to be; nothing was written.
    """
    target = check_target(dags, name)
    _say(f"reading {csv}")
    table = read_table(csv, label)
    check_keep(keep, table)
    _say(f"{table.rows:,} rows of {len(table.types):,} columns; TFDV looks at them")
    facts = column_facts(table)
    problem = infer_problem(table, facts[label], problem_kind)
    columns = plan_columns(table, facts, label, drop)
    _say(f"looking for columns that give {label} away")
    leaks = find_leaks(table, columns, problem)
    refuse_leaks(leaks, keep, problem, str(csv))
    _say("holding expectations against the file with Great Expectations, and writing")
    found = Findings(table, problem, columns, leaks.signals)
    write_folder(target, model_files(found, target))
    return found


def _say(line: str) -> None:
    print(line, flush=True)


def summary(found: Findings, folder: Path) -> str:
    """One line of JSON, the last one printed."""
    kinds = {kind.value: _names(found.columns, kind) for kind in Kind}
    return json.dumps(
        {
            "folder": str(folder),
            "problem": found.problem.kind,
            "reason": found.problem.reason,
            "notes": _notes(found),
            "columns": {kind: names for kind, names in kinds.items() if names},
            "left_out": {c.name: c.reason for c in found.columns if c.kind is Kind.LEFT_OUT},
        },
        ensure_ascii=False,
    )


def _names(columns: list[Column], kind: Kind) -> list[str]:
    return [column.name for column in columns if column.kind is kind]


def _notes(found: Findings) -> list[str]:
    notes = []
    if found.problem.is_rare:
        share = 100 * found.problem.base_rate
        notes.append(f"{share:.2g} % of the rows are positive, so precision and recall guide")
    if len(found.signals) > MOST_COLUMNS:
        notes.append(f"expectations are on the {MOST_COLUMNS} most telling columns alone")
    return notes

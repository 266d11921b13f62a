"""Writes a model's folder; see the package."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

# Read before TensorFlow is imported, which would otherwise greet on standard error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfx_contract.errors import TfxAirflowError
from tfx_scaffold.columns import Column, Kind, check_keep, plan_columns
from tfx_scaffold.expectations import MOST_COLUMNS
from tfx_scaffold.facts import column_facts
from tfx_scaffold.folder import check_target, write_folder
from tfx_scaffold.generate import Findings, model_files
from tfx_scaffold.leakage import find_leaks, refuse_leaks
from tfx_scaffold.problem import ProblemKind, infer_problem
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


def _summary(found: Findings, folder: Path) -> str:
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


def main() -> int:
    """Prints what happens, at last a summary; on a mistake of the user's, the message, exits 2."""
    parser = argparse.ArgumentParser(prog="python -m tfx_scaffold", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--dags", type=Path, required=True)
    parser.add_argument("--problem", choices=[kind.value for kind in ProblemKind])
    parser.add_argument("--drop", action="append", default=[])
    parser.add_argument("--keep", action="append", default=[])
    given = parser.parse_args()
    kind = ProblemKind(given.problem) if given.problem else None
    csv, dags = given.csv.absolute(), given.dags.absolute()
    try:
        found = scaffold(
            given.name, csv, given.label, dags, kind, tuple(given.drop), tuple(given.keep)
        )
    except TfxAirflowError as error:
        print(error, file=sys.stderr)
        return 2
    print(_summary(found, dags / given.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Writes a model's folder; see the package."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Read before TensorFlow is imported, which would otherwise greet on standard error.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfx_contract.errors import TfxAirflowError
from tfx_scaffold.folder import check_target
from tfx_scaffold.header import check_file
from tfx_scaffold.problem_kind import ProblemKind


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
        # What is plainly wrong is said before TFX is imported.
        check_target(dags, given.name)
        check_file(csv, given.label)
        from tfx_scaffold.scaffold import scaffold, summary

        found = scaffold(
            given.name, csv, given.label, dags, kind, tuple(given.drop), tuple(given.keep)
        )
    except TfxAirflowError as error:
        print(error, file=sys.stderr)
        return 2
    print(summary(found, dags / given.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs one node, cold: `python -m tfx_runtime.run_node REQUEST.json --result RESULT.json`.

This process stays light: it starts the child that imports TFX, passes its log on, and watches it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tfx_contract.errors import NodeStalled
from tfx_contract.node import NodeRequest, NodeResult
from tfx_runtime import supervise
from tfx_runtime.child import die_with_parent
from tfx_runtime.outcome import failed, read_outcome


def run_cold(request_file: Path, result_file: Path) -> NodeResult:
    """Runs the node of the request file in a child process, its log on standard output."""
    request = NodeRequest.read(request_file)
    command = [sys.executable, "-m", "tfx_runtime.child", str(request_file), str(result_file)]
    with tempfile.TemporaryDirectory(prefix="tfx-airflow-", ignore_cleanup_errors=True) as scratch:
        child = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": scratch},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert child.stdout is not None
        try:
            supervise.follow(child.pid, child.stdout.fileno(), _print, request.stall_seconds)
        except NodeStalled as error:
            return failed(request, error)
        finally:
            exit_code = child.wait()
    return read_outcome(request, result_file, exit_code)


def main() -> int:
    """Exits 0 when the node published, 1 when it failed; the result file says more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("request", type=Path)
    parser.add_argument("--result", type=Path, required=True)
    arguments = parser.parse_args()
    die_with_parent(os.getppid())
    result = run_cold(arguments.request.resolve(), arguments.result.resolve())
    result.write(arguments.result)
    return 0 if result.succeeded else 1


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

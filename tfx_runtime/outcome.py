"""The result of a node whose process has ended, in whichever way."""

from __future__ import annotations

import signal
from pathlib import Path

from tfx_contract.errors import NodeFailed, TfxAirflowError
from tfx_contract.node import Failure, NodeRequest, NodeResult, NodeState


def read_outcome(request: NodeRequest, result_file: Path, exit_code: int | None) -> NodeResult:
    """The result that the process wrote, or one that says how it ended without."""
    if result_file.exists():
        return NodeResult.read(result_file)
    return failed(request, NodeFailed(f"The node's process {_how_it_ended(exit_code)}."))


def failed(request: NodeRequest, error: TfxAirflowError) -> NodeResult:
    """The result of a node that its supervisor ended."""
    failure = Failure(kind=type(error).__name__, message=f"{request.node_id}: {error}")
    return NodeResult(node_id=request.node_id, state=NodeState.FAILED, failure=failure)


def _how_it_ended(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"ended with status {exit_code} and no result; its last lines say why"
    name = signal.Signals(-exit_code).name
    hint = " (the kernel does so when memory runs out)" if name == "SIGKILL" else ""
    return f"was ended by {name}{hint}"

"""Stands in for the TFX environment's Python: takes the same commands, speaks the same contract.

Only the standard library is used. A node behaves as the JSON object in the file that
STAND_IN_BEHAVIOUR names says, a word by node.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import sys
import time
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    """Runs `-m MODULE ARGUMENTS`."""
    module, rest = arguments[1], arguments[2:]
    if module == "tfx_runtime.run_node":
        return run_node(Path(rest[0]), Path(rest[2]))
    if module == "tfx_runtime.worker":
        return serve(Path(rest[1]))
    if module == "tfx_runtime.compile":
        return compile_model(Path(rest[0]))
    if module == "tfx_runtime.predict":
        print(f"rows of {rest[0]}")
        return 0
    if module == "tfx_runtime.sample_rows":
        return sample_rows(rest)
    print(f"unknown module {module}", file=sys.stderr)
    return 1


def sample_rows(arguments: list[str]) -> int:
    """Rows of the column x, which counts, with twice that as the label; a span when asked."""
    behaviour = behaviour_of("sample_rows")
    print("I0000 00:00:1795389845.831992 12986 stub.cc:31] a greeting", file=sys.stderr)
    if behaviour != "complete":
        print(f"{behaviour}: {' '.join(arguments)}", file=sys.stderr)
        return 2 if behaviour == "mistake" else 1
    count, output = (arguments[arguments.index(name) + 1] for name in ("--rows", "--output"))
    with Path(output).open("w") as file:
        for x in range(int(count)):
            label = None if x == int(count) - 1 else 2 * x
            file.write(json.dumps({"columns": {"x": x}, "label": label}) + "\n")
    span = {"path": "/data/day-5.csv", "rows": int(count), "span": 5}
    written = span if "--span" in arguments else None
    signature = next((a[12:] for a in arguments if a.startswith("--signature=")), "serving_default")
    sample = {"rows": int(count), "signature": signature, "labelled": int(count) - 1}
    print(json.dumps({**sample, "written": written}))
    return 0


def run_node(request_file: Path, result_file: Path) -> int:
    """One node, as its behaviour says."""
    request = json.loads(request_file.read_text())
    behaviour = behaviour_of(request["node_id"])
    print(f"INFO cold {request['node_id']} of package {Path(request['package']).name}")
    if behaviour == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "exit":
        return 3
    if behaviour == "hang":
        print(f"pid {os.getpid()}")
        time.sleep(600)
    result_file.write_text(json.dumps(result_of(request, behaviour)))
    return 0


def result_of(request: dict[str, Any], behaviour: str) -> dict[str, Any]:
    """The result of a node."""
    if behaviour in ("fail", "data_error"):
        retryable = behaviour == "fail"
        kind = "NodeFailed" if retryable else "DataError"
        failure = {"kind": kind, "message": "column fare is missing", "retryable": retryable}
        return {"node_id": request["node_id"], "state": "failed", "failure": failure}
    state = "skipped" if behaviour == "skip" else "complete"
    summary = {"token": request["token"], "environment": leaked(), "request": request}
    return {
        "node_id": request["node_id"],
        "state": state,
        "outputs": outputs_of(request["node_id"]),
        "summary": summary,
        "seconds": 0.1,
    }


def leaked() -> list[str]:
    """Airflow's variables that reached this process."""
    return [name for name in os.environ if name.startswith(("AIRFLOW", "_AIRFLOW"))]


def behaviour_of(node: str) -> str:
    """What the test wants of a node."""
    return str(_behaviours().get(node, "complete"))


def outputs_of(node: str) -> dict[str, Any]:
    """What the node is to have published: the path of its one artifact, by output."""
    paths = _behaviours().get(f"{node} outputs", {})
    return {name: [{"id": 1, "type": "Made", "uri": uri}] for name, uri in paths.items()}


def _behaviours() -> dict[str, Any]:
    path = os.environ.get("STAND_IN_BEHAVIOUR")
    return json.loads(Path(path).read_text()) if path else {}


def compile_model(folder: Path) -> int:
    """Prints a digest, or a mistake."""
    if not (folder / "model.yaml").exists():
        print("I0000 00:00:1795389845.831992 12986 stub.cc:31] a greeting", file=sys.stderr)
        print(f"{folder}/model.yaml: there is no such file.", file=sys.stderr)
        return 2
    print("INFO compiling")
    print("cafe0123")
    return 0


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        message = json.loads(self.rfile.readline())
        if "ping" in message:
            self.send({"result": {"ready": True, "pid": os.getpid()}})
        elif "compile" in message:
            self.send({"result": {"digest": "cafe0123"}})
        elif "run_node" in message:
            self.run_node(message["run_node"])

    def run_node(self, request: dict[str, Any]) -> None:
        behaviour = behaviour_of(request["node_id"])
        self.send({"log": f"INFO warm {request['node_id']}"})
        self.send({"log": f"package {Path(request['package']).name}"})
        if behaviour == "worker_dies":
            return
        if behaviour == "slow":
            time.sleep(20)
        if behaviour == "hang":
            self.rfile.read()
            Path(request["pipeline_root"]).parent.mkdir(parents=True, exist_ok=True)
            Path(request["pipeline_root"]).with_suffix(".closed").touch()
            return
        result = result_of(request, behaviour)
        if behaviour == "big":
            result["summary"]["text"] = "x" * 3_000_000
        self.send({"result": result})

    def send(self, message: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(message).encode() + b"\n")


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def serve(path: Path) -> int:
    """A warm worker without TFX."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _Server(str(path), _Conversation) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

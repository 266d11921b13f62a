"""Vertex AI and Cloud Monitoring over real gRPC, and `rawPredict` over HTTP, both without TLS.

A SavedModel is `saved_model/stand_in.json` here: what a number is multiplied by, beyond which
number the model fails, how long it says it took.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.cloud import aiplatform_v1, monitoring_v3
from google.longrunning.operations_pb2 import GetOperationRequest

from tests.airflow.vertex_ai.monitoring import Answered, Monitoring
from tests.airflow.vertex_ai.vertex import VertexAI

STAND_IN_FILE = "stand_in.json"


class GoogleServices(grpc.GenericRpcHandler):
    """The two servers behind the gate, started."""

    def __init__(self) -> None:
        self.vertex, self.monitoring = VertexAI(), Monitoring()
        self._lock = threading.Lock()
        self._grpc = grpc.server(ThreadPoolExecutor(8), handlers=[self])
        self.grpc_port: int = self._grpc.add_insecure_port("127.0.0.1:0")
        self._grpc.start()
        handler = type("Handler", (_RawPredict,), {"services": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.http_port: int = self._http.server_port
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(None)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """The handler of `/google.….Service/SomeMethod`: `some_method`."""
        _, service, method = details.method.split("/")
        ours = self.monitoring if service.startswith("google.monitoring") else self.vertex
        answer = getattr(ours, re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower())

        def call(request: Any, context: Any) -> Any:
            with self._lock:
                self.vertex.advance()
                return answer(request, context)

        return grpc.unary_unary_rpc_method_handler(call, _reader(service, method), _written)

    def predict(self, endpoint: str, instances: list[float]) -> tuple[int, str, Any]:
        """The status code, the id of the deployed model, and what it answers."""
        with self._lock:
            split = dict(self.vertex.endpoints[endpoint].traffic_split)
            if not split:
                return 400, "", {"error": {"message": f"{endpoint} doesn't have traffic_split."}}
            (id,) = random.choices([*split], [*split.values()])
            deployed = self.vertex.endpoints[endpoint].deployed_models
            model, _, version = next(e.model for e in deployed if e.id == id).partition("@")
            folder = Path(self.vertex.models[model][int(version) - 1].artifact_uri)
        stand_in = json.loads((folder / STAND_IN_FILE).read_text("utf-8"))
        answer: Any = {"predictions": [stand_in["factor"] * each for each in instances]}
        code, took = 200, stand_in["milliseconds"]
        if max(instances) > stand_in["fails_beyond"]:
            code, answer = 500, {"error": {"message": "it fails"}}
        endpoint_id = endpoint.rpartition("/")[2]
        self.monitoring.answered.append(Answered(time.time(), endpoint_id, id, code, took))
        return code, id, answer


class _RawPredict(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # An answer in one packet; two would wait for each other.
    services: GoogleServices

    def do_POST(self) -> None:
        endpoint = self.path.removeprefix("/v1/").removesuffix(":rawPredict")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        code, id, answer = self.services.predict(endpoint, body["instances"])
        content = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("X-Vertex-AI-Deployed-Model-Id", id)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Nothing: the tests' output is enough."""


def _reader(service: str, method: str) -> Any:
    if service == "google.longrunning.Operations":
        return GetOperationRequest.FromString
    types = monitoring_v3 if service.startswith("google.monitoring") else aiplatform_v1
    return getattr(types, f"{method}Request").deserialize


def _written(answer: Any) -> Any:
    message = answer if hasattr(answer, "SerializeToString") else type(answer).pb(answer)
    return message.SerializeToString()

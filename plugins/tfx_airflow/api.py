"""A client of Airflow's REST API, as much of it as the command line needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from tfx_airflow.deployment.layout import USER, Layout
from tfx_airflow.deployment.private_files import read_password
from tfx_contract.errors import SetupError, TfxAirflowError


class ApiError(TfxAirflowError):
    """Airflow refused a request."""


@dataclass(frozen=True)
class Task:
    """One task of a run."""

    node: str
    state: str
    seconds: float | None
    try_number: int


@dataclass(frozen=True)
class DagState:
    """What Airflow knows of a DAG: the snapshot of its stored graph, and whether it is gone."""

    bundle_version: str | None
    stale: bool
    file_token: str
    documentation: str


@dataclass
class LogReader:
    """How far a task's log was read."""

    count: int = 0
    token: str | None = None


class AirflowApi:
    """Talks to the local deployment; the token never leaves this object."""

    def __init__(self, layout: Layout, transport: httpx.BaseTransport | None = None) -> None:
        self._layout = layout
        self._address = layout.address()
        self._http = httpx.Client(base_url=self._address, timeout=30, transport=transport)
        self._signed_in = False

    def __enter__(self) -> AirflowApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def health(self) -> dict[str, str]:
        """The state of each of Airflow's parts; empty while the API server does not answer."""
        try:
            answer = self._http.get("/api/v2/monitor/health", timeout=5)
        except httpx.TransportError:
            return {}
        if answer.status_code != httpx.codes.OK:
            return {}
        return {name: str(part.get("status")) for name, part in answer.json().items() if part}

    def warm_up(self) -> None:
        """Has the API server build its routes for tasks: the first task would wait 3 s for them."""
        self._http.get("/execution/health")

    def dag(self, dag_id: str) -> DagState | None:
        """What Airflow knows of a DAG; None before its first parse."""
        answer = self._request("GET", f"/dags/{_part(dag_id)}/details", missing_ok=True)
        if answer is None:
            return None
        # The bundle version of the DAG itself is set before its new graph is stored.
        stored = (answer["latest_dag_version"] or {}).get("bundle_version")
        documentation = answer["doc_md"] or ""
        return DagState(stored, bool(answer["is_stale"]), answer["file_token"], documentation)

    def import_errors(self) -> dict[str, str]:
        """The errors of DAG files, by the file's path in the bundle."""
        answer = self._get("/importErrors")
        return {error["filename"]: error["stack_trace"] for error in answer["import_errors"]}

    def parse_soon(self, dag: DagState) -> None:
        """Has the DAG processor refresh the bundle and parse this DAG's file at once."""
        try:
            self._request("PUT", f"/parseDagFile/{_part(dag.file_token)}", missing_ok=True)
        except ApiError:
            # A second request for the same file is refused while the first waits.
            return

    def trigger(self, dag_id: str, conf: Mapping[str, object], note: str | None = None) -> str:
        """Starts a run; returns its id."""
        body = {"conf": dict(conf), "logical_date": None, "note": note}
        answer = self._request("POST", f"/dags/{_part(dag_id)}/dagRuns", json=body)
        return str((answer or {})["dag_run_id"])

    def unpause(self, dag_id: str) -> None:
        """Lets the DAG's runs start."""
        self._request("PATCH", f"/dags/{_part(dag_id)}", json={"is_paused": False})

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """A run: `state`, `bundle_version`, `start_date` and more."""
        return self._get(_run(dag_id, run_id))

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run."""
        return str(self.run(dag_id, run_id)["state"])

    def last_run(self, dag_id: str) -> dict[str, Any] | None:
        """The newest run of a DAG."""
        query = {"order_by": "-run_after", "limit": 1}
        answer = self._request(
            "GET", f"/dags/{_part(dag_id)}/dagRuns", missing_ok=True, params=query
        )
        runs: list[dict[str, Any]] = (answer or {}).get("dag_runs", [])
        return runs[0] if runs else None

    def backfill_runs(self, dag_id: str, first: datetime, last: datetime) -> dict[str, str]:
        """The runs of backfills between two logical dates, the oldest first: state by run id."""
        answer = self._get(
            f"/dags/{_part(dag_id)}/dagRuns",
            run_type="backfill",
            logical_date_gte=first.isoformat(),
            logical_date_lte=last.isoformat(),
            order_by="logical_date",
            limit=1000,
        )
        return {run["dag_run_id"]: run["state"] for run in answer["dag_runs"]}

    def open_backfills(self, dag_id: str) -> list[int]:
        """The ids of the DAG's backfills that have not ended; Airflow allows one at a time."""
        answer = self._get("/backfills", dag_id=dag_id, order_by="-id", limit=10)
        return [each["id"] for each in answer["backfills"] if each["completed_at"] is None]

    def cancel_backfill(self, backfill_id: int) -> None:
        """Ends a backfill; what runs goes on, what has not begun fails."""
        self._request("PUT", f"/backfills/{backfill_id}/cancel")

    def tasks(self, dag_id: str, run_id: str) -> dict[str, Task]:
        """The tasks of a run by node."""
        answer = self._get(f"{_run(dag_id, run_id)}/taskInstances", limit=500)
        return {
            task["task_id"]: Task(
                task["task_id"], task["state"] or "waiting", task["duration"], task["try_number"]
            )
            for task in answer["task_instances"]
        }

    def read_log(self, dag_id: str, run_id: str, task: Task, reader: LogReader) -> list[str]:
        """The lines that were written since the reader's last call."""
        instance = f"{_run(dag_id, run_id)}/taskInstances/{_part(task.node)}"
        path = f"{instance}/logs/{max(1, task.try_number)}"
        query = {"token": reader.token} if reader.token else {}
        answer = self._request("GET", path, missing_ok=True, params=query)
        if answer is None:
            return []
        lines = list(_events(answer["content"]))
        # Without a token the answer begins again from the first line.
        fresh = lines if reader.token else lines[reader.count :]
        reader.count += len(fresh)
        reader.token = answer.get("continuation_token")
        return fresh

    def result(self, dag_id: str, run_id: str, node: str) -> dict[str, Any] | None:
        """The NodeResult that a task returned; None when there is none."""
        value = self.returned(dag_id, run_id, node)
        return _json_value(value) if value is not None else None

    def returned(self, dag_id: str, run_id: str, task: str) -> Any:
        """What a task returned; None when there is nothing."""
        path = f"{_run(dag_id, run_id)}/taskInstances/{_part(task)}/xcomEntries/return_value"
        answer = self._request("GET", path, missing_ok=True, params={"deserialize": "false"})
        return answer["value"] if answer else None

    def _get(self, path: str, **query: object) -> dict[str, Any]:
        return self._request("GET", path, params=query) or {}

    def _request(
        self, method: str, path: str, missing_ok: bool = False, **options: Any
    ) -> dict[str, Any] | None:
        self._sign_in()
        try:
            answer = self._http.request(method, f"/api/v2{path}", **options)
        except httpx.TransportError as error:
            raise _unreachable(self._address, error) from error
        if missing_ok and answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.is_error:
            raise ApiError(
                f"Airflow refused {method} {path} ({answer.status_code}): {_detail(answer)}"
            )
        return (answer.json() if answer.content else None) or {}

    def _sign_in(self) -> None:
        if self._signed_in:
            return
        login = {"username": USER, "password": read_password(self._layout)}
        try:
            answer = self._http.post("/auth/token", json=login)
        except httpx.TransportError as error:
            raise _unreachable(self._address, error) from error
        if answer.is_error:
            raise ApiError(
                f"Airflow refused the password in {self._layout.passwords} ({answer.status_code}). "
                f"Start it anew: tfx-airflow down, then tfx-airflow up"
            )
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._signed_in = True


def _unreachable(address: str, error: Exception) -> SetupError:
    return SetupError(
        f"Airflow does not answer at {address} ({type(error).__name__}). Start it: tfx-airflow up"
    )


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.text))
    except ValueError:
        return answer.text[:500]


def _part(text: str) -> str:
    return quote(text, safe="")


def _run(dag_id: str, run_id: str) -> str:
    return f"/dags/{_part(dag_id)}/dagRuns/{_part(run_id)}"


def _json_value(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):
        value = json.loads(value)
    return value if isinstance(value, dict) else None


def _events(content: list[Any]) -> Iterator[str]:
    for entry in content:
        text = entry.get("event", "") if isinstance(entry, dict) else str(entry)
        if not text.startswith("::"):
            yield text

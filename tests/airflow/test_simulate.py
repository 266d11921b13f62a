"""`tfx-airflow simulate` against a real endpoint, the rows drawn by a stand-in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue
from typer.testing import CliRunner, Result

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.serving import EndpointProcess, Model, eventually
from tfx_airflow.cli import app
from tfx_airflow.serving import steps
from tfx_airflow.serving.smoke import smoke_test
from tfx_contract.home import Home
from tfx_request_log import RequestLog

STEPS = (
    steps.take_over,
    steps.upload,
    steps.check_compatibility,
    smoke_test,
    steps.promote,
    steps.settle,
)


def simulate(model: str, *options: object) -> Result:
    return CliRunner().invoke(app, ["simulate", model, *map(str, options)])


@pytest.fixture
def log(served: Model) -> Iterator[RequestLog]:
    log = RequestLog(os.environ["TFX_AIRFLOW_REQUEST_LOG"])
    yield log
    log.close()


@pytest.fixture
def live(served: Model, endpoint_process: EndpointProcess) -> str:
    """A model whose first version, which multiplies by 1, answers and is logged."""
    declare(served, endpoint_process)
    served.add(1)
    push = served.push(1)
    for step in STEPS:
        step(push)
    return served.name


def declare(model: Model, endpoint: EndpointProcess, **serving: object) -> None:
    """Gives a model its folder, which the endpoint looks into, too."""
    folder = write_model(model.home, model.name, serving=serving)
    shutil.copytree(folder, endpoint.folder / "dags" / model.name)
    write_package(model.home, model.name)


def behave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path = tmp_path / "behaviour.json"
    path.write_text(json.dumps({"sample_rows": how}))
    monkeypatch.setenv("STAND_IN_BEHAVIOUR", str(path))


def logged(log: RequestLog, model: str) -> dict[tuple[str, ...], list[JsonValue] | None]:
    """What is true of each request, by its rows; the push asked, too, and with no rows."""
    found = {tuple(row.request_payload): row.groundtruth for row in log.read(model)}
    return {rows: labels for rows, labels in found.items() if rows[0].startswith("{")}


def test_rows_go_through_the_endpoint_in_requests_of_a_batch(live: str, log: RequestLog) -> None:
    result = simulate(live, "--requests", 5, "--batch", 2)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"5 of 5 requests of '{live}' were sent: 5 answered, 0 failed\n"
    assert "drawing 10 rows of the data of version 1" in result.stderr
    eventually(lambda: len(logged(log, live)) == 5, "the requests are logged", 20)
    assert set(logged(log, live)) == {(f'{{"x":{n}}}', f'{{"x":{n + 1}}}') for n in range(0, 10, 2)}


def test_what_is_true_goes_to_the_very_request(live: str, log: RequestLog) -> None:
    result = simulate(live, "--requests", 6, "--ground-truth")
    assert result.exit_code == 0, result.output
    assert f"5 of 6 requests of '{live}' were labelled" in result.stdout
    assert "no label in the data: 1 requests" in result.stderr
    labels = {(f'{{"x":{n}}}',): [2 * n] for n in range(5)}
    eventually(lambda: len(logged(log, live)) == 6, "all requests are logged", 20)
    assert logged(log, live) == {**labels, ('{"x":5}',): None}


def test_labels_of_a_batch_are_a_list_and_null_where_nothing_is_known(
    live: str, log: RequestLog
) -> None:
    assert simulate(live, "--requests", 2, "--batch", 2, "--ground-truth").exit_code == 0
    assert sorted(logged(log, live).values(), key=repr) == [[0, 2], [4, None]]


def test_what_the_log_does_not_keep_is_told(
    served: Model, endpoint_process: EndpointProcess
) -> None:
    declare(served, endpoint_process, log={"sample_rate": 0})
    served.add(1)
    push = served.push(1)
    for step in STEPS:
        step(push)
    result = simulate(served.name, "--requests", 4, "--ground-truth")
    assert result.exit_code == 0, result.output
    assert f"0 of 4 requests of '{served.name}' were labelled" in result.stdout
    assert "not in the log (not sampled): 3 requests" in result.stderr


def test_refusals_are_counted_and_the_first_is_told(live: str) -> None:
    # The model fails from 1,000 on.
    result = simulate(live, "--requests", 1003, "--rate", 100_000)
    assert result.exit_code == 1
    assert "1003 of 1003 requests" in result.stdout
    assert "1000 answered, 3 failed" in result.stdout
    assert f"The first that failed: {live}: " in result.stderr


def test_a_signature_that_the_model_does_not_have_fails_every_request(live: str) -> None:
    result = simulate(live, "--requests", 2, "--signature", "other")
    assert (result.exit_code, "0 answered, 2 failed" in result.stdout) == (1, True)
    assert "'other'" in result.stderr


def test_a_span_is_told_with_the_command_that_trains_on_it(live: str) -> None:
    result = simulate(live, "--requests", 3, "--span")
    assert result.stdout.splitlines()[:2] == [
        "3 rows written to /data/day-5.csv, span 5",
        f"Train on them: tfx-airflow run {live} --span 5",
    ]


def test_the_rows_are_asked_for_by_version_drift_and_seed(
    live: str, served: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave(tmp_path, monkeypatch, "mistake")
    drift = ["--drift", "fare*1.5", "--drift", "kind=-:0.3"]
    result = simulate(live, "--requests", 3, "--batch", 2, "--seed", 0, "--span", *drift)
    assert result.exit_code == 2
    version, package = served.versions / "1", served.home.compiled / live / "aaaa1111"
    told = result.stderr.splitlines()[-1]
    assert told.startswith(
        f"mistake: {version} --rows 6 --seed=0 --package={package} "
        "--drift=fare*1.5 --drift=kind=-:0.3 --span --output "
    )
    assert "a greeting" not in result.stderr


def test_a_command_that_breaks_is_told_with_its_last_lines(
    live: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave(tmp_path, monkeypatch, "broken")
    result = simulate(live)
    assert result.exit_code == 2
    assert "The rows cannot be read: the command ended with exit code 1." in result.stderr
    assert "broken: " in result.stderr


def test_a_malformed_expression_is_refused_before_anything_starts(home: Home) -> None:
    result = simulate("no_such_model", "--drift", "fare/2")
    assert result.exit_code == 2
    assert "--drift 'fare/2': found no expression; allowed: " in result.stderr


@pytest.mark.parametrize(
    ("push", "advice"), [(False, "Train it: tfx-airflow run"), (True, "tfx-airflow push")]
)
def test_without_a_live_version_the_next_command_is_named(
    served: Model, endpoint_process: EndpointProcess, push: bool, advice: str
) -> None:
    declare(served, endpoint_process)
    if push:
        served.add(1)
    result = simulate(served.name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{advice} {served.name}" in result.stderr


def test_a_model_that_is_not_served_is_refused(home: Home, model: Path) -> None:
    result = simulate("taxi")
    assert result.exit_code == 2
    assert "Model 'taxi' is not served" in result.stderr


def test_labels_without_a_log_are_refused_before_the_first_request(
    live: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_REQUEST_LOG", f"sqlite:///{tmp_path}/none.db")
    result = simulate(live, "--ground-truth")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "There is no request log in" in result.stderr


def test_labels_of_a_model_on_vertex_ai_are_refused(home: Home) -> None:
    place = {"project": "p", "location": "europe-west4", "serving_image": "image"}
    write_model(home, serving={"target": "vertex_ai", "vertex_ai": place})
    write_package(home)
    result = simulate("taxi", "--ground-truth")
    assert result.exit_code == 2
    assert "'taxi' is served by Vertex AI (serving.target). Leave the option out." in result.stderr


def test_ctrl_c_says_how_many_were_sent(live: str, log: RequestLog) -> None:
    def press() -> None:
        eventually(lambda: logged(log, live), "requests come in", 60)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    person = threading.Thread(target=press)
    person.start()
    result = simulate(live, "--requests", 1000, "--rate", 10)
    person.join()
    assert result.exit_code == 130
    sent = int(result.stdout.partition(" of 1000 requests")[0])
    assert 1 <= sent < 1000
    assert result.stdout.endswith(f": {sent} answered, 0 failed\n")

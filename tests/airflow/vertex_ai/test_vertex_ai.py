"""Pushes to Vertex AI by Google's own clients, over sockets, to a stand-in on this machine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.airflow.vertex_ai.gate import Gate
from tests.airflow.vertex_ai.google_services import GoogleServices
from tests.airflow.vertex_ai.monitoring import INGEST_SECONDS
from tests.airflow.vertex_ai.pushing import Pusher, VertexModel, serving
from tfx_airflow.serving import steps
from tfx_airflow.serving.canary import Watched, conclude, give_share, look
from tfx_airflow.serving.clients import connect
from tfx_airflow.serving.endpoint import State
from tfx_airflow.serving.errors import Refused, ServingError
from tfx_airflow.serving.meter import meter_of
from tfx_airflow.serving.predict import predict
from tfx_airflow.serving.push import Push
from tfx_airflow.serving.smoke import smoke_test
from tfx_airflow.serving.verdict import Decision, Verdict
from tfx_contract.deployments import read_events, undecided_versions
from tfx_contract.home import Home

UP_TO_THE_SMOKE_TEST: tuple[Callable[..., object], ...] = (
    steps.take_over,
    steps.upload,
    steps.check_compatibility,
    smoke_test,
)
CANARY = {"window_minutes": 0.02, "longest_minutes": 10, "min_requests": 20}
LONGEST_SECONDS = 20


@pytest.fixture(scope="module")
def services() -> Iterator[GoogleServices]:
    services = GoogleServices()
    yield services
    services.close()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, services: GoogleServices) -> Iterator[Gate]:
    folder = tmp_path_factory.mktemp("gate")
    gate = Gate(folder, services.grpc_port, services.http_port)
    yield gate
    gate.close()


@pytest.fixture(scope="module")
def pusher(tmp_path_factory: pytest.TempPathFactory, gate: Gate) -> Iterator[Pusher]:
    root = tmp_path_factory.mktemp("home")
    pusher = Pusher(Home(root, root / "dags", f"sqlite:///{root}/metadata.db"), gate)
    yield pusher
    pusher.close()


@pytest.fixture
def model(pusher: Pusher) -> VertexModel:
    """A model that nobody has pushed yet."""
    return VertexModel(pusher, f"taxi_{uuid.uuid4().hex[:8]}")


def bring(model: VertexModel, version: int) -> None:
    """A push without a canary."""
    for step in (*UP_TO_THE_SMOKE_TEST, steps.promote, steps.settle):
        model.do(step, version)


def watch(model: VertexModel, version: int, percent: int, *values: float) -> Verdict:
    """A step of a canary, with users who ask, up to the first verdict."""
    watched = model.do(give_share, version, percent, **CANARY)
    with model.traffic_of(*values):
        look_until_decided(model, version, watched, CANARY)
        return model.do(conclude, version, watched, **CANARY)


def look_until_decided(
    model: VertexModel, version: int, watched: Watched, rules: dict[str, float]
) -> Verdict:
    """The first verdict that is one."""
    while True:
        verdict = model.do(look, version, watched, **rules)
        if verdict.decision is not Decision.WATCH:
            return verdict
        assert 60 * watched.minutes < LONGEST_SECONDS, verdict.reason
        time.sleep(0.1)


def test_a_version_comes_by_two_shares_of_the_traffic_and_a_rollback_takes_it_back(
    model: VertexModel,
) -> None:
    model.add(1)
    for step in UP_TO_THE_SMOKE_TEST:
        model.do(step, 1)
    assert model.do(give_share, 1, 10) is None
    model.do(steps.promote, 1)
    model.do(steps.settle, 1)
    assert (model.traffic(), model.loaded()) == ({1: 100}, [1])
    assert model.events(1) == ["uploaded", "smoke_tested", "promoted"]

    model.add(2)
    for step in UP_TO_THE_SMOKE_TEST:
        model.do(step, 2)
    for percent in (40, 60):
        verdict = watch(model, 2, percent, 1.0)
        assert verdict.decision is Decision.PROMOTE
        assert model.traffic() == {1: 100 - percent, 2: percent}
    model.do(steps.promote, 2)
    model.do(steps.settle, 2)
    assert (model.traffic(), model.loaded()) == ({2: 100}, [1, 2])
    assert model.events(2)[2:] == ["canary", "judged", "canary", "judged", "promoted"]

    assert model.roll_back().rolled_back == [2]
    assert model.traffic() == {1: 100}
    answer = model.pusher.do(ask, model.name)
    assert (answer.predictions, answer.deployed_model) == ([7.0], "1")


def test_the_verdict_rests_on_the_numbers_of_its_own_step(model: VertexModel) -> None:
    model.add(1)
    bring(model, 1)
    model.add(2)
    model.do(steps.take_over, 2)
    model.do(give_share, 2, 90)
    with model.traffic_of(1.0) as before:
        time.sleep(2)
    with model.traffic_of(1.0) as codes:
        watched = model.do(give_share, 2, 50)
        rules = CANARY | {"min_requests": 1}
        look_until_decided(model, 2, watched, rules)
        model.do(conclude, 2, watched, **rules)
    numbers = next(e for e in read_events(model.versions, 2) if e.happened == "judged").numbers
    counted = int(numbers["requests"] or 0) + int(numbers["live_requests"] or 0)
    assert 0 < counted < len(codes)
    assert len(before) > 100
    assert numbers["p95_ms"] == pytest.approx(5, abs=1.5)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"fails_beyond": 10.0}, "error rate .* surely worse"),
        ({"milliseconds": 50.0}, "p95 .* slower"),
    ],
)
def test_a_version_with_bad_numbers_is_rolled_back_though_the_good_ones_come_first(
    model: VertexModel, bad: dict[str, float], why: str
) -> None:
    model.add(1)
    bring(model, 1)
    model.add(2, **bad)
    for step in UP_TO_THE_SMOKE_TEST:
        model.do(step, 2)
    with pytest.raises(Refused, match=why):
        watch(model, 2, 50, 1.0, 20.0)
    assert model.traffic() == {1: 100}
    assert model.events(2)[-2:] == ["judged", "rolled_back"]
    assert undecided_versions(model.versions) == []
    model.do(steps.settle, 2)
    assert model.loaded() == [1]


def test_a_window_is_over_when_its_numbers_have_come(
    model: VertexModel, services: GoogleServices
) -> None:
    model.add(1)
    bring(model, 1)
    model.add(2)
    model.do(steps.take_over, 2)
    watched = model.do(give_share, 2, 50)
    rules = CANARY | {"longest_minutes": CANARY["window_minutes"]}
    verdict = look_until_decided(model, 2, watched, rules)
    assert verdict.decision is Decision.INCONCLUSIVE
    # The verdict's number is rounded to hundredths of a minute.
    assert 60 * float(verdict.numbers["minutes"] or 0) < 60 * watched.minutes - INGEST_SECONDS + 0.3
    assert services.monitoring.asked[-1].end_time.timestamp() < time.time() - INGEST_SECONDS


def test_wrong_golden_answers_refuse_a_version_and_its_endpoint_is_left_empty(
    model: VertexModel,
) -> None:
    model.add(1, golden_factor=3)
    model.do(steps.take_over, 1)
    assert "predictions[0]: expected 3, found 1" in model.do(refuse_and_settle, 1)
    time.sleep(1)
    assert model.do(smoke_endpoint, 1).deployed == ()


def test_an_account_that_may_not_read_the_numbers_learns_which_role_it_needs(
    pusher: Pusher,
) -> None:
    with pytest.raises(ServingError, match=r"projects/other .* role roles/monitoring\.viewer"):
        pusher.do(delay_of, "other")


def test_no_other_host_can_be_reached(gate: Gate) -> None:
    assert gate.refused == []
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        requests.get(
            "https://example.invalid", proxies={"https": gate.environment["https_proxy"]}, timeout=5
        )
    assert gate.refused == ["example.invalid"]


def ask(name: str) -> Any:
    return predict(connect(serving()), name, [7.0], None)


def refuse_and_settle(push: Push) -> str:
    """Settles while the refused version is being undeployed."""
    with pytest.raises(Refused) as refused:
        smoke_test(push)
    steps.settle(push)
    return str(refused.value)


def smoke_endpoint(push: Push) -> State:
    return push.smoke_endpoint.read()


def delay_of(project: str) -> float:
    other = serving(project)
    return meter_of(connect(other), other).delay_minutes

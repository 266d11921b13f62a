"""The steps of a push against a real endpoint: each again, each killed, two at once."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable

import pytest

from tests.airflow.hand_made import write_model
from tests.airflow.serving import EndpointProcess, Model
from tfx_airflow.serving import steps
from tfx_airflow.serving.canary import Watched, conclude, give_share, look
from tfx_airflow.serving.clients import connect
from tfx_airflow.serving.endpoint import Change, State
from tfx_airflow.serving.errors import OperationFailed, Preempted, Refused, UnderWay
from tfx_airflow.serving.lease import Lease
from tfx_airflow.serving.push import Push
from tfx_airflow.serving.smoke import smoke_test
from tfx_airflow.serving.verdict import Decision
from tfx_contract.deployments import read_events, undecided_versions
from tfx_contract.errors import SetupError
from tfx_contract.home import Home
from tfx_contract.manifest import SAVED_MODEL_FOLDER, TensorShape
from tfx_contract.serving_spec import Serving

FORK = multiprocessing.get_context("fork")

# A step of a second or so, for tests.
CANARY = {
    "window_minutes": 0.01,
    "longest_minutes": 10,
    "min_requests": 30,
    "steps": [50],
    # Two versions answer beside tests that run on the same cores; latency proves nothing here.
    "max_latency_ratio": 1000,
}


def bring(push: Push) -> None:
    """A push whose canary nobody asks for."""
    for step in (*UP_TO_THE_SMOKE_TEST, steps.promote, steps.settle):
        step(push)


UP_TO_THE_SMOKE_TEST: tuple[Callable[[Push], object], ...] = (
    steps.take_over,
    steps.upload,
    steps.check_compatibility,
    smoke_test,
)


def on_trial(served: Model, run: str = "second", **serving: object) -> tuple[Push, Watched]:
    """Version 1 is live, version 2 has its share."""
    served.add(1)
    bring(served.push(1, "first"))
    served.add(2)
    push = served.push(2, run, **{"canary": CANARY, **serving})
    for step in UP_TO_THE_SMOKE_TEST:
        step(push)
    watched = give_share(push, None if push.serving.canary.shadow else 50)
    assert watched is not None
    return push, watched


def test_the_first_version_goes_to_all_traffic_after_its_smoke_test(served: Model) -> None:
    served.add(1)
    push = served.push(1)
    for step in UP_TO_THE_SMOKE_TEST:
        step(push)
    assert served.ask().status_code >= 400
    assert give_share(push, 10) is None
    steps.promote(push)
    steps.settle(push)
    assert (served.traffic(), served.answer()) == ({1: 100}, 1.0)
    assert served.events(1) == ["uploaded", "smoke_tested", "promoted"]
    assert push.smoke_endpoint.read().deployed == ()


def test_every_step_may_be_done_again(served: Model) -> None:
    served.add(1)
    bring(served.push(1, "first"))
    served.add(2)
    push = served.push(2, "second", canary=CANARY)
    for step in UP_TO_THE_SMOKE_TEST:
        step(push)
        step(push)
    assert give_share(push, 50) is not None
    assert give_share(push, 50) is not None
    assert served.loaded() == [1, 2]
    assert served.traffic() == {1: 50, 2: 50}
    for step in (steps.promote, steps.promote, steps.settle):
        step(push)
    assert served.events(2).count("promoted") == 1
    assert served.events(2).count("canary") == 1
    (model,) = [
        m
        for m in push.clients.models.list_models(parent=push.clients.parent)
        if m.display_name == served.name
    ]
    versions = push.clients.models.list_model_versions(name=model.name.partition("@")[0])
    aliases = sorted(list(each.version_aliases) for each in versions)
    assert aliases == [["default", "v1"], ["v2"]]


def test_a_new_version_proves_itself_and_users_notice_nothing(served: Model) -> None:
    push, watched = on_trial(served)
    assert look(push, watched).decision is Decision.WATCH
    with served.traffic_of() as codes:
        while look(push, watched).decision is Decision.WATCH:
            time.sleep(0.2)
        assert conclude(push, watched).decision is Decision.PROMOTE
        steps.promote(push)
        steps.settle(push)
    assert set(codes) == {200}
    assert (served.traffic(), served.answer()) == ({2: 100}, 2.0)
    judged = next(e for e in read_events(served.versions, 2) if e.happened == "judged")
    assert int(judged.numbers["requests"] or 0) >= 30
    assert "promote: error rate 0.00%" in judged.reason


def test_the_request_log_tells_that_a_version_predicts_otherwise(
    served: Model, endpoint_process: EndpointProcess
) -> None:
    folder = write_model(served.home, served.name, serving={})
    shutil.copytree(folder, endpoint_process.folder / "dags" / served.name)
    push, watched = on_trial(served)
    with served.traffic_of():
        while look(push, watched).decision is Decision.WATCH:
            time.sleep(0.2)
        # The log is written in batches.
        time.sleep(3)
        with pytest.raises(Refused, match=r"Jensen-Shannon distance of the predictions 1\.0"):
            conclude(push, watched)
    assert served.traffic() == {1: 100}
    assert served.events(2)[-2:] == ["judged", "rolled_back"]


def test_a_version_that_fails_where_the_live_one_answers_is_rolled_back_early(
    served: Model,
) -> None:
    served.add(1)
    bring(served.push(1, "first"))
    served.add(2, "fragile")
    push = served.push(2, "second", canary=CANARY | {"window_minutes": 5})
    for step in UP_TO_THE_SMOKE_TEST:
        step(push)
    watched = give_share(push, 50)
    assert watched is not None
    with served.traffic_of(50.0) as codes:
        while look(push, watched).decision is Decision.WATCH:
            time.sleep(0.1)
        with pytest.raises(Refused, match="surely worse"):
            conclude(push, watched)
        asked = len(codes)
        time.sleep(0.5)
    assert set(codes[asked + 5 :]) == {200}
    assert served.traffic() == {1: 100}
    assert undecided_versions(served.versions) == []
    steps.settle(push)
    assert served.loaded() == [1]


@pytest.mark.parametrize("follows", ["roll_back", "promote"])
def test_a_canary_that_nobody_asks_is_inconclusive(served: Model, follows: str) -> None:
    rules = CANARY | {"longest_minutes": 0.02, "when_inconclusive": follows}
    push, watched = on_trial(served, canary=rules)
    time.sleep(1.3)
    assert look(push, watched).decision is Decision.INCONCLUSIVE
    if follows == "promote":
        assert conclude(push, watched).decision is Decision.INCONCLUSIVE
        assert served.traffic() == {1: 50, 2: 50}
        return
    with pytest.raises(Refused, match="0 of 30 requests"):
        conclude(push, watched)
    assert served.traffic() == {1: 100}


def test_a_shadow_is_judged_though_no_user_gets_its_answers(served: Model) -> None:
    rules = CANARY | {"shadow": True, "max_prediction_distance": None}
    push, watched = on_trial(served, canary=rules)
    assert served.traffic() == {1: 100}
    with served.traffic_of():
        while look(push, watched).decision is Decision.WATCH:
            assert served.answer() == 1.0
            time.sleep(0.2)
        assert conclude(push, watched).decision is Decision.PROMOTE
    steps.promote(push)
    assert served.answer() == 2.0
    assert "shadow" not in push.endpoint.read().labels


def test_a_version_that_breaks_callers_is_refused_by_its_feature(served: Model) -> None:
    served.add(1)
    bring(served.push(1, "first"))
    x = TensorShape(dtype="float32", shape=[None])
    served.add(2, inputs={"x": x, "tip_rate": x})
    push = served.push(2, "second")
    steps.take_over(push)
    with pytest.raises(Refused, match="feature 'tip_rate': it is new"):
        steps.check_compatibility(push)
    steps.settle(push)
    assert served.events(2) == ["refused"]
    assert served.traffic() == {1: 100}
    assert undecided_versions(served.versions) == []


def test_wrong_golden_answers_refuse_a_version_before_any_user_asks_it(served: Model) -> None:
    served.add(1)
    bring(served.push(1, "first"))
    served.add(2, golden_factor=2.5)
    push = served.push(2, "second")
    steps.take_over(push)
    with pytest.raises(Refused, match=r"predictions\[0\]: expected 2.5, found 2.0"):
        smoke_test(push)
    event = read_events(served.versions, 2)[-1]
    assert event.numbers == {"differences": 2, "largest_difference": 1.25}
    assert (served.loaded(), served.answer()) == ([1], 1.0)
    assert push.smoke_endpoint.read().deployed == ()


def test_a_corrupt_saved_model_fails_its_smoke_test_and_the_live_one_serves_on(
    served: Model,
) -> None:
    served.add(1)
    bring(served.push(1, "first"))
    folder = served.add(2)
    (folder / SAVED_MODEL_FOLDER / "saved_model.pb").write_bytes(b"not a model")
    push = served.push(2, "second")
    steps.take_over(push)
    with pytest.raises(OperationFailed):
        smoke_test(push)
    steps.settle(push)
    assert (served.loaded(), served.answer()) == ([1], 1.0)


def kill_at_first_wait(push: Push) -> Push:
    def wait(operation: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return Push(push.model, push.version, push.serving, push.home, push.by, push.clients, wait)


KILLED_AFTER: dict[str, Callable[[Push], object]] = {
    "taking the lease": steps.take_over,
    "the upload": steps.upload,
    "the smoke test": smoke_test,
    "the deployment": steps.deploy,
    "the share": lambda push: give_share(push, 50),
    "the promotion": lambda push: push.endpoint.change(
        push.lease, lambda state: steps.all_traffic(str(state.id_of(2)), 2)
    ),
}


def work_until(step: str, served: Model, waiting: bool) -> None:
    """Ends by SIGKILL: after the step, or as it waits for the endpoint."""
    served.clients = connect(Serving(), served.home)  # The sockets of the parent stay its own.
    push = served.push(2, "killed", canary=CANARY)
    for name, each in KILLED_AFTER.items():
        each(kill_at_first_wait(push) if waiting and name == step else push)
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("step", KILLED_AFTER)
@pytest.mark.parametrize("waiting", [True, False])
def test_after_a_killed_push_the_next_one_ends_right(
    served: Model, step: str, waiting: bool
) -> None:
    served.add(1)
    bring(served.push(1, "first"))
    served.add(2)
    process = FORK.Process(target=work_until, args=(step, served, waiting))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert served.ask().status_code == 200
    bring(served.push(2, "next", canary=CANARY))
    assert (served.traffic(), served.answer()) == ({2: 100}, 2.0)
    assert served.loaded() == [1, 2]
    assert served.events(2).count("promoted") == 1


def test_what_a_killed_push_left_is_gone_before_another_version_comes(served: Model) -> None:
    on_trial(served, "killed")
    served.add(3)
    push = served.push(3, "next")
    steps.take_over(push)
    assert served.traffic() == {1: 100}
    steps.upload(push)
    assert served.loaded() == [1]


def test_settling_gives_the_live_version_back_its_traffic_and_lets_the_lease_go(
    served: Model,
) -> None:
    push, _ = on_trial(served)
    steps.settle(push)
    assert (served.traffic(), served.loaded()) == ({1: 100}, [1])
    assert "push-lease" not in push.endpoint.read().labels
    assert undecided_versions(served.versions) == [2]


def test_of_two_pushes_the_one_that_came_last_goes_on(served: Model) -> None:
    older, watched = on_trial(served, "older")
    newer = served.push(2, "newer", canary=CANARY)
    steps.take_over(newer)
    for step in (
        lambda: give_share(older, 50),
        lambda: conclude(older, watched),
        lambda: steps.promote(older),
        lambda: steps.settle(older),
    ):
        with pytest.raises(Preempted, match="preempted by another push"):
            step()
    assert served.traffic() == {1: 100}
    steps.promote(newer)
    assert served.traffic() == {2: 100}


def test_a_change_that_somebody_came_between_is_made_anew(served: Model) -> None:
    push, _ = on_trial(served)
    seen: list[str] = []

    def decide(state: State) -> Change:
        if not seen:
            other = Change(labels={"other": "was-here"})
            push.endpoint.change(push.lease, lambda _: other)
        seen.append(state.etag)
        return Change({str(state.id_of(1)): 100})

    after = push.endpoint.change(push.lease, decide)
    assert len(set(seen)) == 2
    assert after.labels["other"] == "was-here"
    assert served.traffic() == {1: 100}


def test_a_lease_that_was_taken_between_reading_and_changing_stops_the_change(
    served: Model,
) -> None:
    push, _ = on_trial(served)

    def decide(state: State) -> Change:
        push.endpoint.change(Lease.of_rollback("me"), steps.only_live, take=True)
        return Change({str(state.id_of(2)): 100})

    with pytest.raises(Preempted, match="preempted by rollback"):
        push.endpoint.change(push.lease, decide)
    assert served.traffic() == {1: 100}


def test_more_versions_than_are_kept_are_retired(served: Model) -> None:
    for version in (1, 2, 3):
        served.add(version)
        bring(served.push(version, f"run-{version}"))
    assert served.loaded() == [2, 3]
    assert served.events(1)[-1] == "retired"


def test_pushing_an_older_version_again_marks_the_newer_one(served: Model) -> None:
    for version in (1, 2):
        served.add(version)
        bring(served.push(version, f"run-{version}"))
    bring(served.push(1, "again"))
    assert served.traffic() == {1: 100}
    assert "rolled_back" in served.events(2)
    assert undecided_versions(served.versions) == []


def test_an_operation_that_goes_on_is_left_to_the_triggerer(served: Model) -> None:
    served.add(1)
    push = served.push(1)
    steps.take_over(push)
    steps.upload(push)

    def wait(operation: str) -> None:
        raise UnderWay(operation)

    impatient = Push(push.model, push.version, push.serving, push.home, push.by, push.clients, wait)
    with pytest.raises(UnderWay) as under_way:
        smoke_test(impatient)
    assert "/operations/" in under_way.value.operation


def test_an_endpoint_that_does_not_answer_says_how_to_start_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFX_AIRFLOW_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SetupError, match=r"127\.0\.0\.1:9 .* Start it: tfx-airflow up"):
        connect(Serving(), home)


def test_a_canary_outlives_the_endpoints_process(
    served: Model, endpoint_process: EndpointProcess
) -> None:
    rules = CANARY | {"max_prediction_distance": None}
    push, watched = on_trial(served, canary=rules)
    for _ in range(20):
        served.ask()
    endpoint_process.kill()
    endpoint_process.start()
    assert served.traffic() == {1: 50, 2: 50}
    assert look(push, watched).decision is Decision.WATCH
    with served.traffic_of():
        while look(push, watched).decision is Decision.WATCH:
            time.sleep(0.2)
        assert conclude(push, watched).decision is Decision.PROMOTE
    shutil.rmtree(served.versions / "1" / SAVED_MODEL_FOLDER)
    steps.promote(push)
    assert served.answer() == 2.0

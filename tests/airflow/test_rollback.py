"""Rolling back: by the command and by its steps, also while a push is on its way."""

from __future__ import annotations

import time

import pytest
from typer.testing import CliRunner

from tests.airflow.hand_made import write_model, write_package
from tests.airflow.serving import Model
from tests.airflow.test_push_steps import UP_TO_THE_SMOKE_TEST, bring, on_trial
from tfx_airflow.cli import app
from tfx_airflow.serving import steps
from tfx_airflow.serving.canary import conclude, look
from tfx_airflow.serving.errors import Preempted
from tfx_airflow.serving.rollback import choose_version, roll_back
from tfx_contract.deployments import live_version, read_events, undecided_versions
from tfx_contract.errors import InputError


def three_versions(served: Model) -> None:
    """Each was promoted; version 3 is live, version 2 still loaded."""
    for version in (1, 2, 3):
        served.add(version)
        bring(served.push(version, f"run-{version}"))


def test_back_to_the_one_before_while_users_ask(served: Model) -> None:
    three_versions(served)
    with served.traffic_of() as codes:
        began = time.monotonic()
        outcome = roll_back(served.rollback(), choose_version(served.rollback(), None))
        seconds = time.monotonic() - began
    assert (outcome.live, outcome.rolled_back, outcome.was_loaded) == (2, [3], True)
    assert set(codes) == {200}
    assert seconds < 3
    assert (served.traffic(), served.answer()) == ({2: 100}, 2.0)
    assert served.events(3)[-1] == "rolled_back"
    assert live_version(served.versions) == 2
    assert undecided_versions(served.versions) == []


def test_twice_goes_back_further_and_loads_what_was_let_go(served: Model) -> None:
    three_versions(served)
    roll_back(served.rollback(), choose_version(served.rollback(), None))
    assert served.loaded() == [2, 3]
    outcome = roll_back(served.rollback(), choose_version(served.rollback(), None))
    assert (outcome.live, outcome.rolled_back, outcome.was_loaded) == (1, [2], False)
    assert (served.traffic(), served.answer()) == ({1: 100}, 1.0)
    with pytest.raises(InputError, match="no version was promoted before the live one, which is 1"):
        choose_version(served.rollback(), None)


def test_to_a_version_that_is_named_and_to_none_that_does_not_exist(served: Model) -> None:
    three_versions(served)
    rollback = served.rollback()
    roll_back(rollback, choose_version(rollback, 1))
    assert served.traffic() == {1: 100}
    with pytest.raises(InputError, match=r"no version 9 in .*; the newest are: 1, 2, 3"):
        choose_version(rollback, 9)


def test_the_same_rollback_again_changes_nothing_more(served: Model) -> None:
    three_versions(served)
    rollback = served.rollback()
    version = choose_version(rollback, None)
    roll_back(rollback, version)
    before = [read_events(served.versions, each) for each in (1, 2, 3)]
    assert roll_back(rollback, version).rolled_back == []
    assert [read_events(served.versions, each) for each in (1, 2, 3)] == before


def test_a_rollback_that_was_killed_before_its_events_is_not_lost(served: Model) -> None:
    three_versions(served)
    rollback = served.rollback()
    rollback.endpoint.change(
        rollback.lease,
        lambda state: steps.all_traffic(str(state.id_of(2)), 2),
        take=True,
    )
    assert live_version(served.versions) == 3
    assert choose_version(rollback, None) == 1
    assert live_version(served.versions) == 2
    assert served.events(3)[-1] == "rolled_back"


def test_a_push_that_waits_in_its_canary_is_preempted(served: Model) -> None:
    push, watched = on_trial(served)
    rollback = served.rollback()
    began = time.monotonic()
    assert choose_version(rollback, None) == 1
    outcome = roll_back(rollback, 1)
    assert time.monotonic() - began < 3
    assert (outcome.live, outcome.rolled_back) == (1, [2])
    for step in (
        lambda: look(push, watched),
        lambda: conclude(push, watched),
        lambda: steps.promote(push),
        lambda: steps.settle(push),
    ):
        with pytest.raises(Preempted, match="preempted by rollback"):
            step()
    assert served.traffic() == {1: 100}
    assert served.events(2)[-1] == "rolled_back"
    assert undecided_versions(served.versions) == []


def test_the_next_push_cleans_up_after_a_rollback(served: Model) -> None:
    on_trial(served)
    roll_back(served.rollback(), 1)
    assert served.loaded() == [1, 2]
    served.add(3)
    push = served.push(3, "next")
    for step in (*UP_TO_THE_SMOKE_TEST, steps.promote, steps.settle):
        step(push)
    assert served.loaded() == [1, 3]
    assert served.answer() == 3.0


def test_the_command_does_it_without_airflow_and_says_so(served: Model) -> None:
    write_model(served.home, served.name, serving={})
    write_package(served.home, served.name)
    three_versions(served)
    done = CliRunner().invoke(app, ["rollback", served.name])
    assert done.exit_code == 0, done.output
    assert f"{served.name}: version 2 is live, 3 rolled back" in done.output
    assert served.answer() == 2.0
    (event,) = read_events(served.versions, 3)[-1:]
    assert event.by.endswith(": tfx-airflow rollback")
    done = CliRunner().invoke(app, ["rollback", served.name, "--to", "3"])
    assert done.exit_code == 0, done.output
    assert served.answer() == 3.0


def test_the_command_refuses_a_model_that_is_not_served(served: Model) -> None:
    write_model(served.home, "unserved")
    write_package(served.home, "unserved")
    done = CliRunner().invoke(app, ["rollback", "unserved"])
    assert done.exit_code == 2
    assert "is not served" in done.output

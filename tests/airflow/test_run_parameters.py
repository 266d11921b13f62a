"""Run parameters on the command line and in a run."""

from __future__ import annotations

import pytest

from tests.airflow.hand_made import PARAMETERS
from tfx_airflow.parameters import parse_assignments, values_of_run
from tfx_contract.errors import InputError


def test_each_value_is_read_as_its_declared_type() -> None:
    given = ["train_steps=300", "learning_rate=1e-2", "optimizer=sgd"]
    assert parse_assignments(given, PARAMETERS) == {
        "train_steps": 300,
        "learning_rate": 0.01,
        "optimizer": "sgd",
    }


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("train_step=3", r"'train_step': there is no such .* Did you mean 'train_steps'\?"),
        ("train_steps=0", r"'train_steps': 0 is below the minimum 1; allowed: int from 1 up to"),
        ("train_steps=many", r"'many' is not of type int"),
        ("optimizer=adamw", r"'adamw' is not one of 'adam', 'sgd'"),
        ("train_steps", r"found no '='; write it as name=value"),
    ],
)
def test_a_mistake_names_the_parameter_what_was_found_and_what_is_allowed(
    assignment: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        parse_assignments([assignment], PARAMETERS)


def test_a_form_may_send_a_whole_number_as_a_float() -> None:
    values = values_of_run({"train_steps": 300.0, "force_full_run": True}, PARAMETERS)
    assert values == {"train_steps": 300}
    assert isinstance(values["train_steps"], int)

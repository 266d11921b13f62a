"""What a run parameter accepts."""

from __future__ import annotations

import pytest

from tfx_contract.node import ParameterValue
from tfx_contract.parameters import ParameterSpec, ParameterType


def spec(kind: ParameterType, **keys: object) -> ParameterSpec:
    """A parameter of a type."""
    return ParameterSpec.model_validate({"type": kind, "bind": "Trainer.x", **keys})


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int", 3), ("float", 0.5), ("float", 3), ("str", "x"), ("bool", True)],
)
def test_a_value_of_its_type_is_accepted(kind: ParameterType, value: ParameterValue) -> None:
    spec(kind).check(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int", 3.5), ("int", True), ("int", "3"), ("float", "x"), ("str", 3), ("bool", 1)],
)
def test_a_value_of_another_type_is_refused(kind: ParameterType, value: ParameterValue) -> None:
    with pytest.raises(ValueError, match=f"{value!r} is not of type {kind}"):
        spec(kind).check(value)


def test_bounds_are_kept() -> None:
    bounded = spec(ParameterType.FLOAT, minimum=0.1, maximum=1)
    bounded.check(0.1)
    bounded.check(1)
    with pytest.raises(ValueError, match=r"below the minimum 0\.1"):
        bounded.check(0.05)
    with pytest.raises(ValueError, match="above the maximum 1"):
        bounded.check(1.5)


def test_only_a_listed_choice_is_accepted() -> None:
    choice = spec(ParameterType.CHOICE, choices=["adam", "sgd"])
    choice.check("sgd")
    with pytest.raises(ValueError, match="'adamw' is not one of 'adam', 'sgd'"):
        choice.check("adamw")


def test_bounds_on_something_that_is_no_number_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="bound numbers, and this one is str"):
        spec(ParameterType.STR, minimum=1)


def test_one_place_to_bind_may_be_written_without_a_list() -> None:
    assert spec(ParameterType.INT).bind == ["Trainer.x"]

"""Run parameters: declared in `model.yaml`, shown as a typed form, bound to places in the IR."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from tfx_contract.node import ParameterValue
from tfx_contract.record import Record


class RunOption(StrEnum):
    """Parameters of ours that a DAG may have; no model may declare another of such a name."""

    FORCE_FULL_RUN = "force_full_run"
    SPAN = "span"
    FROM_NODE = "from_node"
    TO_NODE = "to_node"
    TUNE = "tune"
    PUSH = "push"
    REASON = "reason"


class ParameterType(StrEnum):
    """The types that a form can show."""

    INT = "int"
    FLOAT = "float"
    STR = "str"
    BOOL = "bool"
    CHOICE = "choice"


_PYTHON_TYPES: dict[ParameterType, tuple[type, ...]] = {
    ParameterType.INT: (int,),
    ParameterType.FLOAT: (int, float),
    ParameterType.STR: (str,),
    ParameterType.BOOL: (bool,),
    ParameterType.CHOICE: (str, int, float),
}


class ParameterSpec(Record):
    """One parameter of a run."""

    type: ParameterType = Field(description="What the form shows and checks.")
    bind: list[str] = Field(
        default=[],
        description="Places in the pipeline, each `Node.parameter` or `Node.parameter.key` "
        "for a key inside a JSON or proto parameter. Left out only when the pipeline has a "
        "RuntimeParameter of this name.",
    )
    default: ParameterValue | None = Field(
        default=None, description="Left out: the value that the compiled pipeline holds."
    )
    description: str = Field(default="", description="Shown beside the field.")
    minimum: float | None = Field(default=None, description="Smallest number allowed.")
    maximum: float | None = Field(default=None, description="Largest number allowed.")
    choices: list[ParameterValue] | None = Field(
        default=None, description="The values of a parameter of type choice."
    )

    @field_validator("bind", mode="before")
    @classmethod
    def _one_place_is_a_list_of_one(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.type is ParameterType.CHOICE) != bool(self.choices):
            raise ValueError(
                "'choices' lists the values of a parameter of type choice, and only there"
            )
        numeric = self.type in (ParameterType.INT, ParameterType.FLOAT)
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"'minimum' and 'maximum' bound numbers, and this one is {self.type}")
        if self.default is not None:
            self.check(self.default)
        return self

    def check(self, value: ParameterValue) -> None:
        """Raises ValueError, saying what is allowed, when `value` does not fit."""
        is_bool = isinstance(value, bool)
        wrong_type = not isinstance(value, _PYTHON_TYPES[self.type])
        if wrong_type or is_bool != (self.type is ParameterType.BOOL):
            raise ValueError(f"{value!r} is not of type {self.type}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{value!r} is not one of {', '.join(map(repr, self.choices))}")
        if self.minimum is not None and isinstance(value, int | float) and value < self.minimum:
            raise ValueError(f"{value!r} is below the minimum {self.minimum:g}")
        if self.maximum is not None and isinstance(value, int | float) and value > self.maximum:
            raise ValueError(f"{value!r} is above the maximum {self.maximum:g}")

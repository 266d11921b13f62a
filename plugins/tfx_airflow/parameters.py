"""Run parameters, from their declaration to Airflow's form and back to plain values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from tfx_contract.errors import InputError
from tfx_contract.node import ParameterValue
from tfx_contract.parameters import ParameterSpec, ParameterType, RunOption

_JSON_TYPES = {
    ParameterType.INT: "integer",
    ParameterType.FLOAT: "number",
    ParameterType.STR: "string",
    ParameterType.BOOL: "boolean",
}


def json_schema(spec: ParameterSpec) -> dict[str, Any]:
    """The JSON schema that Airflow's form checks a parameter against."""
    if spec.type is ParameterType.CHOICE:
        return {"enum": list(spec.choices or [])}
    bounds = {"minimum": spec.minimum, "maximum": spec.maximum}
    given = {key: value for key, value in bounds.items() if value is not None}
    return {"type": _JSON_TYPES[spec.type], **given}


def parse_assignments(
    assignments: list[str], declared: Mapping[str, ParameterSpec]
) -> dict[str, ParameterValue]:
    """Reads `name=value` pairs of a command line.

    Raises:
      InputError: a pair is malformed, names no parameter, or its value does not fit.
    """
    values: dict[str, ParameterValue] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise InputError(f"--param {assignment}: found no '='; write it as name=value.")
        values[name] = parse_value(name, text, _declared(name, declared))
    return values


def parse_value(name: str, text: str, spec: ParameterSpec) -> ParameterValue:
    """Reads one value as its declared type and checks it."""
    return checked(name, _READERS[spec.type](text, spec), spec)


def checked(name: str, value: ParameterValue, spec: ParameterSpec) -> ParameterValue:
    """The value, as the declared type; JSON knows no difference between 200 and 200.0.

    Raises:
      InputError: the value does not fit; the message says what is allowed.
    """
    if spec.type is ParameterType.INT and isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        spec.check(value)
    except ValueError as error:
        raise InputError(f"Parameter '{name}': {error}; allowed: {describe(spec)}.") from None
    return value


def values_of_run(
    given: Mapping[str, Any], declared: Mapping[str, ParameterSpec]
) -> dict[str, ParameterValue]:
    """The checked parameters of an Airflow run, without those that are Airflow's or ours."""
    known = {name: value for name, value in given.items() if name not in set(RunOption)}
    return {
        name: checked(name, value, _declared(name, declared))
        for name, value in known.items()
        if value is not None
    }


def describe(spec: ParameterSpec) -> str:
    """What a parameter allows, in words."""
    if spec.choices:
        return ", ".join(map(repr, spec.choices))
    low = f" from {spec.minimum:g}" if spec.minimum is not None else ""
    high = f" up to {spec.maximum:g}" if spec.maximum is not None else ""
    return f"{spec.type}{low}{high}"


def _declared(name: str, declared: Mapping[str, ParameterSpec]) -> ParameterSpec:
    if name in declared:
        return declared[name]
    close = difflib.get_close_matches(name, list(declared), n=1, cutoff=0.5)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    allowed = ", ".join(sorted(declared)) or "none"
    raise InputError(f"Parameter '{name}': there is no such parameter; allowed: {allowed}.{hint}")


def _number(text: str, spec: ParameterSpec) -> ParameterValue:
    try:
        return int(text) if spec.type is ParameterType.INT else float(text)
    except ValueError:
        return text


def _boolean(text: str, spec: ParameterSpec) -> ParameterValue:
    return {"true": True, "false": False}.get(text.lower(), text)


def _choice(text: str, spec: ParameterSpec) -> ParameterValue:
    return next((choice for choice in spec.choices or [] if str(choice) == text), text)


def _string(text: str, spec: ParameterSpec) -> ParameterValue:
    return text


_READERS = {
    ParameterType.INT: _number,
    ParameterType.FLOAT: _number,
    ParameterType.STR: _string,
    ParameterType.BOOL: _boolean,
    ParameterType.CHOICE: _choice,
}

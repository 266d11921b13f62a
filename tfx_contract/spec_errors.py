"""Turns pydantic's findings into sentences: file, key, found, allowed, nearest name."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_SHOWN_MISTAKES = 10
_SHOWN_CHARACTERS = 80


def describe_mistakes(path: Path, error: ValidationError, model: type[BaseModel]) -> str:
    """One line for each mistake, at most ten, each naming the file and the key."""
    found = error.errors()
    lines = [f"{path}: {_describe(mistake, model)}" for mistake in found[:_SHOWN_MISTAKES]]
    if len(found) > _SHOWN_MISTAKES:
        lines.append(f"{path}: and {len(found) - _SHOWN_MISTAKES} more mistakes.")
    return "\n".join(lines)


def _describe(mistake: ErrorDetails, model: type[BaseModel]) -> str:
    location = [part for part in mistake["loc"] if part != "[key]"]
    key = _dotted(location) or "the document"
    found = mistake["input"]
    match mistake["type"]:
        case "extra_forbidden":
            return _unknown_key(key, str(location[-1]), _keys_at(model, location[:-1]))
        case "missing":
            return f"{key}: this key is required and missing."
        case "enum":
            allowed = mistake["ctx"]["expected"]
            nearest = _nearest(str(found), re.findall("'([^']*)'", allowed))
            return f"{key}: found {_shown(found)}; allowed: {allowed}.{nearest}"
        case "value_error":
            return f"{key}: found {_shown(found)}; {mistake['ctx']['error']}."
        case "model_type" | "dict_type":
            return f"{key}: found {_shown(found)}; allowed: keys with values, as in 'key: value'."
        case _:
            return f"{key}: found {_shown(found)}; {_lower_first(mistake['msg'])}."


def _unknown_key(key: str, name: str, allowed: list[str]) -> str:
    return f"{key}: there is no such key; allowed: {', '.join(allowed)}.{_nearest(name, allowed)}"


def _nearest(name: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else ""


def _keys_at(model: type[BaseModel], location: list[Any]) -> list[str]:
    """The keys allowed in the mapping at `location`, found by walking the annotations."""
    current: Any = model
    for part in location:
        nested = current.model_fields[part].annotation if _is_model(current) else _element(current)
        current = nested
    return list(current.model_fields) if _is_model(current) else []


def _element(annotation: Any) -> Any:
    arguments = typing.get_args(annotation)
    return arguments[-1] if arguments else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _dotted(location: list[Any]) -> str:
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in location
    ).lstrip(".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]

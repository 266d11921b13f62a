"""The reference of `model.yaml` as a page of Markdown, made from the records that read it."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from datetime import date
from enum import Enum
from types import NoneType
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tfx_contract.model_spec import CustomModelSpec, ModelSpec, StandardModelSpec

_INTRODUCTION = """\
# model.yaml

What a team says about one model. This page is made from the records that read the file:
`tfx-airflow config-schema --markdown > docs/model.md`.

Every mistake is reported with the file, the key, what was found, what is allowed and the nearest
valid name. An editor that understands JSON Schema checks it while you type:

```yaml
# yaml-language-server: $schema=../../docs/model.schema.json
```

A model of the standard training pipeline says what its `data` and `evaluation` are. A folder with a
`pipeline.py`, or a `model.yaml` with the key `pipeline`, has a pipeline of its own instead: see
[Bring your own TFX pipeline](bring-your-own.md).
"""
_PARAMETERS = """
```yaml
parameters:
  train_steps:
    type: int
    bind: Trainer.train_args.num_steps     # node, parameter, key inside it; or a list of these
    description: How many batches the Trainer learns from.
    minimum: 1
    maximum: 1000000
```

Each becomes a field of Airflow's trigger form, an option of `tfx-airflow run --param`, and a key of
the REST API's `conf`. A scheduled run takes the defaults. A RuntimeParameter of a `pipeline.py`
becomes a parameter by itself.
"""
_NAMES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    date: "date",
    NoneType: "nothing",
    Any: "anything",
    object: "anything",
}


def markdown() -> str:
    """The whole page."""
    own = {**StandardModelSpec.model_fields, **CustomModelSpec.model_fields}
    common = {k: v for k, v in own.items() if k in ModelSpec.model_fields}
    parts = [
        _INTRODUCTION,
        "## Every model\n",
        _table(common),
        "## A model of the standard training pipeline\n",
        _table({k: v for k, v in StandardModelSpec.model_fields.items() if k not in common}),
        "## A model with a pipeline of its own\n",
        _table({k: v for k, v in CustomModelSpec.model_fields.items() if k not in common}),
    ]
    for path, record in _records(own):
        parts += [f"## {path}\n", f"{_sentence(record)}\n", _table(record.model_fields)]
        if path == "parameters.NAME":
            parts.append(_PARAMETERS)
    return "\n".join(parts)


def _records(
    fields: dict[str, FieldInfo], above: str = ""
) -> Iterator[tuple[str, type[BaseModel]]]:
    for key, field in fields.items():
        path = f"{above}.{key}" if above else key
        for record, is_named in _inside(field.annotation):
            inner = f"{path}.NAME" if is_named else path
            yield inner, record
            yield from _records(record.model_fields, inner)


def _inside(annotation: Any, is_named: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """The records that a field holds, and whether they stand under names of the user's."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, is_named
    named = is_named or typing.get_origin(annotation) is dict
    for argument in typing.get_args(annotation):
        yield from _inside(argument, named)


def _table(fields: dict[str, FieldInfo]) -> str:
    rows = ["| key | meaning | holds | default |", "|---|---|---|---|"]
    for key, field in fields.items():
        cells = (f"`{key}`", _meaning(field), _holds(field), _default(field))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _meaning(field: FieldInfo) -> str:
    records = [record for record, _ in _inside(field.annotation)]
    return field.description or (_sentence(records[0]) if records else "")


def _sentence(record: type[BaseModel]) -> str:
    return (record.__doc__ or "").strip().partition("\n")[0]


def _holds(field: FieldInfo) -> str:
    bounds = [_bound(item) for item in field.metadata]
    return ", ".join([_kind(field.annotation), *filter(None, bounds)])


def _bound(item: Any) -> str:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return " ".join(
        f"{word} {getattr(item, key)}" for key, word in words.items() if hasattr(item, key)
    )


def _kind(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys"
    if annotation in _NAMES:
        return _NAMES[annotation]
    arguments = [a for a in typing.get_args(annotation) if a is not NoneType]
    match typing.get_origin(annotation):
        case origin if origin is dict:
            return f"names, each with {_kind(arguments[-1])}"
        case origin if origin is list:
            return f"list of {_kind(arguments[0])}"
        case origin if origin is typing.Annotated:
            return _kind(arguments[0])
    return " or ".join(dict.fromkeys(_kind(argument) for argument in arguments))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", [], {}):
        return "none"
    if isinstance(value, BaseModel):
        return "see there"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"

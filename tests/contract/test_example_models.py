"""The models under `dags/` show all that `model.yaml` can say."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from tfx_contract.model_spec import StandardModelSpec, load_model_spec
from tfx_contract.serving_spec import VertexAI

FILES = sorted((Path(__file__).parents[2] / "dags").glob("*/model.yaml"))


def test_together_the_models_use_every_key() -> None:
    used = {
        key for file in FILES for key in _used(StandardModelSpec, yaml.safe_load(file.read_text()))
    }
    # What only a cloud has is shown in the documentation.
    cloud = {f"VertexAI.{key}" for key in VertexAI.model_fields} | {"Serving.vertex_ai"}
    assert set(_keys(StandardModelSpec)) - used - cloud == set()


def test_each_of_them_is_valid() -> None:
    specs = [load_model_spec(file.parent) for file in FILES]
    assert len(specs) >= 3
    formats = {spec.data.format for spec in specs if isinstance(spec, StandardModelSpec)}
    assert formats >= {"csv", "parquet", "tfrecord"}


def _keys(model: type[BaseModel]) -> Iterator[str]:
    """Every key, as `Class.key`, of a record and those in it."""
    for name, field in model.model_fields.items():
        yield f"{model.__name__}.{name}"
        for nested in _records_in(field.annotation):
            yield from _keys(nested)


def _used(model: type[BaseModel], content: dict[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        yield f"{model.__name__}.{name}"
        for nested in _records_in(model.model_fields[name].annotation):
            # A mapping from names to records, or one record.
            is_named = typing.get_origin(model.model_fields[name].annotation) is dict
            for item in value.values() if is_named else [value]:
                yield from _used(nested, item)


def _records_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _records_in(argument)

"""Every mistake in `model.yaml` names file, key, what was found, what is allowed, nearest name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tfx_contract.errors import SpecError
from tfx_contract.model_spec import StandardModelSpec, load_model_spec

SMALLEST: dict[str, Any] = {
    "data": {"uri": "data", "label": "tips"},
    "evaluation": {"label": "tips_xf", "metrics": {"AUC": {}}},
}


def write(tmp_path: Path, document: object) -> Path:
    """Writes a model's folder."""
    folder = tmp_path / "taxi"
    folder.mkdir(exist_ok=True)
    (folder / "model.yaml").write_text(yaml.safe_dump(document))
    return folder


def mistake_in(tmp_path: Path, document: object) -> str:
    """What is said of a document."""
    folder = write(tmp_path, document)
    with pytest.raises(SpecError) as caught:
        load_model_spec(folder)
    assert str(folder / "model.yaml") in str(caught.value)
    return str(caught.value)


def parameter(**keys: object) -> dict[str, Any]:
    """A document with one run parameter."""
    return SMALLEST | {"parameters": {"steps": {"type": "int", "bind": "Trainer.x", **keys}}}


def test_everything_but_data_and_evaluation_has_a_default(tmp_path: Path) -> None:
    spec = load_model_spec(write(tmp_path, SMALLEST))
    assert (spec.schedule, spec.training.steps, spec.execution.retries) == (None, 1000, 2)


def test_an_unknown_key_gets_the_allowed_ones_and_the_nearest(tmp_path: Path) -> None:
    said = mistake_in(tmp_path, SMALLEST | {"shedule": "@daily"})
    assert "shedule: there is no such key; allowed: description, owner" in said
    assert said.endswith("Did you mean 'schedule'?")


def test_an_unknown_key_inside_another_is_named_with_its_place(tmp_path: Path) -> None:
    said = mistake_in(tmp_path, SMALLEST | {"training": {"step": 3}})
    assert "training.step: there is no such key; allowed: steps, eval_steps" in said
    assert "Did you mean 'steps'?" in said


def test_an_unknown_key_of_a_threshold_gets_the_allowed_ones(tmp_path: Path) -> None:
    evaluation = {"label": "tips_xf", "metrics": {"AUC": {"minimun": 0.7}}}
    said = mistake_in(tmp_path, SMALLEST | {"evaluation": evaluation})
    assert "evaluation.metrics.AUC.minimun: there is no such key" in said
    assert "Did you mean 'minimum'?" in said


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    said = mistake_in(tmp_path, {"data": {"uri": "data"}})
    assert "data.label: this key is required and missing." in said
    assert "evaluation: this key is required and missing." in said


def test_a_wrong_choice_gets_the_allowed_ones_and_the_nearest(tmp_path: Path) -> None:
    said = mistake_in(tmp_path, SMALLEST | {"data": {"uri": "x", "label": "y", "format": "cvs"}})
    assert "data.format: found 'cvs'; allowed: 'csv', 'tfrecord', 'avro' or 'parquet'." in said
    assert "Did you mean 'csv'?" in said


def test_a_parameter_type_that_does_not_exist_gets_the_nearest(tmp_path: Path) -> None:
    said = mistake_in(tmp_path, parameter(type="integer"))
    assert "parameters.steps.type: found 'integer'; allowed: 'int', 'float'" in said
    assert "Did you mean 'int'?" in said


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "training",
            {"steps": "many"},
            "training.steps: found 'many'; input should be a valid int",
        ),
        ("training", {"steps": 0}, "training.steps: found 0; input should be greater than"),
        ("training", [1], "training: found [1]; allowed: keys with values"),
        ("tags", "a", "tags: found 'a'; input should be a valid list"),
        ("timezone", "Chicago", "timezone: found 'Chicago'; is not a time zone"),
        ("execution", {"retries": -1}, "execution.retries: found -1; input should be greater than"),
    ],
)
def test_a_wrong_value_is_shown_beside_what_is_allowed(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    assert said in mistake_in(tmp_path, SMALLEST | {key: value})


def test_a_default_outside_its_bounds_is_a_mistake(tmp_path: Path) -> None:
    assert "0 is below the minimum 1" in mistake_in(tmp_path, parameter(default=0, minimum=1))


def test_choices_belong_to_the_type_choice_only(tmp_path: Path) -> None:
    assert "'choices' lists the values" in mistake_in(tmp_path, parameter(choices=[1, 2]))


def test_all_mistakes_are_listed_at_once_and_at_most_ten(tmp_path: Path) -> None:
    said = mistake_in(tmp_path, SMALLEST | {f"key{number}": 1 for number in range(14)})
    assert len(said.splitlines()) == 11
    assert "and 4 more mistakes" in said


@pytest.mark.parametrize("content", [b"a: [1", b"\xff\xfe\xfa"])
def test_a_file_that_is_no_yaml_is_a_mistake(tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path, SMALLEST)
    (folder / "model.yaml").write_bytes(content)
    with pytest.raises(SpecError, match="not valid YAML in UTF-8"):
        load_model_spec(folder)


def test_a_folder_without_the_file_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "taxi").mkdir()
    with pytest.raises(SpecError, match="there is no such file"):
        load_model_spec(tmp_path / "taxi")


@pytest.mark.parametrize("content", ["", "- a", "text"])
def test_a_document_that_is_no_mapping_is_a_mistake(tmp_path: Path, content: str) -> None:
    folder = write(tmp_path, SMALLEST)
    (folder / "model.yaml").write_text(content)
    with pytest.raises(SpecError):
        load_model_spec(folder)


@pytest.mark.parametrize("name", ["Taxi", "1taxi", "ta-xi", "t" * 64])
def test_a_folder_whose_name_cannot_be_a_models_is_a_mistake(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match=f"found '{name}'"):
        load_model_spec(tmp_path / name)


def test_a_spec_cannot_be_changed() -> None:
    spec = StandardModelSpec.model_validate(SMALLEST)
    with pytest.raises(ValueError, match="frozen"):
        spec.owner = "other"


def test_the_name_of_our_own_parameter_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "churn"
    folder.mkdir()
    (folder / "model.yaml").write_text(
        "data: {uri: x, label: y}\nevaluation: {label: y, metrics: {AUC: {}}}\n"
        "parameters: {force_full_run: {type: bool, bind: A.b}}\n"
    )
    with pytest.raises(SpecError, match="choose another name"):
        load_model_spec(folder)

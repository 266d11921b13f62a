"""What must not be kept is not kept, in whatever shape it comes; what is unclear is left out."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.tfx.endpoint.request_logs import logger_in, served, write_model
from tfx_contract.serving_spec import RequestLog
from tfx_endpoint.request_logging.privacy import Privacy
from tfx_endpoint.request_logging.tf_example import Example as OwnExample
from tfx_request_log.hashing import KeyedHash

HASHES = KeyedHash(b"key")
ROW = {"fare": 12.5, "company": "Blue", "person": "ann"}


def privacy(**rules: Any) -> Privacy:
    return Privacy(RequestLog(**rules), HASHES)


def example(**features: list[Any]) -> dict[str, str]:
    """A serialized tf.Example as a client sends it."""
    message = tf.train.Example()
    for name, values in features.items():
        feature = message.features.feature[name]
        if isinstance(values[0], str):
            feature.bytes_list.value[:] = [value.encode() for value in values]
        elif isinstance(values[0], int):
            feature.int64_list.value[:] = values
        else:
            feature.float_list.value[:] = values
    return {"b64": base64.b64encode(message.SerializeToString()).decode()}


def features_of(instance: Any) -> dict[str, list[Any]]:
    """The features of a logged example."""
    from tensorflow.core.example.example_pb2 import Example

    message = Example.FromString(base64.b64decode(instance["b64"]))
    return {
        name: list(getattr(feature, str(feature.WhichOneof("kind"))).value)
        for name, feature in message.features.feature.items()
    }


def cleaned(rules: Privacy, *instances: Any, signature: str = "serving_default") -> list[Any]:
    texts, _ = rules.request(list(instances), signature)
    return [json.loads(text) for text in texts]


def test_columns_of_rows_are_dropped_and_hashed() -> None:
    rules = privacy(drop=["person"], hash=["company"])
    assert cleaned(rules, ROW, {**ROW, "company": None}, {**ROW, "company": ""}) == [
        {"fare": 12.5, "company": HASHES.of("Blue")},
        {"fare": 12.5, "company": None},
        {"fare": 12.5, "company": ""},
    ]


def test_a_column_that_is_both_is_dropped() -> None:
    assert cleaned(privacy(drop=["person"], hash=["person"]), {"person": "ann"}) == [{}]


def test_nested_values_and_bytes_are_hashed_one_by_one() -> None:
    ann = {"b64": base64.b64encode(b"ann").decode()}
    (instance,) = cleaned(privacy(hash=["person"]), {"person": [["ann"], [ann, "bob"]], "x": 1})
    one, other = HASHES.of("ann"), HASHES.of("bob")
    assert instance == {"person": [[one], [one, other]], "x": 1}


def test_features_of_serialized_examples_are_dropped_and_hashed() -> None:
    rules = privacy(drop=["person"], hash=["company", "zip", "rate"])
    given = example(fare=[12.5], company=["Blue"], person=["ann"], zip=[60601, 60602], rate=[0.1])
    for instance in (given, {"examples": given}, [given]):
        (found,) = cleaned(rules, instance)
        found = found.get("examples", found) if isinstance(found, dict) else found[0]
        assert features_of(found) == {
            "fare": [12.5],
            "company": [HASHES.of("Blue").encode()],
            "zip": [HASHES.of(60601).encode(), HASHES.of(60602).encode()],
            "rate": [HASHES.of(0.1).encode()],
        }


def test_an_example_may_lack_what_is_to_be_dropped() -> None:
    (found,) = cleaned(privacy(drop=["person"]), example(fare=[1.0]))
    assert features_of(found) == {"fare": [1.0]}


def test_what_an_example_hides_in_unknown_fields_is_not_kept() -> None:
    given = base64.b64decode(example(fare=[1.0])["b64"])
    # Field 9, of no meaning to a tf.Example.
    smuggled = given + bytes([9 << 3 | 2, 3]) + b"ann"
    (found,) = cleaned(privacy(drop=["person"]), {"b64": base64.b64encode(smuggled).decode()})
    assert b"ann" not in base64.b64decode(found["b64"])


@pytest.mark.parametrize(
    "instance",
    [
        "a text of which nobody knows what it is",
        3.5,
        [1.0, 2.0],
        {"b64": base64.b64encode(b"no example").decode()},
        {"examples": {"b64": base64.b64encode(b"\xff\xff\xff").decode()}},
        {"b64": ""},
    ],
)
def test_what_cannot_be_searched_is_withheld_when_something_must_not_be_kept(instance: Any) -> None:
    for rules in (privacy(drop=["person"]), privacy(hash=["person"])):
        assert cleaned(rules, instance, ROW)[0] is None
        assert cleaned(rules, instance, ROW)[1] is not None
    assert cleaned(privacy(key="person"), instance) == [instance]
    assert cleaned(privacy(), instance) == [instance]


def test_features_after_the_transformation_are_withheld() -> None:
    rules = privacy(drop=["company"])
    assert cleaned(rules, {"company_xf": 3}, signature="serving_transformed") == [None]
    assert rules.response([{"company_xf": 3}], "transform_features") == ["null"]
    assert rules.response([{"company_xf": 3}], "transform_json") == ["null"]
    assert privacy().response([{"company_xf": 3}], "transform_features") == ['{"company_xf":3}']


def test_answers_that_pass_columns_through_are_cleaned_as_well() -> None:
    rules = privacy(drop=["person"], hash=["company"])
    found = rules.response([{**ROW, "score": 0.5}, 0.5, [1, 2]], "serving_json")
    expected = {"fare": 12.5, "company": HASHES.of("Blue"), "score": 0.5}
    assert [json.loads(text) for text in found] == [expected, 0.5, [1, 2]]


def test_persons_are_found_in_rows_and_in_examples() -> None:
    rules = privacy(drop=["person"], key="person")
    instances = [ROW, {**ROW, "person": None}, {**ROW, "person": ""}, example(person=["bob"])]
    _, persons = rules.request(instances, "serving_json")
    assert persons == {HASHES.of("ann"), HASHES.of("bob")}
    _, persons = privacy(key="id").request([{"id": 12.0}, example(id=[12])], "serving_json")
    assert persons == {HASHES.of("12")}


def test_numbers_and_texts_that_json_has_no_room_for_are_kept_all_the_same() -> None:
    texts, _ = privacy().request([{"n": 2**70}, {"x": float("nan")}, "\ud800"], "serving_json")
    assert texts == ['{"n":1180591620717411303424}', '{"x":null}', '"\\ud800"']


def test_what_is_dropped_never_reaches_the_file_and_a_person_can_be_erased(tmp_path: Path) -> None:
    write_model(tmp_path / "dags", drop=["person"], hash=["company"], key="person")
    with logger_in(tmp_path) as logger:
        hers = served(instances=[{**ROW, "person": "ann-4711"}, {**ROW, "person": "bob"}])
        his = served(instances=[example(person=["bob"], company=["Blue"], fare=[1.0])])
        unclear = served(instances=["ann-4711"])
        for request in (hers, his, unclear):
            logger(request)
        assert logger.flush(20)
        assert logger.withheld == 1
        (row,) = logger.log.get(unclear.request_id)
        assert row.request_payload == ["null"]
        for file in tmp_path.glob("log.db*"):
            content = file.read_bytes()
            assert b"ann-4711" not in content
            assert b"Blue" not in content
        hashes = KeyedHash.read(tmp_path / "endpoint" / "request_log.key")
        assert logger.log.erase(key_hash=hashes.of("ann-4711")) == 1
        assert not logger.log.get(hers.request_id)
        assert logger.log.get(his.request_id)


def test_examples_are_read_and_written_as_tensorflow_does() -> None:
    mine, theirs = OwnExample(), tf.train.Example()
    for example in (mine, theirs):
        features = example.features.feature
        features["company"].bytes_list.value[:] = [b"Blue", b"\xff"]
        features["fare"].float_list.value[:] = [0.1, -2.5]
        features["hour"].int64_list.value[:] = [-3, 2**62]
        features["nothing"].SetInParent()
    serialized = theirs.SerializeToString(deterministic=True)
    assert mine.SerializeToString(deterministic=True) == serialized
    read = OwnExample.FromString(serialized)
    assert read == mine
    assert read.features.feature["fare"].WhichOneof("kind") == "float_list"


_CLEANING = """
import json, sys
import tfx_endpoint.request_logging.writing_process
from tfx_contract.serving_spec import RequestLog
from tfx_endpoint.request_logging.privacy import Privacy
from tfx_request_log.hashing import KeyedHash
privacy = Privacy(RequestLog(drop=["person"], hash=["company"]), KeyedHash(b"key"))
((text,), _) = privacy.request([json.loads(sys.argv[1])], "serving_default")
print(len(text) > 20, "tensorflow" in sys.modules)
"""


def test_the_process_that_writes_does_without_tensorflow() -> None:
    instance = json.dumps(example(person=["ann"], company=["Blue"], fare=[1.5]))
    command = [sys.executable, "-c", _CLEANING, instance]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "True False\n", done.stderr

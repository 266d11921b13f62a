"""What requests may hold, and what is said of those that hold something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tfx.endpoint.saved_models import save_counter, save_kinds
from tfx_endpoint.errors import Code, RequestError
from tfx_endpoint.serving.decoding import Decoder
from tfx_endpoint.serving.loaded import LoadedModel

MOST = 5
GOOD = {"number": 1.5, "whole": 2, "flag": True, "text": "a"}
Decoders = dict[str, Decoder]


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> Decoders:
    folder = tmp_path_factory.mktemp("models")
    models = [LoadedModel.load(save(folder / save.__name__)) for save in (save_counter, save_kinds)]
    return {key: Decoder(spec, MOST) for m in models for key, spec in m.signatures.items()}


def _but(**changes: Any) -> dict[str, Any]:
    return GOOD | changes


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


BAD_ROWS = [
    ({"number": 1}, "instances: found an object, expected a list of one instance or more"),
    ([], "instances: found an empty list, expected a list of one instance or more"),
    ("x", 'instances: found "x", expected a list of one instance or more'),
    ([GOOD] * 6, "instances: found 6 rows, at most 5 are answered in one request"),
    (
        [GOOD, 3],
        "instances[1]: found 3, expected an object with the features of signature "
        "'serving_default': flag, number, text, whole",
    ),
    ([GOOD, [1, 2]], "instances[1]: found a list of 2, expected an object"),
    ([GOOD, None], "instances[1]: found null, expected an object"),
    (
        [GOOD, GOOD, GOOD, _without("number")],
        "instances[3]: feature 'number' (float32) is missing; send null when it has no value",
    ),
    ([_without("whole")], "instances[0]: feature 'whole' (int32) is missing"),
    ([{}], "instances[0]: feature 'flag' (bool) is missing"),
    (
        [GOOD, _but(nomber=1)],
        "instances[1]: signature 'serving_default' has no feature \"nomber\"; "
        "did you mean 'number'?",
    ),
    ([_but(zzz=1)], 'has no feature "zzz"; it has flag, number, text, whole'),
    (
        [GOOD, _but(number="12")],
        "instances[1]: feature 'number' (float32): found \"12\", expected a number or null",
    ),
    ([_but(number=True)], "feature 'number' (float32): found true, expected a number or null"),
    ([_but(number=[1.0])], "feature 'number' (float32): found a list of 1, expected a number"),
    ([_but(number={"a": 1})], "feature 'number' (float32): found an object, expected a number"),
    ([_but(number=float("nan"))], "found NaN, which is no finite float32"),
    ([_but(number=float("-inf"))], "found -Infinity, which is no finite float32"),
    ([_but(number=1e300)], "found 1e+300, which is no finite float32"),
    ([_but(number=10**400)], "which is no finite float32"),
    (
        [GOOD, _but(whole=None)],
        "instances[1]: feature 'whole' (int32): found null, expected a whole",
    ),
    ([_but(whole=2.5)], "feature 'whole' (int32): found 2.5, expected a whole number"),
    ([_but(whole="2")], "feature 'whole' (int32): found \"2\", expected a whole number"),
    ([_but(whole=False)], "feature 'whole' (int32): found false, expected a whole number"),
    ([_but(whole=2**31)], "found 2147483648, which is no int32"),
    ([_but(whole=1e30)], "found 1e+30, which is no int32"),
    ([_but(whole=float("nan"))], "found NaN, expected a whole number"),
    ([_but(flag=1)], "feature 'flag' (bool): found 1, expected true or false"),
    ([_but(flag="true")], 'found "true", expected true or false'),
    ([_but(flag=None)], "found null, expected true or false"),
    ([_but(text=5)], "feature 'text' (string): found 5, expected a text"),
    ([_but(text={"b64": "?"})], 'found {"b64": "?"}, which is not base64: '),
    ([_but(text={"b64": "YQ"})], "which is not base64: incorrect padding"),
    ([_but(text={"b64": 5})], 'found {"b64": 5}, expected a text'),
    ([_but(text={"b64": "YQ==", "x": 1})], "found an object, expected a text"),
    ([_but(text="\ud800")], "which is no Unicode text"),
]


@pytest.mark.parametrize(("instances", "message"), BAD_ROWS)
def test_a_mistake_in_rows_is_named(decoders: Decoders, instances: Any, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        decoders["serving_default"].rows(instances)
    assert refused.value.code is Code.INVALID_ARGUMENT
    assert message in str(refused.value)
    assert len(str(refused.value)) < 300


BAD_SHAPES = [
    (
        "matrix",
        [[[1, 2, 3]]],
        "instances[0]: feature 'cells' (float32): found a list of 1, "
        "expected lists of shape [2, 3]",
    ),
    (
        "matrix",
        [[[1, 2, 3]] * 2, [[1, 2, 3], [4]]],
        "instances[1]: feature 'cells' (float32): found a list of 1, "
        "expected lists of shape [2, 3]",
    ),
    ("matrix", [1.0], "found 1.0, expected lists of shape [2, 3]"),
    ("matrix", [[[1, 2, 3], [1, 2, "x"]]], 'found "x", expected a number or null, at [1][2]'),
    ("matrix", [[[1, 2, 3], [1, 2, [3]]]], "found a list of 1, expected a number or null, at [1]"),
    (
        "ragged",
        [[1, 2], [3]],
        "instances[1]: feature 'tokens' (int64): found a list of 1, "
        "expected lists of shape [any], the same in every row",
    ),
    ("eight", [1.0, 2.0], "instances: feature 'x' (float32): found 2 rows, expected 8"),
    ("scalar", [1.0], "feature 'x' (float32): it has no rows; ask with 'inputs' instead of"),
]


@pytest.mark.parametrize(("signature", "instances", "message"), BAD_SHAPES)
def test_a_wrong_shape_is_named(
    decoders: Decoders, signature: str, instances: Any, message: str
) -> None:
    with pytest.raises(RequestError) as refused:
        decoders[signature].rows(instances)
    assert message in str(refused.value)


BAD_COLUMNS = [
    ("serving_default", [1, 2], "inputs: found a list of 2, expected an object with the features"),
    ("serving_default", {"number": [1]}, "inputs: feature 'flag' (bool) is missing"),
    ("quotient", {"bye": [1]}, "has no feature \"bye\"; did you mean 'by'?"),
    ("quotient", {"by": []}, "inputs: found no rows, expected one or more"),
    ("quotient", {"by": [1] * 6}, "inputs: found 6 rows, at most 5"),
    ("quotient", {"by": 1}, "inputs: feature 'by' (float32): found 1, expected lists of shape"),
    ("quotient", [1, "x"], "inputs[1]: feature 'by' (float32): found \"x\", expected a number"),
    ("scalar", "x", "inputs: feature 'x' (float32): found \"x\", expected a number"),
    (
        "serving_default",
        {"number": [1, 2], "whole": [1], "flag": [True], "text": ["a"]},
        "inputs: all features need the same number of rows, found 'flag' 1, 'number' 2",
    ),
]


@pytest.mark.parametrize(("signature", "inputs", "message"), BAD_COLUMNS)
def test_a_mistake_in_columns_is_named(
    decoders: Decoders, signature: str, inputs: Any, message: str
) -> None:
    with pytest.raises(RequestError) as refused:
        decoders[signature].columns(inputs)
    assert message in str(refused.value)


def test_rows_become_one_array_a_feature(decoders: Decoders) -> None:
    rows = [GOOD, _but(number=None, whole=3.0, flag=False, text=None), _but(number=7, text="ü")]
    arrays = decoders["serving_default"].rows(rows)
    np.testing.assert_array_equal(arrays["number"], np.array([1.5, np.nan, 7], np.float32))
    np.testing.assert_array_equal(arrays["whole"], np.array([2, 3, 2], np.int32))
    assert arrays["flag"].tolist() == [True, False, True]
    assert arrays["text"].tolist() == [b"a", b"", "ü".encode()]
    assert [array.dtype for array in arrays.values()] == [bool, np.float32, object, np.int32]


def test_columns_become_what_rows_become(decoders: Decoders) -> None:
    rows = [GOOD, _but(number=None, text={"b64": "AAE="})]
    columns = {name: [row[name] for row in rows] for name in GOOD}
    by_row = decoders["serving_default"].rows(rows)
    by_column = decoders["serving_default"].columns(columns)
    for name, array in by_row.items():
        np.testing.assert_array_equal(array, by_column[name])


@pytest.mark.parametrize("value", [{"b64": "AP8A"}, {"payload": {"b64": "AP8A"}}])
def test_a_single_feature_needs_no_name(decoders: Decoders, value: Any) -> None:
    assert decoders["payload"].rows([value])["payload"].tolist() == [b"\x00\xff\x00"]


def test_named_and_bare_rows_may_be_mixed(decoders: Decoders) -> None:
    assert decoders["quotient"].rows([{"by": 2}, 4])["by"].tolist() == [2, 4]


def test_large_whole_numbers_keep_every_digit(decoders: Decoders) -> None:
    tokens = [[2**63 - 1, -(2**63)]]
    assert decoders["ragged"].rows(tokens)["tokens"].tolist() == tokens


def test_a_value_without_rows_is_sent_as_a_column(decoders: Decoders) -> None:
    for inputs in (2.5, {"x": 2.5}):
        array = decoders["scalar"].columns(inputs)["x"]
        assert array.shape == ()
        assert array == 2.5


def test_lists_may_be_empty_where_any_size_is_allowed(decoders: Decoders) -> None:
    assert decoders["ragged"].rows([[], []])["tokens"].shape == (2, 0)

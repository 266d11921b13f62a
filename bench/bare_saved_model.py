"""What a pushed version's SavedModel does without any server: `python -m bench.bare_saved_model
VERSION_FOLDER`, in the TFX environment.

Prints one line of JSON. `row` (columns of `serving_json`) and `examples` (tf.Examples in base64)
are requests to send, from the data that the version was judged by. `rates` are calls a
second with the row and with one example, and instances a second in batches of all the examples:
medians of several rounds, one call at a time in one process.
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfx_contract.manifest import MANIFEST_FILE, SAVED_MODEL_FOLDER, VersionManifest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

_ROUNDS = 5
_ROUND_SECONDS = 1.0
_WARM_UP_CALLS = 50
_EXAMPLES = 512


def rates(model_folder: str, row: dict[str, Any], examples: list[bytes]) -> dict[str, float]:
    """Calls, or instances, a second."""
    import tensorflow as tf

    model = tf.saved_model.load(model_folder)
    of_rows, of_examples = model.signatures["serving_json"], model.signatures["serving_default"]
    inputs = of_rows.structured_input_signature[1]
    columns = {
        name: tf.constant([value], inputs[name].dtype)
        for name, value in _typed(of_rows, row).items()
    }
    one, all_of_them = tf.constant(examples[:1]), tf.constant(examples)

    def answer(outputs: dict[str, Any]) -> None:
        for tensor in outputs.values():
            tensor.numpy()

    return {
        "row": _per_second(lambda: answer(of_rows(**columns))),
        "example": _per_second(lambda: answer(of_examples(one))),
        "batch": len(examples) * _per_second(lambda: answer(of_examples(all_of_them))),
    }


def _typed(signature: Any, row: dict[str, Any]) -> dict[str, Any]:
    """The columns in the signature's types; null is an empty text or NaN."""
    inputs = signature.structured_input_signature[1]
    missing = {"string": "", "float64": float("nan")}
    return {
        name: missing[spec.dtype.name] if row.get(name) is None else row[name]
        for name, spec in inputs.items()
    }


def _per_second(call: Callable[[], None]) -> float:
    for _ in range(_WARM_UP_CALLS):
        call()
    measured = []
    for _ in range(_ROUNDS):
        started, calls = time.perf_counter(), 0
        while time.perf_counter() - started < _ROUND_SECONDS:
            call()
            calls += 1
        measured.append(calls / (time.perf_counter() - started))
    return statistics.median(measured)


def _requests(version: Path) -> tuple[dict[str, Any], list[bytes]]:
    import tensorflow as tf

    from tfx_components.example_rows import row_of_example

    manifest = VersionManifest.read(version / MANIFEST_FILE)
    files = sorted(map(str, Path(manifest.artifacts["examples"].uri).glob("Split-eval/*.gz")))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").take(_EXAMPLES)
    examples = list(records.as_numpy_iterator())
    columns = manifest.signature_shapes["serving_json"].inputs
    row = row_of_example(examples[0])
    return {name: row.get(name) for name in columns}, examples


def main() -> None:
    version = Path(sys.argv[1])
    row, examples = _requests(version)
    result = {
        "rates": rates(str(version / SAVED_MODEL_FOLDER), row, examples),
        "row": row,
        "examples": [base64.b64encode(example).decode() for example in examples],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

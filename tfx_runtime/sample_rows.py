"""Draws rows of a pushed version's own data: `python -m tfx_runtime.sample_rows VERSION …`.

The rows are those that the version learned from and was judged by, as its endpoint is asked with
them. They may drift, and may also become the next span of the model's data, raw label and all.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from tfx_components.example_rows import row_of_example
from tfx_components.span_writer.fitting import examples_from, kinds_of_examples, plain_rows
from tfx_contract.compiled import load_package
from tfx_contract.data_spec import Source
from tfx_contract.drift_expressions import DriftExpression, Within, parse_drift
from tfx_contract.errors import InputError, TfxAirflowError
from tfx_contract.manifest import SAVED_MODEL_FOLDER, VersionManifest
from tfx_contract.model_spec import StandardModelSpec
from tfx_contract.sample import Sample, WrittenRows
from tfx_runtime.drifting import Drifting, Row
from tfx_runtime.uris import writable_uri
from tfx_runtime.version_rows import (
    JSON_SIGNATURE,
    JUDGED,
    LEARNED,
    examples_of,
    read_manifest,
    transformed_labels,
)

_DEFAULT_SIGNATURES = (JSON_SIGNATURE, "serving_default")
_AT_ONCE = 1000


@dataclass(frozen=True)
class Wish:
    """Which rows are wanted.

    Attributes:
      version: Folder of the version.
      rows: How many.
      seed: Of chance; None: other rows each time.
      drift: How they differ from those that the version knows.
      signature: That they are sent to; None: one that takes raw columns.
      spec: What the model's `model.yaml` says of its data; None where it says nothing.
      span: Whether the rows become the next span of that data.
    """

    version: Path
    rows: int
    seed: int | None = None
    drift: Sequence[DriftExpression] = ()
    signature: str | None = None
    spec: StandardModelSpec | None = None
    span: bool = False


def sample_rows(wish: Wish, output: Path) -> Sample:
    """Writes the rows as JSON lines, `{"columns": …, "label": …}`; the label where it is known.

    Of a label that the transformation changes, both are told, as an object of columns.

    Raises:
      InputError: the version or its data is gone, or the wish cannot be fulfilled.
      DataError: the rows have no place in the model's data.
    """
    source = _source(wish) if wish.span else None
    manifest = read_manifest(wish.version)
    examples = examples_of(manifest, LEARNED, JUDGED)
    kinds = kinds_of_examples(examples.as_numpy_iterator())
    signature = _signature(manifest, wish, kinds)
    rows = _drawn(examples.as_numpy_iterator(), wish, Drifting(wish.drift, kinds))
    labels = _labels(wish, rows, list(examples_from(plain_rows(rows), kinds)))
    taken = manifest.signature_shapes[signature].inputs
    labelled = _write_lines(output, _lines(rows, taken, labels))
    written = _write_span(rows, source) if source else None
    return Sample(rows=len(rows), signature=signature, labelled=labelled, written=written)


def _source(wish: Wish) -> Source:
    if wish.spec is None:
        raise InputError(
            f"{wish.version}: model.yaml does not say where the data lies, as with a pipeline of "
            "one's own; spans are written for models with the key 'data'."
        )
    data = wish.spec.data
    return data.model_copy(update={"uri": writable_uri(data.uri)})


def _signature(manifest: VersionManifest, wish: Wish, columns: Iterable[str]) -> str:
    """The one that is wanted, or the first of ours; all that it takes must be raw columns."""
    shapes = manifest.signature_shapes
    known = set(columns) - {wish.spec.data.label if wish.spec else None}
    fitting = [name for name, shape in shapes.items() if shape.inputs.keys() <= known]
    candidates = [wish.signature] if wish.signature else _DEFAULT_SIGNATURES
    if found := [name for name in candidates if name in fitting]:
        return found[0]
    raise InputError(
        f"Version {manifest.version} of '{manifest.model}': expected the signature "
        f"{' or '.join(map(repr, candidates))} to take columns of the data, without the label; "
        f"those that do: {', '.join(fitting) or 'none'}."
    )


def _drawn(examples: Iterable[bytes], wish: Wish, drifting: Drifting) -> list[Row]:
    chance = random.Random(wish.seed)
    kept = _kept(examples, drifting) if drifting.chooses else examples
    rows = [row_of_example(example) for example in draw(kept, wish.rows, chance)]
    if not rows:
        shown = ", ".join(f"'{each.text}'" for each in wish.drift if isinstance(each, Within))
        raise InputError(
            f"--drift {shown}: no row of the data lies within. Choose a wider range."
            if drifting.chooses
            else f"{wish.version}: expected rows in its examples; there are none."
        )
    drifting.change(rows, chance)
    return rows


def _kept(examples: Iterable[bytes], drifting: Drifting) -> Iterator[bytes]:
    return (example for example in examples if drifting.keeps(row_of_example(example)))


def draw(examples: Iterable[bytes], count: int, chance: random.Random) -> list[bytes]:
    """Draws as many, each at most once, or, where there are fewer, again and again.

    Vitter's algorithm R: no more are held than are drawn.
    """
    drawn: list[bytes] = []
    for seen, example in enumerate(examples):
        if seen < count:
            drawn.append(example)
        elif (place := chance.randrange(seen + 1)) < count:
            drawn[place] = example
    if drawn and len(drawn) < count:
        return chance.choices(drawn, k=count)
    chance.shuffle(drawn)
    return drawn


def _labels(wish: Wish, rows: Sequence[Row], examples: Sequence[bytes]) -> list[Any]:
    """What is true of each row; of a row whose label is missing, nothing is known."""
    signatures = tf.saved_model.load(str(wish.version / SAVED_MODEL_FOLDER)).signatures
    found: list[Row] = []
    for start in range(0, len(rows), _AT_ONCE):
        found += transformed_labels(signatures, examples[start : start + _AT_ONCE])
    if wish.spec is None:
        return [_only(values) for values in found]
    return [_truth(wish.spec, row, values) for row, values in zip(rows, found, strict=True)]


def _truth(spec: StandardModelSpec, row: Row, transformed: Row) -> Any:
    """What is true of a row, as the request log takes it."""
    raw, name = spec.data.label, spec.evaluation.label
    label = transformed.get(name, row.get(name))
    if row.get(raw) is None or label is None:
        return None
    return {raw: row[raw], name: label}


def _only(values: Row) -> Any:
    return next(iter(values.values())) if len(values) == 1 else None


def _lines(
    rows: Iterable[Row], taken: Iterable[str], labels: Iterable[Any]
) -> Iterator[dict[str, Any]]:
    names = sorted(taken)
    for row, label in zip(rows, labels, strict=True):
        yield {"columns": {name: row.get(name) for name in names}, "label": label}


def _write_lines(output: Path, lines: Iterable[Mapping[str, Any]]) -> int:
    """Returns how many rows have a label."""
    labelled = 0
    with output.open("w", encoding="utf-8") as file:
        for line in lines:
            labelled += line["label"] is not None
            file.write(json.dumps(line, allow_nan=False) + "\n")
    return labelled


def _write_span(rows: Sequence[Row], source: Source) -> WrittenRows:
    # Brings TFX along, which takes seconds.
    from tfx_components.span_writer.writing import write_rows

    return write_rows(rows, source)


def _wish(arguments: argparse.Namespace) -> Wish:
    spec = load_package(arguments.package).spec if arguments.package else None
    return Wish(
        version=arguments.version.resolve(),
        rows=arguments.rows,
        seed=arguments.seed,
        drift=[parse_drift(text) for text in arguments.drift],
        signature=arguments.signature,
        spec=spec if isinstance(spec, StandardModelSpec) else None,
        span=arguments.span,
    )


def main() -> int:
    """Prints a record of the rows; on a mistake of the user's, the message, and exits 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", type=Path, help="folder of a pushed version")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="file of JSON lines")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--drift", action="append", default=[], help="such as fare*1.5")
    parser.add_argument("--signature", help="that the rows are sent to")
    parser.add_argument("--package", type=Path, help="compiled pipeline of the model")
    parser.add_argument("--span", action="store_true", help="add the rows to the model's data")
    arguments = parser.parse_args()
    try:
        sample = sample_rows(_wish(arguments), arguments.output)
    except TfxAirflowError as error:
        print(error, file=sys.stderr)
        return 2
    print(sample.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())

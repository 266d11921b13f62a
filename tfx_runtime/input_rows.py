"""The nodes that look at and read the rows of a `Source`, in training and in scoring alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tfx.components.example_gen.utils import make_default_input_config
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2

from tfx_components.example_gen.component import SpanExampleGen
from tfx_contract.data_spec import Source
from tfx_contract.parameters import RunOption

# The shares of the rows that the model learns from and is judged by, as TFX's own ExampleGens have.
TRAINING_SPLITS = {"train": 2, "eval": 1}


def example_gen(source: Source, splits: Mapping[str, int], window: int = 1) -> SpanExampleGen:
    """Reads the files of a source; a row's content decides in which split it is."""
    node = SpanExampleGen(
        input_base=source.uri,
        format=source.format,
        input_config=make_default_input_config(source.files),
        output_config=_output(splits.items()),
        span=span_of_run(source),
        window=window,
    )
    node.with_id("ExampleGen")
    return node


def span_of_run(source: Source) -> RuntimeParameter | None:
    """The node runner fills it in; None where the files have no spans."""
    return RuntimeParameter(RunOption.SPAN.value, int) if source.has_spans else None


def _output(splits: Iterable[tuple[str, int]]) -> example_gen_pb2.Output:
    parts = [example_gen_pb2.SplitConfig.Split(name=n, hash_buckets=share) for n, share in splits]
    return example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=parts))

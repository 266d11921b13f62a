"""ExampleGens of every format; tests copy this file into a model folder as its `pipeline.py`."""

from tfx import v1 as tfx
from tfx.components.example_gen.utils import make_default_input_config

from tfx_components.example_gen.component import SpanExampleGen
from tfx_contract.data_spec import DataFormat


def create_pipeline():
    nodes = [SpanExampleGen("unused", kind).with_id(kind.value) for kind in DataFormat]
    numbered = make_default_input_config("day-{SPAN:2}/*.csv")
    dated = make_default_input_config("{YYYY}-{MM}-{DD}/v{VERSION}/*.parquet")
    nodes += [
        SpanExampleGen("unused", DataFormat.CSV, numbered, span=0).with_id("numbered"),
        SpanExampleGen("unused", DataFormat.PARQUET, dated, span=0).with_id("dated"),
        tfx.components.CsvExampleGen("unused", make_default_input_config("*.csv")).with_id("tfx"),
    ]
    return tfx.dsl.Pipeline(
        pipeline_name="example_gens", pipeline_root="unused", components=nodes, enable_cache=True
    )

"""The pipeline of the toy model; tests copy this file into a model folder."""

from tfx import v1 as tfx
from toy_components import Moody, Patient, Source


def create_pipeline():
    source = Source(text="row ", repeat=3)
    patient = Patient(examples=source.outputs["examples"], control="")
    moody = Moody(examples=source.outputs["examples"], mood="good")
    return tfx.dsl.Pipeline(
        pipeline_name="toy",
        pipeline_root="unused",
        components=[source, patient, moody],
        enable_cache=True,
    )

"""Asks both models, compares them, writes what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from absl import logging
from pydantic import TypeAdapter
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.types.artifact import Artifact

from tfx_components.candidate import Candidate, examples_of
from tfx_components.gain_check.gain import GAIN_FILE, Gain, judge_gain
from tfx_contract.training_spec import Threshold

_EVAL = "eval"
_MOST_ROWS = 50_000
_METRICS = TypeAdapter(dict[str, Threshold])


class Executor(base_executor.BaseExecutor):
    """GainCheck's work."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the gain; a candidate without one fails no node, but may not be pushed."""
        output = artifact_utils.get_single_instance(output_dict["gain"])
        gain = _gain(input_dict, exec_properties)
        gain.write(Path(output.uri) / GAIN_FILE)
        output.passed = int(gain.gained or not exec_properties["required"])
        logging.info("%s", gain.reason)


def _gain(inputs: dict[str, list[Artifact]], properties: dict[str, Any]) -> Gain:
    if not inputs.get("baseline"):
        return Gain(gained=True, reason="no model is live that could be beaten")
    examples = artifact_utils.get_single_instance(inputs["examples"])
    rows = [row for batch in examples_of(examples, _EVAL, _MOST_ROWS) for row in batch]
    candidate, live = (
        Candidate.of_artifact(artifact_utils.get_single_instance(inputs[key]))
        for key in ("model", "baseline")
    )
    signature = str(properties["signature"])
    try:
        labels = candidate.labels(
            str(properties["preprocessing_signature"]), str(properties["label"]), rows
        )
        answers = [model.predict(signature, rows) for model in (live, candidate)]
    except ValueError as error:
        return Gain(gained=False, reason=f"the models cannot be compared: {error}")
    return judge_gain(_METRICS.validate_json(properties["metrics"]), labels, *answers)

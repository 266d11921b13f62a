"""The run parameters that are ours: which nodes run, on which span, and whether to push."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airflow.sdk import Param

from tfx_contract.compiled import CompiledPipeline
from tfx_contract.errors import InputError
from tfx_contract.model_spec import ModelSpec
from tfx_contract.parameters import RunOption


def option_params(pipeline: CompiledPipeline) -> dict[str, Param]:
    """The fields of the trigger form that this pipeline has a use for."""
    conditions = {node.runs_if for node in pipeline.nodes}
    return {
        **({RunOption.SPAN.value: _span(pipeline.pattern)} if pipeline.pattern else {}),
        **({RunOption.TUNE.value: _TUNE} if RunOption.TUNE in conditions else {}),
        **({RunOption.PUSH.value: _PUSH} if RunOption.PUSH in conditions else {}),
        RunOption.FROM_NODE.value: _node(
            pipeline, "Run from this node on; those before it give what they last published."
        ),
        RunOption.TO_NODE.value: _node(pipeline, "Run up to this node."),
        RunOption.FORCE_FULL_RUN.value: Param(
            False, description="Run every node anew, without cached results.", type="boolean"
        ),
    }


_TUNE = Param(False, description="Look for better hyperparameters first.", type="boolean")
_PUSH = Param(
    None,
    description="Push a blessed model. Left empty: yes, except in a backfill.",
    type=["null", "boolean"],
)


def _span(pattern: str) -> Param:
    return Param(
        None,
        description=f"Span of `{pattern}` to learn from, a number or a date such as 2026-11-22. "
        "Left empty: the one that belongs to the day of the run.",
        type=["null", "string", "integer"],
    )


def _node(pipeline: CompiledPipeline, description: str) -> Param:
    names = [node.id for node in pipeline.nodes]
    return Param(None, description=description, type=["null", "string"], enum=[None, *names])


def span_of_run(
    pipeline: CompiledPipeline, spec: ModelSpec, given: object, moment: datetime
) -> int | None:
    """The span that a run learns from; None when the pipeline reads no spans.

    Args:
      pipeline: The pipeline that runs.
      spec: The model's own words on spans and time zone.
      given: The parameter `span`, when a person named one.
      moment: The run's logical date, or when it was due.
    """
    if pipeline.pattern is None:
        return None
    if given is not None and str(given).strip():
        return spec.spans.parse(str(given).strip(), pipeline.pattern)
    return spec.spans.of_run(moment.astimezone(spec.zone), pipeline.pattern)


def why_left_out(
    condition: RunOption | None, params: dict[str, Any], spec: ModelSpec, is_backfill: bool
) -> str:
    """Why a node with this condition does not run; empty when it does."""
    if condition is RunOption.TUNE and not params.get(RunOption.TUNE):
        return "this run was not asked to tune"
    if condition is not RunOption.PUSH:
        return ""
    asked = params.get(RunOption.PUSH)
    if asked is None:
        held_back = is_backfill and not spec.push.in_backfills
        return "a backfill pushes only when it is asked to" if held_back else ""
    return "" if asked else "this run was told not to push"


def option_values(
    pipeline: CompiledPipeline, chosen: Mapping[RunOption, Any]
) -> dict[str, str | bool]:
    """Options of a command line, as the form would send them.

    Raises:
      InputError: this pipeline has no such option, or no such node.
    """
    params = option_params(pipeline)
    given = {name.value: value for name, value in chosen.items() if value is not None}
    for name, value in given.items():
        if name not in params:
            raise InputError(f"'{name}': this pipeline has no use for it; it has {_list(params)}.")
        allowed = params[name].schema.get("enum")
        if allowed and value not in allowed:
            names = ", ".join(str(n) for n in allowed if n)
            raise InputError(f"'{name}': there is no node '{value}'; allowed: {names}.")
    return given


def _list(params: dict[str, Param]) -> str:
    return ", ".join(params)

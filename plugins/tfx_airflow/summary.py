"""What a node did, in lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from tfx_contract.manifest import MetricVerdict
from tfx_contract.node import NodeResult, NodeState

_SHOWN_TRACE_LINES = 60


def describe_result(result: NodeResult) -> list[str]:
    """The end of a node's log: state, outputs, verdicts, or the failure with its trace."""
    lines = [f"Node {result.node_id}: {result.state}, {result.seconds:.1f} s of its own work"]
    for key, artifacts in result.outputs.items():
        lines += [f"  {key}: {artifact.type} {artifact.uri}" for artifact in artifacts]
    lines += [f"  {line}" for line in describe_summary(result.summary)]
    if result.state is NodeState.FAILED and result.failure is not None:
        trace = result.failure.trace.splitlines()[-_SHOWN_TRACE_LINES:]
        lines += [*trace, f"ERROR {result.failure.kind}: {result.failure.message}"]
    return lines


def describe_summary(summary: Mapping[str, Any]) -> list[str]:
    """A node's facts for people: metric verdicts first, then the rest."""
    verdicts = [describe_verdict(verdict) for verdict in verdicts_of(summary)]
    rest = [f"{topic}: {_shown(fact)}" for topic, fact in summary.items() if topic != "metrics"]
    return verdicts + rest


def verdicts_of(summary: Mapping[str, Any]) -> list[MetricVerdict]:
    """The metric verdicts of an Evaluator's summary."""
    found = summary.get("metrics", [])
    try:
        return [MetricVerdict.model_validate(verdict) for verdict in found]
    except (ValidationError, TypeError):
        return []


def describe_verdict(verdict: MetricVerdict) -> str:
    """One metric beside what it had to reach."""
    where = f" [{verdict.slice}]" if verdict.slice else ""
    value = "no value" if verdict.value is None else f"{verdict.value:.4f}"
    mark = {True: "passed", False: "FAILED", None: "reported"}[verdict.passed]
    bounds = ", ".join(_bounds(verdict))
    return f"{verdict.name}{where}: {value}, {mark}" + (f" ({bounds})" if bounds else "")


def _bounds(verdict: MetricVerdict) -> Iterable[str]:
    if verdict.minimum is not None:
        yield f"at least {verdict.minimum:g}"
    if verdict.maximum is not None:
        yield f"at most {verdict.maximum:g}"
    if verdict.baseline is not None:
        yield f"baseline {verdict.baseline:.4f}"
    if verdict.may_worsen_by is not None:
        yield f"may worsen by {verdict.may_worsen_by:g}"


def _shown(fact: Any) -> str:
    return ", ".join(map(str, fact)) if isinstance(fact, list) else str(fact)

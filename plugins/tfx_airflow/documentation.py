"""What a DAG says about itself in Airflow's UI."""

from __future__ import annotations

from tfx_airflow.pins import Pin
from tfx_contract.compiled import CompiledPipeline
from tfx_contract.model_spec import Threshold


def describe_dag(package: CompiledPipeline, pin: Pin) -> str:
    """The DAG's documentation in Markdown; a stale pipeline says so before anything else.

    It must hold the digest: Airflow makes a new DAG version only when something of the DAG
    differs, and moves the pin of a version's running runs otherwise.
    """
    sections = [
        _warning(package, pin),
        package.spec.description,
        _facts(package),
        _thresholds(package),
    ]
    return "\n\n".join(section for section in sections if section)


def _warning(package: CompiledPipeline, pin: Pin) -> str:
    if not pin.stale:
        return ""
    return (
        f"## ⚠ This DAG runs an older state of its sources\n\n{pin.why}\n\n"
        f"Take up the newest: `tfx-airflow compile {package.model}`"
    )


def _facts(package: CompiledPipeline) -> str:
    spec = package.spec
    schedule = f"`{spec.schedule}` in {spec.timezone}" if spec.schedule else "only when triggered"
    rows = [
        ("Data", f"`{spec.data.uri}` ({spec.data.format}), label `{spec.data.label}`"),
        ("Schedule", schedule),
        ("Compiled pipeline", f"`{package.digest}`"),
        ("Code", f"`{package.origin.git_commit}`" if package.origin.git_commit else "not in git"),
        ("TFX", package.tfx_version),
    ]
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def _thresholds(package: CompiledPipeline) -> str:
    rows = [
        f"| {name} | {describe_threshold(threshold)} |"
        for name, threshold in package.spec.evaluation.metrics.items()
    ]
    return "| Metric | Must hold |\n|---|---|\n" + "\n".join(rows)


def describe_threshold(threshold: Threshold) -> str:
    """A threshold in words."""
    parts = [
        f"at least {threshold.minimum:g}" if threshold.minimum is not None else "",
        f"at most {threshold.maximum:g}" if threshold.maximum is not None else "",
        f"no more than {threshold.may_worsen_by:g} worse than the baseline"
        if threshold.may_worsen_by is not None
        else "",
    ]
    return ", ".join(part for part in parts if part) or "only reported"

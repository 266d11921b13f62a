"""What a DAG says about itself in Airflow's UI."""

from __future__ import annotations

from tfx_airflow.pins import Pin
from tfx_contract.compiled import PUSH, SCORE, TRAIN, Package, schedule_of
from tfx_contract.data_spec import Source
from tfx_contract.model_spec import CustomModelSpec, ModelSpec, StandardModelSpec
from tfx_contract.training_spec import Threshold


def describe_dag(package: Package, name: str, pin: Pin) -> str:
    """The DAG's documentation in Markdown; a stale pipeline says so before anything else.

    It must hold the digest: Airflow makes a new DAG version only when something of the DAG
    differs, and moves the pin of a version's running runs otherwise.
    """
    sections = [
        _warning(package, pin),
        package.spec.description,
        _facts(package, name),
        _thresholds(package.spec) if name == TRAIN else "",
    ]
    return "\n\n".join(section for section in sections if section)


def describe_serving(package: Package, name: str, pin: Pin) -> str:
    """The documentation of a DAG that pushes or rolls back; it holds the digest, too."""
    serving = package.spec.serving
    assert serving is not None
    canary = serving.canary
    steps = ", ".join(f"{percent} %" for percent in canary.steps)
    rows = [
        ("Versions of", f"`{package.model}`"),
        ("Go to", f"`{serving.target}`"),
        ("Canary", "a copy of the traffic" if canary.shadow else f"{steps} of the traffic"),
        ("Approval", "by a person" if serving.approval else "none"),
        ("Schedule", "when a version was pushed" if name == PUSH else "only when triggered"),
        ("Compiled pipeline", f"`{package.digest}`"),
    ]
    return "\n\n".join(filter(None, [_warning(package, pin), _table(rows)]))


def describe_drift(package: Package, pin: Pin) -> str:
    """The documentation of the DAG that checks requests; it holds the digest, too."""
    spec = package.spec
    assert isinstance(spec, StandardModelSpec)
    drift = spec.drift
    assert drift is not None
    rows = [
        ("Requests to", f"`{package.model}`"),
        ("Checked", f"every {drift.check_requests} requests, or {drift.check_hours:g} hours"),
        ("Compared", ", ".join(drift.kinds)),
        ("When something drifted", f"`{drift.when_drifted}`"),
        ("Cool-down", f"{drift.cool_down_hours:g} hours"),
        ("Compiled pipeline", f"`{package.digest}`"),
    ]
    return "\n\n".join(filter(None, [_warning(package, pin), _table(rows)]))


def _warning(package: Package, pin: Pin) -> str:
    if not pin.stale:
        return ""
    return (
        f"## ⚠ This DAG runs an older state of its sources\n\n{pin.why}\n\n"
        f"Take up the newest: `tfx-airflow compile {package.model}`"
    )


def _facts(package: Package, name: str) -> str:
    spec = package.spec
    cron = schedule_of(spec, name)
    rows = [
        *_sources(spec, name),
        ("Schedule", f"`{cron}` in {spec.timezone}" if cron else "only when triggered"),
        ("Compiled pipeline", f"`{package.digest}`"),
        ("Code", f"`{package.origin.git_commit}`" if package.origin.git_commit else "not in git"),
        ("TFX", package.tfx_version),
    ]
    return _table(rows)


def _table(rows: list[tuple[str, str]]) -> str:
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def _sources(spec: ModelSpec, name: str) -> list[tuple[str, str]]:
    if isinstance(spec, CustomModelSpec):
        return [("Pipeline", f"`{spec.pipeline.function}`")]
    assert isinstance(spec, StandardModelSpec)
    if name == SCORE and spec.scoring:
        return [("Rows", _files(spec.scoring)), ("Scored rows", f"`{spec.scoring.output}`")]
    return [("Data", f"{_files(spec.data)}, label `{spec.data.label}`")]


def _files(source: Source) -> str:
    return f"`{source.uri}`, `{source.files}` ({source.format})"


def _thresholds(spec: ModelSpec) -> str:
    if not isinstance(spec, StandardModelSpec):
        return ""
    rows = [
        f"| {name} | {describe_threshold(threshold)} |"
        for name, threshold in spec.evaluation.metrics.items()
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

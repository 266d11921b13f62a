"""Puts a check together: every kind of comparison that the model asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from tfx_components.distributions.columns import Column, columns_of
from tfx_components.distributions.reference import DataSet, Reference
from tfx_components.drift_detector.judging import judge, judge_metric
from tfx_components.ground_truth import judged_label
from tfx_components.performance import Labelled
from tfx_components.request_statistics.counting import narrowed
from tfx_components.request_statistics.files import RequestFiles
from tfx_contract.drift_report import Anomaly, DriftReport, Finding, MetricFinding, NewerData
from tfx_contract.drift_spec import Drift, DriftKind
from tfx_contract.serving_spec import RequestLog
from tfx_contract.training_spec import Threshold

_FEWEST_LABELLED = 100


@dataclass(frozen=True)
class Check:
    """What a window of requests is compared with.

    Attributes:
      requests: The window.
      reference: Of the version that answered.
      previous: The window before it, of the same version; None: there was none.
      drift: What the model asks for.
      log: What the log leaves out.
      metrics: What `evaluation` of model.yaml asks of the model, by metric.
      label: What the metrics take of ground truth that is an object of columns.
      newer_data: What a retraining could learn from.
    """

    requests: RequestFiles
    reference: Reference
    previous: RequestFiles | None
    drift: Drift
    log: RequestLog
    metrics: Mapping[str, Threshold] = field(default_factory=dict)
    label: str = ""
    newer_data: NewerData | None = None

    def report(self, model: str, version: int) -> DriftReport:
        """All that was found."""
        findings: list[Finding] = []
        notes: list[str] = []
        for kind in self.drift.kinds:
            pair = self._compared(kind, notes)
            if pair:
                findings += judge(kind, *pair, self.drift.thresholds)
        performance = DriftKind.PERFORMANCE in self.drift.kinds
        return DriftReport(
            model=model,
            version=version,
            window=self.requests.window,
            findings=findings,
            metrics=self._performance(notes) if performance else [],
            anomalies=self._anomalies(),
            newer_data=self.newer_data,
            notes=notes,
        )

    def _compared(
        self, kind: DriftKind, notes: list[str]
    ) -> tuple[Mapping[str, Column], Mapping[str, Column]] | None:
        """The samples before and after; None, with a note, when there is no reference."""
        match kind:
            case DriftKind.SKEW:
                hidden = sorted({*self.log.drop, *self.log.hash} & {*self._columns})
                if hidden:
                    notes.append(
                        f"{', '.join(hidden)}: the request log leaves them out or holds hashes of "
                        f"them, so they are not compared with the training data."
                    )
                return self._chosen(self.reference.rows, hidden), self._chosen(self._rows, hidden)
            case DriftKind.FEATURE if self.previous:
                dropped = self.log.drop
                return self._chosen(self.previous.rows, dropped), self._chosen(self._rows, dropped)
            case DriftKind.FEATURE:
                notes.append("This is the first window of its version: there is none before it.")
            case DriftKind.PREDICTION if self.reference.predictions is not None:
                before = columns_of(self.reference.predictions)
                return before, columns_of(self.requests.predictions)
            case DriftKind.PREDICTION:
                notes.append("The version has no predictions of its own to compare with.")
        return None

    def _performance(self, notes: list[str]) -> list[MetricFinding]:
        """The metrics of the answers whose truth is known by now."""
        pairs = [
            (answer, judged_label(truth, self.label)) for answer, truth in self.requests.labelled
        ]
        before, after = Labelled.of(self.reference.labelled), Labelled.of(pairs)
        if before is None:
            notes.append("The version has no labelled predictions of its own to compare with.")
        elif after is None or after.rows < _FEWEST_LABELLED:
            known = after.rows if after else 0
            notes.append(
                f"The truth of {known} answers is known; performance needs {_FEWEST_LABELLED}."
            )
        else:
            found = [judge_metric(name, t, before, after) for name, t in self.metrics.items()]
            return [finding for finding in found if finding]
        return []

    @property
    def _rows(self) -> DataSet:
        return self.requests.rows

    @property
    def _columns(self) -> list[str]:
        return self.requests.window.columns

    def _chosen(self, data_set: DataSet, hidden: Collection[str]) -> dict[str, Column]:
        wanted = set(self._columns) - set(hidden)
        return {name: c for name, c in columns_of(data_set).items() if name in wanted}

    def _anomalies(self) -> list[Anomaly]:
        schema = _without_comparators(narrowed(self.reference.schema, self._columns))
        for feature in list(schema.feature):
            if feature.name in {*self.log.drop, *self.log.hash}:
                schema.feature.remove(feature)
        statistics = statistics_pb2.DatasetFeatureStatisticsList()
        kept = statistics.datasets.add()
        kept.CopyFrom(self._rows)
        named = {feature.name for feature in schema.feature}
        for number in reversed(range(len(kept.features))):
            if kept.features[number].path.step[0] not in named:
                del kept.features[number]
        found = tfdv.validate_statistics(statistics, schema).anomaly_info
        return [
            Anomaly(column=name, reason=f"{info.short_description}: {info.description}")
            for name, info in sorted(found.items())
        ]


def _without_comparators(schema: schema_pb2.Schema) -> schema_pb2.Schema:
    """Distances are judged elsewhere."""
    for feature in schema.feature:
        feature.ClearField("drift_comparator")
        feature.ClearField("skew_comparator")
    return schema

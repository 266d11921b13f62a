"""The artifact types that only this project has."""

from tfx.types.artifact import Artifact, Property, PropertyType


class DataValidationReport(Artifact):
    """What DataGate found: `result.json`, and Data Docs under `data_docs/index.html`."""

    TYPE_NAME = "DataValidationReport"
    PROPERTIES = {
        "data_uri": Property(type=PropertyType.STRING),
        "data_fingerprint": Property(type=PropertyType.STRING),
        "rows": Property(type=PropertyType.INT),
    }


class DataBlessing(Artifact):
    """The data has no anomalies against the curated schema."""

    TYPE_NAME = "DataBlessing"


class ServingReference(Artifact):
    """What requests to a version are compared with, as `distributions.reference` reads it."""

    TYPE_NAME = "ServingReference"
    PROPERTIES = {"version": Property(type=PropertyType.INT)}


class RequestStatistics(Artifact):
    """What a version was asked in a window; times are ISO 8601, `until` is not in the window."""

    TYPE_NAME = "RequestStatistics"
    PROPERTIES = {
        "version": Property(type=PropertyType.INT),
        "since": Property(type=PropertyType.STRING),
        "until": Property(type=PropertyType.STRING),
        "rows": Property(type=PropertyType.INT),
    }


class LabelledRequests(Artifact):
    """Rows that joined the training data, and their span if they have one: `taken.json`."""

    TYPE_NAME = "LabelledRequests"
    PROPERTIES = {
        "rows": Property(type=PropertyType.INT),
        "span": Property(type=PropertyType.INT),
    }


class DriftReport(Artifact):
    """What a drift check found: `report.json`, and `report.html` for a person."""

    TYPE_NAME = "DriftReport"
    PROPERTIES = {"drifted": Property(type=PropertyType.INT)}


class GainReport(Artifact):
    """Whether a model beats the live one on the newest data, `gain.json`, or need not: `passed`."""

    TYPE_NAME = "GainReport"
    PROPERTIES = {"passed": Property(type=PropertyType.INT)}

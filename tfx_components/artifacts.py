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

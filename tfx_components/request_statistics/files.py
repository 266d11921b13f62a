"""The files of a RequestStatistics artifact.

window.json                 what was read
labelled.json               pairs of a prediction and its ground truth
rows/FeatureStats.pb        statistics of the instances
predictions/FeatureStats.pb statistics of the predictions
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfx_components.distributions.reference import (
    DataSet,
    Pair,
    read_data_set,
    read_pairs,
    write_data_set,
    write_pairs,
)
from tfx_contract.drift_report import Window

_WINDOW, _LABELLED = "window.json", "labelled.json"
_ROWS, _PREDICTIONS = "rows/FeatureStats.pb", "predictions/FeatureStats.pb"


@dataclass(frozen=True)
class RequestFiles:
    """What one window held."""

    window: Window
    rows: DataSet
    predictions: DataSet
    labelled: list[Pair]

    @classmethod
    def read(cls, folder: Path) -> RequestFiles:
        """Reads the files of an artifact."""
        return cls(
            Window.read(folder / _WINDOW),
            read_data_set(folder / _ROWS),
            read_data_set(folder / _PREDICTIONS),
            read_pairs(folder / _LABELLED),
        )

    def write(self, folder: Path) -> None:
        """Writes them."""
        self.window.write(folder / _WINDOW)
        write_data_set(folder / _ROWS, self.rows)
        write_data_set(folder / _PREDICTIONS, self.predictions)
        write_pairs(folder / _LABELLED, self.labelled)

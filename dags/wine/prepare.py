"""Writes scikit-learn's wine set, a real one, as the Parquet files that the model reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_wine

# A slash has no place in the name of a tensor.
_RENAMED = {"od280/od315_of_diluted_wines": "od280_od315"}
_LABEL = "cultivar"
_KEPT_BACK = 10


def prepare(folder: Path) -> None:
    """Every tenth bottle goes to `new/`, without its cultivar: that is for the model to say."""
    bottles = _bottles()
    is_new = np.arange(bottles.num_rows) % _KEPT_BACK == 0
    _write(bottles.filter(~is_new), folder / "analysed" / "bottles.parquet")
    _write(bottles.filter(is_new).drop_columns(_LABEL), folder / "new" / "bottles.parquet")


def _bottles() -> pa.Table:
    wine = load_wine()
    names = [_RENAMED.get(name, name) for name in wine.feature_names]
    columns = dict(zip(names, wine.data.T, strict=True))
    return pa.table({"bottle": np.arange(len(wine.data)), **columns, _LABEL: wine.target})


def _write(rows: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)

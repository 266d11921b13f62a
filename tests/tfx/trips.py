"""The taxi trips that come with TFX, as the rows that a model is asked with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import tfx

CSV = Path(tfx.__file__).parent / "examples/chicago_taxi_pipeline/data/simple/data.csv"
_TEXTS = ["payment_type", "company"]
_WHOLE = ["trip_start_hour", "trip_start_day", "trip_start_month"]
_NUMBERS = [
    "fare",
    "trip_miles",
    "trip_seconds",
    "pickup_community_area",
    "dropoff_community_area",
]
_TYPES = {
    **dict.fromkeys(_TEXTS, pa.large_binary()),
    **dict.fromkeys(_WHOLE, pa.int64()),
    **dict.fromkeys(_NUMBERS, pa.float32()),
}


def read_trips() -> pd.DataFrame:
    """All trips, in the order of the file."""
    return pd.read_csv(CSV)


def drawn(trips: pd.DataFrame, size: int, random: np.random.Generator) -> pd.DataFrame:
    """Trips drawn at random, each as often as chance has it."""
    picked: npt.NDArray[np.int64] = random.integers(0, len(trips), size)
    return trips.iloc[picked].reset_index(drop=True)


def batch_of(trips: pd.DataFrame) -> pa.RecordBatch:
    """Their columns, as TFX has them."""
    return pa.RecordBatch.from_pydict(
        {name: _lists(trips[name], kind) for name, kind in _TYPES.items() if name in trips}
    )


def _lists(values: pd.Series, kind: pa.DataType) -> pa.Array:
    flat = pa.array(values, from_pandas=True)
    flat = flat.cast(pa.string()).cast(kind) if kind == pa.large_binary() else flat.cast(kind)
    ends = np.cumsum(flat.is_valid().to_numpy(zero_copy_only=False))
    offsets = pa.array(np.concatenate([[0], ends]), pa.int64())
    return pa.LargeListArray.from_arrays(offsets, flat.drop_null(), mask=flat.is_null())

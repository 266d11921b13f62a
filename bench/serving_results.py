"""The figures of the endpoint under load, each beside what the bare SavedModel does."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from bench.serving import Load, Serving


def serving_results(measured: Serving) -> dict[str, dict[str, Any]]:
    """Ratios by name, each with how it was taken; medians over the rounds."""
    bare, size = measured.bare, measured.batch_size
    logged, unlogged = _rate(measured.rows), _rate(measured.rows_unlogged)
    return {
        "endpoint_rows": _ratio(
            logged / bare["row"],
            "Requests of one JSON row from 64 connections, over calls of the bare SavedModel with "
            "that row, one at a time.",
        ),
        "endpoint_examples": _ratio(
            _rate(measured.examples) / bare["example"], "Likewise, one serialized tf.Example."
        ),
        "endpoint_batches": _ratio(
            _rate(measured.batches) * size / bare["batch"],
            f"Batches of {size} serialized tf.Examples from 4 connections, over the bare batches.",
        ),
        "endpoint_columns": _ratio(
            _rate(measured.columns) * size / bare["batch"],
            f"{size} rows as JSON columns, over the same bare batches.",
        ),
        "endpoint_logging": _ratio(
            logged / unlogged, "Rows with every request logged, over rows with none, in turns."
        ),
        "endpoint_half_load_p99": {
            "median": round(measured.half_load.p99_ms, 1),
            "unit": "ms",
            "how": f"One JSON row, {measured.half_load.per_second / logged:.2f} of the rate above.",
        },
        "endpoint_switch": {
            "median": measured.switch.failed,
            "unit": "failed",
            "how": f"Of {measured.switch.per_second:.0f} requests a second while another version "
            "takes over and the first leaves.",
        },
    }


def _rate(loads: Sequence[Load]) -> float:
    return statistics.median(load.per_second for load in loads)


def _ratio(value: float, how: str) -> dict[str, Any]:
    return {"ratio": round(value, 3), "how": how}

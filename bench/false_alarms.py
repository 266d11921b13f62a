"""How often windows that did not drift are said to: `python -m bench.false_alarms SIZE WINDOWS`,
in the TFX environment.

The windows are drawn from the trips that the reference is of, and judged at the default thresholds.
Prints one line of JSON: what drifted in each window in which anything did, and what the rate of
such windows is below, 95 % sure, by Clopper and Pearson.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import numpy as np
from scipy.stats import beta

from tests.tfx.trips import batch_of, drawn, read_trips
from tfx_components.distributions.columns import bins_of, columns_of
from tfx_components.distributions.statistics import (
    options_for,
    reference_statistics,
    statistics_in_memory,
)
from tfx_components.drift_detector.judging import judge
from tfx_contract.drift_spec import DriftKind, Thresholds

_PROCESSES = 2
_SURE = 0.95


def alarms(size: int, windows: int, seed: int) -> list[list[str]]:
    """What drifted in each window in which anything did."""
    trips, random = read_trips(), np.random.default_rng(seed)
    (training,) = reference_statistics([batch_of(trips)]).datasets
    before, options = columns_of(training), options_for(bins_of(training))
    found = []
    for _ in range(windows):
        window = statistics_in_memory([batch_of(drawn(trips, size, random))], options)
        judged = judge(DriftKind.SKEW, before, columns_of(window.datasets[0]), Thresholds())
        found.append(
            [f"{finding.column} ({finding.measure})" for finding in judged if finding.drifted]
        )
    return [drifted for drifted in found if drifted]


def upper_bound(alarmed: int, windows: int) -> float:
    """Of the rate of alarms."""
    return float(beta.ppf(_SURE, alarmed + 1, windows - alarmed))


def main() -> None:
    size, windows = map(int, sys.argv[1:])
    share = -(-windows // _PROCESSES)
    # TensorFlow's threads do not survive a fork.
    with ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn")) as pool:
        shares = pool.map(alarms, repeat(size), repeat(share), range(_PROCESSES))
        found = [drifted for each in shares for drifted in each]
    windows = share * _PROCESSES
    bound = upper_bound(len(found), windows)
    print(json.dumps({"windows": windows, "alarms": found, "upper_bound": bound}))


if __name__ == "__main__":
    main()

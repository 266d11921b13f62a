"""The verdict on a canary: promote it, roll it back, watch on, or say that nothing can be said.

A canary answers few requests, so a rate that looks worse may be chance. Two rules see to that:

- A rate or a latency counts as worse only when it is significantly so, at 95 %, one-sided. For the
  difference of two error rates that is Newcombe's hybrid score interval (R. G. Newcombe, Interval
  estimation for the difference between independent proportions, Statistics in Medicine 17, 1998,
  method 10), which holds for few requests and for none that failed. For a percentile it is the
  distribution-free interval of order statistics (W. J. Conover, Practical Nonparametric
  Statistics, 3.2): the rank of the 95th percentile among n values is binomial.
- One that looks worse and is not significantly so does not pass either: the canary is watched on,
  and when `longest_minutes` are over, the verdict is inconclusive.

All of that is judged when `window_minutes` have passed and `min_requests` were answered. Until
then only an error rate ends the watch, after 20 requests, and at 99.9 %: the canary is looked at
again and again, and fifty looks at 5 % / 50 each are one at 5 % (Bonferroni).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from tfx_airflow.serving.counters import Counters
from tfx_contract.deployments import Number
from tfx_contract.serving_spec import Canary

# One-sided 95 % and 99.9 %.
_Z = 1.6449
_Z_EARLY = 3.0902
_PERCENTILE = 0.95
# Fewer values have no 95th percentile.
_LEAST = 20


class Decision(StrEnum):
    """What follows."""

    PROMOTE = "promote"
    ROLL_BACK = "roll_back"
    INCONCLUSIVE = "inconclusive"
    WATCH = "watch"


class Check(StrEnum):
    """What one comparison says."""

    PASSED = "passed"
    WORSE = "worse"
    UNSURE = "unsure"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class Finding:
    """One comparison of the canary with the live version."""

    check: Check
    words: str
    numbers: dict[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The decision, why, and the numbers that it rests on."""

    decision: Decision
    reason: str
    numbers: dict[str, Number]


def judge(
    canary: Counters,
    live: Counters,
    minutes: float,
    rules: Canary,
    predictions: Finding | None = None,
) -> Verdict:
    """Judges what was counted since the canary's step began.

    Args:
      canary: What the new version answered.
      live: What the live version answered in the same time.
      minutes: How long the step has been watched.
      rules: The model's thresholds.
      predictions: How far the predictions differ; left out while it is only watched.
    """
    enough = minutes >= rules.window_minutes and canary.requests >= rules.min_requests
    z = _Z if enough else _Z_EARLY
    errors = compare_errors(canary, live, rules.max_error_rate_increase, z)
    latency = compare_latency(canary, live, rules.max_latency_ratio)
    findings = [errors, latency, *([predictions] if predictions else [])]
    decision, reason = _decide(canary, minutes, rules, findings, enough)
    numbers: dict[str, Number] = {
        "minutes": round(minutes, 2),
        "requests": canary.requests,
        "live_requests": live.requests,
    }
    for finding in findings:
        numbers |= finding.numbers
    return Verdict(decision, reason, numbers)


def _decide(
    canary: Counters, minutes: float, rules: Canary, findings: list[Finding], enough: bool
) -> tuple[Decision, str]:
    is_over = minutes >= rules.longest_minutes
    later = Decision.INCONCLUSIVE if is_over else Decision.WATCH
    if not enough:
        if findings[0].check is Check.WORSE and canary.requests >= _LEAST:
            return Decision.ROLL_BACK, findings[0].words
        few = f"{canary.requests} of {rules.min_requests} requests after {minutes:.1f} minutes"
        return later, few
    if worse := _words(findings, Check.WORSE):
        return Decision.ROLL_BACK, worse
    if unsure := _words(findings, Check.UNSURE):
        return later, unsure
    return Decision.PROMOTE, "; ".join(finding.words for finding in findings)


def _words(findings: list[Finding], check: Check) -> str:
    return "; ".join(finding.words for finding in findings if finding.check is check)


def compare_errors(canary: Counters, live: Counters, most: float, z: float = _Z) -> Finding:
    """Whether the canary fails more often, by more than `most` (a share of the requests)."""
    new, old = canary.error_rate, live.error_rate
    numbers: dict[str, Number] = {"error_rate": round(new, 5), "live_error_rate": round(old, 5)}
    words = f"error rate {new:.2%}, the live version's {old:.2%}, at most {most:.2%} more"
    if canary.requests == 0:
        return Finding(Check.UNSURE, "no request was answered yet", numbers)
    least = lower_bound_of_difference(
        (canary.errors, canary.requests), (live.errors, live.requests), z
    )
    numbers["error_rate_increase_at_least"] = round(least, 5)
    if least > most:
        return Finding(Check.WORSE, f"{words}: surely worse", numbers)
    if new - old > most:
        return Finding(Check.UNSURE, f"{words}: perhaps by chance", numbers)
    return Finding(Check.PASSED, words, numbers)


def compare_latency(canary: Counters, live: Counters, most: float) -> Finding:
    """Whether the canary's 95th percentile is more than `most` times the live version's."""
    if min(canary.timed, live.timed) < _LEAST:
        words = f"latency: not compared, with fewer than {_LEAST} requests"
        return Finding(Check.NOT_COMPARED, words)
    new, old = canary.quantile(_PERCENTILE), live.quantile(_PERCENTILE)
    numbers: dict[str, Number] = {"p95_ms": round(new, 3), "live_p95_ms": round(old, 3)}
    words = f"p95 {new:.1f} ms, the live version's {old:.1f} ms, at most {most:g} times"
    if new <= most * old:
        return Finding(Check.PASSED, words, numbers)
    surely_new = canary.quantile(_rank_bound(canary.timed, -1))
    surely_old = live.quantile(_rank_bound(live.timed, +1))
    if surely_new > most * surely_old:
        return Finding(Check.WORSE, f"{words}: surely slower", numbers)
    return Finding(Check.UNSURE, f"{words}: perhaps by chance", numbers)


def compare_predictions(
    distance: float | None, rows: int, live_rows: int, most: float | None, why_not: str = ""
) -> Finding:
    """Whether the distributions of the predictions lie further apart than `most`."""
    if distance is None or most is None:
        words = f"predictions: not compared, {why_not or 'max_prediction_distance is null'}"
        return Finding(Check.NOT_COMPARED, words, {"prediction_distance": None})
    numbers: dict[str, Number] = {
        "prediction_distance": round(distance, 4),
        "logged_predictions": rows,
        "live_logged_predictions": live_rows,
    }
    words = f"Jensen-Shannon distance of the predictions {distance:.3f}, at most {most:g}"
    return Finding(Check.PASSED if distance <= most else Check.WORSE, words, numbers)


def lower_bound_of_difference(new: tuple[int, int], old: tuple[int, int], z: float = _Z) -> float:
    """What the first rate (errors, requests) exceeds the second by, at the least."""
    # Nobody asked the live version: it is taken to fail never, and the canary judged by itself.
    old_rate, old_high = (old[0] / old[1], wilson(*old, z)[1]) if old[1] else (0.0, 0.0)
    rate = new[0] / new[1]
    return (rate - old_rate) - math.hypot(rate - wilson(*new, z)[0], old_high - old_rate)


def wilson(errors: int, requests: int, z: float = _Z) -> tuple[float, float]:
    """Wilson's score interval of a rate."""
    rate, z2 = errors / requests, z * z
    middle = (rate + z2 / (2 * requests)) / (1 + z2 / requests)
    half = z * math.sqrt(rate * (1 - rate) / requests + z2 / (4 * requests**2))
    half /= 1 + z2 / requests
    return max(0.0, middle - half), min(1.0, middle + half)


def _rank_bound(count: int, sign: int) -> float:
    """The quantile that the 95th percentile of all surely lies above (-1) or below (+1)."""
    spread = _Z * math.sqrt(_PERCENTILE * (1 - _PERCENTILE) / count)
    return min(1.0, max(0.0, _PERCENTILE + sign * spread))

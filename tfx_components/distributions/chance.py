"""How far apart two samples of one distribution lie by chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Shares = npt.NDArray[np.float64]

QUANTILE = 0.999
_DRAWS = 4_000
# Rare values differ less than frequent ones; what is beyond adds nothing to the largest difference.
_MOST_VALUES = 100
_SEED = 20_130_617


def divergence_by_chance(pooled: Shares, sizes: tuple[int, int]) -> float:
    """The Jensen-Shannon divergence that one pair of samples in a thousand exceeds, base 2.

    Args:
      pooled: Counts or shares of the bins, of both samples together; one is above 0.
      sizes: Numbers in each sample, 1 at least.
    """
    one, other = _pairs(pooled, sizes)
    return float(np.quantile(_divergences(one, other), QUANTILE))


def difference_by_chance(pooled: Shares, sizes: tuple[int, int]) -> float:
    """The largest difference of a value's shares, likewise."""
    frequent = np.sort(pooled)[::-1]
    kept = frequent[:_MOST_VALUES]
    one, other = _pairs(np.append(kept, frequent[_MOST_VALUES:].sum()), sizes)
    differences = np.abs(one - other)[:, : kept.size].max(axis=1)
    return float(np.quantile(differences, QUANTILE))


def _pairs(pooled: Shares, sizes: tuple[int, int]) -> tuple[Shares, Shares]:
    """Shares in so many pairs of samples, a row a pair; the same in every process."""
    random = np.random.default_rng(_SEED)
    shares = pooled / pooled.sum()
    one, other = (random.multinomial(size, shares, _DRAWS) / size for size in sizes)
    return one, other


def _divergences(one: Shares, other: Shares) -> Shares:
    middle = (one + other) / 2
    return (_relative_entropy(one, middle) + _relative_entropy(other, middle)) / 2


def _relative_entropy(shares: Shares, to: Shares) -> Shares:
    ratio = np.divide(shares, to, out=np.ones_like(shares), where=shares > 0)
    entropy: Shares = (shares * np.log2(ratio)).sum(axis=-1)
    return entropy

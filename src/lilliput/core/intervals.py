r"""How sure a figure is: intervals for accuracies and means, and comparisons that are paired.

Wilson's score interval, for k of n right and the normal quantile z:

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n),   p = k/n

It stays inside [0, 1] and is right for small n and for p near 1, where p ± z·σ is not. Everything else is a
percentile bootstrap with a seed, so that the same data give the same interval.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Interval(NamedTuple):
    """Both ends, in the unit of the figure."""

    low: float
    high: float


class Difference(NamedTuple):
    """Mean of first minus second over the same items, with its interval; `is_clear` where 0 lies outside."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


class McNemar(NamedTuple):
    """Items that only one of two classifiers got right, and the exact two-sided p of "both are equally good"."""

    only_first: int
    only_second: int
    p: float


def wilson(right: int, total: int, level: float = 0.95) -> Interval:
    """Wilson's interval of `right` out of `total`, as shares in [0, 1].

    Raises:
        ValueError: not 0 ≤ right ≤ total with total ≥ 1, or level outside (0, 1).
    """
    if not (0 <= right <= total and total >= 1):
        raise ValueError(f"needs 0 <= right <= total and total >= 1, got {right} of {total}")
    z = NormalDist().inv_cdf((1 + _checked(level)) / 2)
    share, z2 = right / total, z * z / total
    middle = share + z2 / 2
    half = z * math.sqrt(share * (1 - share) / total + z2 / (4 * total))
    # At the ends the exact result is 0 or 1; rounding must not push it past or short of that.
    low = 0.0 if right == 0 else (middle - half) / (1 + z2)
    high = 1.0 if right == total else (middle + half) / (1 + z2)
    return Interval(low, high)


def bootstrap_mean(values: ArrayLike, *, seed: int = 0, draws: int = 2000, level: float = 0.95) -> Interval:
    """Percentile interval of the mean of `values`, (n,), n ≥ 1.

    Raises:
        ValueError: no values, a value that is not finite, or level outside (0, 1).
    """
    means = _means_of_draws(_sample(values), seed, draws)
    return Interval(*_ends(means, level))


def paired_difference(
    first: ArrayLike, second: ArrayLike, *, seed: int = 0, draws: int = 2000, level: float = 0.95
) -> Difference:
    """Mean of `first` − `second`, both (n,) over the same items in the same order, with a paired bootstrap interval.

    Raises:
        ValueError: lengths differ, no values, a value that is not finite, or level outside (0, 1).
    """
    a, b = _sample(first), _sample(second)
    if a.shape != b.shape:
        raise ValueError(f"a paired comparison needs the same items: got {a.size} and {b.size}")
    gaps = a - b
    return Difference(float(gaps.mean()), *_ends(_means_of_draws(gaps, seed, draws), level))


def mcnemar(first_right: ArrayLike, second_right: ArrayLike) -> McNemar:
    """Exact McNemar test; both (n,) of bool over the same items: whether each classifier was right.

    p is the two-sided binomial probability of a split at least this uneven among the items where they differ.

    Raises:
        ValueError: lengths differ.
    """
    a, b = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"a paired comparison needs the same items: got shapes {a.shape} and {b.shape}")
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    differ = only_first + only_second
    if differ == 0:
        return McNemar(0, 0, 1.0)
    tail = range(min(only_first, only_second) + 1)
    # In logarithms: 2^-n underflows from a thousand differing items up.
    log_terms = [math.lgamma(differ + 1) - math.lgamma(k + 1) - math.lgamma(differ - k + 1) for k in tail]
    total = sum(math.exp(term - differ * math.log(2)) for term in log_terms)
    return McNemar(only_first, only_second, min(1.0, 2 * total))


def _sample(values: ArrayLike) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError(f"needs a list of at least one number, got shape {sample.shape}")
    if not np.isfinite(sample).all():
        raise ValueError(f"value {int(np.argmin(np.isfinite(sample)))} is not finite")
    return sample


def _means_of_draws(sample: NDArray[np.float64], seed: int, draws: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    means = np.empty(draws)
    rows = max(1, 2_000_000 // sample.size)  # 16 MB of indices at a time, whatever the size of the sample
    for start in range(0, draws, rows):
        stop = min(start + rows, draws)
        means[start:stop] = sample[rng.integers(sample.size, size=(stop - start, sample.size))].mean(axis=1)
    return means


def _ends(means: NDArray[np.float64], level: float) -> tuple[float, float]:
    tail = (1 - _checked(level)) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"`level` must be in (0, 1), got {level}")
    return level

r"""Student's t for pairs: two methods, scored on the same folds.

    t = mean(d) / (s √(1/n + ρ))      d = first - second, s their standard deviation, n folds, n - 1 degrees of freedom

With ρ = 0 it is the plain test. Scores of repeated cross-validation are not independent, because the folds share their
training rows; with ρ = test rows / training rows the variance is the corrected one of Nadeau and Bengio (Inference for
the Generalization Error, Machine Learning 52, 2003), without which small differences are found significant too often.
Several comparisons are corrected by Bonferroni: each p is multiplied by their number, each interval is wider.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lilliput.core.errors import MissingExtra


class PairedT(NamedTuple):
    """What a paired test says.

    Args:
        difference: mean of first - second.
        low, high: its interval, at 1 - level / comparisons.
        t: the statistic; infinite where all differences are equal and not 0.
        df: degrees of freedom.
        p: two-sided, of one comparison.
        p_corrected: times the number of comparisons, at most 1.
        d: Cohen's, mean / standard deviation of the differences.
        is_clear: whether `p_corrected` is below `level`.
    """

    difference: float
    low: float
    high: float
    t: float
    df: int
    p: float
    p_corrected: float
    d: float
    is_clear: bool


def paired_t(
    first: Mapping[Hashable, float],
    second: Mapping[Hashable, float],
    *,
    comparisons: int = 1,
    overlap: float = 0.0,
    level: float = 0.05,
) -> PairedT:
    """Compare two methods by their scores on the same folds.

    Args:
        first: fold → score; the name of a fold says which rows were trained on.
        second: the same of the other method, on the same folds.
        comparisons: how many are made beside each other.
        overlap: ρ, test rows by training rows; 0 for scores that are independent.
        level: of all comparisons together.

    Raises:
        ValueError: other folds, fewer than two, a score that is not finite, or a number out of its range.
        MissingExtra: LP601, SciPy is not installed.
    """
    if set(first) != set(second):
        odd = sorted(map(str, set(first) ^ set(second)))
        raise ValueError(f"a paired test needs the same folds: {', '.join(odd[:5])} are in one of the two only")
    if len(first) < 2:
        raise ValueError(f"a paired test needs at least 2 folds, got {len(first)}")
    if comparisons < 1 or overlap < 0 or not 0 < level < 1:
        raise ValueError(f"needs comparisons >= 1, overlap >= 0, 0 < level < 1; got {comparisons}, {overlap}, {level}")
    gaps = np.array([first[fold] - second[fold] for fold in first], dtype=np.float64)
    if not np.isfinite(gaps).all():
        raise ValueError("a score is not finite")
    n, mean, spread = len(gaps), float(gaps.mean()), float(gaps.std(ddof=1))
    # Scores such as 0.86 differ in the last bit where they mean the same: that is no spread.
    spread = 0.0 if spread < 1e-12 * max(1.0, float(np.abs(gaps).max())) else spread
    error = spread * math.sqrt(1 / n + overlap)
    t = mean / error if error else (math.copysign(math.inf, mean) if abs(mean) > 1e-12 else 0.0)
    p = t_two_sided(t, n - 1)
    half = t_quantile(1 - level / comparisons / 2, n - 1) * error
    d = mean / spread if spread else t
    corrected = min(1.0, p * comparisons)
    return PairedT(mean, mean - half, mean + half, t, n - 1, p, corrected, d, corrected < level)


def t_two_sided(t: float, df: float) -> float:
    """The probability of a value at least as far from 0 as `t`, under Student's distribution.

    Raises:
        MissingExtra: LP601, SciPy is not installed.
    """
    return float(2 * _special().stdtr(df, -abs(t)))


def t_quantile(share: float, df: float) -> float:
    """The value that a variable of Student's distribution stays below with probability `share`, in (0, 1).

    Raises:
        ValueError: `share` is outside.
        MissingExtra: LP601, SciPy is not installed.
    """
    if not 0 < share < 1:
        raise ValueError(f"`share` must be in (0, 1), got {share}")
    return float(_special().stdtrit(df, share))


def _special() -> Any:
    try:
        import scipy.special
    except ImportError as error:
        raise MissingExtra("paired tests need SciPy", fix="pip install 'lilliput[data]'") from error
    return scipy.special

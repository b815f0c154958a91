r"""Why a classifier says what it says of one row: how much each column counts. Axes: F features, B background rows.

Shapley values of the game in which a column plays by telling its value, and the others are those of background rows:

.. math:: \phi_i = \sum_{S \not\ni i} \frac{|S|!\,(n - |S| - 1)!}{n!} \left( v(S + i) - v(S) \right)

`exact_shapley` adds up all 2^n coalitions, which up to about 14 columns takes seconds; `kernel_shap` and `lime_weights`
ask the libraries SHAP and LIME, for tables with more columns or to compare with published figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BadSetting, MissingExtra

Array = NDArray[Any]
Score = Callable[[Array], Array]
MOST_EXACT = 16  # columns: 65 536 coalitions
_CHUNK = 1 << 16  # rows predicted at once


@dataclass(frozen=True)
class Explanation:
    """What each column adds to the answer for one row.

    Args:
        names: of the columns.
        weights: one a column, in the unit of the score.
        base: the score without knowing any column: the mean over background rows.
        value: the score of the row; `base` and all Shapley values add up to it, LIME's weights do not.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    base: float
    value: float

    def ordered(self) -> list[tuple[str, float]]:
        """Columns and weights, those that count most first."""
        return sorted(zip(self.names, self.weights, strict=True), key=lambda one: -abs(one[1]))


def exact_shapley(score: Score, row: Array, background: Array, columns: Mapping[str, slice]) -> Explanation:
    """Shapley values by all coalitions.

    Args:
        score: (rows, F) -> (rows,): a probability or a logit.
        row: (F,).
        background: (B, F): rows whose values stand in for columns that do not tell theirs.
        columns: name → its features; several where a category is spread over them.

    Raises:
        BadSetting: LP101, more than 16 columns. ValueError: shapes that do not belong together.
    """
    _check(row, background, columns)
    count = len(columns)
    if count > MOST_EXACT:
        raise BadSetting(
            f"exact Shapley values of {count} columns need 2^{count} coalitions, the limit is {MOST_EXACT} columns",
            fix="--set explain=shap estimates them",
        )
    owner = _owner(columns, len(row))
    told = (np.arange(1 << count)[:, None] >> np.arange(count)) & 1 == 1  # (2^n, n)
    values = np.empty(1 << count)
    step = max(1, _CHUNK // len(background))
    for start in range(0, 1 << count, step):
        knows = told[start : start + step][:, owner]  # (step, F)
        rows = np.where(knows[:, None], row, background)
        values[start : start + step] = score(rows.reshape(-1, len(row))).reshape(len(knows), -1).mean(1)
    sizes = told.sum(1)
    share = np.array([math.factorial(s) * math.factorial(count - s - 1) / math.factorial(count) for s in range(count)])
    weights = []
    for player in range(count):
        without = np.flatnonzero(~told[:, player])
        weights.append(float((share[sizes[without]] * (values[without | (1 << player)] - values[without])).sum()))
    return Explanation(tuple(columns), tuple(weights), float(values[0]), float(values[-1]))


def kernel_shap(
    score: Score, row: Array, background: Array, columns: Mapping[str, slice], *, seed: int = 0
) -> Explanation:
    """Shapley values as the library SHAP estimates them; arguments as in `exact_shapley`.

    Raises:
        MissingExtra: LP601, SHAP is not installed.
    """
    _check(row, background, columns)
    try:
        import shap
    except ImportError as error:
        raise _missing("SHAP") from error
    explainer = shap.KernelExplainer(score, background)
    np.random.seed(seed)  # noqa: NPY002  # the library draws from NumPy's global state
    weights = np.asarray(explainer.shap_values(row, silent=True), dtype=np.float64)
    base = float(np.ravel(explainer.expected_value)[0])
    return Explanation(tuple(columns), _by_column(weights, columns), base, float(score(row[None])[0]))


def lime_weights(
    score: Score, row: Array, background: Array, columns: Mapping[str, slice], *, seed: int = 0
) -> Explanation:
    """Slopes of the linear model that the library LIME fits around the row, times the row's distance from the mean.

    Arguments as in `exact_shapley`; `background` gives LIME the spread of each feature.

    Raises:
        MissingExtra: LP601, LIME is not installed.
    """
    _check(row, background, columns)
    try:
        from lime.lime_tabular import LimeTabularExplainer
    except ImportError as error:
        raise _missing("LIME") from error

    def both(rows: Array) -> Array:
        p = np.asarray(score(rows), dtype=np.float64)
        return np.stack([1 - p, p], axis=1)

    explainer = LimeTabularExplainer(background, discretize_continuous=False, random_state=seed)
    found = explainer.explain_instance(row, both, labels=(1,), num_features=len(row))
    slopes = np.zeros(len(row))
    for feature, slope in found.as_map()[1]:
        slopes[feature] = slope
    spread = background.std(axis=0)
    moved = np.divide(row - background.mean(axis=0), spread, out=np.zeros(len(row)), where=spread > 0)
    base = float(np.mean(score(background)))
    return Explanation(tuple(columns), _by_column(slopes * moved, columns), base, float(score(row[None])[0]))


METHODS = {"exact": exact_shapley, "shap": kernel_shap, "lime": lime_weights}
"""Explanations by name."""


def mean_weights(explanations: Sequence[Explanation]) -> dict[str, float]:
    """Column → mean size of its weight over rows: what a summary plot ranks by; the largest first."""
    sizes = np.abs([one.weights for one in explanations]).mean(0)
    names = explanations[0].names
    return {names[i]: float(sizes[i]) for i in np.argsort(-sizes, kind="stable")}


def _check(row: Array, background: Array, columns: Mapping[str, slice]) -> None:
    features = sum(span.stop - span.start for span in columns.values())
    if row.shape != (features,) or background.ndim != 2 or background.shape[1] != features or not len(background):
        raise ValueError(f"{features} features are named; the row is {row.shape}, the background {background.shape}")


def _owner(columns: Mapping[str, slice], features: int) -> NDArray[np.intp]:
    owner = np.empty(features, np.intp)
    for place, span in enumerate(columns.values()):
        owner[span] = place
    return owner


def _by_column(weights: Array, columns: Mapping[str, slice]) -> tuple[float, ...]:
    return tuple(float(weights[span].sum()) for span in columns.values())


def _missing(what: str) -> MissingExtra:
    return MissingExtra(
        f"the library {what} is not installed",
        fix="pip install 'lilliput[explain]'; `--set explain=exact` needs nothing, up to 16 columns",
    )

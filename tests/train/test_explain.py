"""Explanations: sums, dummies, symmetry; closed forms; the libraries where they are installed."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lilliput.core.errors import BadSetting, MissingExtra
from lilliput.train.explain import METHODS, Explanation, exact_shapley, mean_weights

RNG = np.random.default_rng(0)
BACKGROUND, ROW = RNG.normal(size=(9, 4)), RNG.normal(size=4)
COLUMNS = {"a": slice(0, 1), "b": slice(1, 2), "spread": slice(2, 4)}


def _linear(rows: np.ndarray) -> np.ndarray:
    values: np.ndarray = rows @ np.array([2.0, 0.0, -1.0, 0.5]) + 3
    return values


def _bent(rows: np.ndarray) -> np.ndarray:
    values: np.ndarray = np.tanh(rows[:, 0] * rows[:, 2]) + rows[:, 3] ** 2
    return values


def test_a_linear_score_has_its_closed_form() -> None:
    found = exact_shapley(_linear, ROW, BACKGROUND, COLUMNS)
    gap = ROW - BACKGROUND.mean(0)
    np.testing.assert_allclose(found.weights, [2 * gap[0], 0, -gap[2] + 0.5 * gap[3]], atol=1e-12)
    assert found.base == pytest.approx(_linear(BACKGROUND).mean())


def test_weights_add_up_to_the_score_and_a_column_that_is_not_used_has_none() -> None:
    found = exact_shapley(_bent, ROW, BACKGROUND, COLUMNS)
    assert found.value == pytest.approx(_bent(ROW[None])[0])
    assert sum(found.weights) == pytest.approx(found.value - found.base, abs=1e-9)
    assert dict(found.ordered())["b"] == 0


def test_a_column_that_is_the_same_in_all_rows_has_no_weight() -> None:
    background = BACKGROUND.copy()
    background[:, 0] = ROW[0]
    assert exact_shapley(_bent, ROW, background, COLUMNS).weights[0] == pytest.approx(0, abs=1e-12)


def test_eleven_columns_by_all_coalitions_equal_their_definition() -> None:
    weights = RNG.normal(size=11)
    columns = {str(k): slice(k, k + 1) for k in range(11)}
    row, background = RNG.normal(size=11), RNG.normal(size=(3, 11))

    def score(rows: np.ndarray) -> np.ndarray:
        p: np.ndarray = 1 / (1 + np.exp(-rows @ weights))
        return p

    found = exact_shapley(score, row, background, columns)
    assert sum(found.weights) == pytest.approx(float(score(row[None])[0] - score(background).mean()), abs=1e-6)


def test_columns_are_ranked_by_the_mean_size_of_their_weights() -> None:
    two = [Explanation(("a", "b"), weights, 0, 0) for weights in ((0.1, -0.4), (-0.1, 0.2))]
    assert list(mean_weights(two)) == ["b", "a"]
    assert mean_weights(two)["b"] == pytest.approx(0.3)


def test_too_many_columns_are_estimated_only() -> None:
    columns = {str(k): slice(k, k + 1) for k in range(17)}
    with pytest.raises(BadSetting, match=r"17 columns need 2\^17 coalitions.*\n.*--set explain=shap"):
        exact_shapley(_linear, np.zeros(17), np.zeros((1, 17)), columns)
    with pytest.raises(ValueError, match="4 features are named; the row is"):
        exact_shapley(_linear, np.zeros(3), BACKGROUND, COLUMNS)


@pytest.mark.filterwarnings("ignore")
def test_the_library_shap_agrees() -> None:
    pytest.importorskip("shap", reason="SHAP is not installed")
    each = {str(k): slice(k, k + 1) for k in range(4)}
    exact = exact_shapley(_bent, ROW, BACKGROUND, each)
    np.testing.assert_allclose(METHODS["shap"](_bent, ROW, BACKGROUND, each).weights, exact.weights, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_the_library_lime_finds_the_columns_that_count() -> None:
    pytest.importorskip("lime", reason="LIME is not installed")

    def score(rows: np.ndarray) -> np.ndarray:
        p: np.ndarray = 1 / (1 + np.exp(-_linear(rows)))
        return p

    found = dict(METHODS["lime"](score, ROW, BACKGROUND, COLUMNS).ordered())
    assert abs(found["b"]) < min(abs(found["a"]), abs(found["spread"]))


@pytest.mark.parametrize(("method", "library"), [("shap", "SHAP"), ("lime", "LIME")])
def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, method: str, library: str) -> None:
    real: Callable[..., Any] = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] in ("shap", "lime"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=rf"the library {library} is not installed\n.*lilliput\[explain\]"):
        METHODS[method](_linear, ROW, BACKGROUND, COLUMNS)

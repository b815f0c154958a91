"""Cross-validation: folds, rows that must not be seen, prediction sets of a fold, corrected comparisons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lilliput.core.errors import BadTask, UnknownName
from lilliput.tasks.table import Column
from lilliput.train.crossval import (
    Fold,
    FoldResult,
    against_all,
    cross_validate,
    group_folds,
    set_figures,
    stratified_folds,
)
from lilliput.train.table_scores import table_scores
from tests.train.small_tables import Certain, made_table

FAST: dict[str, Any] = {"epochs": 2, "batch_size": 16, "lr": 1e-2}
TABLE = made_table()


def test_each_row_is_tested_on_once_and_classes_keep_their_share() -> None:
    folds = stratified_folds(TABLE.y, 3, seed=1)
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(len(TABLE)))
    for fold in folds:
        assert not set(fold.train) & set(fold.test)
        assert TABLE.y[fold.test].mean() == pytest.approx(0.5, abs=0.02)
    assert [f.name for f in folds] == [f.name for f in stratified_folds(TABLE.y, 3, seed=1)]
    assert {f.name for f in folds}.isdisjoint(f.name for f in stratified_folds(TABLE.y, 3, seed=2))


def test_groups_are_tested_by_what_the_others_teach() -> None:
    assert TABLE.group is not None
    folds = group_folds(TABLE.group)
    assert [set(TABLE.group[fold.test]) for fold in folds] == [{"x"}, {"z"}]
    with pytest.raises(BadTask, match="all rows are of one group"):
        group_folds(np.array(["x", "x"]))


def test_folds_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadTask, match="a class has 2 rows, too few for 3 folds"):
        stratified_folds(np.array([0, 0, 1, 1, 1]), 3, 0)
    with pytest.raises(ValueError, match="`folds` must be at least 2"):
        stratified_folds(TABLE.y, 1, 0)


def _one_fold(table: Any, name: str = "no-bilstm") -> FoldResult:
    (result,) = cross_validate(table, name, stratified_folds(TABLE.y, 3, 0)[:1], train=FAST)
    return result


def test_a_network_learns_a_table_with_words_and_constants() -> None:
    result = _one_fold(TABLE)
    found = table_scores(result.probabilities, result.y)
    assert found["auc"] > 0.8
    assert result.encoder.feature_names == ("sum", "word", "noise", "same")
    assert result.known.shape == (60, 2)


def test_nothing_of_the_test_rows_reaches_the_network() -> None:
    """Neither their classes nor the range of their columns: the first by shuffling, the second by moving one far."""
    first = _one_fold(TABLE)
    test = first.fold.test
    y = TABLE.y.copy()
    y[test] = y[test][::-1]
    assert np.array_equal(_one_fold(replace(TABLE, y=y)).probabilities, first.probabilities)
    noise = TABLE.column("noise").values.copy()
    noise[test[0]] = 1e6
    columns = tuple(Column(c.name, c.kind, noise) if c.name == "noise" else c for c in TABLE.columns)
    moved = _one_fold(replace(TABLE, columns=columns))
    assert moved.encoder == first.encoder
    assert np.array_equal(moved.known, first.known)


def _result(sure: float, rows: int = 600, right: float = 0.7) -> tuple[FoldResult, NDArray[np.int64]]:
    """A classifier that knows its training rows and is right in a share of the others, `sure` of all."""
    rng = np.random.default_rng(0)
    y = (np.arange(2 * rows) % 2).astype(np.int64)
    fold = Fold("0", np.arange(rows), np.arange(rows, 2 * rows))
    told = np.where(rng.random(rows) < right, y[rows:], 1 - y[rows:])
    classifier: Any = Certain(sure)
    p, known = (classifier.probabilities((2 * one - 1)[:, None]) for one in (told, y[:rows]))
    return FoldResult(fold, p, y[rows:], known, classifier, None), y  # type: ignore[arg-type]


def test_sets_calibrated_on_training_rows_cover_too_little() -> None:
    result, y = _result(0.95)
    held_out = set_figures(result, y, 0.1, mondrian=False, calibrated_on="held-out")
    training = set_figures(result, y, 0.1, mondrian=False, calibrated_on="training")
    assert training.coverage == pytest.approx(0.7, abs=0.04)
    assert training.size == 1
    assert held_out.coverage >= 0.9
    assert held_out.size > 1.5
    assert len(held_out.by_class) == 2


def test_one_method_is_held_against_all_others_and_corrected_for_their_number() -> None:
    folds = [f"fold {k}" for k in range(8)]
    rng = np.random.default_rng(0)
    scores = {
        name: {fold: base + 0.01 * rng.normal() for fold in folds}
        for name, base in (("ours", 0.8), ("worse", 0.7), ("same", 0.8))
    }
    found = against_all(scores, "ours", overlap=0.5)
    assert set(found) == {"worse", "same"}
    assert found["worse"].is_clear
    assert found["worse"].p_corrected == pytest.approx(2 * found["worse"].p)
    assert not found["same"].is_clear
    with pytest.raises(UnknownName, match="no method is called 'our'"):
        against_all(scores, "our", overlap=0.5)
    del scores["same"]["fold 3"]
    with pytest.raises(ValueError, match="needs the same folds: fold 3"):
        against_all(scores, "ours", overlap=0.5)

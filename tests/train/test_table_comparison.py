"""Predictions as files, comparisons of all classifiers, coverage, and answers for new rows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lilliput.core.errors import BadTask
from lilliput.tasks.table import read_table
from lilliput.train.crossval import FoldResult, cross_validate, stratified_folds
from lilliput.train.table_answers import explain_rows, write_answers
from lilliput.train.table_comparison import (
    SET_KINDS,
    compare_all,
    read_coverage,
    read_predictions,
    write_comparison,
    write_coverage,
    write_predictions,
)
from tests.train.small_tables import made_table

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
TABLE = made_table(150)


def _results(name: str, seed: int = 0, table: Any = TABLE) -> list[FoldResult]:
    return cross_validate(table, name, stratified_folds(table.y, 3, seed))


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_predictions_come_back_bit_for_bit(tmp_path: Path) -> None:
    results = _results("logistic")
    write_predictions(results, TABLE.labels, tmp_path / "p.csv")
    found = read_predictions(tmp_path / "p.csv", "0")
    assert list(found) == [("0", one.fold.name) for one in results]
    for one, back in zip(results, found.values(), strict=True):
        assert np.array_equal(back.probabilities, one.probabilities)
        assert np.array_equal(back.y, one.y)
        assert back.learnt_from == 100
    assert sorted(int(line["row"]) for line in _lines(tmp_path / "p.csv")) == list(range(150))


def _predicted(tmp_path: Path, *names: str) -> dict[str, Any]:
    found: dict[str, Any] = {name: {} for name in names}
    for name in names:
        for seed in (0, 1):
            write_predictions(_results(name, seed), TABLE.labels, tmp_path / "p.csv")
            found[name] |= read_predictions(tmp_path / "p.csv", str(seed))
    return found


def test_all_are_compared_on_the_same_rows_with_the_overlap_of_their_folds(tmp_path: Path) -> None:
    predicted = _predicted(tmp_path, "logistic", "dummy", "lda")
    found = compare_all(predicted, "logistic", tested=("accuracy",))
    assert list(found)[-1] == "dummy"
    assert found["logistic"].tests == {}
    test = found["dummy"].tests["accuracy"]
    assert test.is_clear
    assert test.df == 5
    gaps = [found["logistic"].means["accuracy"] - found["dummy"].means["accuracy"]]
    assert test.difference == pytest.approx(gaps[0])
    assert test.p_corrected == pytest.approx(2 * test.p)
    assert test.t == pytest.approx(test.d / np.sqrt(1 / 6 + 50 / 100))
    write_comparison(found, tmp_path / "c.csv")
    lines = {line["classifier"]: line for line in _lines(tmp_path / "c.csv")}
    assert float(lines["dummy"]["accuracy d"]) == test.d
    assert lines["logistic"]["accuracy d"] == ""
    del predicted["lda"][next(iter(predicted["lda"]))]
    with pytest.raises(ValueError, match="needs the same folds"):
        compare_all(predicted, "logistic", tested=("accuracy",))


def test_coverage_is_a_mean_over_repeats(tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed}.csv" for seed in (0, 1)]
    for seed, path in enumerate(paths):
        write_coverage(_results("logistic", seed), TABLE.y, (0.8, 0.9), seed, path)
    found, first = read_coverage(paths), read_coverage(paths[:1])
    assert list(found) == [*SET_KINDS]
    assert [promised for promised, _ in found["held-out"]] == [0.8, 0.9]
    assert found["held-out"] != first["held-out"]
    assert all(0.7 < measured <= 1 for _, measured in found["held-out"])


@pytest.fixture
def result() -> FoldResult:
    return _results("logistic")[0]


def test_answers_say_the_class_the_set_the_reasons_and_what_was_replaced(tmp_path: Path, result: FoldResult) -> None:
    (tmp_path / "new.csv").write_text("same,noise,word,sum\n3,0,a,-2\n3,0,Q,2\n3,,b,0.02\n")
    asked = read_table(tmp_path / "new.csv", "class", has_target=False)
    known = result.encoder.transform(TABLE.rows(result.fold.train))
    why = explain_rows(result, known, result.encoder.transform(asked), background=9)
    write_answers(result, TABLE, asked, tmp_path / "a.csv", alpha=0.1, explanations=why)
    lines = _lines(tmp_path / "a.csv")
    assert [line["answer"] for line in lines[:2]] == ["0", "1"]
    assert [line["replaced"] for line in lines] == ["", "word", "noise"]
    assert lines[0]["reasons"].startswith("sum -")
    assert lines[1]["reasons"].startswith("sum +")
    assert [line["set, 90% promised"] for line in lines[:2]] == ["0", "1"]
    assert sum(float(lines[0][f"p({label})"]) for label in "01") == pytest.approx(1, abs=1e-3)


def test_too_few_rows_promise_nothing_but_all_classes(tmp_path: Path, result: FoldResult) -> None:
    asked = TABLE.rows(result.fold.test[:3])
    write_answers(result, TABLE, asked, tmp_path / "a.csv", alpha=0.02, explanations=())  # 25 rows of each class
    assert [line["set, 98% promised"] for line in _lines(tmp_path / "a.csv")] == ["0 or 1"] * 3


def test_of_many_classes_the_one_that_is_answered_is_explained() -> None:
    table = made_table(150, classes=3)
    result = _results("logistic", table=table)[0]
    x = result.encoder.transform(table.rows(result.fold.test))
    p = result.classifier.probabilities(x)
    why = explain_rows(result, result.encoder.transform(table.rows(result.fold.train)), x[:4], background=5)
    np.testing.assert_allclose([one.value for one in why], p[:4].max(1))


def test_rows_without_a_column_that_was_learnt_from_are_refused(tmp_path: Path, result: FoldResult) -> None:
    (tmp_path / "new.csv").write_text("same,noise,word\n3,0,a\n")
    asked = read_table(tmp_path / "new.csv", "class", has_target=False)
    with pytest.raises(BadTask, match="no column 'sum'"):
        write_answers(result, TABLE, asked, tmp_path / "a.csv", alpha=0.1, explanations=())

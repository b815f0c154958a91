"""Encoding by what training rows say: published codes, and every cell that training rows did not have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadTask, BadValue
from lilliput.tasks.table import Column, Table
from lilliput.tasks.table_encoding import TableEncoder


def _table(ages: list[float], sexes: list[str], same: float = 5.0) -> Table:
    count = len(ages)
    columns = (
        Column("age", "number", np.array(ages)),
        Column("sex", "category", np.array(sexes)),
        Column("same", "number", np.full(count, same)),
    )
    return Table("t", columns, np.arange(count, dtype=np.int64) % 2, ("0", "1"))


KNOWN = _table([20, 40, 60, 50], ["F", "M", "M", "X"])


def test_numbers_go_from_zero_to_one_and_words_to_their_place_in_the_alphabet() -> None:
    x = TableEncoder.fit(KNOWN).transform(KNOWN)
    np.testing.assert_allclose(x[:, 0], [0, 0.5, 1, 0.75])
    np.testing.assert_allclose(x[:, 1], [0, 0.5, 0.5, 1])
    np.testing.assert_allclose(x[:, 2], 0)


def test_only_training_rows_count() -> None:
    encoder = TableEncoder.fit(KNOWN)
    x = encoder.transform(_table([100], ["F"]))
    np.testing.assert_allclose(x, [[2, 0, 0]])


def test_missing_and_unseen_cells_become_the_usual_ones() -> None:
    asked = _table([np.nan, 40], ["", "Q"], same=7.0)
    encoder = TableEncoder.fit(KNOWN)
    x = encoder.transform(asked)
    np.testing.assert_allclose(x, [[0.625, 0.5, 0], [0.5, 0.5, 0]])
    assert encoder.unseen(asked) == {"sex": ["Q"]}


def test_one_hot_has_a_feature_a_word_and_none_for_an_unseen_one() -> None:
    encoder = TableEncoder.fit(KNOWN, encoding="one-hot", scaled=False)
    assert encoder.feature_names == ("age", "sex=F", "sex=M", "sex=X", "same")
    assert encoder.spans["sex"] == slice(1, 4)
    np.testing.assert_allclose(encoder.transform(_table([30, 30], ["M", "Q"])), [[30, 0, 1, 0, 5], [30, 0, 0, 0, 5]])


def test_it_is_the_same_after_a_file() -> None:
    encoder = TableEncoder.fit(KNOWN, encoding="one-hot")
    assert TableEncoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder
    with pytest.raises(BadValue, match="the encoding of a table cannot be read"):
        TableEncoder.from_json({"columns": [{"name": "age"}]})


def test_a_word_where_numbers_were_learnt_from_is_named() -> None:
    columns = (Column("age", "category", np.array(["old"])), *_table([1], ["F"]).columns[1:])
    asked = Table("t", columns, np.zeros(1, np.int64), ("0", "1"))
    with pytest.raises(BadValue, match="column 'age' has 'old', and numbers were learnt from"):
        TableEncoder.fit(KNOWN).transform(asked)


def test_a_column_that_is_gone_is_named() -> None:
    asked = Table("t", _table([1], ["F"]).columns[1:], np.zeros(1, np.int64), ("0", "1"))
    with pytest.raises(BadTask, match="t has no column 'age'"):
        TableEncoder.fit(KNOWN).transform(asked)


def test_nothing_is_learnt_from_no_rows() -> None:
    with pytest.raises(BadTask, match="t has no rows to learn from"):
        TableEncoder.fit(KNOWN.rows(np.array([], np.intp)))
    with pytest.raises(ValueError, match="`encoding` is one of label, one-hot"):
        TableEncoder.fit(KNOWN, encoding="binary")  # type: ignore[arg-type]


def test_a_column_that_is_empty_in_a_fold_says_nothing(tmp_path: Path) -> None:
    encoder = TableEncoder.fit(_table([np.nan, np.nan], ["", ""]))
    np.testing.assert_allclose(encoder.transform(KNOWN)[:, 1], 0)
    assert np.isfinite(encoder.transform(KNOWN)).all()

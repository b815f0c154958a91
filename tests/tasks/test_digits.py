"""Scikit-learn's digits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from lilliput.core.errors import BadSetting, MissingExtra
from lilliput.tasks import get_task
from lilliput.tasks.digits import stratified


def test_grey_values_become_minus_one_to_one() -> None:
    pytest.importorskip("sklearn")
    task = get_task("digits")
    train = task.load()["train"].x
    assert train.max() == 16
    real = task.preprocess.dequantise(task.preprocess.integer(train))[..., 0]
    np.testing.assert_array_equal(real, train / 8.0 - 1)


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtra, match=r"LP601: digits needs scikit-learn\n  fix: pip install 'lilliput\[data\]'"):
        get_task("digits")


def test_data_are_not_taken(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="LP101: digits takes no data"):
        get_task("digits", tmp_path)


def test_stratified_parts_share_each_class_and_hold_each_row_once() -> None:
    y = np.repeat([0, 1, 2], [100, 50, 10])
    parts = stratified(y, (0.6, 0.2, 0.2), 0)
    assert [np.bincount(y[part]).tolist() for part in parts] == [[60, 30, 6], [20, 10, 2], [20, 10, 2]]
    assert sorted(np.concatenate(parts)) == list(range(160))
    assert not np.array_equal(parts[0], stratified(y, (0.6, 0.2, 0.2), 1)[0])

"""The bundled tables of heart patients: published counts, published codes, one task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lilliput.tasks.heart as heart_file
from lilliput.core.errors import BadSetting
from lilliput.tasks import get_task
from lilliput.tasks.heart import heart_sites_table, heart_table
from lilliput.tasks.table_encoding import TableEncoder

FOLDER = Path(heart_file.__file__).parent / "data" / "heart"


def test_the_first_table_is_the_published_one() -> None:
    table = heart_table()
    assert len(table) == 918
    assert np.bincount(table.y).tolist() == [410, 508]
    assert [c.name for c in table.columns] == [
        "Age", "Sex", "ChestPainType", "RestingBP", "Cholesterol", "FastingBS", "RestingECG", "MaxHR",
        "ExerciseAngina", "Oldpeak", "ST_Slope",
    ]  # fmt: skip
    assert not any(c.missing.any() for c in table.columns)
    assert int((table.column("Oldpeak").values < 0).sum()) == 13


def test_zeros_that_say_not_measured() -> None:
    table = heart_table(zero_is_missing=True)
    assert int(table.column("Cholesterol").missing.sum()) == 172
    assert int(table.column("RestingBP").missing.sum()) == 1


def test_categories_have_the_published_codes() -> None:
    words = {c.name: c.words for c in TableEncoder.fit(heart_table()).columns if c.words}
    assert words == {
        "Sex": ("F", "M"), "ChestPainType": ("ASY", "ATA", "NAP", "TA"), "RestingECG": ("LVH", "Normal", "ST"),
        "ExerciseAngina": ("N", "Y"), "ST_Slope": ("Down", "Flat", "Up"),
    }  # fmt: skip
    assert len(TableEncoder.fit(heart_table(), encoding="one-hot").feature_names) == 18


def test_the_second_table_knows_its_four_hospitals() -> None:
    table = heart_sites_table()
    assert table.group is not None
    names, counts = np.unique(table.group, return_counts=True)
    assert len(names) == 4
    assert sorted(counts.tolist()) == [123, 200, 294, 303]
    assert len(table.columns) == 13
    assert any(c.missing.any() for c in table.columns)


def test_the_bundle_is_small_and_its_licences_lie_beside_it() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 30_000
    text = (FOLDER / "LICENSE.txt").read_text("utf-8")
    assert "ODbL" in text
    assert "CC BY 4.0" in text
    notice = Path(heart_file.__file__).parents[3] / "NOTICE"
    if notice.exists():  # of a checkout
        assert "heart_918.csv.gz" in notice.read_text("utf-8")


def test_the_task_parts_rows_by_class_and_loses_none() -> None:
    task = get_task("heart")
    parts = task.load()
    assert sum(len(part.y) for part in parts.values()) == 918
    assert {name: round(float(part.y.mean()), 1) for name, part in parts.items()} == dict.fromkeys(parts, 0.6)
    assert parts["train"].x.shape[1:] == (1, 11)
    assert parts["train"].x.dtype == np.int16


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="heart takes a CSV file"):
        get_task("heart", tmp_path)

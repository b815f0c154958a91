"""Two bundled tables of heart patients, and `heart`: the first of them as a task that a board can run.

`heart`          918 rows of five sources, 11 columns, disease or not; the table of KACQ-DCNN
`heart-uci4`     920 rows of four hospitals with the hospital, 13 columns, many cells missing

Most rows of the second are in the first: never train on one and test on the other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from lilliput.core.errors import BadSetting
from lilliput.features import Affine
from lilliput.tasks.digits import stratified
from lilliput.tasks.table import Table, read_table
from lilliput.tasks.table_encoding import TableEncoder
from lilliput.tasks.task import Split, Task, register_task

_FOLDER = Path(__file__).parent / "data" / "heart"
_TARGET = "HeartDisease"
_TENTHS = 10  # ST depression is given in tenths
_SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}
_SEED = 0
_SITE_CODES = ("sex", "cp", "fbs", "restecg", "exang", "slope", "thal")


def heart_table(path: Path | None = None, *, zero_is_missing: bool = False) -> Table:
    """Heart Failure Prediction: the bundled file, or another copy of `heart.csv`.

    Args:
        path: of a CSV with the published columns.
        zero_is_missing: read the 172 values 0 of cholesterol and the one of blood pressure as "not measured", which
            they are; the published system takes them as measurements.
    """
    zeros = ("Cholesterol", "RestingBP") if zero_is_missing else ()
    table = read_table(path or _FOLDER / "heart_918.csv.gz", _TARGET, zero_is_missing=zeros)
    return replace(
        table, name="heart", labels=("healthy", "disease"), licence="ODbL-1.0",
        source="Heart Failure Prediction Dataset, fedesoriano, 2021, from five UCI heart sets",
    )  # fmt: skip


def heart_sites_table(path: Path | None = None) -> Table:
    """UCI Heart Disease with the hospital as group: the bundled file, or another with the same columns."""
    table = read_table(
        path or _FOLDER / "heart_disease_uci4.csv.gz", "num", group="site", categories=_SITE_CODES,
        zero_is_missing=("chol", "trestbps"),
    )  # fmt: skip
    return replace(
        table, name="heart-uci4", y=(table.y > 0).astype(np.int64), labels=("healthy", "disease"),
        licence="CC-BY-4.0", source="UCI Heart Disease, doi:10.24432/C52P4X",
    )  # fmt: skip


TABLES = {"heart": heart_table, "heart-uci4": heart_sites_table}
"""Bundled tables by name."""


@register_task("heart")
def heart(data: Path | None) -> Task:
    """Heart disease from 11 columns of a patient's record, in whole numbers; `data` may name a copy of heart.csv."""
    if data is not None and data.is_dir():
        raise BadSetting(f"heart takes a CSV file, {data} is a folder", fix="name the file heart.csv")
    table = heart_table(data)
    parts = dict(zip(_SHARES, stratified(table.y, tuple(_SHARES.values()), _SEED), strict=True))
    encoder = TableEncoder.fit(table.rows(parts["train"]), scaled=False)
    x = np.rint(encoder.transform(table) * _TENTHS).astype(np.int16)[:, None, :]  # (N, 1, columns)
    return Task(
        name="heart",
        title="Heart disease from a patient's record: 11 columns, each in tenths, categories as their place",
        labels=table.labels,
        metric="accuracy",
        licence=table.licence,
        source=table.source,
        citation="fedesoriano, Heart Failure Prediction Dataset, 2021",
        preprocess=Affine.fit(x[parts["train"]]),
        default_model="kan_micro",
        train={"epochs": 30, "early_stop_patience": 10, "lr": 1e-3},
        loader=lambda: {name: Split(x[rows], table.y[rows]) for name, rows in parts.items()},
        notes=("172 rows have a cholesterol of 0, and one a blood pressure of 0: not measured, taken as they are.",),
    )

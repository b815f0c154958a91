"""Answers for rows that were not learnt from: probabilities, a set with a promised coverage, and the columns behind it.

What answers is the classifier of one fold: calibrated on the fold's test rows, which it was not trained or chosen by.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lilliput.tasks.table import Table
from lilliput.train.crossval import FoldResult
from lilliput.train.explain import METHODS, Explanation
from lilliput.train.table_comparison import held_out_sets

Array = NDArray[Any]


def explain_rows(
    result: FoldResult, known: Array, rows: Array, *, method: str = "exact", background: int = 30, seed: int = 0
) -> list[Explanation]:
    """What each column adds to the probability of the class: of the second of two, or of the one that is answered.

    Args:
        result: whose classifier is asked.
        known: (N, F), training rows as it takes them: some of them stand in for columns that do not tell their value.
        rows: (M, F), to be explained.
        method: "exact", "shap" or "lime" (`explain.py`).
        background: how many training rows stand in.
        seed: chooses them.

    Raises:
        BadSetting: LP101, too many columns for "exact". MissingExtra: LP601, the library is not installed.
    """
    count = min(background, len(known))
    chosen = known[np.random.default_rng(seed).choice(len(known), count, replace=False)]
    told = result.classifier.probabilities(rows)
    classes = np.ones(len(rows), np.intp) if told.shape[1] == 2 else told.argmax(1)
    return [
        METHODS[method](_probability_of(result, int(label)), row, chosen, result.encoder.spans)
        for row, label in zip(rows, classes, strict=True)
    ]


def _probability_of(result: FoldResult, label: int) -> Any:
    def score(rows: Array) -> NDArray[np.float64]:
        p: NDArray[np.float64] = result.classifier.probabilities(rows)[:, label]
        return p

    return score


def write_answers(
    result: FoldResult, table: Table, asked: Table, path: Path, *, alpha: float, explanations: Sequence[Explanation]
) -> None:
    """One line a row: what is answered, each probability, the set, what the encoding had to replace, what counted most.

    Args:
        result: of a fold of `table`.
        table: that was learnt from.
        asked: rows with the same columns.
        path: of the CSV file.
        alpha: share of rows whose set may miss their class.
        explanations: one a row of `asked`, or none.

    Raises:
        BadTask, BadValue: the columns of `asked` are not those of `table`.
    """
    x = result.encoder.transform(asked)
    sets = held_out_sets(result, result.encoder.transform(table.rows(result.fold.test)), mondrian=True)
    p, within = result.classifier.probabilities(x), sets.predict_sets(x, alpha)
    replaced = _replaced(result, asked)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        heads = ("row", "answer", *(f"p({label})" for label in table.labels), f"set, {1 - alpha:.0%} promised")
        writer.writerow((*heads, "replaced", "reasons"))
        for row in range(len(asked)):
            names = [label for label, is_in in zip(table.labels, within[row], strict=True) if is_in]
            reasons = explanations[row].ordered() if explanations else []
            writer.writerow((
                row + 1, table.labels[int(p[row].argmax())], *(f"{share:.4f}" for share in p[row]), " or ".join(names),
                "; ".join(replaced[row]), "; ".join(f"{name} {weight:+.3f}" for name, weight in reasons),
            ))  # fmt: skip


def _replaced(result: FoldResult, asked: Table) -> list[list[str]]:
    """Of each row, the columns whose cell is missing or a word that training did not have."""
    found: list[list[str]] = [[] for _ in range(len(asked))]
    unseen = result.encoder.unseen(asked)
    for column in result.encoder.columns:
        cells = asked.column(column.name)
        new = np.isin(cells.values, unseen.get(column.name, [])) if cells.kind == "category" else cells.missing
        for row in np.flatnonzero(cells.missing | new):
            found[int(row)].append(column.name)
    return found

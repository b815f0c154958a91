"""Rounding once: where the attribute goes, and that it is TensorFlow Lite's way on a processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.fixed_point import coded_shift, requantise, rounding_of
from lilliput.compiler.graph import Node
from lilliput.compiler.passes.rounding import with_rounding
from lilliput.compiler.program import compile_graph
from tests.runtime.cases import CASES, one, side_by_side
from tests.runtime.harness import assert_c_equals_reference
from tests.runtime.weighted_cases import conv, depthwise, parallel


def test_a_tie_goes_up_once_and_away_from_zero_twice() -> None:
    acc = np.array([3, -3, 5, -5, 2, -2], np.int64)  # times 2^30 / 2^31 and 1/2: quarters
    assert requantise(acc * 2, 1 << 30, -1, "single").tolist() == [2, -1, 3, -2, 1, -1]
    assert requantise(acc * 2, 1 << 30, -1).tolist() == [2, -2, 3, -3, 1, -1]


def test_two_roundings_may_go_where_one_does_not() -> None:
    acc = np.arange(-40000, 40000)
    once, twice = requantise(acc, 1_500_000_001, -6, "single"), requantise(acc, 1_500_000_001, -6)
    exact = acc * 1_500_000_001 / 2.0**37
    assert (once == np.floor(exact + 0.5)).all()
    assert 0 < np.count_nonzero(once != twice) < 0.02 * len(acc)


def test_only_layers_that_requantise_get_the_attribute() -> None:
    pool = one("max_pool2d", (1, 4, 4, 2), window=(2, 2), stride=(2, 2), padding=((0, 0), (0, 0)))
    graph = with_rounding(parallel([conv((3, 3), 4, 4), depthwise((3, 3), 2), pool]), "single")
    assert [node.attrs.get("rounding") for node in graph.nodes] == ["single", "single", None]


def test_the_kernels_are_told_by_the_shift() -> None:
    assert coded_shift(np.array([-7, 3]), "single").tolist() == [57, 67]
    assert coded_shift(np.array([-7, 3]), "double").tolist() == [-7, 3]
    (step,) = compile_graph(with_rounding(conv((3, 3), 4, 4), "single")).steps
    (shifts,) = (field.value for field in step.kernel.fields if field.name.endswith("shift"))
    assert (np.asarray(shifts) > 31).all()


def test_another_word_is_refused() -> None:
    with pytest.raises(ValueError, match="conv2d at \"n\": rounding must be double or single, got 'thrice'"):
        rounding_of(Node("conv2d", "n", (), ("y",), {"rounding": "thrice"}))


def test_pairs_round_once_in_c_too(tmp_path: Path) -> None:
    names = ("images", "constant channels", "relu6", "constant scalar")
    chosen = {f"{op} {name}": CASES[op][name] for op in ("add", "sub", "mul") for name in names}
    assert_c_equals_reference(with_rounding(side_by_side(chosen), "single"), tmp_path, rows=6)

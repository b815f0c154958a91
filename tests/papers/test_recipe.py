from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lilliput.papers import Result, Row, Scale
from lilliput.papers._recipe import merge
from tests.papers.synthetic import RECIPE


def test_merged_rows_carry_method_and_seed():
    part = Result((Row("accuracy", 0.5), Row("accuracy", 0.4, split="noise", method="teacher")), (Path("a.txt"),))
    merged = merge([("ours", 3, part)])
    assert [(row.method, row.seed, row.split) for row in merged.rows] == [("ours", 3, "test"), ("teacher", 3, "noise")]
    assert merged.artifacts == (Path("ours/seed-3/a.txt"),)


def test_a_claim_that_several_seeds_measured_gets_their_mean():
    merged = merge([("ours", seed, Result((), (), {"gain": value})) for seed, value in enumerate((1.0, 2.0, 6.0))])
    assert merged.measured == {"gain": 3.0}


def test_a_figure_is_finite():
    with pytest.raises(ValueError, match="'loss' on 'test' is nan"):
        Row("loss", float("nan"))
    with pytest.raises(ValueError, match="is inf"):
        Row("loss", 1.0, high=float("inf"))


@pytest.mark.parametrize("methods", [(), ("a", "a"), ("../up",), ("Two Words",)])
def test_methods_are_different_plain_words(methods):
    with pytest.raises(ValueError, match="methods with different lower-case names"):
        dataclasses.replace(RECIPE, methods=methods)


def test_scales_are_the_three_known_ones():
    with pytest.raises(ValueError, match="smoke, small, full, got tiny"):
        dataclasses.replace(RECIPE, scales={"tiny": Scale(seconds=1, memory_bytes=1)})
    with pytest.raises(ValueError, match="got none"):
        dataclasses.replace(RECIPE, scales={})


def test_settings_are_a_dataclass():
    with pytest.raises(ValueError, match="`settings` is a dataclass"):
        dataclasses.replace(RECIPE, settings=dict)


@pytest.mark.parametrize("changes", [{"seconds": 0}, {"memory_bytes": 0}, {"seeds": 0}])
def test_a_scale_costs_something(changes):
    with pytest.raises(ValueError, match="a scale needs time, memory and at least one seed"):
        Scale(**{"seconds": 1, "memory_bytes": 1, **changes})

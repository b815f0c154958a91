"""Integer rules by hand: numbers worked out from the published definitions, not from the code."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from lilliput.compiler.graph import Array, Quant
from lilliput.compiler.interpret import run_float, run_integer
from lilliput.compiler.ops._exp import exp_of_negative, reciprocal
from tests.runtime.cases import PROBABILITY, one
from tests.runtime.harness import single

Q = Quant.per_tensor
UNIT = Q(1.0, 0)


def run(graph: Any, *x: Array) -> Array:
    made: Array = run_integer(graph, dict(zip(graph.inputs, x, strict=True)))["y"]
    return made


def test_averages_round_half_away_from_zero() -> None:
    graph = one("avg_pool2d", (1, 1, 2, 1), UNIT, window=(1, 2), stride=(1, 2), padding=((0, 0), (0, 0)))
    pairs = np.array([[1, 2], [-1, -2], [0, 1], [0, -1], [127, 127], [-128, -127]], np.int8).reshape(6, 1, 2, 1)
    assert run(graph, pairs).ravel().tolist() == [2, -2, 1, -1, 127, -128]


def test_padding_does_not_count_in_averages() -> None:
    graph = one("avg_pool2d", (1, 2, 2, 1), Q(1.0, 100), window=(2, 2), stride=(1, 1), padding=((1, 1), (1, 1)))
    x = np.array([[10, 20], [30, 40]], np.int8).reshape(1, 2, 2, 1)
    assert run(graph, x).reshape(3, 3).tolist() == [[10, 15, 20], [20, 25, 30], [30, 35, 40]]


def test_the_largest_in_the_image_wins_even_where_all_are_lowest() -> None:
    graph = one("max_pool2d", (1, 2, 2, 1), UNIT, window=(2, 2), stride=(2, 2), padding=((1, 1), (1, 1)))
    x = np.array([[-128, -127], [-128, 5]], np.int8).reshape(1, 2, 2, 1)
    assert run(graph, x).reshape(2, 2).tolist() == [[-128, -127], [-128, 5]]


def test_the_mean_divides_its_multiplier_by_the_count() -> None:
    # n = 6, s_x / s_y = 1: M = 2^30, s = 1; h = 2; M' = floor(2^32 / 6) = 715827882, s' = -1.
    # 41 · M' / 2^31 = 13.67 rounds to 14, half of it is 7 (exactly 6.83).
    graph = one("mean", (1, 6), UNIT, axes=(1,), keepdims=False)
    assert run(graph, np.array([[41, 0, 0, 0, 0, 0]], np.int8)).tolist() == [7]
    # 39 → 13.0 - a hair = 13; 13 / 2 = 6.5 goes away from zero to 7, where the true mean is exactly 6.5 - and -7 below.
    assert run(graph, np.array([[39, 0, 0, 0, 0, 0], [-39, 0, 0, 0, 0, 0]], np.int8)).tolist() == [7, -7]


def test_sums_align_both_scales_first() -> None:
    graph = single("add", [((1, 3), "int8", Q(0.5, 1)), ((1, 3), "int8", Q(0.25, -1))], ("int8", Q(0.5, 2)))
    a, b = np.array([[3, 4, 127]], np.int8), np.array([[-1, 0, 127]], np.int8)
    # reals: 1 + 0, 1.5 + 0.25 = 1.75 → 3.5 steps away from zero to 4, 63 + 32 = 95 → saturates
    assert run(graph, a, b).tolist() == [[4, 6, 127]]
    graph = single("sub", [((1, 3), "int8", Q(0.5, 1)), ((1, 3), "int8", Q(0.25, -1))], ("int8", Q(0.5, 2)))
    assert run(graph, a, b).tolist() == [[4, 5, 64]]  # 1 - 0, 1.25 → 2.5 steps to 3, 31 → 62 steps


def test_products_round_once_to_the_output() -> None:
    graph = single("mul", [((1, 4), "int8", Q(0.5, 0)), ((1, 4), "int8", Q(0.5, 0))], ("int8", Q(0.5, 0)))
    a, b = np.array([[3, -3, 100, 1]], np.int8), np.array([[1, 1, 100, 0]], np.int8)
    # A factor of 1/2 has shift 0, so that ties meet only the first rounding, which goes up: 1.5 → 2, -1.5 → -1.
    assert run(graph, a, b).tolist() == [[2, -1, 127, 0]]


def test_softmax_of_equal_terms_is_one_in_n() -> None:
    graph = one("softmax", (1, 4), Q(0.1, 0), PROBABILITY)
    assert run(graph, np.full((1, 4), 17, np.int8)).tolist() == [[-64] * 4]


def test_softmax_of_one_certain_term_saturates() -> None:
    graph = one("softmax", (1, 3), Q(1.0, 0), PROBABILITY)
    assert run(graph, np.array([[100, -100, -128]], np.int8)).tolist() == [[127, -128, -128]]


def test_softmax_forgets_terms_beyond_its_reach() -> None:
    # s_x · 2^26 = 2^29 (shift 30): terms from 31·2^26/2^30 = 1.94 codes below the greatest count as nothing.
    graph = one("softmax", (1, 3), Q(8.0, 0), PROBABILITY)
    assert run(graph, np.array([[2, 1, 0]], np.int8)).tolist() == [[127, -128, -128]]


def test_fixed_point_exp_is_exp_to_thirty_bits() -> None:
    x = -np.linspace(0, 31 * 2**26, 4001).astype(np.int64)
    error = exp_of_negative(x) / 2.0**31 - np.exp(x / 2.0**26)
    assert np.abs(error).max() < 2**-21  # the polynomial's own error at the ends of its quarter
    assert int(exp_of_negative(np.array([0]))[0]) == 2**31 - 1


def test_fixed_point_reciprocal_is_one_over_one_plus_x() -> None:
    x = np.linspace(0, 2**31 - 1, 3001).astype(np.int64)
    error = reciprocal(x) / 2.0**31 - 1 / (1 + x / 2.0**31)
    assert np.abs(error).max() < 2**-27


@pytest.mark.parametrize(
    ("op", "function"),
    [
        ("relu", functional.relu), ("relu6", functional.relu6), ("hard_swish", functional.hardswish),
        ("hard_sigmoid", functional.hardsigmoid), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh),
        ("gelu", functional.gelu), ("silu", functional.silu), ("elu", functional.elu), ("exp", torch.exp),
    ],
)  # fmt: skip
def test_tables_are_the_nearest_step_of_the_function(op: str, function: Any) -> None:
    y = Q(0.0317, -29)
    graph = one(op, (1, 256), Q(0.0293, 7), y)
    codes = np.arange(-128, 128).astype(np.int8)[None]
    real = function(torch.from_numpy((codes.astype(np.float64) - 7) * float(np.float32(0.0293)))).numpy()
    wanted = np.clip(np.floor(np.abs(real / y.scale[0]) + 0.5) * np.sign(real) - 29, -128, 127)
    np.testing.assert_array_equal(run(graph, codes), wanted)


def test_leaky_rectifier_has_one_multiplier_a_side() -> None:
    graph = one("leaky_relu", (1, 5), Q(1.0, 10), Q(1.0, 0), alpha=0.25)
    assert run(graph, np.array([[10, 20, 6, 8, 0]], np.int8)).tolist() == [[0, 10, -1, -1, -3]]  # -0.5 → -1, -2.5 → -3


def test_unsigned_bytes_with_the_same_scale_move_by_128() -> None:
    graph = single("requantize", [((1, 256), "uint8", Q(0.5, 128))], ("int8", Q(0.5, 0)))
    codes = np.arange(256).astype(np.uint8)[None]
    np.testing.assert_array_equal(run(graph, codes), codes.astype(np.int16) - 128)


def test_a_border_of_zero_is_the_zero_point() -> None:
    graph = one("pad", (1, 2), Q(0.5, -7), padding=((0, 0), (1, 2)), value=0.0)
    assert run(graph, np.array([[3, 4]], np.int8)).tolist() == [[-7, 3, 4, -7, -7]]


def test_concatenation_brings_all_to_one_scale() -> None:
    graph = single("concat", [((1, 2), "int8", Q(1.0, 0)), ((1, 2), "int8", Q(0.5, 0))], ("int8", Q(1.0, 1)), axis=1)
    made = run(graph, np.array([[5, 127]], np.int8), np.array([[5, -5]], np.int8))
    assert made.tolist() == [[6, 127, 4, -1]]  # 2.5 → 3 and -2.5 → -2, ties go up for a factor of 1/2


@pytest.mark.parametrize(("align", "half"), [(False, True), (True, False)])
@pytest.mark.parametrize("size", [(7, 9), (2, 3), (1, 1)])
def test_bilinear_float_is_the_framework_s(align: bool, half: bool, size: tuple[int, int]) -> None:
    graph = one("resize", (1, 4, 5, 2), UNIT, size=size, mode="bilinear", align_corners=align, half_pixel_centers=half)
    x = torch.rand(2, 4, 5, 2, generator=torch.Generator().manual_seed(0))
    wanted = functional.interpolate(x.permute(0, 3, 1, 2), size, mode="bilinear", align_corners=align)
    torch.testing.assert_close(run_float(graph, {"x0": x})["y"], wanted.permute(0, 2, 3, 1))


@pytest.mark.parametrize(("mode", "half"), [("nearest", False), ("nearest-exact", True)])
def test_nearest_is_the_framework_s(mode: str, half: bool) -> None:
    for size in [(7, 9), (2, 3), (1, 1), (8, 10)]:
        graph = one("resize", (1, 4, 5, 2), UNIT, size=size, mode="nearest", half_pixel_centers=half)
        x = np.random.default_rng(0).integers(-128, 128, (1, 4, 5, 2)).astype(np.int8)
        wanted = functional.interpolate(torch.from_numpy(x).permute(0, 3, 1, 2).float(), size, mode=mode)
        np.testing.assert_array_equal(run(graph, x), wanted.permute(0, 2, 3, 1).numpy())


def test_bilinear_by_hand() -> None:
    # 2 → 4 pixels with half-pixel centres: positions -0.25, 0.25, 0.75, 1.25 → weights of the second 0, 1/4, 3/4, 1.
    graph = one("resize", (1, 1, 2, 1), UNIT, size=(1, 4), mode="bilinear", half_pixel_centers=True)
    x = np.array([[10, 20], [0, -2]], np.int8).reshape(2, 1, 2, 1)
    assert run(graph, x).reshape(2, 4).tolist() == [[10, 13, 18, 20], [0, -1, -2, -2]]  # 12.5, 17.5, -0.5, -1.5 go away


def test_batch_norm_is_the_framework_s() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.5, 2, 3).astype(np.float32) for _ in range(4)]
    graph = single(
        "batch_norm", [((1, 2, 2, 3), "float32", UNIT)], ("float32", UNIT), [(a, None) for a in arrays], eps=1e-3
    )
    x = torch.rand(4, 2, 2, 3, generator=torch.Generator().manual_seed(0))
    gamma, beta, mean, variance = (torch.from_numpy(a) for a in arrays)
    wanted = functional.batch_norm(x.permute(0, 3, 1, 2), mean, variance, gamma, beta, eps=1e-3).permute(0, 2, 3, 1)
    torch.testing.assert_close(run_float(graph, {"x0": x})["y"], wanted)


def test_exp_polynomial_meets_the_published_constants() -> None:
    for bit, constant in enumerate((1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)):
        assert abs(constant - math.exp(-(2.0 ** (bit - 2))) * 2**31) < 1

"""The integer layer normalisation: its stated distance from the real value, and nothing that overflows at the ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lilliput.compiler.graph import Array, Graph, Quant
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.ops import ops
from lilliput.compiler.ops.layer_norm import _root, _Rule
from lilliput.core.errors import UnsupportedOp
from tests.runtime.cases import side_by_side
from tests.runtime.harness import PORTABLE, assert_c_equals_reference, single


def norm(channels: int, eps: float, x_scale: float, y: Quant, largest: float = 1.5, rows: int = 9) -> Graph:
    """A layer normalisation with γ in ±`largest`."""
    rng = np.random.default_rng(channels)
    gamma, beta = rng.uniform(-1, 1, (2, channels)).astype(np.float32)
    x = Quant.per_tensor(x_scale, 3)
    constants = [(np.float32(largest) * gamma, None), (beta, None)]
    return single("layer_norm", [((1, rows, channels), "int8", x)], ("int8", y), constants, eps=eps)


def rows_of(channels: int) -> Array:
    """(1, 9, C): all equal, all but one equal by one step or by all of them, two halves, random ones of some sizes."""
    rng = np.random.default_rng(1)
    x = np.zeros((9, channels), np.int8)
    x[0], x[1], x[2], x[3] = 5, -128, 127, -128
    x[1, 0], x[2, -1], x[3, channels // 2 :] = 127, 126, 127
    x[4:] = np.stack([rng.integers(-size, size, channels) for size in (2, 5, 20, 128, 128)])
    return x[None]


def real_value(graph: Graph, x: Array) -> tuple[Array, Array]:
    """y in steps, and β in steps, float64."""
    (node,) = graph.nodes
    given, gamma, beta = (graph.values[name] for name in node.inputs)
    assert gamma.data is not None
    assert beta.data is not None
    real = (x.astype(np.float64) - given.zero_point) * given.scale
    centred = real - real.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + node.attrs["eps"])
    y = graph.values["y"]
    shift = beta.data.astype(np.float64) / y.scale + y.zero_point
    return centred / deviation * gamma.data.astype(np.float64) / y.scale + shift, shift


FINE, COARSE = Quant.per_tensor(0.02, -9), Quant.per_tensor(0.3, 40)
CASES = [
    (channels, eps, x_scale, y, largest)
    for channels in (1, 2, 3, 7, 16, 128, 1000, 32768)
    for eps, x_scale, y, largest in (
        (1e-5, 0.05, FINE, 1.5), (1e-12, 3.0, COARSE, 0.1), (1e-5, 1e-6, FINE, 20.0), (7.0, 0.05, FINE, 1.0),
        (1e6, 0.5, COARSE, 1.0), (0.3, 1.0, FINE, 3e-5),
    )
]  # fmt: skip


@pytest.mark.parametrize(("channels", "eps", "x_scale", "y", "largest"), CASES)
def test_integers_keep_to_the_stated_bound(channels: int, eps: float, x_scale: float, y: Quant, largest: float) -> None:
    graph = norm(channels, eps, x_scale, y, largest)
    x = rows_of(channels)
    made = run_integer(graph, {"x0": x})["y"].astype(np.float64)
    wanted, shift = real_value(graph, x)
    bound = 0.5 + 2.0 ** (1 - rule(graph).fine) + 2.0**-17 * np.abs(wanted - shift)
    assert (np.abs(made - np.clip(wanted, -128, 127)) <= bound).all()


@pytest.mark.parametrize(("channels", "eps", "x_scale", "y", "largest"), CASES)
def test_no_value_leaves_its_proved_range(channels: int, eps: float, x_scale: float, y: Quant, largest: float) -> None:
    graph = norm(channels, eps, x_scale, y, largest)
    found, q = rule(graph), rows_of(channels).astype(np.int64)
    total = q.sum(axis=-1, keepdims=True)
    spread = (channels * (q * q).sum(axis=-1, keepdims=True) - total**2) * 4**found.spread_shift + found.eps
    assert spread.min() > 0
    assert spread.max() < 2**61
    for d, w in zip((channels * q - total).reshape(-1, channels), spread.ravel().tolist(), strict=True):
        mult, left = _root(w, found.root_shift)
        assert 0 <= left <= 30
        assert 2**20 < mult < 2**31
        assert np.abs(d << left).max() < 2**31
        t = (d << left) * mult + 2**31 >> 32
        assert np.abs(t).max() <= 2**28
        assert np.abs((t * found.gain >> 32) + found.bias).max() < 2**31
    assert np.abs(found.gain).max() <= 2**30
    assert np.abs(found.bias).max() <= 2**29


def test_the_kernel_gives_the_same_bytes(tmp_path: Path) -> None:
    graphs = {f"{i}": norm(*case) for i, case in enumerate(CASES) if case[0] <= 128}
    both = side_by_side(graphs)
    rng = np.random.default_rng(2)
    given = {}
    for name in both.inputs:
        shape = both.values[name].shape
        random = rng.integers(-128, 128, (3, *shape[1:])).astype(np.int8)
        given[name] = np.concatenate([rows_of(shape[-1]), random])
    assert_c_equals_reference(both, tmp_path, targets=(PORTABLE,), given=given)
    last = both.outputs[-1]
    assert len(np.unique(run_integer(both, given)[last])) >= 3


def test_a_gain_that_leaves_no_bits_for_a_fraction_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="steps of y has no integer form"):
        rule(norm(128, 1e-5, 0.05, FINE, largest=2e4))


def test_an_epsilon_beyond_64_bits_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="far above all squares of x, scale 1e-06, has no integer form"):
        rule(norm(128, 100.0, 1e-6, FINE))


def rule(graph: Graph) -> _Rule:
    """The numbers of the only node."""
    (node,) = graph.nodes
    op = ops["layer_norm"]
    return op._rule(node, [graph.values[name] for name in node.inputs], graph.values["y"])  # type: ignore[attr-defined, no-any-return]

"""The integer reference of every operator without weights against its float meaning."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Graph
from lilliput.compiler.interpret import run_float, run_integer
from tests.runtime.cases import CASES, dequantised
from tests.runtime.harness import sample

ALL = [(op, name) for op, graphs in sorted(CASES.items()) for name in graphs]
MOVES = (
    "pad", "reshape", "transpose", "slice", "tile", "broadcast_to", "reverse", "gather", "maximum", "minimum",
    "reduce_max", "reduce_min",
)  # fmt: skip
STEPS = ("floor", "ceil", "round", "sign", "prelu")
"""Operators that change no value, and those that have no slope at positive inputs."""


def both(graph: Graph, rows: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Codes by the reference, and codes (not rounded, clamped) by the float meaning of the same inputs."""
    rng = np.random.default_rng(7)
    codes = {name: sample(graph.values[name], rows, rng) for name in graph.inputs}
    made = run_integer(graph, codes)["y"]
    real = {name: torch.from_numpy(dequantised(graph.values[name], x)) for name, x in codes.items()}
    constants = real_constants(graph)
    y = graph.values["y"]
    wanted = run_float(graph, real, constants)["y"].numpy().astype(np.float64) / y.scale + y.zero_point
    return made.astype(np.float64), np.clip(wanted, -128, 127)


def real_constants(graph: Graph) -> dict[str, torch.Tensor]:
    """What the constants stand for; whole numbers for themselves."""
    return {
        name: torch.from_numpy(value.data if value.quant is None else dequantised(value, value.data))
        for name, value in graph.values.items()
        if value.data is not None
    }


def rule_error(graph: Graph) -> float:
    """Steps by which the operator's own integer rule may be off, rounding apart."""
    node, y = graph.nodes[0], graph.values["y"]
    if node.attrs.get("mode") != "bilinear":
        return 0.0
    # The distance of pixels is rounded to 1/1024; the last pixel is off by half of that for each pixel before it.
    return 255 * sum(side / 2 + 1 for side in y.shape[1:3]) / 1024


@pytest.mark.parametrize(("op", "case"), ALL)
def test_integers_are_the_float_meaning_within_one_step(op: str, case: str) -> None:
    made, wanted = both(CASES[op][case])
    assert made.shape == wanted.shape
    if op in MOVES:
        np.testing.assert_allclose(made, np.round(wanted), atol=1e-6)
    assert np.abs(made - wanted).max() <= 1.0 + rule_error(CASES[op][case])


@pytest.mark.parametrize(("op", "case"), ALL)
def test_cases_are_legal_in_integers(op: str, case: str) -> None:
    check(CASES[op][case], "integer")


@pytest.mark.parametrize("op", [op for op in sorted(CASES) if op not in MOVES])
def test_most_results_are_the_nearest_step(op: str) -> None:
    pairs = [both(graph) for graph in CASES[op].values() if rule_error(graph) < 1]
    error = np.concatenate([np.abs(made - wanted).ravel() for made, wanted in pairs])
    # The mean's rule rounds first to as little as a quarter of a step.
    assert (error <= 0.5 + (0.13 if op == "mean" else 0.02)).mean() > 0.97


@pytest.mark.parametrize("op", [op for op in sorted(CASES) if op not in STEPS])
def test_gradients_reach_the_inputs(op: str) -> None:
    graph = next(iter(CASES[op].values()))
    random = torch.Generator().manual_seed(0)
    given = {name: torch.rand(2, *graph.values[name].shape[1:], generator=random).add_(0.1) for name in graph.inputs}
    truth = {name: x > 0.3 for name, x in given.items() if graph.values[name].dtype == "bool"}
    inputs = {name: x.requires_grad_() for name, x in given.items() if name not in truth}
    (run_float(graph, {**inputs, **truth}, real_constants(graph))["y"] ** 2).sum().backward()
    for tensor in inputs.values():
        assert tensor.grad is not None
        assert float(tensor.grad.abs().sum()) > 0

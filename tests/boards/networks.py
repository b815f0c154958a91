"""Small networks to build images of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lilliput.boards.board import Board
from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compiler.program import Program, compile_graph


def mlp(widths: Sequence[int] = (64, 48, 32, 12), seed: int = 0) -> Graph:
    """Fully connected layers `fc0`, `fc1`, … with ReLU between them."""
    rng = np.random.default_rng(seed)
    scales = [Quant.per_tensor(0.05 * 1.7**i, 3 - 5 * i) for i in range(len(widths))]
    values = {"x": Value("x", (1, widths[0]), "int8", scales[0])}
    nodes, previous = [], "x"
    for i, (c_in, c_out) in enumerate(pairwise(widths)):
        per_channel = Quant(
            tuple(float(s) for s in rng.uniform(0.001, 0.01, c_out).astype(np.float32)), (0,) * c_out, 0
        )
        weights = rng.integers(-127, 128, (c_out, c_in)).astype(np.int8)
        values[f"w{i}"] = Value(f"w{i}", (c_out, c_in), "int8", per_channel, weights)
        values[f"b{i}"] = Value(f"b{i}", (c_out,), "int32", None, rng.integers(-3000, 3000, c_out).astype(np.int32))
        values[f"y{i}"] = Value(f"y{i}", (1, c_out), "int8", scales[i + 1])
        activation = "relu" if i < len(widths) - 2 else "none"
        nodes.append(
            Node("fully_connected", f"fc{i}", (previous, f"w{i}", f"b{i}"), (f"y{i}",), {"activation": activation})
        )
        previous = f"y{i}"
    return Graph("mlp", values, tuple(nodes), ("x",), (previous,))


def program_for(board: Board, widths: Sequence[int] = (64, 48, 32, 12), seed: int = 0) -> Program:
    """The compiled network for a board."""
    return compile_graph(mlp(widths, seed), board.target)


def rows(count: int, width: int = 64, seed: int = 1) -> Array:
    """Random inputs, the extreme ones first."""
    x = np.random.default_rng(seed).integers(-128, 128, (count, width)).astype(np.int8)
    x[0] = -128
    if count > 1:
        x[1] = 127
    return x

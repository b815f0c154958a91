"""How the cases of the kernels' tests are built: the scales they use, and nodes with one input."""

from __future__ import annotations

from typing import Any

from lilliput.compiler.graph import Graph, Quant
from tests.runtime.harness import single

Q = Quant.per_tensor
FINE, COARSE, LOW, HIGH = Q(0.031, 4), Q(0.113, -21), Q(0.0213, -128), Q(0.0572, 127)
PROBABILITY = Q(1 / 256, -128)


def one(op: str, shape_in: tuple[int, ...], x: Quant = FINE, y: Quant | None = None, **attrs: Any) -> Graph:
    """A node with one input; y is quantised like x unless given."""
    return single(op, [(shape_in, "int8", x)], ("int8", y or x), **attrs)

"""Comparison of two values: y is true where a stands in the relation to b.

Inputs   a, b: one shape, or axes of length 1 that stretch; one of them may be a constant
Attrs    relation: equal | not_equal | less | less_equal | greater | greater_equal
Integer  y bool, one byte each. int8, any two scales: TensorFlow Lite's rule compares requantise((a - z_a) 2^8, s_a)
         with requantise((b - z_b) 2^8, s_b). Bool, int32, int64 and float32: as they are.
Kernel   int8: both sides grow with their codes, so that for each code of b the codes of a that hold are a range (or,
         for not_equal, all but a range): two tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lilliput.compiler.fixed_point import requantise, to_multiplier
from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Signature, expect
from lilliput.compiler.ops import register_op
from lilliput.compiler.ops._broadcast import stretched
from lilliput.compiler.ops._pair import Pair
from lilliput.compiler.ops._rescale import codes_of

if TYPE_CHECKING:
    from torch import Tensor

_FUNCTIONS = {
    "equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
    "greater": np.greater, "greater_equal": np.greater_equal,
}  # fmt: skip
_HOLDS = {"equal": 2, "not_equal": 1 | 4 | 8, "less": 1, "less_equal": 1 | 2, "greater": 4, "greater_equal": 2 | 4}
"""The bits of `holds` in the kernels: 1 where a < b, 2 where equal, 4 where a > b, 8 where neither (not a number)."""


def _relation(node: Node) -> str:
    relation = node.attrs.get("relation")
    expect(relation in _FUNCTIONS, node, f"relation must be one of {', '.join(_FUNCTIONS)}, got {relation!r}")
    return str(relation)


@register_op
class Compare(Pair):
    """y = a relation b."""

    name = "compare"
    takes = ("int8", "bool", "int32", "int64", "float32")
    function = "lp_compare"

    def infer(self, node: Node, inputs: Sequence[Value]) -> Signature:
        _relation(node)
        return stretched(node, inputs)[0], "bool"

    def float(self, node: Node, *x: Tensor) -> Tensor:
        import torch

        made: Tensor = getattr(torch, _TORCH.get(_relation(node), _relation(node)))(x[0], x[1])
        return made

    def pairs(self, node: Node, inputs: Sequence[Value], output: Value, a: Array, b: Array) -> Array:
        made: Array = _FUNCTIONS[_relation(node)](_fine(inputs[0], a), _fine(inputs[1], b))
        return made

    def fields(self, node: Node, inputs: Sequence[Value], output: Value) -> tuple[Field, ...]:
        holds = _HOLDS[_relation(node)]
        if inputs[0].dtype not in ("int8", "bool"):
            return (Field("holds", "int32_t", holds),)
        a, b = (_fine(value, _codes(value)) for value in inputs)
        below = (a[None, :] < b[:, None]).sum(axis=1)
        up_to = (a[None, :] <= b[:, None]).sum(axis=1)
        inside = holds if holds < 8 else 2
        first = 0 * below if inside & 1 else below if inside & 2 else up_to
        end = 0 * below + 256 if inside & 4 else up_to if inside & 2 else below
        return (
            Field("first", "int16_t", first - 128),
            Field("end", "int16_t", end - 128),
            Field("inside", "int32_t", int(holds < 8)),
        )


_TORCH = {"equal": "eq", "not_equal": "ne"}


def _codes(value: Value) -> Array:
    return codes_of(value) if value.dtype == "int8" else np.arange(-128, 128, dtype=np.int64)


def _fine(value: Value, codes: Array) -> Array:
    """The numbers that are compared, int64 for int8."""
    if value.dtype != "int8" or value.quant is None:
        return codes
    return requantise((codes.astype(np.int64) - value.zero_point) << 8, *to_multiplier(value.scale))

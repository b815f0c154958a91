"""Pairs of whole numbers without a scale, int32 and int64: results wrap around like the machine's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lilliput.compiler.graph import Array, Node, Value
from lilliput.compiler.op import Field, Kernel, Op, Target, activation_of
from lilliput.compiler.ops._broadcast import loop_fields
from lilliput.compiler.ops._pair import C_TYPES, SUFFIXES, Pair, constant_fields, places_of

KINDS = ("add", "sub", "mul", "maximum", "minimum", "squared_difference", "div", "floor_div", "floor_mod")
"""The numbers of `lp_pair_s32_t.kind`."""
_LOWEST = {"none": None, "relu": 0, "relu6": 0, "relu_n1_to_1": -1}
_HIGHEST = {"none": None, "relu": None, "relu6": 6, "relu_n1_to_1": 1}


def is_whole(inputs: Sequence[Value]) -> bool:
    """Whether the operands are whole numbers that stand for themselves."""
    return inputs[0].dtype in ("int32", "int64")


def whole_pairs(node: Node, a: Array, b: Array) -> Array:
    """What `lp_pair_s32` and `lp_pair_s64` give. A division by 0 gives 0."""
    with np.errstate(all="ignore"):
        made = _made(node.op, a, b)
    low, high = _range(node)
    clipped: Array = np.clip(made, low, high).astype(a.dtype) if (low, high) != (None, None) else made
    return clipped


def whole_kernel(op: Op, node: Node, inputs: Sequence[Value], output: Value) -> Kernel:
    """The call."""
    active, limits = [value for value in inputs if not value.is_constant], np.iinfo(output.dtype)
    if not active:
        raise op.unsupported(node, "of two constants has no kernel: fold it first")
    low, high = _range(node)
    ctype = C_TYPES[output.dtype]
    return Kernel(
        function=f"lp_pair_{SUFFIXES[output.dtype]}",
        fields=(
            *constant_fields(inputs),
            *loop_fields(op, node, inputs[0], inputs[1], output),
            Field("kind", "int32_t", KINDS.index(node.op)),
            Field("y_min", ctype, int(limits.min) + (ctype == "int64_t") if low is None else low),
            Field("y_max", ctype, int(limits.max) if high is None else high),
        ),
        operands=(active[0].name, active[-1].name, node.output),
        in_place=places_of(active, output),
    )


def _range(node: Node) -> tuple[int | None, int | None]:
    activation = activation_of(node)
    return _LOWEST[activation], _HIGHEST[activation]


def _made(kind: str, a: Array, b: Array) -> Array:
    functions = {
        "add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum,
        "floor_div": np.floor_divide, "floor_mod": np.mod,
    }  # fmt: skip
    if kind == "squared_difference":
        squares: Array = np.square(a - b)
        return squares
    if kind == "div":
        towards_zero = np.floor_divide(np.abs(a), np.abs(np.where(b == 0, 1, b))) * np.sign(a) * np.sign(b)
        return towards_zero.astype(a.dtype)
    made: Array = functions[kind](a, b)
    return made


class WholePair(Pair):
    """A pair with an integer form for int32 and int64 only."""

    takes = ("int32", "int64")

    def pairs(self, node: Node, inputs: Sequence[Value], output: Value, a: Array, b: Array) -> Array:
        return whole_pairs(node, a, b)

    def kernel(self, node: Node, inputs: Sequence[Value], output: Value, target: Target) -> Kernel | None:
        if not is_whole(inputs):
            raise self.unsupported(node, f"has no {inputs[0].dtype} kernel")
        return whole_kernel(self, node, inputs, output)

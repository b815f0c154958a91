"""Operators that reduce axes, or sum along one."""

from __future__ import annotations

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, on
from lilliput.core.errors import BrokenGraph

_OPS = {
    "MEAN": "mean", "SUM": "sum", "REDUCE_MAX": "reduce_max", "REDUCE_MIN": "reduce_min", "REDUCE_ANY": "reduce_max",
    "REDUCE_ALL": "reduce_min",
}  # fmt: skip


@on(*_OPS)
def _reduce(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    axes = reader.axes(operator.need(1), len(reader.values[x].shape), operator)
    reader.node(_OPS[operator.name], operator, [x], axes=axes, keepdims=bool(operator.scalar(0, "?")))


def _axis(reader: Reader, operator: Operator) -> int:
    axes = reader.axes(operator.need(1), len(reader.values[operator.need(0)].shape), operator)
    if len(axes) != 1:
        raise BrokenGraph(f"{operator.name} ({operator.path}): one axis is needed, got {list(axes)}")
    return axes[0]


@on("ARG_MAX", "ARG_MIN")
def _place(reader: Reader, operator: Operator) -> None:
    dtype = reader.values[operator.output].dtype
    reader.node(operator.name.lower(), operator, [operator.need(0)], axis=_axis(reader, operator), dtype=dtype)


def _start(reader: Reader, name: str) -> int:
    """The interpreter's sums of int8 begin at the code 0, which is -z_x steps."""
    value = reader.values[name]
    return -value.zero_point if value.dtype == "int8" and value.quant is not None else 0


@on("CUMSUM")
def _cumsum(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    exclusive, reverse = (bool(operator.scalar(i, "?")) for i in (0, 1))
    attrs = {"exclusive": exclusive, "reverse": reverse, "start": _start(reader, x)}
    reader.node("cumsum", operator, [x], "", axis=_axis(reader, operator), **attrs)


@on("ADD_N")
def _add_n(reader: Reader, operator: Operator) -> None:
    inputs = [operator.need(i) for i in range(len(operator.inputs))]
    reader.node("add_n", operator, inputs, start=_start(reader, inputs[0]))

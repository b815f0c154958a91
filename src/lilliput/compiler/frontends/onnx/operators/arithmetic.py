"""Two or more values, element by element, with NumPy's stretching of axes."""

from __future__ import annotations

import numpy as np

from lilliput.compiler.frontends.onnx.model import Operator
from lilliput.compiler.frontends.onnx.operators.elementwise import scaled, stretched
from lilliput.compiler.frontends.onnx.reader import Reader, on

SAME_MEANING = {"Add": "add", "Sub": "sub", "Mul": "mul", "Max": "maximum", "Min": "minimum"}
"""ONNX's name → ours."""


def paired(r: Reader, op: Operator, kind: str, a: str, b: str) -> str:
    """A node of two operands with as many axes each; constants get leading ones."""
    if r.build.values[a].is_constant:
        a = stretched(r, b, a)
    if r.build.values[b].is_constant:
        b = stretched(r, a, b)
    op.demand(
        len(r.shape(a)) == len(r.shape(b)), f"operands {r.shape(a)} and {r.shape(b)}: only a constant may stretch"
    )
    return r.node(op, kind, [a, b])


@on("Add", "Sub", "Mul", "Sum", "Max", "Min")
def _joined(r: Reader, op: Operator) -> str:
    kind = SAME_MEANING.get(op.kind, "add")
    zero = [i for i, array in enumerate(op.known) if array is not None and array.size == 1 and not array.any()]
    if op.kind == "Max" and len(op.inputs) == 2 and zero:
        return r.node(op, "relu", [r.x(op, 1 - zero[0])])
    made = r.x(op)
    for position in range(1, len(op.inputs)):
        made = paired(r, op, kind, made, r.x(op, position))
    return made


@on("Mean")
def _mean(r: Reader, op: Operator) -> str:
    return scaled(r, op, _joined(r, op), 1 / len(op.inputs))


@on("Div")
def _div(r: Reader, op: Operator) -> str:
    divisor = op.known[1]
    if divisor is None or r.constants[op.inputs[1]].quant is not None:
        return paired(r, op, "div", r.x(op), r.x(op, 1))
    op.demand(divisor.dtype.kind == "f" and bool(divisor.all()), "divides by 0")
    inverse = r.build.constant(f"{op.label}.inverse", np.float32(1) / divisor.astype(np.float32))
    return paired(r, op, "mul", r.x(op), inverse)


@on("Pow")
def _pow(r: Reader, op: Operator) -> str:
    exponent = op.known[1]
    power = None if exponent is None or exponent.size != 1 else float(exponent.reshape(-1)[0])
    if power == 1.0:
        return r.x(op)
    op.demand(power is not None, "has an exponent that is no single constant")
    named = {2.0: "square", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
    if power in named:
        return r.node(op, named[power], [r.x(op)])
    return r.node(op, "power", [r.x(op)], exponent=power)


@on("QuickGelu", domain="com.microsoft")
def _quick_gelu(r: Reader, op: Operator) -> str:
    """x / (1 + e^(-α x))."""
    x = r.x(op)
    return r.node(op, "mul", [x, r.node(op, "sigmoid", [scaled(r, op, x, op.number("alpha", default=1.702))])])

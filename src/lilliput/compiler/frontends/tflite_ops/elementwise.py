"""Operators that work element by element."""

from __future__ import annotations

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, fused_activation, on
from lilliput.core.errors import UnsupportedAttribute


@on(
    "ABS", "NEG", "SQUARE", "SQRT", "RSQRT", "LOG", "SIN", "COS", "FLOOR", "CEIL", "ROUND", "SIGN", "EXP",
    "LOGICAL_NOT", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "FLOOR_DIV", "FLOOR_MOD", "LOGICAL_AND", "LOGICAL_OR",
    "PRELU",
)  # fmt: skip
def _plain(reader: Reader, operator: Operator) -> None:
    inputs = [operator.need(i) for i in range(len(operator.inputs))]
    reader.node(operator.name.lower(), operator, inputs)


@on("DIV")
def _div(reader: Reader, operator: Operator) -> None:
    inputs = [operator.need(0), operator.need(1)]
    reader.node("div", operator, inputs, activation=fused_activation(operator, 0))


@on("ELU")
def _elu(reader: Reader, operator: Operator) -> None:
    reader.node("elu", operator, [operator.need(0)], alpha=1.0)


@on("GELU")
def _gelu(reader: Reader, operator: Operator) -> None:
    approximate = "tanh" if operator.scalar(0, "?") else "none"
    reader.node("gelu", operator, [operator.need(0)], approximate=approximate)


@on("RELU_N1_TO_1", "RELU_0_TO_1")
def _clip(reader: Reader, operator: Operator) -> None:
    low = -1.0 if operator.name == "RELU_N1_TO_1" else 0.0
    reader.node("clip", operator, [operator.need(0)], low=low, high=1.0)


@on("POW")
def _power(reader: Reader, operator: Operator) -> None:
    exponent, value = reader.constant(operator.need(1), operator), reader.values[operator.need(1)]
    if exponent.size != 1:
        raise UnsupportedAttribute(f"POW ({operator.path}): one exponent is needed, got {list(exponent.shape)}")
    real = exponent if value.quant is None else value.quant.dequantise(exponent)
    reader.node("power", operator, [operator.need(0)], exponent=float(real.reshape(())))


@on("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
def _compare(reader: Reader, operator: Operator) -> None:
    reader.node("compare", operator, [operator.need(0), operator.need(1)], relation=operator.name.lower())


@on("SELECT_V2", "SELECT")
def _select(reader: Reader, operator: Operator) -> None:
    condition, *others = (operator.need(i) for i in range(3))
    shape, chosen = reader.values[condition].shape, reader.values[others[0]].shape
    if operator.name == "SELECT" and len(shape) == 1 < len(chosen):  # the older one: a condition for each row
        condition = reader.reshaped(condition, shape + (1,) * (len(chosen) - 1), operator)
    reader.node("select", operator, [condition, *others])

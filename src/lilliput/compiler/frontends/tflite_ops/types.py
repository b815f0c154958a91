"""Operators that change the type or the scale."""

from __future__ import annotations

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, on


@on("QUANTIZE")
def _quantize(reader: Reader, operator: Operator) -> None:
    x, dtype = operator.need(0), reader.values[operator.output].dtype
    op = "quantize" if reader.values[x].dtype == "float32" else "requantize"
    reader.node(op, operator, [x], dtype=dtype)


@on("DEQUANTIZE")
def _dequantize(reader: Reader, operator: Operator) -> None:
    reader.node("dequantize", operator, [operator.need(0)])


@on("CAST")
def _cast(reader: Reader, operator: Operator) -> None:
    reader.node("cast", operator, [operator.need(0)], dtype=reader.values[operator.output].dtype)

"""Operators that change the type or the scale."""

from __future__ import annotations

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, on
from lilliput.core.errors import BrokenGraph


@on("QUANTIZE")
def _quantize(reader: Reader, operator: Operator) -> None:
    x, dtype = operator.need(0), reader.values[operator.output].dtype
    op = "quantize" if reader.values[x].dtype == "float32" else "requantize"
    reader.node(op, operator, [x], dtype=dtype)


@on("DEQUANTIZE")
def _dequantize(reader: Reader, operator: Operator) -> None:
    x = reader.values[operator.need(0)]
    if x.data is None:
        reader.node("dequantize", operator, [x.name])
    elif x.dtype == "float32":  # float16 in the file, read as what it stands for
        reader.known(x.data, operator)
    elif x.quant is not None:
        reader.known(x.quant.dequantise(x.data), operator)
    else:
        raise BrokenGraph(f"DEQUANTIZE ({operator.path}): {x.name!r} has no scale")


@on("CAST")
def _cast(reader: Reader, operator: Operator) -> None:
    reader.node("cast", operator, [operator.need(0)], dtype=reader.values[operator.output].dtype)

"""Operators with sums of products, and those that work along the last axis."""

from __future__ import annotations

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, fused_activation, on, same_or_valid
from lilliput.core.errors import BrokenGraph, UnsupportedAttribute


@on("BATCH_MATMUL")
def _matmul(reader: Reader, operator: Operator) -> None:
    flags = {key: bool(operator.scalar(i, "?")) for i, key in enumerate(("transpose_a", "transpose_b"))}
    reader.node("batch_matmul", operator, [operator.need(0), operator.need(1)], "", **flags)


@on("TRANSPOSE_CONV")
def _transpose_conv(reader: Reader, operator: Operator) -> None:
    w, x = operator.need(1), operator.need(2)
    kernel, size = reader.image(w, operator), reader.image(operator.output, operator)
    stride = (operator.scalar(2, "i", 1), operator.scalar(1, "i", 1))
    # The padding is that of the convolution from y to x.
    padding = same_or_valid(operator, size, kernel, stride)
    bias = operator.inputs[3] if len(operator.inputs) > 3 else None
    reader.node(
        "transpose_conv2d",
        operator,
        [x, w, *([bias] if bias is not None else [])],
        stride=stride,
        before=tuple(before for before, _ in padding),
        size=size,
        activation=fused_activation(operator, 3),
    )


@on("L2_NORMALIZATION")
def _l2_normalization(reader: Reader, operator: Operator) -> None:
    if fused_activation(operator, 0) != "none":
        raise UnsupportedAttribute(f"L2_NORMALIZATION ({operator.path}): a fused activation")
    reader.node("l2_normalization", operator, [operator.need(0)])


@on("LOG_SOFTMAX")
def _log_softmax(reader: Reader, operator: Operator) -> None:
    reader.node("log_softmax", operator, [operator.need(0)])


@on("TOPK_V2")
def _top_k(reader: Reader, operator: Operator) -> None:
    x, k = operator.need(0), reader.numbers(operator.need(1), operator)
    if len(k) != 1 or len(operator.outputs) != 2:
        raise BrokenGraph(f"TOPK_V2 ({operator.path}): k {k}, {len(operator.outputs)} outputs")
    for output, part in zip(operator.outputs, ("values", "places"), strict=True):
        reader.node("top_k", operator, [x], output, k=k[0], part=part)


@on("L2_POOL_2D")
def _l2_pool(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    stride = (operator.scalar(2, "i", 1), operator.scalar(1, "i", 1))
    window = (operator.scalar(4, "i", 1), operator.scalar(3, "i", 1))
    if reader.values[x].dtype != "float32" or fused_activation(operator, 5) != "none":
        raise UnsupportedAttribute(f"L2_POOL_2D ({operator.path}): float32 without an activation only, as published")
    padding = same_or_valid(operator, reader.image(x, operator), window, stride)
    squares = reader.between("square", operator, [x])
    means = reader.between("avg_pool2d", operator, [squares], window=window, stride=stride, padding=padding)
    reader.node("sqrt", operator, [means])

"""The operators that convolutional networks are made of."""

from __future__ import annotations

from dataclasses import replace

from lilliput.compiler.frontends.tflite_ops.reader import Operator, Reader, fused_activation, on, same_or_valid
from lilliput.compiler.graph import Node
from lilliput.core.errors import BrokenGraph, UnsupportedAttribute


@on("CONV_2D", "DEPTHWISE_CONV_2D")
def _conv(reader: Reader, operator: Operator) -> None:
    depthwise = operator.name == "DEPTHWISE_CONV_2D"
    x, w = operator.need(0), operator.need(1)
    kernel = reader.image(w, operator)
    stride = (operator.scalar(2, "i", 1), operator.scalar(1, "i", 1))
    first = 5 if depthwise else 4
    dilation = (operator.scalar(first + 1, "i", 1), operator.scalar(first, "i", 1))
    if min(dilation) < 1:
        raise BrokenGraph(f"{operator.name} ({operator.path}): dilation {dilation}: must be 1 or more")
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    reader.node(
        "depthwise_conv2d" if depthwise else "conv2d",
        operator,
        [name for name in operator.inputs[:3] if name is not None],
        stride=stride,
        padding=same_or_valid(operator, reader.image(x, operator), (reach[0], reach[1]), stride),
        dilation=dilation,
        activation=fused_activation(operator, 4 if depthwise else 3),
    )


@on("FULLY_CONNECTED")
def _fully_connected(reader: Reader, operator: Operator) -> None:
    if operator.scalar(1, "b"):
        raise UnsupportedAttribute(f"FULLY_CONNECTED ({operator.path}): shuffled weights")
    x, w = operator.need(0), operator.need(1)
    shape = reader.values[w].shape
    if len(shape) != 2 or reader.values[x].elements % shape[1]:
        raise BrokenGraph(f"FULLY_CONNECTED ({operator.path}): weights {shape}, input {reader.values[x].shape}")
    rows = reader.values[x].elements // shape[1]
    flat = reader.reshaped(x, (rows, shape[1]), operator)
    output = reader.values[operator.output]
    more = [name for name in operator.inputs[1:3] if name is not None]
    attrs = {"activation": fused_activation(operator, 0)}
    if output.shape == (rows, shape[0]):
        reader.node("fully_connected", operator, [flat, *more], **attrs)
        return
    made = f"{operator.output} flat"
    reader.values[made] = replace(output, name=made, shape=(rows, shape[0]))
    reader.nodes.append(Node("fully_connected", made, (flat, *more), (made,), attrs, operator.path))
    reader.node("reshape", operator, [made], shape=output.shape)


@on("AVERAGE_POOL_2D", "MAX_POOL_2D")
def _pool(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    stride = (operator.scalar(2, "i", 1), operator.scalar(1, "i", 1))
    window = (operator.scalar(4, "i", 1), operator.scalar(3, "i", 1))
    reader.node(
        "avg_pool2d" if operator.name.startswith("AVERAGE") else "max_pool2d",
        operator,
        [x],
        window=window,
        stride=stride,
        padding=same_or_valid(operator, reader.image(x, operator), window, stride),
        activation=fused_activation(operator, 5),
    )


@on("ADD", "SUB", "MUL")
def _binary(reader: Reader, operator: Operator) -> None:
    inputs = [operator.need(0), operator.need(1)]
    reader.node(operator.name.lower(), operator, inputs, activation=fused_activation(operator, 0))


@on("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def _reshape(reader: Reader, operator: Operator) -> None:
    reader.node("reshape", operator, [operator.need(0)], shape=reader.values[operator.output].shape)


@on("SOFTMAX")
def _softmax(reader: Reader, operator: Operator) -> None:
    beta = 0.0 if operator.options is None else operator.options.real(0)
    if beta != 1.0:
        raise UnsupportedAttribute(f"SOFTMAX ({operator.path}): beta {beta}, only 1 has a kernel")
    reader.node("softmax", operator, [operator.need(0)])


@on("TRANSPOSE")
def _transpose(reader: Reader, operator: Operator) -> None:
    perm = tuple(int(axis) for axis in reader.constant(operator.need(1), operator).reshape(-1))
    reader.node("transpose", operator, [operator.need(0)], perm=perm)


@on("CONCATENATION")
def _concat(reader: Reader, operator: Operator) -> None:
    rank = len(reader.values[operator.output].shape)
    axis = operator.scalar(0, "i")
    if not -rank <= axis < rank or fused_activation(operator, 1) != "none":
        raise UnsupportedAttribute(f"CONCATENATION ({operator.path}): axis {axis} of {rank}, or a fused activation")
    inputs = [operator.need(i) for i in range(len(operator.inputs))]
    reader.node("concat", operator, inputs, axis=axis % rank)


@on("RELU", "RELU6", "HARD_SWISH", "TANH")
def _table(reader: Reader, operator: Operator) -> None:
    reader.node(operator.name.lower(), operator, [operator.need(0)])


@on("LOGISTIC")
def _logistic(reader: Reader, operator: Operator) -> None:
    reader.node("sigmoid", operator, [operator.need(0)])


@on("LEAKY_RELU")
def _leaky_relu(reader: Reader, operator: Operator) -> None:
    alpha = 0.0 if operator.options is None else operator.options.real(0)
    reader.node("leaky_relu", operator, [operator.need(0)], alpha=alpha)


@on("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR")
def _resize(reader: Reader, operator: Operator) -> None:
    bilinear = operator.name == "RESIZE_BILINEAR"
    first = 2 if bilinear else 0  # two retired fields stand in front of the flags of RESIZE_BILINEAR
    size = tuple(int(n) for n in reader.constant(operator.need(1), operator).reshape(-1))
    reader.node(
        "resize",
        operator,
        [operator.need(0)],
        size=size,
        mode="bilinear" if bilinear else "nearest",
        align_corners=bool(operator.scalar(first, "?")),
        half_pixel_centers=bool(operator.scalar(first + 1, "?")),
    )

"""One translation per TensorFlow Lite operator. See `tflite`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lilliput.compiler.frontends.flatbuffer import Table
from lilliput.compiler.graph import Array, Graph, Node, Value
from lilliput.core.errors import BrokenGraph, UnsupportedAttribute

BUILTIN_NAMES: dict[int, str] = {
    0: "ADD", 1: "AVERAGE_POOL_2D", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 6: "DEQUANTIZE",
    9: "FULLY_CONNECTED", 14: "LOGISTIC", 17: "MAX_POOL_2D", 18: "MUL", 19: "RELU", 20: "RELU_N1_TO_1", 21: "RELU6",
    22: "RESHAPE", 23: "RESIZE_BILINEAR", 25: "SOFTMAX", 27: "SVDF", 28: "TANH", 32: "CUSTOM", 34: "PAD",
    39: "TRANSPOSE", 40: "MEAN", 41: "SUB", 43: "SQUEEZE", 45: "STRIDED_SLICE", 49: "SPLIT", 60: "PADV2",
    67: "TRANSPOSE_CONV", 70: "EXPAND_DIMS", 97: "RESIZE_NEAREST_NEIGHBOR", 98: "LEAKY_RELU", 114: "QUANTIZE",
    117: "HARD_SWISH", 150: "GELU",
}  # fmt: skip
_ACTIVATIONS = {0: "none", 1: "relu", 2: "relu_n1_to_1", 3: "relu6"}


@dataclass(frozen=True)
class Operator:
    """One operator of the file; absent optional inputs are None."""

    name: str
    path: str
    inputs: list[str | None]
    output: str
    options: Table | None

    def scalar(self, number: int, code: str, default: int = 0) -> int:
        """A field of the options, the default when there are none."""
        return default if self.options is None else self.options.scalar(number, code, default)

    def need(self, position: int) -> str:
        """An input that must be there."""
        name = self.inputs[position] if position < len(self.inputs) else None
        if name is None:
            raise BrokenGraph(f"{self.name} ({self.path}) lacks input {position}")
        return name


class Reader:
    """Collects nodes while the operators are translated."""

    def __init__(self, name: str, values: dict[str, Value]) -> None:
        self.name, self.values = name, values
        self.nodes: list[Node] = []

    def add(self, operator: Operator) -> None:
        """Translate one operator."""
        TRANSLATORS[operator.name](self, operator)

    def node(self, op: str, operator: Operator, inputs: Sequence[str], **attrs: Any) -> None:
        """Add the node that makes the operator's output."""
        self.nodes.append(Node(op, operator.output, tuple(inputs), (operator.output,), attrs, operator.path))

    def reshaped(self, name: str, shape: tuple[int, ...], operator: Operator) -> str:
        """A value with the same bytes and another shape, in front of an operator."""
        value = self.values[name]
        if value.shape == shape:
            return name
        new = f"{name} for {operator.path}"
        self.values[new] = replace(value, name=new, shape=shape)
        self.nodes.append(Node("reshape", new, (name,), (new,), {"shape": shape}, operator.path))
        return new

    def constant(self, name: str, operator: Operator) -> Array:
        """The data of an input that must be a constant."""
        data = self.values[name].data
        if data is None:
            raise UnsupportedAttribute(f"{operator.name} ({operator.path}): {name!r} must be a constant")
        return data

    def image(self, name: str, operator: Operator) -> tuple[int, int]:
        """Height and width of a (N, H, W, C) value."""
        shape = self.values[name].shape
        if len(shape) != 4:
            raise BrokenGraph(f"{operator.name} ({operator.path}): {name!r} must have four axes, has {list(shape)}")
        return shape[1], shape[2]

    def finish(self, inputs: Sequence[str], outputs: Sequence[str]) -> Graph:
        """The graph."""
        graph = Graph(self.name, self.values, tuple(self.nodes), tuple(inputs), tuple(outputs))
        return graph.replace()


Translator = Callable[[Reader, Operator], None]
TRANSLATORS: dict[str, Translator] = {}


def _on(*names: str) -> Callable[[Translator], Translator]:
    def enter(translator: Translator) -> Translator:
        TRANSLATORS.update(dict.fromkeys(names, translator))
        return translator

    return enter


def _activation(operator: Operator, field: int) -> str:
    number = operator.scalar(field, "b")
    if number not in _ACTIVATIONS:
        raise UnsupportedAttribute(f"{operator.name} ({operator.path}): fused activation number {number}")
    return _ACTIVATIONS[number]


def _padding(
    operator: Operator, image: tuple[int, int], window: tuple[int, int], stride: tuple[int, int]
) -> tuple[tuple[int, int], ...]:
    """Rows and columns added; `window` counts the dilation in."""
    number = operator.scalar(0, "b")
    if min(stride) < 1 or min(window) < 1:
        raise BrokenGraph(f"{operator.name} ({operator.path}): stride {stride}, window {window}: must be 1 or more")
    if number == 1:
        return ((0, 0), (0, 0))
    if number != 0:
        raise UnsupportedAttribute(f"{operator.name} ({operator.path}): padding number {number}")
    total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(image, window, stride, strict=True)]
    return tuple((t // 2, t - t // 2) for t in total)


@_on("CONV_2D", "DEPTHWISE_CONV_2D")
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
        padding=_padding(operator, reader.image(x, operator), (reach[0], reach[1]), stride),
        dilation=dilation,
        activation=_activation(operator, 4 if depthwise else 3),
    )


@_on("FULLY_CONNECTED")
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
    attrs = {"activation": _activation(operator, 0)}
    if output.shape == (rows, shape[0]):
        reader.node("fully_connected", operator, [flat, *more], **attrs)
        return
    made = f"{operator.output} flat"
    reader.values[made] = replace(output, name=made, shape=(rows, shape[0]))
    reader.nodes.append(Node("fully_connected", made, (flat, *more), (made,), attrs, operator.path))
    reader.node("reshape", operator, [made], shape=output.shape)


@_on("AVERAGE_POOL_2D", "MAX_POOL_2D")
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
        padding=_padding(operator, reader.image(x, operator), window, stride),
        activation=_activation(operator, 5),
    )


@_on("ADD", "SUB", "MUL")
def _binary(reader: Reader, operator: Operator) -> None:
    inputs = [operator.need(0), operator.need(1)]
    reader.node(operator.name.lower(), operator, inputs, activation=_activation(operator, 0))


@_on("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def _reshape(reader: Reader, operator: Operator) -> None:
    reader.node("reshape", operator, [operator.need(0)], shape=reader.values[operator.output].shape)


@_on("SOFTMAX")
def _softmax(reader: Reader, operator: Operator) -> None:
    beta = 0.0 if operator.options is None else operator.options.real(0)
    if beta != 1.0:
        raise UnsupportedAttribute(f"SOFTMAX ({operator.path}): beta {beta}, only 1 has a kernel")
    reader.node("softmax", operator, [operator.need(0)])


@_on("MEAN")
def _mean(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    rank = len(reader.values[x].shape)
    axes = reader.constant(operator.need(1), operator).reshape(-1)
    if any(not -rank <= int(axis) < rank for axis in axes):
        raise BrokenGraph(f"MEAN ({operator.path}): axes {axes.tolist()} of {rank}")
    chosen = tuple(sorted({int(axis) % rank for axis in axes}))
    reader.node("mean", operator, [x], axes=chosen, keepdims=bool(operator.scalar(0, "?")))


@_on("PAD")
def _pad(reader: Reader, operator: Operator) -> None:
    x = operator.need(0)
    pads = reader.constant(operator.need(1), operator)
    if pads.shape != (len(reader.values[x].shape), 2) or (pads < 0).any():
        raise BrokenGraph(f"PAD ({operator.path}): paddings {pads.tolist()}")
    reader.node("pad", operator, [x], padding=tuple((int(a), int(b)) for a, b in pads), value=0.0)


@_on("TRANSPOSE")
def _transpose(reader: Reader, operator: Operator) -> None:
    perm = tuple(int(axis) for axis in reader.constant(operator.need(1), operator).reshape(-1))
    reader.node("transpose", operator, [operator.need(0)], perm=perm)


@_on("CONCATENATION")
def _concat(reader: Reader, operator: Operator) -> None:
    rank = len(reader.values[operator.output].shape)
    axis = operator.scalar(0, "i")
    if not -rank <= axis < rank or _activation(operator, 1) != "none":
        raise UnsupportedAttribute(f"CONCATENATION ({operator.path}): axis {axis} of {rank}, or a fused activation")
    inputs = [operator.need(i) for i in range(len(operator.inputs))]
    reader.node("concat", operator, inputs, axis=axis % rank)


@_on("RELU", "RELU6", "HARD_SWISH", "TANH")
def _table(reader: Reader, operator: Operator) -> None:
    reader.node(operator.name.lower(), operator, [operator.need(0)])


@_on("LOGISTIC")
def _logistic(reader: Reader, operator: Operator) -> None:
    reader.node("sigmoid", operator, [operator.need(0)])


@_on("LEAKY_RELU")
def _leaky_relu(reader: Reader, operator: Operator) -> None:
    alpha = 0.0 if operator.options is None else operator.options.real(0)
    reader.node("leaky_relu", operator, [operator.need(0)], alpha=alpha)


@_on("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR")
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

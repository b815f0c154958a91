"""What the translators of TensorFlow Lite operators work with. See `tflite`."""

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
    outputs: list[str]
    options: Table | None

    @property
    def output(self) -> str:
        """The only output."""
        if len(self.outputs) != 1:
            raise BrokenGraph(f"{self.name} ({self.path}) has {len(self.outputs)} outputs, one is expected")
        return self.outputs[0]

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

    def node(self, op: str, operator: Operator, inputs: Sequence[str], output: str = "", **attrs: Any) -> None:
        """Add the node that makes `output`: the operator's only one, unless a name is given."""
        made = output or operator.output
        self.nodes.append(Node(op, made, tuple(inputs), (made,), attrs, operator.path))

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


def on(*names: str) -> Callable[[Translator], Translator]:
    """Enter a translator under the names of its operators."""

    def enter(translator: Translator) -> Translator:
        TRANSLATORS.update(dict.fromkeys(names, translator))
        return translator

    return enter


def fused_activation(operator: Operator, field: int) -> str:
    """The fused activation in a field of the options."""
    number = operator.scalar(field, "b")
    if number not in _ACTIVATIONS:
        raise UnsupportedAttribute(f"{operator.name} ({operator.path}): fused activation number {number}")
    return _ACTIVATIONS[number]


def same_or_valid(
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

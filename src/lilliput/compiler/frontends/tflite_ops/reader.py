"""What the translators of TensorFlow Lite operators work with. See `tflite`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node, Value
from lilliput.compiler.op import expect
from lilliput.compiler.ops import ops
from lilliput.core.errors import BrokenGraph, ImpossibleSize, UnsupportedAttribute
from lilliput.core.files.flatbuffer import Table

BUILTIN_NAMES: dict[int, str] = dict(
    enumerate(
        [
            "ADD",
            "AVERAGE_POOL_2D",
            "CONCATENATION",
            "CONV_2D",
            "DEPTHWISE_CONV_2D",
            "DEPTH_TO_SPACE",
            "DEQUANTIZE",
            "EMBEDDING_LOOKUP",
            "FLOOR",
            "FULLY_CONNECTED",
            "HASHTABLE_LOOKUP",
            "L2_NORMALIZATION",
            "L2_POOL_2D",
            "LOCAL_RESPONSE_NORMALIZATION",
            "LOGISTIC",
            "LSH_PROJECTION",
            "LSTM",
            "MAX_POOL_2D",
            "MUL",
            "RELU",
            "RELU_N1_TO_1",
            "RELU6",
            "RESHAPE",
            "RESIZE_BILINEAR",
            "RNN",
            "SOFTMAX",
            "SPACE_TO_DEPTH",
            "SVDF",
            "TANH",
            "CONCAT_EMBEDDINGS",
            "SKIP_GRAM",
            "CALL",
            "CUSTOM",
            "EMBEDDING_LOOKUP_SPARSE",
            "PAD",
            "UNIDIRECTIONAL_SEQUENCE_RNN",
            "GATHER",
            "BATCH_TO_SPACE_ND",
            "SPACE_TO_BATCH_ND",
            "TRANSPOSE",
            "MEAN",
            "SUB",
            "DIV",
            "SQUEEZE",
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            "STRIDED_SLICE",
            "BIDIRECTIONAL_SEQUENCE_RNN",
            "EXP",
            "TOPK_V2",
            "SPLIT",
            "LOG_SOFTMAX",
            "DELEGATE",
            "BIDIRECTIONAL_SEQUENCE_LSTM",
            "CAST",
            "PRELU",
            "MAXIMUM",
            "ARG_MAX",
            "MINIMUM",
            "LESS",
            "NEG",
            "PADV2",
            "GREATER",
            "GREATER_EQUAL",
            "LESS_EQUAL",
            "SELECT",
            "SLICE",
            "SIN",
            "TRANSPOSE_CONV",
            "SPARSE_TO_DENSE",
            "TILE",
            "EXPAND_DIMS",
            "EQUAL",
            "NOT_EQUAL",
            "LOG",
            "SUM",
            "SQRT",
            "RSQRT",
            "SHAPE",
            "POW",
            "ARG_MIN",
            "FAKE_QUANT",
            "REDUCE_PROD",
            "REDUCE_MAX",
            "PACK",
            "LOGICAL_OR",
            "ONE_HOT",
            "LOGICAL_AND",
            "LOGICAL_NOT",
            "UNPACK",
            "REDUCE_MIN",
            "FLOOR_DIV",
            "REDUCE_ANY",
            "SQUARE",
            "ZEROS_LIKE",
            "FILL",
            "FLOOR_MOD",
            "RANGE",
            "RESIZE_NEAREST_NEIGHBOR",
            "LEAKY_RELU",
            "SQUARED_DIFFERENCE",
            "MIRROR_PAD",
            "ABS",
            "SPLIT_V",
            "UNIQUE",
            "CEIL",
            "REVERSE_V2",
            "ADD_N",
            "GATHER_ND",
            "COS",
            "WHERE",
            "RANK",
            "ELU",
            "REVERSE_SEQUENCE",
            "MATRIX_DIAG",
            "QUANTIZE",
            "MATRIX_SET_DIAG",
            "ROUND",
            "HARD_SWISH",
            "IF",
            "WHILE",
            "NON_MAX_SUPPRESSION_V4",
            "NON_MAX_SUPPRESSION_V5",
            "SCATTER_ND",
            "SELECT_V2",
            "DENSIFY",
            "SEGMENT_SUM",
            "BATCH_MATMUL",
            "PLACEHOLDER_FOR_GREATER_OP_CODES",
            "CUMSUM",
            "CALL_ONCE",
            "BROADCAST_TO",
            "RFFT2D",
            "CONV_3D",
            "IMAG",
            "REAL",
            "COMPLEX_ABS",
            "HASHTABLE",
            "HASHTABLE_FIND",
            "HASHTABLE_IMPORT",
            "HASHTABLE_SIZE",
            "REDUCE_ALL",
            "CONV_3D_TRANSPOSE",
            "VAR_HANDLE",
            "READ_VARIABLE",
            "ASSIGN_VARIABLE",
            "BROADCAST_ARGS",
            "RANDOM_STANDARD_NORMAL",
            "BUCKETIZE",
            "RANDOM_UNIFORM",
            "MULTINOMIAL",
            "GELU",
            "DYNAMIC_UPDATE_SLICE",
            "RELU_0_TO_1",
            "UNSORTED_SEGMENT_PROD",
            "UNSORTED_SEGMENT_MAX",
            "UNSORTED_SEGMENT_SUM",
            "ATAN2",
            "UNSORTED_SEGMENT_MIN",
            "SIGN",
            "BITCAST",
            "BITWISE_XOR",
            "RIGHT_SHIFT",
            "STABLEHLO_LOGISTIC",
            "STABLEHLO_ADD",
            "STABLEHLO_DIVIDE",
            "STABLEHLO_MULTIPLY",
            "STABLEHLO_MAXIMUM",
            "STABLEHLO_RESHAPE",
            "STABLEHLO_CLAMP",
            "STABLEHLO_CONCATENATE",
            "STABLEHLO_BROADCAST_IN_DIM",
            "STABLEHLO_CONVOLUTION",
            "STABLEHLO_SLICE",
            "STABLEHLO_CUSTOM_CALL",
            "STABLEHLO_REDUCE",
            "STABLEHLO_ABS",
            "STABLEHLO_AND",
            "STABLEHLO_COSINE",
            "STABLEHLO_EXPONENTIAL",
            "STABLEHLO_FLOOR",
            "STABLEHLO_LOG",
            "STABLEHLO_MINIMUM",
            "STABLEHLO_NEGATE",
            "STABLEHLO_OR",
            "STABLEHLO_POWER",
            "STABLEHLO_REMAINDER",
            "STABLEHLO_RSQRT",
            "STABLEHLO_SELECT",
            "STABLEHLO_SUBTRACT",
            "STABLEHLO_TANH",
            "STABLEHLO_SCATTER",
            "STABLEHLO_COMPARE",
            "STABLEHLO_CONVERT",
            "STABLEHLO_DYNAMIC_SLICE",
            "STABLEHLO_DYNAMIC_UPDATE_SLICE",
            "STABLEHLO_PAD",
            "STABLEHLO_IOTA",
            "STABLEHLO_DOT_GENERAL",
            "STABLEHLO_REDUCE_WINDOW",
            "STABLEHLO_SORT",
            "STABLEHLO_WHILE",
            "STABLEHLO_GATHER",
            "STABLEHLO_TRANSPOSE",
            "DILATE",
            "STABLEHLO_RNG_BIT_GENERATOR",
            "REDUCE_WINDOW",
            "STABLEHLO_COMPOSITE",
            "STABLEHLO_SHIFT_LEFT",
            "STABLEHLO_CBRT",
            "STABLEHLO_CASE",
        ]
    )
)
"""Number → name, the whole published table."""
MAX_FOLDED_BYTES = 16 << 20
"""No constant that is worked out while a file is read is larger; above it a file is taken for damage."""
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
        """Add the node that makes `output`: the operator's only one, unless a name is given.

        Of constants only, its result is a constant too.
        """
        made = output or operator.output
        node = Node(op, made, tuple(inputs), (made,), attrs, operator.path)
        if inputs and all(self.values[name].is_constant for name in inputs):
            self._fold(node)
        else:
            self.nodes.append(node)

    def between(self, op: str, operator: Operator, inputs: Sequence[str], **attrs: Any) -> str:
        """Add a node on the way to the operator's result; gives its output, in the quantisation of its first input."""
        name, count = f"{operator.path} {op}", 1
        while name in self.values:
            count += 1
            name = f"{operator.path} {op} {count}"
        given = [self.values[i] for i in inputs]
        draft = Node(op, name, tuple(inputs), (name,), attrs, operator.path)
        shape, dtype = ops[op].infer(draft, given)
        self.values[name] = Value(name, shape, dtype, given[0].quant)
        self.node(op, operator, inputs, name, **attrs)
        return name

    def known(self, data: Array, operator: Operator, output: str = "") -> None:
        """Make the operator's result a constant."""
        value = self.values[output or operator.output]
        if value.is_constant or (value.shape, value.dtype) != (data.shape, data.dtype.name):
            raise BrokenGraph(f"{operator.name} ({operator.path}) gives {data.dtype}{list(data.shape)}: {value.name!r}")
        self.values[value.name] = replace(value, data=np.ascontiguousarray(data).reshape(data.shape))

    def new_constant(self, data: Array, operator: Operator) -> str:
        """A constant that the file does not hold."""
        name, count = f"{operator.path} constant", 1
        while name in self.values:
            count += 1
            name = f"{operator.path} constant {count}"
        self.values[name] = Value(name, data.shape, data.dtype.name, None, data)  # type: ignore[arg-type]
        return name

    def _fold(self, node: Node) -> None:
        inputs, output = [self.values[name] for name in node.inputs], self.values[node.output]
        shape, dtype = ops[node.op].infer(node, inputs)
        expect(not output.is_constant, node, f"makes {output.name!r}, which exists already")
        expect((shape, dtype) == (output.shape, output.dtype), node, f"gives {dtype}{list(shape)}")
        ops[node.op].check(node, inputs, output)
        if output.nbytes > MAX_FOLDED_BYTES:
            raise ImpossibleSize(f"{node.source} gives a constant of {output.nbytes} bytes: {MAX_FOLDED_BYTES} at most")
        data = ops[node.op].evaluate(node, inputs, output, *(v.data for v in inputs if v.data is not None))
        self.values[node.output] = replace(output, data=np.ascontiguousarray(data).reshape(shape))

    def reshaped(self, name: str, shape: tuple[int, ...], operator: Operator) -> str:
        """A value with the same bytes and another shape, in front of an operator."""
        value = self.values[name]
        if value.shape == shape:
            return name
        new = f"{name} for {operator.path}"
        data = None if value.data is None else value.data.reshape(shape)
        self.values[new] = replace(value, name=new, shape=shape, data=data)
        if data is None:
            self.nodes.append(Node("reshape", new, (name,), (new,), {"shape": shape}, operator.path))
        return new

    def constant(self, name: str, operator: Operator) -> Array:
        """The data of an input that must be a constant."""
        data = self.values[name].data
        if data is None:
            raise UnsupportedAttribute(f"{operator.name} ({operator.path}): {name!r} must be a constant")
        return data

    def numbers(self, name: str, operator: Operator) -> list[int]:
        """The whole numbers of an input that must be a constant, flat."""
        return [int(number) for number in self.constant(name, operator).reshape(-1)]

    def axes(self, name: str, rank: int, operator: Operator) -> tuple[int, ...]:
        """An input of axis numbers, ascending and once each; below 0 they count from the end."""
        given = self.numbers(name, operator)
        if any(not -rank <= axis < rank for axis in given):
            raise BrokenGraph(f"{operator.name} ({operator.path}): axes {given} of {rank}")
        return tuple(sorted({axis % rank for axis in given}))

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

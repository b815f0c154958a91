"""An ONNX file as plain data: operators in order, stored tensors, inputs and outputs, with everything checked that does
not need the meaning of an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from lilliput.compiler.frontends.onnx.tensors import Beside, array_of
from lilliput.compiler.frontends.onnx.wire import check_wire
from lilliput.compiler.graph import Array
from lilliput.core.errors import (
    BadName,
    BrokenGraph,
    ImpossibleSize,
    MissingExtra,
    NewerFormat,
    NotThisFormat,
    UnsupportedAttribute,
    UnsupportedOp,
)

FIRST_OPSET, LAST_OPSET = 7, 23
"""Operators that have changed since the last are refused by name."""
MAX_NODES = 2000
"""The layout pass takes time with the square of the nodes; MobileNetV2, quantised, has some 600."""
MICROSOFT = "com.microsoft"
_OWN_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True, eq=False)
class Operator:
    """One node of the file.

    Args:
        kind: the operator's name.
        domain: "" for ONNX's own.
        label: the node's name, for messages and for the compiled network.
        inputs, outputs: names of values, "" where an optional one is left out.
        attrs: plain values; tensors as arrays.
        opset: version of the operator set that gives it its meaning.
        known: for each input its array where it is a constant, real values where that is quantised.
    """

    kind: str
    domain: str
    label: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any]
    opset: int
    known: tuple[Array | None, ...] = ()

    @property
    def path(self) -> str:
        """How messages name it."""
        return f'{self.kind} at "{self.label}"'

    def refuse(self, what: str, fix: str = "") -> NoReturn:
        """Raise UnsupportedAttribute, LP302, naming the node."""
        raise UnsupportedAttribute(f"{self.path}: {what}", fix=fix)

    def demand(self, condition: bool, what: str, fix: str = "") -> None:
        """`refuse` unless `condition` holds."""
        if not condition:
            self.refuse(what, fix)

    def has(self, position: int) -> bool:
        """Whether an optional input is there."""
        return position < len(self.inputs) and self.inputs[position] != ""

    def need(self, position: int) -> str:
        """The name of an input that must be there. Raises BrokenGraph."""
        if not self.has(position):
            raise BrokenGraph(f"{self.path} lacks input {position}")
        return self.inputs[position]

    def constant(self, position: int, what: str) -> Array:
        """An input that must be known at compile time. Raises UnsupportedAttribute."""
        self.need(position)
        array = self.known[position]
        if array is None:
            self.refuse(f"{what} must be a constant")
        return array

    def ints(self, name: str, position: int = -1) -> tuple[int, ...] | None:
        """Whole numbers from an attribute, or from the input that newer opsets give them in; None when left out."""
        if name in self.attrs:
            given = self.attrs[name]
            return tuple(int(n) for n in (given if isinstance(given, Sequence) else [given]))
        if position < 0 or not self.has(position):
            return None
        array = self.constant(position, name)
        self.demand(array.dtype.kind in "iu" and array.ndim <= 1, f"{name} must be whole numbers")
        return tuple(int(n) for n in array.reshape(-1))

    def number(self, name: str, position: int = -1, default: float = 0.0) -> float:
        """A real number from an attribute, or from an input."""
        if name in self.attrs:
            return float(self.attrs[name])
        if position < 0 or not self.has(position):
            return default
        array = self.constant(position, name)
        self.demand(array.size == 1, f"{name} must be one number")
        return float(array.reshape(-1)[0])

    def axis(self, rank: int, default: int, name: str = "axis") -> int:
        """An attribute that names an axis, counted from the front. Raises BrokenGraph."""
        return self.axes((int(self.attrs.get(name, default)),), rank)[0]

    def axes(self, given: Sequence[int], rank: int) -> tuple[int, ...]:
        """Axes counted from the front, each once. Raises BrokenGraph."""
        found = tuple(axis + rank if axis < 0 else axis for axis in given)
        if any(not 0 <= axis < rank for axis in found) or len(set(found)) != len(found):
            raise BrokenGraph(f"{self.path}: axes {list(given)} of {rank}")
        return found


@dataclass(frozen=True)
class Port:
    """A declared value: its element type number (0: none) and its axes: a size, a symbol, or None where unknown."""

    name: str
    type_number: int
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, eq=False)
class Model:
    """What a file holds.

    Args:
        name: of the graph.
        inputs, outputs: the network's own, without those that are stored tensors.
        declared: shapes that the file states for values in between.
        tensors: the stored constants.
        operators: in the order of execution.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    declared: Mapping[str, Port]
    tensors: Mapping[str, Array]
    operators: tuple[Operator, ...]


def parse_model(data: bytes, name: str, folder: Path | None) -> Model:
    """The plain data in the bytes of an ONNX file.

    Args:
        data: from anywhere.
        name: of the file, for messages.
        folder: where files that it refers to may lie, None for nowhere.

    Raises:
        MissingExtra: LP601, the package `onnx` is not installed.
        FileError: LP2xx, the bytes are damaged. UnsupportedError: LP3xx, there is something that has no translation.
    """
    package = _package()
    check_wire(data, package.ModelProto.DESCRIPTOR, name)
    from google.protobuf.message import DecodeError

    try:
        proto = package.ModelProto.FromString(data)
    except DecodeError as error:
        raise NotThisFormat(f"{name} is not an ONNX file: {error}") from None
    opsets = _opsets(proto, package, name)
    graph, beside = proto.graph, Beside(folder)
    if len(graph.node) > MAX_NODES:
        raise ImpossibleSize(f"{name} has {len(graph.node)} nodes, the limit is {MAX_NODES}")
    if graph.sparse_initializer:
        raise UnsupportedAttribute(f"{name} holds sparse tensors, which have no kernels")
    tensors: dict[str, Array] = {}
    for tensor in graph.initializer:
        if not tensor.name or tensor.name in tensors:
            raise BadName(f"{name} stores a tensor called {tensor.name!r}" + (" twice" if tensor.name else ""))
        tensors[tensor.name] = array_of(tensor, beside, f"tensor {tensor.name!r}")
    inputs = tuple(port for port in map(_port, graph.input) if port.name not in tensors)
    operators = tuple(_operator(node, i, opsets, package, beside) for i, node in enumerate(graph.node))
    outputs = tuple(map(_port, graph.output))
    _check_names(name, inputs, tensors, operators, outputs)
    if not inputs or not outputs:
        raise BrokenGraph(f"{name} has {len(inputs)} inputs and {len(outputs)} outputs")
    return Model(name, inputs, outputs, {port.name: port for port in map(_port, graph.value_info)}, tensors, operators)


def _package() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise MissingExtra("reading ONNX files needs the package onnx", fix="pip install 'lilliput[onnx]'") from error
    return onnx


def _opsets(proto: Any, package: Any, name: str) -> dict[str, int]:
    if not proto.ir_version or not proto.HasField("graph"):
        raise NotThisFormat(f"{name} is not an ONNX file: it has no format version, or no graph")
    if proto.ir_version > package.IR_VERSION:
        raise NewerFormat(f"{name} has format version {proto.ir_version}, this reader knows {package.IR_VERSION}")
    opsets = {
        ("" if entry.domain in _OWN_DOMAINS else entry.domain): int(entry.version) for entry in proto.opset_import
    }
    own = opsets.get("", 0)
    if own > package.defs.onnx_opset_version():
        raise NewerFormat(
            f"{name} uses opset {own}, this reader knows {package.defs.onnx_opset_version()}",
            fix="export with opset_version=17",
        )
    if own < FIRST_OPSET:
        raise UnsupportedAttribute(
            f"{name} uses opset {own}, the oldest that is read is {FIRST_OPSET}",
            fix="onnx.version_converter.convert_version(model, 17)",
        )
    return opsets


def _operator(node: Any, position: int, opsets: Mapping[str, int], package: Any, beside: Beside) -> Operator:
    domain = "" if node.domain in _OWN_DOMAINS else node.domain
    label = node.name or next((name for name in node.output if name), "") or f"node {position}"
    path = f'{node.op_type} at "{label}"'
    if domain not in opsets:
        raise BrokenGraph(f"{path} is of the domain {domain!r}, for which the file states no version")
    attrs = {a.name: _attribute(a, beside, f"{path}: attribute {a.name!r}") for a in node.attribute}
    if len(attrs) != len(node.attribute) or "" in attrs:
        raise BadName(f"{path} has attributes without a name or with one name")
    if not domain:
        _check_schema(node, attrs, opsets[""], package, path)
    return Operator(node.op_type, domain, label, tuple(node.input), tuple(node.output), attrs, opsets[domain])


def _attribute(a: Any, beside: Beside, what: str) -> Any:
    """The plain value of an attribute; subgraphs and the like, which nothing here runs, are refused."""
    if a.ref_attr_name:
        raise BrokenGraph(f"{what} refers to a function's attribute outside any function")
    match a.type:
        case a.FLOAT:
            return float(a.f)
        case a.INT:
            return int(a.i)
        case a.STRING:
            return a.s.decode("utf-8", "replace")
        case a.TENSOR:
            return array_of(a.t, beside, what)
        case a.FLOATS:
            return tuple(float(f) for f in a.floats)
        case a.INTS:
            return tuple(int(i) for i in a.ints)
        case a.STRINGS:
            return tuple(s.decode("utf-8", "replace") for s in a.strings)
        case a.GRAPH | a.GRAPHS:
            raise UnsupportedOp(f"{what} is a graph: networks with control flow have no kernels")
    raise UnsupportedAttribute(f"{what} has the type number {a.type}")


_PLAIN_TYPES = {"FLOAT": float, "INT": int, "STRING": str, "FLOATS": tuple, "INTS": tuple, "STRINGS": tuple}


def _check_schema(node: Any, attrs: Mapping[str, Any], opset: int, package: Any, path: str) -> None:
    """Number of inputs and outputs, names and types of attributes, against the published description."""
    try:
        schema = package.defs.get_schema(node.op_type, opset, "")
    except package.defs.SchemaError:
        raise UnsupportedOp(
            f"{path} is no operator of opset {opset}", fix="`lilliput list ops` prints what there is"
        ) from None
    if schema.deprecated:
        raise UnsupportedOp(f"{path} was withdrawn from ONNX in opset {schema.since_version}")
    if schema.since_version > LAST_OPSET:
        raise NewerFormat(
            f"{path} changed in opset {schema.since_version}, this reader knows {LAST_OPSET}",
            fix="export with opset_version=17",
        )
    for what, count, low, high in (
        ("inputs", len(node.input), schema.min_input, schema.max_input),
        ("outputs", len(node.output), schema.min_output, schema.max_output),
    ):
        if not low <= count <= high:
            raise BrokenGraph(f"{path} has {count} {what}, the operator takes {low} to {high}")
    for key, value in attrs.items():
        if key not in schema.attributes:
            raise BrokenGraph(f"{path} has an attribute {key!r}, which the operator does not have in opset {opset}")
        wanted = _PLAIN_TYPES.get(schema.attributes[key].type.name)
        if wanted is not None and not isinstance(value, wanted):
            raise BrokenGraph(f"{path}: attribute {key!r} is {value!r}, {wanted.__name__} is expected")
        items = [value] if isinstance(value, float) else value if isinstance(value, tuple) else []
        if any(isinstance(item, float) and np.isnan(item) for item in items):
            raise BrokenGraph(f"{path}: attribute {key!r} is not a number")
    for key, described in schema.attributes.items():
        if described.required and key not in attrs:
            raise BrokenGraph(f"{path} lacks the attribute {key!r}")


def _port(value: Any) -> Port:
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type"):
        return Port(value.name, 0, None)
    if not tensor.HasField("shape"):
        return Port(value.name, tensor.elem_type, None)
    axes: list[int | str | None] = []
    for dim in tensor.shape.dim:
        kind = dim.WhichOneof("value")
        axes.append(int(dim.dim_value) if kind == "dim_value" else dim.dim_param if kind == "dim_param" else None)
    return Port(value.name, tensor.elem_type, tuple(axes))


def _check_names(
    name: str,
    inputs: Sequence[Port],
    tensors: Mapping[str, Array],
    operators: Sequence[Operator],
    outputs: Sequence[Port],
) -> None:
    """One producer for each value, before anything reads it: so there is no circle either."""
    known = set(tensors)
    for port in inputs:
        if not port.name or port.name in known:
            raise BadName(f"{name} has an input called {port.name!r}" + (" twice" if port.name else ""))
        known.add(port.name)
    for operator in operators:
        for read in operator.inputs:
            if read and read not in known:
                raise BrokenGraph(f"{operator.path} reads {read!r}, which nothing has made before it")
        for made in operator.outputs:
            if made in known:
                raise BadName(f"{operator.path} makes {made!r}, which exists already")
            if made:
                known.add(made)
    for port in outputs:
        if port.name not in known:
            raise BrokenGraph(f"{name}: nothing makes the output {port.name!r}")

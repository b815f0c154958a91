"""The graph: typed values joined by nodes. Everything the compiler does is a function from graph to graph.

Layout is channels last: activations are (N, H, W, C) or (N, F), with N = 1 in a compiled network. A graph is never
changed in place; `replace` gives a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lilliput.core.errors import BrokenGraph, ImpossibleSize

DType: TypeAlias = Literal["float32", "int8", "uint8", "int16", "int32", "int64", "bool"]
Array: TypeAlias = NDArray[Any]
Attr: TypeAlias = "int | float | str | bool | tuple[Attr, ...]"

ITEM_BYTES: Mapping[str, int] = {
    "float32": 4, "int8": 1, "uint8": 1, "int16": 2, "int32": 4, "int64": 8, "bool": 1,
}  # fmt: skip

MAX_VALUE_BYTES = 1 << 31
"""No single value of a network for a microcontroller is larger; sizes above it are taken for damage."""


def checked_bytes(shape: Sequence[int], itemsize: int, what: str = "value") -> int:
    """Bytes of an array of `shape`; all size arithmetic on untrusted shapes goes through here.

    Raises:
        ImpossibleSize: LP204, an axis is not above zero or the product is above `MAX_VALUE_BYTES`.
    """
    total = itemsize
    for axis in shape:
        if axis <= 0:
            raise ImpossibleSize(f"{what} has shape {tuple(shape)}: every axis must be 1 or more")
        total *= int(axis)
    if total > MAX_VALUE_BYTES:
        raise ImpossibleSize(f"{what} of shape {tuple(shape)} takes {total} bytes, the limit is {MAX_VALUE_BYTES}")
    return total


@dataclass(frozen=True)
class Quant:
    """real = scale · (integer - zero_point), per tensor, or per channel along `axis`.

    Args:
        scale: one, or one per channel; each finite, above 0 and exactly a float32, as in the published formats.
        zero_point: as many as scales; inside the integer type.
        axis: the channel axis, None for per tensor.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None

    def __post_init__(self) -> None:
        if len(self.scale) != len(self.zero_point) or not self.scale or (self.axis is None and len(self.scale) > 1):
            raise ValueError(f"{len(self.scale)} scales and {len(self.zero_point)} zero points on axis {self.axis}")
        for scale in self.scale:
            if not (0 < scale < float("inf")) or float(np.float32(scale)) != scale:
                raise ValueError(f"scale must be a float32 above 0, got {scale!r}")

    @classmethod
    def per_tensor(cls, scale: float, zero_point: int) -> Quant:
        """One scale (rounded to float32) and zero point for the whole tensor."""
        return cls((float(np.float32(scale)),), (int(zero_point),))

    @property
    def is_per_tensor(self) -> bool:
        """True when one scale serves the whole tensor."""
        return len(self.scale) == 1

    def quantise(self, real: Array, dtype: DType) -> Array:
        """Round half away from zero to the nearest step, clamp to the type."""
        scale, zero = self._broadcast(real.ndim)
        limits = np.iinfo(dtype)
        scaled = real.astype(np.float32) / scale.astype(np.float32)
        rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled)) + zero
        integer: Array = np.clip(rounded, limits.min, limits.max).astype(dtype)
        return integer

    def dequantise(self, integer: Array) -> Array:
        """scale · (integer - zero_point) in float32."""
        scale, zero = self._broadcast(integer.ndim)
        real: Array = ((integer.astype(np.int64) - zero) * scale).astype(np.float32)
        return real

    def _broadcast(self, rank: int) -> tuple[Array, Array]:
        scale, zero = np.array(self.scale, np.float64), np.array(self.zero_point, np.int64)
        if self.axis is None or self.is_per_tensor:
            return scale.reshape(()), zero.reshape(())
        shape = [1] * rank
        shape[self.axis] = len(self.scale)
        return scale.reshape(shape), zero.reshape(shape)


@dataclass(frozen=True, eq=False)
class Value:
    """One edge of the graph: an activation; a constant when `data` is there; a state when `state` is there.

    A state lives on between runs. It belongs to the one node that reads it, which rewrites it in every run; `state` is
    its contents before the first run. Where `bits` is 4, an int8 constant holds integers from -8 to 7, and kernels that
    can keep two of them in a byte of flash do. Where `steps` is above 0, each byte of a uint8 value is a train of
    spikes: bit t says whether there is one at time step t.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: Array | None = None
    state: Array | None = None
    bits: int = 8
    steps: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the array in memory, an integer of 8 bits in one byte."""
        return checked_bytes(self.shape, ITEM_BYTES[self.dtype], f"value {self.name!r}")

    @property
    def elements(self) -> int:
        """Number of elements."""
        return self.nbytes // ITEM_BYTES[self.dtype]

    @property
    def leading(self) -> int:
        """Length of the leading axis, which one run takes of a batch: 1 but for inputs without a batch of their own."""
        return self.shape[0] if self.shape else 1

    @property
    def is_constant(self) -> bool:
        """True for weights and other values known at compile time."""
        return self.data is not None

    @property
    def is_state(self) -> bool:
        """True for memory that a node keeps from one run to the next."""
        return self.state is not None

    @property
    def scale(self) -> float:
        """The per-tensor scale; ValueError when there is none."""
        return self._per_tensor().scale[0]

    @property
    def zero_point(self) -> int:
        """The per-tensor zero point; ValueError when there is none."""
        return self._per_tensor().zero_point[0]

    def _per_tensor(self) -> Quant:
        if self.quant is None or not self.quant.is_per_tensor:
            raise ValueError(f"value {self.name!r} ({self.dtype}) has no per-tensor quantisation")
        return self.quant


@dataclass(frozen=True, eq=False)
class Node:
    """One operator application.

    Args:
        op: registered operator name (`lilliput list ops`).
        name: unique in the graph; for networks from PyTorch the module path.
        inputs, outputs: value names, in the operator's order.
        attrs: plain values; each operator's file says which.
        source: where it came from, for messages: the line of the user's `forward`, or the node name in a file.
    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def output(self) -> str:
        """The only output's name."""
        (output,) = self.outputs
        return output

    @property
    def layer(self) -> str:
        """The layer that it is a part of: its attribute `tile_of` where the layer runs tile by tile, else itself."""
        return str(self.attrs.get("tile_of", self.name))

    def with_attrs(self, **changes: Any) -> Node:
        """The same node with some attributes changed."""
        return replace(self, attrs={**self.attrs, **changes})


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in execution order, the values they join, and the names of the network's inputs and outputs."""

    name: str
    values: Mapping[str, Value]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def replace(
        self,
        *,
        nodes: Sequence[Node] | None = None,
        values: Mapping[str, Value] | None = None,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
    ) -> Graph:
        """A new graph with the parts given; values that nothing names any more are dropped."""
        new_nodes = self.nodes if nodes is None else tuple(nodes)
        new_inputs = self.inputs if inputs is None else tuple(inputs)
        new_outputs = self.outputs if outputs is None else tuple(outputs)
        named = {v for n in new_nodes for v in (*n.inputs, *n.outputs)} | set(new_inputs) | set(new_outputs)
        source = self.values if values is None else values
        missing = sorted(named - set(source))
        if missing:
            raise BrokenGraph(f"graph {self.name!r} names values that do not exist: {', '.join(missing[:5])}")
        return Graph(self.name, {k: v for k, v in source.items() if k in named}, new_nodes, new_inputs, new_outputs)

    @cached_property
    def producers(self) -> Mapping[str, Node]:
        """Value name → the node that makes it."""
        return {output: node for node in self.nodes for output in node.outputs}

    @cached_property
    def readers(self) -> Mapping[str, tuple[Node, ...]]:
        """Value name → the nodes that read it, in execution order, once each."""
        found: dict[str, list[Node]] = {name: [] for name in self.values}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found[name].append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}

    @cached_property
    def states(self) -> tuple[Value, ...]:
        """The states, in the order of the nodes that own them. A graph with states takes its rows in order of time."""
        names = dict.fromkeys(name for node in self.nodes for name in node.inputs)
        return tuple(self.values[name] for name in names if self.values[name].is_state)

    def ins(self, node: Node) -> tuple[Value, ...]:
        """The values a node reads."""
        return tuple(self.values[name] for name in node.inputs)

    def outs(self, node: Node) -> tuple[Value, ...]:
        """The values a node makes."""
        return tuple(self.values[name] for name in node.outputs)

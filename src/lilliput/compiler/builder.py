"""Build a graph node by node; shapes and types of new values come from the operators' own rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lilliput.compiler.graph import Array, Graph, Node, Quant, Value
from lilliput.compiler.ops import ops


class GraphBuilder:
    """Collects values and nodes in execution order; `graph()` gives the result.

    Args:
        name: the graph's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: dict[str, Value] = {}
        self.nodes: list[Node] = []
        self.inputs: list[str] = []
        self._taken: set[str] = set()

    def input(self, value: Value) -> str:
        """Add a network input."""
        self.inputs.append(self.value(value))
        return value.name

    def value(self, value: Value) -> str:
        """Add a value under its own name, which must be new."""
        if value.name in self.values:
            raise ValueError(f"value {value.name!r} exists already")
        self.values[value.name] = value
        return value.name

    def constant(self, name: str, data: Array, quant: Quant | None = None) -> str:
        """Add a constant; the name is made unique."""
        name = self.unique(name)
        data = np.ascontiguousarray(data)
        return self.value(Value(name, data.shape, data.dtype.name, quant, data))  # type: ignore[arg-type]

    def node(self, op: str, name: str, inputs: Sequence[str], *, source: str = "", **attrs: Any) -> str:
        """Add a float node and give its output's name."""
        name = self.unique(name)
        draft = Node(op, name, tuple(inputs), (name,), attrs, source)
        shape, dtype = ops[op].infer(draft, [self.values[i] for i in inputs])
        self.values[name] = Value(name, shape, dtype)
        self.nodes.append(draft)
        return name

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a value added before."""
        return self.values[name].shape

    def unique(self, name: str) -> str:
        """`name`, or `name_2`, `name_3`, … when it is taken."""
        candidate, count = name, 1
        while candidate in self._taken or candidate in self.values:
            count += 1
            candidate = f"{name}_{count}"
        self._taken.add(candidate)
        return candidate

    def graph(self, outputs: Sequence[str]) -> Graph:
        """The finished graph."""
        graph = Graph(self.name, dict(self.values), tuple(self.nodes), tuple(self.inputs), tuple(outputs))
        return graph.replace()  # drops constants that nothing reads

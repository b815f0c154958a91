"""A compiled network: graph, memory plan, kernel calls, C sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lilliput.compiler.grammar import check
from lilliput.compiler.graph import Array, Graph, Node, Value
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.known_kernels import KnownKernels
from lilliput.compiler.memory import MemoryPlan, Step, plan_memory
from lilliput.compiler.memory_check import check_plan
from lilliput.compiler.op import Kernel, Target
from lilliput.compiler.ops import ops
from lilliput.compiler.order import best_order
from lilliput.compiler.passes.legalise import legalise
from lilliput.compiler.print_c import print_model
from lilliput.compiler.runtime_files import runtime_sources


@dataclass(frozen=True, eq=False)
class Program:
    """What `compile_graph` gives. `run` is the integer reference; `boards` runs the same on the host or on a board.

    Args:
        graph: the integer graph, its nodes in the order of the calls.
        target: what the kernels may use.
        steps: the kernel calls in order.
        plan: where each value lies in the arena.
        sources: file name → text: `lilliput_model.c`, `lilliput_model.h` and the runtime files that they need.
    """

    graph: Graph
    target: Target
    steps: tuple[Step, ...]
    plan: MemoryPlan
    sources: Mapping[str, str]

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The network's inputs, in the order of `lilliput_model_input_N`."""
        return tuple(self.graph.values[name] for name in self.graph.inputs)

    @property
    def outputs(self) -> tuple[Value, ...]:
        """The network's outputs, in the order of `lilliput_model_output_N`."""
        return tuple(self.graph.values[name] for name in self.graph.outputs)

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(self.macs_of(node) for node in self.graph.nodes)

    def macs_of(self, node: Node) -> int:
        """Multiply-accumulates of one node in one inference."""
        return ops[node.op].macs(node, self.graph.ins(node), self.graph.values[node.output])

    def run(self, *x: Array) -> tuple[Array, ...]:
        """The reference outputs for raw integer inputs, (N, …) each, in the order of `inputs`."""
        given = dict(zip(self.graph.inputs, (np.asarray(array) for array in x), strict=True))
        return tuple(run_integer(self.graph, given)[name] for name in self.graph.outputs)


def compile_graph(graph: Graph, target: Target | None = None) -> Program:
    """Choose kernels, order the nodes for the least memory, plan and prove it, print the C.

    Args:
        graph: integer graph with a batch of one.
        target: what the kernels may use; plain C by default.

    Raises:
        UnsupportedError: LP3xx, a node has no kernel, or an integer could overflow.
    """
    target = target or Target()
    graph = check(legalise(check(graph, "integer")), "integer", "legalise")
    graph, steps, renamed, plan = arrange(graph, choose_kernels(graph, target))
    check_plan(graph, steps, renamed, plan)
    sources = {**print_model(graph, steps, plan), **runtime_sources(steps)}
    return Program(graph, target, tuple(steps), plan, sources)


class Arranged(NamedTuple):
    """A graph in the order in which it runs, and its memory plan."""

    graph: Graph
    steps: list[Step]
    renamed: dict[str, str]
    plan: MemoryPlan


def arrange(graph: Graph, kernels: Mapping[str, Kernel | None]) -> Arranged:
    """Order the nodes for the least memory and plan it."""
    steps, renamed = schedule(graph, kernels)
    given = Arranged(graph, steps, renamed, plan_memory(graph, steps, renamed))
    if any(node.layer != node.name for node in graph.nodes):
        return given  # tiles come in the order of the network that they were made from
    ordered = best_order(graph, kernels)
    if ordered is graph:
        return given
    steps, renamed = schedule(ordered, kernels)
    other = Arranged(ordered, steps, renamed, plan_memory(ordered, steps, renamed))
    return other if other.plan.arena_bytes < given.plan.arena_bytes else given


def choose_kernels(graph: Graph, target: Target, known: KnownKernels | None = None) -> dict[str, Kernel | None]:
    """Node name → its kernel, None where it needs no code.

    Args:
        graph: integer graph.
        target: what the kernels may use.
        known: kernels that were chosen before for equal nodes, for the same target; grows.

    Raises:
        UnsupportedError: LP3xx, a node has no kernel, or an integer could overflow.
    """
    known = KnownKernels() if known is None else known
    return {node.name: known.choose(graph, node, target) for node in graph.nodes}


def schedule(graph: Graph, kernels: Mapping[str, Kernel | None]) -> tuple[list[Step], dict[str, str]]:
    """The kernel calls in the order of the graph's nodes, and output → value whose very bytes it is."""
    steps: list[Step] = []
    renamed: dict[str, str] = {}
    for node in graph.nodes:
        kernel = kernels[node.name]
        if kernel is None:
            renamed[node.output] = node.inputs[0]
            continue
        if kernel.operands[-1] != node.output:  # a state, whose memory the output is
            renamed[node.output] = kernel.operands[-1]
        steps.append(Step(len(steps), node, kernel))
    return steps, renamed

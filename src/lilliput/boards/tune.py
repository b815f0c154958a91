"""The fastest kernel of each layer, by instructions counted on the emulated core.

All distinct layers of a network whose operators offer `alternatives` go side by side into one program for measuring,
each once for every kernel, built and run once. What each of them retired is kept in the cache, under the kernel's code,
its numbers, the core and the compiler; weights do not matter. Each node then asks for its fastest kernel by the
attribute `variant`, as long as the network fits the board's memory; where it does not, the layers at the memory peak go
back to kernels with less scratch, the ones that lose least first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lilliput.boards.board import Board
from lilliput.boards.cache import find, store
from lilliput.boards.run import execute
from lilliput.boards.toolchain import ToolchainName, find_toolchain
from lilliput.compiler.graph import Array, Graph, Node, Value
from lilliput.compiler.op import Kernel
from lilliput.compiler.ops import ops
from lilliput.compiler.print_c import layer_name
from lilliput.compiler.program import Program, compile_graph
from lilliput.compiler.runtime_files import runtime_files
from lilliput.core.errors import BadSetting

KIND = "tuned"
"""Of the cache's entries."""
STACK_BYTES = 1024
"""Room left for the stack and other data beside the arena."""
_BATCH_BYTES = 2 << 20
"""Constants of one measuring program: so many that few programs are built, so few that compilers take them lightly."""
_ROOM = 256 << 20
"""Flash and RAM of the board that measures: all layers lie side by side there."""


@dataclass(frozen=True)
class Tried:
    """One kernel of a layer: its variant, what it retired, and the scratch that it takes."""

    variant: str
    instructions: int
    scratch_bytes: int


@dataclass(frozen=True)
class TunedLayer:
    """What was tried for one layer, the fastest first, and what it got.

    Args:
        node: name.
        tried: its kernels.
        default, chosen: variants.
    """

    node: str
    tried: tuple[Tried, ...]
    default: str
    chosen: str

    @property
    def saved(self) -> int:
        """Instructions that the choice saves beside the default."""
        by_variant = {tried.variant: tried.instructions for tried in self.tried}
        return by_variant[self.default] - by_variant[self.chosen]


@dataclass(frozen=True, eq=False)
class Tuning:
    """What `tune` gives: the graph whose nodes ask for their kernels, and how that came about.

    Args:
        graph: to be compiled for the same target.
        layers: those with a choice, in order.
        measured: kernels that were run now; the others were known.
    """

    graph: Graph
    layers: tuple[TunedLayer, ...]
    measured: int

    def plain(self) -> list[dict[str, Any]]:
        """For a report."""
        return [
            {
                "node": layer.node,
                "default": layer.default,
                "chosen": layer.chosen,
                "saved": layer.saved,
                "tried": [vars(tried) for tried in layer.tried],
            }
            for layer in self.layers
        ]


def tune(graph: Graph, board: Board, *, sram_bytes: int | None = None, toolchain: ToolchainName = "zig") -> Tuning:
    """Choose a kernel for each layer of an integer graph.

    Args:
        graph: integer graph with a batch of one.
        board: whose core counts; one that Unicorn runs.
        sram_bytes: limit for the arena; the board's RAM less `STACK_BYTES` by default.
        toolchain: what compiles the kernels.

    Raises:
        BadSetting: LP101, the board's instructions cannot be counted by layer.
        ToolError: LP6xx, a compiler or the emulator is missing or failed.
    """
    if board.emulator != "unicorn":
        raise BadSetting(
            f"{board.name} cannot be tuned: its layers are not counted one by one",
            fix="leave out --tune, or tune for a board that Unicorn runs: `lilliput list boards`",
        )
    choices = {node.name: _kernels(graph, node, board) for node in graph.nodes}
    choices = {name: kernels for name, kernels in choices.items() if len(kernels) > 1}
    keys = {
        (name, kernel.variant): _key(kernel, graph, board, toolchain)
        for name, kernels in choices.items()
        for kernel in kernels
    }
    counts, measured = _counts(graph, choices, keys, board, toolchain)
    tried = {
        name: tuple(
            sorted(
                (Tried(k.variant, counts[keys[name, k.variant]], k.scratch_bytes) for k in kernels),
                key=lambda t: (t.instructions, t.scratch_bytes, t.variant),
            )
        )
        for name, kernels in choices.items()
    }
    limit = board.sram_bytes - STACK_BYTES if sram_bytes is None else sram_bytes
    chosen = _fitted(graph, board, tried, limit)
    layers = tuple(TunedLayer(name, tried[name], choices[name][0].variant, chosen[name]) for name in tried)
    return Tuning(_with_variants(graph, chosen), layers, measured)


def _kernels(graph: Graph, node: Node, board: Board) -> tuple[Kernel, ...]:
    """The kernels of a node, its default first."""
    bare = replace(node, attrs={k: v for k, v in node.attrs.items() if k != "variant"})
    inputs, output = graph.ins(node), graph.values[node.output]
    found = ops[node.op].alternatives(bare, inputs, output, board.target)
    default = ops[node.op].choose(bare, inputs, output, board.target)
    if default is None or default.variant not in [kernel.variant for kernel in found]:
        return ()
    return (default, *(kernel for kernel in found if kernel.variant != default.variant))


def _key(kernel: Kernel, graph: Graph, board: Board, toolchain: ToolchainName) -> bytes:
    """All that decides how many instructions a kernel retires, the values of its weights apart."""
    tools = find_toolchain(board.core, toolchain)
    files = hashlib.sha256(json.dumps(runtime_files(kernel.files), sort_keys=True).encode()).hexdigest()
    fields = [
        (f.name, f.ctype, list(np.shape(f.value)) if isinstance(f.value, np.ndarray) else f.value)
        for f in kernel.fields
    ]
    shapes = [list(graph.values[name].shape) for name in kernel.operands]
    cpu = tools.cpu_flags(board.core, board.features)
    return json.dumps([tools.version, cpu, kernel.function, files, fields, shapes, kernel.scratch_bytes]).encode()


def _counts(
    graph: Graph,
    choices: Mapping[str, Sequence[Kernel]],
    keys: Mapping[tuple[str, str], bytes],
    board: Board,
    toolchain: ToolchainName,
) -> tuple[dict[bytes, int], int]:
    """Key → instructions, from the cache or measured now; and how many were measured."""
    known: dict[bytes, int] = {}
    wanted: dict[bytes, tuple[str, str]] = {}
    for place, key in keys.items():
        path = find(KIND, key)
        if path is not None:
            known[key] = int(path.read_bytes())
        else:
            wanted.setdefault(key, place)
    for batch in _batches(graph, list(wanted.values()), choices):
        for place, instructions in _measure(graph, batch, board, toolchain).items():
            known[keys[place]] = instructions
            store(KIND, keys[place], str(instructions).encode())
    return known, len(wanted)


def _batches(
    graph: Graph, places: Sequence[tuple[str, str]], choices: Mapping[str, Sequence[Kernel]]
) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    nbytes = 0
    for name, variant in places:
        kernel = next(kernel for kernel in choices[name] if kernel.variant == variant)
        size = sum(field.value.nbytes for field in kernel.fields if isinstance(field.value, np.ndarray))
        if batch and nbytes + size > _BATCH_BYTES:
            yield batch
            batch, nbytes = [], 0
        batch.append((name, variant))
        nbytes += size
    if batch:
        yield batch


def _measure(
    graph: Graph, places: Sequence[tuple[str, str]], board: Board, toolchain: ToolchainName
) -> dict[tuple[str, str], int]:
    """(node, variant) → instructions of the layer, all run in one program."""
    program = compile_graph(_side_by_side(graph, places), board.target)
    execution = execute(program, roomy(board), _inputs(program), toolchain=toolchain)
    spent = {step.node.name: execution.by_layer[layer_name(step)] for step in program.steps}
    return {place: spent[str(index)] for index, place in enumerate(places)}


def _side_by_side(graph: Graph, places: Sequence[tuple[str, str]]) -> Graph:
    """A graph of single layers; node `i` is that of place i."""
    by_name = {node.name: node for node in graph.nodes}
    values: dict[str, Value] = {}
    nodes, inputs, outputs = [], [], []
    for index, (name, variant) in enumerate(places):
        node = by_name[name]
        new = {v.name: v if v.is_constant else replace(v, name=f"{index}.{v.name}") for v in graph.ins(node)}
        output = replace(graph.values[node.output], name=f"{index}.out")
        values |= {value.name: value for value in (*new.values(), output)}
        inputs += [value.name for value in new.values() if not value.is_constant]
        outputs.append(output.name)
        moved = replace(node, name=str(index), inputs=tuple(new[n].name for n in node.inputs), outputs=(output.name,))
        nodes.append(moved.with_attrs(variant=variant))
    return Graph("layers", values, tuple(nodes), tuple(inputs), tuple(outputs))


def roomy(board: Board) -> Board:
    """The same core with memories that hold any layers, to count what its own do not hold."""
    flash, ram = board.flash, board.ram
    return replace(
        board,
        flash=replace(flash, nbytes=_ROOM),
        ram=replace(ram, origin=0x6000_0000, base=0x6000_0000, nbytes=_ROOM),
        constants=None,
    )


def _inputs(program: Program) -> list[Array]:
    rng = np.random.default_rng(0)
    limits = [np.iinfo(value.dtype) for value in program.inputs]
    return [
        rng.integers(limit.min, limit.max + 1, value.shape).astype(value.dtype)
        for value, limit in zip(program.inputs, limits, strict=True)
    ]


def _with_variants(graph: Graph, chosen: Mapping[str, str]) -> Graph:
    return graph.replace(nodes=[n.with_attrs(variant=chosen[n.name]) if n.name in chosen else n for n in graph.nodes])


def _fitted(graph: Graph, board: Board, tried: Mapping[str, tuple[Tried, ...]], limit: int) -> dict[str, str]:
    """Node → variant: the fastest ones whose arena stays within `limit`, or the leanest where none does."""
    place = dict.fromkeys(tried, 0)

    def variants() -> dict[str, str]:
        return {name: tried[name][at].variant for name, at in place.items()}

    while True:
        program = compile_graph(_with_variants(graph, variants()), board.target)
        if program.plan.arena_bytes <= limit:
            return variants()
        moves = []  # (instructions lost, node, place of the next kernel with less scratch)
        for step in program.steps:
            name = step.node.name
            if name not in place or program.plan.live_bytes(step.index) <= limit:
                continue
            now = tried[name][place[name]]
            leaner = [i for i, t in enumerate(tried[name]) if t.scratch_bytes < now.scratch_bytes]
            if leaner:
                moves.append((tried[name][leaner[0]].instructions - now.instructions, name, leaner[0]))
        if not moves:
            return variants()
        _, name, at = min(moves)
        place[name] = at

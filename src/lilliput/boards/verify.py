"""Prove that the reference, the C on this machine and the C on a board give the same outputs: the same bytes where they
are integers, within the bound of `agree` where they are float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lilliput.boards.agree import BOUND, Agreement, agreement
from lilliput.boards.board import HOST, Board
from lilliput.boards.emulate import Machine
from lilliput.boards.host import run_host
from lilliput.boards.ports import ports_of
from lilliput.boards.run import Execution, differing_bytes, execute, place
from lilliput.boards.toolchain import ToolchainName
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_float, run_integer
from lilliput.compiler.print_c import layer_functions
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import LilliputError, NotBitExact


@dataclass(frozen=True, eq=False)
class Verification:
    """Proof of equality; there is no object of this class without it.

    Args:
        rows: inferences compared.
        output_bytes: bytes compared for each pair.
        differing_bytes: between reference, host and board: 0. Of float32 outputs, between host and board.
        execution: the run on the board, with its counts.
        largest_error: of float32 outputs against the reference, see `agree`; None where all outputs are integers.
    """

    rows: int
    output_bytes: int
    differing_bytes: int
    execution: Execution
    largest_error: float | None = None

    def plain(self) -> dict[str, Any]:
        """What reports store."""
        proof = {"rows": self.rows, "output_bytes": self.output_bytes, "differing_bytes": self.differing_bytes}
        return proof if self.largest_error is None else {**proof, "largest_error": self.largest_error, "bound": BOUND}


def verify(
    program: Program, board: Board, inputs: Sequence[Array], *, toolchain: ToolchainName = "zig"
) -> Verification:
    """Run all rows three times and compare every output.

    Args:
        program: the compiled network.
        board: a board; `HOST` compares reference and host only.
        inputs: raw inputs, (N, …) for each input.
        toolchain: for the board's image.

    Raises:
        NotBitExact: LP501, an output differs; the message names where it ran, the row and the first node that differs.
        DoesNotFit, BoardFault, ToolError: as `execute`.
    """
    wanted, rows = program.run(*inputs), len(ports_of(program).rows(inputs))
    on_host = run_host(program, inputs)
    found = _compare(program, on_host, wanted, inputs, rows)
    if found.row is not None:
        raise _mismatch(program, HOST, found, wanted, _first_on_host(program, inputs, found.row))
    execution = execute(program, board, inputs, toolchain=toolchain)
    found = _compare(program, execution.outputs, wanted, inputs, rows)
    if found.row is not None:
        raise _mismatch(program, board, found, wanted, _first_on_board(program, execution, inputs, found.row))
    differing, _ = differing_bytes(execution.outputs, on_host)
    return Verification(rows, sum(array.nbytes for array in wanted), differing, execution, found.largest_error)


def _compare(
    program: Program, made: Sequence[Array], wanted: Sequence[Array], inputs: Sequence[Array], rows: int
) -> Agreement:
    """Compare; where float32 outputs are apart, allow for what float32 itself is apart from float64 there."""
    steps = _steps(program.graph)
    found = agreement(made, wanted, rows, steps=steps)
    if found.row is None or found.largest_error is None:
        return found
    return agreement(made, wanted, rows, slack=_rounding(program, inputs, wanted) / BOUND, steps=steps)


def _steps(graph: Graph) -> list[int]:
    """By output: 1 for codes that float32 arithmetic went before, else 0."""
    rounded: set[str] = set()
    for node in graph.nodes:
        active = [value for value in (*graph.ins(node), *graph.outs(node)) if not value.is_constant]
        if all(value.dtype == "float32" for value in active) or rounded & set(node.inputs):
            rounded.update(node.outputs)
    return [int(name in rounded and graph.values[name].quant is not None) for name in graph.outputs]


def _rounding(program: Program, inputs: Sequence[Array], wanted: Sequence[Array]) -> float:
    """A generous bound on what rounding does in this network: 16 times the distance of the reference in float32 from
    the same in float64; 0 for networks that are not float32 throughout."""
    import torch

    graph = program.graph
    if graph.states or any(value.dtype != "float32" for value in graph.values.values() if not value.is_constant):
        return 0.0
    given = {name: torch.from_numpy(x.astype(np.float64)) for name, x in zip(graph.inputs, inputs, strict=True)}
    constants = {
        name: torch.from_numpy(value.data.astype(np.float64))
        for name, value in graph.values.items()
        if value.data is not None and value.dtype == "float32"
    }
    with torch.no_grad():
        wide = run_float(graph, given, constants)
    pairs = [(wide[name].numpy(), narrow) for name, narrow in zip(graph.outputs, wanted, strict=True)]
    distances = [float(np.abs(a - b).max()) for a, b in pairs if a.size and np.isfinite(a).all()]
    return 16.0 * max(distances, default=0.0)


def _mismatch(
    program: Program, board: Board, found: Agreement, wanted: Sequence[Array], node: str | None
) -> NotBitExact:
    total = sum(array.nbytes for array in wanted)
    where = f"the first node that differs is {node}" if node else "no single node differs when it is run by itself"
    how = "" if found.largest_error is None else f" by up to {found.largest_error:.2g}, the bound being {BOUND:g},"
    reference = "integer reference" if found.largest_error is None else "reference"
    return NotBitExact(
        f"{program.graph.name} on {board.name}: {found.wrong_bytes} of {total} output bytes differ{how} from the "
        f"{reference}, first in row {found.row}",
        why=where,
        fix="this is a bug of the compiler or of a kernel: keep the folder and report it",
    )


def _reference(program: Program, inputs: Sequence[Array], row: int) -> dict[str, Array]:
    """Value name → its elements in the reference for one row, side by side."""
    seen: dict[str, Array] = {}
    given = {name: np.asarray(x)[row : row + 1] for name, x in zip(program.graph.inputs, inputs, strict=True)}
    run_integer(program.graph, given, lambda name, array: seen.update({name: np.array(array).reshape(1, -1)}))
    return seen


def _first_on_board(program: Program, execution: Execution, inputs: Sequence[Array], row: int) -> str | None:
    """Call the layers one by one on the board, and compare what each leaves in the arena."""
    image = execution.image
    if program.graph.states:
        return None  # what a layer gives then depends on all rows before
    if image is None or image.board.emulator != "unicorn":
        return None
    expected, ports, machine = _reference(program, inputs, row), ports_of(program), Machine(image)
    arena, functions = image.symbols["lilliput_arena"].address, layer_functions(program.steps, program.plan)
    place(machine, ports, ports.rows(inputs)[row])
    # A compiler may add .constprop.0 and the like to the name.
    symbols = {layer.name.split(".")[0]: layer.name for layer in image.layers()}
    for step in program.steps:
        symbol = symbols.get(functions[step.index])
        if symbol is None:
            return None
        machine.call(symbol, [arena])
        output = step.node.output
        if output in expected:
            wanted = expected[output]
            read = machine.read(arena + program.plan.offsets[output], wanted.nbytes)
            if agreement([np.frombuffer(read, wanted.dtype)[None]], [wanted], 1).row is not None:
                return f'{step.node.op} at "{step.node.name}" ({step.kernel.function})'
    return None


def _first_on_host(program: Program, inputs: Sequence[Array], row: int) -> str | None:
    """Halve the range of nodes: compile the network up to a node, with the program's own kernels, and compare."""
    graph = program.graph
    if graph.states:
        return None
    given = [np.asarray(x)[row : row + 1] for x in inputs]

    def differs(last: int) -> bool:
        nodes = graph.nodes[: last + 1]
        read = {name for node in nodes for name in node.inputs}
        ends = [node.output for node in nodes[:-1] if node.output not in read] + [nodes[-1].output]
        prefix = compile_graph(graph.replace(nodes=nodes, outputs=ends), program.target)
        kernels = {name: text for name, text in program.sources.items() if not name.startswith("lilliput_model.")}
        made = run_host(replace(prefix, sources={**prefix.sources, **kernels}), given)
        return agreement(made, prefix.run(*given), 1).row is not None

    low, high = -1, len(graph.nodes) - 1
    try:
        if not differs(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if differs(middle) else (middle, high)
    except LilliputError:
        return None  # a part of the network may be nothing that can be compiled alone
    return f'{graph.nodes[high].op} at "{graph.nodes[high].name}"'

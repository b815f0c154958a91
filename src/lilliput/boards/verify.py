"""Prove that the integer reference, the C on this machine and the C on a board give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lilliput.boards.board import HOST, Board
from lilliput.boards.emulate import Machine
from lilliput.boards.host import run_host
from lilliput.boards.ports import ports_of
from lilliput.boards.run import Execution, differing_bytes, execute, place
from lilliput.boards.toolchain import ToolchainName
from lilliput.compiler.graph import Array
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.print_c import layer_name
from lilliput.compiler.program import Program, compile_graph
from lilliput.core.errors import LilliputError, NotBitExact


@dataclass(frozen=True, eq=False)
class Verification:
    """Proof of equality; there is no object of this class without it.

    Args:
        rows: inferences compared.
        output_bytes: bytes compared for each pair.
        differing_bytes: between reference, host and board: 0.
        execution: the run on the board, with its counts.
    """

    rows: int
    output_bytes: int
    differing_bytes: int
    execution: Execution


def verify(
    program: Program, board: Board, inputs: Sequence[Array], *, toolchain: ToolchainName = "zig"
) -> Verification:
    """Run all rows three times and compare every byte.

    Args:
        program: the compiled network.
        board: a board; `HOST` compares reference and host only.
        inputs: raw integers, (N, …) for each input.
        toolchain: for the board's image.

    Raises:
        NotBitExact: LP501, a byte differs; the message names where it ran, the row and the first node that differs.
        DoesNotFit, BoardFault, ToolError: as `execute`.
    """
    wanted = program.run(*inputs)
    count, row = differing_bytes(run_host(program, inputs), wanted)
    if row is not None:
        raise _mismatch(program, HOST, count, row, wanted, _first_on_host(program, inputs, row))
    execution = execute(program, board, inputs, toolchain=toolchain)
    count, row = differing_bytes(execution.outputs, wanted)
    if row is not None:
        node = _first_on_board(program, execution, inputs, row)
        raise _mismatch(program, board, count, row, wanted, node)
    return Verification(len(wanted[0]), sum(array.nbytes for array in wanted), 0, execution)


def _mismatch(
    program: Program, board: Board, count: int, row: int, wanted: Sequence[Array], node: str | None
) -> NotBitExact:
    total = sum(array.nbytes for array in wanted)
    where = f"the first node that differs is {node}" if node else "no single node differs when it is run by itself"
    return NotBitExact(
        f"{program.graph.name} on {board.name}: {count} of {total} output bytes differ from the integer reference, "
        f"first in row {row}",
        why=where,
        fix="this is a bug of the compiler or of a kernel: keep the folder and report it",
    )


def _reference(program: Program, inputs: Sequence[Array], row: int) -> dict[str, bytes]:
    """Value name → its bytes in the reference for one row."""
    seen: dict[str, bytes] = {}
    given = {name: np.asarray(x)[row : row + 1] for name, x in zip(program.graph.inputs, inputs, strict=True)}
    run_integer(program.graph, given, lambda name, array: seen.update({name: np.ascontiguousarray(array).tobytes()}))
    return seen


def _first_on_board(program: Program, execution: Execution, inputs: Sequence[Array], row: int) -> str | None:
    """Call the layers one by one on the board, and compare what each leaves in the arena."""
    image = execution.image
    if program.graph.states:
        return None  # what a layer gives then depends on all rows before
    if image is None or image.board.emulator != "unicorn":
        return None
    expected, ports, machine = _reference(program, inputs, row), ports_of(program), Machine(image)
    arena = image.symbols["lilliput_arena"].address
    place(machine, ports, ports.rows(inputs)[row])
    # A compiler may add .constprop.0 and the like to the name.
    symbols = {layer.name.split(".")[0]: layer.name for layer in image.layers()}
    for step in program.steps:
        symbol = symbols.get(layer_name(step))
        if symbol is None:
            return None
        machine.call(symbol, [arena])
        output = step.kernel.operands[-1]
        if output in expected:
            found = machine.read(arena + program.plan.offsets[output], len(expected[output]))
            if found != expected[output]:
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
        return differing_bytes(made, prefix.run(*given))[1] is not None

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

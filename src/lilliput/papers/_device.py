"""A trained network in 8 bits on an emulated board: what recipes report of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lilliput.papers._recipe import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from lilliput.boards.board import Board
    from lilliput.compiler.graph import Graph
    from lilliput.compiler.program import Program


@dataclass(frozen=True)
class OnDevice:
    """What came of it.

    Args:
        board: its name.
        program: as compiled for the board.
        outputs: real values of each input's output, by the integer reference.
        differing: bytes in which the emulated board's outputs differ from the reference.
        instructions: of one inference.
        flash_bytes: of the linked image, program and constants.
        patched: the same network with its first layers run patch by patch, where that was asked for.
    """

    board: str
    program: Program
    outputs: NDArray[np.float32]
    differing: int
    instructions: int
    flash_bytes: int
    patched: OnDevice | None = None

    def rows(self) -> Iterator[Row]:
        """Its figures."""
        yield from self._rows(f"int8 on {self.board}")
        if self.patched is not None:
            yield from self.patched._rows(f"int8 on {self.board}, by patches")

    def _rows(self, where: str) -> Iterator[Row]:
        yield Row("bytes that differ", float(self.differing), split=where)
        yield Row("arena", float(self.program.plan.arena_bytes), split=where, unit="B")
        yield Row("flash", float(self.flash_bytes), split=where, unit="B")
        yield Row("instructions", float(self.instructions), split=where)
        yield Row("multiply-accumulates", float(self.program.macs), split=where)


def on_device(
    model: nn.Module,
    calibration: NDArray[np.float32] | NDArray[np.integer],
    inputs: NDArray[np.float32] | NDArray[np.integer],
    board: str,
    *,
    by_patches: bool = False,
) -> OnDevice:
    """Quantise a network, compile it for a board, and run the first input there.

    A network that is too large for the board's memory is run all the same; the figures say how much it needs.

    Args:
        model: made by `create_model`.
        calibration: (N, H, W, C), real values; or what else the network takes, such as numbers of words.
        inputs: the same; all go through the integer reference, the first through the emulated core.
        board: name of a board.
        by_patches: run it a second time, by the patches of its first layers that need the least memory; where none
            need less, as a whole again.

    Raises:
        UnknownName: LP100, no such board. UnsupportedOp: LP301, a layer that has no integer form.
    """
    from lilliput.boards import get_board
    from lilliput.boards.tune import roomy
    from lilliput.compiler.frontends.torch_export import from_torch
    from lilliput.compiler.passes import simplify
    from lilliput.compiler.patch import choose_patches
    from lilliput.compress.quantise import quantise
    from lilliput.models import example_input

    place = roomy(get_board(board))
    graph = quantise(simplify(from_torch(model.eval(), example_input(model))), calibration).graph
    whole = _run(graph, place, inputs, board)
    if not by_patches:
        return whole
    chosen = choose_patches(graph, place.target).graph
    return replace(whole, patched=_run(chosen, place, inputs, board))


def _run(graph: Graph, place: Board, inputs: NDArray[np.float32] | NDArray[np.integer], board: str) -> OnDevice:
    from lilliput.boards.run import differing_bytes, execute
    from lilliput.compiler.program import compile_graph
    from lilliput.compress.quantise import quantised

    program = compile_graph(graph, place.target)
    x = quantised(graph, graph.inputs[0], inputs)
    wanted = program.run(x)
    done = execute(program, place, [x[:1]])
    return OnDevice(
        board,
        program,
        program.outputs[0].quant.dequantise(wanted[0]),  # type: ignore[union-attr]
        int(differing_bytes(done.outputs, [wanted[0][:1]])[0]),
        int(done.instructions[0]),
        0 if done.image is None else done.image.flash_bytes,
    )

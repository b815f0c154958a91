"""One table: the same trained network in float, on int8 activations and on int16 activations.

    python bench/int16.py [--task digits] [--model ds_cnn] [--board nucleo-f446re] [--set train.epochs=40 ...]

Weights are int8 in both. Accuracy is of the test split; the signal-to-noise ratio is of the network's outputs against
float; bytes are of the linked image and of the arena; instructions are one inference on the emulated core.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from lilliput.boards import Board, get_board
from lilliput.boards.run import execute
from lilliput.build.plan import float_graph
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.program import compile_graph
from lilliput.compress.quantise import (
    QuantiseSettings,
    float_graph_accuracy,
    integer_graph_accuracy,
    quantise,
    quantised,
)
from lilliput.core.output import Output, Table
from lilliput.tasks.task import Task, get_task
from lilliput.train.job import plan_training, train_on

COLUMNS = (
    "activations", "accuracy %", "output SNR dB", "arena B", "constants B", "code B", "instructions", "per MAC"
)  # fmt: skip


def items(task: Task, split: str) -> tuple[Array, Array]:
    """What the network sees, float32 channels last, and the class numbers."""
    chosen = task.load()[split]
    return task.preprocess.dequantise(task.preprocess.integer(chosen.x)), chosen.y


def trained(task: Task, model: str | None, overrides: list[str]) -> Graph:
    """The float graph of a new training."""
    with tempfile.TemporaryDirectory() as folder:
        net = train_on(plan_training(task, model, overrides=overrides), Path(folder) / "run").model
    return float_graph(net, task.name)


def row(graph: Graph, activations: str, calibration: Array, x: Array, y: Array, board: Board) -> tuple[object, ...]:
    """One line of the table."""
    settings = QuantiseSettings(activations=activations)  # type: ignore[arg-type]
    result = quantise(graph, calibration, settings)
    program = compile_graph(result.graph, board.target)
    done = execute(program, board, [quantised(result.graph, graph.inputs[0], x[:1])])
    (outputs,) = graph.outputs
    snr = next(layer.sqnr_db for layer in result.layers if layer.name == outputs)
    accuracy = integer_graph_accuracy(result.graph, x, y)
    image = done.image
    return (
        activations, f"{100 * accuracy:.2f}", f"{snr:.1f}", program.plan.arena_bytes,
        image.constants_bytes if image else None, image.code_bytes if image else None, done.instructions[0],
        f"{done.instructions[0] / program.macs:.2f}",
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="One network on int8 and on int16 activations.")
    parser.add_argument("--task", default="digits")
    parser.add_argument("--model")
    parser.add_argument("--board", default="nucleo-f446re")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    task, board = get_task(given.task), get_board(given.board)
    graph = trained(task, given.model, given.set)
    (calibration, _), (x, y) = (items(task, split) for split in ("train", "test"))
    rows = [("float", f"{100 * float_graph_accuracy(graph, x, y):.2f}", *[None] * 6)]
    rows += [row(graph, activations, calibration, x, y, board) for activations in ("int8", "int16")]  # type: ignore[misc]
    Output().show({"rows": rows}, human=[Table(COLUMNS, rows)])


if __name__ == "__main__":
    main()

"""A transformer from PyTorch to an emulated board: agreement of int8 with float, memory, and instructions by operator.

    python bench/transformer.py [--model cct_2_3x2_32] [--board nucleo-f746zg] [--epochs 10] [--rows 20]

The network is trained on the bundled pictures of Fashion-MNIST, with a frame of two pixels and three equal channels, as
many as the published network takes. Agreement is the share of the 1 000 test pictures for which float and int8 name the
same class; the board runs `--rows` of them, and each byte is held against the integer reference.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np
import torch

from lilliput.boards import Board, get_board
from lilliput.boards.run import differing_bytes, execute
from lilliput.compiler.frontends.torch_export import from_torch
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_float, run_integer
from lilliput.compiler.ops import ops
from lilliput.compiler.passes import simplify
from lilliput.compiler.program import Program, compile_graph
from lilliput.compress.quantise import quantise, quantised
from lilliput.core.output import Output, Table
from lilliput.models import create_model
from lilliput.tasks.task import get_task
from lilliput.train.data import Tensors, TrainData
from lilliput.train.loop import fit
from lilliput.train.settings import TrainSettings

AT_ONCE = 50


def pictures(split: str) -> tuple[Array, Array]:
    """(N, 3, 32, 32) float32 of mean 0 and variance 1, and class numbers."""
    task = get_task("fashion")
    chosen = task.load()[split]
    x = task.preprocess.dequantise(task.preprocess.integer(chosen.x)).reshape(-1, 28, 28)
    framed = np.pad(x, ((0, 0), (2, 2), (2, 2)), constant_values=float(x.min()))
    return np.repeat(framed[:, None], 3, axis=1), chosen.y


def trained(name: str, epochs: int, seed: int) -> Graph:
    """The float graph of a new training."""
    torch.manual_seed(seed)
    model = create_model(name)
    parts = [Tensors(*(torch.from_numpy(array) for array in pictures(split))) for split in ("train", "validation")]
    fit(model, TrainData(*parts), TrainSettings(epochs=epochs, batch_size=64, lr=1e-3, seed=seed))
    return simplify(from_torch(model.eval(), torch.zeros(1, 3, 32, 32), name=name))


def classes(graph: Graph, x: Array, *, integer: bool) -> Array:
    """The class that the network names for each picture, channels last."""
    found = []
    for start in range(0, len(x), AT_ONCE):
        part = x[start : start + AT_ONCE]
        if integer:
            made = run_integer(graph, {graph.inputs[0]: quantised(graph, graph.inputs[0], part)})
        else:
            with torch.no_grad():
                made = {k: v.numpy() for k, v in run_float(graph, {graph.inputs[0]: torch.from_numpy(part)}).items()}
        found.append(made[graph.outputs[0]].argmax(axis=-1))
    return np.concatenate(found)


def by_operator(program: Program, counted: dict[str, int]) -> list[tuple[object, ...]]:
    """Operator and kernel, calls, instructions, those of a multiply-accumulate and of an output element."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for step, instructions in zip(program.steps, counted.values(), strict=True):
        ins, out = program.graph.ins(step.node), program.graph.values[step.node.output]
        row = sums[step.node.op, step.kernel.function]
        for place, value in enumerate((1, instructions, ops[step.node.op].macs(step.node, ins, out), out.elements)):
            row[place] += value
    return [
        (op, kernel, calls, instructions, f"{instructions / macs:.2f}" if macs else None, f"{instructions / size:.1f}")
        for (op, kernel), (calls, instructions, macs, size) in sorted(sums.items(), key=lambda item: -item[1][1])
    ]


def on_board(graph: Graph, board: Board, x: Array) -> tuple[tuple[object, ...], list[tuple[object, ...]]]:
    """One line of what a board needs and gives, and its instructions by operator."""
    program = compile_graph(graph, board.target)
    rows = quantised(graph, graph.inputs[0], x)
    done = execute(program, board, [rows])
    wrong, _ = differing_bytes(done.outputs, program.run(rows))
    weights = sum(v.data.nbytes for v in program.graph.values.values() if v.data is not None and v.dtype == "int8")
    image, instructions = done.image, done.instructions[0] if done.instructions else None
    line = (
        board.name, program.plan.arena_bytes, done.sram_bytes, weights, image.constants_bytes if image else None,
        image.code_bytes if image else None, instructions,
        f"{instructions / program.macs:.3f}" if instructions else None, f"{len(x)}, {wrong} bytes differ",
    )  # fmt: skip
    return line, by_operator(program, dict(done.by_layer)) if done.by_layer else []


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="A transformer on an emulated board.")
    parser.add_argument("--model", default="cct_2_3x2_32")
    parser.add_argument("--board", action="append", default=[])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=20)
    given = parser.parse_args()
    graph = trained(given.model, given.epochs, given.seed)
    calibration, (x, y) = pictures("train")[0].transpose(0, 2, 3, 1), pictures("test")
    x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    result = quantise(graph, calibration)
    real, whole = classes(graph, x, integer=False), classes(result.graph, x, integer=True)
    share = [100 * float(part.mean()) for part in (real == y, whole == y, real == whole)]
    boards = [on_board(result.graph, get_board(name), x[: given.rows]) for name in given.board or ["nucleo-f746zg"]]
    accuracy = Table(("float %", "int8 %", "same class %"), [tuple(f"{part:.1f}" for part in share)])
    needs = Table(
        ("board", "arena B", "SRAM B", "int8 weights B", "constants B", "code B", "instructions", "per MAC", "rows"),
        [line for line, _ in boards],
    )
    spent = [
        Table(("operator", "kernel", "calls", "instructions", "per MAC", "per output"), table)
        for _, table in boards if table
    ]  # fmt: skip
    Output().show({"agreement": share, "boards": [line for line, _ in boards]}, human=[accuracy, needs, *spent])


if __name__ == "__main__":
    main()

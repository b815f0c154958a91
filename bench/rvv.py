"""One table: the same networks on RV32 with vectors and on RV32 without, both ours.

    python bench/rvv.py FOLDER_OF_TFLITE_FILES [--layers NAME]

Instructions of one inference, all exact: without vectors counted by block in Unicorn, with vectors of 128 and of 256
bits by `minstret` in QEMU under -icount (5 more than Unicorn counts: the call and reading the counter). With --layers
each layer of one network is measured by itself, as a network of that layer alone, on the values that reach it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from lilliput.boards import get_board
from lilliput.boards.run import Execution, execute
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.memory import Step
from lilliput.compiler.print_c import layer_name
from lilliput.compiler.program import compile_graph
from lilliput.core.output import Output, Table

PLAIN, V128 = get_board("esp32-c3"), get_board("qemu-rv32v")
V256 = replace(V128, qemu_cpu="rv32,v=true,vlen=256")
NETWORKS = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "ad01_int8", "person_detect")
COLUMNS = (
    "file", "MACs", "RV32 =", "128 bits =", "ratio", "per MAC", "256 bits =", "per MAC", "arena B", "code B",
    "RV32 code B",
)  # fmt: skip
LAYER_COLUMNS = ("layer", "kernel", "output", "RV32 =", "128 bits =", "ratio", "per output", "per MAC")


def row(path: Path) -> tuple[object, ...]:
    """One line of the table of networks."""
    graph, _ = load_network(path)
    small, large = (compile_graph(graph, board.target) for board in (PLAIN, V128))
    x = _inputs(graph)
    done = [execute(program, board, [x]) for program, board in ((small, PLAIN), (large, V128), (large, V256))]
    if any(not np.array_equal(one.outputs[0], large.run(x)[0]) for one in done):
        sys.exit(f"{path.stem}: a core's outputs are not the integer reference's")
    plain, short, long = (one.instructions[0] for one in done)
    return (
        path.stem, large.macs, plain, short, round(short / plain, 3), round(short / max(large.macs, 1), 3),
        long, round(long / max(large.macs, 1), 3), large.plan.arena_bytes, _code(done[1]), _code(done[0]),
    )  # fmt: skip


def layer_rows(path: Path) -> list[tuple[object, ...]]:
    """One line for each layer of a network."""
    graph, _ = load_network(path)
    small, large = (compile_graph(graph, board.target) for board in (PLAIN, V128))
    x = _inputs(graph)
    by_layer = execute(small, PLAIN, [x]).by_layer
    values: dict[str, Array] = {large.graph.inputs[0]: x}
    run_integer(large.graph, dict(values), lambda name, array: values.update({name: array}))
    before = {step.node.name: by_layer.get(layer_name(step), 0) for step in small.steps}
    return [_layer_row(large.graph, step, before.get(step.node.name, 0), values) for step in large.steps]


def _layer_row(graph: Graph, step: Step, before: int, values: dict[str, Array]) -> tuple[object, ...]:
    names = tuple(name for name in step.node.inputs if not graph.values[name].is_constant)
    alone = compile_graph(graph.replace(nodes=[step.node], inputs=names, outputs=(step.node.output,)), V128.target)
    (after,) = execute(alone, V128, [values[name] for name in names]).instructions
    output = graph.values[step.node.output]
    shape = "x".join(str(axis) for axis in output.shape[1:])
    ratio = round(after / before, 3) if before else None
    per_mac = round(after / alone.macs, 3) if alone.macs else None
    return step.node.name, step.kernel.function, shape, before, after, ratio, round(after / output.elements, 1), per_mac


def _code(done: Execution) -> int | None:
    return done.image.code_bytes if done.image else None


def _inputs(graph: Graph) -> Array:
    (name,) = graph.inputs
    made: Array = np.random.default_rng(0).integers(-128, 128, (1, *graph.values[name].shape[1:])).astype(np.int8)
    return made


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Instructions on RV32 with vectors beside RV32 without.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", metavar="NAME", choices=NETWORKS)
    given = parser.parse_args()
    if given.layers:
        rows = layer_rows(given.folder / f"{given.layers}.tflite")
        table = Table(LAYER_COLUMNS, rows, f"{given.layers}, layer by layer")
    else:
        paths = [given.folder / f"{name}.tflite" for name in NETWORKS]
        found = [row(path) for path in paths if path.is_file()]
        if not found:
            sys.exit(f"{given.folder} holds none of {', '.join(NETWORKS)}")
        table = Table(COLUMNS, found, "int8 networks on RV32IMC without and with vectors")
    Output().show({}, human=[table])


if __name__ == "__main__":
    main()

"""One table: the same networks on a Cortex-M55 with Helium and on a Cortex-M4, both ours.

    python bench/mve.py FOLDER_OF_TFLITE_FILES [--layers NAME]

Instructions of one inference: on the Cortex-M4 counted by block in Unicorn, exactly; on the Cortex-M55 by QEMU's system
timer under -icount, to within one tick (31 instructions). With --layers each layer of one network is measured
by itself, as a network of that layer alone, on the values that reach it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from lilliput.boards import get_board
from lilliput.boards.run import execute
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Array, Graph
from lilliput.compiler.interpret import run_integer
from lilliput.compiler.memory import Step
from lilliput.compiler.print_c import layer_name
from lilliput.compiler.program import compile_graph
from lilliput.core.output import Output, Table

M4, M55 = get_board("nucleo-f446re"), get_board("mps3-an547")
NETWORKS = ("kws_ref_model", "pretrainedResnet_quant", "vww_96_int8", "ad01_int8", "person_detect")
COLUMNS = ("file", "MACs", "M4 =", "M55 ≈", "ratio", "M55 per MAC", "M55 arena B", "M55 code B", "M4 code B")
LAYER_COLUMNS = ("layer", "kernel", "output", "M4 =", "M55 ≈", "ratio", "M55 per output")


def row(path: Path) -> tuple[object, ...]:
    """One line of the table of networks."""
    graph, _ = load_network(path)
    small, large = (compile_graph(graph, board.target) for board in (M4, M55))
    x = _inputs(graph)
    on_m4, on_m55 = (execute(program, board, [x]) for program, board in ((small, M4), (large, M55)))
    if any(not np.array_equal(on.outputs[0], large.run(x)[0]) for on in (on_m4, on_m55)):
        sys.exit(f"{path.stem}: a core's outputs are not the integer reference's")
    before, after = on_m4.instructions[0], on_m55.instructions[0]
    return (
        path.stem, large.macs, before, after, round(after / before, 3), round(after / max(large.macs, 1), 3),
        large.plan.arena_bytes, on_m55.image.code_bytes if on_m55.image else None,
        on_m4.image.code_bytes if on_m4.image else None,
    )  # fmt: skip


def layer_rows(path: Path) -> list[tuple[object, ...]]:
    """One line for each layer of a network."""
    graph, _ = load_network(path)
    small, large = (compile_graph(graph, board.target) for board in (M4, M55))
    x = _inputs(graph)
    by_layer = execute(small, M4, [x]).by_layer
    values: dict[str, Array] = {large.graph.inputs[0]: x}
    run_integer(large.graph, dict(values), lambda name, array: values.update({name: array}))
    before = {step.node.name: by_layer.get(layer_name(step), 0) for step in small.steps}
    return [_layer_row(large.graph, step, before.get(step.node.name, 0), values) for step in large.steps]


def _layer_row(graph: Graph, step: Step, before: int, values: dict[str, Array]) -> tuple[object, ...]:
    names = tuple(name for name in step.node.inputs if not graph.values[name].is_constant)
    alone = compile_graph(graph.replace(nodes=[step.node], inputs=names, outputs=(step.node.output,)), M55.target)
    (after,) = execute(alone, M55, [values[name] for name in names]).instructions
    output = graph.values[step.node.output]
    shape = "x".join(str(axis) for axis in output.shape[1:])
    ratio = round(after / before, 3) if before else None
    return step.node.name, step.kernel.function, shape, before, after, ratio, round(after / output.elements, 1)


def _inputs(graph: Graph) -> Array:
    (name,) = graph.inputs
    made: Array = np.random.default_rng(0).integers(-128, 128, (1, *graph.values[name].shape[1:])).astype(np.int8)
    return made


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Instructions on a Cortex-M55 beside a Cortex-M4.")
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
        table = Table(COLUMNS, found, f"int8 networks on {M4.name} and {M55.name}")
    Output().show({}, human=[table])


if __name__ == "__main__":
    main()

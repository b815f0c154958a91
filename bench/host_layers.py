"""One network layer by layer on this machine, beside what its multiplications and its rounding cost at the least.

    python bench/host_layers.py MODEL.tflite [--repeats 40]

The floor is measured here and not taken from a data sheet: a loop of the kernels' own dot products on registers gives
the multiplications of a nanosecond, a loop of their own requantisation, with its loads and stores, the cost of an
output.
Both are the best of their repeats, and so is each layer, in processor time.
"""

from __future__ import annotations

import argparse
import ctypes
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np

from lilliput.boards.host import cpu_flags, host_compiler
from lilliput.boards.native import compile_native
from lilliput.boards.toolchain import run_tool
from lilliput.compiler.frontends import load_network
from lilliput.compiler.graph import Graph, Node
from lilliput.core.output import Output, Table
from lilliput.core.provenance import machine

ROWS = 16
LOOPS = 20_000
OUTPUTS = 4096
_C = """
#include "lp_simd_dot.h"
#include "lp_simd_requantise.h"
#define SUMS 12
void dots(int32_t loops, const int8_t *x, const int8_t *w, int32_t *y);
void rounds(const lp_scales_s8_t *scales, int32_t count, const int32_t *acc, int8_t *y);
void dots(int32_t loops, const int8_t *x, const int8_t *w, int32_t *y)
{
    lp_sums sums[SUMS];
    const lp_spread codes = lp_spread_word(x);
    lp_block block = lp_load_block(w);
    LP_UNROLLED for (int32_t i = 0; i < SUMS; i++) sums[i] = lp_sums_from(y + LP_LANES * i);
    for (int32_t loop = 0; loop < loops; loop++) {
        __asm__ volatile("" : "+m"(*y) : : ); /* the loop stays, its operands stay in registers */
        LP_UNROLLED for (int32_t i = 0; i < SUMS; i++) sums[i] = lp_dot(sums[i], codes, block);
    }
    LP_UNROLLED for (int32_t i = 0; i < SUMS; i++) {
        const lp_lanes total = lp_sums_total(sums[i]);
        memcpy(y + LP_LANES * i, &total, sizeof total);
    }
}
void rounds(const lp_scales_s8_t *scales, int32_t count, const int32_t *acc, int8_t *y)
{
    const lp_scale_block by = lp_load_scales(scales, 0);
    for (int32_t i = 0; i < count; i += LP_LANES)
        lp_store_bytes(y + i, lp_narrow(lp_requantise_lanes(lp_load_lanes(acc + i), &by), -128, 127), LP_LANES);
}
"""


class _Scales(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("bias", "bias_raised", "mult", "half", "right")),
        *((name, ctypes.c_int32) for name in ("c_out", "y_min", "y_max")),
    )


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """Nanoseconds of processor time of the fastest call."""
    taken = []
    for _ in range(repeats):
        start = time.process_time_ns()
        run()
        taken.append(time.process_time_ns() - start)
    return float(min(taken))


def floors(repeats: int) -> tuple[float, float]:
    """Multiply-accumulates of a nanosecond, and nanoseconds of an output's rounding."""
    compiler = host_compiler()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "floor.c").write_text(_C, encoding="utf-8")
        runtime = str(files("lilliput.runtime").joinpath("."))
        flags = ["-O3", "-fPIC", "-shared", *cpu_flags(compiler), f"-I{runtime}", "-o", "floor.so", "floor.c"]
        run_tool([*compiler.command, *flags], folder, "building the loops")
        library = ctypes.CDLL(str(folder / "floor.so"))
    x, w, sums = np.ones(64, np.int8), np.ones(64, np.int8), np.zeros(12 * 16, np.int32)
    pointer = ctypes.c_void_p
    dots = best_of(repeats, lambda: library.dots(LOOPS, *(pointer(a.ctypes.data) for a in (x, w, sums))))
    constants = [np.full(16, value, np.int32) for value in (0, 0, 3 << 29, 1 << 8, 9)]
    scales = _Scales(*(a.ctypes.data for a in constants), 16, -128, 127)
    acc, made = np.arange(OUTPUTS, dtype=np.int32), np.zeros(OUTPUTS, np.int8)
    given = (ctypes.byref(scales), OUTPUTS, pointer(acc.ctypes.data), pointer(made.ctypes.data))
    rounds = best_of(repeats, lambda: [library.rounds(*given) for _ in range(100)])
    return LOOPS * 12 * 64 / dots, rounds / (100 * OUTPUTS)


def microseconds(graph: Graph, node: Node, repeats: int) -> tuple[str, float]:
    """The kernel of one layer alone, and the time of one inference."""
    active = tuple(dict.fromkeys(name for name in node.inputs if not graph.values[name].is_constant))
    network = compile_native(graph.replace(nodes=[node], inputs=active, outputs=[node.output]))
    rng = np.random.default_rng(0)
    given = [rng.integers(-128, 128, (ROWS, *port.shape[1:])).astype(np.int8) for port in network.ports.inputs]
    made = network.run(*given)
    steps = network.program.steps
    kernel = steps[0].kernel.function if steps else "none"
    return kernel, best_of(repeats, lambda: network.run(*given, out=made)) / ROWS / 1e3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Layers beside their floor.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--repeats", type=int, default=40)
    given = parser.parse_args()
    graph, _ = load_network(given.model)
    rate, rounding = floors(given.repeats)
    lines: list[tuple[object, ...]] = []
    for node in graph.nodes:
        kernel, taken = microseconds(graph, node, given.repeats)
        macs = macs_of(graph, node)
        dots, rounds = macs / rate / 1e3, graph.values[node.output].elements * rounding / 1e3
        floor = dots + rounds if macs else None
        cells = (round(taken, 2), round(dots, 2), round(rounds, 2), round(taken / floor, 2) if floor else None)
        lines.append((node.name[-24:], kernel, macs, *cells))
    title = f"{given.model.stem} on {machine().cpu}: {rate:.0f} products/ns, {rounding:.3f} ns to round an output"
    columns = ("layer", "kernel", "MACs", "us", "products us", "rounding us", "times the floor")
    Output().show({}, human=[Table(columns, lines, title)])


def macs_of(graph: Graph, node: Node) -> int:
    """Multiply-accumulates of one layer."""
    from lilliput.compiler.ops import ops

    return ops[node.op].macs(node, graph.ins(node), graph.values[node.output])


if __name__ == "__main__":
    main()

"""Windows that are cut out of maps and put into them: any place, size and pixel, in place and not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lilliput.compiler.graph import Graph, Node, Quant, Value
from lilliput.compiler.op import Target
from lilliput.compiler.program import compile_graph
from tests.runtime.harness import assert_c_equals_reference

Q = Quant.per_tensor(0.1, 3)


def cut_out(count: int, seed: int) -> Graph:
    """`count` maps of random sizes, and a random window of each."""
    rng = np.random.default_rng(seed)
    values: dict[str, Value] = {}
    nodes = []
    for i in range(count):
        height, width, channels = (int(n) for n in rng.integers(1, [9, 14, 8]))
        rows, columns = (int(rng.integers(1, size + 1)) for size in (height, width))
        top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
        values[f"x{i}"] = Value(f"x{i}", (1, height, width, channels), "int8", Q)
        values[f"y{i}"] = Value(f"y{i}", (1, rows, columns, channels), "int8", Q)
        attrs = {"at": (top, left), "size": (rows, columns)}
        nodes.append(Node("crop", f"crop{i}", (f"x{i}",), (f"y{i}",), attrs))
    inputs, outputs = (tuple(f"{letter}{i}" for i in range(count)) for letter in "xy")
    return Graph("windows", values, tuple(nodes), inputs, outputs)


def put_in(count: int, seed: int) -> Graph:
    """A map of one pixel after the other, then `count` random tiles in it."""
    rng = np.random.default_rng(seed)
    height, width, channels = 9, 13, 3
    size = {"size": (height, width)}
    values: dict[str, Value] = {}
    nodes, before = [], ""
    for i in range(count):
        rows, columns = int(rng.integers(1, height + 1)), int(rng.integers(1, width + 1))
        at = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
        values[f"x{i}"] = Value(f"x{i}", (1, rows, columns, channels), "int8", Q)
        values[f"y{i}"] = Value(f"y{i}", (1, height, width, channels), "int8", Q)
        inputs = (f"x{i}", before) if before else (f"x{i}",)
        nodes.append(Node("paste", f"paste{i}", inputs, (f"y{i}",), {"at": at, **size}))
        before = f"y{i}"
    return Graph("tiles", values, tuple(nodes), tuple(f"x{i}" for i in range(count)), (before,))


def test_random_windows_are_the_reference_s(tmp_path: Path) -> None:
    graph = cut_out(60, 0)
    plan = compile_graph(graph, Target()).plan
    # In place the bytes move down by less than a pixel or by many rows: both occur, and the window's own memory too.
    gaps = {
        (plan.offsets[f"x{i}"] == plan.offsets[f"y{i}"], node.attrs["at"][1] * graph.values[f"x{i}"].shape[3] < 16)
        for i, node in enumerate(graph.nodes)
        if node.attrs["at"] != (0, 0)
    }
    assert {(True, True), (True, False)} <= gaps
    assert_c_equals_reference(graph, tmp_path, rows=4, targets=(Target(),))


def test_random_tiles_are_the_reference_s(tmp_path: Path) -> None:
    assert_c_equals_reference(put_in(20, 1), tmp_path, rows=4, targets=(Target(),))

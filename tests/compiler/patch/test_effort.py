"""The estimate of instructions beside the count on the emulated core."""

from __future__ import annotations

import numpy as np
import pytest

from lilliput.boards import get_board
from lilliput.boards.run import execute
from lilliput.compiler.graph import Graph
from lilliput.compiler.patch import Grid, find_stages, patch_graph
from lilliput.compiler.patch.effort import node_effort, rises
from lilliput.compiler.program import compile_graph
from tests.compiler.patch.networks import bottlenecks

M7 = get_board("nucleo-f746zg")


def counted(graph: Graph) -> int:
    program = compile_graph(graph, M7.target)
    x = np.random.default_rng(0).integers(-128, 128, program.inputs[0].shape).astype(np.int8)
    return execute(program, M7, [x]).instructions[0]


def network() -> Graph:
    net = bottlenecks(64, ((8, 3, 2), (8, 3, 1), (16, 3, 2)))
    return net.graph(net.nodes[-1].output)


def test_the_parts_of_the_estimate_add_up_by_hand() -> None:
    graph = network()
    stem, wide, deep = graph.nodes[:3]  # 32x32 outputs of 4 channels from 27 taps, of 12 from 4, 16x16 of 12 by 3x3
    assert node_effort(graph, stem) == pytest.approx(1024 * (84 + 2.5 * 27 + 4 * (7.7 + 0.74 * 27)))
    assert node_effort(graph, wide) == pytest.approx(1024 * (84 + 2.5 * 4 + 12 * (7.7 + 0.74 * 4)))
    assert node_effort(graph, deep) == pytest.approx(12 * (410 + 12 * 16 + 14 * 256 + 5 * 1024))


@pytest.mark.parametrize(("stage", "rows", "columns"), [(0, 2, 2), (3, 3, 2), (6, 2, 3), (-1, 3, 3)])
def test_the_estimated_rise_of_patches_is_near_the_counted_one(stage: int, rows: int, columns: int) -> None:
    graph = network()
    grid = Grid(find_stages(graph).found[stage], rows, columns)
    rise = counted(patch_graph(grid)) / counted(graph) - 1
    assert rises(grid).instructions == pytest.approx(rise, abs=0.04, rel=0.15)


def test_multiply_accumulates_rise_as_those_of_the_graph_do() -> None:
    graph = network()
    grid = Grid(find_stages(graph).found[-1], 3, 3)
    whole, tiles = (compile_graph(g, M7.target).macs for g in (graph, patch_graph(grid)))
    assert rises(grid).macs == pytest.approx(tiles / whole - 1)
    assert rises(grid).excess == rises(grid).instructions - rises(grid).macs

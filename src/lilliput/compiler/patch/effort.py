"""How many instructions a network by patches takes beside the whole one, estimated from shapes.

Multiply-accumulates alone mislead: the first layers take more instructions for each of them than the later ones, and
each tile of a depthwise layer begins anew with every channel. The estimate is for cores with the Arm DSP instructions,
and serves as a ratio: to leave out grids whose tiles cost much more than their multiply-accumulates say.

    convolutions   84 a position, 7.7 an output, 2.5 a tap and position, 0.74 a multiply-accumulate
    depthwise      410 a channel and tile, 12 a row of a channel, 14 an output, 5 an input
    windows        40 a row, 0.8 a byte
    others         8 an output, and 2 for each element of a pool's window

Source: least squares over 2459 layers and tiles of MobileNets, counted on the emulated Cortex-M7; `bench/patch.py`
puts the estimate beside the count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from lilliput.compiler.graph import ITEM_BYTES, Graph, Node
from lilliput.compiler.patch.cost import Grid, macs_of
from lilliput.compiler.patch.reach import Needs


class Rises(NamedTuple):
    """What patches add, as parts of the whole network's: multiply-accumulates, and instructions by estimate."""

    macs: float
    instructions: float

    @property
    def excess(self) -> float:
        """Additional instructions beyond the multiply-accumulates'."""
        return self.instructions - self.macs


class _Area(NamedTuple):
    """What all tiles of a layer make together: rows and columns added up over the strips, and how many strips."""

    rows: int
    columns: int
    high: int
    wide: int

    @property
    def pixels(self) -> int:
        return self.rows * self.columns


def node_effort(graph: Graph, node: Node) -> float:
    """Instructions of one node of a graph."""
    return _effort(graph, node, _whole(graph, node.output), _whole(graph, node.inputs[0]))


def network_efforts(graph: Graph) -> dict[str, float]:
    """Node name → `node_effort`."""
    return {node.name: node_effort(graph, node) for node in graph.nodes}


def rises(grid: Grid, efforts: Mapping[str, float] | None = None) -> Rises:
    """What the tiles of a stage add to the network run whole.

    Args:
        grid: the stage and its tiles.
        efforts: `network_efforts` of its graph, where they are known.
    """
    graph, stage = grid.stage.graph, grid.stage
    efforts = network_efforts(graph) if efforts is None else efforts
    macs, stage_macs = (sum(macs_of(graph, node) for node in nodes) for nodes in (graph.nodes, stage.nodes))
    more = _tiles(grid) - sum(efforts[node.name] for node in stage.nodes)
    return Rises((grid.macs() - stage_macs) / max(macs, 1), more / max(sum(efforts.values()), 1.0))


def _tiles(grid: Grid) -> float:
    graph, stage = grid.stage.graph, grid.stage
    high, wide = grid.strips
    effort = sum(_moved(graph, name, _area(name, high, wide)) for name in (stage.source, stage.split))
    for node in stage.nodes:
        effort += _effort(graph, node, _area(node.output, high, wide), _area(node.inputs[0], high, wide))
    return effort


def _area(name: str, high: tuple[Needs, ...], wide: tuple[Needs, ...]) -> _Area:
    rows, columns = (sum(strip.made[name].length for strip in axis) for axis in (high, wide))
    return _Area(rows, columns, len(high), len(wide))


def _whole(graph: Graph, name: str) -> _Area:
    shape = graph.values[name].shape
    if len(shape) == 4:
        return _Area(shape[1], shape[2], 1, 1)
    return _Area(1, math.prod(shape[1:-1]), 1, 1)


def _effort(graph: Graph, node: Node, y: _Area, x: _Area) -> float:
    channels = graph.values[node.output].shape[-1]
    outputs = y.pixels * channels
    if node.op in ("conv2d", "fully_connected"):
        taps = graph.values[node.inputs[1]].elements / channels
        return y.pixels * (84 + 2.5 * taps + channels * (7.7 + 0.74 * taps))
    if node.op == "depthwise_conv2d":
        per_channel = 410 * y.high * y.wide + 12 * y.rows * y.wide + 14 * y.pixels + 5 * x.pixels
        return channels * per_channel
    window = node.attrs.get("window")
    return outputs * (8 + 2 * math.prod(window) if window else 8)


def _moved(graph: Graph, name: str, area: _Area) -> float:
    value = graph.values[name]
    pixel = value.shape[-1] * ITEM_BYTES[value.dtype]
    return area.rows * area.wide * 40 + 0.8 * area.pixels * pixel

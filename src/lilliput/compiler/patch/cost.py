"""What patches cost, worked out from shapes alone: peak memory, tile, multiply-accumulates.

Memory counts activations, an element a byte or as many as its type has, by the rule of the published figures:

    a layer           its input and output
    a shortcut        from where it branches off; it and the layer whose output is added to it count once
    depthwise layers  the larger of input and output (they run in place), or both
    a patch stage     its whole output, and the largest layer of a tile; the image is not counted: it may come in parts
    whole networks    the image is counted

It is a ruler and not what an arena takes: kernels need scratch, and a plan can do better than the rule in places.

Source: MCUNet (arXiv:2007.10319), memory profiler of the published code; MCUNetV2 (arXiv:2110.15352), section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from lilliput.compiler.graph import ITEM_BYTES, Graph, Node
from lilliput.compiler.ops import ops
from lilliput.compiler.patch.reach import Needs
from lilliput.compiler.patch.stage import Stage, find_stages
from lilliput.core.errors import BadSetting, UnsupportedOp

Image = Literal["resident", "streamed"]
"""Where the image is: in memory as a whole, or asked for window by window."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The tiles of a stage's output: `rows` × `columns`, all but the last of equal size.

    Where the size does not divide, the last tiles are smaller, and there may be fewer than were asked for.
    """

    stage: Stage
    rows: int
    columns: int

    @property
    def strips(self) -> tuple[tuple[Needs, ...], tuple[Needs, ...]]:
        """What each row of tiles needs along the height, and each column of tiles along the width."""
        return self.stage.strips(0, self.rows), self.stage.strips(1, self.columns)

    def check(self, image: Image) -> None:
        """Demand that the network can run so.

        Raises:
            BadSetting: LP101, one tile only, or more than the output has rows or columns.
            UnsupportedOp: LP301, the image is to be streamed, and something else reads it or makes the stage's source.
        """
        height, width = self.stage.size
        if self.rows > height or self.columns > width or self.tiles < 2:
            raise BadSetting(
                f'a grid of {self.rows}x{self.columns} tiles for "{self.stage.last.name}"',
                why=f"its output has {height} rows and {width} columns",
                fix="a grid of more than one tile that has no more rows and columns",
            )
        if image == "streamed":
            self._check_streamed()

    def _check_streamed(self) -> None:
        stage, graph = self.stage, self.stage.graph
        why, fix = "only layers that slide over the image can take it in parts", "--patch-image resident"
        if stage.source not in graph.inputs or len(graph.inputs) > 1:
            first = graph.readers[graph.inputs[0]][0]
            what = f'{first.op} at "{first.name}" takes it as a whole'
            if len(graph.inputs) > 1:
                what = f"it is one of {len(graph.inputs)} inputs"
            raise UnsupportedOp(f"the image of {graph.name} cannot be streamed: {what}", why=why, fix=fix)
        inside = {node.name for node in stage.nodes}
        others = [node for node in graph.readers[stage.source] if node.name not in inside]
        if others or stage.source in graph.outputs:
            what = f'"{others[0].name}" reads it again behind the patches' if others else "it is an output too"
            raise UnsupportedOp(f"the image of {graph.name} cannot be streamed: {what}", why=why, fix=fix)

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return len(self.strips[0]) * len(self.strips[1])

    @property
    def window(self) -> tuple[int, int]:
        """Rows and columns of the source that the largest tile takes."""
        high, wide = (max(n.made[self.stage.source].length for n in axis) for axis in self.strips)
        return high, wide

    @property
    def halo(self) -> tuple[int, int]:
        """Rows and columns of the source that neighbouring tiles both take, at most."""
        shared = [
            [a.made[self.stage.source].last - b.made[self.stage.source].first + 1 for a, b in pairwise(axis)]
            for axis in self.strips
        ]
        return max(shared[0], default=0), max(shared[1], default=0)

    def macs(self, *, clip: bool = True) -> int:
        """Multiply-accumulates of all tiles of the stage."""
        graph = self.stage.graph
        high, wide = (self.stage.strips(axis, n, clip=clip) for axis, n in enumerate((self.rows, self.columns)))
        total = 0
        for node in self.stage.nodes:
            _, height, width, _ = graph.values[node.output].shape
            macs = ops[node.op].macs(node, graph.ins(node), graph.values[node.output])
            rows, columns = (sum(n.made[node.output].length for n in axis) for axis in (high, wide))
            total += macs // (height * width) * rows * columns
        return total


@dataclass(frozen=True, eq=False)
class PatchCost:
    """A stage with a grid, and what it costs; bytes by the rule of the file's head.

    Args:
        grid: the tiles.
        stage_bytes: the stage's output and the largest layer of a tile.
        rest_bytes: the largest layer behind the stage.
        whole_bytes: the largest layer of the network run layer by layer.
        stage_macs: multiply-accumulates of the stage run whole.
        tile_macs: of all its tiles, borders clipped.
        tile_macs_unclipped: of all its tiles as if none lay at a border; the paper's figures for stages count so.
        macs: of the network run whole.
    """

    grid: Grid
    stage_bytes: int
    rest_bytes: int
    whole_bytes: int
    stage_macs: int
    tile_macs: int
    tile_macs_unclipped: int
    macs: int

    @property
    def peak_bytes(self) -> int:
        """The larger of stage and rest."""
        return max(self.stage_bytes, self.rest_bytes)

    @property
    def rise(self) -> float:
        """Additional multiply-accumulates as a part of the whole network's, borders clipped."""
        return (self.tile_macs - self.stage_macs) / self.macs if self.macs else 0.0

    @property
    def stage_rise(self) -> float:
        """Additional multiply-accumulates as a part of the stage's, not clipped."""
        return (self.tile_macs_unclipped - self.stage_macs) / self.stage_macs if self.stage_macs else 0.0


def patch_cost(
    stage: Stage, rows: int, columns: int, *, in_place: bool = True, element_bytes: int | None = None
) -> PatchCost:
    """What a stage costs with a grid of `rows` × `columns` tiles.

    Args:
        stage: of `find_stages` or `stage_until`.
        rows: of tiles, at most as many as the split has rows.
        columns: of tiles, at most as many as it has columns.
        in_place: depthwise layers write over their input.
        element_bytes: of each activation; by default what its type has.
    """
    graph, grid = stage.graph, Grid(stage, rows, columns)
    sizes = value_bytes(graph, element_bytes)
    largest = 0
    for high in {_lengths(strip): strip for strip in grid.strips[0]}.values():
        for wide in {_lengths(strip): strip for strip in grid.strips[1]}.values():
            tile = {
                name: sizes[name] * high.made[name].length * wide.made[name].length // _pixels(graph, name)
                for name in high.made
            }
            tile[stage.source] = 0
            largest = max(largest, peak_bytes(graph, stage.nodes, tile, in_place=in_place))
    return PatchCost(
        grid=grid,
        stage_bytes=sizes[stage.split] + largest,
        rest_bytes=peak_bytes(graph, stage.rest, sizes, in_place=in_place),
        whole_bytes=peak_bytes(graph, graph.nodes, sizes, in_place=in_place),
        stage_macs=sum(macs_of(graph, node) for node in stage.nodes),
        tile_macs=grid.macs(),
        tile_macs_unclipped=grid.macs(clip=False),
        macs=sum(macs_of(graph, node) for node in graph.nodes),
    )


def patch_table(
    graph: Graph, *, sides: Sequence[int] = (1, 2, 3, 4), in_place: bool = True, element_bytes: int | None = None
) -> tuple[PatchCost, ...]:
    """All stages with all square grids of more than one tile, least memory first, then fewest multiply-accumulates."""
    found = [
        patch_cost(stage, side, side, in_place=in_place, element_bytes=element_bytes)
        for stage in find_stages(graph).found
        for side in sides
        if 1 < side <= min(stage.size)
    ]
    return tuple(sorted(found, key=lambda cost: (cost.peak_bytes, cost.tile_macs - cost.stage_macs)))


def layer_bytes(
    graph: Graph, nodes: Sequence[Node], sizes: Mapping[str, int], *, in_place: bool = True
) -> dict[str, int]:
    """Node name → bytes of that layer, by the rule of the file's head.

    Args:
        graph: holds the nodes.
        nodes: in execution order; what was made before them counts from where they first read it.
        sizes: value name → bytes, for all values that are no constants.
        in_place: depthwise layers write over their input.
    """
    last = {name: index for index, node in enumerate(nodes) for name in node.inputs if name in sizes}
    last |= dict.fromkeys(graph.outputs, len(nodes))
    live: set[str] = set()
    found: dict[str, int] = {}
    for index, node in enumerate(nodes):
        live |= {name for name in (*node.inputs, node.output) if name in sizes}
        dying = {name for name in node.inputs if last.get(name) == index}
        shared = _shared(graph, node, sizes, live, dying, in_place)
        found[node.name] = sum(sizes[name] for name in live) - shared
        live = {name for name in live if last.get(name, -1) > index}
    return found


def peak_bytes(graph: Graph, nodes: Sequence[Node], sizes: Mapping[str, int], *, in_place: bool = True) -> int:
    """The largest of `layer_bytes`; 0 without nodes."""
    return max(layer_bytes(graph, nodes, sizes, in_place=in_place).values(), default=0)


def value_bytes(graph: Graph, element_bytes: int | None = None) -> dict[str, int]:
    """Value name → bytes, for all values that are no constants."""
    return {
        name: value.elements * (element_bytes or ITEM_BYTES[value.dtype])
        for name, value in graph.values.items()
        if not value.is_constant
    }


def macs_of(graph: Graph, node: Node) -> int:
    """Multiply-accumulates of one node."""
    return ops[node.op].macs(node, graph.ins(node), graph.values[node.output])


def _shared(graph: Graph, node: Node, sizes: Mapping[str, int], live: set[str], dying: set[str], in_place: bool) -> int:
    """Bytes that the rule does not count of the values that live at a node."""
    active = [name for name in node.inputs if name in sizes]
    if ops[node.op].elementwise and dying.intersection(active):
        return sum(sorted(sizes[name] for name in {*active, node.output})[:-1])
    if node.op == "depthwise_conv2d" and in_place and active[0] in dying:
        return min(sizes[active[0]], sizes[node.output])
    readers = graph.readers[node.output]
    if len(readers) == 1 and readers[0].op in ("add", "sub"):
        shortcuts = [name for name in readers[0].inputs if name in live and name != node.output]
        if len(shortcuts) == 1 and graph.readers[shortcuts[0]][-1] is readers[0]:
            return min(sizes[shortcuts[0]], sizes[node.output])
    return 0


def _lengths(strip: Needs) -> tuple[int, ...]:
    return tuple(span.length for span in strip.made.values())


def _pixels(graph: Graph, name: str) -> int:
    _, height, width, _ = graph.values[name].shape
    return height * width

"""Run the leading part of a network patch by patch: the graph in which that is written out.

For each tile of the stage's output: the window of the source that it needs is cut out (`crop`) or asked for
(`read_input`), the stage's layers run on it, and the result is put into the whole output (`paste`). A layer keeps its
padding where the tile lies at a border of the map and has none inside, where the halo holds what the neighbours have.
Where a branch has a larger tile than a layer reads, as a shortcut beside a convolution, it is cropped.

The outputs equal those of the network run whole, bit for bit: each element is the same sum over the same operands.

Source: MCUNetV2 (arXiv:2110.15352), section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lilliput.compiler.graph import Graph, Node, Value
from lilliput.compiler.patch.cost import Grid, Image
from lilliput.compiler.patch.reach import Needs, Span

TILE_OF = "tile_of"
"""Attribute of the nodes of a tile: the name that they share with the same nodes of the other tiles."""

_PADDED = ("conv2d", "depthwise_conv2d", "avg_pool2d", "max_pool2d")


def patch_graph(grid: Grid, image: Image = "resident", *, distinct: bool = False) -> Graph:
    """The network of `grid.stage` with that stage run tile by tile.

    Args:
        grid: the stage and its tiles; the graph is an integer graph, or float32.
        image: where the stage's source is.
        distinct: only one of all tiles that differ in their place alone. The graph then gives other outputs, but needs
            the same memory: what a search over grids compiles.

    Raises:
        BadSetting: LP101, the grid has one tile, or more than the output has rows or columns.
        UnsupportedOp: LP301, the image is to be streamed, and something else reads it or makes the stage's source.
    """
    grid.check(image)
    writer = _Writer(grid, image)
    seen: set[Any] = set()
    for high in grid.strips[0]:
        for wide in grid.strips[1]:
            form = (_form(high), _form(wide))
            if distinct and form in seen:
                continue
            if writer.nodes:  # while the first tile runs there is no output yet: another of its form needs more
                seen.add(form)
            writer.tile(high, wide)
    return writer.graph()


class _Writer:
    """Collects the nodes of the tiles, one tile after the other."""

    def __init__(self, grid: Grid, image: Image) -> None:
        self.stage, self.image, self.size = grid.stage, image, grid.stage.size
        self.values: dict[str, Value] = dict(grid.stage.graph.values)
        self.nodes: list[Node] = []
        self.pasted = ""
        self.count = 0

    def tile(self, high: Needs, wide: Needs) -> None:
        """Add one tile."""
        rows, columns = high.made[self.stage.split], wide.made[self.stage.split]
        here = _Tile(self, f"tile {rows.first} {columns.first}", high, wide)
        here.take_source()
        for node in self.stage.nodes:
            here.layer(node)
        self._paste(here.made[self.stage.split], here.suffix, (rows.first, columns.first))

    def graph(self) -> Graph:
        """The network, once all tiles are there."""
        graph, split = self.stage.graph, self.stage.split
        last = self.nodes.pop()
        self.nodes.append(replace(last, outputs=(split,)))
        self.values[split] = graph.values[split]
        inside = {node.name for node in self.stage.nodes}
        nodes: list[Node] = []
        for node in graph.nodes:
            if node.name not in inside:
                nodes.append(node)
            elif node is self.stage.last:
                nodes += self.nodes
        return graph.replace(nodes=nodes, values=self.values)

    def add(self, node: Node, like: Value, shape: tuple[int, ...]) -> str:
        """Append a node that makes a value of some shape, else like another; gives its name."""
        self.values[node.output] = replace(like, name=node.output, shape=shape)
        self.nodes.append(node)
        return node.output

    def _paste(self, tile: str, suffix: str, at: tuple[int, int]) -> None:
        split = self.stage.graph.values[self.stage.split]
        name = f"{self.stage.last.name} paste"
        attrs = {"at": at, "size": self.size, TILE_OF: name}
        inputs = (tile, self.pasted) if self.pasted else (tile,)
        made = f"{self.stage.split} with {suffix}"
        self.pasted = self.add(Node("paste", f"{name} {suffix}", inputs, (made,), attrs), split, split.shape)


class _Tile:
    """The layers of one tile.

    Args:
        writer: takes the nodes.
        suffix: makes the names unique.
        high, wide: what the tile needs along height and width.
    """

    def __init__(self, writer: _Writer, suffix: str, high: Needs, wide: Needs) -> None:
        self.writer, self.suffix, self.high, self.wide = writer, suffix, high, wide
        self.made: dict[str, str] = {}
        self._cropped: dict[tuple[str, Span, Span], str] = {}

    def take_source(self) -> None:
        """The window of the source."""
        source = self.writer.stage.graph.values[self.writer.stage.source]
        op = "read_input" if self.writer.image == "streamed" else "crop"
        self.made[source.name] = self._window(
            op, f"{source.name} window", source.name, source, self._span(source.name), (0, 0)
        )

    def layer(self, node: Node) -> None:
        """One layer of the stage on this tile."""
        graph = self.writer.stage.graph
        inputs = tuple(
            name if graph.values[name].is_constant else self._input(node, position, name)
            for position, name in enumerate(node.inputs)
        )
        attrs = {**node.attrs, **self._padding(node), TILE_OF: node.name}
        like = graph.values[node.output]
        _, rows, columns, _ = self._shape(node.output)
        made = f"{node.output} {self.suffix}"
        changed = replace(node, name=f"{node.name} {self.suffix}", inputs=inputs, outputs=(made,), attrs=attrs)
        self.made[node.output] = self.writer.add(changed, like, (1, rows, columns, like.shape[3]))

    def _input(self, node: Node, position: int, name: str) -> str:
        wanted = self.high.read[node.name, position], self.wide.read[node.name, position]
        have = self._span(name)
        if wanted == have:
            return self.made[name]
        key = (name, *wanted)
        if key not in self._cropped:
            like = self.writer.stage.graph.values[name]
            base = f"{node.name} crop {position}"
            origin = have[0].first, have[1].first
            self._cropped[key] = self._window("crop", base, self.made[name], like, wanted, origin)
        return self._cropped[key]

    def _window(
        self, op: str, base: str, name: str, like: Value, wanted: tuple[Span, Span], origin: tuple[int, int]
    ) -> str:
        rows, columns = wanted
        at, size = (rows.first - origin[0], columns.first - origin[1]), (rows.length, columns.length)
        made = f"{base} {self.suffix}"
        node = Node(op, made, (name,), (made,), {"at": at, "size": size, TILE_OF: base})
        return self.writer.add(node, like, (1, *size, like.shape[3]))

    def _padding(self, node: Node) -> Mapping[str, Any]:
        pads = (self.high.pads[node.name], self.wide.pads[node.name])
        if node.op == "pad":
            return {"padding": ((0, 0), *pads, (0, 0))}
        return {"padding": pads} if node.op in _PADDED else {}

    def _span(self, name: str) -> tuple[Span, Span]:
        return self.high.made[name], self.wide.made[name]

    def _shape(self, name: str) -> tuple[int, int, int, int]:
        rows, columns = self._span(name)
        return 1, rows.length, columns.length, self.writer.stage.graph.values[name].shape[3]


def _form(strip: Needs) -> Any:
    """What two strips share that differ in their place alone."""
    lengths = tuple((name, span.length) for name, span in sorted(strip.made.items()))
    within = tuple(sorted((key, span.length) for key, span in strip.read.items()))
    return lengths, within, tuple(sorted(strip.pads.items()))

"""Choose what runs patch by patch: the split, and the grid of tiles.

Without a limit for the SRAM: the smallest arena among all that raise the multiply-accumulates by no more than `rise`,
and the instructions, by estimate, by no more than `excess` beyond that. With one: the fewest multiply-accumulates among
all that fit; so more SRAM never costs more of them. Arenas are those of the memory planner with the kernels of the
target, scratch included. Candidates whose arena cannot win, by what single layers need at least, are not planned.

Source: MCUNetV2 (arXiv:2110.15352), section 3.4, searches stages and square grids; grids of any R×C are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lilliput.compiler.graph import Graph, Node
from lilliput.compiler.known_kernels import KnownKernels
from lilliput.compiler.op import Target
from lilliput.compiler.ops.depthwise_conv2d import PLANE
from lilliput.compiler.passes.dead_code import remove_dead_code
from lilliput.compiler.passes.legalise import legalise
from lilliput.compiler.patch.cost import Grid, Image, macs_of, value_bytes
from lilliput.compiler.patch.effort import network_efforts, rises
from lilliput.compiler.patch.rewrite import patch_graph
from lilliput.compiler.patch.stage import Stage, find_stages, stage_until
from lilliput.compiler.program import arrange, choose_kernels
from lilliput.core.errors import BadSetting, DoesNotFit, UnsupportedOp


@dataclass(frozen=True)
class PatchSettings:
    """What to search.

    Args:
        rows, columns: of tiles; 0 searches all grids up to `largest` × `largest`.
        until: the last layer that runs by patches; empty searches all.
        image: `resident`, in the arena as a whole, or `streamed`, asked for window by window.
        rise: most additional multiply-accumulates, as a part of the network's; what is named (grid and layer) has none.
        excess: most additional instructions beyond that, by the estimate of `effort.py`, where any candidate keeps to
            it; a grid that is named and a limit of memory come before it.
        sram_bytes: limit for the arena; None looks for the smallest.
        largest: most tiles along one side.
    """

    rows: int = 0
    columns: int = 0
    until: str = ""
    image: Image = "resident"
    rise: float = 0.25
    excess: float = 0.08
    sram_bytes: int | None = None
    largest: int = 6

    def __post_init__(self) -> None:
        if min(self.rows, self.columns) < 0 or (self.rows == 0) != (self.columns == 0) or self.largest < 2:
            raise ValueError(f"a grid of {self.rows}x{self.columns}, or sides up to {self.largest}, cannot be")
        for name in ("rise", "excess"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must be 0 or more, got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class Patched:
    """The network as it was chosen to run.

    Args:
        graph: for `compile_graph`, with the same target.
        grid: stage and tiles; None where running it whole is best.
        image: where the image is.
        arena_bytes: of `graph`.
        whole_bytes: the arena of the network run whole.
        macs: multiply-accumulates of `graph`.
        whole_macs: of the network run whole.
        effort: additional instructions as a part of the network's, by the estimate of `effort.py`.
        planned: how many candidates were planned.
    """

    graph: Graph
    grid: Grid | None
    image: Image
    arena_bytes: int
    whole_bytes: int
    macs: int
    whole_macs: int
    effort: float
    planned: int

    @property
    def rise(self) -> float:
        """Additional multiply-accumulates, as a part of the network's."""
        return self.macs / self.whole_macs - 1 if self.whole_macs else 0.0

    def plain(self) -> dict[str, Any]:
        """For a report."""
        grid = self.grid
        found = {
            "arena_bytes": self.arena_bytes, "whole_bytes": self.whole_bytes, "macs": self.macs,
            "whole_macs": self.whole_macs, "rise": round(self.rise, 4),
            "instructions_rise_estimate": round(self.effort, 4), "planned": self.planned,
        }  # fmt: skip
        if grid is None:
            return {"grid": "off", **found}
        return {
            "grid": f"{len(grid.strips[0])}x{len(grid.strips[1])}", "until": grid.stage.last.name,
            "image": self.image, "window": list(grid.window), "halo": list(grid.halo), **found,
        }  # fmt: skip


def choose_patches(graph: Graph, target: Target, settings: PatchSettings | None = None) -> Patched:
    """Find the best way to run `graph` by patches; it may be not to.

    Args:
        graph: integer graph, or float32, with a batch of one.
        target: what the kernels may use.
        settings: what to search, and its limits.

    Raises:
        UnsupportedOp: LP301, nothing can run by patches, or not what was asked for, naming the layer in the way.
        BadSetting: LP101, a layer, or a grid, that cannot be, or no candidate within the settings.
        DoesNotFit: LP401, nothing fits `sram_bytes`; the least that was found is named.
    """
    return _Choice(remove_dead_code(legalise(graph)), target, settings or PatchSettings()).run()


@dataclass(frozen=True)
class _Candidate:
    """A way to run the network: None is whole; `floor` is less than its arena can be."""

    grid: Grid | None
    macs: int
    floor: int


class _Choice:
    def __init__(self, graph: Graph, target: Target, settings: PatchSettings) -> None:
        self.target, self.settings, self.known = target, settings, KnownKernels()
        whole = arrange(graph, choose_kernels(graph, target, self.known))
        self.graph, self.whole_bytes = whole.graph, whole.plan.arena_bytes
        self.whole_macs = sum(macs_of(graph, node) for node in graph.nodes)
        self.sizes, self.efforts = value_bytes(graph), network_efforts(graph)
        self.planned = 1

    def run(self) -> Patched:
        candidates = self._candidates()
        return self._smallest(candidates) if self.settings.sram_bytes is None else self._cheapest(candidates)

    def _smallest(self, candidates: Sequence[_Candidate]) -> Patched:
        best: tuple[int, int, _Candidate] | None = None
        for candidate in sorted(candidates, key=lambda c: (c.floor, c.macs)):
            if best is not None and candidate.floor > best[0]:
                break
            if best is not None and candidate.floor == best[0] and candidate.macs >= best[1]:
                continue
            arena = self._arena(candidate, distinct=True)
            if best is None or (arena, candidate.macs) < best[:2]:
                best = (arena, candidate.macs, candidate)
        assert best is not None  # there is a candidate
        return self._patched(best[2], self._arena(best[2]))

    def _cheapest(self, candidates: Sequence[_Candidate]) -> Patched:
        limit = self.settings.sram_bytes or 0
        for candidate in sorted(candidates, key=lambda c: (c.macs, c.grid is not None, c.floor)):
            if candidate.floor <= limit and self._arena(candidate, distinct=True) <= limit:
                arena = self._arena(candidate)
                if arena <= limit:
                    return self._patched(candidate, arena)
        smallest = self._smallest(candidates)
        hint = "--patch-image streamed, " if self.settings.image == "resident" else ""
        raise DoesNotFit(
            f"{smallest.arena_bytes} B of arena needed by patches, the limit is {limit} B",
            why=f"with at most {100 * self.settings.rise:g} % more multiply-accumulates; whole it needs "
            f"{self.whole_bytes} B",
            fix=f"{hint}a higher --patch-rise, or a smaller network",
        )

    def _candidates(self) -> list[_Candidate]:
        settings, found = self.settings, list[_Candidate]()
        if not settings.rows and not settings.until and settings.image == "resident":
            found.append(_Candidate(None, self.whole_macs, self.whole_bytes))
        is_named = bool(settings.rows and settings.until)
        least = float("inf")
        for grid in self._grids():
            macs = self.whole_macs - sum(macs_of(self.graph, node) for node in grid.stage.nodes) + grid.macs()
            least = min(least, macs / self.whole_macs - 1 if self.whole_macs else 0.0)
            if is_named or macs <= self.whole_macs * (1 + settings.rise):
                found.append(_Candidate(grid, macs, self._floor(grid)))
        if not found:
            raise BadSetting(
                f"no patches of {self.graph.name} stay within {100 * settings.rise:g} % more multiply-accumulates",
                why=f"the cheapest add {100 * least:.1f} %",
                fix=f"--patch-rise {int(100 * least) + 1}",
            )
        if settings.rows or settings.sram_bytes is not None:
            return found
        lean = [c for c in found if c.grid is None or rises(c.grid, self.efforts).excess <= settings.excess]
        return lean or found

    def _grids(self) -> Iterator[Grid]:
        settings = self.settings
        sides = range(1, settings.largest + 1)
        wanted = [(settings.rows, settings.columns)]
        if not settings.rows:
            wanted = [(rows, columns) for rows in sides for columns in sides if rows * columns > 1]
        seen: set[tuple[str, int, int]] = set()
        refused: UnsupportedOp | BadSetting | None = None
        for stage in self._stages():
            for rows, columns in wanted:
                if not settings.rows and (rows > stage.size[0] or columns > stage.size[1]):
                    continue
                grid = Grid(stage, rows, columns)
                try:
                    grid.check(settings.image)
                except (UnsupportedOp, BadSetting) as error:
                    refused = refused or error
                    continue
                key = (stage.split, len(grid.strips[0]), len(grid.strips[1]))
                if key not in seen:
                    seen.add(key)
                    yield grid
        if not seen and refused is not None:
            raise refused

    def _stages(self) -> tuple[Stage, ...]:
        if self.settings.until:
            return (stage_until(self.graph, self.settings.until),)
        stages = find_stages(self.graph)
        if not stages.found:
            barrier = stages.barrier
            what = f'{barrier.op} at "{barrier.name}" comes first' if barrier else "it has no layers"
            raise UnsupportedOp(
                f"nothing of {self.graph.name} can run by patches: {what}",
                why="patches need layers that slide over a map of (1, height, width, channels)",
                fix="compile without --patch",
            )
        return stages.found

    def _arena(self, candidate: _Candidate, *, distinct: bool = False) -> int:
        if candidate.grid is None:
            return self.whole_bytes
        self.planned += 1
        graph = self._graph(candidate.grid, distinct=distinct)
        return arrange(graph, choose_kernels(graph, self.target, self.known)).plan.arena_bytes

    def _graph(self, grid: Grid, *, distinct: bool = False) -> Graph:
        """The patched graph; all tiles of a layer ask for the kernel of the largest, so that they share its weights."""
        graph = patch_graph(grid, self.settings.image, distinct=distinct)
        largest: dict[str, Node] = {}
        for node in graph.nodes:
            if node.layer != node.name:
                other = largest.setdefault(node.layer, node)
                if graph.values[node.output].nbytes > graph.values[other.output].nbytes:
                    largest[node.layer] = node
        kernels = {layer: self.known.choose(graph, node, self.target) for layer, node in largest.items()}
        variants = {layer: kernel.variant for layer, kernel in kernels.items() if kernel and kernel.variant}
        return graph.replace(
            nodes=[n.with_attrs(variant=variants[n.layer]) if n.layer in variants else n for n in graph.nodes]
        )

    def _patched(self, candidate: _Candidate, arena: int) -> Patched:
        grid, image = candidate.grid, self.settings.image
        graph, effort = self.graph, 0.0
        if grid is not None:
            graph, effort = self._with_planes(self._graph(grid), arena), rises(grid, self.efforts).instructions
        return Patched(
            graph, grid, image, arena, self.whole_bytes, candidate.macs, self.whole_macs, effort, self.planned
        )

    def _with_planes(self, graph: Graph, arena: int) -> Graph:
        """Depthwise tiles hold all rows of a channel, which is faster, where that does not cost memory."""
        layers = {node.layer for node in graph.nodes if node.layer != node.name and node.op == "depthwise_conv2d"}
        for some in (layers, *({layer} for layer in sorted(layers))):
            other = graph.replace(nodes=[n.with_attrs(variant=PLANE) if n.layer in some else n for n in graph.nodes])
            if arrange(other, choose_kernels(other, self.target, self.known)).plan.arena_bytes <= arena:
                graph = other
                if some == layers:
                    break
        return graph

    def _floor(self, grid: Grid) -> int:
        """Bytes that every order and every plan needs: single layers with what must live beside them."""
        stage, tiles = grid.stage, list[int]()
        for high in grid.strips[0]:
            for wide in grid.strips[1]:
                tile = {
                    name: self.sizes[name] * span.length * wide.made[name].length // _pixels(self.graph, name)
                    for name, span in high.made.items()
                }
                tiles.append(max(_alone(node, tile) for node in stage.nodes))
        image = self.sizes[stage.source] if self.settings.image == "resident" else 0
        output = self.sizes[stage.split]
        # The output is not there yet with the first tile, the image may be gone with the last, neither with the others.
        first, second, *third = sorted(tiles, reverse=True)
        least = max(first + min(image, output), second + (output if not image else min(image, output)))
        if third:
            least = max(least, third[0] + image + output)
        return max([least, *(_alone(node, self.sizes) for node in stage.rest)])


def _alone(node: Node, sizes: Mapping[str, int]) -> int:
    """Bytes of a node's values, its output in place of an input where it fits."""
    inputs = [sizes[name] for name in dict.fromkeys(node.inputs) if name in sizes]
    output = sizes[node.output]
    return sum(inputs) + (0 if any(size >= output for size in inputs) else output)


def _pixels(graph: Graph, name: str) -> int:
    _, height, width, _ = graph.values[name].shape
    return height * width

"""Which stage to run patch by patch, and with which grid: the least memory for a bounded rise in multiply-accumulates.

The rule of `cost` sorts all stages and grids; the best of them are compiled with real kernels and planned, scratch and
all, and what the planner says decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lilliput.compiler.graph import Graph
from lilliput.compiler.op import Target
from lilliput.compiler.patch.cost import PatchCost, patch_cost, patch_table
from lilliput.compiler.patch.rewrite import Image, patch_graph
from lilliput.compiler.patch.stage import find_stages
from lilliput.compiler.program import compile_graph
from lilliput.core.errors import BadSetting, UnsupportedOp

PLANNED = 4
"""How many stages and grids are planned with real kernels."""


@dataclass(frozen=True, eq=False)
class Patched:
    """A network with its leading part run patch by patch, or as it was where that saves nothing.

    Args:
        graph: gives the same outputs, bit for bit.
        cost: of the stage and grid chosen; None where the network stays whole.
        whole_bytes: arena of the network run whole.
        arena_bytes: of `graph`.
        tried: split, rows, columns, arena and rise of each that was planned.
    """

    graph: Graph
    cost: PatchCost | None
    whole_bytes: int
    arena_bytes: int
    tried: tuple[tuple[str, int, int, int, float], ...]

    def plain(self) -> dict[str, Any]:
        """What the report stores."""
        chosen: dict[str, Any] = {}
        if self.cost is not None:
            grid = self.cost.grid
            chosen = {"split": grid.stage.split, "rows": grid.rows, "columns": grid.columns}
            chosen |= {"rise": round(self.cost.rise, 4), "window": list(grid.window)}
        return {"whole_bytes": self.whole_bytes, "arena_bytes": self.arena_bytes, **chosen, "tried": list(self.tried)}


def choose_patch(
    graph: Graph,
    target: Target,
    wanted: str = "auto",
    *,
    image: Image = "resident",
    most_rise: float = 0.25,
    sram_bytes: int | None = None,
) -> Patched:
    """Find the stage, and with `auto` the grid.

    Args:
        graph: integer graph, or float32.
        target: of the kernels.
        wanted: `auto`, or a grid such as `3x3`, for which the stage is found.
        image: where the network's input is.
        most_rise: with `auto`, how many multiply-accumulates may be added, as a part of the network's.
        sram_bytes: with `auto`, take the grid with the fewest multiply-accumulates whose arena is no larger.

    Raises:
        BadSetting: LP101, `wanted` is neither, or no stage has so many rows and columns.
        UnsupportedOp: LP301, no part of the network slides over a map; the node that ends it is named.
    """
    stages = find_stages(graph)
    if not stages.found:
        end = f'{stages.barrier.op} at "{stages.barrier.name}" takes its whole input' if stages.barrier else "no map"
        raise UnsupportedOp(f"{graph.name} has no part that can run patch by patch: {end}", fix="--patch off")
    costs = _candidates(graph, wanted, most_rise)
    whole = compile_graph(graph, target).plan.arena_bytes
    planned: list[tuple[int, float, PatchCost]] = []
    for cost in costs[:PLANNED]:
        arena = compile_graph(patch_graph(cost.grid, image, distinct=True), target).plan.arena_bytes
        planned.append((arena, cost.rise, cost))
    tried = tuple((c.grid.stage.split, c.grid.rows, c.grid.columns, a, round(r, 4)) for a, r, c in planned)
    enough = [one for one in planned if sram_bytes is not None and one[0] <= sram_bytes]
    best = min(enough, key=lambda one: one[1]) if enough else min(planned, key=lambda one: one[:2], default=None)
    fits_whole = sram_bytes is not None and whole <= sram_bytes
    if best is None or (wanted == "auto" and image == "resident" and (best[0] >= whole or fits_whole)):
        return Patched(graph, None, whole, whole, tried)
    made = patch_graph(best[2].grid, image)
    return Patched(made, best[2], whole, compile_graph(made, target).plan.arena_bytes, tried)


def _candidates(graph: Graph, wanted: str, most_rise: float) -> list[PatchCost]:
    if wanted == "auto":
        return [cost for cost in patch_table(graph) if cost.rise <= most_rise]
    found = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)", wanted)
    if found is None:
        raise BadSetting(f"--patch {wanted}", fix="auto, off, or rows and columns of tiles such as 3x3")
    rows, columns = int(found[1]), int(found[2])
    fitting = [s for s in find_stages(graph).found if rows <= s.size[0] and columns <= s.size[1]]
    if not fitting or rows * columns < 2:
        sizes = max((s.size for s in find_stages(graph).found), default=(0, 0))
        raise BadSetting(
            f"--patch {wanted}", why=f"the largest map that can be cut has {sizes[0]} by {sizes[1]} pixels"
        )
    costs = [patch_cost(stage, rows, columns) for stage in fitting]
    return sorted(costs, key=lambda cost: (cost.peak_bytes, cost.tile_macs - cost.stage_macs))

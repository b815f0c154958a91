"""The options of `lilliput compile` and `lilliput cost` that run the first layers patch by patch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lilliput.compiler.graph import Graph
    from lilliput.compiler.op import Target
    from lilliput.compiler.patch import PatchSettings

Patch = Annotated[
    str,
    typer.Option(
        "--patch", metavar="off|auto|RxC", help="Run the first layers in R x C tiles, so that large maps never exist."
    ),
]
PatchUntil = Annotated[str, typer.Option("--patch-until", metavar="LAYER", help="The last layer that runs in tiles.")]
PatchImage = Annotated[
    str,
    typer.Option(
        "--patch-image", help="resident: the image lies in the arena; streamed: the C asks for it window by window."
    ),
]
PatchRise = Annotated[
    float, typer.Option("--patch-rise", metavar="PERCENT", help="Most additional multiply-accumulates of a search.")
]
PatchSram = Annotated[
    str,
    typer.Option("--patch-sram", metavar="SIZE", help="Limit of the arena: the fewest multiply-accumulates that fit."),
]


@dataclass(frozen=True)
class PatchWishes:
    """What the options say, as they were typed."""

    patch: str = "off"
    until: str = ""
    image: str = "resident"
    rise: float = 25.0
    sram: str = ""


def patched(graph: Graph, target: Target, wishes: PatchWishes) -> tuple[Graph, dict[str, Any]]:
    """The graph that the options ask for, and what the report says about it.

    Raises:
        BadSetting, BadUnit: LP101, LP102, an option is wrong. Else as `choose_patches`.
    """
    from lilliput.compiler.patch import choose_patches

    settings = _settings(wishes)
    if settings is None:
        return graph, {}
    found = choose_patches(graph, target, settings)
    return found.graph, {"patch": found.plain()}


def _settings(wishes: PatchWishes) -> PatchSettings | None:
    from lilliput.compiler.patch import PatchSettings
    from lilliput.core.errors import BadSetting
    from lilliput.core.units import parse_bytes

    if wishes.patch == "off":
        if wishes != PatchWishes():
            raise BadSetting("--patch-… without --patch", fix="add --patch auto")
        return None
    grid = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)", wishes.patch)
    if wishes.patch != "auto" and grid is None:
        raise BadSetting(f"--patch {wishes.patch}", fix="one of off, auto, or rows and columns of tiles such as 3x3")
    if wishes.image not in ("resident", "streamed"):
        raise BadSetting(f"--patch-image {wishes.image}", fix="one of resident, streamed")
    if not wishes.rise >= 0:
        raise BadSetting(f"--patch-rise {wishes.rise:g}", fix="a percentage of 0 or more")
    rows, columns = (int(n) for n in grid.groups()) if grid else (0, 0)
    return PatchSettings(
        rows=rows,
        columns=columns,
        until=wishes.until,
        image="streamed" if wishes.image == "streamed" else "resident",
        rise=wishes.rise / 100,
        sram_bytes=parse_bytes(wishes.sram) if wishes.sram else None,
    )

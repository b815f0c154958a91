"""The first layers run tile by tile, so that their large maps never exist whole; searched with the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lilliput.core.units import KIB, MEGA, PERCENT
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper

if TYPE_CHECKING:
    from lilliput.compiler.graph import Graph
    from lilliput.compiler.patch import PatchCost


@dataclass(frozen=True)
class Settings:
    """What is compared.

    Args:
        plain, redistributed: MobileNetV2 as published and with redistributed receptive field.
        plain_until, redistributed_until: the last layers of their stages of five blocks.
        side: tiles along each side of these two, for the claims.
        others: networks whose best stage and grid are looked for.
        largest: tiles along a side that are tried for them.
        image: side of the image with which instructions are counted, pixels.
        counted_side: tiles along a side there; the paper measured two or three.
        board: whose core counts.
        rows: random images that calibrate the activations.
    """

    plain: str = "mobilenet_v2"
    plain_until: str = "blocks.3.path.6"
    redistributed: str = "mobilenet_v2_rd"
    redistributed_until: str = "blocks.2.path.6"
    side: int = 4
    others: tuple[str, ...] = (
        "mobilenet_v2_w035_r144", "proxyless", "mcunet_in0", "mcunet_in1", "mcunet_in2", "mcunet_in3", "mcunet_in4",
        "mcunet_vww1",
    )  # fmt: skip
    largest: int = 4
    image: int = 224
    counted_side: int = 3
    board: str = "nucleo-f746zg"
    rows: int = 2


def run(context: Context) -> Result:
    """Every network whole, or by patches: memory and multiply-accumulates by the paper's rule, then counted."""
    settings: Settings = context.settings
    by_patches = context.method == "patches"
    plain = _cost(settings.plain, settings.plain_until, settings.side, context.seed)
    moved = _cost(settings.redistributed, settings.redistributed_until, settings.side, context.seed)
    costs = {settings.plain: plain, settings.redistributed: moved}
    costs |= {name: _best(name, settings.largest, context.seed) for name in settings.others}
    rows = [row for name, cost in costs.items() for row in _analytic(name, cost, by_patches)]
    rows += _counted(context, by_patches)
    return Result(
        tuple(rows), measured=_claims(plain, moved) if by_patches else {"mbv2.layer-peak": _kib(plain.whole_bytes)}
    )


def compare(result: Result) -> Mapping[str, float]:
    """How many more instructions the redistributed network takes by patches, mean over the seeds, percent."""
    counted = [row for row in result.rows if row.name == "instructions"]
    whole = {row.seed: row.value for row in counted if row.method == "whole"}
    rises = [row.value / whole[row.seed] - 1 for row in counted if row.method == "patches"]
    return {"f746.latency": PERCENT * sum(rises) / len(rises)}


def _claims(plain: PatchCost, moved: PatchCost) -> dict[str, float]:
    found = {"mbv2.patch-peak": _kib(plain.peak_bytes)}
    for name, cost in (("mbv2", plain), ("rd", moved)):
        found[f"{name}.tile"] = float(max(cost.grid.window))
        found[f"{name}.stage-macs"] = cost.tile_macs_unclipped / MEGA
        found[f"{name}.overhead"] = PERCENT * cost.rise
    return found


def _analytic(name: str, cost: PatchCost, by_patches: bool) -> Iterator[Row]:
    peak = cost.peak_bytes if by_patches else cost.whole_bytes
    more = cost.tile_macs - cost.stage_macs if by_patches else 0
    yield Row("peak", _kib(peak), split=name, unit="KiB")
    yield Row("multiply-accumulates", (cost.macs + more) / MEGA, split=name, unit="M")
    if by_patches:
        yield Row("peak ratio", cost.whole_bytes / cost.peak_bytes, split=name, unit="x")
        yield Row("more multiply-accumulates", PERCENT * cost.rise, split=name, unit="%")


def _counted(context: Context, by_patches: bool) -> Iterator[Row]:
    """Arena, linked memory and instructions of the int8 network on the emulated core; its weights are random."""
    import numpy as np

    from lilliput.boards import get_board
    from lilliput.boards.run import execute
    from lilliput.boards.tune import roomy
    from lilliput.compiler.patch import PatchSettings, choose_patches
    from lilliput.compiler.program import compile_graph
    from lilliput.compress.quantise import quantise
    from lilliput.papers._networks import float_graph

    settings: Settings = context.settings
    board, side = roomy(get_board(settings.board)), settings.counted_side
    graph = float_graph(settings.redistributed, context.seed, height=settings.image, width=settings.image)
    rng = np.random.default_rng(context.seed)
    images = rng.uniform(-1, 1, (settings.rows, *graph.values[graph.inputs[0]].shape[1:])).astype(np.float32)
    graph = quantise(graph, images).graph
    if by_patches:
        wanted = PatchSettings(rows=side, columns=side, until=settings.redistributed_until, image="streamed")
        graph = choose_patches(graph, board.target, wanted).graph
    program = compile_graph(graph, board.target)
    (x,) = program.inputs
    limits = np.iinfo(x.dtype)
    done = execute(program, board, [rng.integers(limits.min, limits.max, x.shape, dtype=x.dtype, endpoint=True)])
    where = f"{settings.redistributed}, {settings.image} px, int8"
    yield Row("arena", float(program.plan.arena_bytes), split=where, unit="B")
    yield Row("instructions", float(done.instructions[0]), split=where)


def _cost(name: str, until: str, side: int, seed: int) -> PatchCost:
    from lilliput.compiler.patch import patch_cost, stage_until

    return patch_cost(stage_until(_graph(name, seed), until), side, side, element_bytes=1)


def _best(name: str, largest: int, seed: int) -> PatchCost:
    from lilliput.compiler.patch import patch_table

    return patch_table(_graph(name, seed), sides=range(2, largest + 1), element_bytes=1)[0]


def _graph(name: str, seed: int) -> Graph:
    from lilliput.papers._networks import float_graph

    return float_graph(name, seed)


def _kib(nbytes: int) -> float:
    return nbytes / KIB


_MBV2 = "MobileNetV2, 224x224, int8, 4x4 patches over the first five blocks"
_RD = "MobileNetV2 with redistributed receptive field, 224x224, int8, 4x4 patches"

register_paper(
    Paper(
        number=12,
        name="mcunetv2",
        title="MCUNetV2: Memory-Efficient Patch-based Inference for Tiny Deep Learning",
        date=date(2021, 10, 28),
        authors=5,
        by="Lin and Chen and Cai and Gan and Han",
        arxiv="2110.15352",
        topics=("microcontrollers", "patches", "architecture-search", "vision"),
        summary="The memory of a convolutional network is dominated by its first large maps. Here these layers run "
        "one tile of the picture at a time, with the margin that the tile needs, and the rest layer by layer; the "
        "network is changed so that margins overlap less, and searched together with the schedule. For resolutions "
        "that do not fit the SRAM, and for chips of 32 kB.",
        claims=(
            Claim("mbv2.layer-peak", "peak of activations, layer by layer", 1372, "KiB", "equal",
                  "MobileNetV2, 224x224, int8", Kind.STRUCTURE, "[paper]"),
            Claim("mbv2.patch-peak", "peak of activations, by patches", 172, "KiB", "equal", _MBV2, Kind.STRUCTURE,
                  "[paper]"),
            Claim("mbv2.tile", "side of the input tile", 75, "px", "equal", _MBV2, Kind.STRUCTURE, "[paper]"),
            Claim("mbv2.stage-macs", "multiply-accumulates of the patch stage", 130, "M", "equal", _MBV2,
                  Kind.STRUCTURE, "[paper]", note="counted without clipping at the borders"),
            Claim("mbv2.overhead", "additional multiply-accumulates, whole network", 10, "%", "lower", _MBV2,
                  Kind.STRUCTURE, "[paper]", note="counted with clipping at the borders"),
            Claim("rd.tile", "side of the input tile", 63, "px", "equal", _RD, Kind.STRUCTURE, "[paper]"),
            Claim("rd.stage-macs", "multiply-accumulates of the patch stage", 73, "M", "equal", _RD, Kind.STRUCTURE,
                  "[paper]"),
            Claim("rd.overhead", "additional multiply-accumulates, whole network", 3, "%", "lower", _RD,
                  Kind.STRUCTURE, "[paper]"),
            Claim("rd.accuracy", "accuracy, redistributed against plain MobileNetV2", -0.1, "points", "higher",
                  "ImageNet, 224x224", Kind.STAND_IN, "[derived] 72.1 against 72.2 in the paper",
                  note="here: a small real picture task"),
            Claim("f746.latency", "additional time, redistributed MobileNetV2", 4, "%", "lower", "STM32F746",
                  Kind.STAND_IN, "[paper]", note="here: instructions on the emulated board"),
            Claim("m4.top1", "accuracy", 64.9, "%", "higher", "ImageNet, 256 kB of SRAM and 1 MB of flash",
                  Kind.OUT_OF_REACH, "[paper]"),
            Claim("h7.top1", "accuracy", 71.8, "%", "higher", "ImageNet, 512 kB of SRAM and 2 MB of flash",
                  Kind.OUT_OF_REACH, "[paper]"),
            Claim("vww", "accuracy", 90, "%", "higher", "Visual Wake Words below 32 kB of SRAM", Kind.OUT_OF_REACH,
                  "[paper] above this"),
            Claim("voc.h7", "mean average precision", 68.3, "%", "higher", "Pascal VOC, STM32H743", Kind.OUT_OF_REACH,
                  "[paper]"),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=15, memory_bytes=2**30,
                               settings={"others": ("mcunet_in0",), "image": 64, "counted_side": 2}),
                "small": Scale(seconds=90, memory_bytes=2 * 2**30),
            },
            run=run,
            claims=("mbv2.layer-peak", "mbv2.patch-peak", "mbv2.tile", "mbv2.stage-macs", "mbv2.overhead", "rd.tile",
                    "rd.stage-macs", "rd.overhead", "f746.latency"),
            methods=("patches", "whole"),
            compare=compare,
        ),
    )
)  # fmt: skip

"""Networks and the engine that runs them, searched together, for a microcontroller's memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lilliput.core.units import KIB
from lilliput.papers import Claim, Context, Kind, Paper, Recipe, Result, Row, Scale, register_paper


@dataclass(frozen=True)
class Settings:
    """Which of the published networks are built: those whose names end so, `in0` to `in4`."""

    networks: tuple[str, ...] = ("in0", "in1", "in2", "in3", "in4")


def run(context: Context) -> Result:
    """Parameters, multiply-accumulates and activations of the published networks, built here.

    Activations are those of the layer that needs the most, an element a byte: by the published memory profiler
    (`plain`), and with depthwise layers in place.
    """
    from lilliput.compiler.patch.cost import peak_bytes, value_bytes
    from lilliput.models import create_model, example_input
    from lilliput.models.cost import count_macs, count_params
    from lilliput.papers._networks import float_graph

    settings: Settings = context.settings
    rows, measured = list[Row](), dict[str, float]()
    for name in settings.networks:
        model = create_model(f"mcunet_{name}")
        measured[f"{name}.params"] = params = count_params(model).trainable
        measured[f"{name}.macs"] = macs = count_macs(model, example_input(model).shape[1:])
        graph = float_graph(f"mcunet_{name}", context.seed)
        sizes = value_bytes(graph, 1)
        plain, lean = (peak_bytes(graph, graph.nodes, sizes, in_place=in_place) for in_place in (False, True))
        rows += [
            Row("parameters", float(params), split=name), Row("multiply-accumulates", float(macs), split=name),
            Row("activations, plain", plain / KIB, split=name, unit="KiB"),
            Row("activations, in place", lean / KIB, split=name, unit="KiB"),
        ]  # fmt: skip
        if name == "in3":
            measured["in3.sram"] = lean
    return Result(tuple(rows), measured=measured)


_F746 = "ImageNet, STM32F746 with 320 kB of SRAM and 1 MB of flash"
_NET = "[official code]"

register_paper(
    Paper(
        number=10,
        name="mcunet",
        title="MCUNet: Tiny Deep Learning on IoT Devices",
        date=date(2020, 7, 20),
        authors=6,
        by="Lin and Chen and Lin and Cohn and Gan and Han",
        arxiv="2007.10319",
        links=("https://tinyml.mit.edu",),
        topics=("microcontrollers", "architecture-search", "vision", "quantisation"),
        summary="A search and an engine that fit each other. The search first picks resolution and width for a "
        "chip's memory without training anything, then finds a network there; the engine turns it into plain C with "
        "one memory plan for the whole network, so that larger ones fit. For anyone with a chip and data who wants "
        "the most accurate network that fits.",
        claims=(
            Claim("f746.top1", "accuracy", 61.8, "%", "higher", f"{_F746}, TinyNAS with TinyEngine", Kind.OUT_OF_REACH,
                  "[paper]"),
            Claim("f746.cmsis.top1", "accuracy", 55.5, "%", "higher", f"{_F746}, TinyNAS with CMSIS-NN",
                  Kind.OUT_OF_REACH, "[paper]"),
            Claim("f746.gain", "accuracy above the best scaled MobileNetV2, same engine", 14.4, "points", "higher",
                  _F746, Kind.STAND_IN, "[derived] 61.8 against 47.4 in the paper",
                  note="here: a small real picture task under the same kind of budget"),
            Claim("h743.int4.top1", "accuracy", 70.7, "%", "higher", "ImageNet, STM32H743, int4", Kind.OUT_OF_REACH,
                  "[paper]"),
            Claim("vww.speedup", "speed at equal accuracy", "2.4 to 3.4 times", "", "higher",
                  "Visual Wake Words and Speech Commands", Kind.OUT_OF_REACH, "[paper]"),
            Claim("space.p80", "multiply-accumulates of the best fifth of networks", 50.3, "M", "equal",
                  "search space of width 0.5 and resolution 144, 320 kB and 1 MB, 100 classes", Kind.STRUCTURE,
                  "[paper]"),
            Claim("space.gain", "accuracy in the best search space against the worst shown", 4.5, "points", "higher",
                  "ImageNet-100", Kind.STAND_IN, "[derived] 78.7 against 74.2 in the paper"),
            Claim("in3.sram", "activations, in-place depthwise", 247_808, "B", "lower",
                  "320 kB network, int8, without scratch", Kind.STRUCTURE, _NET),
            Claim("in0.params", "parameters", 749_840, "", "equal", "10 fps network", Kind.STRUCTURE, _NET),
            Claim("in0.macs", "multiply-accumulates", 6_364_224, "", "equal", "10 fps network", Kind.STRUCTURE, _NET),
            Claim("in1.params", "parameters", 636_232, "", "equal", "5 fps network", Kind.STRUCTURE, _NET),
            Claim("in1.macs", "multiply-accumulates", 12_790_096, "", "equal", "5 fps network", Kind.STRUCTURE, _NET),
            Claim("in2.params", "parameters", 729_392, "", "equal", "256 kB network", Kind.STRUCTURE, _NET),
            Claim("in2.macs", "multiply-accumulates", 67_287_200, "", "equal", "256 kB network", Kind.STRUCTURE, _NET),
            Claim("in3.params", "parameters", 737_408, "", "equal", "320 kB network", Kind.STRUCTURE, _NET),
            Claim("in3.macs", "multiply-accumulates", 81_785_520, "", "equal", "320 kB network", Kind.STRUCTURE, _NET),
            Claim("in4.params", "parameters", 1_732_640, "", "equal", "512 kB network", Kind.STRUCTURE, _NET),
            Claim("in4.macs", "multiply-accumulates", 125_874_400, "", "equal", "512 kB network", Kind.STRUCTURE, _NET),
        ),
        recipe=Recipe(
            settings=Settings,
            scales={
                "smoke": Scale(seconds=5, memory_bytes=2**29, settings={"networks": ("in0",)}),
                "small": Scale(seconds=20, memory_bytes=2**29),
            },
            run=run,
            claims=("in3.sram", *(f"in{n}.{what}" for n in range(5) for what in ("params", "macs"))),
        ),
    )
)  # fmt: skip

"""The first layers run tile by tile, so that their large maps never exist whole; searched with the network."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

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
    )
)  # fmt: skip

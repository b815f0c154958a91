"""Depth from one picture on an embedded computer: a light decoder with added skips, pruned by NetAdapt."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_NYU = "NYU Depth v2, 654 test pictures, 224x224, pruned network"
_BUILT = "[official code]"

register_paper(
    Paper(
        number=4,
        name="fastdepth",
        title="FastDepth: Fast Monocular Depth Estimation on Embedded Systems",
        date=date(2019, 3, 7),
        authors=5,
        arxiv="1903.03273",
        topics=("vision", "depth", "pruning"),
        summary="Turns one colour picture into a depth map with an encoder-decoder that is small from the start and "
        "is then pruned, filter by filter, against a budget that is counted or measured. Encoder features are added "
        "to the decoder instead of concatenated. For drones, robots and cameras that must know distances within a "
        "few watts; the pruning serves any convolutional network.",
        claims=(
            Claim("rmse", "root mean square error", 0.604, "m", "lower", _NYU, Kind.OUT_OF_REACH,
                  "[readme] table of results"),
            Claim("delta1", "share of pixels within a factor of 1.25", 0.771, "", "higher", _NYU, Kind.OUT_OF_REACH,
                  "[readme] table of results"),
            Claim("tx2-gpu.latency", "time per picture", 5.6, "ms", "lower", "Jetson TX2 GPU, pruned network",
                  Kind.OUT_OF_REACH, "[paper] 178 pictures a second"),
            Claim("tx2-cpu.latency", "time per picture", 37, "ms", "lower", "Jetson TX2 CPU, pruned network",
                  Kind.OUT_OF_REACH, "[paper] 27 pictures a second"),
            Claim("tx2.power", "active power", 10, "W", "lower", "Jetson TX2, pruned network", Kind.OUT_OF_REACH,
                  "[paper] below this"),
            Claim("pruning.macs", "multiply-accumulates, before against after pruning", 2.0, "x", "higher",
                  "skip-add network, 224x224", Kind.STAND_IN, "[derived] from both networks' counts"),
            Claim("pruning.weights", "weights, before against after pruning", 2.9, "x", "higher", "skip-add network",
                  Kind.STAND_IN, "[derived] from both networks' counts"),
            Claim("pruned.params", "parameters", 1_360_786, "", "equal", "pruned network with its normalisations",
                  Kind.STRUCTURE, "[derived] layer by layer from the published tuning logs"),
            Claim("pruned.macs", "multiply-accumulates of the convolutions", 366_393_384, "", "equal",
                  "pruned network, 224x224", Kind.STRUCTURE, "[derived] from the published tuning logs"),
            Claim("skip-add.params", "parameters", 3_960_930, "", "equal", "MobileNet, depthwise decoder, added skips",
                  Kind.STRUCTURE, _BUILT),
            Claim("skip-add.macs", "multiply-accumulates of the convolutions", 736_658_944, "", "equal",
                  "MobileNet, depthwise decoder, added skips, 224x224", Kind.STRUCTURE, _BUILT),
            Claim("skip-concat.params", "parameters", 4_016_034, "", "equal", "concatenated skips", Kind.STRUCTURE,
                  _BUILT),
            Claim("skip-concat.macs", "multiply-accumulates of the convolutions", 848_852_480, "", "equal",
                  "concatenated skips, 224x224", Kind.STRUCTURE, _BUILT),
            Claim("nnconv5.params", "parameters", 20_668_194, "", "equal", "decoder with full 5x5 convolutions",
                  Kind.STRUCTURE, _BUILT),
        ),
    )
)  # fmt: skip

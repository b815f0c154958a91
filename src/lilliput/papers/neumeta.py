"""One small function that returns the weights of a network of any width, also of widths that nobody trained."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_FOLLOW = "[report] data of a follow-up by others"
_RESNET20 = "ResNet-20 for CIFAR-10, normalisation folded"

register_paper(
    Paper(
        number=20,
        name="neumeta",
        title="Neural Metamorphosis",
        date=date(2024, 10, 10),
        authors=2,
        by="Yang and Wang",
        arxiv="2410.11878",
        topics=("hypernetworks", "compression", "elastic"),
        summary="Learns one function that is asked for the weight of any connection of a network of any width, and "
        "writes it. The channels of a trained network are first put in an order in which neighbours are alike, as a "
        "smooth function can only fit smooth data. For anyone who must serve many device sizes from one training, "
        "or sizes that were not trained.",
        claims=(
            Claim("quality", "quality at 75 % compression against the full size", "kept", "", "equal",
                  "classification, segmentation and generation", Kind.STAND_IN, "[abstract]",
                  note="of the inner width of the last block only; whole-network figures are printed beside it"),
            Claim("unseen", "whether widths that were not trained work", "yes", "", "equal", "one trained function",
                  Kind.STAND_IN, "[paper]", note="here: small pictures, trained and unseen widths apart"),
            Claim("whole.trained-alone", "accuracy", 72.6, "%", "higher",
                  "whole network at full width, trained alone, taken to be ResNet-56 on CIFAR-100", Kind.OUT_OF_REACH,
                  _FOLLOW),
            Claim("whole.morphed", "accuracy", 49.0, "%", "higher",
                  "whole network at full width, by the original formulation", Kind.OUT_OF_REACH, _FOLLOW,
                  note="the original works for final layers only"),
            Claim("whole.mended", "accuracy", 66.1, "%", "higher",
                  "whole network at full width, by the follow-up's recipe", Kind.OUT_OF_REACH, _FOLLOW),
            Claim("resnet20.64.params", "parameters", 271_690, "", "equal", f"{_RESNET20}, width 64", Kind.STRUCTURE,
                  "[official code]"),
            Claim("resnet20.16.params", "parameters", 216_346, "", "equal", f"{_RESNET20}, width 16", Kind.STRUCTURE,
                  "[official code]"),
            Claim("resnet20.64.macs", "multiply-accumulates", 40_813_184, "", "equal", f"{_RESNET20}, width 64",
                  Kind.STRUCTURE, "[official code]"),
            Claim("resnet20.16.macs", "multiply-accumulates", 37_274_240, "", "equal", f"{_RESNET20}, width 16",
                  Kind.STRUCTURE, "[official code]"),
            Claim("function.params", "parameters of the function", 1_002_544, "", "equal",
                  "hidden 256, 4 layers, 16 frequencies, four tensors written", Kind.STRUCTURE, "[official code]",
                  note="larger than the network that it serves; it stays where training happens"),
            Claim("function.large.params", "parameters of the function", 8_173_632, "", "equal",
                  "hidden 512, 8 layers, 32 frequencies, four tensors written", Kind.STRUCTURE, "[official code]"),
        ),
    )
)  # fmt: skip

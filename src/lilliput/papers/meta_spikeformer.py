"""A vision backbone of spiking neurons, convolutions and an attention that only adds."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_IMAGENET = "ImageNet-1k, 55.4 M parameters"
_BUILT = "[official code]"

register_paper(
    Paper(
        number=27,
        name="meta-spikeformer",
        title="Spike-driven Transformer V2: Meta Spiking Neural Network Architecture Inspiring the Design of "
        "Next-generation Neuromorphic Chips",
        date=date(2024, 2, 15),
        authors=8,
        arxiv="2404.03663",
        links=("https://github.com/BICLab/Spike-Driven-Transformer-V2",),
        topics=("spiking", "neuromorphic", "transformers", "vision"),
        summary="A pyramid of two convolutional and two attention stages, in which every layer with weights but the "
        "first sees only spikes. It is trained directly, at one time step first and at four later, and serves "
        "classification, event cameras, detection and segmentation. For those who aim at neuromorphic chips, and "
        "who must tell the energy of a network from how often it fires.",
        claims=(
            Claim("imagenet.t4-kd", "accuracy", 80.0, "%", "higher", f"{_IMAGENET}, 4 steps, with distillation",
                  Kind.OUT_OF_REACH, "[readme]"),
            Claim("imagenet.t4", "accuracy", 79.7, "%", "higher", f"{_IMAGENET}, 4 steps", Kind.OUT_OF_REACH,
                  "[review]"),
            Claim("imagenet.t4.energy", "energy of one inference", 52.5, "mJ", "lower", f"{_IMAGENET}, 4 steps",
                  Kind.OUT_OF_REACH, "[review]", note="a reviewer: nearly ten times that of the first version"),
            Claim("imagenet.15m", "accuracy", 74.1, "%", "higher",
                  "ImageNet-1k, 15.1 M parameters, 4 steps, with distillation", Kind.OUT_OF_REACH, "[unverified]"),
            Claim("har-dvs", "accuracy", 47.5, "%", "higher", "HAR-DVS, about 18 M parameters, 8 steps",
                  Kind.OUT_OF_REACH, "[unverified]"),
            Claim("steps", "accuracy at 4 steps against 1 step", "higher", "", "higher", "the same weights, finetuned",
                  Kind.STAND_IN, "[unverified] table of ImageNet results", note="here: digits and a part of N-MNIST"),
            Claim("15m.params", "parameters", 15_112_208, "", "equal", "channels 64, 128, 256, 360", Kind.STRUCTURE,
                  _BUILT),
            Claim("31m.params", "parameters", 31_333_864, "", "equal", "channels 96, 192, 384, 480", Kind.STRUCTURE,
                  _BUILT),
            Claim("55m.params", "parameters", 55_350_248, "", "equal", "channels 128, 256, 512, 640", Kind.STRUCTURE,
                  _BUILT),
            Claim("31m.kd.params", "parameters", 31_814_864, "", "equal", "channels 96, 192, 384, 480, second head",
                  Kind.STRUCTURE, _BUILT),
            Claim("55m.kd.params", "parameters", 55_991_248, "", "equal", "channels 128, 256, 512, 640, second head",
                  Kind.STRUCTURE, _BUILT),
            Claim("55m.macs", "dense multiply-accumulates of one step", 24.699, "G", "equal",
                  "channels 128, 256, 512, 640, 224x224, as trained", Kind.STRUCTURE, _BUILT,
                  note="inference by additions alone needs folded layers and more of them"),
            Claim("lif", "spikes of the neuron", "0 0 1 0 1 1 0 0", "", "equal",
                  "tau 2, threshold 1, inputs 1, 1, 1.5, 0.5, 3, 2, 0, 1.9", Kind.STRUCTURE, _BUILT),
        ),
    )
)  # fmt: skip

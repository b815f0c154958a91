"""A smaller network found by two policies that walk over a teacher's layers: one drops layers, one shrinks them."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_MEMORY = "[unverified] table of the paper, its teachers' sizes agree with the published code"
_BUILT = "[official code]"

register_paper(
    Paper(
        number=26,
        name="n2n",
        title="N2N Learning: Network to Network Compression via Policy Gradient Reinforcement Learning",
        date=date(2017, 9, 18),
        authors=4,
        by="Ashok and Rhinehart and Beainy and Kitani",
        arxiv="1709.06030",
        topics=("compression", "reinforcement-learning", "distillation", "architecture-search"),
        summary="Finds a small student of a trained teacher by learning to cut it. One recurrent policy walks over "
        "the layers and keeps or drops each; a second one shrinks those that stay. Every candidate is trained for a "
        "short time on the teacher's outputs and rewarded for accuracy times compression. A policy can start the "
        "search on another teacher. For anyone with an oversized network and a parameter budget.",
        claims=(
            Claim("resnet34.compression", "parameters, teacher against student", 10, "x", "higher",
                  "ResNet-34, CIFAR-10, at similar accuracy", Kind.STAND_IN, "[paper] more than this",
                  note="here: small pictures, and a third split that the search never saw"),
            Claim("transfer", "iterations that a transferred policy needs against a fresh one", "fewer", "", "lower",
                  "from one teacher to another", Kind.STAND_IN, "[paper]"),
            Claim("resnet34.student", "accuracy", 92.35, "%", "higher",
                  "student of 2.07 M parameters from ResNet-34, CIFAR-10", Kind.OUT_OF_REACH, _MEMORY),
            Claim("resnet18.student", "accuracy", 91.81, "%", "higher",
                  "student of 1.00 M parameters from ResNet-18, CIFAR-10", Kind.OUT_OF_REACH, _MEMORY),
            Claim("vgg19.student", "accuracy", 91.64, "%", "higher",
                  "student of 984 thousand parameters from VGG-19, CIFAR-10", Kind.OUT_OF_REACH, _MEMORY),
            Claim("vgg13.compression", "parameters, teacher against student", 127, "x", "higher",
                  "VGG-13, MNIST, first policy, 99.55 % against 99.54 %", Kind.STAND_IN, _MEMORY,
                  note="here: the digits at hand"),
            Claim("resnet18.params", "parameters", 11_173_962, "", "equal", "ResNet-18 for CIFAR-10", Kind.STRUCTURE,
                  _BUILT),
            Claim("resnet34.params", "parameters", 21_282_122, "", "equal", "ResNet-34 for CIFAR-10", Kind.STRUCTURE,
                  _BUILT),
            Claim("vgg13.params", "parameters", 9_416_010, "", "equal", "VGG-13 for CIFAR-10", Kind.STRUCTURE, _BUILT),
            Claim("vgg19.params", "parameters", 20_040_522, "", "equal", "VGG-19 for CIFAR-10", Kind.STRUCTURE, _BUILT),
            Claim("resnet34.macs", "multiply-accumulates", 1_159_402_496, "", "equal", "ResNet-34 for CIFAR-10",
                  Kind.STRUCTURE, _BUILT),
            Claim("policy.params", "parameters", 31_082, "", "equal", "policy that drops layers, with its heads",
                  Kind.STRUCTURE, _BUILT),
            Claim("reward-90", "reward at 90 % compression and equal accuracy", 0.99, "", "equal", "C(2 - C) times the "
                  "ratio of accuracies", Kind.STRUCTURE, "[code]"),
        ),
    )
)  # fmt: skip

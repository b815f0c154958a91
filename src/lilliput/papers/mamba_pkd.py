"""A large classifier replaced by small state-space students in order; a device runs as many as it can."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_BLOCK = "[official code] of Mamba"

register_paper(
    Paper(
        number=18,
        name="mamba-pkd",
        title="Mamba base PKD for efficient knowledge compression",
        date=date(2025, 3, 3),
        authors=4,
        by="Medina and Hadachi and Honeine and Bensrhair",
        arxiv="2503.01727",
        topics=("distillation", "state-space", "anytime", "vision"),
        summary="Distils a classifier into several small students in order, each built from selective state-space "
        "blocks and trained on what its forerunners still get wrong, so that their running sum nears the teacher. A "
        "device runs as many as its budget allows. For anyone who needs one trained artefact for devices of "
        "different size, or for one whose budget changes. No code was published.",
        claims=(
            Claim("mnist.teacher", "accuracy", 98, "%", "higher", "MNIST, teacher", Kind.STAND_IN, "[abstract]",
                  note="here: the part of MNIST that is at hand"),
            Claim("mnist.students", "accuracy", 98, "%", "higher", "MNIST, seven students together", Kind.STAND_IN,
                  "[abstract]"),
            Claim("mnist.students.cost", "operations against the teacher's", 63, "%", "lower",
                  "MNIST, seven students together", Kind.STAND_IN, "[abstract]"),
            Claim("mnist.smallest", "accuracy", 72, "%", "higher", "MNIST, smallest student", Kind.STAND_IN,
                  "[abstract]"),
            Claim("mnist.smallest.cost", "operations against the teacher's", 1, "%", "lower", "MNIST, smallest student",
                  Kind.STAND_IN, "[abstract]"),
            Claim("cifar10.students", "accuracy, students together against the teacher", -1, "points", "higher",
                  "CIFAR-10", Kind.STAND_IN, "[abstract]", note="here: other small colour pictures"),
            Claim("cifar10.smallest", "accuracy", 50, "%", "higher", "CIFAR-10, smallest student", Kind.OUT_OF_REACH,
                  "[abstract]"),
            Claim("cifar10.smallest.cost", "operations against the teacher's", 5, "%", "lower",
                  "CIFAR-10, smallest student", Kind.STAND_IN, "[abstract]"),
            Claim("mamba.16.params", "parameters", 3_360, "", "equal", "one Mamba block of width 16", Kind.STRUCTURE,
                  _BLOCK),
            Claim("mamba.64.params", "parameters", 32_640, "", "equal", "one Mamba block of width 64", Kind.STRUCTURE,
                  _BLOCK),
            Claim("mamba.256.params", "parameters", 437_760, "", "equal", "one Mamba block of width 256",
                  Kind.STRUCTURE, _BLOCK),
            Claim("mamba2.64.params", "parameters", 27_820, "", "equal",
                  "one Mamba-2 block of width 64, heads of 32, state 16", Kind.STRUCTURE, _BLOCK),
            Claim("mamba2.128.params", "parameters", 117_388, "", "equal",
                  "one Mamba-2 block of width 128, heads of 64, state 64", Kind.STRUCTURE, _BLOCK),
        ),
    )
)  # fmt: skip

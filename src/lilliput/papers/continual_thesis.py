"""Learning on without forgetting, from known tasks to endless streams: gates, codes, importance, replay."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_SPLIT = "split MNIST, 5 tasks of 1000, one pass"
_DIGITS = "here: the same streams of the digits at hand"

register_paper(
    Paper(
        number=23,
        name="continual-thesis",
        title="Continual Learning in Neural Networks",
        date=date(2019, 10, 7),
        authors=1,
        topics=("continual-learning",),
        summary="A thesis on how one small network keeps learning without losing what it knew. Its methods reach "
        "from tasks with known ends (a gate of experts, codes that must not move, weights held by their importance, "
        "sparse activations) to streams without marks, where a small buffer is filled by gradients or asked for the "
        "samples that suffer most. For devices that must take in a new class, and for those who need all baselines "
        "under one metric.",
        claims=(
            Claim("mas.forgetting", "average forgetting", 0.083, "points", "lower",
                  "MAS, split MNIST 5x2, a head for each task, importance computed again", Kind.STAND_IN, "[notebook]",
                  note=_DIGITS),
            Claim("mas.forgetting-sum", "average forgetting", 0.071, "points", "lower",
                  "MAS, split MNIST 5x2, a head for each task, importance added up", Kind.STAND_IN, "[notebook]",
                  note=_DIGITS),
            Claim("mir.accuracy", "average accuracy", 87.6, "%", "higher",
                  f"replay of the most interfered, {_SPLIT}, 50 a class", Kind.STAND_IN, "[unverified]",
                  note=_DIGITS),
            Claim("er.accuracy", "average accuracy", 82.1, "%", "higher", f"random replay, {_SPLIT}, 50 a class",
                  Kind.STAND_IN, "[unverified]", note=_DIGITS),
            Claim("mir.gain", "average accuracy above random replay", 5.5, "points", "higher", f"{_SPLIT}, 50 a class",
                  Kind.STAND_IN, "[unverified] 87.6 against 82.1", note=_DIGITS),
            Claim("gss.accuracy", "average accuracy", 82.6, "%", "higher",
                  f"GSS-Greedy, {_SPLIT}, buffer of 300", Kind.STAND_IN, "[unverified]",
                  note=f"a plain reservoir of the same size stands beside it; {_DIGITS}"),
            Claim("mir.cifar10", "average accuracy", 40.0, "%", "higher",
                  "replay of the most interfered, split CIFAR-10, 50 a class", Kind.OUT_OF_REACH, "[unverified]"),
            Claim("gen.accuracy", "average accuracy", 79.3, "%", "higher", "generative replay, split MNIST",
                  Kind.STAND_IN, "[code] comments of the script that repeats it", note=_DIGITS),
            Claim("gen-mir.accuracy", "average accuracy", 81.4, "%", "higher",
                  "generative replay of the most interfered, split MNIST", Kind.STAND_IN,
                  "[code] comments of the script that repeats it", note=_DIGITS),
            Claim("expert-gate.accuracy", "average accuracy", 68.6, "%", "higher",
                  "gate of experts, Scenes, Birds, Flowers", Kind.OUT_OF_REACH, "[unverified]",
                  note="68.9 by training on all at once"),
            Claim("mas.mlp.params", "parameters", 269_322, "", "equal", "784-256-256-10 perceptron", Kind.STRUCTURE,
                  "[official code] of MAS"),
            Claim("mir.mlp.params", "parameters", 478_410, "", "equal", "784-400-400-10 perceptron", Kind.STRUCTURE,
                  "[official code] of MIR"),
            Claim("gss.mlp.params", "parameters", 89_610, "", "equal", "784-100-100-10 perceptron", Kind.STRUCTURE,
                  "[official code] of GSS"),
        ),
    )
)  # fmt: skip

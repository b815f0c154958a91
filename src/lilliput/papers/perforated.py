"""Neurons strengthened by dendrites: side units trained on the error that is left, then frozen and added."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_NOTES = "[report] a third party's public reading notes"

register_paper(
    Paper(
        number=21,
        name="perforated",
        title="Perforated Backpropagation: A Neuroscience Inspired Extension to Artificial Neural Networks",
        date=date(2025, 1, 29),
        authors=2,
        by="Brenner and Itti",
        arxiv="2501.18018",
        topics=("growing", "training", "compression"),
        summary="Makes each neuron of a trained network stronger without adding neurons. A copy of a layer is "
        "trained, while the network is frozen, to follow the error that is left at the one neuron it belongs to; it "
        "is then frozen and added to that neuron's sum, and no gradient passes back through it. For small networks "
        "that have reached their ceiling, and for winning back what narrowing lost.",
        claims=(
            Claim("tox21.auc", "area under the ROC curve, mean of 50 seeds", 0.822, "", "higher",
                  "TrimNet with dendrites, Tox21", Kind.STAND_IN, _NOTES, note="here: a smaller graph network"),
            Claim("tox21.baseline", "area under the ROC curve, mean of 50 seeds", 0.789, "", "higher",
                  "TrimNet without dendrites, Tox21", Kind.STAND_IN, _NOTES),
            Claim("emnist.accuracy", "accuracy, 7 runs", 87.13, "%", "higher",
                  "small convolutional network with dendrites, EMNIST-Balanced", Kind.STAND_IN, _NOTES,
                  note="86.55 % without; here: other written characters"),
            Claim("stocks.gain", "relative gain of precision at 1, mean of 10 seeds", 8.6, "%", "higher",
                  "HIST, CSI300 stocks", Kind.OUT_OF_REACH, _NOTES),
            Claim("width.size", "size of the narrow network with dendrites against the full one",
                  "a tenth, with a better score", "", "lower", "mTAN at an eighth of the width, PhysioNet-2012",
                  Kind.STAND_IN, _NOTES, note="here: digits at equal epochs"),
            Claim("bert.compression", "fewer parameters at equal accuracy", 88.7, "%", "higher",
                  "BERT-tiny variant, IMDB, single runs", Kind.OUT_OF_REACH, "[report] notes on a follow-up"),
            Claim("mobilenet.accuracy", "accuracy", 83.05, "%", "higher",
                  "MobileNetV3-Small with dendrites, CIFAR-10, single runs", Kind.OUT_OF_REACH,
                  "[report] notes on a follow-up", note="81.99 % without"),
            Claim("independent.gain", "accuracy above the same network without", "-0.4 to -2.4 points", "", "higher",
                  "keyword spotting, 1 to 3.4 thousand parameters, 5 seeds, by others", Kind.STAND_IN, _NOTES,
                  note="an independent study that found no gain; it suspects its schedule"),
            Claim("start", "change of the outputs when a dendrite is added", 0, "", "equal", "any wrapped network",
                  Kind.STRUCTURE, "[official code]"),
            Claim("params", "parameters with three dendrites", 2_602, "", "equal",
                  "64-8-10 perceptron of 610 parameters, layout of the published package", Kind.STRUCTURE,
                  "[official code]"),
        ),
    )
)  # fmt: skip

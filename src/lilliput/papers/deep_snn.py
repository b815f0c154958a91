"""How deep spiking networks were trained: spike timing, substitute gradients, conversion, belief nets, reservoirs."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_TABLE = "[paper] table I"
_HERE = "here: the part of MNIST that is at hand"

register_paper(
    Paper(
        number=17,
        name="deep-snn",
        title="Deep Learning in Spiking Neural Networks",
        date=date(2018, 4, 22),
        authors=5,
        by="Tavanaei and Ghodrati and Kheradpisheh and Masquelier and Maida",
        arxiv="1804.08150",
        topics=("spiking", "neuromorphic", "learning-rules"),
        summary="A review of the ways to train deep spiking networks: unsupervised by spike timing, supervised on "
        "spike times, by gradients with a substitute derivative, by converting an ordinary network, as belief nets "
        "and as reservoirs. To have it working is to have every family on the same data under the same measures: "
        "accuracy, operations, and what hardware would need. For those who choose a spiking method or must justify "
        "one.",
        claims=(
            Claim("bp.mnist", "accuracy", 98.88, "%", "higher", "Lee 2016, fully connected, back-propagation, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("bp.n-mnist", "accuracy", 98.74, "%", "higher",
                  "Lee 2016, fully connected, back-propagation, N-MNIST", Kind.STAND_IN, _TABLE,
                  note="here: 800 samples of it"),
            Claim("erbp.mnist", "accuracy", 97.98, "%", "higher", "Neftci 2017, random feedback, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("stdp.mnist", "accuracy", 95.00, "%", "higher", "Diehl 2015, spike timing, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("bp-stdp.mnist", "accuracy", 97.20, "%", "higher", "Tavanaei 2017, BP-STDP, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("sdnn.mnist", "accuracy", 98.40, "%", "higher", "Kheradpisheh 2016, convolutional, STDP, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("tempotron.mnist", "accuracy", 91.29, "%", "higher", "Zhao 2015, tempotron, MNIST", Kind.STAND_IN,
                  _TABLE, note=_HERE),
            Claim("rbm.mnist", "accuracy", 91.90, "%", "higher", "Neftci 2014, spiking Boltzmann machine, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("conversion-mlp.mnist", "accuracy", 98.60, "%", "higher", "Diehl 2015, converted perceptron, MNIST",
                  Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("conversion-cnn.mnist", "accuracy", 99.44, "%", "higher",
                  "Rueckauer 2017, converted convolutional network, MNIST", Kind.STAND_IN, _TABLE, note=_HERE),
            Claim("conversion.cifar10", "accuracy", 90.85, "%", "higher",
                  "Rueckauer, converted convolutional network, CIFAR-10", Kind.OUT_OF_REACH, _TABLE),
            Claim("bp.operations", "operations, ordinary against spiking network", 5, "x", "higher",
                  "Lee 2016, MNIST", Kind.STAND_IN, "[paper]", note=_HERE),
            Claim("conversion.operations", "operations of converted networks at 98 %",
                  "far fewer to more than the ordinary network's", "", "equal",
                  "522 conversions of a 784-1200-1200-10 perceptron, MNIST", Kind.STAND_IN, "[paper]", note=_HERE),
        ),
    )
)  # fmt: skip

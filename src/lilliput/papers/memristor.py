"""Computing with devices that remember: crossbars, noise, drift, training in memory, logic, spikes and reservoirs."""

from __future__ import annotations

from datetime import date

from lilliput.papers import Claim, Kind, Paper, register_paper

_UNSEEN = "[unverified] often quoted from the review"
_CASE = "3 voltages, 15 devices of 166 to 903 ohm, wires of 0.5 ohm a segment"

register_paper(
    Paper(
        number=16,
        name="memristor",
        title="Memristors -- from In-memory computing, Deep Learning Acceleration, Spiking Neural Networks, to the "
        "Future of Neuromorphic and Bio-inspired Computing",
        date=date(2020, 4, 30),
        authors=6,
        by="Mehonic and Sebastian and Rajendran and Simeone and Vasilaki and Kenyon",
        arxiv="2004.14942",
        topics=("analog", "in-memory-computing", "neuromorphic"),
        summary="A review of computing with devices whose resistance remembers: logic and matrix products inside "
        "memory, acceleration of inference and training, spiking networks, and reservoirs. To have it working is to "
        "have a simulator of devices, crossbars with their wires, converters, mapping and cost. For those who ask "
        "which quality of device their small network needs. It brings no code of its own.",
        claims=(
            Claim("pcm.resnet32", "accuracy after programming", 93.7, "%", "higher",
                  "ResNet-32 on CIFAR-10, phase-change memory", Kind.OUT_OF_REACH, _UNSEEN,
                  note="93.9 % in software"),
            Claim("rram.cnn", "accuracy", 96, "%", "higher", "convolutional network on MNIST, 8 arrays of 2048 cells",
                  Kind.OUT_OF_REACH, _UNSEEN),
            Claim("reservoir", "accuracy", 88, "%", "higher", "88 volatile devices as reservoir, MNIST",
                  Kind.OUT_OF_REACH, _UNSEEN),
            Claim("drift", "accuracy after programming and drift against software", "lower, and part comes back with "
                  "compensation", "", "equal", "networks mapped to phase-change memory", Kind.STAND_IN,
                  "[unverified] its discussion of non-ideal devices", note="here: digits, device models of the field"),
            Claim("crossbar.i1", "current of the first column", 11.58503, "mA", "equal", _CASE, Kind.STRUCTURE,
                  "[official code] of badcrossbar, by the review's first author",
                  note="11.72159 mA without wires"),
            Claim("crossbar.i5", "current of the fifth column", 9.81179, "mA", "equal", _CASE, Kind.STRUCTURE,
                  "[official code] of badcrossbar", note="10.06523 mA without wires"),
        ),
    )
)  # fmt: skip
